"""The one way out: every call to every system goes through `ApiClient`."""

from __future__ import annotations

import json
import logging
import random
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from integrations.breaker import Breaker, InProcessBreaker, InProcessBudget, RateBudget
from integrations.errors import CircuitOpen, IntegrationError, Misconfigured, Problem, Rejected, Throttled, Unavailable
from integrations.wire import DeadlineTransport, deadline

log = logging.getLogger(__name__)
RETRY_AFTER_CAP_S = 3600.0
correlation_id: ContextVar[str] = ContextVar("integrations_correlation_id", default="")  # Sent along when set.
_CORRELATION_HEADER = "X-Correlation-Id"
_HIDDEN = "[hidden]"
_TOKENS = re.compile(
    r"(?i)\bbearer\s+[\w.~+/=-]{6,}|\bbasic\s+[a-z0-9+/=]{16,}"
    r"|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"
    r"|(?<=secret)[\"']?\s*[:=]\s*[\"']?[^\s\"',}&]+|(?<=token)[\"']?\s*[:=]\s*[\"']?[^\s\"',}&]+"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes of one try. `total_s` ends a call whose peer drips; `body_bytes` counts unpacked bytes."""

    connect_s: float = 5.0
    read_s: float = 120.0
    write_s: float = 60.0
    pool_s: float = 10.0
    total_s: float = 180.0
    body_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between tries: full jitter under a doubling ceiling, never sooner than the system asked.

    A wait over `patience_s` is not sat out here: the error goes to the caller, whose queue waits without a worker.
    No try starts later than `within_s` after the first.
    """

    first_s: float = 0.5
    cap_s: float = 20.0
    patience_s: float = 30.0
    within_s: float = 180.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is the body as JSON, with Decimal for fractions; None when it is empty or `readable` is False."""

    status: int
    headers: Mapping[str, str]
    data: Any
    readable: bool
    retry_after_s: float | None


Judge = Callable[[Answer], IntegrationError | None]


def judge_by_status(answer: Answer) -> IntegrationError | None:
    """What an answer of 400 and above means when the system says no more than its status."""
    if answer.status == 429:
        return Throttled("asks for fewer calls (429)", retry_after_s=answer.retry_after_s)
    if answer.status >= 500:
        text = f"answered {answer.status}"
        return Unavailable(text, retry_after_s=answer.retry_after_s, may_have_happened=True)
    return Rejected(answer.status, [Problem(str(answer.status), f"answered {answer.status}", "")])


@dataclass(slots=True)
class ApiClient:
    """Calls one system. `judge` turns its answers of 400 and above into errors; `secrets` are hidden everywhere.

    Clock, sleep and chance are injected so that tests wait for nothing.
    """

    system: str
    base_url: str
    limits: Limits = field(default_factory=Limits)
    transport: httpx.BaseTransport | None = None
    judge: Judge = judge_by_status
    secrets: tuple[str, ...] = field(default=(), repr=False)
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    breaker: Breaker | None = None
    budget: RateBudget | None = None
    _breaker: Breaker = field(init=False, repr=False)
    _budget: RateBudget = field(init=False, repr=False)
    _client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._breaker = self.breaker or InProcessBreaker(clock=self.clock)
        self._budget = self.budget or InProcessBudget(clock=self.clock)
        limits = self.limits
        self._client = httpx.Client(
            base_url=checked_base_url(self.system, self.base_url),
            timeout=httpx.Timeout(
                connect=limits.connect_s, read=limits.read_s, write=limits.write_s, pool=limits.pool_s
            ),
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "iused-back-office"},
            follow_redirects=False,
            trust_env=False,  # No .netrc: it would add credentials that we did not choose.
            transport=self.transport or DeadlineTransport(),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def call(self, method: str, path: str, *, body: object | None = None, headers: Mapping[str, str] | None = None,
             tries: int = 1) -> Answer:  # fmt: skip
        """One request, and with `tries` above 1 the same again on a passing Unavailable: say that only when it is safe.

        `path` is relative to the base URL. Raises Unavailable, Rejected, or what else `judge` returns.
        """
        content = None if body is None else encode(body)
        started = self.clock()
        attempt, unsure = 1, False
        while True:
            try:
                return self._once(method, path, content, headers or {}, attempt)
            except Unavailable as error:
                unsure = error.may_have_happened = unsure or error.may_have_happened
                if attempt >= tries:
                    raise
                self.wait_out(error, attempt=attempt, since=started)
            attempt += 1

    def wait_out(self, error: Unavailable, *, attempt: int, since: float) -> None:
        """Sleep before the try after `attempt`; raises `error` when it is no use to wait here."""
        ceiling = min(self.backoff.cap_s, self.backoff.first_s * 2**attempt)
        wait = max(error.retry_after_s or 0.0, self.uniform(0, ceiling))
        late = self.clock() + wait - since > self.backoff.within_s
        if not error.passing or wait > self.backoff.patience_s or late:
            raise error
        self.sleep(wait)

    def hide(self, text: str) -> str:
        """`text` without secrets, for messages and logs."""
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN) if secret else text
        return _TOKENS.sub(_HIDDEN, text)

    def _once(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str], attempt: int) -> Answer:
        self._ask_leave()
        started = self.clock()
        record: dict[str, object] = {"system": self.system, "method": method, "attempt": attempt,
                                     "path": self.hide(path.partition("?")[0])}  # fmt: skip
        try:
            answer = self._exchange(method, path, content, headers, record)
            error = self._fault(answer)
        except Unavailable as failure:
            error = failure
        record["seconds"] = round(self.clock() - started, 3)
        self._breaker.record(fine=not (isinstance(error, Unavailable) and error.outage))
        if error is None:
            log.info("call", extra=record)
            return answer
        record["error"] = f"{type(error).__name__}: {error}"
        log.warning("call failed", extra=record)
        if isinstance(error, Throttled) and error.retry_after_s:
            self._budget.pause(error.retry_after_s)
        raise error

    def _ask_leave(self) -> None:
        """Raises CircuitOpen or Throttled; nothing was sent then."""
        wait = self._budget.reserve(at_most_s=self.backoff.patience_s)
        if wait > self.backoff.patience_s:
            raise Throttled(f"{self.system}: no call is due for {wait:.0f} s", retry_after_s=wait)
        if wait > 0:
            self.sleep(wait)
        probe_in = self._breaker.wait_s()
        if probe_in > 0:
            raise CircuitOpen(f"{self.system} is down; next look in {probe_in:.0f} s", retry_after_s=probe_in)

    def _exchange(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str],
                  record: dict[str, object]) -> Answer:  # fmt: skip
        ends = self.clock() + self.limits.total_s
        outgoing = dict(headers)
        if content is not None:
            outgoing["Content-Type"] = "application/json"
        if current := correlation_id.get():
            outgoing[_CORRELATION_HEADER] = record["correlation_id"] = current
        try:
            with deadline(self.limits.total_s):
                request = self._client.build_request(method, path, content=content, headers=outgoing)
                response = self._client.send(request, stream=True)
                try:
                    body = self._read(response, ends)
                finally:
                    response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # The cause is left out here and below: its text may quote a header that we sent.
            raise Unavailable(f"{self.system} cannot be reached: {self._words(error)}") from None
        except httpx.HTTPError as error:
            text = f"{self.system} gave no whole answer: {self._words(error)}"
            raise Unavailable(text, may_have_happened=True) from None
        record["status"], record["bytes"] = response.status_code, len(body)
        data, readable = decode(body)
        wait = retry_after(response.headers, now=self.now())
        return Answer(response.status_code, response.headers, data, readable, wait)

    def _words(self, error: Exception) -> str:
        return f"{type(error).__name__} {self.hide(str(error))}".strip()

    def _read(self, response: httpx.Response, ends: float) -> bytes:
        """The unpacked body. Raises Unavailable when it is too large, too slow or cannot be unpacked."""
        packing = response.headers.get("content-encoding", "identity").strip().lower()
        parts: Iterable[bytes] = response.iter_raw()
        if response.is_stream_consumed:  # A transport in memory has read and unpacked it already.
            parts, packing = [response.content], "identity"
        if packing not in ("", "identity", "gzip"):
            raise Unavailable(f"{self.system} packs its answer in a way we did not ask for", may_have_happened=True)
        unpack = zlib.decompressobj(wbits=31) if packing == "gzip" else None
        body = bytearray()
        for part in parts:
            room = self.limits.body_bytes - len(body) + 1
            try:
                body += unpack.decompress(part, room) if unpack else part
            except zlib.error:
                raise Unavailable(f"{self.system} sent a broken gzip body", may_have_happened=True) from None
            if len(body) > self.limits.body_bytes:
                text = f"{self.system} sent more than {self.limits.body_bytes} bytes"
                raise Unavailable(text, may_have_happened=True)
            if self.clock() > ends:
                text = f"{self.system} took more than {self.limits.total_s:g} s"
                raise Unavailable(text, may_have_happened=True)
        if unpack is not None and body and not unpack.eof:
            raise Unavailable(f"{self.system} sent a cut gzip body", may_have_happened=True)
        return bytes(body)

    def _fault(self, answer: Answer) -> IntegrationError | None:
        if answer.status >= 400:
            error = self.judge(answer)
            if isinstance(error, Rejected):
                return self._hidden(error)
            if error is None:
                return None
            error.args = (f"{self.system} {self.hide(str(error))}",)
            return error
        if answer.status >= 300:
            return Misconfigured(f"{self.system} redirects ({answer.status}); is the base URL right?")
        if not answer.readable or (answer.status == 200 and answer.data is None):
            text = f"{self.system} answered {answer.status}, but not with JSON"
            return Unavailable(text, may_have_happened=True)
        return None

    def _hidden(self, error: Rejected) -> Rejected:
        return type(error)(error.status, [p._replace(detail=self.hide(p.detail)) for p in error.problems])


def checked_base_url(system: str, url: str) -> str:
    """`url` with one slash at its end. Raises ValueError, which never shows the URL: it may hold a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{system}: the base URL must be http://host or https://host")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError(f"{system}: the base URL must not hold credentials")
    if parts.query or parts.fragment:
        raise ValueError(f"{system}: the base URL must end with its path")
    return url.rstrip("/") + "/"


def encode(body: object) -> bytes:
    """JSON. Decimals become numbers of the same digits; NaN and infinity raise ValueError."""
    return json.dumps(body, default=_plain, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)  # Written with the shortest digits that read back the same: exact up to 15 of them.
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def decode(body: bytes) -> tuple[Any, bool]:
    """The JSON value and whether there was one; an empty body is None and fine."""
    if not body.strip():
        return None, True
    try:
        return json.loads(body, parse_float=Decimal), True
    except (ValueError, RecursionError):
        return None, False


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds from Retry-After (seconds or an HTTP date), at most an hour; None when absent or unreadable.

    A date is compared with the answer's own Date when it has one: the two clocks need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        at, sent = _date(value), _date(headers.get("date", ""))
        if at is None:
            return None
        seconds = (at - (sent or now)).total_seconds()
    if seconds != seconds:
        return None  # NaN is no number.
    return min(RETRY_AFTER_CAP_S, max(0.0, seconds))


def _date(value: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
