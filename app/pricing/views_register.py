"""The register of VAT by period, for managers and their accountant, and sales that people enter."""

from __future__ import annotations

from datetime import date

from flask import Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.catalog.models import Variant
from app.db import reading, transaction
from app.extensions import settings
from app.pricing import queries, sales
from app.pricing import register as ledger
from app.pricing.forms import SaleForm
from app.pricing.sales import Sale
from app.pricing.views import PAGE, bp
from app.web.downloads import csv_file
from app.web.fragments import redirect_to, render
from app.web.lazy import current_user
from app.web.permissions import requires

MISSING = 20  # Shown of what left without a sale.
OF_LINES = ("day", "storefront", "order line", "sku", "name", "pieces", "sold for (EUR a piece)",
            "bought for (EUR a piece)", "vat scheme", "vat %")  # fmt: skip
OF_PERIODS = ("period from", "vat scheme", "vat %", "pieces", "sales", "purchases", "margin", "carried in", "taxable",
              "vat", "carried out")  # fmt: skip


@bp.get("/register")
@requires("pricing.register")
def register() -> Response:
    """Each period with its margins and what is carried into the next; or the lines of one period."""
    return _page()


def _page(*, form: SaleForm | None = None, status: int = 200) -> Response:
    session = reading()
    period = _period()
    lines: list[sales.SoldRow] = []
    if period is not None:
        after = request.args.get("after", 0, type=int)
        lines = sales.sold_lines(session, since=period, until=ledger.end_of(period), after=after, limit=PAGE)
    channels = queries.channel_ids(session)
    return render(
        "pricing/register.html", status=status, entries=list(reversed(ledger.register(session))), period=period,
        lines=lines[:PAGE], older=lines[PAGE - 1].id if len(lines) > PAGE else None, config=settings(),
        missing=sales.unpriced(session, limit=MISSING), end_of=ledger.end_of,
        form=form or SaleForm(data=_begun(), sold_on=clock.now().date()).offer(channels),
    )  # fmt: skip


def _begun() -> dict[str, object]:
    """What a link from a piece that left without a sale says already."""
    asked = request.args
    known: dict[str, object] = {name: asked[name] for name in ("channel", "reference", "sku") if asked.get(name)}
    quantity = asked.get("quantity", type=int)
    return known | ({"quantity": quantity} if quantity else {})


def _period() -> date | None:
    """The first day of the period that was asked for. 404 for a day that begins none."""
    asked = request.args.get("period")
    if not asked:
        return None
    try:
        first = date.fromisoformat(asked)
    except ValueError:
        abort(404)
    if first.day != 1 or (first.month - 1) % settings().vat_period_months or not 2000 <= first.year < 2200:
        abort(404)
    return first


@bp.get("/register.csv")
@requires("pricing.register")
def register_file() -> Response:
    """The register as a file; with a period, every line of it."""
    session, period = reading(), _period()
    if period is not None:
        rows = sales.sold_lines(session, since=period, until=ledger.end_of(period))
        table = ((row.sold_on, row.channel, row.reference, row.sku, row.name, row.quantity, row.gross, row.purchase,
                  row.vat_scheme, row.vat_percent.normalize()) for row in rows)  # fmt: skip
        return csv_file(f"sold-pieces-{period}.csv", OF_LINES, table)
    lines = ((entry.period, entry.scheme, format(entry.percent.normalize(), "f"), *entry[3:])
             for entry in ledger.register(session))  # fmt: skip
    return csv_file("margin-register.csv", OF_PERIODS, lines)


@bp.post("/register")
@requires("pricing.register")
def enter_sale() -> BaseResponse:
    """A sale, or pieces that came back, in a person's words."""
    form = SaleForm().offer(queries.channel_ids(reading()))
    sale = _sale(form) if form.validate_on_submit() else None
    if sale is None:
        return _page(form=form, status=422)
    try:
        with transaction() as session:
            sales.enter(session, sale, user_id=current_user.id)
    except (sales.KnownAlready, queries.UnknownRate) as error:
        problem = {sales.KnownAlready: _("This sale of the order line is in the register already."),
                   queries.UnknownRate: _("No VAT rate is known for that day.")}  # fmt: skip
        flash(problem[type(error)], "error")
        return _page(form=form, status=422)
    flash(_("Entered."), "success")
    return redirect_to("pricing.register")


def _sale(form: SaleForm) -> Sale | None:
    """What the valid form says; None, and said so, when there is no such variant."""
    variant_id = reading().execute(select(Variant.id).where(Variant.sku == form.sku.data)).scalar_one_or_none()
    if variant_id is None:
        flash(_("There is no variant with this SKU."), "error")
        return None
    said = form.data  # All of it is required.
    return Sale(int(said["channel"]), said["reference"], variant_id, said["quantity"], said["gross"], said["purchase"],
                said["scheme"], said["sold_on"])  # fmt: skip
