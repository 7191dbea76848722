"""Writing many records so that a bad one stops none of the others.

A sync is all or nothing. A refused one is sent again without the records that the shop's pointers name; where they name
none, it is halved until the bad record stands alone. Pure: `send` does the one call.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from integrations.errors import IntegrationError, Problem, Rejected, Unavailable
from integrations.http import encode
from integrations.shopware.answers import Busy, ServerFault

Record = Mapping[str, Any]
_POINTER = re.compile(r"^/[^/]+/(\d+)(?:/|$)")  # /<operation>/<place in the payload>/<field>…
# A refusal with another status (privilege, route, credentials) is about the call, and says nothing of its records.
_ABOUT_RECORDS = {400, 409, 413, 422, 500}


class RecordOutcome(NamedTuple):
    """What became of one record. `unavailable`: not known to have arrived, and to be sent again with the same id."""

    state: Literal["delivered", "rejected", "unavailable"]
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    retry_after_s: float | None = None


DELIVERED = RecordOutcome("delivered")


def upsert(
    records: Sequence[Record],
    *,
    send: Callable[[list[Record]], object],
    is_up: Callable[[], bool],
    time_is_up: Callable[[], bool],
    key: str = "id",
    max_requests: int = 250,
) -> list[RecordOutcome]:
    """One outcome per record, in order.

    `send` writes all of its records or raises. `is_up` is asked after a 500 without a known reason: in a shop that is
    up, one record may be what breaks it, so the batch is halved; such a record is never called rejected, because a
    broken search server of the shop looks the same.
    """
    return _Work(records, send, is_up, time_is_up, key, max_requests).run()


class _Work:
    def __init__(
        self,
        records: Sequence[Record],
        send: Callable[[list[Record]], object],
        is_up: Callable[[], bool],
        time_is_up: Callable[[], bool],
        key: str,
        max_requests: int,
    ) -> None:
        self.records, self.send, self.is_up, self.time_is_up = records, send, is_up, time_is_up
        self.left = max_requests
        self.outcomes: dict[int, RecordOutcome] = {}
        self.in_vain = 0  # Failed requests since the shop last took or judged anything.
        self.in_vain_at_most = math.ceil(math.log2(len(records) + 1)) + 4  # Enough to reach one record and go on.
        fit = []
        for index, problem in enumerate(_unfit(records, key)):
            if problem is None:
                fit.append(index)
            else:
                self.outcomes[index] = RecordOutcome("rejected", problem.detail, (problem,))
        self.waiting = [fit] if fit else []  # A stack: the first half of what was halved lies on top.

    def run(self) -> list[RecordOutcome]:
        while self.waiting:
            part = self.waiting.pop()
            if self.left == 0 or self.time_is_up():
                self._stop(part, RecordOutcome("unavailable", "too many bad records for one go; the rest comes next"))
                break
            self.left -= 1
            try:
                self.send([self.records[index] for index in part])
            except (Busy, ServerFault) as error:
                self._failed(part, error)
            except Rejected as error:
                self._refused(part, error)
            except IntegrationError as error:
                self._stop(part, _unavailable(error))
            else:
                self._note(part, DELIVERED)
                self.in_vain = 0
        return [self.outcomes[index] for index in range(len(self.records))]

    def _refused(self, part: list[int], error: Rejected) -> None:
        if error.status not in _ABOUT_RECORDS:
            self._stop(part, _unavailable(error))
            return
        self.in_vain = 0
        named = _named(part, error.problems)
        for index, problems in named.items():
            self._note([index], _rejected(problems))
        if not named and len(part) == 1:
            self._note(part, _rejected(error.problems or [Problem("", error.reason, "")]))
        elif not named:
            self._halve(part)
        elif rest := [index for index in part if index not in named]:
            self.waiting.append(rest)

    def _failed(self, part: list[int], error: Busy | ServerFault) -> None:
        self.in_vain += 1
        out_of_order = isinstance(error, ServerFault) and not self.is_up()
        if out_of_order or self.in_vain > self.in_vain_at_most:
            self._stop(part, _unavailable(error))
        elif len(part) == 1:
            self._note(part, _unavailable(error))
        else:
            self._halve(part)

    def _halve(self, part: list[int]) -> None:
        middle = len(part) // 2
        self.waiting += [part[middle:], part[:middle]]

    def _stop(self, part: list[int], outcome: RecordOutcome) -> None:
        for group in [part, *self.waiting]:
            self._note(group, outcome)
        self.waiting = []

    def _note(self, part: Iterable[int], outcome: RecordOutcome) -> None:
        self.outcomes.update(dict.fromkeys(part, outcome))


def _unfit(records: Sequence[Record], key: str) -> Iterator[Problem | None]:
    """What of each record would spoil the whole request: no id of ours (a repeat would write it twice), or no JSON."""
    fine = _unwritable(records) is None
    for record in records:
        reason = None if fine else _unwritable(record)
        if not record.get(key):
            yield Problem("KEY_MISSING", f"the record has no {key}", f"/{key}")
        elif reason is not None:
            yield Problem("NOT_JSON", f"the record cannot be written as JSON: {reason}", "")
        else:
            yield None


def _unwritable(body: object) -> str | None:
    try:
        encode(body)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _named(part: list[int], problems: Sequence[Problem]) -> dict[int, list[Problem]]:
    """The records that pointers name, by their place in `records`; pointers outside the payload name none."""
    named: dict[int, list[Problem]] = {}
    for problem in problems:
        match = _POINTER.match(problem.pointer)
        if match and int(match[1]) < len(part):
            named.setdefault(part[int(match[1])], []).append(problem)
    return named


def _rejected(problems: Sequence[Problem]) -> RecordOutcome:
    reason = "; ".join(dict.fromkeys(problem.detail or problem.code for problem in problems))
    return RecordOutcome("rejected", reason or "no reason given", tuple(problems))


def _unavailable(error: IntegrationError) -> RecordOutcome:
    wait = error.retry_after_s if isinstance(error, Unavailable) else None
    return RecordOutcome("unavailable", str(error), retry_after_s=wait)
