"""Mollie's webhooks: classic calls are an id and nothing else; signed ones are proved on the bytes that came."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from integrations.mollie.webhook import ClassicCall, MollieEvent, Refused, read_classic, verify

SECRET = "whs_secret-of-the-subscription"
ENTITY = {"resource": "payment", "id": "tr_5B8c", "status": "paid"}


def delivery(**changes: Any) -> bytes:
    body = {"resource": "event", "id": "event_1", "type": "payment.paid", "entityId": "tr_5B8c",
            "createdAt": "2024-12-16T15:59:04.0Z", "_embedded": {"entity": ENTITY}}  # fmt: skip
    return json.dumps({**body, **changes}).encode()


def signature(raw: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def signed(raw: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Mollie-Signature": signature(raw, secret)}


# Classic


@pytest.mark.parametrize(
    ("raw", "call"),
    [
        (b"id=tr_5B8cwPMGnU6qLbRvo7qEZo", ClassicCall("payment", "tr_5B8cwPMGnU6qLbRvo7qEZo")),
        (b"id=ord_kEn1PlbGa", ClassicCall("order", "ord_kEn1PlbGa")),
        (b"id=pl_4Y0eZitmBnQ6IDoMqZQKh", ClassicCall("payment-link", "pl_4Y0eZitmBnQ6IDoMqZQKh")),
        (b"testByMollie=1&id=tr_7", ClassicCall("payment", "tr_7")),
        (b"id=tr%5F7", ClassicCall("payment", "tr_7")),
    ],
)
def test_a_classic_call_is_an_id_of_a_known_kind(raw: bytes, call: ClassicCall) -> None:
    assert read_classic(raw) == call


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"id=", b"id", b"id=tr_", b"id=re_4qqhO89gsT", b"id=stl_1", b"id=tr_1/../refunds", b"id=tr_1%0A",
        b"id=tr_1%00", b"id=tr_1+", b"id=TR_1", b"id=tr_%D9%A1", b"id=tr_1&id=tr_2", b'{"id":"tr_1"}', b"\xff\xfe",
        b"id=tr_" + b"x" * 61, b"id=tr_1&" + b"a=1&" * 30, b"id=tr_1&x=" + b"x" * 5000, b"ID=tr_1",
    ],
)  # fmt: skip
def test_what_is_no_id_of_a_known_kind_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        read_classic(raw)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_being_refused(raw: bytes) -> None:
    for read in (read_classic, lambda body: verify(body, signed(body), SECRET)):
        with pytest.raises(Refused):
            read(raw)


# Signed


def test_a_signed_delivery_is_an_event_with_a_snapshot() -> None:
    raw = delivery()

    assert verify(raw, signed(raw), SECRET) == MollieEvent(
        "event_1", "payment.paid", "tr_5B8c", datetime(2024, 12, 16, 15, 59, 4, tzinfo=UTC), ENTITY
    )


def test_an_event_shows_no_person_when_it_is_printed() -> None:
    raw = delivery(_embedded={"entity": {"id": "tr_1", "details": {"consumerName": "Willemijn"}}})

    event = verify(raw, signed(raw), SECRET)

    assert event.entity is not None
    assert "Willemijn" not in repr(event)


def test_a_simple_delivery_has_an_id_only() -> None:
    body = json.loads(delivery())
    del body["_embedded"]
    raw = json.dumps(body).encode()

    event = verify(raw, signed(raw), SECRET)

    assert (event.entity_id, event.entity) == ("tr_5B8c", None)


def test_an_event_without_an_entity_id_has_that_of_its_snapshot_or_none() -> None:
    embedded, bare = delivery(entityId=None), delivery(entityId=None, _embedded=None, type="hook.ping")

    assert verify(embedded, signed(embedded), SECRET).entity_id == "tr_5B8c"
    assert verify(bare, signed(bare), SECRET).entity_id is None


def test_the_vector_of_the_contract_holds() -> None:
    raw = b'{"resource":"event"}'
    digest = "555c27b7b0b7fa2904b9795f00815b2aa629967c0f6ecc40d748b78aa4763729"

    with pytest.raises(Refused, match="not an event"):  # It has no id: its signature is right, all the same.
        verify(raw, {"X-Mollie-Signature": f"sha256={digest}"}, "whs_test")
    with pytest.raises(Refused, match="signature"):
        verify(raw + b" ", {"X-Mollie-Signature": f"sha256={digest}"}, "whs_test")


OLD, NEW, OTHER = "whs_old", "whs_new", "whs_other"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Mollie-Signature": f"{signature(delivery(), OLD)},{signature(delivery(), NEW)}"},
        {"x-mollie-signature": f" {signature(delivery(), NEW)} , {signature(delivery(), OLD)} "},
        {"X-MOLLIE-SIGNATURE": signature(delivery(), NEW).upper().replace("SHA256", "sha256")},
        [("X-Mollie-Signature", signature(delivery(), OLD)), ("X-Mollie-Signature", signature(delivery(), NEW))],
        Headers(
            [("X-Mollie-Signature", signature(delivery(), OLD)), ("X-Mollie-Signature", signature(delivery(), NEW))]
        ),
        {"X-Mollie-Signature": f"v2=abc,,{signature(delivery(), NEW)}"},
    ],
    ids=["joined", "joined the other way", "upper case", "two headers", "two of werkzeug's", "with a newer scheme"],
)
def test_one_signature_of_several_is_enough(headers: Any) -> None:
    assert verify(delivery(), headers, NEW).event_id == "event_1"
    assert verify(delivery(), headers, [OTHER, NEW]).event_id == "event_1"
    with pytest.raises(Refused, match="signature"):
        verify(delivery(), headers, OTHER)


def test_while_a_secret_is_rotated_the_old_one_opens_and_afterwards_not() -> None:
    raw = delivery()

    assert verify(raw, signed(raw, OLD), [NEW, OLD]).event_id == "event_1"
    with pytest.raises(Refused, match="signature"):
        verify(raw, signed(raw, OLD), NEW)


@pytest.mark.parametrize(
    "given_",
    [
        "", "sha256=", signature(delivery())[:-1], signature(delivery()) + "0", signature(delivery(), OTHER),
        signature(delivery()).removeprefix("sha256="), signature(delivery()).replace("sha256", "md5"),
        "sha256=é" + "0" * 63, "sha256=" + "0" * 64, ",".join(["sha256=" + "0" * 64] * 100),
    ],
)  # fmt: skip
def test_another_signature_is_refused(given_: str) -> None:
    with pytest.raises(Refused, match="signature"):
        verify(delivery(), {"X-Mollie-Signature": given_}, SECRET)


def test_without_a_header_it_is_refused() -> None:
    with pytest.raises(Refused, match="signature"):
        verify(delivery(), {"X-Other": signature(delivery())}, SECRET)


@pytest.mark.parametrize("secrets", ["", [""], []])
def test_an_empty_secret_lets_nobody_in(secrets: str | list[str]) -> None:
    with pytest.raises(Refused, match="signature"):
        verify(delivery(), signed(delivery(), ""), secrets)


def test_the_signature_covers_the_bytes_and_not_their_meaning() -> None:
    raw = delivery()

    with pytest.raises(Refused, match="signature"):
        verify(json.dumps(json.loads(raw), indent=1).encode(), signed(raw), SECRET)


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"{}", b"not json", b"\xff", b"[" * 100_000, delivery(id=""), delivery(id=None),
     delivery(type=None), delivery(createdAt="soon"), delivery(_embedded={"entity": "tr_1"})],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="not an event"):
        verify(raw, signed(raw), SECRET)


def test_an_event_that_is_new_at_mollie_is_read() -> None:
    raw = delivery(type="payment.quarantined", entityId="xyz_1", novel=[1])

    assert verify(raw, signed(raw), SECRET).event == "payment.quarantined"
