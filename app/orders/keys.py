"""Everything that a customer can quote of an order, in one spelling each, so that one index finds it. Pure.

Kinds: number, customer (the shop's number of them), mail, phone (digits with the country's code), name (each word of
names and companies), sku, mollie, tracking, document (invoices and their like), address (postal code, house, country),
or zipcode alone. Where orders are written, GTINs are added from the catalogue, and the serial numbers of their pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import phonenumbers

from app.orders.seen import OrderSeen
from app.orders.serial_numbers import imei

LONGEST = 100  # Characters of a key; a longer text is prose.
LEAST = 2  # Letters of a word of a name.
_PHONE = re.compile(r"[\d\s+()./\-]{6,}")
_WORD = re.compile(r"[^\W_]+")
# Letters of their own that people type as their likes: no accent to be taken off.
_LIKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# `12` of `Dam 12-2`, `Hauptstr. 12a` and `12 rue de Lille`; not the street's own `1e` or what follows a dash.
_HOUSE = re.compile(r"(?<![\d/-])(?<![/-]\s)\d+(?!\d)(?!(?:e|de|ste|th|nd|rd|st)\b)")


class Key(NamedTuple):
    kind: str
    value: str


def keys_of(order: OrderSeen) -> set[Key]:
    """What the order can be asked for by."""
    found = {Key("number", plain(order.number))}
    if order.email:
        found.add(Key("mail", plain(order.email)))
    if order.customer_number:
        found.add(Key("customer", plain(order.customer_number)))
    texts = [order.name, order.company]
    for address in order.addresses:
        texts += [address.name, address.company]
        if digits := phone(address.phone, address.country or "NL"):
            found.add(Key("phone", digits))
        if house := house_of(address.zipcode, address.street, address.extra, address.country):
            found.add(Key("address", house))  # It begins with the postal code, and is found by it.
        else:
            found.add(Key("zipcode", compact(address.zipcode)))
    found |= {Key("name", word) for text in texts for word in words(text)}
    found |= {Key("sku", plain(line.sku)) for line in order.lines if line.sku}
    for payment in order.payments:
        found |= {Key("mollie", plain(id_)) for id_ in (payment.mollie_payment_id, payment.mollie_order_id) if id_}
    found |= {Key("document", compact(one.number)) for one in order.documents}
    found |= {Key("tracking", compact(code)) for parcel in order.deliveries for code in parcel.tracking_codes}
    return {key for key in found if 0 < len(key.value) <= LONGEST}


def meanings(text: str) -> list[str]:
    """The spellings under which a key may stand that somebody means by `text`, the likeliest first."""
    text = text.strip().removeprefix("#")[:LONGEST]
    found = [plain(text), compact(text)]
    if digits := imei(text):
        found.append(digits)
    if _PHONE.fullmatch(text) and (digits := phone(text, "NL")):
        found.append(digits)
    return [value for value in dict.fromkeys(found) if value]


def plain(text: str) -> str:
    """Without case, accents and doubled spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    flat = unicodedata.normalize("NFKD", text).casefold()
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign))
    return " ".join(flat.translate(_LIKES).split())


def compact(text: str) -> str:
    """`plain` without any space: postal codes and tracking codes are spaced as people like."""
    return plain(text).replace(" ", "")


def words(text: str) -> Iterator[str]:
    """The words of a name that can be looked for."""
    return (word for word in _WORD.findall(plain(text)) if len(word) >= LEAST)


def phone(text: str, country: str) -> str | None:
    """Digits with the country's code, `31612345678`; None for what is no number of any country.

    `country` (ISO 3166-1): whose number it is where it does not say.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def house_of(zipcode: str, street: str, extra: str, country: str) -> str | None:
    """`1012js 12 nl`: where the parcel goes, without what comes behind the number; None without code or number.

    The number of a house stands in the street, or in the line below it; the last one counts, `Plein 1944 12`.
    """
    code = compact(zipcode)
    for text in (street, extra):
        numbers = _HOUSE.findall(plain(text)) if text and code else ()
        if numbers:
            return f"{code} {numbers[-1].lstrip('0') or '0'} {plain(country)}"
    return None
