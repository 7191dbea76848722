"""A shop's own mails: its templates, and what it wants to know to send one.

Source: `MailActionController` of Shopware 6.6 and 6.7. The shop fills the template with what is sent along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from integrations.shopware.orders import Custom, Words
from integrations.shopware.schemas import _Body, _none_if_list

CONFIRMATION = "order_confirmation_mail"
ORDER_ASSOCIATIONS: Mapping[str, Any] = {
    "orderCustomer": {"associations": {"salutation": {}}},
    "stateMachineState": {}, "currency": {}, "lineItems": {}, "salesChannel": {}, "language": {},
    "addresses": {"associations": {"country": {}}}, "billingAddress": {"associations": {"country": {}}},
    "deliveries": {"associations": {"shippingMethod": {}, "shippingOrderAddress": {"associations": {"country": {}}}}},
    "transactions": {"associations": {"paymentMethod": {}, "stateMachineState": {}}},
}  # fmt: skip


class MailTemplate(_Body):
    """A template; texts are of the language that was asked for, or of the shop's own."""

    id: str
    subject: Words = ""
    sender_name: Words = Field("", alias="senderName")
    html: Words = Field("", alias="contentHtml")
    plain: Words = Field("", alias="contentPlain")
    translated: Annotated[Custom, BeforeValidator(_none_if_list)] = Field(default_factory=dict)

    def text(self, name: str, own: str) -> str:
        """A text of the template, in the language of the shop where it has none of its own."""
        return own or str(self.translated.get(name) or "")


def templates_of(kind: str) -> dict[str, Any]:
    """Criteria of the templates of a kind, the shop's own ones before those that came with it."""
    return {
        "filter": [{"type": "equals", "field": "mailTemplateType.technicalName", "value": kind}],
        "sort": [{"field": "systemDefault", "order": "ASC"}],
    }


def mail_of(template: MailTemplate, order: Mapping[str, Any], *, to: str, name: str) -> dict[str, Any]:
    """The body that sends the template about an order."""
    channel = order.get("salesChannel") or {}
    return {
        "recipients": {to: name or to},
        "salesChannelId": order.get("salesChannelId"),
        "subject": template.text("subject", template.subject),
        "senderName": template.text("senderName", template.sender_name) or str(channel.get("name") or ""),
        "contentHtml": template.text("contentHtml", template.html),
        "contentPlain": template.text("contentPlain", template.plain),
        "mailTemplateData": {"order": dict(order), "salesChannel": channel},
        "testMode": False,
    }
