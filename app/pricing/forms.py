"""Pinning an offer."""

from __future__ import annotations

from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length

from app.web.forms import Form
from app.web.lazy import lazy as _l


class PinForm(Form):
    until = DateField(_l("Until the end of"), validators=[InputRequired()])
    reason = StringField(_l("Reason"), validators=[InputRequired(), Length(min=3, max=200)])
