"""Writing prices: a new version of each listing's price where anything about it changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.extensions import settings
from app.pricing.engine import PaymentFee
from app.pricing.queries import rule_set_parts, vat_percent_on
from app.pricing.rendering import KEPT, Inputs, render_prices
from app.pricing.terms import Terms

COLUMNS = ", ".join(KEPT)
_KEEP_TERMS = text("""
    INSERT INTO price_terms (key, content)
    SELECT key, content FROM jsonb_to_recordset(CAST(:terms AS jsonb)) AS t(key uuid, content jsonb)
    ORDER BY key ON CONFLICT DO NOTHING
""")
_CLOSE = text("UPDATE price p SET valid_until = :now FROM wanted_price w WHERE w.moved AND p.id = w.former_id")
_OPEN = text(f"""
    INSERT INTO price (variant_id, channel_id, {COLUMNS}, valid_from)
    SELECT variant_id, channel_id, {COLUMNS}, :now FROM wanted_price WHERE moved
    ORDER BY variant_id, channel_id
""")  # noqa: S608  # Names of ours.


def price_inputs(session: Session, *, now: datetime) -> Inputs:
    """The VAT rate of the day, and the payment fee. Raises UnknownRate."""
    config = settings()
    vat = vat_percent_on(session, config.vat_country, now.astimezone(ZoneInfo(config.timezone)).date())
    return Inputs(vat, PaymentFee(config.payment_fee_fixed, config.payment_fee_percent))


def write_prices(session: Session, *, now: datetime) -> Decimal:
    """Price what the temporary table `touched` names; returns the VAT rate in per cent.

    Raises UnknownRate, RuleInvalid, FeesTooHigh.
    """
    inputs = price_inputs(session, now=now)
    terms = render_prices(session, rule_set_parts(session), inputs, now=now)
    keep_terms(session, terms)
    session.execute(_CLOSE, {"now": now})
    session.execute(_OPEN, {"now": now})
    return inputs.vat_percent


def keep_terms(session: Session, terms: Iterable[Terms]) -> None:
    """Store terms that are not there yet."""
    rows = [{"key": str(term.key()), "content": term.content()} for term in terms]
    session.execute(_KEEP_TERMS, {"terms": json.dumps(rows)})
