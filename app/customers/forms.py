"""Forms of the customer's page."""

from __future__ import annotations

from wtforms import IntegerField
from wtforms.validators import InputRequired

from app.web.forms import Form
from app.web.lazy import lazy as _l


class OtherForm(Form):
    """Two persons are one, or are not: who the other is."""

    other = IntegerField(_l("Customer"), validators=[InputRequired()])


class UndoForm(Form):
    """A button: only the token."""
