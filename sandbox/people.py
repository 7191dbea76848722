"""Customers who do not exist: names, towns and what they write."""

from __future__ import annotations

from random import Random

from sandbox.buyer import Person

_FIRST = (
    "Anouk", "Bram", "Cato", "Daan", "Esra", "Femke", "Gijs", "Hanna", "Imane", "Jurre", "Kaat", "Lotte", "Milan",
    "Nora", "Olaf", "Pien", "Ruben", "Sanne", "Tijn", "Vera", "Wout", "Yara",
)  # fmt: skip
_LAST = (
    "Aalders", "van den Berghe", "Claes", "Demir", "van Eijk", "Faber", "Gerards", "Haddad", "Ito", "Janssens",
    "Koster", "Lammers", "Maes", "Noordhoek", "Okafor", "Pauwels", "de Ridder", "Schmitz", "Tangelder", "Wouters",
)  # fmt: skip
_STREETS = ("Lindelaan", "Havenweg", "Molenstraat", "Parkzicht", "Stationsplein", "Watergang", "Kerkpad", "Zandweg")
_TOWNS = {
    "NL": (("1012 JS", "Amsterdam"), ("3511 AB", "Utrecht"), ("9711 KL", "Groningen"), ("5611 ZT", "Eindhoven"),
           ("6221 BH", "Maastricht"), ("8911 DM", "Leeuwarden")),
    "BE": (("2000", "Antwerpen"), ("9000", "Gent"), ("1000", "Brussel"), ("3500", "Hasselt")),
    "DE": (("50667", "Köln"), ("47051", "Duisburg")),
}  # fmt: skip
_CALLING = {"NL": "+316", "BE": "+324", "DE": "+491"}
_COMPANIES = ("Atelier Zes", "Bakkerij Noord", "De Kaarsenmaker", "Studio Vuurtoren", "Zorgkring West")
COMPLAINTS = (
    "Er zit een kras op het scherm die niet op de foto stond.",
    "De accu is na twee uur leeg. Kan ik hem ruilen?",
    "Ik kreeg een grijze in plaats van een zwarte.",
    "De lader ontbrak in de doos.",
    "Waar blijft mijn pakket? De code werkt niet.",
    "The keyboard has a German layout, I asked for US.",
)


def somebody(dice: Random) -> Person:
    """A person; the same dice, the same person."""
    first, last = dice.choice(_FIRST), dice.choice(_LAST)
    country = dice.choices(tuple(_TOWNS), (75, 20, 5))[0]
    zipcode, city = dice.choice(_TOWNS[country])
    name = f"{first}.{last}".lower().replace(" ", "")
    return Person(
        first, last, f"{name}{dice.randint(1, 99)}@example.org",
        f"{_CALLING[country]}{dice.randint(10_000_000, 99_999_999)}" if dice.random() < 0.8 else "",
        dice.choice(_COMPANIES) if dice.random() < 0.15 else "", f"{dice.choice(_STREETS)} {dice.randint(1, 180)}",
        zipcode, city, country, account=dice.random() < 0.4,
    )  # fmt: skip
