"""The routes below /v2 over Mollie's books."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from werkzeug import Request, Response

from sandbox.mollie import captures, chargebacks, idempotency, lists, payments, refunds, show
from sandbox.mollie.access import Caller, caller_of, credential_of
from sandbox.mollie.errors import MollieError
from sandbox.mollie.lists import Wanted
from sandbox.mollie.psp import Mollie
from sandbox.mollie.reading import Given, body_of
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

_HAL = "application/hal+json"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a caller, within its transaction."""

    mollie: Mollie
    books: Books
    request: Request
    caller: Caller
    given: Given
    ids: tuple[str, ...]

    @property
    def base_url(self) -> str:
        return self.mollie.base_url

    def query(self, *known: str) -> None:
        """Raises MollieError 400 for a parameter that the call does not have."""
        own = frozenset() if self.caller.profile else frozenset({"testmode", "profileId"})
        lists.check_query(self.request, own | frozenset(known))

    def words(self, name: str, known: frozenset[str]) -> list[str]:
        """A parameter that holds words with commas between. Raises MollieError 400 for an unknown one."""
        words = [word for word in self.request.args.get(name, "").split(",") if word]
        for word in words:
            if word not in known:
                raise MollieError(400, f"The '{name}' parameter does not know '{word}'", name)
        return words

    def page(self, wanted: Wanted, show_all: Callable[[list[Doc]], list[dict[str, Any]]]) -> Response:
        """A page of a list."""
        return answer_of(lists.listed(self.books, self.base_url, self.request, self.caller, wanted, show_all))


Act = Callable[[Ask], Response]


def answer_of(body: Any, status: int = 200) -> Response:
    """An answer in Mollie's JSON; 202 and 204 have none."""
    if body is None:
        return Response(status=status)
    return Response(json.dumps(body), status, mimetype=_HAL)


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
            response = act(Ask(mollie, books, request, caller, given, ids))
            if use is not None:
                idempotency.finish(books, use, response)
            return response
    except MollieError as error:
        response = _refusal(error)
    except psycopg.errors.LockNotAvailable:
        raise MollieError(503, "The payment is busy, please try again.") from None
    if use is not None:
        with mollie.storage.transaction() as books:
            idempotency.finish(books, use, response)
    return response


# Payments ---------------------------------------------------------------------------------------------------------

_EMBEDS = frozenset(show.SHOW_CHILD)
_INCLUDES = frozenset({"details.qrCode", "details.remainderDetails"})  # No method here has either.


def _create_payment(ask: Ask) -> Response:
    ask.query("include")
    ask.words("include", _INCLUDES)
    doc = payments.create(ask.books, ask.caller, ask.given)
    return answer_of(show.payment(ask.books, ask.base_url, doc, "create-payment"), 201)


def _get_payment(ask: Ask) -> Response:
    ask.query("include", "embed")
    ask.words("include", _INCLUDES)
    doc = payments.find(ask.books, ask.caller, ask.ids[0])
    return answer_of(show.payments(ask.books, ask.base_url, [doc], embed=ask.words("embed", _EMBEDS))[0])


def _update_payment(ask: Ask) -> Response:
    doc = payments.update(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.payment(ask.books, ask.base_url, doc, "update-payment"))


def _cancel_payment(ask: Ask) -> Response:
    doc = payments.cancel(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.payment(ask.books, ask.base_url, doc, "cancel-payment"))


def _list_payments(ask: Ask) -> Response:
    wanted = Wanted("payment", "payments", "list-payments", **_of_profile(ask))
    return ask.page(wanted, lambda docs: show.payments(ask.books, ask.base_url, docs))


# Parts of payments -------------------------------------------------------------------------------------------------

_NOT_CANCELED = "doc->>'status' <> 'canceled'"


def _create_refund(ask: Ask) -> Response:
    doc = refunds.create(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.refund(ask.base_url, doc), 201)


def _get_refund(ask: Ask) -> Response:
    ask.query("embed")
    return answer_of(_parts_shown(ask, "refunds", [refunds.find(ask.books, ask.caller, *ask.ids)])[0])


def _cancel_refund(ask: Ask) -> Response:
    ask.query()
    refunds.cancel(ask.books, ask.caller, *ask.ids)
    return answer_of(None, 204)


def _create_capture(ask: Ask) -> Response:
    doc = captures.create(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.capture(ask.base_url, doc), 201)


def _get_capture(ask: Ask) -> Response:
    ask.query("embed")
    return answer_of(_parts_shown(ask, "captures", [captures.find(ask.books, ask.caller, *ask.ids)])[0])


def _release(ask: Ask) -> Response:
    captures.release(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(None, 202)


def _get_chargeback(ask: Ask) -> Response:
    ask.query("embed")
    return answer_of(_parts_shown(ask, "chargebacks", [chargebacks.find(ask.books, ask.caller, *ask.ids)])[0])


def _parts(name: str) -> Act:
    """The list of a payment's refunds, captures or chargebacks, or of all payments."""
    kind = name.removesuffix("s")

    def act(ask: Ask) -> Response:
        wanted = Wanted(kind, name, f"list-{name}", **_of_profile(ask), sortable=kind != "capture")
        if ask.ids:
            payments.find(ask.books, ask.caller, ask.ids[0])
            wanted = replace(wanted, where="parent = %(payment)s", parameters={"payment": ask.ids[0]})
        if kind == "refund":
            wanted = replace(wanted, where=f"{wanted.where} AND {_NOT_CANCELED}")
        return ask.page(wanted, lambda docs: _parts_shown(ask, name, docs))

    return act


def _parts_shown(ask: Ask, name: str, docs: list[Doc]) -> list[dict[str, Any]]:
    shown = [show.SHOW_CHILD[name](ask.base_url, doc) for doc in docs]
    if "payment" in ask.words("embed", frozenset({"payment"})):
        of = ask.books.many("payment", {doc["paymentId"] for doc in docs})
        whole = {payment["id"]: payment for payment in show.payments(ask.books, ask.base_url, of.values())}
        for part in shown:
            part["_embedded"] = {"payment": whole[part["paymentId"]]}
    return shown


def _of_profile(ask: Ask) -> dict[str, Any]:
    """The organisation may narrow a list to one profile."""
    profile_id = ask.request.args.get("profileId")
    if profile_id is None or ask.caller.profile is not None:
        return {}
    return {"where": "profile = %(named)s", "parameters": {"named": profile_id}}


_PAYMENT = r"payments/([^/]+)"
ROUTES: Mapping[str, Mapping[str, Act]] = {
    r"payments": {"POST": _create_payment, "GET": _list_payments},
    _PAYMENT: {"GET": _get_payment, "PATCH": _update_payment, "DELETE": _cancel_payment},
    rf"{_PAYMENT}/release-authorization": {"POST": _release},
    rf"{_PAYMENT}/refunds": {"POST": _create_refund, "GET": _parts("refunds")},
    rf"{_PAYMENT}/refunds/([^/]+)": {"GET": _get_refund, "DELETE": _cancel_refund},
    rf"{_PAYMENT}/captures": {"POST": _create_capture, "GET": _parts("captures")},
    rf"{_PAYMENT}/captures/([^/]+)": {"GET": _get_capture},
    rf"{_PAYMENT}/chargebacks": {"GET": _parts("chargebacks")},
    rf"{_PAYMENT}/chargebacks/([^/]+)": {"GET": _get_chargeback},
    r"refunds": {"GET": _parts("refunds")},
    r"chargebacks": {"GET": _parts("chargebacks")},
}


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
