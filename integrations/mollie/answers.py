"""What Mollie's answers of 400 and above mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from integrations.errors import (
    IntegrationError,
    Misconfigured,
    Problem,
    Rejected,
    Throttled,
    Unavailable,
    UnexpectedBody,
)
from integrations.http import Answer, judge_by_status
from integrations.mollie.schemas import Refusal

Body = TypeVar("Body", bound=BaseModel)
REST_AFTER_REFUSAL_S = 60.0
STILL_RUNNING_S = 1.0  # The first request with that key has this long before it is asked after again.
_HIDDEN = "[hidden]"
_DUPLICATE = re.compile(r"duplicate refund", re.IGNORECASE)
_RUNNING = re.compile(r"idempotency|already being processed", re.IGNORECASE)
_DELETED = re.compile(r"already deleted", re.IGNORECASE)  # A webhook subscription says it with 422.
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b")  # Mail, IBAN.
_PERSONAL_KEYS = {"billingAddress", "shippingAddress", "billingEmail", "consumerName", "consumerAccount", "cardHolder"}
_sent: ContextVar[tuple[str, ...]] = ContextVar("mollie_personal_values_sent", default=())


class Absent(Rejected):
    """404 or 410: unknown, of the other mode, deleted, or a refund that was canceled."""


class DuplicateRefund(Rejected):
    """The same amount on the same payment within the hour: look at the payment's refunds, then ask a person."""


class StillRunning(Unavailable):
    """The first request with this idempotency key has not ended: the same again, a moment later."""

    outage = False


class NotNow(Unavailable):
    """Mollie's own 503: a method's supplier is down, or too many refunds at once. Mollie itself is well."""

    outage = False


def judge(answer: Answer) -> IntegrationError | None:
    """The error that an answer of 400 and above stands for."""
    refusal = _refusal(answer)
    if answer.status == 429:
        return Throttled("asks for fewer calls (429)", retry_after_s=answer.retry_after_s)
    if answer.status in (401, 403):
        text = f"refuses the credential ({answer.status}): {_words(refusal)}"
        return Misconfigured(text, retry_after_s=REST_AFTER_REFUSAL_S)
    if refusal is None:
        return _judge_a_stranger(answer)
    if answer.status >= 500:
        return _judge_fault(answer, refusal)
    problems = [Problem(str(answer.status), _words(refusal), _pointer(refusal.field))]
    if answer.status in (404, 410) or (answer.status == 422 and _DELETED.search(problems[0].detail)):
        return Absent(answer.status, problems)
    if answer.status == 409:
        return _judge_conflict(answer, problems)
    return Rejected(answer.status, problems)


def _judge_conflict(answer: Answer, problems: list[Problem]) -> IntegrationError:
    detail = problems[0].detail
    if _DUPLICATE.search(detail):
        return DuplicateRefund(409, problems)
    if _RUNNING.search(detail):
        wait = STILL_RUNNING_S if answer.retry_after_s is None else answer.retry_after_s
        return StillRunning(f"answered 409: {detail}", retry_after_s=wait, may_have_happened=True)
    return Rejected(409, problems)


def _judge_fault(answer: Answer, refusal: Refusal) -> IntegrationError:
    kind = NotNow if answer.status == 503 else Unavailable
    text = f"answered {answer.status}: {_words(refusal)}"
    return kind(text, retry_after_s=answer.retry_after_s, may_have_happened=True)


def _judge_a_stranger(answer: Answer) -> IntegrationError | None:
    """Not Mollie's error object. A stranger's 404 must not make us believe that a payment does not exist."""
    if answer.status in (404, 405, 410):
        text = f"answered {answer.status}, but not in Mollie's words; is the base URL right?"
        return Misconfigured(text, retry_after_s=REST_AFTER_REFUSAL_S)
    return judge_by_status(answer)


def _refusal(answer: Answer) -> Refusal | None:
    try:
        return Refusal.model_validate(answer.data)
    except ValidationError:
        return None


def _words(refusal: Refusal | None) -> str:
    """What Mollie says, without the personal data that it may quote: the text ends up in logs."""
    if refusal is None:
        return "no reason given"
    text = refusal.detail or refusal.title
    for value in _sent.get():
        text = text.replace(value, _HIDDEN)
    return _PERSONAL.sub(_HIDDEN, text)


def _pointer(field: str | None) -> str:
    """`amount.currency` as a JSON pointer."""
    return "" if not field else "/" + field.replace(".", "/")


@contextmanager
def personal_data(body: object) -> Iterator[None]:
    """Within the block, the personal values of `body` are hidden in whatever Mollie answers."""
    token = _sent.set(tuple(sorted(set(_personal_values(body)), key=len, reverse=True)))
    try:
        yield
    finally:
        _sent.reset(token)


def _personal_values(value: object, *, personal: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _personal_values(item, personal=personal or key in _PERSONAL_KEYS)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _personal_values(item, personal=personal)
    elif personal and isinstance(value, str) and len(value) > 2:  # A country's two letters would spoil every word.
        yield value


def read(kind: type[Body], data: object) -> Body:
    """Mollie's JSON as `kind`. Raises UnexpectedBody, which names fields and quotes nothing."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        places = (".".join(str(part) for part in item["loc"]) for item in error.errors()[:3])
        raise UnexpectedBody(_unexpected(kind.__name__, places)) from error


def _unexpected(name: str, places: Iterable[str]) -> str:
    return f"Mollie's {name.lower()} is not as the contract says: {', '.join(places) or 'no object'}"
