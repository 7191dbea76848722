"""Settlements: what Mollie pays out, once a day, with everything that is in it and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.mollie import ledger
from sandbox.mollie.identity import BALANCE_ID, CUSTOMER_NUMBER, derived
from sandbox.mollie.methods import METHODS
from sandbox.mollie.reading import money
from sandbox.mollie.storage import Books, moment_of, stamp
from sandbox.storage import Doc

EVERY, AT_THE_BANK_AFTER, PAID_OUT_AFTER = timedelta(days=1), timedelta(hours=1), timedelta(hours=4)
OPEN, NEXT = "open", "next"
_UNSETTLED = "kind = 'transaction' AND mode = %s AND NOT doc ? 'settlementId' AND doc->>'_member' IS NOT NULL"
_WORDS = {"refund": "Refunds", "returned-refund": "Returned refunds", "chargeback": "Chargebacks",
          "chargeback-reversal": "Reversed chargebacks"}  # fmt: skip
_GROUPS = {"refund": "refund", "returned-refund": "refund", "chargeback": "chargeback",
           "chargeback-reversal": "chargeback"}  # fmt: skip


def settle_daily(books: Books, mode: str) -> None:
    """Today's, and tomorrow again."""
    settle(books, mode)
    books.later("settle", mode, EVERY)


def settle(books: Books, mode: str) -> Doc | None:
    """Take all that moved until now, and no other has; None when that would pay nothing out."""
    rows = books.connection.execute(
        f"SELECT doc FROM entity WHERE {_UNSETTLED} AND doc->>'createdAt' <= %s ORDER BY auto FOR UPDATE",
        (mode, stamp(books.now)),
    ).fetchall()
    moves = [doc for (doc,) in rows]
    total = _total(moves)
    if total <= 0:
        return None
    members = _members(moves)
    _lock(books, members)
    doc = books.add("settlement", {
        "mode": mode, "reference": _reference(books, mode), "status": "pending", "amount": money(total, "EUR"),
        "balanceId": BALANCE_ID, "_periods": periods(moves), "_invoice": "inv_" + derived(stamp(books.now), length=10),
    })  # fmt: skip
    _take(books, [move["id"] for move in moves], doc["id"])
    _take(books, members, doc["id"])
    ledger.enter(books, mode, "outgoing-transfer", -total, context={"settlementId": doc["id"]}, settlement=doc["id"])
    books.later("payout", doc["id"], AT_THE_BANK_AFTER)
    return doc


def pay_out(books: Books, id_: str) -> None:
    """The next step of a settlement on its way to the bank."""
    doc = books.get("settlement", id_, lock=True)
    if doc is None or doc["status"] == "paidout":
        return
    if doc["status"] == "pending":
        doc["status"] = "processing-at-bank"
        books.later("payout", id_, PAID_OUT_AFTER - AT_THE_BANK_AFTER)
    else:
        doc["status"], doc["settledAt"] = "paidout", stamp(books.now)
    books.save(doc)


def settle_now(books: Books, mode: str) -> Doc | None:
    """The same, with the money at the bank at once."""
    doc = settle(books, mode)
    if doc is not None:
        doc |= {"status": "paidout", "settledAt": stamp(books.now)}
        books.save(doc)
    return doc


def open_one(books: Books, mode: str) -> Doc:
    """What no settlement has taken yet, as if it were one."""
    rows = books.connection.execute(f"SELECT doc FROM entity WHERE {_UNSETTLED} ORDER BY auto", (mode,))
    moves = [doc for (doc,) in rows.fetchall()]
    return {"id": OPEN, "mode": mode, "reference": None, "status": "open", "amount": money(_total(moves), "EUR"),
            "balanceId": BALANCE_ID, "_periods": periods(moves), "_invoice": None,
            "_members": _members(moves)}  # fmt: skip


def next_one(books: Books, mode: str) -> Doc:
    """What is on its way to the bank; an empty one when nothing is."""
    row = books.connection.execute(
        """SELECT doc FROM entity WHERE kind = 'settlement' AND mode = %s AND doc->>'status' <> 'paidout'
           ORDER BY auto LIMIT 1""",
        (mode,),
    ).fetchone()
    if row is not None:
        return {**row[0], "id": NEXT, "_id": row[0]["id"]}
    return {"id": NEXT, "mode": mode, "reference": None, "status": "pending", "amount": money(Decimal(0), "EUR"),
            "balanceId": BALANCE_ID, "_periods": {}, "_invoice": None}  # fmt: skip


def periods(moves: Iterable[Doc]) -> dict[str, dict[str, Any]]:
    """Revenue and costs by year, month and method, with four decimals."""
    months: dict[tuple[str, str], list[Doc]] = {}
    for move in moves:
        moment = moment_of(move["createdAt"])
        months.setdefault((f"{moment:%Y}", f"{moment:%m}"), []).append(move)
    result: dict[str, dict[str, Any]] = {}
    for (year, month), of_month in sorted(months.items()):
        result.setdefault(year, {})[month] = {"revenue": _revenue(of_month), "costs": _costs(of_month)}
    return result


def _revenue(moves: list[Doc]) -> list[dict[str, Any]]:
    rows = []
    for (kind, method), group in _grouped(moves).items():
        total = money(sum((Decimal(move["initialAmount"]["value"]) for move in group), Decimal(0)), "EUR", 4)
        rows.append({"description": _description(kind, method), "method": _GROUPS.get(kind, method),
                     "count": len(group), "amountNet": total, "amountVat": None, "amountGross": total})  # fmt: skip
    return rows


def _costs(moves: list[Doc]) -> list[dict[str, Any]]:
    rows = []
    for (kind, method), group in _grouped(moves).items():
        net, vat, gross = (
            sum((Decimal(move["_fee"][place]) for move in group), Decimal(0)) for place in range(3)
        )  # fmt: skip
        if gross:
            rows.append({
                "description": _description(kind, method), "method": _GROUPS.get(kind, method), "count": len(group),
                "rate": _rate(kind, method), "amountNet": money(net, "EUR", 4), "amountVat": money(vat, "EUR", 4),
                "amountGross": money(gross, "EUR", 4),
            })  # fmt: skip
    return rows


def _grouped(moves: list[Doc]) -> dict[tuple[str, str], list[Doc]]:
    """By what it is, and of which method: captures are revenue as payments are."""
    groups: dict[tuple[str, str], list[Doc]] = {}
    for move in moves:
        kind = "payment" if move["type"] == "capture" else move["type"]
        groups.setdefault((kind, move["_method"]), []).append(move)
    return groups


def _description(kind: str, method: str) -> str:
    return f"{_WORDS[kind]} {METHODS[method].name}" if kind in _WORDS else METHODS[method].name


def _rate(kind: str, method: str) -> dict[str, Any]:
    if kind in _WORDS:
        return {"fixed": money(ledger.REFUND_FEE, "EUR", 4), "percentage": None}
    rate = METHODS[method]
    percentage = None if rate.percent == "0" else rate.percent
    return {"fixed": money(Decimal(rate.fixed), "EUR", 4), "percentage": percentage}


def _members(moves: Iterable[Doc]) -> list[str]:
    """The things that a settlement has in it: what came and went again within it is in none."""
    sums: dict[str, Decimal] = {}
    for move in moves:
        sums[move["_member"]] = sums.get(move["_member"], Decimal(0)) + Decimal(move["initialAmount"]["value"])
    return [member for member, total in sums.items() if total]


def _lock(books: Books, members: list[str]) -> None:
    """The payments of what is settled, before its parts, as all others lock them."""
    books.connection.execute(
        """SELECT 1 FROM entity WHERE kind = 'payment' AND id IN
             (SELECT coalesce(parent, id) FROM entity WHERE id = ANY(%s)) ORDER BY id FOR UPDATE""",
        (members,),
    )


def _take(books: Books, ids: list[str], settlement_id: str) -> None:
    """Mark as settled; what an earlier settlement has stays that one's."""
    books.connection.execute(
        """UPDATE entity SET doc = doc || jsonb_build_object('settlementId', %s::text)
           WHERE id = ANY(%s) AND NOT doc ? 'settlementId'""",
        (settlement_id, ids),
    )


def _total(moves: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(move["resultAmount"]["value"]) for move in moves), Decimal(0))


def _reference(books: Books, mode: str) -> str:
    """`1200417.2611.03`: the third of November 2026."""
    month = f"{CUSTOMER_NUMBER}.{books.now:%y%m}."
    row = books.connection.execute(
        "SELECT count(*) FROM entity WHERE kind = 'settlement' AND mode = %s AND doc->>'reference' LIKE %s",
        (mode, month + "%"),
    ).fetchone()
    return f"{month}{(row[0] if row else 0) + 1:02}"
