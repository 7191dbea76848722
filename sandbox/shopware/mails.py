"""Mails of a shop: its templates, filled and kept instead of sent.

Templates are Twig in a shop. What these use of it is the same in Jinja, which fills them here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from sandbox.settings import ShopIdentity
from sandbox.shopware.entities import ENTITIES
from sandbox.shopware.errors import ShopError, violation
from sandbox.shopware.serialise import associated
from sandbox.shopware.storage import Books, stamp
from sandbox.storage import Doc

PLACED = "order_confirmation_mail"
KEPT_AT_MOST = 500
_TEXT, _HTML = SandboxedEnvironment(), SandboxedEnvironment(autoescape=True)
_REQUIRED = ("recipients", "salesChannelId", "subject", "senderName", "contentHtml", "contentPlain")
_OF_ORDER: Mapping[str, Any] = {
    "orderCustomer": {}, "lineItems": {}, "salesChannel": {}, "currency": {},
    "deliveries": {"associations": {"shippingOrderAddress": {"associations": {"country": {}}}}},
}  # fmt: skip
_DUTCH = {
    PLACED: ("Wij hebben uw bestelling {{ order.orderNumber }}", "Dit heeft u besteld:"),
    "order_transaction.state.paid": ("Uw betaling voor {{ order.orderNumber }} is binnen", "Wij gaan aan de slag."),
    "order_transaction.state.refunded": ("Wij betaalden {{ order.orderNumber }} terug", "Dit had u besteld:"),
    "order_transaction.state.refunded_partially": (
        "Wij betaalden een deel van {{ order.orderNumber }} terug", "Dit had u besteld:"),
    "order_delivery.state.shipped": ("Uw bestelling {{ order.orderNumber }} is onderweg", "In uw pakket zit:"),
    "order.state.cancelled": ("Uw bestelling {{ order.orderNumber }} is geannuleerd", "Dit had u besteld:"),
}  # fmt: skip
_ENGLISH = {
    PLACED: ("We have your order {{ order.orderNumber }}", "You ordered:"),
    "order_transaction.state.paid": ("We have your payment for {{ order.orderNumber }}", "We are on it."),
    "order_transaction.state.refunded": ("We paid {{ order.orderNumber }} back", "You had ordered:"),
    "order_transaction.state.refunded_partially": ("We paid part of {{ order.orderNumber }} back", "You had ordered:"),
    "order_delivery.state.shipped": ("Your order {{ order.orderNumber }} is on its way", "In your parcel:"),
    "order.state.cancelled": ("Your order {{ order.orderNumber }} was cancelled", "You had ordered:"),
}  # fmt: skip
_PLAIN = """{hello} {{{{ order.orderCustomer.firstName }}}} {{{{ order.orderCustomer.lastName }}}},

{subject}. {words}
{{% for line in order.lineItems %}}
{{{{ line.quantity }}}} x {{{{ line.label }}}}{{% endfor %}}

{total}: EUR {{{{ "%.2f"|format(order.amountTotal) }}}}
"""
_RICH = """<p>{hello} {{{{ order.orderCustomer.firstName }}}} {{{{ order.orderCustomer.lastName }}}},</p>
<p>{subject}. {words}</p>
<ul>{{% for line in order.lineItems %}}<li>{{{{ line.quantity }}}} x {{{{ line.label }}}}</li>{{% endfor %}}</ul>
<p>{total}: EUR {{{{ "%.2f"|format(order.amountTotal) }}}}</p>
"""


def records(me: ShopIdentity) -> dict[str, dict[str, Doc]]:
    """The templates and their types, as delivered."""
    texts, hello, total = (_DUTCH, "Beste", "Totaal") if me.language == "nl" else (_ENGLISH, "Dear", "Total")
    types = {me.id("mail_template_type", kind): {"technicalName": kind, "name": kind, "availableEntities": {
        "order": "order", "salesChannel": "sales_channel"}} for kind in texts}  # fmt: skip
    templates = {}
    for kind, (subject, words) in texts.items():
        said = {"hello": hello, "subject": subject, "words": words, "total": total}
        templates[me.id("mail_template", kind)] = {
            "mailTemplateTypeId": me.id("mail_template_type", kind), "systemDefault": True, "description": kind,
            "subject": subject, "senderName": "{{ salesChannel.name }}", "contentPlain": _PLAIN.format(**said),
            "contentHtml": _RICH.format(**said),
        }  # fmt: skip
    return {"mail_template_type": types, "mail_template": templates}


def about_order(books: Books, me: ShopIdentity, kind: str, order_id: str) -> None:
    """What the shop's flows do by themselves: the template of a kind to who ordered. Nothing where there is none."""
    template = _newest(books, kind)
    order = books.get("order", [order_id]).get(order_id)
    if template is None or order is None:
        return
    associated(books, ENTITIES["order"], [order], dict(_OF_ORDER))
    customer = order.get("orderCustomer")
    if customer is None:
        return
    name = f"{customer.get('firstName', '')} {customer.get('lastName', '')}".strip()
    _keep(books, {
        **{field: template[field] for field in ("subject", "senderName", "contentHtml", "contentPlain")},
        "recipients": {customer["email"]: name}, "salesChannelId": order["salesChannelId"],
        "mailTemplateData": {"order": order, "salesChannel": order["salesChannel"] or {"name": me.name}},
    }, kind)  # fmt: skip


def _newest(books: Books, kind: str) -> Doc | None:
    """The template of a kind: one of the shop's own before the one that came with it."""
    where = (
        "e.name = 'mail_template' AND EXISTS (SELECT 1 FROM entity t WHERE t.name = 'mail_template_type' "
        "AND t.id = e.doc->>'mailTemplateTypeId' AND t.doc->>'technicalName' = %s)"
    )
    found = books.find(where, [kind], "(e.doc->>'systemDefault')::bool, e.auto DESC", 1, 0)
    return found[0] if found else None


def send(books: Books, body: Mapping[str, Any]) -> dict[str, int]:
    """`POST /_action/mail-template/send`: the size of what was sent, 0 where the template could not be filled."""
    wrong = [violation(f"/{name}", "This value should not be blank.") for name in _REQUIRED if not body.get(name)]
    if not wrong and not books.known("sales_channel", [str(body["salesChannelId"])]):
        wrong = [violation("/salesChannelId", "The sales_channel entity does not exist.")]
    if not wrong and not isinstance(body["recipients"], dict):
        wrong = [violation("/recipients", "This value should be of type array.")]
    if wrong:
        raise ShopError(400, wrong)
    return {"size": _keep(books, body, "")}


def _keep(books: Books, body: Mapping[str, Any], kind: str) -> int:
    data = body.get("mailTemplateData") or {}
    try:
        filled = {name: environment.from_string(str(body[name])).render(data) for name, environment in (
            ("subject", _TEXT), ("senderName", _TEXT), ("contentPlain", _TEXT), ("contentHtml", _HTML))}  # fmt: skip
    except TemplateError:
        return 0
    order = data.get("order") if isinstance(data, dict) else None
    mail = {"to": body["recipients"], "kind": kind, "order_number": (order or {}).get("orderNumber"),
            "subject": filled["subject"], "sender": filled["senderName"], "html": filled["contentHtml"],
            "plain": filled["contentPlain"], "test": bool(body.get("testMode"))}  # fmt: skip
    books.connection.execute("INSERT INTO mail (doc) VALUES (%s::jsonb)", (json.dumps(mail),))
    books.connection.execute(
        "DELETE FROM mail WHERE id <= (SELECT max(id) FROM mail) - %s", (KEPT_AT_MOST,)
    )  # fmt: skip
    return sum(len(text.encode()) for text in filled.values())


def kept(books: Books) -> list[dict[str, Any]]:
    """What was sent, the oldest first."""
    rows = books.connection.execute("SELECT doc, at FROM mail ORDER BY id").fetchall()
    return [{**doc, "at": stamp(at)} for doc, at in rows]
