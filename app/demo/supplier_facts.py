"""Six demo suppliers as the purchasers would have entered them.

All but the first are invented; all VAT numbers, accounts, people and addresses
are made up, valid in form only.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DemoContact:
    """`phone` is E.164, from ranges that regulators keep for films, and empty in countries without one."""

    name: str
    role: str
    email: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class DemoSupplier:
    """A supplier as the purchasers would have entered it, and how its files look.

    `grades` is the supplier's word to our grade, only those a person has confirmed; `open_grades` are further
    words in its files that nobody has answered yet. `language` (da, de, en, nl) is that of its column names,
    `spelling` one of `app.demo.spellings.STYLES`, `file_format` xlsx or csv. `lines` is the length of a list.
    """

    code: str
    name: str
    kind: str
    country: str
    vat_number: str
    iban: str
    currency: str
    payment_days: int
    terms: str
    lead_time_days: int
    default_vat_scheme: str
    import_mode: str
    grace_days: int
    contacts: tuple[DemoContact, ...]
    grades: dict[str, str] = field(hash=False)
    open_grades: tuple[str, ...]
    language: str
    spelling: str
    file_format: str
    categories: tuple[str, ...]
    lines: int


DEMO_SUPPLIERS: tuple[DemoSupplier, ...] = (
    DemoSupplier(
        code="foxway",
        name="Foxway",
        kind="refurbisher",
        country="DK",
        vat_number="DK99990007",
        iban="DK0799990000000000",
        currency="DKK",
        payment_days=14,
        terms="Ex works; returns within 14 days",
        lead_time_days=4,
        default_vat_scheme="regular",
        import_mode="full",
        grace_days=0,
        contacts=(DemoContact("Mette Prøve", "sales", "mette.proeve@foxway.example"),),
        grades={
            "01 New": "new",
            "GOLD": "A",
            "SILVER": "B",
            "BRONZE": "C",
            "Premium": "A+",
            "Grade A": "A",
            "Grade B": "B",
            "Grade C": "C",
            "Defekt": "defect",
        },
        open_grades=("02 Bulk", "08 Ref.", "Demo", "04 Demo"),
        language="da",
        spelling="slashes",
        file_format="xlsx",
        categories=("notebook", "desktop", "tablet", "phone"),
        lines=900,
    ),
    DemoSupplier(
        code="polder-refurb",
        name="Polder Refurb Voorbeeld B.V.",
        kind="refurbisher",
        country="NL",
        vat_number="NL999900006B01",
        iban="NL25FAKE0000000001",
        currency="EUR",
        payment_days=30,
        terms="30 dagen netto, franco vanaf EUR 2.500",
        lead_time_days=2,
        default_vat_scheme="margin",
        import_mode="full_with_grace",
        grace_days=3,
        contacts=(
            DemoContact("Joost Voorbeeld", "verkoop", "joost@polder-refurb.example"),
            DemoContact("Sanne Voorbeeld", "administratie", "facturen@polder-refurb.example"),
        ),
        grades={"Als nieuw": "A+", "Zeer goed": "A", "Goed": "B", "Zichtbaar gebruikt": "C"},
        open_grades=("Retour klant",),
        language="nl",
        spelling="words",
        file_format="xlsx",
        categories=("phone", "tablet"),
        lines=600,
    ),
    DemoSupplier(
        code="nordstern",
        name="Nordstern Mustergeräte GmbH",
        kind="wholesaler",
        country="DE",
        vat_number="DE999990002",
        iban="DE93999999990000000001",
        currency="EUR",
        payment_days=21,
        terms="21 Tage netto, 2 % Skonto bei 7 Tagen",
        lead_time_days=5,
        default_vat_scheme="regular",
        import_mode="partial",
        grace_days=0,
        contacts=(DemoContact("Anke Muster", "Vertrieb", "anke.muster@nordstern.example", "+493023125042"),),
        grades={
            "Neu": "new",
            "Wie neu": "A+",
            "Klasse A": "A",
            "Klasse B": "B",
            "Klasse C": "C",
            "Defekt": "defect",
        },
        open_grades=("Vorführgerät",),
        language="de",
        spelling="commas",
        file_format="csv",
        categories=("notebook", "desktop"),
        lines=700,
    ),
    DemoSupplier(
        code="thistle-fen",
        name="Thistle & Fen Sample Brokers Ltd",
        kind="broker",
        country="GB",
        vat_number="GB999900002",
        iban="GB47FAKE99999900000001",
        currency="GBP",
        payment_days=0,
        terms="Payment before dispatch",
        lead_time_days=9,
        default_vat_scheme="regular",
        import_mode="partial",
        grace_days=0,
        contacts=(DemoContact("Rowan Sample", "trader", "rowan@thistle-fen.example", "+442079460117"),),
        grades={"A": "A", "B": "B", "C": "C", "A/B": "B", "Sealed": "new"},
        open_grades=("Tested working",),
        language="en",
        spelling="words",
        file_format="csv",
        categories=("phone", "tablet", "notebook"),
        lines=350,
    ),
    DemoSupplier(
        code="scheldevallei",
        name="Scheldevallei Voorbeeldherwaardering BV",
        kind="refurbisher",
        country="BE",
        vat_number="BE0999990024",
        iban="BE60999000000070",
        currency="EUR",
        payment_days=30,
        terms="30 dagen einde maand",
        lead_time_days=3,
        default_vat_scheme="margin",
        import_mode="full_with_grace",
        grace_days=5,
        contacts=(DemoContact("Lotte Voorbeeld", "inkoop en verkoop", "lotte@scheldevallei.example"),),
        grades={"A+": "A+", "A": "A", "B": "B", "C": "C"},
        open_grades=(),
        language="nl",
        spelling="slashes",
        file_format="xlsx",
        categories=("notebook",),
        lines=500,
    ),
    DemoSupplier(
        code="wislana",
        name="Wiślana Przykład Trading Sp. z o.o.",
        kind="wholesaler",
        country="PL",
        vat_number="PL9999990001",
        iban="PL41999999990000000000000000",
        currency="USD",
        payment_days=7,
        terms="7 days; minimum order 10 pieces",
        lead_time_days=6,
        default_vat_scheme="regular",
        import_mode="full",
        grace_days=0,
        contacts=(DemoContact("Zofia Przykład", "sales", "zofia@wislana.example"),),
        grades={"New": "new", "Open box": "A+", "Grade A": "A", "Grade B": "B", "Grade C": "C"},
        open_grades=("Refurbished",),
        language="en",
        spelling="commas",
        file_format="xlsx",
        categories=("phone", "tablet", "notebook", "desktop"),
        lines=800,
    ),
)
