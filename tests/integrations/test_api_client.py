"""The one way out, at the wire: what counts as an answer, what is repeated, and what is never shown."""

from __future__ import annotations

import gzip
import json
import logging
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integrations.breaker import InProcessBreaker, InProcessBudget
from integrations.errors import (
    CircuitOpen,
    IntegrationError,
    Misconfigured,
    Problem,
    Rejected,
    Throttled,
    Unavailable,
)  # fmt: skip
from integrations.http import Answer, ApiClient, Limits, checked_base_url, correlation_id, encode, retry_after

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
Script = list[Callable[[httpx.Request], httpx.Response] | httpx.Response | Exception]


class Wire:
    """Answers by script, the last one for ever; counts, and moves time only when somebody sleeps."""

    def __init__(self, *script: Callable[[httpx.Request], httpx.Response] | httpx.Response | Exception) -> None:
        self.script: Script = list(script)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.time = 100.0

    def clock(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else step(request)

    def client(self, **options: Any) -> ApiClient:
        defaults: dict[str, Any] = {
            "transport": httpx.MockTransport(self.handle),
            "clock": self.clock,
            "sleep": self.sleep,
            "uniform": lambda _low, high: high,
            "now": lambda: NOW,
        }
        return ApiClient("Paydesk", "https://paydesk.example/v2", **{**defaults, **options})


class Slow(httpx.SyncByteStream):
    """A body that comes in parts, each after a pause."""

    def __init__(self, wire: Wire, parts: list[bytes], *, pause_s: float = 0.0) -> None:
        self.wire, self.parts, self.pause_s = wire, parts, pause_s

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            self.wire.time += self.pause_s
            yield part


OK = httpx.Response(200, json={"fine": True})


def failure(client: ApiClient, **options: Any) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        client.call("GET", "payments/1", **options)
    return caught.value


def test_an_answer_carries_its_json_with_decimals() -> None:
    wire = Wire(httpx.Response(200, text='{"amount": 19.99}'))

    answer = wire.client().call("POST", "payments", body={"amount": Decimal("19.99")})

    assert answer.data == {"amount": Decimal("19.99")}
    assert wire.requests[0].content == b'{"amount":19.99}'
    assert str(wire.requests[0].url) == "https://paydesk.example/v2/payments"
    assert wire.requests[0].headers["accept"] == "application/json"


def test_an_empty_204_is_an_answer() -> None:
    assert Wire(httpx.Response(204)).client().call("DELETE", "payments/1").data is None


@pytest.mark.parametrize(
    ("step", "kind", "happened"),
    [
        (httpx.ConnectError("refused"), Unavailable, False),
        (httpx.ConnectTimeout("slow"), Unavailable, False),
        (httpx.PoolTimeout("full"), Unavailable, False),
        (httpx.ReadTimeout("silence"), Unavailable, True),
        (httpx.ReadError("reset"), Unavailable, True),
        (httpx.RemoteProtocolError("cut"), Unavailable, True),
        (httpx.Response(429), Throttled, False),
        (httpx.Response(500, json={}), Unavailable, True),
        (httpx.Response(503, text="maintenance"), Unavailable, True),
        (httpx.Response(200, text="<html>proxy</html>"), Unavailable, True),
        (httpx.Response(200, text='{"cut": [1, 2'), Unavailable, True),
        (httpx.Response(200, content=b'{"name": "caf\xe9"}'), Unavailable, True),
        (httpx.Response(200, content=b"[" * 200_000), Unavailable, True),
        (httpx.Response(200, content=b""), Unavailable, True),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), Misconfigured, False),
    ],
)
def test_what_is_no_answer_is_unavailable(step: Any, kind: type[Unavailable], happened: bool) -> None:
    error = failure(Wire(step).client())

    assert type(error) is kind
    assert isinstance(error, Unavailable)
    assert error.may_have_happened is happened
    assert "Paydesk" in str(error)


def test_another_4xx_is_a_refusal_and_is_not_repeated() -> None:
    wire = Wire(httpx.Response(422, json={"title": "no"}))

    error = failure(wire.client(), tries=5)

    assert isinstance(error, Rejected)
    assert error.status == 422
    assert len(wire.requests) == 1


def test_a_refusal_of_a_kind_of_its_own_stays_that_and_is_hidden() -> None:
    class Full(Rejected):
        """A kind that only one system knows."""

    def judge(answer: Answer) -> IntegrationError:
        return Full(answer.status, [Problem("full", "no room for s3cr3t-key", "")])

    error = failure(Wire(httpx.Response(409, json={})).client(judge=judge, secrets=("s3cr3t-key",)))

    assert type(error) is Full
    assert error.reason == "no room for [hidden]"


def test_redirects_are_not_followed_and_not_repeated() -> None:
    wire = Wire(httpx.Response(307, headers={"Location": "http://169.254.169.254/"}), OK)

    failure(wire.client(), tries=5)

    assert len(wire.requests) == 1


def test_a_call_is_repeated_only_when_the_caller_says_so() -> None:
    unsafe, safe = Wire(httpx.ReadTimeout("x"), OK), Wire(httpx.ReadTimeout("x"), OK)

    failure(unsafe.client())
    safe.client().call("GET", "payments/1", tries=2)

    assert (len(unsafe.requests), len(safe.requests)) == (1, 2)


@pytest.mark.parametrize("later", [httpx.ConnectError("refused"), httpx.Response(429)])
def test_a_repeat_that_surely_failed_does_not_undo_a_try_without_an_answer(later: Any) -> None:
    error = failure(Wire(httpx.ReadTimeout("x"), later).client(), tries=3)

    assert isinstance(error, Unavailable)
    assert error.may_have_happened


def test_pauses_are_drawn_under_a_doubling_ceiling() -> None:
    wire = Wire(httpx.Response(503))
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high / 2

    failure(wire.client(uniform=uniform, breaker=InProcessBreaker(failures=99)), tries=8)

    assert [high for _, high in drawn] == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]
    assert {low for low, _ in drawn} == {0}
    assert wire.slept == [high / 2 for _, high in drawn]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "1e9"}, 3600.0),
        ({"Retry-After": "inf"}, 3600.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
        ({"Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Tue, 24 Nov 2026 13:00:30 GMT", "Date": "Tue, 24 Nov 2026 13:00:00 GMT"}, 30.0),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(header: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(header), now=NOW) == seconds


def test_a_short_retry_after_is_waited_out() -> None:
    wire = Wire(httpx.Response(429, headers={"Retry-After": "7"}), OK)

    wire.client().call("GET", "payments/1", tries=2)

    assert sum(wire.slept) >= 7


def test_a_long_retry_after_goes_back_to_the_caller_and_nobody_calls_meanwhile() -> None:
    wire = Wire(httpx.Response(429, headers={"Retry-After": "600"}), OK)
    client = wire.client()

    first, second = failure(client, tries=5), failure(client, tries=5)
    during = len(wire.requests)
    wire.time += 601
    client.call("GET", "payments/1")

    assert isinstance(first, Throttled)
    assert first.retry_after_s == 600.0
    assert isinstance(second, Throttled)
    assert (during, len(wire.requests)) == (1, 2)


def test_a_budget_spreads_calls() -> None:
    wire = Wire(OK)
    client = wire.client(budget=InProcessBudget(interval_s=2, clock=wire.clock))

    for _ in range(3):
        client.call("GET", "payments/1")

    assert wire.slept == [2.0, 2.0]


def test_a_system_that_is_down_gets_one_probe_per_cooldown() -> None:
    wire = Wire(httpx.Response(500))
    client = wire.client(breaker=InProcessBreaker(failures=5, cooldown_s=15, clock=wire.clock))

    for _ in range(600):  # Ten minutes, one call a second.
        failure(client)
        wire.time += 1

    assert len(wire.requests) <= 5 + 600 / 15


def test_an_open_breaker_says_when_it_will_look_again_and_closes_after_a_good_probe() -> None:
    wire = Wire(*[httpx.ReadTimeout("x")] * 5, OK)
    breaker = InProcessBreaker(failures=5, cooldown_s=15, clock=wire.clock)
    client = wire.client(breaker=breaker)
    for _ in range(5):
        failure(client)

    refused = failure(client)
    states = [breaker.state]
    wire.time += 15
    states.append(breaker.state)
    client.call("GET", "payments/1")

    assert isinstance(refused, CircuitOpen)
    assert refused.retry_after_s == 15.0
    assert not refused.may_have_happened
    assert [*states, breaker.state] == ["open", "half-open", "closed"]


def test_refusals_and_throttling_do_not_open_the_breaker() -> None:
    wire = Wire(*[httpx.Response(429)] * 10, *[httpx.Response(404)] * 10, OK)
    client = wire.client()

    for _ in range(20):
        failure(client)

    assert client.call("GET", "payments/1").status == 200


def test_a_peer_that_drips_is_left_when_the_time_for_the_whole_call_is_over() -> None:
    wire = Wire(OK)
    body = Slow(wire, [b"x"] * 1000, pause_s=1.0)
    wire.script = [httpx.Response(200, stream=body)]

    error = failure(wire.client(limits=Limits(total_s=30)))

    assert isinstance(error, Unavailable)
    assert error.may_have_happened
    assert "30 s" in str(error)
    assert wire.time < 140


def test_a_body_has_a_largest_size() -> None:
    wire = Wire(OK)
    wire.script = [httpx.Response(200, stream=Slow(wire, [b"x" * 1000] * 50))]

    assert "10000 bytes" in str(failure(wire.client(limits=Limits(body_bytes=10_000))))


def test_a_packed_body_is_unpacked() -> None:
    wire = Wire(OK)
    packed = gzip.compress(json.dumps({"rows": ["a"] * 500}).encode())
    parts = [packed[:20], packed[20:]]
    wire.script = [httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Slow(wire, parts))]

    assert wire.client().call("GET", "rows").data == {"rows": ["a"] * 500}


@pytest.mark.parametrize(
    ("body", "packing", "words"),
    [
        (gzip.compress(b"0" * 50_000_000), "gzip", "more than 100000 bytes"),
        (gzip.compress(b'{"a": "b"}')[:-9], "gzip", "cut gzip"),
        (b"no gzip at all", "gzip", "broken gzip"),
        (b"{}", "br", "did not ask for"),
    ],
    ids=["bomb", "cut", "broken", "strange"],
)
def test_a_bomb_a_cut_body_and_a_strange_packing_are_no_answer(body: bytes, packing: str, words: str) -> None:
    wire = Wire(OK)
    wire.script = [httpx.Response(200, headers={"Content-Encoding": packing}, stream=Slow(wire, [body]))]

    error = failure(wire.client(limits=Limits(body_bytes=100_000)))

    assert isinstance(error, Unavailable)
    assert words in str(error)


@pytest.mark.parametrize(
    "url",
    ["ftp://x.example", "x.example", "", "https://", "file:///etc/passwd", "https://me:pw@x.example", "https://@x.example",
     "https://x.example/?a=1", "https://x.example/#a"],
)  # fmt: skip
def test_a_base_url_that_is_not_one_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="Paydesk: the base URL") as caught:
        checked_base_url("Paydesk", url)

    assert "pw" not in str(caught.value)


def test_a_base_url_may_have_a_path() -> None:
    assert checked_base_url("x", "http://127.0.0.1:8100/shop/") == "http://127.0.0.1:8100/shop/"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"a": {1, 2}}])
def test_what_is_not_json_is_not_sent(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode({"value": value})


def test_a_bomb_is_never_unpacked_as_a_whole() -> None:
    wire = Wire(OK)
    bomb = Slow(wire, [gzip.compress(b"0" * 50_000_000)])
    wire.script = [httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=bomb)]
    client = wire.client(limits=Limits(body_bytes=100_000))
    tracemalloc.start()

    failure(client)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 5_000_000


def test_a_call_is_logged_with_its_time_and_the_correlation_id_goes_along(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(OK)
    caplog.set_level(logging.INFO, logger="integrations")
    token = correlation_id.set("c0ffee")

    wire.client().call("GET", "payments/1?token=abc", headers={"Authorization": "Bearer abcdef123456"})
    correlation_id.reset(token)

    (record,) = caplog.records
    said = record.__dict__
    assert wire.requests[0].headers["x-correlation-id"] == "c0ffee"
    assert (said["system"], said["status"], said["path"]) == ("Paydesk", 200, "payments/1")
    assert (said["attempt"], said["correlation_id"]) == (1, "c0ffee")
    assert said["seconds"] >= 0


def everything(caplog: pytest.LogCaptureFixture, error: BaseException) -> str:
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    return logged + "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    "step",
    [
        httpx.LocalProtocolError("Illegal header value b'Bearer top.secret.token'"),
        httpx.ReadError("peer said s3cr3t-key"),
        httpx.Response(401, json={"detail": "Bearer top.secret.token is not s3cr3t-key"}),
        httpx.Response(500, text="s3cr3t-key"),
        httpx.Response(200, text="s3cr3t-key"),
    ],
)
def test_secrets_are_in_no_log_and_no_exception(step: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def tell(answer: Any) -> IntegrationError:
        return Rejected(answer.status, [Problem("1", str(answer.data), "")])

    client = Wire(step).client(secrets=("s3cr3t-key",), judge=tell)
    body, headers = {"client_secret": "s3cr3t-key"}, {"Authorization": "Bearer top.secret.token"}
    with pytest.raises(IntegrationError) as caught:
        client.call("POST", "refunds", body=body, headers=headers)

    seen = everything(caplog, caught.value) + repr(client)
    assert "s3cr3t-key" not in seen
    assert "top.secret" not in seen


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abc.def-ghi", "abc"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
        ("token eyJ0eXAi.eyJhdWQi.c2ln ends", "eyJ"),
        ('{"client_secret": "hush"}', "hush"),
        ("access_token=hush&x=1", "hush"),
    ],
)
def test_credentials_are_hidden_in_text(text: str, hidden: str) -> None:
    assert hidden not in Wire(OK).client().hide(text)


def test_plain_text_is_left_as_it_is() -> None:
    text = 'Basic settings: product "Apple iPhone" needs a tax. Missing token in "Authorization" header'

    assert Wire(OK).client().hide(text) == text
