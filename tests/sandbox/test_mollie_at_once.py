"""Many callers at once: the sandbox's Mollie pays back no cent too much, and settles everything once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from mollie_calls import BareMollie, euro

from sandbox.testing import MollieHandle

AT_ONCE = 8


def test_refunds_at_once_never_exceed_the_payment(mollie: BareMollie) -> None:
    payment = mollie.paid()
    path = f"payments/{payment['id']}/refunds"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda n: mollie.post(path, {"amount": euro(f"{3 + n / 100:.2f}")}), range(AT_ONCE)))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [422] * (AT_ONCE - 3)
    refunded = sum(Decimal(answer.json()["amount"]["value"]) for answer in answers if answer.status_code == 201)
    assert mollie.seen(payment["id"])["amountRefunded"] == euro(f"{refunded:.2f}")


def test_one_key_at_once_makes_one_refund(mollie: BareMollie) -> None:
    payment = mollie.paid()
    path = f"payments/{payment['id']}/refunds"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _n: mollie.post(path, {"amount": euro("3.00")}, key="row-1"), range(AT_ONCE)))

    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in made}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in made) == 1
    assert mollie.get(path).json()["count"] == 1


def test_a_payment_ends_once_however_many_people_end_it(mollie: BareMollie, handle: MollieHandle) -> None:
    address = mollie.payment()["_links"]["checkout"]["href"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = ["pay", "fail", "cancel", "expire"] * 2
        answers = list(pool.map(lambda outcome: mollie.http.post(address, data={"outcome": outcome}), outcomes))

    assert [answer.status_code for answer in answers].count(303) == 1


def test_trade_goes_on_while_it_is_settled(mollie: BareMollie, organisation: BareMollie, handle: MollieHandle) -> None:
    def trade(number: int) -> str:
        payment = mollie.paid(amount=euro(f"{20 + number}.00"))
        mollie.post(f"payments/{payment['id']}/refunds", {"amount": euro("5.00")}).raise_for_status()
        handle.act(payment["id"], "finish_refund")
        handle.act(payment["id"], "chargeback", amount="1.00")
        return str(payment["id"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        trades = [pool.submit(trade, number) for number in range(40)]
        settled = [handle.settle() for _ in range(12)]
        ids = [done.result(timeout=60) for done in trades]
    settled.append(handle.settle())

    def members(name: str) -> list[str]:
        lists = [organisation.get(f"settlements/{id_}/{name}", testmode="true", limit="250").json()
                 for id_ in settled if id_]  # fmt: skip
        return [item["id"] for body in lists for item in body["_embedded"][name]]

    assert sorted(members("payments")) == sorted(ids)
    for name in ("refunds", "chargebacks"):
        made = mollie.get(name, limit="250").json()["_embedded"][name]
        assert sorted(members(name)) == sorted(item["id"] for item in made)
        assert len(made) == 40
    moves = organisation.get("balances/primary/transactions", testmode="true", limit="250").json()["_embedded"]
    total = sum(Decimal(move["resultAmount"]["value"]) for move in moves["balance_transactions"])
    balance = organisation.get("balances/primary", testmode="true").json()
    assert total == Decimal(balance["availableAmount"]["value"]) == Decimal("2500.00")
