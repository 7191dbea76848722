"""Wanting money paid back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from wtforms import BooleanField, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from app.orders.models import OrderLine
from app.payments import words
from app.payments.refunds import Left
from app.payments.verdict import CENT
from app.pricing.forms import AmountField
from app.web.forms import Form, choices
from app.web.lazy import lazy as _l

KEY = r"^[0-9a-f]{32}$"


class RefundForm(Form):
    """`key` makes a double click one refund; `sum` is how much: whole, lines or amount."""

    key = HiddenField(validators=[InputRequired(), Regexp(KEY)])
    payment = SelectField(_l("Of the payment"))
    sum = RadioField(_l("How much"), default="whole")
    amount = AmountField(_l("Amount"), places=2, validators=[Optional()])
    reason = SelectField(_l("Reason"), validators=[InputRequired()])
    note = TextAreaField(_l("Note for colleagues"), validators=[Length(max=500)])
    returns = BooleanField(_l("The pieces come back, or never left: they may be sold again"))

    def offer(self, left: Sequence[Left]) -> None:
        """Give the choices."""
        self.payment.choices = choices((str(one.payment.id), one.payment.external_id) for one in left)
        self.sum.choices = choices(
            [("whole", _l("All that is left")), ("lines", _l("By item")), ("amount", _l("An amount"))]
        )
        self.reason.choices = choices(words.reasons())


class DecisionForm(Form):
    """A second person's word."""

    agreed = BooleanField()


class Share(NamedTuple):
    """A line of the order, and what of it can still be paid back. `each`: of one piece, VAT included."""

    line: OrderLine
    each: Decimal
    whole: Decimal
    refunded: int  # Pieces that were paid back, or are about to be.

    @property
    def left(self) -> int:
        return max(0, self.line.quantity - self.refunded)

    def of(self, pieces: int) -> Decimal:
        """What so many pieces cost; all together cost what the line did, whatever a piece rounds to."""
        return self.whole if pieces == self.line.quantity else (self.each * pieces).quantize(CENT, ROUND_HALF_UP)


def shares(lines: Sequence[OrderLine], refunded: dict[int, int], *, tax_status: str) -> list[Share]:
    """The lines of an order as they can be paid back; amounts of a net order get their VAT."""
    found = []
    for line in lines:
        factor = Decimal(1)
        if tax_status == "net" and line.tax_percent:
            factor += line.tax_percent / 100
        whole = (line.total_price * factor).quantize(CENT, ROUND_HALF_UP)
        if line.quantity > 0 and whole > 0:
            found.append(Share(line, line.total_price * factor / line.quantity, whole, refunded.get(line.id, 0)))
    return found
