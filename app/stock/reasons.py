"""Why pieces are booked by hand: a fixed list, which people extend with reasons of their own."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import audit
from app.stock.models import StockReason
from app.web.lazy import lazy as _l

BUILT_IN = {
    "received": _l("received from a supplier"),
    "returned": _l("returned by a customer"),
    "miscounted": _l("counted or booked wrongly before"),
    "found": _l("found"),
    "lost": _l("lost"),
    "damaged": _l("damaged"),
    "regraded": _l("regraded"),
    "own_use": _l("taken for our own use"),
    "opening": _l("opening stock"),
    "moved": _l("moved to where it is needed"),
}
# What acts of the portal say of themselves.
_OF_ACTS = {"offer list": _l("offer list"), "shipped": _l("shipped")}


class ReasonTaken(Exception):
    """The list has this reason already."""


def reason_name(reason: str) -> str:
    """The reason in the user's language; people's own are shown as they were written."""
    return str(BUILT_IN.get(reason) or _OF_ACTS.get(reason) or reason)


def added_reasons(session: Session) -> list[StockReason]:
    """People's own, the retired ones too."""
    return list(session.execute(select(StockReason).order_by(StockReason.name)).scalars())


def choices_of(session: Session) -> list[tuple[str, str]]:
    """Value and name of every reason in use."""
    added = [(row.name, row.name) for row in added_reasons(session) if row.active]
    return [(code, reason_name(code)) for code in BUILT_IN] + added


def add_reason(session: Session, name: str) -> None:
    """Extend the list; a retired reason comes back. Raises ReasonTaken."""
    known = session.execute(select(StockReason).where(StockReason.name == name)).scalar_one_or_none()
    if name in BUILT_IN or (known is not None and known.active):
        raise ReasonTaken(name)
    if known is None:
        session.add(StockReason(name=name))
    else:
        known.active = True
    audit.record(session, act="stock.reason", subject_kind="stock_reason", subject_id=name, after={"active": True})


def retire_reason(session: Session, reason_id: int) -> None:
    """Offer the reason no more; movements that name it keep it."""
    reason = session.get_one(StockReason, reason_id)
    reason.active = False
    audit.record(session, act="stock.reason", subject_kind="stock_reason", subject_id=reason.name,
                 after={"active": False})  # fmt: skip
