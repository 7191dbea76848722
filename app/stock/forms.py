"""Booking, moving and counting pieces; buffers and allocation; locations and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.web.forms import Form, choices
from app.web.lazy import lazy as _l

Pairs = Sequence[tuple[str, Any]]
KINDS = [("receipt", _l("Received")), ("correction", _l("Corrected")), ("return", _l("Returned"))]
MOST = 100_000


class CorrectionForm(Form):
    """The caller says which warehouses and reasons there are: `offer`."""

    kind = SelectField(_l("What"), choices=choices(KINDS))
    location = SelectField(_l("Where"))
    quantity = IntegerField(
        _l("Pieces, with a minus when they go"), validators=[InputRequired(), NumberRange(-MOST, MOST)]
    )
    reason = SelectField(_l("Reason"))
    note = StringField(_l("Note"), validators=[Optional(), Length(max=200)])

    def offer(self, *, locations: Pairs, reasons: Pairs) -> CorrectionForm:
        """Fill the selects."""
        self.location.choices, self.reason.choices = choices(locations), choices(reasons)
        return self


class TransferForm(Form):
    source = SelectField(_l("From"))
    target = SelectField(_l("To"))
    moving = IntegerField(_l("Pieces"), validators=[InputRequired(), NumberRange(1, MOST)])
    why = SelectField(_l("Reason"), default="moved")
    remark = StringField(_l("Note"), validators=[Optional(), Length(max=200)])

    def offer(self, *, locations: Pairs, warehouses: Pairs, reasons: Pairs) -> TransferForm:
        """Fill the selects."""
        self.source.choices, self.target.choices = choices(locations), choices(warehouses)
        self.why.choices = choices(reasons)
        return self


class NameForm(Form):
    name = StringField(_l("Name"), validators=[InputRequired(), Length(min=2, max=80)])


class BufferForm(Form):
    """No pieces: the rule goes, and the next wider one counts."""

    pieces = IntegerField(_l("Pieces never sold"), validators=[Optional(), NumberRange(0, MOST)])


class TermsForm(Form):
    share_percent = IntegerField(_l("Share (%)"), default=100, validators=[InputRequired(), NumberRange(0, 100)])
    min_shown = IntegerField(_l("At least"), default=1, validators=[InputRequired(), NumberRange(0, MOST)])
    max_shown = IntegerField(_l("At most"), validators=[Optional(), NumberRange(0, MOST)])


class FinishForm(Form):
    reason = SelectField(_l("Reason of the differences"), default="miscounted")
    note = StringField(_l("Note"), validators=[Optional(), Length(max=200)])
    rest_is_gone = BooleanField(_l("What nobody counted is not there"))

    def offer(self, *, reasons: Pairs) -> FinishForm:
        """Fill the select."""
        self.reason.choices = choices(reasons)
        return self


class PeriodForm(Form):
    """Days, in Amsterdam."""

    since = DateField(_l("From day"), validators=[Optional()])
    until = DateField(_l("To day"), validators=[Optional()])


class ListForm(Form):
    lines = TextAreaField(_l("SKU and pieces, one a line"), validators=[InputRequired(), Length(max=200_000)])
