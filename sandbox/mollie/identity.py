"""Who banks with this Mollie: one organisation with a website profile for each storefront."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from sandbox.settings import SHOPS

Mode = Literal["live", "test"]
MODES: tuple[Mode, ...] = ("live", "test")
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def derived(*key: str, length: int) -> str:
    """The same letters and digits for the same key."""
    number = int.from_bytes(hashlib.sha512(":".join(("sandbox", "mollie", *key)).encode()).digest())
    text = ""
    for _ in range(length):
        number, place = divmod(number, len(ALPHABET))
        text += ALPHABET[place]
    return text


@dataclass(frozen=True, slots=True)
class Profile:
    """What Mollie knows of one storefront."""

    code: str
    name: str
    language: str
    accent: str

    @property
    def id(self) -> str:
        return "pfl_" + derived(self.code, "profile", length=10)

    def key(self, mode: Mode) -> str:
        """The API key, of one mode."""
        return f"{mode}_" + derived(self.code, "key", mode, length=30)

    @property
    def webhook_secret(self) -> str:
        """Of the subscription that is there from the start."""
        return derived(self.code, "webhook", length=32)


PROFILES = tuple(Profile(shop.code, shop.name, shop.language, shop.accent) for shop in SHOPS)
ORGANISATION_ID = "org_12000417"
ORGANISATION_TOKEN = "access_" + derived("organisation", length=40)
BALANCE_ID = "bal_" + derived("balance", length=22)
CUSTOMER_NUMBER = "1200417"  # Begins the reference of each settlement.


def profile_of(profile_id: str) -> Profile | None:
    """A profile by its id."""
    return next((profile for profile in PROFILES if profile.id == profile_id), None)
