"""Deliveries of a shop's app: the sender is proved on the bytes that came."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.shopware.webhook import SIGNATURE, Refused, ShopwareEvent, verify

SECRET = "secret-of-the-app"
SENT = 1_700_000_000
NOW = datetime.fromtimestamp(SENT + 2, UTC)
# As PHP writes it: slashes and non-ASCII escaped.
RAW = (
    b'{"data":{"payload":[{"entity":"product","operation":"update","primaryKey":"7b04","updatedFields":["stock"]}],'
    b'"event":"product.written"},"source":{"url":"https:\\/\\/shop.example\\/caf\\u00e9","eventId":"c4f0",'
    b'"shopId":"dgrH7n","appVersion":"1.0.0"},"timestamp":1700000000}'
)
VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "contracts" / "shopware" / "hmac-vectors.json"


def signed(raw: bytes, secret: str = SECRET) -> dict[str, str]:
    return {SIGNATURE: hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


def delivery(**changes: Any) -> bytes:
    body = {"data": {"payload": [], "event": "x"}, "source": {"eventId": "e1"}, "timestamp": SENT}
    return json.dumps({**body, **changes}).encode()


def test_a_signed_delivery_is_an_event() -> None:
    event = verify(RAW, signed(RAW), SECRET, NOW)

    assert event == ShopwareEvent(
        event="product.written",
        event_id="c4f0",
        shop_id="dgrH7n",
        timestamp=SENT,
        payload=[{"entity": "product", "operation": "update", "primaryKey": "7b04", "updatedFields": ["stock"]}],
    )


def test_the_signature_covers_the_bytes_and_not_their_meaning() -> None:
    rewritten = json.dumps(json.loads(RAW)).encode()

    with pytest.raises(Refused, match="signature"):
        verify(rewritten, signed(RAW), SECRET, NOW)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "0" * 64,
        signed(RAW)[SIGNATURE][:-1],
        signed(RAW)[SIGNATURE].upper(),
        "é" * 64,
        signed(RAW, "other")[SIGNATURE],
    ],
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(Refused, match="signature"):
        verify(RAW, {SIGNATURE: signature}, SECRET, NOW)


def test_a_delivery_without_a_signature_is_refused() -> None:
    with pytest.raises(Refused, match="signature"):
        verify(RAW, {}, SECRET, NOW)


def test_a_byte_more_or_less_is_refused() -> None:
    for changed in (RAW + b" ", RAW[:-1], RAW.replace(b"update", b"delete")):
        with pytest.raises(Refused, match="signature"):
            verify(changed, signed(RAW), SECRET, NOW)


def test_during_a_rotation_the_old_and_the_new_secret_count_and_afterwards_only_the_new() -> None:
    old = signed(RAW, "old")

    assert verify(RAW, old, ["new", "old"], NOW).event_id == "c4f0"
    assert verify(RAW, signed(RAW, "new"), ["new", "old"], NOW).event_id == "c4f0"
    with pytest.raises(Refused, match="signature"):
        verify(RAW, old, ["new"], NOW)


@pytest.mark.parametrize("secrets", ["", [""], []])
def test_an_empty_secret_lets_nobody_in(secrets: str | list[str]) -> None:
    with pytest.raises(Refused, match="signature"):
        verify(RAW, signed(RAW, ""), secrets, NOW)


def test_the_case_of_a_header_name_does_not_matter() -> None:
    headers = {"Shopware-Shop-Signature": signed(RAW)[SIGNATURE]}

    assert verify(RAW, headers, SECRET, NOW).event == "product.written"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_delivery_and_one_from_the_future_are_refused(seconds: int) -> None:
    at = datetime.fromtimestamp(SENT, UTC) + timedelta(seconds=seconds)

    with pytest.raises(Refused, match="too old or from the future"):
        verify(RAW, signed(RAW), SECRET, at)

    assert verify(RAW, signed(RAW), SECRET, at, tolerance_s=301).timestamp == SENT


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ([{"a": 1}], [{"a": 1}]),
        ({"10": "c", "2": "b", "0": "a"}, ["a", "b", "c"]),
        ({"order": {"id": "1"}}, [{"order": {"id": "1"}}]),
        ([], []),
        ({}, []),
        (None, []),
    ],
)
def test_a_payload_is_a_list_whatever_php_made_of_it(payload: object, expected: list[Any]) -> None:
    raw = delivery(data={"event": "order.written", "payload": payload})

    assert verify(raw, signed(raw), SECRET, NOW).payload == expected


def test_a_life_cycle_event_without_an_id_gets_one_from_its_body() -> None:
    raw = delivery(source={"url": "https://shop.example"}, data={"payload": [], "event": "app.deleted"})

    event = verify(raw, signed(raw), SECRET, NOW)

    assert event.event_id == verify(raw, signed(raw), SECRET, NOW).event_id
    assert event.event_id.startswith("sha256:")
    assert event.shop_id is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"not json", b"[]", b"null", b"{}", b"\xff\xfe\xfa", b"[" * 100_000,
        delivery(timestamp="soon"), delivery(timestamp=None), delivery(data=None), delivery(data={"payload": []}),
        delivery(source=None), b'{"data":{"event":"x"},"source":{},"timestamp":Infinity}',
        b'{"data":{"event":"x"},"source":{},"timestamp":NaN}',
    ],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="not an event"):
        verify(raw, signed(raw), SECRET, NOW)


def test_the_published_vectors_hold() -> None:
    if not VECTORS.exists():
        pytest.skip("the published vectors are not beside the repository")
    vectors = json.loads(VECTORS.read_text())["vectors"]
    at = datetime.fromtimestamp(1, UTC)

    for vector in vectors:
        raw, headers = vector["message"].encode(), {SIGNATURE: vector["hex"]}
        if raw.startswith(b"{"):
            assert verify(raw, headers, vector["secret"], at).event == "app.deleted"
            continue
        with pytest.raises(Refused, match="not an event"):  # A query string: its signature is right, all the same.
            verify(raw, headers, vector["secret"], at)
        with pytest.raises(Refused, match="signature"):
            verify(raw + b"!", headers, vector["secret"], at)

    assert len(vectors) >= 5
