"""A supplier's own words and what they mean: each asked once, decided by a person, with its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.catalog.colours import colour_names
from app.offers.cells import NO_COLOUR
from app.offers.known_words import CURRENCIES
from app.suppliers.models import GRADE_CHOICES, VAT_SCHEMES, SupplierWord, SupplierWordDecision

KINDS = ("grade", "availability", "colour", "storage", "vat", "currency")
CHOICES: dict[str, tuple[str, ...]] = {
    "grade": GRADE_CHOICES, "colour": (*colour_names(), NO_COLOUR), "vat": VAT_SCHEMES, "currency": CURRENCIES,
}  # fmt: skip
MOST = {"availability": 999_999, "storage": 32 * 1024}  # Of the kinds that mean a number: pieces, GB.
LONGEST = 200  # Characters of a word; an index holds it.


class NoMeaning(ValueError):
    """The value is nothing that a word of this kind can mean."""


def meaning(kind: str, value: str) -> str:
    """The value as it is stored. Raises NoMeaning."""
    value = value.strip()
    if kind in MOST:
        if not (value.isascii() and value.isdigit() and int(value) <= MOST[kind]):
            raise NoMeaning(value)
        return str(int(value))
    if value not in CHOICES.get(kind, ()):
        raise NoMeaning(value)
    return value


def dictionary(session: Session, supplier_id: int) -> dict[str, dict[str, str]]:
    """Kind -> decided word, normalised -> what it means."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    rows = session.execute(
        select(SupplierWord.kind, SupplierWord.word, SupplierWord.value).where(
            SupplierWord.supplier_id == supplier_id, SupplierWord.value.is_not(None)
        )
    )
    for kind, word, value in rows:
        found[kind][word] = str(value)
    return found


def note_words(session: Session, supplier_id: int, words: Mapping[tuple[str, str], str]) -> None:
    """Keep new words of a file as undecided; known ones stay as they are. `words`: (kind, normalised) -> as written."""
    if not words:
        return
    rows = [
        {"supplier_id": supplier_id, "kind": kind, "word": word[:LONGEST], "shown": shown[:LONGEST]}
        for (kind, word), shown in words.items()
    ]
    session.execute(insert(SupplierWord).on_conflict_do_nothing(index_elements=["supplier_id", "kind", "word"]), rows)


def decide(session: Session, supplier_id: int, kind: str, word: str, value: str, *, user_id: int | None,
           now: datetime) -> None:  # fmt: skip
    """Say what a word means; the last decision is in force and the earlier ones stay to be seen.

    An unknown word is kept too. Saying again what holds already changes nothing. Raises NoMeaning.
    """
    value = meaning(kind, value)
    note_words(session, supplier_id, {(kind, word): word})
    found = session.execute(
        select(SupplierWord)
        .where(SupplierWord.supplier_id == supplier_id, SupplierWord.kind == kind, SupplierWord.word == word)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one()
    if found.value == value:
        return
    was = found.value
    found.value, found.decided_by, found.decided_at = value, user_id, now
    session.add(SupplierWordDecision(word_id=found.id, was=was, value=value, decided_by=user_id, decided_at=now))
    audit.record(session, act="suppliers.word", subject_kind="supplier", subject_id=str(supplier_id),
                 before={"kind": kind, "word": word, "value": was},
                 after={"kind": kind, "word": word, "value": value})  # fmt: skip
