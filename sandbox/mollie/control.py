"""What people and tests do to this Mollie from outside its API: what buyers and banks do, its clock, its switches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox import pages
from sandbox.faults import fault_of
from sandbox.mollie import captures, chargebacks, checkout, dashboard, refunds, webhooks
from sandbox.mollie.errors import MollieError, unknown
from sandbox.mollie.identity import Mode
from sandbox.mollie.psp import Mollie
from sandbox.mollie.reading import amount
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

Values = Mapping[str, Any]
Act = Callable[[Books, Doc, Values], None]


def _of_checkout(name: str) -> Act:
    return lambda books, doc, values: checkout.OUTCOMES[name](books, doc, values.get("method") or None)


def _charge_back(books: Books, payment: Doc, values: Values) -> None:
    chargebacks.receive(books, payment, values.get("amount") or None)


def _reverse(books: Books, payment: Doc, values: Values) -> None:
    chargebacks.reverse(books, payment, _part(books, payment, "chargeback", values))


def _finish_refund(books: Books, payment: Doc, values: Values) -> None:
    refunds.finish(books, payment, _part(books, payment, "refund", values))


def _fail_refund(books: Books, payment: Doc, values: Values) -> None:
    refunds.fail(books, payment, _part(books, payment, "refund", values))


def _fail_capture(books: Books, payment: Doc, values: Values) -> None:
    captures.fail(books, payment, _part(books, payment, "capture", values))


def _part(books: Books, payment: Doc, kind: str, values: Values) -> Doc:
    """The part that `values` names under its kind, else the newest. Raises MollieError 404."""
    parts = books.children(kind, [payment["id"]])
    named = [part for part in parts if part["id"] == values[kind]] if values.get(kind) else parts
    if not named:
        raise MollieError(404, f"The payment has no such {kind}")
    return named[-1]


ACTS: Mapping[str, Act] = {
    **{name: _of_checkout(name) for name in checkout.OUTCOMES},
    "chargeback": _charge_back, "reverse": _reverse, "finish_refund": _finish_refund, "fail_refund": _fail_refund,
    "fail_capture": _fail_capture,
}  # fmt: skip


def answer(mollie: Mollie, request: Request) -> Response:
    """The answer of a route outside the API. What does not do is said as the API says it."""
    try:
        return _route(mollie, request)
    except MollieError as error:
        return _json(error.body(), error.status)
    except (ValueError, KeyError, TypeError) as error:
        return _json({"error": str(error)}, 400)


def _route(mollie: Mollie, request: Request) -> Response:
    path, posted = request.path.strip("/"), request.method == "POST"
    if path == "":
        return dashboard.latest(mollie)
    if path == "app.css":
        return pages.css()
    if path == "clock":
        return _clock(mollie, request) if posted else _json(mollie.clock())
    if path == "stats":
        return _json(mollie.stats())
    if path == "deliveries":
        return _json(mollie.deliveries(request.args.get("subject")))
    if path == "faults" and not posted:
        return _json(mollie.faults.as_json())
    if path == "faults":
        mollie.faults.add(fault_of(values_of(request)))
        return _done(request)
    if path == "faults/clear" and posted:
        mollie.faults.clear()
        return _done(request)
    if path == "balance" and posted:
        values = values_of(request)
        value = amount({"currency": "EUR", "value": values["value"]}, "balance", negative=True)["value"]
        mollie.correct_balance(_mode(values), value)
        return _done(request)
    if path == "settle" and posted:
        settled = mollie.settle_now(_mode(values_of(request)))
        return _done(request, settlement=settled)
    if path == "reset" and posted:
        mollie.reset()
        return _done(request)
    parts = path.split("/")
    if posted and len(parts) == 3 and parts[0] == "webhooks":
        return _webhook(mollie, parts[1], parts[2])
    if parts[0] == "dashboard" and len(parts) == 4:
        return _dashboard(mollie, request, parts[3])
    if posted and len(parts) == 3 and parts[0] == "payments":
        act(mollie, parts[1], parts[2], values_of(request))
        return _done(request)
    return _json({"error": "not found"}, 404)


def _webhook(mollie: Mollie, id_: str, name: str) -> Response:
    """What the organisation does to a subscription on Mollie's own pages."""
    with mollie.storage.transaction() as books:
        if name == "rotate":
            return _json({"secret": webhooks.rotate(books, id_)})
        if name in ("simple", "full"):
            webhooks.simplify(books, id_, simple=name == "simple")
            return _json({"ok": True})
    return _json({"error": "not found"}, 404)


def _mode(values: Values) -> Mode:
    return "live" if values.get("mode") == "live" else "test"


def _dashboard(mollie: Mollie, request: Request, payment_id: str) -> Response:
    """One payment's page, and what people do there."""
    if request.method == "POST":
        values = values_of(request)
        act(mollie, payment_id, str(values.get("act")), values)
        return redirect(request.path, 303)
    return dashboard.one(mollie, payment_id, ACTS)


def act(mollie: Mollie, payment_id: str, name: str, values: Values) -> None:
    """Something happens to a payment. Raises MollieError 404, and 422 where it cannot happen now."""
    if name not in ACTS:
        raise MollieError(404, f"There is no act '{name}': {', '.join(ACTS)}")
    with mollie.storage.transaction() as books:
        doc = books.get("payment", payment_id, lock=True)
        if doc is None:
            raise unknown("payment", payment_id)
        ACTS[name](books, doc, values)
    mollie.after_commit()


def _clock(mollie: Mollie, request: Request) -> Response:
    """`rate` first, so that `seconds` pass at it."""
    values = values_of(request)
    if "rate" in values:
        rate = float(values["rate"])
        if not 0 < rate <= 1_000_000:
            raise ValueError("the rate should be above 0")
        mollie.set_rate(rate)
    if "seconds" in values:
        seconds = float(values["seconds"])
        if not 0 <= seconds <= 400 * 24 * 3600:
            raise ValueError("the clock goes forward only, by 400 days at most")
        mollie.advance(seconds)
    return _json(mollie.clock()) if request.mimetype == "application/json" else _done(request)


def values_of(request: Request) -> dict[str, Any]:
    """JSON or a form."""
    if request.mimetype == "application/json":
        body = json.loads(request.get_data() or b"{}")
        return body if isinstance(body, dict) else {}
    return request.form.to_dict()


def _done(request: Request, **said: Any) -> Response:
    if "text/html" in request.headers.get("Accept", ""):
        return redirect("/", 303)
    return _json({"ok": True, **said})


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
