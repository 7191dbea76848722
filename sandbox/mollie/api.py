"""The routes below /v2 over Mollie's books."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

import psycopg
from werkzeug import Request, Response

from sandbox.mollie import account_api, books_api, idempotency, payments_api, reading
from sandbox.mollie.access import Caller, caller_of, credential_of
from sandbox.mollie.asking import Act, Ask, answer_of
from sandbox.mollie.errors import MollieError
from sandbox.mollie.psp import Mollie
from sandbox.mollie.reading import Given, body_of


def answer(mollie: Mollie, request: Request) -> Response:
    """The answer to a request below /v2. Errors become Mollie's error object."""
    try:
        return _answer(mollie, request)
    except MollieError as error:
        return _refusal(error)


def _refusal(error: MollieError) -> Response:
    response = answer_of(error.body(), error.status)
    response.headers.update(error.headers)
    return response


def _answer(mollie: Mollie, request: Request) -> Response:
    credential = credential_of(request)
    given = body_of(request)
    caller = caller_of(request, credential, given)
    act, ids = _find(request)
    use = idempotency.use_of(request, caller, given)
    if use is not None and (first := idempotency.begin(mollie.storage, use)) is not None:
        return first
    if slow := mollie.faults.hit("slow_work", request.path):
        time.sleep(float(slow.value or 2))
    try:
        response = _work(mollie, request, caller, given, act, ids, use)
    except BaseException:
        if use is not None:
            idempotency.forget(mollie.storage, use)
        raise
    if request.method != "GET":
        mollie.after_commit()
    return response


def _work(
    mollie: Mollie, request: Request, caller: Caller, given: Given, act: Act, ids: tuple[str, ...],
    use: idempotency.Use | None,
) -> Response:  # fmt: skip
    try:
        with mollie.storage.transaction() as books:
            reading.go_back(books, request)
            response = act(Ask(mollie, books, request, caller, given, ids))
            if use is not None:
                idempotency.finish(books, use, response)
            return response
    except MollieError as error:
        response = _refusal(error)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise MollieError(503, "The payment is busy, please try again.") from None
    if use is not None:
        with mollie.storage.transaction() as books:
            idempotency.finish(books, use, response)
    return response


_PAYMENT, _SETTLEMENT = r"payments/([^/]+)", r"settlements/([^/]+)"
ROUTES: Mapping[str, Mapping[str, Act]] = {
    r"payments": {"POST": payments_api.create_payment, "GET": payments_api.list_payments},
    _PAYMENT: {"GET": payments_api.get_payment, "PATCH": payments_api.update_payment,
               "DELETE": payments_api.cancel_payment},
    rf"{_PAYMENT}/release-authorization": {"POST": payments_api.release},
    rf"{_PAYMENT}/refunds": {"POST": payments_api.create_refund, "GET": payments_api.parts("refunds")},
    rf"{_PAYMENT}/refunds/([^/]+)": {"GET": payments_api.get_refund, "DELETE": payments_api.cancel_refund},
    rf"{_PAYMENT}/captures": {"POST": payments_api.create_capture, "GET": payments_api.parts("captures")},
    rf"{_PAYMENT}/captures/([^/]+)": {"GET": payments_api.get_capture},
    rf"{_PAYMENT}/chargebacks": {"GET": payments_api.parts("chargebacks")},
    rf"{_PAYMENT}/chargebacks/([^/]+)": {"GET": payments_api.get_chargeback},
    r"refunds": {"GET": payments_api.parts("refunds")},
    r"chargebacks": {"GET": payments_api.parts("chargebacks")},
    r"methods": {"GET": account_api.list_methods},
    r"profiles/me": {"GET": account_api.get_profile},
    r"settlements": {"GET": books_api.list_settlements},
    _SETTLEMENT: {"GET": books_api.get_settlement},
    rf"{_SETTLEMENT}/payments": {"GET": books_api.members("payments", payments_api.payments_shown)},
    **{rf"{_SETTLEMENT}/{name}": {"GET": books_api.members(name, payments_api.parts_shown)}
       for name in ("refunds", "captures", "chargebacks")},
    r"balances": {"GET": books_api.list_balances},
    r"balances/([^/]+)": {"GET": books_api.get_balance},
    r"balances/([^/]+)/transactions": {"GET": books_api.list_transactions},
    r"webhooks": {"POST": account_api.create_webhook, "GET": account_api.list_webhooks},
    r"webhooks/([^/]+)": {"GET": account_api.get_webhook, "PATCH": account_api.update_webhook,
                          "DELETE": account_api.delete_webhook},
    r"webhooks/([^/]+)/ping": {"POST": account_api.ping_webhook},
    r"events/([^/]+)": {"GET": account_api.get_event},
}  # fmt: skip


def _find(request: Request) -> tuple[Act, tuple[str, ...]]:
    """The act that a request asks for, and the ids in its path. Raises MollieError 404 and 405."""
    path = request.path.removeprefix("/v2/")
    for pattern, acts in ROUTES.items():
        if (found := re.fullmatch(pattern, path)) is None:
            continue
        if request.method not in acts:
            raise MollieError(405, "The HTTP method is not supported by this resource.", Allow=", ".join(acts))
        return acts[request.method], found.groups()
    raise MollieError(404, "The resource does not exist.")
