"""The books of the sandbox's Mollie: every movement of the balance, and what is paid out with what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from mollie_calls import OTHER_SHOP, SHOP, BareMollie, bare_mollie, euro

from sandbox.testing import MollieHandle

DAY = 24 * 3600
OPENING = Decimal("2500.00")


class Books:
    """The organisation's view of the test mode."""

    def __init__(self, organisation: BareMollie) -> None:
        self.organisation = organisation

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.organisation.get(path, testmode="true", **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def members(self, settlement: str, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"settlements/{settlement}/{name}")["_embedded"][name]
        return found

    def moves(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("balances/primary/transactions", limit="250")["_embedded"][
            "balance_transactions"
        ]
        return found

    def available(self) -> Decimal:
        return Decimal(self.get("balances/primary")["availableAmount"]["value"])


@pytest.fixture
def books(organisation: BareMollie) -> Books:
    return Books(organisation)


@pytest.fixture
def other(handle: MollieHandle) -> Iterator[BareMollie]:
    """The other shop's profile."""
    with bare_mollie(handle, handle.key(OTHER_SHOP)) as bare:
        yield bare


def value(thing: dict[str, Any], name: str = "amount") -> Decimal:
    return Decimal(thing[name]["value"])


def a_days_trade(mollie: BareMollie, other: BareMollie, handle: MollieHandle) -> None:
    """Payments of both shops, a capture, a refund that arrives, one that fails, a chargeback, one that is reversed."""
    paid = [mollie.paid(amount=euro("100.00")), other.paid(amount=euro("60.00"), method="bancontact"),
            mollie.paid(amount=euro("33.33"), method="creditcard"), other.paid(amount=euro("20.00"))]  # fmt: skip
    held = mollie.payment(amount=euro("80.00"), method="creditcard", captureMode="manual")
    handle.act(held["id"], "pay")
    mollie.post(f"payments/{held['id']}/captures", {"amount": euro("50.00")})
    for payment, sum_ in ((paid[0], "12.50"), (paid[2], "3.33")):
        mollie.post(f"payments/{payment['id']}/refunds", {"amount": euro(sum_)})
    handle.advance(3 * 3600)
    handle.act(paid[2]["id"], "fail_refund")
    handle.act(paid[0]["id"], "chargeback", amount="7.00")
    other.handle.act(paid[3]["id"], "chargeback")
    other.handle.act(paid[3]["id"], "reverse")


def test_members_less_costs_are_the_amount(
    mollie: BareMollie, other: BareMollie, books: Books, handle: MollieHandle
) -> None:
    a_days_trade(mollie, other, handle)

    handle.advance(DAY)

    (settlement,) = books.get("settlements")["_embedded"]["settlements"]
    id_ = settlement["id"]
    members = {name: books.members(id_, name) for name in ("payments", "captures", "refunds", "chargebacks")}
    assert {name: len(found) for name, found in members.items()} == {
        "payments": 4, "captures": 1, "refunds": 1, "chargebacks": 1,
    }  # fmt: skip
    gross = sum(value(item, "settlementAmount") for found in members.values() for item in found)
    costs = sum(
        Decimal(cost["amountGross"]["value"])
        for year in settlement["periods"].values() for month in year.values() for cost in month["costs"]
    )  # fmt: skip
    revenue = sum(
        Decimal(row["amountGross"]["value"])
        for year in settlement["periods"].values() for month in year.values() for row in month["revenue"]
    )  # fmt: skip
    assert value(settlement) == gross - costs == revenue - costs
    assert costs > 0
    assert all(item["settlementId"] == id_ for found in members.values() for item in found)
    assert mollie.seen(members["payments"][-1]["id"])["_links"]["settlement"]["href"].endswith(id_)


def test_costs_have_their_vat_and_add_up_by_method(mollie: BareMollie, books: Books, handle: MollieHandle) -> None:
    for _ in range(3):
        mollie.paid(amount=euro("100.00"), method="creditcard")
    handle.settle()

    (settlement,) = books.get("settlements")["_embedded"]["settlements"]
    (year,) = settlement["periods"].values()
    (month,) = year.values()
    (cost,) = month["costs"]
    (revenue,) = month["revenue"]

    # 0.25 and 1.80 % of 100.00 is 2.05; with 21 % VAT 2.48 in whole cents.
    assert (cost["method"], cost["count"], cost["rate"]["percentage"]) == ("creditcard", 3, "1.80")
    assert cost["rate"]["fixed"]["value"] == "0.2500"
    assert [cost[name]["value"] for name in ("amountNet", "amountVat", "amountGross")] == ["6.1500", "1.2900", "7.4400"]
    assert (revenue["count"], revenue["amountGross"]["value"], revenue["amountVat"]) == (3, "300.0000", None)
    assert settlement["amount"]["value"] == "292.56"


def test_every_movement_adds_up_to_the_balance(
    mollie: BareMollie, other: BareMollie, books: Books, handle: MollieHandle
) -> None:
    assert books.available() == OPENING
    a_days_trade(mollie, other, handle)

    for _ in range(2):
        moves = books.moves()
        for move in moves:
            deductions = value(move, "deductions") if move["deductions"] else Decimal(0)
            assert deductions <= 0
            assert value(move, "resultAmount") == value(move, "initialAmount") + deductions
        assert sum(value(move, "resultAmount") for move in moves) == books.available()
        handle.settle()

    assert books.available() == OPENING
    assert {move["type"] for move in moves} == {
        "topup", "payment", "capture", "refund", "returned-refund", "chargeback", "chargeback-reversal",
        "outgoing-transfer",
    }  # fmt: skip
    refund = next(move for move in moves if move["type"] == "refund")
    assert set(refund["context"]) == {"paymentId", "refundId"}
    assert refund["deductionDetails"]["fees"] == refund["deductions"]


def test_a_settlement_goes_to_the_bank_by_itself(mollie: BareMollie, books: Books, handle: MollieHandle) -> None:
    assert value(books.get("settlements/open")) == value(books.get("settlements/next")) == 0
    mollie.paid(amount=euro("100.00"))
    opened = books.get("settlements/open")
    (payment,) = books.members("open", "payments")
    assert (opened["status"], value(opened)) == ("open", Decimal("99.61"))
    assert "settledAt" not in opened

    handle.advance(DAY)
    coming = books.get("settlements/next")
    assert (coming["status"], coming["amount"]) == ("pending", opened["amount"])
    assert [item["id"] for item in books.members("next", "payments")] == [payment["id"]]
    assert value(books.get("settlements/open")) == 0
    assert books.members("open", "payments") == []
    handle.advance(2 * 3600)
    (settlement,) = books.get("settlements")["_embedded"]["settlements"]
    assert settlement["status"] == "processing-at-bank"
    handle.advance(3 * 3600)

    done = books.get(f"settlements/{settlement['id']}")
    assert (done["status"], done["reference"]) == ("paidout", settlement["reference"])
    assert done["settledAt"] > done["createdAt"]
    handle.advance(DAY)
    assert books.get("settlements")["count"] == 1  # Nothing moved, nothing is settled.


def test_a_refund_after_its_payment_was_settled_is_in_the_next_one(
    mollie: BareMollie, books: Books, handle: MollieHandle
) -> None:
    payment = mollie.paid(amount=euro("100.00"))
    first = handle.settle()
    mollie.post(f"payments/{payment['id']}/refunds", {"amount": euro("40.00")})
    handle.act(payment["id"], "finish_refund")
    assert handle.settle() is None  # It would pay nothing out.
    mollie.paid(amount=euro("100.00"))

    second = httpx.post(f"{handle.base_url}/settle", json={"mode": "test"}).json()["settlement"]

    assert first is not None
    assert [item["id"] for item in books.members(first, "payments")] == [payment["id"]]
    assert books.members(first, "refunds") == []
    assert [value(item) for item in books.members(second, "refunds")] == [Decimal("40.00")]
    assert value(books.get(f"settlements/{second}")) == Decimal("99.61") - Decimal("40.30")
    references = [item["reference"] for item in books.get("settlements")["_embedded"]["settlements"]]
    assert [reference.rpartition(".")[2] for reference in references] == ["02", "01"]


def test_settlements_of_a_month(mollie: BareMollie, books: Books, handle: MollieHandle) -> None:
    mollie.paid()
    id_ = handle.settle()
    created = books.get(f"settlements/{id_}")["createdAt"]
    year, month = created[:4], created[5:7]

    assert books.get("settlements", year=year, month=month)["count"] == 1
    assert books.get("settlements", year=year, month=str(int(month)))["count"] == 1
    assert books.get("settlements", year="2020", month=month)["count"] == 0
    assert books.get("settlements", currencies="GBP")["count"] == 0
    for wrong in ({"year": year}, {"month": month}, {"year": year, "month": "13"}):
        assert books.organisation.get("settlements", testmode="true", **wrong).status_code == 400
    assert books.organisation.get("settlements").json()["count"] == 0  # Of the live mode.


def test_the_books_are_the_organisations_alone(mollie: BareMollie, books: Books, handle: MollieHandle) -> None:
    mollie.paid()
    id_ = handle.settle()

    for path in ("settlements", "settlements/open", f"settlements/{id_}", f"settlements/{id_}/payments", "balances",
                 "balances/primary", "balances/primary/transactions", "webhooks", "events/event_1"):  # fmt: skip
        assert mollie.get(path).status_code == 403
    for path in ("settlements/stl_none", "settlements/stl_none/payments", "balances/bal_none", f"settlements/{SHOP}"):
        assert books.organisation.get(path, testmode="true").status_code == 404


def test_lists_of_balances_and_pages_of_movements(mollie: BareMollie, books: Books) -> None:
    for _ in range(5):
        mollie.paid()
    (balance,) = books.get("balances")["_embedded"]["balances"]

    first = books.get(f"balances/{balance['id']}/transactions", limit="4")
    second = books.organisation.http.get(first["_links"]["next"]["href"]).json()

    ids = [move["id"] for page in (first, second) for move in page["_embedded"]["balance_transactions"]]
    assert len(set(ids)) == 6
    assert second["_links"]["next"] is None
    assert {move["resource"] for move in first["_embedded"]["balance_transactions"]} == {"balance-transaction"}
    assert books.organisation.get("balances", testmode="true", **{"from": "bal_none"}).status_code == 400
