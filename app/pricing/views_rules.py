"""Rules: those in force, and the form of one rule of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.catalog.models import GRADES
from app.catalog.words import CATEGORIES
from app.db import reading, transaction
from app.pricing import queries, services, words
from app.pricing.forms import RULE_FORMS, RuleForm, write_brackets
from app.pricing.models import PriceRule
from app.pricing.rules import AGES, RuleInvalid
from app.pricing.services import RuleSetError
from app.pricing.vat import SCHEMES
from app.pricing.views import bp
from app.suppliers.queries import supplier_choices
from app.web.fragments import redirect_to, render
from app.web.permissions import requires


class Conditions(NamedTuple):
    """A field that a rule may be limited by, with its values and their names."""

    field: str
    name: str
    values: list[tuple[str, str]]


@bp.get("/rules")
@requires("pricing.read")
def rules() -> Response:
    """The rules in force, in their order, and whether a draft changes them."""
    session = reading()
    in_force = queries.rule_set_in(session, "in_force")
    return render(
        "pricing/rules.html", rules=queries.all_rules(session), in_force=in_force, words=words,
        draft=queries.rule_set_in(session, "draft"), coming=queries.rule_set_in(session, "publishing", "staged"),
    )  # fmt: skip


@bp.get("/versions/<int:rule_set_id>/rules/new")
@requires("pricing.write")
def new_rule(rule_set_id: int) -> Response:
    """The empty form of a rule of some kind."""
    kind = request.args.get("kind", "cost")
    if queries.rule_set(reading(), rule_set_id) is None or kind not in RULE_FORMS:
        abort(404)
    return _form_page(rule_set_id, None, kind, RULE_FORMS[kind]())


@bp.get("/versions/<int:rule_set_id>/rules/<int:rule_id>")
@requires("pricing.write")
def edit_rule(rule_set_id: int, rule_id: int) -> Response:
    """A rule's form."""
    rule = _rule_or_404(rule_set_id, rule_id)
    form = RULE_FORMS[rule.kind](
        data={**_written(rule.parameters), "name": rule.name, "channel": str(rule.channel_id or ""),
              "active": rule.active, "brands": ", ".join(rule.where.get("brand", ()))}
    )  # fmt: skip
    return _form_page(rule_set_id, rule, rule.kind, form)


def _written(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's parameters as its form shows them."""
    found = {name: Decimal(value) for name, value in parameters.items() if name in ("eur", "percent", "least_eur")}
    brackets = {"brackets": write_brackets(parameters["brackets"])} if "brackets" in parameters else {}
    component = "inbound" if parameters.get("inbound") else parameters.get("component", "")
    return {**found, **brackets, "component": component}


def _rule_or_404(rule_set_id: int, rule_id: int) -> PriceRule:
    rule = queries.rule(reading(), rule_set_id, rule_id)
    if rule is None:
        abort(404)
    return rule


def _form_page(rule_set_id: int, rule: PriceRule | None, kind: str, form: RuleForm, *, status: int = 200,
               chosen: dict[str, list[str]] | None = None) -> Response:  # fmt: skip
    session = reading()
    form.channel.choices = [("", _("all")), *((str(id_), name) for id_, name in queries.channel_ids(session))]
    found = queries.rule_set(session, rule_set_id)
    return render(
        "pricing/rule.html", status=status, rule_set=found, rule=rule, kind=kind, form=form, words=words,
        conditions=_conditions(session, rule), chosen=chosen if chosen is not None else (rule.where if rule else {}),
    )  # fmt: skip


def _conditions(session: Session, rule: PriceRule | None) -> list[Conditions]:
    """Also values that the rule has and nobody would tick anew: keeping the rule must not lose them."""
    known = [
        Conditions("category", _("Category"), [(value, str(name)) for value, name in CATEGORIES]),
        Conditions("grade", _("Grade"), [(grade, grade) for grade in GRADES]),
        Conditions("age", _("Days in stock"), [(age, age) for age in AGES]),
        Conditions("vat_scheme", _("VAT"), [(scheme, words.scheme(scheme)) for scheme in SCHEMES]),
        Conditions("supplier", _("Supplier"), supplier_choices(session)),
    ]
    for condition in known:
        mine = rule.where.get(condition.field, ()) if rule else ()
        condition.values.extend((value, value) for value in mine if value not in dict(condition.values))
    return known


@bp.post("/versions/<int:rule_set_id>/rules/new")
@requires("pricing.write")
def add_rule(rule_set_id: int) -> BaseResponse:
    """A rule behind all others of the draft."""
    kind = request.form.get("kind", "")
    if queries.rule_set(reading(), rule_set_id) is None or kind not in RULE_FORMS:
        abort(404)
    return _save(rule_set_id, None, kind)


@bp.post("/versions/<int:rule_set_id>/rules/<int:rule_id>")
@requires("pricing.write")
def save_rule(rule_set_id: int, rule_id: int) -> BaseResponse:
    """Change a rule of the draft."""
    rule = _rule_or_404(rule_set_id, rule_id)
    return _save(rule_set_id, rule, rule.kind)


def _save(rule_set_id: int, rule: PriceRule | None, kind: str) -> BaseResponse:
    form = RULE_FORMS[kind]()
    form.channel.choices = [("", ""), *((str(id_), name) for id_, name in queries.channel_ids(reading()))]
    where = _where(form, rule)
    if not form.validate_on_submit():
        return _form_page(rule_set_id, rule, kind, form, status=422, chosen=where)
    values = {"name": form.name.data, "kind": kind, "channel_id": int(form.channel.data or 0) or None, "where": where,
              "parameters": form.parameters(), "active": form.active.data}  # fmt: skip
    try:
        with transaction() as session:
            services.save_rule(session, rule_set_id, rule.id if rule else None, values,
                               edition=request.form.get("edition", -1, type=int), now=clock.now())  # fmt: skip
    except RuleSetError as error:
        flash(words.set_problem(error.code), "error")
        return _form_page(rule_set_id, rule, kind, form, status=422, chosen=where)
    except RuleInvalid as error:
        flash(_("The rule cannot be computed with: %(problem)s", problem=str(error)), "error")
        return _form_page(rule_set_id, rule, kind, form, status=422, chosen=where)
    flash(_("Kept in the draft. Nothing is priced by it yet."), "success")
    return redirect_to("pricing.rule_set", rule_set_id=rule_set_id)


def _where(form: RuleForm, rule: PriceRule | None) -> dict[str, list[str]]:
    """What the rule is limited to: every value that was ticked, and the brands."""
    found = {condition.field: [value for value, _name in condition.values if value in ticked]
             for condition in _conditions(reading(), rule)
             if (ticked := request.form.getlist(f"where-{condition.field}"))}  # fmt: skip
    brands = [brand.strip() for brand in (form.brands.data or "").split(",") if brand.strip()]
    return {name: values for name, values in {"brand": brands, **found}.items() if values}


def rule_act(rule_set_id: int, rule_id: int, act: Any) -> BaseResponse:
    """One act on a rule of the draft; what its state forbids is said, not raised."""
    _rule_or_404(rule_set_id, rule_id)
    try:
        with transaction() as session:
            act(session, request.form.get("edition", -1, type=int))
    except RuleSetError as error:
        flash(words.set_problem(error.code), "error")
    return redirect_to("pricing.rule_set", rule_set_id=rule_set_id)


@bp.post("/versions/<int:rule_set_id>/rules/<int:rule_id>/move")
@requires("pricing.write")
def move_rule(rule_set_id: int, rule_id: int) -> BaseResponse:
    """One place up or down."""
    up = request.form.get("to") == "up"

    def act(session: Session, edition: int) -> None:
        before = services.neighbour(session, rule_set_id, rule_id, up=up, channel_id=None)
        services.move_rule(session, rule_set_id, rule_id, before_id=before, edition=edition)

    return rule_act(rule_set_id, rule_id, act)


@bp.post("/versions/<int:rule_set_id>/rules/<int:rule_id>/switch")
@requires("pricing.write")
def switch_rule(rule_set_id: int, rule_id: int) -> BaseResponse:
    """On or off; the rule keeps its place."""
    active = request.form.get("to") == "on"
    return rule_act(rule_set_id, rule_id, lambda session, edition: services.switch_rule(
        session, rule_set_id, rule_id, active=active, edition=edition))  # fmt: skip


@bp.post("/versions/<int:rule_set_id>/rules/<int:rule_id>/remove")
@requires("pricing.write")
def remove_rule(rule_set_id: int, rule_id: int) -> BaseResponse:
    """Out of the draft."""
    return rule_act(rule_set_id, rule_id, lambda session, edition: services.remove_rule(
        session, rule_set_id, rule_id, edition=edition))  # fmt: skip
