"""No credential and nobody's name, mail or bank account reaches a log, an exception or a repr."""

from __future__ import annotations

import logging
import traceback
from decimal import Decimal
from typing import Any

import pytest
from mollie_double import KEY, MollieDouble, Said, money, payment, refusal, running_double

from integrations.errors import IntegrationError
from integrations.mollie.client import Money
from integrations.mollie.schemas import Payment

mollie = pytest.fixture(running_double)
ADDRESS = {"givenName": "Willemijn", "familyName": "van Oranje", "streetAndNumber": "Kalverstraat 1",
           "email": "w.oranje@example.nl", "phone": "+31612345678", "country": "NL"}  # fmt: skip
ACCOUNT = "NL17RABO0213698412"
SECRETS = [KEY, "Willemijn", "Oranje", "Kalverstraat", "oranje@example", "31612345678", ACCOUNT]
QUOTING = f"{KEY}: Willemijn van Oranje, w.oranje@example.nl, Kalverstraat 1, +31612345678, {ACCOUNT} is no customer"


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """All of ours, and of the libraries what they say in operation: httpcore's DEBUG quotes every header."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="integrations")


def seen(caplog: pytest.LogCaptureFixture, error: BaseException | None = None) -> str:
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    if error is None:
        return logged
    return logged + "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.mark.parametrize(
    "fault",
    [
        refusal(422, QUOTING, "billingAddress.email"), refusal(401, QUOTING), refusal(404, QUOTING),
        refusal(409, f"A duplicate refund has been detected: {QUOTING}"), refusal(503, QUOTING), refusal(500, QUOTING),
        Said(500, QUOTING.encode()), Said(200, QUOTING.encode()), Said(201, {"id": 7, "details": QUOTING}),
        Said(302, b"", {"Location": f"https://elsewhere.example/{KEY}"}), None,
    ],
)  # fmt: skip
def test_what_fails_tells_nobodys_data(mollie: MollieDouble, fault: Any, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    mollie.faults.extend([fault] * 4)
    client = mollie.client()

    with pytest.raises(IntegrationError) as caught:
        client.create_payment(
            Money(Decimal("10"), "EUR"), key="row-1", description="10042", redirect_url="https://shop.example",
            more={"billingAddress": ADDRESS, "lines": []},
        )  # fmt: skip

    text = seen(caplog, caught.value) + repr(client)
    assert [secret for secret in SECRETS if secret in text] == []
    assert "call failed" in text or "not as the contract says" in text


def test_the_rest_of_a_refusal_stays_readable(mollie: MollieDouble) -> None:
    mollie.faults.append(refusal(422, "Mail 'w.oranje@example.nl' of Willemijn is invalid", "billingAddress.email"))

    with pytest.raises(IntegrationError, match=r"Mail '\[hidden\]' of \[hidden\] is invalid"):
        mollie.client().create_payment(
            Money(Decimal("10"), "EUR"), key="row-1", description="x", redirect_url=None,
            more={"billingAddress": ADDRESS},
        )  # fmt: skip


def test_what_one_call_sent_hides_nothing_of_the_next(mollie: MollieDouble) -> None:
    client = mollie.client()
    mollie.says("POST", "payments", payment(), 201)
    more = {"billingAddress": {"givenName": "Payment"}}
    client.create_payment(Money(Decimal("1"), "EUR"), key="a", description="x", redirect_url=None, more=more)
    mollie.faults.append(refusal(404, "No Payment exists"))

    with pytest.raises(IntegrationError, match="No Payment exists"):
        client.payment("tr_1")


def test_a_good_answer_is_logged_without_what_it_holds(mollie: MollieDouble, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    details = {"consumerName": "Willemijn van Oranje", "consumerAccount": ACCOUNT}
    mollie.says("GET", "payments/tr_1", payment(details=details, metadata={"mail": ADDRESS["email"]}))

    found = mollie.client().payment("tr_1")

    assert found.details == details
    assert [secret for secret in SECRETS if secret in seen(caplog) + repr(found)] == []
    (record,) = [record for record in caplog.records if record.getMessage() == "call"]
    assert record.__dict__["path"] == "payments/tr_1"


@pytest.mark.parametrize(
    "changes", [{"details": f"Willemijn {ACCOUNT}"}, {"amount": {"value": "Willemijn", "currency": "EUR"}},
                {"createdAt": "Willemijn"}, {"amountRefunded": money(ACCOUNT)}],
)  # fmt: skip
def test_an_unexpected_body_is_named_by_its_fields_and_not_quoted(
    mollie: MollieDouble, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    mollie.says("GET", "payments/tr_1", payment(**changes))

    with pytest.raises(IntegrationError) as caught:
        mollie.client().payment("tr_1")

    text = seen(caplog, caught.value)
    assert [secret for secret in SECRETS if secret in text] == []
    assert next(iter(changes)) in str(caught.value)


def test_a_payment_shows_no_person_when_it_is_printed() -> None:
    body = payment(description="Willemijn", redirectUrl="https://shop.example/Willemijn", metadata="Willemijn")

    assert "Willemijn" not in repr(Payment.model_validate(body))
