"""The supplier's form: numbers are checked by what their issuers say about them."""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers
from flask_babel import gettext as _
from stdnum import get_cc_module, iban
from stdnum.exceptions import ValidationError as NumberError
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    ValidationError,
)  # fmt: skip
from wtforms.validators import Email, InputRequired, Length, NumberRange, Optional, Regexp

from app.offers.breaker import DEFAULT_LIMITS
from app.offers.known_words import CURRENCIES
from app.suppliers.models import Supplier
from app.suppliers.services import FIELDS
from app.web.forms import Form as WebForm
from app.web.forms import choices
from app.web.lazy import lazy as _l

KIND_NAMES = [("refurbisher", _l("Refurbisher")), ("wholesaler", _l("Wholesaler")), ("broker", _l("Broker"))]
MODE_NAMES = [
    ("partial", _l("Partial: a list names some offers")),
    ("full", _l("Full: what a list does not name ends")),
    ("full_with_grace", _l("Full with days of grace")),
]
STALE_NAMES = [
    ("keep", _l("stay as they are")),
    ("halve", _l("count for half of their pieces")),
    ("end", _l("end")),
]
SCHEME_NAMES = [("regular", _l("Regular VAT")), ("margin", _l("Margin scheme"))]
COUNTRIES = ("NL", "BE", "LU", "DE", "FR", "DK", "SE", "PL", "CZ", "AT", "IT", "ES", "IE", "GB", "CH", "NO", "US")


class ContactForm(Form):
    name = StringField(_l("Name"), validators=[Optional(), Length(max=100)])
    role = StringField(_l("Role"), validators=[Optional(), Length(max=60)])
    email = EmailField(_l("E-mail"), validators=[Optional(), Email()])
    phone = TelField(_l("Phone"), validators=[Optional(), Length(max=40)])


class SupplierForm(WebForm):
    name = StringField(_l("Name"), validators=[InputRequired(), Length(max=120)])
    code = StringField(
        _l("Code"),
        validators=[
            InputRequired(),
            Regexp(r"^[a-z0-9][a-z0-9-]{1,40}$", message=_l("Small letters, digits, hyphens.")),
        ],
    )
    kind = SelectField(_l("Kind"), choices=choices(KIND_NAMES))
    country = SelectField(_l("Country"), choices=choices([(code, code) for code in COUNTRIES]))
    vat_number = StringField(_l("VAT number"), validators=[Optional(), Length(max=20)])
    iban = StringField(_l("IBAN"), validators=[Optional(), Length(max=50)])
    currency = SelectField(
        _l("Currency of lists that name none"), choices=choices([(code, code) for code in CURRENCIES])
    )
    payment_days = IntegerField(_l("Payment within (days)"), default=30, validators=[NumberRange(0, 365)])
    terms = StringField(_l("Terms"), validators=[Optional(), Length(max=300)])
    lead_time_days = IntegerField(_l("Lead time (days)"), default=5, validators=[NumberRange(0, 120)])
    reliability = IntegerField(_l("Reliability (0 to 100)"), default=80, validators=[NumberRange(0, 100)])
    default_vat_scheme = SelectField(_l("VAT scheme of lists that name none"), choices=choices(SCHEME_NAMES))
    import_mode = SelectField(_l("A list is"), choices=choices(MODE_NAMES), default="full")
    grace_days = IntegerField(_l("Days of grace"), default=3, validators=[NumberRange(0, 60)])
    list_every_days = IntegerField(_l("A list every (days)"), validators=[Optional(), NumberRange(1, 365)])
    stale_policy = SelectField(_l("Without a new list, offers"), choices=choices(STALE_NAMES))
    stale_after_days = IntegerField(_l("after (days)"), default=14, validators=[NumberRange(1, 365)])
    rows_gone = IntegerField(_l("Offers gone (%)"), validators=[Optional(), NumberRange(0, 100)])
    price_jump = IntegerField(_l("Prices that jump (%)"), validators=[Optional(), NumberRange(0, 100)])
    stock_jump = IntegerField(_l("Pieces more or fewer (%)"), validators=[Optional(), NumberRange(0, 10_000)])
    grade_shift = IntegerField(_l("Lines with another grade (%)"), validators=[Optional(), NumberRange(0, 100)])
    mass_zero = IntegerField(_l("Lines without pieces or price (%)"), validators=[Optional(), NumberRange(0, 100)])
    other_sheets = IntegerField(_l("Rows on other sheets (%)"), validators=[Optional(), NumberRange(0, 100_000)])
    notes = TextAreaField(_l("Notes"), validators=[Optional(), Length(max=4000)])
    active = BooleanField(_l("Active"), default=True)
    version = HiddenField()
    contacts = FieldList(FormField(ContactForm), min_entries=3, max_entries=5)

    def validate_vat_number(self, field: Field) -> None:
        """Compact form of a number that its country's rules accept."""
        if not field.data:
            return
        module = get_cc_module(self.country.data, "vat")
        if module is None:
            return
        try:
            number = module.validate(field.data)
        except NumberError as error:
            raise ValidationError(_("This is not a VAT number of %(country)s.", country=self.country.data)) from error
        prefix = str(self.country.data)
        field.data = number if number.startswith(prefix) else prefix + number

    def validate_iban(self, field: Field) -> None:
        """Compact form; the check digits decide."""
        if not field.data:
            return
        try:
            field.data = iban.validate(field.data)
        except NumberError as error:
            raise ValidationError(_("This is not an IBAN: its check digits do not fit.")) from error

    def validate_contacts(self, field: FieldList) -> None:  # type: ignore[type-arg, unused-ignore]
        """Phones become E.164, read with the supplier's country."""
        for entry in field.entries:
            phone = entry.form.phone
            if not phone.data:
                continue
            try:
                number = phonenumbers.parse(phone.data, self.country.data)
            except phonenumbers.NumberParseException as error:
                phone.errors = [_("This is not a phone number.")]
                raise ValidationError(_("A phone number cannot be read.")) from error
            if not phonenumbers.is_possible_number(number):
                phone.errors = [_("This is not a phone number.")]
                raise ValidationError(_("A phone number cannot be read."))
            phone.data = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def values(self) -> dict[str, object]:
        """The supplier's fields; blank numbers are none."""
        values: dict[str, object] = {name: getattr(self, name).data for name in FIELDS if name != "limits"}
        limits = {name: getattr(self, name).data for name in DEFAULT_LIMITS}
        values["limits"] = {name: limit for name, limit in limits.items() if limit is not None}
        values["vat_number"] = values["vat_number"] or None
        values["iban"] = values["iban"] or None
        values["notes"] = values["notes"] or ""
        values["terms"] = values["terms"] or ""
        return values

    def known_version(self) -> int:
        """The version that the form was opened with; 0, which no supplier has, when it does not say."""
        said = str(self.version.data or "")
        return int(said) if said.isdecimal() and len(said) < 10 else 0

    def differences(self, supplier: Supplier) -> list[tuple[str, object, object]]:
        """Label, the supplier's value and the form's, for every field in which they differ."""
        mine = self.values()
        limits = {name: (supplier.limits.get(name), self[name].data) for name in DEFAULT_LIMITS}
        both = {name: (getattr(supplier, name), value) for name, value in mine.items() if name != "limits"} | limits
        found: list[tuple[str, object, object]] = [
            (self[name].label.text, here, typed) for name, (here, typed) in both.items() if here != typed
        ]
        theirs = _sentence([contact.name, contact.role, contact.email, contact.phone] for contact in supplier.contacts)
        ours = _sentence(person.values() for person in self.people())
        return found + ([(str(_l("Contacts")), theirs, ours)] if theirs != ours else [])

    def people(self) -> list[dict[str, str]]:
        """Contacts that have a name or a way to reach them."""
        rows = [
            {name: (getattr(entry.form, name).data or "").strip() for name in ("name", "role", "email", "phone")}
            for entry in self.contacts.entries
        ]
        return [row for row in rows if any(row.values())]


def _sentence(people: Iterable[Iterable[str]]) -> str:
    return "; ".join(", ".join(filter(None, person)) for person in people)
