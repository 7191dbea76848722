"""One family of errors for every system. Messages are for people and hold no secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class IntegrationError(Exception):
    """Something went wrong between us and a system."""


class Unavailable(IntegrationError):
    """No answer, 429, 5xx, or an answer that is none (HTML with 200): worth trying again.

    `retry_after_s`: seconds that the system asked for, None when it said nothing. `may_have_happened`: the request was
    sent and no answer tells whether the system acted on it. `idempotency_key`: the same act with this key is done once,
    however often it is sent; None where the system knows no such keys.
    """

    outage: ClassVar[bool] = True  # Counts towards the circuit breaker.
    passing: ClassVar[bool] = True  # May be over within seconds, so a safe call is repeated on the spot.

    def __init__(self, message: str, *, retry_after_s: float | None = None, may_have_happened: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.may_have_happened = may_have_happened
        self.idempotency_key: str | None = None


class Throttled(Unavailable):
    """429, or our own rate budget is used up: nothing was done, and the system is well."""

    outage = False


class CircuitOpen(Unavailable):
    """The system failed too often in a row; nothing is sent until the next probe is due."""

    outage = False
    passing = False


class Misconfigured(Unavailable):
    """Credentials refused, or a redirect: a person mends a setting, and what waits is kept until then."""

    outage = False
    passing = False


class Problem(NamedTuple):
    """One complaint of a system about what we sent."""

    code: str
    detail: str
    pointer: str  # JSON pointer into what we sent; '' when the system named no place.


class Rejected(IntegrationError):
    """Any other 4xx, or what a system answers with 500 although it is a refusal: the same request fails again."""

    def __init__(self, status: int, problems: Sequence[Problem]) -> None:
        self.status = status
        self.problems = tuple(problems)
        super().__init__(f"refused with {status}: {self.reason}")

    @property
    def reason(self) -> str:
        """The first complaint, in the system's words."""
        if not self.problems:
            return "no reason given"
        return self.problems[0].detail or self.problems[0].code or "no reason given"


class UnexpectedBody(IntegrationError):
    """The answer is JSON, but not what the contract says."""
