"""Sync now: a person does not wait for the next try."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth import audit
from app.channels.services import FLOW, send_again
from app.flows import services as ledger

_CHANNELS = text("""
    SELECT c.code FROM listing l JOIN channel c ON c.id = l.channel_id
    WHERE l.variant_id = :variant_id AND c.active ORDER BY c.position
""")


def sync_variant(session: Session, variant_id: int, *, now: datetime) -> int:
    """Tell every storefront that lists the variant everything about it once more; returns how many hear of it.

    What waited or was refused is replaced by it. The caller holds `lock_assortment`, and wakes `FLOW` after the commit.
    """
    codes = session.execute(_CHANNELS, {"variant_id": variant_id}).scalars().all()
    sent = sum(send_again(session, code, variant_ids=[variant_id], now=now).get(code, 0) for code in codes)
    audit.record(session, act="channels.sync", subject_kind="variant", subject_id=str(variant_id),
                 after={"storefronts": list(codes)})  # fmt: skip
    return sent


class Synced(NamedTuple):
    """Messages that waited for another try and are due now, dead ones replayed, and listings sent anew."""

    due: int
    replayed: int
    sent: int


# What the storefront has not confirmed, and no message is on its way to tell it.
_UNTOLD = text("""
    SELECT l.variant_id FROM listing l JOIN channel c ON c.id = l.channel_id JOIN variant v ON v.id = l.variant_id
    WHERE c.code = :channel AND l.state IN ('waiting', 'refused')
      AND NOT EXISTS (SELECT 1 FROM message m WHERE m.flow = :flow AND m.channel = :channel AND m.key = v.sku
                      AND m.state = 'pending')
""")


def sync_channel(session: Session, code: str, *, now: datetime) -> Synced:
    """Try everything that the storefront has not confirmed at once, whatever it waits for.

    As `sync_variant` otherwise. A lane that is paused stays so.
    """
    replayed = ledger.replay_all(session, FLOW, channel=code, now=now)
    due = ledger.make_due(session, FLOW, channel=code, now=now)
    untold = session.execute(_UNTOLD, {"channel": code, "flow": FLOW}).scalars().all()
    sent = send_again(session, code, variant_ids=untold, now=now).get(code, 0) if untold else 0
    done = Synced(due, replayed, sent)
    audit.record(session, act="channels.sync", subject_kind="channel", subject_id=code, after=done._asdict())
    return done
