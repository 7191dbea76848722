"""Pieces of an order: a packer scans their serial numbers into its lines."""

from __future__ import annotations

from flask import abort, flash, request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from app import clock
from app.db import reading, transaction
from app.lists import beside
from app.orders import serials
from app.orders.models import OrderLine, OrderSerial
from app.orders.serial_numbers import NotASerial
from app.orders.serials import Refused
from app.orders.views import bp
from app.web.fragments import redirect_to
from app.web.lazy import current_user
from app.web.permissions import requires


@bp.post("/<int:order_id>/lines/<int:line_id>/serials")
@requires("orders.write")
def add_serial(order_id: int, line_id: int) -> BaseResponse:
    """The piece with that serial number goes into the line; the page is ready for the next one."""
    line = select(OrderLine.id).where(OrderLine.id == line_id, OrderLine.order_id == order_id)
    if reading().execute(line).scalar_one_or_none() is None:
        abort(404)
    said = request.form.get("serial", "")[:200]
    try:
        with transaction() as session:
            new = serials.add(session, order_id, line_id, said, by=current_user.name, user_id=current_user.id,
                              now=clock.now())  # fmt: skip
        if not new:
            flash(_("%(serial)s stood there already.", serial=said.strip()), "success")
    except NotASerial as error:
        flash(_not_a_serial(error, said), "danger")
    except Refused as error:
        flash(_refused(error, said), "danger")
    within = beside.said(request.args) or {}
    return redirect_to("orders.detail", order_id=order_id, **within, _anchor=f"line-{line_id}")


@bp.post("/<int:order_id>/serials/<int:serial_id>/remove")
@requires("orders.write")
def remove_serial(order_id: int, serial_id: int) -> BaseResponse:
    """The piece does not go into the order after all."""
    line = select(OrderLine.id).join(OrderSerial, OrderSerial.order_line_id == OrderLine.id)
    if reading().execute(line.where(OrderSerial.id == serial_id, OrderLine.order_id == order_id)).first() is None:
        abort(404)
    with transaction() as session:
        serials.remove(session, order_id, serial_id, by=current_user.name, now=clock.now())
    return redirect_to("orders.detail", order_id=order_id, **(beside.said(request.args) or {}))


def _not_a_serial(error: NotASerial, said: str) -> str:
    if error.code == "imei":
        return _("%(said)s is not an IMEI: one of its digits is wrong.", said=said.strip())
    return _("%(said)s is no serial number: 4 to 40 letters, digits and . / - _ are.", said=said.strip() or "–")


def _refused(error: Refused, said: str) -> str:
    serial = said.strip()
    if error.holder is not None:
        return _("%(serial)s went into order #%(number)s of %(channel)s already.", serial=serial,
                 number=error.holder.number, channel=error.holder.channel)  # fmt: skip
    return {
        "over": _("The order is cancelled already, or the shop does not know it any more."),
        "not_a_piece": _("This line has no pieces."),
        "full": _("The line has a serial number for each of its pieces. Remove the wrong one first."),
        "here": _("%(serial)s stands at another line of this order.", serial=serial),
    }[error.code]
