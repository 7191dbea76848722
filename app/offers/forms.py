"""Forms of the offer file's page."""

from __future__ import annotations

from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField
from wtforms.validators import InputRequired

from app.web.forms import Form
from app.web.lazy import lazy as _l


class UploadForm(Form):
    """One file for one supplier."""

    supplier_id = IntegerField(_l("Supplier"), validators=[InputRequired()])
    file = FileField(_l("Stock list"), validators=[FileRequired(_l("Choose a file first."))])


class ActForm(Form):
    """Accept, cancel, and other buttons: only the token."""
