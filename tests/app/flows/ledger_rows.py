"""The smallest rows of the ledger, committed: a view that rolls back takes only its own writes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.channels.models import Channel
from app.flows.models import Lane, Message, Run

LISTINGS = "portal.listings.shopware"
IMPORTS = "supplier.offers.portal"


def storefronts(session: Session) -> None:
    """Both, by name."""
    session.add_all([
        Channel(code="refurbished-direct", name="Refurbished Direct", position=0),
        Channel(code="econocom", name="Econocom", position=1),
    ])  # fmt: skip
    session.commit()


def message(session: Session, key: str = "SKU-1", *, state: str = "dead", flow: str = LISTINGS,
            channel: str = "econocom", age: timedelta = timedelta(0), **values: Any) -> Message:  # fmt: skip
    """A message that is `age` old; a settled one has its time."""
    then = clock.now() - age
    facts: dict[str, Any] = {
        "direction": "out", "flow": flow, "channel": channel, "key": key, "state": state, "next_attempt_at": then,
        "content_hash": "0" * 64, "correlation_id": "c" * 32, "body": {"sku": key}, "created_at": then,
        "settled_at": None if state == "pending" else then,
    }  # fmt: skip
    made = Message(**(facts | values))
    session.add(made)
    session.commit()
    return made


def run(session: Session, *, flow: str = LISTINGS, state: str = "finished", **values: Any) -> Run:
    """A run of a second."""
    begun = clock.now()
    facts: dict[str, Any] = {
        "flow": flow, "channel": "econocom", "state": state, "cause": "wake", "worker": "host:1", "started_at": begun,
        "seen_at": begun, "ended_at": None if state == "running" else begun + timedelta(seconds=1),
    }  # fmt: skip
    made = Run(**(facts | values))
    session.add(made)
    session.commit()
    return made


def lane(session: Session, *, flow: str = LISTINGS, channel: str = "econocom", **values: Any) -> Lane:
    """A lane that works."""
    made = Lane(flow=flow, channel=channel, **values)
    session.add(made)
    session.commit()
    return made


def swept(session: Session, at: datetime) -> None:
    """The last sweep was then."""
    session.add(Lane(flow="portal.sweep.portal", channel="", success_at=at))
    session.commit()


def fresh(session: Session, made: Message) -> Message:
    """The message as the database has it."""
    return session.execute(
        select(Message).where(Message.id == made.id), execution_options={"populate_existing": True}
    ).scalar_one()
