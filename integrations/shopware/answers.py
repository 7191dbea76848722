"""What the shop's answers of 400 and above mean.

The shop uses 500 for four different things: it is broken, its database is busy, a record refers to what does not exist,
or a request names an unknown association. Only the text tells them apart.
"""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from integrations.errors import IntegrationError, Problem, Rejected, Throttled, Unavailable, UnexpectedBody
from integrations.http import RETRY_AFTER_CAP_S, Answer, judge_by_status
from integrations.shopware.schemas import ErrorItem, Errors

Body = TypeVar("Body", bound=BaseModel)
ILLEGAL_TRANSITION = "SYSTEM__ILLEGAL_STATE_TRANSITION"
_BUSY = re.compile(r"deadlock|lock wait timeout|SQLSTATE\[40001\]|(?:error|failure): (?:1205|1213)\b", re.IGNORECASE)
_BUSY_CODES = {"1205", "1213", "40001"}
# SQLSTATE classes 22 and 23: a value does not fit, or a key or a null is not allowed. The same record fails again.
_REFUSAL = re.compile(
    r"SQLSTATE\[2[23]\w{3}\]|foreign key constraint|integrity constraint|duplicate entry", re.IGNORECASE
)
_REFUSAL_CODES = {
    "1048", "1062", "1264", "1406", "1451", "1452",
    "FRAMEWORK__ASSOCIATION_NOT_FOUND", "FRAMEWORK__DEFINITION_NOT_FOUND", "FRAMEWORK__API_INVALID_ACCESS_KEY",
}  # fmt: skip


class Busy(Unavailable):
    """Deadlock or lock wait: the transaction was rolled back, and a moment later it may pass."""

    outage = False


class ServerFault(Unavailable):
    """A 500 that says nothing we know: the shop is broken, or one record breaks it."""


def judge(answer: Answer) -> IntegrationError | None:
    """The error that an answer of 400 and above stands for."""
    items = _items(answer)
    problems = [item.problem() for item in items]
    if answer.status == 429:
        wait = answer.retry_after_s if answer.retry_after_s is not None else _seconds(items)
        return Throttled("asks for fewer calls (429)", retry_after_s=wait)
    if answer.status == 500:
        return _judge_500(answer, problems)
    if answer.status > 500 or not problems:
        return judge_by_status(answer)
    return Rejected(answer.status, problems)


def _judge_500(answer: Answer, problems: list[Problem]) -> IntegrationError:
    detail = " ".join(problem.detail for problem in problems)
    codes = {problem.code for problem in problems}
    if codes & _BUSY_CODES or _BUSY.search(detail):
        return Busy(f"is busy: {detail[:200]}", retry_after_s=answer.retry_after_s)
    if codes & _REFUSAL_CODES or _REFUSAL.search(detail):
        return Rejected(500, problems)
    text = f"answered 500: {detail[:200] or 'no reason given'}"
    return ServerFault(text, retry_after_s=answer.retry_after_s, may_have_happened=True)


def _items(answer: Answer) -> list[ErrorItem]:
    try:
        return Errors.model_validate(answer.data).errors
    except ValidationError:
        return []


def _seconds(items: list[ErrorItem]) -> float | None:
    """The token route sends no Retry-After; the seconds stand in the error's parameters."""
    for item in items:
        value = item.parameter("seconds")
        if isinstance(value, int | float | str) and str(value).replace(".", "", 1).isdigit():
            return min(RETRY_AFTER_CAP_S, float(value))
    return None


def read(kind: type[Body], data: object) -> Body:
    """The shop's JSON as `kind`. Raises UnexpectedBody."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors()[:3])
        text = f"Shopware's {kind.__name__.lower()} is not as the contract says: {fields or 'no object'}"
        raise UnexpectedBody(text) from error
