"""Payment methods: what a buyer can choose, within which amounts, and how the money then moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)
EURO, ANY = frozenset({"EUR"}), frozenset[str]()
CARD_FAILURES = (  # By amount from 1001.00 up; the same order as in Mollie's test mode.
    "invalid_card_number", "invalid_cvv", "invalid_card_holder_name", "card_expired", "invalid_card_type",
    "refused_by_issuer", "insufficient_funds", "inactive_card", "possible_fraud", "authentication_failed",
    "card_declined",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Method:
    """`fixed` and `percent` are what Mollie keeps of a payment, in euro without VAT."""

    id: str
    name: str
    expires: timedelta = _HOUR
    least: str = "0.01"
    most: str = "10000.00"
    currencies: frozenset[str] = EURO  # ANY: all.
    authorises: bool = False  # Money is held until it is captured.
    holds: bool = False  # Can be asked to: captureMode manual.
    wants_lines: bool = False
    refunds: bool = True
    cancelable: bool = False
    fixed: str = "0.35"
    percent: str = "0"
    extra: str = "0"  # What may be refunded beyond what was paid.
    offered: bool = True  # In the list of methods, and at the checkout.

    def refuses(self, currency: str, value: Decimal) -> str | None:
        """Why an amount cannot be paid with it; None when it can."""
        if self.currencies is not ANY and currency not in self.currencies:
            return f"The currency is not supported by {self.name}"
        if value < Decimal(self.least):
            return "The amount is lower than the minimum"
        return "The amount is higher than the maximum" if value > Decimal(self.most) else None


def _later(id_: str, name: str, most: str, *, offered: bool = True) -> Method:
    """Pay later: authorised at once, captured with the parcel."""
    return Method(id_, name, timedelta(hours=48), "1.00", most, authorises=True, wants_lines=True, fixed="0.99",
                  percent="2.99", offered=offered)  # fmt: skip


METHODS = {
    method.id: method
    for method in (
        Method("ideal", "iDEAL", _QUARTER, most="50000.00", fixed="0.32"),
        Method("creditcard", "Card", timedelta(minutes=30), currencies=ANY, holds=True, fixed="0.25", percent="1.80"),
        Method("bancontact", "Bancontact", most="50000.00", fixed="0.39", extra="25.00"),
        Method("paypal", "PayPal", timedelta(hours=72), most="8000.00", currencies=ANY, fixed="0.10"),
        Method("banktransfer", "Bank transfer", timedelta(days=12), most="1000000.00", cancelable=True, fixed="0.25"),
        _later("klarna", "Pay with Klarna", "10000.00"),
        _later("in3", "iDEAL in3", "5000.00"),
        _later("riverty", "Riverty", "5000.00"),
        _later("billie", "Pay by Invoice for Businesses - Billie", "100000.00"),
        Method("applepay", "Apple Pay", timedelta(minutes=30), currencies=ANY, holds=True, fixed="0.25",
               percent="1.80"),
        Method("kbc", "KBC/CBC Payment Button", most="50000.00", fixed="0.90"),
        Method("belfius", "Belfius Direct Net", most="50000.00", fixed="0.90"),
        Method("giftcard", "Gift cards", timedelta(hours=2), refunds=False),
        Method("directdebit", "SEPA Direct Debit", timedelta(days=12), most="1000.00", cancelable=True, fixed="0.35",
               offered=False),
        Method("eps", "eps", offered=False),
        Method("przelewy24", "Przelewy24", currencies=frozenset({"EUR", "PLN"}), offered=False),
        Method("mybank", "MyBank", timedelta(minutes=45), offered=False),
        Method("paysafecard", "paysafecard", _QUARTER, most="1000.00", refunds=False, offered=False),
        Method("trustly", "Trustly", offered=False),
        Method("voucher", "Vouchers", timedelta(hours=2), wants_lines=True, offered=False),
        Method("pointofsale", "Point of sale", _QUARTER, offered=False),
        *(Method(id_, id_.title(), offered=False) for id_ in (
            "alma", "bancomatpay", "bizum", "mbway", "multibanco", "paybybank", "satispay")),
        Method("bacs", "Bacs", currencies=frozenset({"GBP"}), offered=False),
        Method("blik", "BLIK", currencies=frozenset({"PLN"}), offered=False),
        Method("mobilepay", "MobilePay", currencies=frozenset({"DKK"}), offered=False),
        Method("swish", "Swish", currencies=frozenset({"SEK"}), offered=False),
        Method("twint", "TWINT", currencies=frozenset({"CHF"}), offered=False),
        Method("vipps", "Vipps", currencies=frozenset({"NOK"}), offered=False),
        _later("billink", "Billink", "5000.00", offered=False),
    )
}  # fmt: skip
EXPIRES = _QUARTER  # While no method is chosen.
