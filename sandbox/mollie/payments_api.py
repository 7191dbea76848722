"""Routes of payments and of what is part of them: refunds, captures, chargebacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from werkzeug import Response

from sandbox.mollie import captures, chargebacks, payments, refunds, show
from sandbox.mollie.asking import Act, Ask, answer_of
from sandbox.mollie.lists import Wanted
from sandbox.storage import Doc

_EMBEDS = frozenset(show.SHOW_CHILD)
_INCLUDES = frozenset({"details.qrCode", "details.remainderDetails"})  # No method here has either.


def create_payment(ask: Ask) -> Response:
    """A payment that waits for its buyer."""
    ask.query("include")
    ask.words("include", _INCLUDES)
    doc = payments.create(ask.books, ask.caller, ask.given)
    return answer_of(show.payment(ask.books, ask.base_url, doc, "create-payment"), 201)


def get_payment(ask: Ask) -> Response:
    """One payment."""
    ask.query("include", "embed")
    ask.words("include", _INCLUDES)
    doc = payments.find(ask.books, ask.caller, ask.ids[0])
    return answer_of(show.payments(ask.books, ask.base_url, [doc], embed=ask.words("embed", _EMBEDS))[0])


def update_payment(ask: Ask) -> Response:
    """What may change."""
    doc = payments.update(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.payment(ask.books, ask.base_url, doc, "update-payment"))


def cancel_payment(ask: Ask) -> Response:
    """The canceled payment, with 200."""
    doc = payments.cancel(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.payment(ask.books, ask.base_url, doc, "cancel-payment"))


def list_payments(ask: Ask) -> Response:
    """Newest first."""
    wanted = Wanted("payment", "payments", "list-payments", **_of_profile(ask))
    return ask.page(wanted, lambda docs: payments_shown(ask, "payments", docs))


def payments_shown(ask: Ask, _name: str, docs: list[Doc]) -> list[dict[str, Any]]:
    """Payments as they are shown."""
    return show.payments(ask.books, ask.base_url, docs)


_NOT_CANCELED = "doc->>'status' <> 'canceled'"


def create_refund(ask: Ask) -> Response:
    """Money that goes back."""
    doc = refunds.create(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.refund(ask.base_url, doc), 201)


def get_refund(ask: Ask) -> Response:
    """One refund."""
    ask.query("embed")
    return answer_of(parts_shown(ask, "refunds", [refunds.find(ask.books, ask.caller, *ask.ids)])[0])


def cancel_refund(ask: Ask) -> Response:
    """Before it is sent."""
    ask.query()
    refunds.cancel(ask.books, ask.caller, *ask.ids)
    return answer_of(None, 204)


def create_capture(ask: Ask) -> Response:
    """Take what is held."""
    doc = captures.create(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(show.capture(ask.base_url, doc), 201)


def get_capture(ask: Ask) -> Response:
    """One capture."""
    ask.query("embed")
    return answer_of(parts_shown(ask, "captures", [captures.find(ask.books, ask.caller, *ask.ids)])[0])


def release(ask: Ask) -> Response:
    """Let go of what is held; done later."""
    captures.release(ask.books, ask.caller, ask.ids[0], ask.given)
    return answer_of(None, 202)


def get_chargeback(ask: Ask) -> Response:
    """One chargeback."""
    ask.query("embed")
    return answer_of(parts_shown(ask, "chargebacks", [chargebacks.find(ask.books, ask.caller, *ask.ids)])[0])


def parts(name: str) -> Act:
    """The list of a payment's refunds, captures or chargebacks, or of all payments."""
    kind = name.removesuffix("s")

    def act(ask: Ask) -> Response:
        wanted = Wanted(kind, name, f"list-{name}", **_of_profile(ask), sortable=kind != "capture")
        if ask.ids:
            payments.find(ask.books, ask.caller, ask.ids[0])
            wanted = replace(wanted, where="parent = %(payment)s", parameters={"payment": ask.ids[0]})
        if kind == "refund":
            wanted = replace(wanted, where=f"{wanted.where} AND {_NOT_CANCELED}")
        return ask.page(wanted, lambda docs: parts_shown(ask, name, docs))

    return act


def parts_shown(ask: Ask, name: str, docs: list[Doc]) -> list[dict[str, Any]]:
    """Parts as they are shown, with their payments where that is asked for."""
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
