"""The page on which a buyer pays. Here the buyer also says how it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox import pages
from sandbox.mollie import reading, states
from sandbox.mollie.errors import MollieError
from sandbox.mollie.identity import PROFILES, profile_of
from sandbox.mollie.methods import METHODS, Method
from sandbox.mollie.psp import Mollie
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

_PAYABLE = ("open", "pending")
TEXTS: Mapping[str, Mapping[str, str]] = {
    "nl": {
        "title": "Betalen", "choose": "Kies hoe u betaalt", "pay": "Betaal", "more": "Of laat het anders lopen",
        "authorise": "Alleen reserveren", "fail": "De bank weigert", "cancel": "Annuleren",
        "wait": "In behandeling laten", "expire": "Laten verlopen",
        "again": "Dat is niet gelukt. Kies een andere manier, of annuleer.",
        "back": "Terug naar de winkel", "gone": "Deze betaling is er niet.",
        "live": "Nagebootst: er beweegt geen geld.",
        "open": "Deze betaling staat open.", "pending": "Deze betaling is in behandeling.",
        "authorized": "Het bedrag is gereserveerd.", "paid": "Deze betaling is voldaan.",
        "canceled": "Deze betaling is geannuleerd.", "expired": "Deze betaling is verlopen.",
        "failed": "Deze betaling is mislukt.",
        "creditcard": "Betaalkaart", "banktransfer": "Overboeking", "klarna": "Betaal met Klarna",
        "billie": "Op rekening voor bedrijven (Billie)", "kbc": "KBC/CBC-betaalknop", "giftcard": "Cadeaukaart",
        "directdebit": "Automatische incasso",
    },
    "en": {
        "title": "Pay", "choose": "Choose how to pay", "pay": "Pay", "more": "Or let it end otherwise",
        "authorise": "Only reserve it", "fail": "The bank refuses", "cancel": "Cancel", "wait": "Leave it pending",
        "expire": "Let it expire", "again": "That did not work. Choose another way, or cancel.",
        "back": "Back to the shop", "gone": "There is no such payment.", "live": "A stand-in: no money moves.",
        "open": "This payment is open.", "pending": "This payment is pending.",
        "authorized": "The amount is reserved.", "paid": "This payment is paid.",
        "canceled": "This payment was cancelled.", "expired": "This payment has expired.",
        "failed": "This payment failed.",
    },
}  # fmt: skip
OUTCOMES: Mapping[str, Callable[[Books, Doc, str | None], None]] = {
    "pay": states.pay, "authorise": states.authorise, "fail": states.fail, "wait": states.wait,
    "cancel": lambda books, doc, _method: states.move(books, doc, "canceled"),
    "expire": lambda books, doc, _method: states.move(books, doc, "expired"),
}  # fmt: skip
_COMES_BACK = ("fail", "cancel")  # With a preset method the buyer may choose another one after these.


def answer(mollie: Mollie, request: Request) -> Response:
    """The page, or what follows from the buyer's choice."""
    token = request.path.rstrip("/").rpartition("/")[2]
    if request.method == "POST":
        response = _choose(mollie, request, token)
        mollie.after_commit()
        return response
    with mollie.storage.transaction() as books:
        return _page(books.by_token(token), again="again" in request.args)


def css(path: str) -> Response:
    """The style sheet with the colour of the shop that the path names in it."""
    code = path.rpartition("/")[2].removesuffix(".css")
    accent = next((profile.accent for profile in PROFILES if profile.code == code), pages.NEUTRAL)
    return pages.css(accent, "checkout.css")


def _choose(mollie: Mollie, request: Request, token: str) -> Response:
    outcome, method = request.form.get("outcome", "pay"), request.form.get("method") or None
    with mollie.storage.transaction() as books:
        doc = books.by_token(token, lock=True)
        if doc is None or doc["status"] not in _PAYABLE:
            return _page(doc)  # Somebody was faster, on another tab perhaps.
        if outcome not in OUTCOMES:
            return _page(doc, status=400)
        if outcome in _COMES_BACK and doc["method"] is not None and doc["status"] == "open":
            states.choose_again(books, doc)
            return redirect(f"{request.path}?again=1", 303)
        try:
            reading.go_back(books, request)
            OUTCOMES[outcome](books, doc, method)
        except MollieError:
            return _page(doc, status=422)
    return redirect(_way_back(doc), 303)


def _way_back(doc: Doc) -> str:
    return str((doc["status"] == "canceled" and doc.get("cancelUrl")) or doc["redirectUrl"])


def _page(doc: Doc | None, *, status: int = 200, again: bool = False) -> Response:
    if doc is None:
        return pages.page("checkout.html", status=404, doc=None, t=TEXTS["nl"], lang="nl")
    profile = profile_of(doc["profileId"])
    assert profile is not None
    language = (doc.get("locale") or profile.language)[:2]
    lang = language if language in TEXTS else "en"
    return pages.page(
        "checkout.html", status=status, doc=doc, profile=profile, t=TEXTS[lang], lang=lang,
        amount=_shown(doc, lang), methods=_methods(doc), payable=doc["status"] in _PAYABLE,
        back=_way_back(doc), again=again or status == 422,
    )  # fmt: skip


def _methods(doc: Doc) -> list[Method]:
    """What the buyer can choose from."""
    currency, value = doc["amount"]["currency"], Decimal(doc["amount"]["value"])
    wanted = [doc["method"]] if doc["method"] else doc["_choice"]
    offered = [method for name, method in METHODS.items() if (name in wanted if wanted else method.offered)]
    return [
        method
        for method in offered
        if not method.refuses(currency, value) and ("lines" in doc or not method.wants_lines)
    ]


def _shown(doc: Doc, lang: str) -> str:
    """An amount as people of the language write it."""
    amount: dict[str, Any] = doc["amount"]
    whole, _, cents = f"{Decimal(amount['value']):,}".partition(".")
    sign = "€" if amount["currency"] == "EUR" else amount["currency"]
    if lang == "nl":
        whole, point = whole.replace(",", "."), ","
    else:
        point = "."
    return f"{sign}\u00a0{whole}" + (f"{point}{cents}" if cents else "")
