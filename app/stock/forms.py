"""Counting and correcting."""

from __future__ import annotations

from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from app.web.forms import Form, choices
from app.web.lazy import lazy as _l


class CorrectionForm(Form):
    kind = SelectField(
        _l("What"),
        choices=choices([("receipt", _l("Received")), ("count", _l("Counted")), ("correction", _l("Corrected"))]),
    )
    quantity = IntegerField(
        _l("Pieces, with a minus when they go"), validators=[InputRequired(), NumberRange(-100_000, 100_000)]
    )
    reason = StringField(_l("Reason"), validators=[InputRequired(), Length(min=3, max=200)])
