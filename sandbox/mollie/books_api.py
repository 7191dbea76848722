"""Routes of the organisation's books: settlements with their members, balances with their movements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from werkzeug import Response

from sandbox.mollie import ledger, lists, settlements, show
from sandbox.mollie.asking import Act, Ask, answer_of
from sandbox.mollie.errors import MollieError, unknown
from sandbox.mollie.identity import BALANCE_ID
from sandbox.mollie.lists import Wanted
from sandbox.mollie.reading import money
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

_SETTLEMENTS = Wanted("settlement", "settlements", "list-settlements", sortable=False,
                      filters=frozenset({"year", "month", "balanceId", "currencies"}))  # fmt: skip
_FIXED: dict[str, Callable[[Books, str], Doc]] = {
    settlements.OPEN: settlements.open_one,
    settlements.NEXT: settlements.next_one,
}


def list_settlements(ask: Ask) -> Response:
    """`year` and `month` only together."""
    ask.caller.must_be_organisation()
    where, values = ["true"], dict[str, Any]()
    year, month = ask.request.args.get("year"), ask.request.args.get("month")
    if (year is None) != (month is None):
        raise MollieError(400, "The year and month can only be used together", "month" if month is None else "year")
    if year is not None and month is not None:
        if not re.fullmatch(r"\d{4}", year) or not re.fullmatch(r"0?[1-9]|1[0-2]", month):
            raise MollieError(400, "The year or month is invalid", "year")
        where.append("doc->>'createdAt' LIKE %(month)s")
        values["month"] = f"{year}-{int(month):02}-%"
    if ask.request.args.get("balanceId") not in (None, "primary", BALANCE_ID):
        where.append("false")
    if "EUR" not in ask.request.args.get("currencies", "EUR").split(","):
        where.append("false")
    wanted = replace(_SETTLEMENTS, where=" AND ".join(where), parameters=values)
    return ask.page(wanted, lambda docs: [show.settlement(ask.base_url, doc) for doc in docs])


def get_settlement(ask: Ask) -> Response:
    """By id, or `open`, or `next`."""
    ask.caller.must_be_organisation()
    ask.query()
    return answer_of(show.settlement(ask.base_url, _settlement(ask, ask.ids[0])))


def members(name: str, show_all: Callable[[Ask, str, list[Doc]], list[dict[str, Any]]]) -> Act:
    """The list of a settlement's payments, refunds, chargebacks or captures."""

    def act(ask: Ask) -> Response:
        ask.caller.must_be_organisation()
        doc = _settlement(ask, ask.ids[0])
        wanted = Wanted(name.removesuffix("s"), name, f"list-settlement-{name}",
                        where="doc->>'settlementId' = %(settlement)s",
                        parameters={"settlement": doc.get("_id", doc["id"])})  # fmt: skip
        if doc["id"] == settlements.OPEN:
            wanted = replace(wanted, where="id = ANY(%(members)s)", parameters={"members": doc["_members"]})
        return ask.page(wanted, lambda docs: show_all(ask, name, docs))

    return act


def _settlement(ask: Ask, id_: str) -> Doc:
    if id_ in _FIXED:
        return _FIXED[id_](ask.books, ask.caller.mode)
    doc = ask.books.get("settlement", id_)
    if doc is None or not ask.caller.sees(doc):
        raise unknown("settlement", id_)
    return doc


def list_balances(ask: Ask) -> Response:
    """The one that there is."""
    ask.caller.must_be_organisation()
    ask.query("currency", "from", "limit")
    if ask.request.args.get("from") not in (None, BALANCE_ID):
        raise MollieError(400, "Invalid cursor value", "from")
    shown = [_balance(ask)] if ask.request.args.get("currency", "EUR") == "EUR" else []
    return answer_of(lists.whole(ask.base_url, ask.request, "balances", "list-balances", shown))


def get_balance(ask: Ask) -> Response:
    """By id, or `primary`."""
    ask.caller.must_be_organisation()
    ask.query()
    _check_balance(ask)
    return answer_of(_balance(ask))


def list_transactions(ask: Ask) -> Response:
    """Every movement, newest first."""
    ask.caller.must_be_organisation()
    _check_balance(ask)
    wanted = Wanted("transaction", "balance_transactions", "list-balance-transactions", sortable=False)
    return ask.page(wanted, lambda docs: [show.transaction(doc) for doc in docs])


def _check_balance(ask: Ask) -> None:
    if ask.ids[0] not in ("primary", BALANCE_ID):
        raise unknown("balance", ask.ids[0])


def _balance(ask: Ask) -> dict[str, Any]:
    first = ask.books.connection.execute(
        "SELECT doc->>'createdAt' FROM entity WHERE kind = 'transaction' AND mode = %s ORDER BY 1 LIMIT 1",
        (ask.caller.mode,),
    ).fetchone()
    return {
        "resource": "balance", "id": BALANCE_ID, "mode": ask.caller.mode, "createdAt": first[0] if first else None,
        "currency": "EUR", "description": "Primary balance", "status": "active", "transferFrequency": "daily",
        "transferThreshold": money(ledger.CENT, "EUR"), "transferReference": None,
        "transferDestination": {"type": "bank-account", "bankAccount": "NL02TEST0001200417",
                                "beneficiaryName": "iUsed B.V."},
        "availableAmount": money(ledger.available(ask.books, ask.caller.mode), "EUR"),
        "pendingAmount": money(ledger.CENT * 0, "EUR"),
        "_links": {"self": show.api_link(ask.base_url, f"balances/{BALANCE_ID}"),
                   "documentation": show.page_link("https://docs.mollie.com/reference/get-balance")},
    }  # fmt: skip
