"""Pages for people: the latest payments, and one payment with what can happen to it."""

from __future__ import annotations

import json
from collections.abc import Collection

from werkzeug import Response

from sandbox import pages
from sandbox.mollie import show
from sandbox.mollie.identity import PROFILES
from sandbox.mollie.psp import Mollie

LATEST = 50


def latest(mollie: Mollie) -> Response:
    """The latest payments of all profiles and modes, with the clock."""
    with mollie.storage.transaction() as books:
        rows = books.connection.execute(
            "SELECT doc FROM entity WHERE kind = 'payment' ORDER BY doc->>'createdAt' DESC, auto DESC LIMIT %s",
            (LATEST,),
        )
        shown = show.payments(books, mollie.base_url, [doc for (doc,) in rows.fetchall()])
    names = {profile.id: profile.name for profile in PROFILES}
    return pages.page("mollie.html", payments=shown, names=names, clock=mollie.clock(), stats=mollie.stats())


def one(mollie: Mollie, payment_id: str, acts: Collection[str]) -> Response:
    """One payment: as its API shows it, the calls about it, the acts that people can do."""
    with mollie.storage.transaction() as books:
        doc = books.get("payment", payment_id)
        if doc is None:
            return Response("There is no such payment.", 404, mimetype="text/plain")
        shown = show.payments(books, mollie.base_url, [doc], embed=sorted(show.SHOW_CHILD))[0]
    body = json.dumps(shown, indent=2, ensure_ascii=False)
    return pages.page("mollie_payment.html", payment=shown, body=body, acts=acts, calls=mollie.deliveries(payment_id))
