"""Switches for everything that goes wrong between systems, each with a counter of how often it took effect."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

DICE = random.Random()  # Of the sandbox alone: its threads must not move the dice that a test near them has seeded.
KINDS = (
    "latency",  # value: seconds
    "429",  # value: Retry-After seconds, or nothing for none
    "deadlock", "500",  # 500 in the system's own words, before anything is written
    "502", "503", "504",  # before anything is done
    "504_after",  # after the write has committed
    "cut_before", "cut_after",  # the connection is closed without an answer
    "timeout_before", "timeout_after",  # value: seconds until it is closed; nothing done, or all of it
    "slow_work",  # value: seconds that the work itself takes, while its idempotency key is held
    "broken_json",  # 200 with half a body
    "html",  # 200 with a proxy's page
    "drip",  # value: seconds between bytes
    "bad_row",  # value: product number that sync refuses
    "token_expiry",  # value: seconds a token lives
    "plugin_deaf",  # a shop's Mollie plugin says thank you and does nothing; route: on /mollie/webhook/
    "webhook_delay", "webhook_duplicate", "webhook_drop", "webhook_reorder",  # route: on the webhook's address
)  # fmt: skip


@dataclass(slots=True)
class Fault:
    kind: str
    route: str = ".*"  # Regular expression on the path.
    probability: float = 1.0
    left: int | None = None  # How often it may still happen; None: without end.
    value: str = ""
    hits: int = 0


def fault_of(values: Mapping[str, Any]) -> Fault:
    """A fault as a form or JSON says it. Raises KeyError without a kind, ValueError for what is no number."""
    left = values.get("left")
    return Fault(
        str(values["kind"]), str(values.get("route") or ".*"), float(values.get("probability") or 1),
        int(left) if left not in (None, "") else None, str(values.get("value") or ""),
    )  # fmt: skip


@dataclass(slots=True)
class Faults:
    """The faults of one system. Thread-safe."""

    active: list[Fault] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        """Raises ValueError for an unknown kind or a route that is no expression."""
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind}")
        try:
            re.compile(fault.route)
        except re.error as error:
            raise ValueError(str(error)) from error
        with self.lock:
            self.active.append(fault)

    def clear(self) -> None:
        """Everything works again."""
        with self.lock:
            self.active.clear()

    def hit(self, kind: str, path: str) -> Fault | None:
        """The fault of this kind that takes effect now, counted; None when none does."""
        with self.lock:
            for fault in self.active:
                if fault.kind != kind or fault.left == 0 or not re.search(fault.route, path):
                    continue
                if DICE.random() > fault.probability:
                    continue
                fault.hits += 1
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    def refuses(self, number: str) -> bool:
        """Whether the switch refuses the product number now; counted like every fault."""
        with self.lock:
            for fault in self.active:
                if fault.kind == "bad_row" and fault.value == number and fault.left != 0:
                    fault.hits += 1
                    if fault.left is not None:
                        fault.left -= 1
                    return True
        return False

    def as_json(self) -> list[dict[str, Any]]:
        """For the control page."""
        return [asdict(fault) for fault in self.active]
