"""The forms of the three kinds of feeds. A secret that is there already stays when its field is left empty."""

from __future__ import annotations

import fnmatch
import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

from flask_babel import gettext as _
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)  # fmt: skip
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.db import Json
from app.feeds import services
from app.feeds.models import SupplierFeed
from app.feeds.schedule import read_times
from app.web.forms import Form, choices
from app.web.lazy import lazy as _l

EVERY = [
    ("", _l("only at the times named")), ("15", _l("every 15 minutes")), ("30", _l("every 30 minutes")),
    ("60", _l("every hour")), ("120", _l("every 2 hours")), ("240", _l("every 4 hours")),
    ("720", _l("every 12 hours")), ("1440", _l("every day at midnight")),
]  # fmt: skip
AUTH = [
    ("none", _l("none")), ("basic", _l("user and password")), ("bearer", _l("token")),
    ("header", _l("token in a header of its own")),
]  # fmt: skip
TAKE = [("newest", _l("only the newest list")), ("all", _l("every list that was not taken yet"))]
SECURITY = [("tls", _l("TLS (port 993)")), ("starttls", _l("STARTTLS (port 143)"))]
UNSEEN = {"autocomplete": "new-password"}  # A browser must not put the person's own password there.
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_OURS = frozenset({"host", "cookie", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,250}[A-Za-z0-9])?")
_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]+={0,2}")


class FeedForm(Form):
    """What every kind has. `PLACE`: the fields that say where, `SECRETS`: those that are sealed."""

    PLACE: ClassVar[tuple[str, ...]] = ()
    SECRETS: ClassVar[tuple[str, ...]] = ()

    name = StringField(_l("Name"), validators=[InputRequired(), Length(max=80)])
    every_minutes = SelectField(_l("How often"), choices=choices(EVERY), default="")
    at_times = StringField(_l("And at"), validators=[Optional(), Length(max=200)])
    accept_alone = BooleanField(_l("Accept a list by itself when nothing about it is asked or held"))
    active = BooleanField(_l("Active"), default=True)
    version = HiddenField()

    def validate_at_times(self, field: Field) -> None:
        """Times of day, `7:00, 12.30`."""
        try:
            found = read_times(field.data or "")
        except ValueError as error:
            raise ValidationError(_("Times look like 7:00, 12:30.")) from error
        if len(found) > 24:
            raise ValidationError(_("At most 24 times a day."))

    def values(self) -> dict[str, Any]:
        """The feed's fields, without secrets."""
        return {
            "name": str(self.name.data).strip(), "place": self.place(), "accept_alone": self.accept_alone.data,
            "every_minutes": int(self.every_minutes.data) if self.every_minutes.data else None,
            "at_times": read_times(self.at_times.data or ""), "active": self.active.data,
        }  # fmt: skip

    def place(self) -> Json:
        """Where the lists are, as app.feeds.models keeps it."""
        return {name: _tidy(self[name].data) for name in self.PLACE}

    def secrets(self) -> dict[str, str]:
        """Those that were typed."""
        return {name: str(self[name].data) for name in self.SECRETS if self[name].data}

    def needs_secret(self) -> bool:
        """Whether this way in cannot do without one."""
        return True

    def known_version(self) -> int:
        """The version that the form was opened with; 0, which no feed has, when it does not say."""
        said = str(self.version.data or "")
        return int(said) if said.isdecimal() and len(said) < 10 else 0

    def asks_for_secret(self, feed: SupplierFeed | None) -> bool:
        """Put the error on the form when a secret must be typed: there is none, or it was given for another server."""
        if self.secrets() or not self.needs_secret():
            return False
        if feed is not None and feed.sealed and not services.forgets(feed, self.place()):
            return False
        sentence = _("Type it again: it was given for another server or user.") if feed else _("This is needed.")
        self[self.SECRETS[0]].errors = [sentence]
        return True


class UrlForm(FeedForm):
    """An address."""

    PLACE = ("url", "auth", "user", "header")
    SECRETS = ("secret",)

    url = StringField(_l("Address"), validators=[InputRequired(), Length(max=2000)])
    auth = SelectField(_l("Sign in by"), choices=choices(AUTH), default="none")
    user = StringField(_l("User"), validators=[Optional(), Length(max=200)])
    header = StringField(_l("Name of the header"), validators=[Optional(), Length(max=60)])
    secret = PasswordField(_l("Password or token"), validators=[Optional(), Length(max=4000)], render_kw=UNSEEN)

    def validate_url(self, field: Field) -> None:
        """http or https, and no password in it: it would be shown."""
        try:
            parts = urlsplit(field.data.strip())
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValidationError(_("An address begins with https:// and a host name."))
        if "@" in parts.netloc:
            raise ValidationError(_("Put user and password into the fields below, not into the address."))

    def validate_header(self, field: Field) -> None:
        """A name that a header can have, and none that we send ourselves."""
        if self.auth.data == "header" and (
            not _HEADER.fullmatch(field.data or "") or field.data.casefold() in _OURS
        ):  # fmt: skip
            raise ValidationError(_("This is not the name of a header."))

    def validate_secret(self, field: Field) -> None:
        """A header holds one line of plain characters."""
        if field.data and not (field.data.isprintable() and (field.data.isascii() or self.auth.data == "basic")):
            raise ValidationError(_("A password or token is one line of letters, digits and signs."))

    def place(self) -> Json:
        """With the origin, for which secrets are given."""
        parts = urlsplit(str(self.url.data).strip())
        return {**super().place(), "origin": f"{parts.scheme}://{parts.netloc}".casefold()}

    def needs_secret(self) -> bool:
        return bool(self.auth.data != "none")


def _host(_form: Form, field: Field) -> None:
    if not _HOST.fullmatch(field.data.strip()):
        raise ValidationError(_("This is not the name of a host: without https:// and without a path."))


class SftpForm(FeedForm):
    """A folder on an SFTP server."""

    PLACE = ("host", "port", "user", "folder", "pattern", "take", "host_key")
    SECRETS = ("password", "key")

    host = StringField(_l("Host"), validators=[InputRequired(), Length(max=250), _host])
    port = IntegerField(_l("Port"), default=22, validators=[InputRequired(), NumberRange(1, 65535)])
    user = StringField(_l("User"), validators=[InputRequired(), Length(max=200)])
    password = PasswordField(_l("Password"), validators=[Optional(), Length(max=4000)], render_kw=UNSEEN)
    key = TextAreaField(
        _l("Or a private key"),
        validators=[Optional(), Length(max=20_000)],
        render_kw={"rows": 4, "spellcheck": "false"},
    )
    folder = StringField(_l("Folder"), default=".", validators=[InputRequired(), Length(max=500)])
    pattern = StringField(_l("Names of files"), default="*", validators=[InputRequired(), Length(max=200)])
    take = SelectField(_l("Take"), choices=choices(TAKE), default="newest")
    host_key = StringField(_l("Key of the server"), validators=[Optional(), Length(max=4000)])

    def validate_host_key(self, field: Field) -> None:
        """The first two words of a line of known_hosts or of a .pub file."""
        if not field.data:
            return
        found = _KEY.search(field.data)
        if found is None:
            raise ValidationError(_("A key looks like: ssh-ed25519 AAAA…"))
        field.data = found[0]

    def validate_pattern(self, field: Field) -> None:
        """One that a regular expression can be made of."""
        try:
            re.compile(fnmatch.translate(field.data))
        except re.error as error:
            raise ValidationError(_("A pattern looks like *.xlsx.")) from error


class MailboxForm(FeedForm):
    """A folder of a mailbox."""

    PLACE = ("host", "port", "security", "user", "folder", "senders", "subject", "take", "move_to")
    SECRETS = ("password",)

    host = StringField(_l("Host"), validators=[InputRequired(), Length(max=250), _host])
    port = IntegerField(_l("Port"), default=993, validators=[InputRequired(), NumberRange(1, 65535)])
    security = SelectField(_l("Secured by"), choices=choices(SECURITY), default="tls")
    user = StringField(_l("User"), validators=[InputRequired(), Length(max=200)])
    password = PasswordField(_l("Password"), validators=[Optional(), Length(max=4000)], render_kw=UNSEEN)
    folder = StringField(_l("Folder"), default="INBOX", validators=[InputRequired(), Length(max=200)])
    senders = StringField(_l("Only from these senders"), validators=[InputRequired(), Length(max=1000)])
    subject = StringField(_l("Only with this subject"), default="*", validators=[InputRequired(), Length(max=200)])
    take = SelectField(_l("Take"), choices=choices(TAKE), default="newest")
    move_to = StringField(_l("Move taken messages to folder"), validators=[Optional(), Length(max=200)])

    def validate_senders(self, field: Field) -> None:
        """Addresses, or @domain."""
        if not all(re.fullmatch(r"[^\s@,;]*@[^\s@,;]+\.[^\s@,;]+", one) for one in _listed(field.data)):
            raise ValidationError(_("Senders look like sales@foxway.com or @foxway.com, with commas between them."))

    def place(self) -> Json:
        return {**super().place(), "senders": _listed(self.senders.data)}


FORMS: dict[str, type[FeedForm]] = {"url": UrlForm, "sftp": SftpForm, "mailbox": MailboxForm}


def form_of(feed: SupplierFeed) -> FeedForm:
    """The form of a feed, filled with what it is set to; a POST fills it with what was sent."""
    place = {**feed.place, "senders": ", ".join(feed.place.get("senders", []))}
    kept = {
        "name": feed.name, "every_minutes": str(feed.every_minutes or ""), "at_times": ", ".join(feed.at_times),
        "accept_alone": feed.accept_alone, "active": feed.active, "version": str(feed.version),
    }  # fmt: skip
    return FORMS[feed.kind](data={**place, **kept})


def _listed(text: str | None) -> list[str]:
    return [one for one in re.split(r"[\s,;]+", text or "") if one]


def _tidy(value: object) -> object:
    return value.strip() if isinstance(value, str) else value or ""
