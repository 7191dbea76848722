"""Forms of the offer file's page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField
from wtforms.validators import InputRequired


class UploadForm(FlaskForm):
    """One file for one supplier."""

    supplier_id = IntegerField(_l("Supplier"), validators=[InputRequired()])
    file = FileField(_l("Stock list"), validators=[FileRequired(_l("Choose a file first."))])


class ActForm(FlaskForm):
    """Accept, cancel, and other buttons: only the token."""
