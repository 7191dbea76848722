"""What people and tests do to this Mollie from outside its API: what buyers and banks do, its clock, its switches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox.faults import fault_of
from sandbox.mollie import checkout
from sandbox.mollie.errors import MollieError, unknown
from sandbox.mollie.psp import Mollie
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

Values = Mapping[str, Any]
Act = Callable[[Books, Doc, Values], None]


def _of_checkout(name: str) -> Act:
    return lambda books, doc, values: checkout.OUTCOMES[name](books, doc, values.get("method") or None)


ACTS: Mapping[str, Act] = {name: _of_checkout(name) for name in checkout.OUTCOMES}


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
    if path == "reset" and posted:
        mollie.reset()
        return _done(request)
    parts = path.split("/")
    if posted and len(parts) == 3 and parts[0] == "payments":
        act(mollie, parts[1], parts[2], values_of(request))
        return _done(request)
    return _json({"error": "not found"}, 404)


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


def _done(request: Request) -> Response:
    if "text/html" in request.headers.get("Accept", ""):
        return redirect("/", 303)
    return _json({"ok": True})


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
