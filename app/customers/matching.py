"""Who is who, by evidence. Pure.

One customer are, without asking, the orders of
- `account`: one customer record of a storefront, guest or not;
- `mail`: one personal mailbox, with the same surname and the same initial;
- `shared`: one mailbox that several people may read (a company's, a marketplace's), with the same whole name at the
  same house.
Everything less is a question for a person: one mail address under another name (a family's), one phone number, one
house. What more than TOO_MANY people share says nothing: a switchboard, a flat, a company's mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.orders import keys
from app.orders.keys import Key
from app.orders.seen import OrderSeen

ASKED = ("mail", "phone", "address")  # Kinds of order keys that make a question, the strongest first.
TOO_MANY = 5  # Persons with the same phone number, house or mail address.
LONGEST = 300  # Characters of a key.
_WORD = re.compile(r"[^\W_]+")
_PARTICLES = frozenset(
    ("van", "von", "de", "der", "den", "het", "ten", "ter", "te", "t", "d", "la", "le", "les", "du", "des", "da", "dos",
     "del", "di", "el", "al", "zu", "zur", "op", "in")
)  # fmt: skip
_TITLES = frozenset(
    ("dhr", "mevr", "mevrouw", "heer", "mw", "mr", "mrs", "ms", "herr", "frau", "dr", "drs", "ir", "ing", "prof", "jr",
     "sr")
)  # fmt: skip
# Whoever reads these, it is not one person.
_ROLES = frozenset(
    ("info", "sales", "inkoop", "verkoop", "administratie", "administration", "admin", "factuur", "facturen", "invoice",
     "invoices", "finance", "accounting", "boekhouding", "crediteuren", "debiteuren", "office", "kantoor", "contact",
     "hello", "hallo", "service", "support", "helpdesk", "klantenservice", "receptie", "it", "ict", "hr", "mail",
     "post", "order", "orders", "bestelling", "bestellingen", "webshop", "shop", "winkel", "purchasing", "procurement",
     "noreply", "donotreply", "marketplace", "team")
)  # fmt: skip
_RELAYS = re.compile(r"(^|\.)(marketplace\.|members\.ebay\.|verkopen\.bol\.com$|reply\.|noreply\.|relay\.)")
# Providers where what follows a plus sign is the reader's own note.
_TAGGED = frozenset(
    ("gmail.com", "outlook.com", "outlook.de", "hotmail.com", "live.com", "live.nl", "icloud.com", "me.com",
     "proton.me", "protonmail.com", "fastmail.com")
)  # fmt: skip


class Evidence(NamedTuple):
    """What one order says of who placed it. `places`: postal code, street, its extra line, country."""

    external_id: str
    account: str | None  # The storefront's id of its customer record.
    guest: bool
    mail: str
    name: str
    company: str
    places: tuple[tuple[str, str, str, str], ...]
    placed_at: datetime


class Named(NamedTuple):
    """A name as far as two spellings of it agree: `j`, `vries` for J. de Vries and Jan de Vries."""

    initial: str
    surname: str


def evidence_of(order: OrderSeen) -> Evidence:
    """What the order says."""
    return Evidence(
        order.external_id, order.customer_external_id, order.guest, order.email, order.name, order.company,
        tuple((one.zipcode, one.street, one.extra, one.country) for one in order.addresses), order.placed_at,
    )  # fmt: skip


def keys_of(channel_id: int, seen: Evidence) -> list[Key]:
    """What makes the order one customer's, the strongest first."""
    found = []
    if seen.account:
        found.append(Key("account", f"{channel_id}/{seen.account}"))
    box, name = mailbox(seen.mail), named(seen.name)
    if box and name.surname:
        if personal(box):
            found.append(Key("mail", f"{box}/{name.initial}/{name.surname}"))
        else:
            whole = " ".join(_WORD.findall(keys.plain(seen.name)))
            houses = {keys.house_of(*place) for place in seen.places} - {None}
            found += [Key("shared", f"{box}/{whole}/{house}") for house in sorted(map(str, houses))]
    return [key for key in found if len(key.value) <= LONGEST]


def mailbox(mail: str) -> str:
    """Where the mail arrives, in one spelling: what providers leave out of account is left out; '' for no address."""
    local, sign, domain = keys.plain(mail).rpartition("@")
    if not (local and sign and domain):
        return ""
    domain = "gmail.com" if domain == "googlemail.com" else domain
    if domain in _TAGGED:
        local = local.partition("+")[0] or local
    if domain == "gmail.com":
        local = local.replace(".", "") or local
    return f"{local}@{domain}"


def personal(mail: str) -> bool:
    """Whether one person, or one family, reads it."""
    local, _sign, domain = keys.plain(mail).rpartition("@")
    words = _WORD.findall(local)
    return not (_RELAYS.search(domain) or any(word in _ROLES for word in (*words[:1], "".join(words))))


def named(name: str) -> Named:
    """Initial and last word, without titles and particles; an initial only where there is more than a surname."""
    words = [word for word in _WORD.findall(keys.plain(name)) if word not in _TITLES]
    if not words:
        return Named("", "")
    first = "" if len(words) == 1 or words[0] in _PARTICLES else words[0][0]
    return Named(first, words[-1])


def components(links: Sequence[Iterable[Key]]) -> list[list[int]]:
    """Places of `links` that share keys, directly or through others; each place once, in their order."""
    first: dict[Key, int] = {}
    edges = []
    for place, some in enumerate(links):
        for key in some:
            edges.append((first.setdefault(key, place), place))
    roots = partition(range(len(links)), edges)
    found: dict[int, list[int]] = {}
    for place in range(len(links)):
        found.setdefault(roots[place], []).append(place)
    return list(found.values())


def partition(members: Iterable[int], edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Each member and the lowest that the edges connect it to."""
    above = {member: member for member in members}

    def top(one: int) -> int:
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    for one, other in edges:
        low, high = sorted((top(one), top(other)))
        above[high] = low
    return {member: top(member) for member in above}


class Compared(NamedTuple):
    """A line of two persons side by side. `agree`: None where one of them has nothing of the kind."""

    kind: str
    agree: bool | None


def compare(ours: Mapping[str, set[str]], theirs: Mapping[str, set[str]]) -> list[Compared]:
    """Kind to spellings of each, as `spelt` writes them; every kind that either has, what agrees first."""
    kinds = [kind for kind in ("mail", "phone", "address", "name", "company") if ours.get(kind) or theirs.get(kind)]
    lines = [
        Compared(kind, bool(ours[kind] & theirs[kind]) if ours.get(kind) and theirs.get(kind) else None)
        for kind in kinds
    ]
    return sorted(lines, key=lambda line: (line.agree is not True, line.agree is None))


def spelt(kind: str, shown: str, country: str = "") -> str:
    """One spelling of a fact, in which two are the same or not."""
    if kind == "name":
        return "/".join(named(shown))
    if kind == "mail":
        return mailbox(shown) or keys.plain(shown)
    if kind == "phone":
        return keys.phone(shown, country or "NL") or keys.compact(shown)
    return keys.plain(shown)
