"""Pinning an offer, a rule, its publication, a named price, and a sale that a person enters."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)  # fmt: skip
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.pricing.rules import COMPONENTS
from app.web.forms import Form, choices
from app.web.lazy import lazy as _l

Channels = Sequence[tuple[int, str]]  # Id and name.
COMPONENT_NAMES = dict(
    zip(
        COMPONENTS,
        (_l("Inbound freight"), _l("Refurbishing"), _l("Packaging"), _l("Outbound parcel"), _l("Expected returns")),
        strict=True,
    )
)
SCHEMES = [("margin", _l("Margin scheme")), ("regular", _l("Regular VAT"))]


def with_point(value: str | None) -> str | None:
    """A decimal comma is a point."""
    return value.replace(",", ".").strip() if isinstance(value, str) else value


class AmountField(DecimalField):
    """A number that may be written with a comma."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata([with_point(value) for value in valuelist])


class PinForm(Form):
    until = DateField(_l("Until the end of"), validators=[InputRequired()])
    reason = StringField(_l("Reason"), validators=[InputRequired(), Length(min=3, max=200)])


class RuleForm(Form):
    """What all kinds share; the fields of one kind follow in a class of its own."""

    name = StringField(_l("Name"), validators=[InputRequired(), Length(min=2, max=80)])
    channel = SelectField(_l("Storefront"))
    brands = StringField(_l("Brands, with commas"), validators=[Optional(), Length(max=500)])
    active = BooleanField(_l("Switched on"), default=True)

    def numbers(self) -> list[Field]:
        """The fields of the kind, in their order."""
        return [field for field in self if field.name in self.parameters()]

    def parameters(self) -> dict[str, Any]:
        """As the rule keeps them: numbers as text."""
        return {}


def _text(number: Decimal | None) -> str:
    return format(number or Decimal(0), "f")


class CostForm(RuleForm):
    component = SelectField(_l("What for"), choices=choices([*COMPONENT_NAMES.items(), ("", _l("Something else"))]))
    eur = AmountField(_l("EUR a piece"), validators=[Optional(), NumberRange(0, 100_000)], places=None)
    percent = AmountField(_l("Per cent of the offer"), validators=[Optional(), NumberRange(0, 100)], places=None)

    def parameters(self) -> dict[str, Any]:
        named = {"component": self.component.data} if self.component.data else {}
        return {**named, "eur": _text(self.eur.data), "percent": _text(self.percent.data)}

    def numbers(self) -> list[Field]:
        return [self.component, self.eur, self.percent]


class MarginPercentForm(RuleForm):
    percent = AmountField(_l("Per cent over all costs"), validators=[InputRequired(), NumberRange(-100, 1000)],
                          places=None)  # fmt: skip
    least_eur = AmountField(_l("At least, EUR"), validators=[Optional(), NumberRange(0, 100_000)], places=None)

    def parameters(self) -> dict[str, Any]:
        return {"percent": _text(self.percent.data), "least_eur": _text(self.least_eur.data)}


class MarginAmountForm(RuleForm):
    eur = AmountField(_l("EUR over all costs"), validators=[InputRequired(), NumberRange(-100_000, 100_000)],
                      places=None)  # fmt: skip

    def parameters(self) -> dict[str, Any]:
        return {"eur": _text(self.eur.data)}


class ChannelFeeForm(RuleForm):
    percent = AmountField(_l("Per cent of the price"), validators=[InputRequired(), NumberRange(0, 75)], places=None)

    def parameters(self) -> dict[str, Any]:
        return {"percent": _text(self.percent.data)}


class CeilingForm(RuleForm):
    percent = AmountField(_l("Per cent of what new costs"), validators=[InputRequired(), NumberRange(1, 1000)],
                          places=None)  # fmt: skip

    def parameters(self) -> dict[str, Any]:
        return {"percent": _text(self.percent.data)}


class RoundingForm(RuleForm):
    brackets = TextAreaField(_l("Brackets"), validators=[InputRequired(), Length(max=2000)], render_kw={"rows": 5})

    def validate_brackets(self, field: Field) -> None:
        """Each line is three amounts."""
        try:
            read_brackets(field.data)
        except (ValueError, InvalidOperation) as error:
            raise ValidationError(_("Each line is: up to / step / less. The last line begins with –.")) from error

    def parameters(self) -> dict[str, Any]:
        try:
            return {"brackets": read_brackets(self.brackets.data or "")}
        except (ValueError, InvalidOperation):
            return {"brackets": []}


def read_brackets(lines: str) -> list[dict[str, Any]]:
    """Brackets written as `up to / step / less`, one a line. Raises ValueError, InvalidOperation."""
    found = []
    for line in lines.splitlines():
        if not line.strip():
            continue
        high, step, minus = (str(with_point(part)) for part in line.split("/"))
        up_to = None if high in ("-", "–", "") else format(Decimal(high), "f")
        found.append({"up_to": up_to, "step": format(Decimal(step), "f"), "minus": format(Decimal(minus), "f")})
    return found


def write_brackets(brackets: Sequence[dict[str, Any]]) -> str:
    """As `read_brackets` reads them."""
    return "\n".join(f"{item.get('up_to') or '–'} / {item['step']} / {item.get('minus', 0)}" for item in brackets)


RULE_FORMS: dict[str, type[RuleForm]] = {
    "cost": CostForm, "margin_percent": MarginPercentForm, "margin_amount": MarginAmountForm,
    "channel_fee_percent": ChannelFeeForm, "rounding": RoundingForm, "ceiling_percent": CeilingForm,
}  # fmt: skip


class PublishForm(Form):
    """`first`: "" for everything at once, `channel:<id>`, or `percent:<number>`."""

    note = StringField(_l("Why"), validators=[InputRequired(), Length(min=3, max=300)])
    first = SelectField(_l("Begin with"))

    def offer(self, channels: Channels) -> PublishForm:
        """Fill the select."""
        self.first.choices = choices([
            ("", _("everything at once")),
            *((f"channel:{channel_id}", _("%(channel)s alone", channel=name)) for channel_id, name in channels),
            *((f"percent:{part}", _("%(percent)s %% of the products", percent=part)) for part in (1, 5, 10, 25)),
        ])  # fmt: skip
        return self


class NamedPriceForm(Form):
    channel = SelectField(_l("Storefront"))
    gross = AmountField(_l("Price, VAT included"), validators=[InputRequired(), NumberRange(Decimal("0.01"), 100_000)],
                        places=2)  # fmt: skip
    until = DateField(_l("Until the end of"), validators=[InputRequired()])
    reason = StringField(_l("Reason"), validators=[InputRequired(), Length(min=3, max=200)])

    def offer(self, channels: Channels) -> NamedPriceForm:
        """Fill the select."""
        self.channel.choices = choices((str(channel_id), name) for channel_id, name in channels)
        return self


class SaleForm(Form):
    channel = SelectField(_l("Storefront"))
    reference = StringField(_l("Order line"), validators=[InputRequired(), Length(min=1, max=100)])
    sku = StringField(_l("SKU"), validators=[InputRequired(), Length(max=100)])
    quantity = IntegerField(
        _l("Pieces, with a minus when they came back"),
        default=1,
        validators=[InputRequired(), NumberRange(-1000, 1000)],
    )
    gross = AmountField(_l("Sold for, a piece"), validators=[InputRequired(), NumberRange(0, 100_000)], places=2)
    purchase = AmountField(_l("Bought for, a piece"), validators=[InputRequired(), NumberRange(0, 100_000)], places=2)
    scheme = SelectField(_l("VAT"), choices=choices(SCHEMES))
    sold_on = DateField(_l("Day"), validators=[InputRequired()])

    def validate_quantity(self, field: Field) -> None:
        """None is no sale."""
        if field.data == 0:
            raise ValidationError(_("None is no sale."))

    def offer(self, channels: Channels) -> SaleForm:
        """Fill the select."""
        self.channel.choices = choices((str(channel_id), name) for channel_id, name in channels)
        return self
