"""When not to call: circuit breaker and rate budget. Protocols, with implementations for one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Protocol


class Breaker(Protocol):
    """Keeps calls away from a system that is down."""

    def wait_s(self) -> float:
        """0.0: call now (when half open, this call is the probe). Else the seconds until the next probe."""

    def record(self, *, fine: bool) -> None:
        """What became of a call: `fine` is any answer that shows the system at work, a refusal too."""


class RateBudget(Protocol):
    """Spreads calls so that the system's limit is kept."""

    def reserve(self, *, at_most_s: float) -> float:
        """Seconds until this call may go out; its place is taken unless that is more than `at_most_s`."""

    def pause(self, seconds: float) -> None:
        """The system asked for silence: nobody's place is sooner than that."""


class InProcessBreaker:
    """Closed until `failures` in a row, then open; one probe per `cooldown_s` decides whether it closes.

    A probe whose process dies reports nothing: the next one is due a cooldown later all the same.
    """

    def __init__(
        self, *, failures: int = 5, cooldown_s: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowed, self._cooldown_s, self._clock = failures, cooldown_s, clock
        self._lock = Lock()
        self._failures = 0
        self._probe_at = 0.0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open` (the next call is the probe)."""
        with self._lock:
            if self._failures < self._allowed:
                return "closed"
            return "open" if self._clock() < self._probe_at else "half-open"

    def wait_s(self) -> float:
        with self._lock:
            now = self._clock()
            if self._failures < self._allowed:
                return 0.0
            if now < self._probe_at:
                return self._probe_at - now
            self._probe_at = now + self._cooldown_s
            return 0.0

    def record(self, *, fine: bool) -> None:
        with self._lock:
            if fine:
                self._failures = 0
                return
            self._failures += 1
            if self._failures == self._allowed:
                self._probe_at = self._clock() + self._cooldown_s


class InProcessBudget:
    """At most one call per `interval_s` (0: no limit of ours), and the pauses that the system asked for."""

    def __init__(self, *, interval_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s, self._clock = interval_s, clock
        self._lock = Lock()
        self._next = 0.0

    def reserve(self, *, at_most_s: float) -> float:
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            if start - now <= at_most_s:
                self._next = start + self._interval_s
            return start - now

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)
