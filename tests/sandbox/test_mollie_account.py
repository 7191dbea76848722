"""What the sandbox's Mollie says of a profile and its methods, and that it can speak TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest
from mollie_calls import SHOP, BareMollie, bare_mollie

from sandbox.mollie.psp import Mollie
from sandbox.testing import MollieHandle, SandboxHandle, running_sandbox


def test_a_key_learns_its_profile(mollie: BareMollie, organisation: BareMollie, handle: MollieHandle) -> None:
    profile = mollie.get("profiles/me").json()

    assert (profile["id"], profile["name"], profile["mode"]) == (handle.profile_id(SHOP), "Refurbished Direct", "test")
    assert organisation.get("profiles/me").status_code == 403


def test_methods_that_are_on_and_take_the_amount(mollie: BareMollie) -> None:
    everything = mollie.get("methods").json()
    large = mollie.get("methods", **{"amount[value]": "60000.00", "amount[currency]": "EUR"}).json()
    dollars = mollie.get("methods", **{"amount[value]": "10.00", "amount[currency]": "USD"}, locale="en_US").json()

    ids = [[method["id"] for method in body["_embedded"]["methods"]] for body in (everything, large, dollars)]
    assert {"ideal", "creditcard", "bancontact", "klarna"} <= set(ids[0])
    assert everything["count"] == len(ids[0])
    assert set(ids[1]) == {"banktransfer", "billie"}
    assert set(ids[2]) == {"creditcard", "paypal", "applepay"}
    assert everything["_embedded"]["methods"][0]["maximumAmount"] == {"currency": "EUR", "value": "50000.00"}


@pytest.mark.parametrize(("query", "field"), [({"sequenceType": "twice"}, "sequenceType"), ({"locale": "nl"}, "locale"),
                                              ({"method": "ideal"}, "method")])  # fmt: skip
def test_questions_about_methods_that_cannot_be(mollie: BareMollie, query: dict[str, str], field: str) -> None:
    answer = mollie.get("methods", **query)

    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_tls_with_a_certificate_of_its_own(world: SandboxHandle, tmp_path: Path) -> None:
    certificate = tmp_path / "mollie.pem"
    with running_sandbox(world.mollie.mollie.storage.url, mollie_certificate=certificate) as secure:
        handle = secure.mollie
        assert handle.base_url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(verify=trusted, headers={"Authorization": f"Bearer {handle.key(SHOP)}"}) as http:
            made = http.post(f"{handle.base_url}/v2/payments", json={
                "amount": {"currency": "EUR", "value": "10.00"}, "description": "Order 1",
                "redirectUrl": "https://shop.example/",
            }).json()  # fmt: skip
            assert http.get(made["_links"]["checkout"]["href"]).status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(handle.base_url)


def test_books_outlive_the_process(mollie: BareMollie, handle: MollieHandle) -> None:
    """What was planned and what was to be told is there for the next one, and half-done work is not running."""
    payment = mollie.payment(method="ideal", webhookUrl="http://127.0.0.1:9/hook")
    with handle.mollie.storage.transaction() as books:
        books.connection.execute(
            """INSERT INTO idempotency (credential, key, request, first_at) VALUES (%s, 'left', 'x', now())""",
            (handle.key(SHOP),),
        )
    other = Mollie(handle.mollie.storage.url, "http://127.0.0.1:9", rate=1)
    try:
        other.advance(15 * 60 + 1)
    finally:
        other.close()

    with bare_mollie(handle, handle.key(SHOP)) as bare:
        assert bare.seen(payment["id"])["status"] == "expired"
        assert bare.post("payments", {}, key="left").status_code == 422
    assert [row["subject"] for row in handle.deliveries()] == [payment["id"]]
