"""Forms of sign-in, the own account, and user administration."""

from __future__ import annotations

from wtforms import BooleanField, EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import Email, InputRequired, Length, Optional

from app.web.forms import Form, choices
from app.web.lazy import lazy as _l

ROLE_NAMES = [
    ("agent", _l("Customer service")),
    ("purchasing", _l("Purchasing")),
    ("manager", _l("Manager")),
    ("admin", _l("Administrator")),
]


class SignInForm(Form):
    email = EmailField(_l("E-mail"), validators=[InputRequired(), Length(max=254)])
    password = PasswordField(_l("Password"), validators=[InputRequired(), Length(max=1024)])
    next = HiddenField()


class ProfileForm(Form):
    name = StringField(_l("Name"), validators=[InputRequired(), Length(max=100)])
    locale = SelectField(_l("Language"), choices=choices([("nl", "Nederlands"), ("en", "English")]))
    theme = SelectField(
        _l("Appearance"),
        choices=choices([("system", _l("As the system")), ("light", _l("Light")), ("dark", _l("Dark"))]),
    )


class PasswordForm(Form):
    old = PasswordField(_l("Current password"), validators=[InputRequired(), Length(max=1024)])
    new = PasswordField(_l("New password"), validators=[InputRequired(), Length(max=1024)])


class NewUserForm(Form):
    email = EmailField(_l("E-mail"), validators=[InputRequired(), Email(), Length(max=254)])
    name = StringField(_l("Name"), validators=[InputRequired(), Length(max=100)])
    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES))
    password = PasswordField(_l("Password"), validators=[InputRequired(), Length(max=1024)])


class UserForm(Form):
    name = StringField(_l("Name"), validators=[InputRequired(), Length(max=100)])
    role = SelectField(_l("Role"), choices=choices(ROLE_NAMES))
    active = BooleanField(_l("May sign in"))
    password = PasswordField(_l("New password"), validators=[Optional(), Length(max=1024)])
