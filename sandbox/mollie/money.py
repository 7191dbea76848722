"""What moved of a payment after it was paid: the sums that its answers show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from sandbox.mollie.facts import has_captures
from sandbox.mollie.methods import METHODS
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

GONE = ("failed", "canceled")  # A refund in one of these took nothing.


@dataclass(slots=True)
class Moved:
    """Of one payment, in its currency."""

    refunded: Decimal = Decimal(0)
    charged_back: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)


def moved(books: Books, ids: Collection[str]) -> dict[str, Moved]:
    """Per payment: refunds that were made and have not come back, chargebacks that stand, captures that succeeded."""
    found = {id_: Moved() for id_ in ids}
    rows = books.connection.execute(
        """SELECT parent, kind, sum((doc->'amount'->>'value')::numeric) FROM entity
           WHERE parent = ANY(%s) AND CASE kind WHEN 'refund' THEN doc->>'status' <> ALL(%s)
             WHEN 'chargeback' THEN doc->>'reversedAt' IS NULL WHEN 'capture' THEN doc->>'status' = 'succeeded' END
           GROUP BY 1, 2""",
        (list(ids), list(GONE)),
    )
    for id_, kind, total in rows:
        if kind == "refund":
            found[id_].refunded = total
        elif kind == "chargeback":
            found[id_].charged_back = total
        else:
            found[id_].captured = total
    return found


def paid(payment: Doc, sums: Moved) -> Decimal:
    """What came in of a paid payment."""
    return sums.captured if has_captures(payment) else Decimal(payment["amount"]["value"])


def refundable(payment: Doc, sums: Moved) -> Decimal:
    """What may still go back: some methods allow more than was paid, for the cost of a return."""
    if payment["status"] != "paid":
        return Decimal(0)
    return paid(payment, sums) + Decimal(METHODS[payment["method"]].extra) - sums.refunded
