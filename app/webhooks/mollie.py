"""Which payment of which storefront an event of Mollie's is about."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels.models import Channel
from app.extensions import settings
from app.payments.models import Payment
from integrations.mollie.webhook import MollieEvent


def payment_of(event: MollieEvent) -> str | None:
    """The payment that an event names, by itself or by its refund, chargeback or capture; None: it names none."""
    told = [event.entity_id, (event.entity or {}).get("paymentId"), (event.entity or {}).get("id")]
    return next((id_ for id_ in told if isinstance(id_, str) and id_.startswith("tr_")), None)


def channel_of(session: Session, payment: str, event: MollieEvent) -> str | None:
    """The storefront of a payment that we know, else of the profile that the event names; None: of none of ours."""
    known = session.execute(
        select(Channel.code).join(Payment, Payment.channel_id == Channel.id).where(Payment.external_id == payment)
    ).scalar_one_or_none()
    if known is not None:
        return known
    profile = (event.entity or {}).get("profileId")
    return next((code for code, one in settings().mollie.items() if profile and one.profile_id == profile), None)
