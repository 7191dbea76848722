"""Work that waits, as counts. Each is capped by an index that holds only what waits."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.channels.models import Listing
from app.flows.models import Message
from app.offers.models import OfferFile
from app.stock.models import Stock
from app.suppliers.models import SupplierWord


class Waiting(NamedTuple):
    files: int
    files_since: datetime | None
    words: int
    refused: int
    dead: int
    dead_since: datetime | None
    shortage: int


def waiting(session: Session) -> Waiting:
    """What waits for a person, in one statement."""
    files = OfferFile.state.in_(("checked", "columns"))
    dead = Message.state == "dead"
    row = session.execute(
        select(
            select(func.count()).where(files).select_from(OfferFile).scalar_subquery(),
            select(func.min(OfferFile.uploaded_at)).where(files).scalar_subquery(),
            select(func.count()).where(SupplierWord.value.is_(None)).select_from(SupplierWord).scalar_subquery(),
            select(func.count()).where(Listing.state == "refused").select_from(Listing).scalar_subquery(),
            select(func.count()).where(dead).select_from(Message).scalar_subquery(),
            select(func.min(Message.settled_at)).where(dead).scalar_subquery(),
            select(func.count()).where(Stock.shortage > 0).select_from(Stock).scalar_subquery(),
        )
    ).one()
    return Waiting(*row)
