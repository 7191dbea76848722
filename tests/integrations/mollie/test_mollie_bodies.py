"""Every body that lies beside the contract is read. They are read where they lie; nothing of them is copied here."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mollie_double import MollieDouble, Said, running_double

from integrations.errors import IntegrationError, Misconfigured, Rejected, Throttled
from integrations.mollie import schemas
from integrations.mollie.answers import Absent, DuplicateRefund, NotNow, StillRunning
from integrations.mollie.client import Money
from integrations.mollie.state import derived_state
from integrations.mollie.webhook import verify

mollie = pytest.fixture(running_double)
BODIES = Path(__file__).resolve().parents[3].parent / "shared" / "contracts" / "mollie" / "bodies"
pytestmark = pytest.mark.skipif(not BODIES.exists(), reason="../shared is not here: Mollie's bodies are not read")
KINDS: dict[str, type[schemas._Resource]] = {
    "payment": schemas.Payment, "refund": schemas.Refund, "capture": schemas.Capture,
    "chargeback": schemas.Chargeback, "settlement": schemas.Settlement,
    "balance-transaction": schemas.BalanceTransaction, "webhook": schemas.Subscription, "event": schemas.Event,
}  # fmt: skip
ERRORS: list[tuple[str, type[IntegrationError]]] = [
    ("422 create-payment", Rejected), ("429 create-payment", Throttled), ("503 create-payment", NotNow),
    ("409 create-refund", DuplicateRefund), ("422 cancel-payment", Rejected), ("422 update-payment", Rejected),
    ("400 list-payments", Rejected), ("401 any", Misconfigured), ("404 get-payment", Absent),
    ("409 idempotency, first request still running", StillRunning),
]  # fmt: skip


def body(name: str) -> Any:
    return json.loads((BODIES / f"{name}.json").read_text(), parse_float=Decimal)


def things(found: Any) -> list[dict[str, Any]]:
    """The resources of a body: itself, or the items of its page."""
    if "resource" in found:
        return [found]
    (items,) = schemas.Page.model_validate(found).embedded.values()
    return list(items)


def test_every_body_is_read_as_what_it_says_it_is() -> None:
    read = 0
    for path in sorted(BODIES.glob("*.json")):
        if path.stem in ("index", "errors"):
            continue
        for thing in things(json.loads(path.read_text())):
            model = KINDS[thing["resource"]].model_validate(thing)
            assert model.id == thing["id"]
            assert model.link("self") is not None or "_links" not in thing
            read += 1

    assert read >= 13


def test_every_error_is_known(mollie: MollieDouble) -> None:
    errors = body("errors")
    assert errors.keys() == {name for name, _ in ERRORS}
    for name, kind in ERRORS:
        said = Said(errors[name]["status"], errors[name])
        mollie.faults.extend([said] * 4)

        with pytest.raises(IntegrationError) as caught:
            mollie.client().payment("tr_1")

        mollie.faults.clear()
        assert type(caught.value) is kind


def test_a_refund_leaves_its_payment_paid_and_is_told_all_the_same() -> None:
    found = schemas.Payment.model_validate(body("payment_ideal_paid_partially_refunded"))

    assert found.status == "paid"
    assert derived_state(found) == "partly_refunded"
    assert found.amount_remaining == Money(Decimal("69.05"), "EUR")


def test_a_settlement_adds_up() -> None:
    found = schemas.Settlement.model_validate(body("settlement"))
    periods = [period for months in found.periods.values() for period in months.values()]
    revenue = [line.amount_gross.value for period in periods for line in period.revenue]
    costs = [-line.amount_gross.value for period in periods for line in period.costs]

    assert sum(revenue + costs, Decimal(0)).quantize(Decimal("0.01")) == found.amount.value
    assert all(line.rate and line.rate.fixed for period in periods for line in period.costs)


def test_movements_add_up() -> None:
    movements = [schemas.BalanceTransaction.model_validate(each) for each in things(body("balance_transactions_list"))]

    assert [movement.is_whole for movement in movements] == [True, True]
    assert [movement.reference("refundId") is not None for movement in movements] == [True, False]


def test_an_event_is_read_as_it_is_delivered() -> None:
    raw = (BODIES / "webhook_event_full.json").read_bytes()
    digest = hmac.new(b"whs_test", raw, hashlib.sha256).hexdigest()

    event = verify(raw, {"X-Mollie-Signature": f"sha256={digest}"}, "whs_test")

    assert event.entity is not None
    assert event.entity_id == event.entity["id"]
