"""The balance: every movement with what Mollie keeps of it. resultAmount = initialAmount + deductions, always."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from sandbox.mollie import events
from sandbox.mollie.methods import METHODS
from sandbox.mollie.reading import money
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

CENT, FINE = Decimal("0.01"), Decimal("0.0001")
VAT = Decimal("0.21")
OPENING, OPENED_BEFORE = Decimal("2500.00"), timedelta(days=60)
REFUND_FEE = Decimal("0.25")
_RATES: Mapping[str, str] = {  # Euro for one of each.
    "AED": "0.25", "AUD": "0.60", "BGN": "0.51", "BRL": "0.16", "CAD": "0.67", "CHF": "1.05", "CZK": "0.04",
    "DKK": "0.134", "GBP": "1.17", "HKD": "0.12", "HUF": "0.0025", "ILS": "0.25", "JPY": "0.0061", "MXN": "0.05",
    "MYR": "0.20", "NOK": "0.086", "NZD": "0.55", "PHP": "0.016", "PLN": "0.23", "RON": "0.20", "SEK": "0.088",
    "SGD": "0.68", "THB": "0.026", "TWD": "0.028", "USD": "0.92", "ZAR": "0.05",
}  # fmt: skip


class Fee(NamedTuple):
    """What Mollie keeps, in euro: `gross` whole cents, `net` and `vat` finer."""

    net: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)


NO_FEE = Fee()


def fee_of(net: Decimal) -> Fee:
    """With its VAT; the gross is what leaves the balance, so the VAT is the rest of it."""
    gross = (net * (1 + VAT)).quantize(CENT, ROUND_HALF_UP)
    return Fee(net.quantize(FINE, ROUND_HALF_UP), gross - net.quantize(FINE, ROUND_HALF_UP), gross)


def payment_fee(method: str, euros: Decimal) -> Fee:
    """Of money that comes in by a method."""
    rate = METHODS[method]
    return fee_of(Decimal(rate.fixed) + euros * Decimal(rate.percent) / 100)


def in_euro(amount: Mapping[str, str]) -> Decimal:
    """An amount in the currency of the balance."""
    rate = Decimal(_RATES.get(amount["currency"], "1"))
    return (Decimal(amount["value"]) * rate).quantize(CENT, ROUND_HALF_UP)


def enter(
    books: Books, mode: str, type_: str, initial: Decimal, fee: Fee = NO_FEE, *, context: Mapping[str, str | None],
    method: str = "", member: str | None = None,
    settlement: str | None = None,
) -> Doc:  # fmt: skip
    """Write a movement. `member` is the thing that the settlement will have in it; `method` groups its costs.

    What is of a `settlement` already is not on the balance any more.
    """
    doc = books.add("transaction", {
        "mode": mode, "type": type_, "initialAmount": money(initial, "EUR"),
        "deductions": money(-fee.gross, "EUR") if fee.gross else None,
        "resultAmount": money(initial - fee.gross, "EUR"), "context": dict(context),
        "_fee": [str(part) for part in fee], "_method": method, "_member": member,
        **({"settlementId": settlement} if settlement else {}),
    })  # fmt: skip
    events.emit(books, "balance-transaction.created", doc)
    if initial > 0:
        freed(books, mode)
    return doc


def open_balance(books: Books, mode: str) -> None:
    """What was brought in once, so that money that goes back need not wait for money that comes.

    Before all that anybody makes up for, so that the balance begins with it.
    """
    now = books.now
    books.now = now - OPENED_BEFORE
    enter(books, mode, "topup", OPENING, context={})
    books.now = now


def available(books: Books, mode: str) -> Decimal:
    """What can be refunded from, or paid out: all that no settlement has taken, less what waits to be sent."""
    row = books.connection.execute(
        """SELECT sum(value) FROM (
             SELECT (doc->'resultAmount'->>'value')::numeric AS value FROM entity
             WHERE kind = 'transaction' AND mode = %(mode)s AND NOT doc ? 'settlementId'
             UNION ALL SELECT (doc->'settlementAmount'->>'value')::numeric FROM entity
             WHERE kind = 'refund' AND mode = %(mode)s AND doc->>'status' = 'pending') AS parts""",
        {"mode": mode},
    ).fetchone()
    return Decimal(row[0] or 0) if row else Decimal(0)


def freed(books: Books, mode: str) -> None:
    """There may be money for what waits for it."""
    found = books.connection.execute(
        "SELECT 1 FROM entity WHERE kind = 'refund' AND mode = %s AND doc->>'status' = 'queued' LIMIT 1", (mode,)
    )
    if found.fetchone() is not None:
        books.later("unqueue", mode, timedelta(0))
