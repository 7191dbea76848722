"""What a person wants done to an order at its shop."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from app.web.forms import Form
from app.web.lazy import lazy as _l

KEY = r"^[0-9a-f]{32}$"


class ActForm(Form):
    """`key` makes a double click one act."""

    key = HiddenField(validators=[InputRequired(), Regexp(KEY)])


class CancelForm(ActForm):
    reason = StringField(_l("Reason"), validators=[InputRequired(), Length(min=3, max=200)])
    mail = BooleanField(_l("The shop tells the customer by mail"))


class AddressForm(ActForm):
    """As Shopware keeps it: the house number stands in `street`."""

    name = StringField(_l("Name"), validators=[InputRequired(), Length(max=100)])
    company = StringField(_l("Company"), validators=[Length(max=255)])
    street = StringField(_l("Street and number"), validators=[InputRequired(), Length(max=255)])
    extra = StringField(_l("Addition"), validators=[Length(max=255)])
    zipcode = StringField(_l("Postal code"), validators=[InputRequired(), Length(max=50)])
    city = StringField(_l("Town"), validators=[InputRequired(), Length(max=70)])
    country = StringField(_l("Country, two letters"), validators=[InputRequired(), Regexp(r"^[A-Z]{2}$")])
    phone = StringField(_l("Phone"), validators=[Length(max=40)])
    reason = StringField(_l("Why it is mended"), validators=[InputRequired(), Length(min=3, max=200)])
