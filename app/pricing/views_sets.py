"""Versions of the rules: a draft, what it would do, its publication in stages, and the way back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.channels.services import FLOW as LISTINGS
from app.db import reading, transaction
from app.extensions import settings
from app.pricing import publishing, queries, services, versions, words
from app.pricing.forms import RULE_FORMS, PublishForm
from app.pricing.models import RuleSet
from app.pricing.services import RuleSetError
from app.pricing.views import PAGE, bp
from app.web.fragments import redirect_to, render, tagged, unchanged
from app.web.lazy import current_user
from app.web.permissions import requires


@bp.get("/versions")
@requires("pricing.read")
def rule_sets() -> Response:
    """Every version there was, the latest first."""
    rows = versions.rule_sets(reading(), before=request.args.get("before", type=int), limit=PAGE)
    return render(
        "pricing/versions.html", sets=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None, words=words
    )


@bp.post("/versions/draft")
@requires("pricing.write")
def begin_draft() -> BaseResponse:
    """The draft, or a new one with the rules in force."""
    with transaction() as session:
        draft_id = services.open_draft(session, user_id=current_user.id)
    return redirect_to("pricing.rule_set", rule_set_id=draft_id)


@bp.get("/versions/<int:rule_set_id>")
@requires("pricing.read")
def rule_set(rule_set_id: int) -> Response:
    """One version with its rules, its simulation and what may be done with it."""
    return _page(rule_set_id)


@bp.get("/versions/<int:rule_set_id>/status")
@requires("pricing.read")
def rule_set_status(rule_set_id: int) -> Response:
    """What moves while a worker is at it."""
    found = _found_or_404(rule_set_id)
    same = unchanged(f"rule_set:{rule_set_id}", _tag(found))
    return same if same is not None else _page(rule_set_id, "live")


def _tag(found: RuleSet) -> str:
    return f"{found.id}.{found.revision}"


def _found_or_404(rule_set_id: int) -> RuleSet:
    found = queries.rule_set(reading(), rule_set_id)
    if found is None:
        abort(404)
    return found


def _page(rule_set_id: int, *blocks: str, form: PublishForm | None = None, status: int = 200) -> Response:
    session = reading()
    found = _found_or_404(rule_set_id)
    channels = queries.channel_ids(session)
    response = render(
        "pricing/rule_set.html", *blocks, status=status, rule_set=found, rules=queries.rules(session, rule_set_id),
        channel_names=dict(channels), changes=versions.changes(session, found), words=words, kinds=list(RULE_FORMS),
        fresh=publishing.is_fresh(session, found), above=publishing.needs_approval(session, found),
        form=form or PublishForm(note=found.note).offer(channels), tag=_tag(found), config=settings(),
        people=queries.people_of(session, found),
    )  # fmt: skip
    return tagged(response, _tag(found))


def _act(rule_set_id: int, act: Callable[[Session], object], done: str = "") -> BaseResponse:
    """One act on the version, in one transaction; what its state forbids is said, not raised."""
    _found_or_404(rule_set_id)
    try:
        with transaction() as session:
            act(session)
    except RuleSetError as error:
        flash(words.set_problem(error.code), "error")
    else:
        if done:
            flash(done, "success")
    queue.wake(services.FLOW)
    queue.wake(LISTINGS)
    return redirect_to("pricing.rule_set", rule_set_id=rule_set_id)


@bp.post("/versions/<int:rule_set_id>/simulate")
@requires("pricing.write")
def simulate(rule_set_id: int) -> BaseResponse:
    """Count what it would change."""
    return _act(rule_set_id, lambda session: publishing.ask_simulation(session, rule_set_id, now=clock.now()))


@bp.post("/versions/<int:rule_set_id>/publish")
@requires("pricing.write")
def publish(rule_set_id: int) -> BaseResponse:
    """Publish at once or in stages; above a limit it waits for a second person."""
    _found_or_404(rule_set_id)
    form = PublishForm().offer(queries.channel_ids(reading()))
    if not form.validate_on_submit():
        return _page(rule_set_id, form=form, status=422)
    kind, _sep, number = (form.first.data or "").partition(":")
    channel_id = int(number) if kind == "channel" else None
    percent = int(number) if kind == "percent" else None
    return _act(rule_set_id, lambda session: publishing.ask_publish(
        session, rule_set_id, note=form.note.data or "", channel_id=channel_id, percent=percent,
        user_id=current_user.id, now=clock.now()))  # fmt: skip


@bp.post("/versions/<int:rule_set_id>/approve")
@requires("pricing.approve")
def approve(rule_set_id: int) -> BaseResponse:
    """A second person agrees."""
    return _act(rule_set_id, lambda session: publishing.approve(
        session, rule_set_id, user_id=current_user.id, now=clock.now()))  # fmt: skip


@bp.post("/versions/<int:rule_set_id>/rest")
@requires("pricing.write")
def publish_rest(rule_set_id: int) -> BaseResponse:
    """After the first stage, everything else."""
    return _act(rule_set_id, lambda session: publishing.go_on(session, rule_set_id, now=clock.now()))


@bp.post("/versions/<int:rule_set_id>/withdraw")
@requires("pricing.write")
def withdraw(rule_set_id: int) -> BaseResponse:
    """Take the first stage back."""
    return _act(rule_set_id, lambda session: publishing.withdraw(session, rule_set_id, now=clock.now()))


@bp.post("/versions/<int:rule_set_id>/discard")
@requires("pricing.write")
def discard(rule_set_id: int) -> BaseResponse:
    """Throw the draft away."""
    return _act(rule_set_id, lambda session: services.discard(session, rule_set_id, now=clock.now()),
                _("Thrown away. The rules in force are as they were."))  # fmt: skip


@bp.post("/versions/<int:rule_set_id>/revert")
@requires("pricing.write")
def revert(rule_set_id: int) -> BaseResponse:
    """A former version, copied to be published again."""
    _found_or_404(rule_set_id)
    try:
        with transaction() as session:
            made = publishing.propose_former(session, rule_set_id, user_id=current_user.id, now=clock.now())
    except RuleSetError as error:
        flash(words.set_problem(error.code), "error")
        return redirect_to("pricing.rule_set", rule_set_id=rule_set_id)
    queue.wake(services.FLOW)
    return redirect_to("pricing.rule_set", rule_set_id=made)
