"""Named prices: a person says what a listing costs, why, and until when. Below its floor a second person must agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.auth import audit
from app.pricing.models import Price, PriceOverride


class OverrideError(Exception):
    """An act that the named price does not allow; `code` says which sentence to show."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def name_price(session: Session, variant_id: int, channel_id: int, *, gross: Decimal, reason: str, ends_at: datetime,
               user_id: int, now: datetime) -> bool:  # fmt: skip
    """Name the price of a listing until `ends_at`, in place of one named before.

    False: it is below the floor of the price in force, and so counts when a second person has agreed. The caller holds
    `lock_assortment` and refreshes the listing. Raises OverrideError `no_price`, `ends_too_soon`.
    """
    floor = session.execute(
        select(Price.floor).where(
            Price.variant_id == variant_id, Price.channel_id == channel_id, Price.valid_until.is_(None)
        )
    ).scalar_one_or_none()
    if floor is None:
        raise OverrideError("no_price")
    if ends_at <= now:
        raise OverrideError("ends_too_soon")
    session.execute(
        update(PriceOverride)
        .where(PriceOverride.variant_id == variant_id, PriceOverride.channel_id == channel_id,
               PriceOverride.ended_at.is_(None))
        .values(ended_at=now, ended_by=user_id),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    session.add(
        PriceOverride(variant_id=variant_id, channel_id=channel_id, gross=gross, reason=reason, ends_at=ends_at,
                      created_by=user_id, created_at=now)
    )  # fmt: skip
    session.flush()
    audit.record(session, act="pricing.override", subject_kind="variant", subject_id=str(variant_id),
                 after={"channel_id": channel_id, "gross": gross, "floor": floor, "reason": reason,
                        "ends_at": ends_at})  # fmt: skip
    return gross >= floor


def agree(session: Session, override_id: int, *, user_id: int, now: datetime) -> int:
    """A second person lets the price stand below its floor; returns the variant's id. As `name_price` otherwise.

    Raises OverrideError `ended`, `same_person`, `agreed_already`.
    """
    found = _lock(session, override_id, now=now)
    if found.created_by == user_id:
        raise OverrideError("same_person")
    if found.agreed_by is not None:
        raise OverrideError("agreed_already")
    found.agreed_by, found.agreed_at = user_id, now
    audit.record(session, act="pricing.override_agree", subject_kind="variant", subject_id=str(found.variant_id),
                 after={"channel_id": found.channel_id, "gross": found.gross})  # fmt: skip
    return found.variant_id


def end(session: Session, override_id: int, *, user_id: int, now: datetime) -> int:
    """Let the rules decide again; returns the variant's id. As `name_price` otherwise. Raises OverrideError `ended`."""
    found = _lock(session, override_id, now=now)
    found.ended_at, found.ended_by = now, user_id
    audit.record(session, act="pricing.override_end", subject_kind="variant", subject_id=str(found.variant_id),
                 before={"channel_id": found.channel_id, "gross": found.gross, "reason": found.reason})  # fmt: skip
    return found.variant_id


def _lock(session: Session, override_id: int, *, now: datetime) -> PriceOverride:
    found = session.execute(
        select(PriceOverride).where(PriceOverride.id == override_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one()
    if found.ended_at is not None or found.ends_at <= now:
        raise OverrideError("ended")
    return found


class OverrideRow(NamedTuple):
    """`price`, `floor`: of the listing now. `counts`: the listing costs what was named."""

    id: int
    variant_id: int
    sku: str
    name: str
    channel: str
    gross: Decimal
    reason: str
    who: str
    created_by: int
    created_at: datetime
    ends_at: datetime
    agreed: str | None
    price: Decimal | None
    floor: Decimal | None
    counts: bool

    @property
    def waits(self) -> bool:
        """Whether a second person is to agree."""
        return not self.counts and self.agreed is None and self.floor is not None and self.gross < self.floor


_OPEN = text("""
    SELECT o.id, o.variant_id, v.sku, v.name, c.name, o.gross, o.reason, a.name, o.created_by, o.created_at, o.ends_at,
           b.name, p.gross, p.floor, COALESCE(p.override_id = o.id, false)
    FROM price_override o JOIN variant v ON v.id = o.variant_id JOIN channel c ON c.id = o.channel_id
    JOIN user_account a ON a.id = o.created_by LEFT JOIN user_account b ON b.id = o.agreed_by
    LEFT JOIN price p ON p.variant_id = o.variant_id AND p.channel_id = o.channel_id AND p.valid_until IS NULL
    WHERE o.ended_at IS NULL AND o.ends_at > :now
      AND (CAST(:variant_id AS bigint) IS NULL OR o.variant_id = :variant_id) AND o.id > :after
    ORDER BY o.id LIMIT :limit
""")


def open_overrides(session: Session, *, now: datetime, variant_id: int | None = None, after: int = 0,
                   limit: int = 100) -> Sequence[OverrideRow]:  # fmt: skip
    """Named prices in force or waiting for a second person; `limit` + 1 rows at most."""
    here = {"now": now, "variant_id": variant_id, "after": after, "limit": limit + 1}
    return [OverrideRow._make(row) for row in session.execute(_OPEN, here)]
