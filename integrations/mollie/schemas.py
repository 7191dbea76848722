"""Bodies of Mollie's API that we read.

Unknown fields are ignored; unknown statuses, methods and types are kept as the text that came. What may hold personal
data is left out of every repr.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from integrations.mollie.values import Amount, PeriodAmount, Time


def _object_if_none(value: object) -> object:
    """An absent object is `null`, or the empty list of a server that is written in PHP."""
    return {} if value is None or value == [] else value


def _text(value: object) -> object:
    return "" if value is None else value


def _list_if_text(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text)]


class _Body(BaseModel):
    # A validation error must not quote what it read: names and bank accounts would end up in the log.
    model_config = ConfigDict(
        extra="ignore", populate_by_name=True, hide_input_in_errors=True, alias_generator=to_camel, frozen=True
    )


class Refusal(_Body):
    """Every error answer; `field` is a dotted path into what we sent."""

    status: int
    title: Text = ""
    detail: Text = ""
    field: str | None = None


class Link(_Body):
    """A link; only those to the API itself are followed."""

    href: str
    type: str | None = None


Links = Annotated[dict[str, Link | None], BeforeValidator(_object_if_none)]


class _Resource(_Body):
    id: str = Field(min_length=1)
    links: Links = Field(default_factory=dict, alias="_links", repr=False)

    def link(self, name: str) -> str | None:
        """The address of a link, None when Mollie gives none."""
        found = self.links.get(name)
        return found.href if found else None


class Refund(_Resource):
    """`status`: queued, pending, processing, refunded, failed or canceled. `settlement_amount` is negative."""

    status: str
    amount: Amount
    created_at: Time
    payment_id: str | None = None
    mode: str | None = None
    description: Text = Field(default="", repr=False)
    metadata: Any = Field(default=None, repr=False)
    settlement_id: str | None = None
    settlement_amount: Amount | None = None
    order_id: str | None = None
    external_reference: dict[str, Any] | None = None


class Capture(_Resource):
    """`status`: pending, succeeded or failed."""

    status: str
    created_at: Time
    amount: Amount | None = None
    payment_id: str | None = None
    mode: str | None = None
    description: str | None = Field(default=None, repr=False)
    metadata: Any = Field(default=None, repr=False)
    settlement_id: str | None = None
    settlement_amount: Amount | None = None


class Reason(_Body):
    """Why a direct debit was charged back."""

    code: str | None = None
    description: str | None = None


class Chargeback(_Resource):
    """`reversed_at`: when it was taken back, None while it stands. `settlement_amount` is negative."""

    amount: Amount
    created_at: Time
    payment_id: str | None = None
    reversed_at: Time | None = None
    reason: Reason | None = None
    settlement_id: str | None = None
    settlement_amount: Amount | None = None


class _PaymentParts(_Body):
    refunds: list[Refund] | None = None
    captures: list[Capture] | None = None
    chargebacks: list[Chargeback] | None = None


class Payment(_Resource):
    """A payment. `status` never says that money went back: see `state.derived_state`.

    `amount_remaining` may exceed what is left: some methods allow more for return costs. `settlement_amount` is
    approximate; books use balance transactions.
    """

    status: str
    amount: Amount
    created_at: Time
    mode: str | None = None
    profile_id: str | None = None
    method: str | None = None
    sequence_type: str | None = None
    description: Text = Field(default="", repr=False)
    metadata: Any = Field(default=None, repr=False)
    details: dict[str, Any] | None = Field(default=None, repr=False)
    locale: str | None = None
    country_code: str | None = None
    webhook_url: str | None = Field(default=None, repr=False)
    redirect_url: str | None = Field(default=None, repr=False)
    cancel_url: str | None = Field(default=None, repr=False)
    is_cancelable: bool | None = None  # Absent once the status is final.
    expires_at: Time | None = None
    authorized_at: Time | None = None
    paid_at: Time | None = None
    canceled_at: Time | None = None
    expired_at: Time | None = None
    failed_at: Time | None = None
    capture_before: Time | None = None
    capture_mode: str | None = None
    due_date: date | None = None
    amount_refunded: Amount | None = None
    amount_remaining: Amount | None = None
    amount_captured: Amount | None = None
    amount_charged_back: Amount | None = None
    settlement_amount: Amount | None = None
    settlement_id: str | None = None
    order_id: str | None = None
    customer_id: str | None = None
    mandate_id: str | None = None
    subscription_id: str | None = None
    embedded: Annotated[_PaymentParts, BeforeValidator(_object_if_none)] = Field(
        default=_PaymentParts(), alias="_embedded", repr=False
    )

    # None in each: the list was not asked for.

    @property
    def refunds(self) -> list[Refund] | None:
        """Asked for with `embed=["refunds"]`."""
        return self.embedded.refunds

    @property
    def captures(self) -> list[Capture] | None:
        """Asked for with `embed=["captures"]`."""
        return self.embedded.captures

    @property
    def chargebacks(self) -> list[Chargeback] | None:
        """Asked for with `embed=["chargebacks"]`."""
        return self.embedded.chargebacks


class Rate(_Body):
    """What a method costs; `percentage` as Mollie writes it, such as `1.8`."""

    fixed: PeriodAmount | None = None
    percentage: Annotated[str | None, BeforeValidator(lambda value: None if value is None else str(value))] = None


class PeriodLine(_Body):
    """A sum of a settlement's period; `rate` on costs only."""

    description: Text = ""
    method: str | None = None
    count: int | None = None
    rate: Rate | None = None
    amount_net: PeriodAmount
    amount_vat: PeriodAmount | None = None
    amount_gross: PeriodAmount


class Period(_Body):
    """One month of a settlement."""

    revenue: list[PeriodLine] = Field(default_factory=list)
    costs: list[PeriodLine] = Field(default_factory=list)
    invoice_id: str | None = None


Months = Annotated[dict[str, Period], BeforeValidator(_object_if_none)]


class Settlement(_Resource):
    """`status`: open, pending, processing-at-bank, paidout or failed. `periods`: year → month → sums.

    The open one may lack `created_at` and `reference`; `settled_at` is set once it is paid out.
    """

    status: str
    amount: Amount
    reference: str | None = None  # What the bank statement shows.
    created_at: Time | None = None
    settled_at: Time | None = None
    balance_id: str | None = None
    invoice_id: str | None = None
    periods: Annotated[dict[str, Months], BeforeValidator(_object_if_none)] = Field(default_factory=dict, repr=False)


class Balance(_Resource):
    """What Mollie holds for us in one currency."""

    currency: str
    available_amount: Amount
    pending_amount: Amount
    status: str | None = None
    mode: str | None = None
    description: Text = ""
    created_at: Time | None = None
    transfer_frequency: str | None = None


class BalanceTransaction(_Resource):
    """One movement: `result_amount` = `initial_amount` + `deductions`, which are negative or None."""

    type: str
    result_amount: Amount
    initial_amount: Amount
    created_at: Time
    deductions: Amount | None = None
    deduction_details: dict[str, Amount | None] | None = None
    context: Any = Field(default=None, repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether the sum that Mollie promises holds."""
        deducted = self.deductions.value if self.deductions else 0
        return self.result_amount.value == self.initial_amount.value + deducted

    def reference(self, name: str) -> str | None:
        """`paymentId`, `refundId`, `chargebackId`, `settlementId`, …, from a flat context or one nested by type."""
        whole = self.context if isinstance(self.context, dict) else {}
        for part in (whole, *(inner for inner in whole.values() if isinstance(inner, dict))):
            if isinstance(part.get(name), str):
                return str(part[name])
        return None


class Method(_Resource):
    """A payment method that is switched on."""

    description: str
    status: str | None = None
    minimum_amount: Amount | None = None
    maximum_amount: Amount | None = None


class Subscription(_Resource):
    """A webhook subscription. `webhook_secret` comes only in the answer to creating it: keep it then."""

    name: str
    url: str
    status: str
    event_types: Annotated[list[str], BeforeValidator(_list_if_text)]
    profile_id: str | None = None
    mode: str | None = None
    created_at: Time | None = None
    webhook_secret: str | None = Field(default=None, repr=False)


class _EventParts(_Body):
    entity: dict[str, Any] | None = None


class Event(_Resource):
    """A webhook event. `entity` is how the thing was then, None in a simple delivery: a hint, so read it again."""

    type: str
    entity_id: str | None = None
    created_at: Time | None = None
    embedded: Annotated[_EventParts, BeforeValidator(_object_if_none)] = Field(
        default=_EventParts(), alias="_embedded", repr=False
    )

    @property
    def entity(self) -> dict[str, Any] | None:
        """The embedded snapshot."""
        return self.embedded.entity


class PageLinks(_Body):
    """Where the next page is; None on the last."""

    next: Link | None = None


class Page(_Body):
    """One page of any list."""

    count: int | None = None
    embedded: Annotated[dict[str, Any], BeforeValidator(_object_if_none)] = Field(alias="_embedded", repr=False)
    links: Annotated[PageLinks, BeforeValidator(_object_if_none)] = Field(default=PageLinks(), alias="_links")
