"""The orders that a text means best: quoted whole before begun with, then the newest. What it costs has a bound.

A beginning that many keys have is not read to its end: those of the newest orders that have it are taken, and where
they are too few, the newest of a part of the keys. Each step walks an index and stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import BindParameter, TextClause, bindparam, exists, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session, aliased

from app.orders import keys
from app.orders.models import OrderKey

KEYS_READ = 2_000  # With one beginning: about 5 ms.
ORDERS_READ = 2_000  # The newest: about 20 ms when none of them fits.
TOGETHER = 50  # Orders whose names have all of the words that are read.
WORDS = 6  # Of a name that are looked for.


class _Hit(NamedTuple):
    order_id: int
    placed_at: datetime


_NUMBERED = sql("""
    SELECT order_id, placed_at FROM order_key
    WHERE value = :value AND kind = 'number' ORDER BY placed_at DESC LIMIT :limit
""")
_WHOLE = sql("""
    SELECT order_id, placed_at FROM order_key
    WHERE value = :value AND (CAST(:kinds AS text[]) IS NULL OR kind = ANY(CAST(:kinds AS text[])))
    ORDER BY placed_at DESC LIMIT :limit
""")
_BEGUN = sql("""
    SELECT order_id, placed_at FROM order_key
    WHERE value LIKE :begin AND (CAST(:kinds AS text[]) IS NULL OR kind = ANY(CAST(:kinds AS text[])))
    ORDER BY value USING ~>~, placed_at DESC LIMIT :most
""")
# Each word is looked up by the order, until one lacks. OFFSET 0 keeps the planner from making a set of all keys.
_OF_THESE = sql("""
    SELECT o.id, o.placed_at FROM shop_order o
    WHERE o.id = ANY(:ids) AND NOT EXISTS (SELECT FROM unnest(CAST(:others AS text[])) w (word) WHERE NOT EXISTS (
      SELECT FROM order_key k WHERE k.order_id = o.id AND k.kind = 'name' AND k.value LIKE w.word OFFSET 0))
    ORDER BY o.placed_at DESC LIMIT :limit
""")
_OF_NEWEST = sql("""
    SELECT id, placed_at FROM (SELECT id, placed_at FROM shop_order ORDER BY placed_at DESC, id DESC LIMIT :most) o
    WHERE NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w (word) WHERE NOT EXISTS (
      SELECT FROM order_key k WHERE k.order_id = o.id AND k.value LIKE w.word
        AND (CAST(:kinds AS text[]) IS NULL OR k.kind = ANY(CAST(:kinds AS text[]))) OFFSET 0))
    ORDER BY placed_at DESC LIMIT :limit
""")


class Meant:
    """What one text means, for several questions about it: names that have all of its words are looked up once."""

    def __init__(self, session: Session, text: str) -> None:
        self.session, self.text = session, text
        self._spelt = keys.meanings(text)
        # The longest is likely the rarest.
        self._words = sorted(dict.fromkeys(keys.words(text)), key=len, reverse=True)

    def newest(self, *, limit: int, enough: int = 0, kinds: Sequence[str] | None = None) -> list[int]:
        """Ids of orders, by the kinds of keys that are asked for. A number stands before all else that is equal to it.

        With `enough` of them, by default all, what the text may mean less likely is not looked for.
        """
        found: dict[int, None] = {}
        for hits in self._steps(None if kinds is None else list(kinds), limit):
            found |= dict.fromkeys(hit.order_id for hit in hits)
            if len(found) >= (enough or limit):
                break
        if not found and len(self._words) > 1:
            found = dict.fromkeys(hit.order_id for hit in _begun(self.session, self._words, ["name"], limit))
        return list(found)[:limit]

    def _steps(self, kinds: list[str] | None, limit: int) -> Iterator[list[_Hit]]:
        """What the text may mean, the likeliest first; each is looked for when it is asked for."""
        yield _whole(self.session, self._spelt, kinds, limit)
        if len(self._words) > 1:
            yield self._together[:limit]
        for value in self._spelt:
            yield _begun(self.session, [value], kinds, limit)

    @cached_property
    def _together(self) -> list[_Hit]:
        return _together(self.session, self._words[:WORDS], TOGETHER)


def _whole(session: Session, spelt: Sequence[str], kinds: list[str] | None, limit: int) -> list[_Hit]:
    numbered: list[_Hit] = []
    hits: list[_Hit] = []
    for value in spelt:
        if kinds is None and any(sign.isdigit() for sign in value):
            numbered += _hits(session, _NUMBERED, value=value, limit=limit)
        hits += _hits(session, _WHOLE, value=value, kinds=kinds, limit=limit * 2)  # One order may have it in two kinds.
    return [*_by_age(numbered), *_by_age(hits)]


def _together(session: Session, words: Sequence[str], limit: int) -> list[_Hit]:
    """Names that have all of the words. The planner must see the words: it knows which are common."""
    seen: list[BindParameter[str]] = [bindparam(None, word, literal_execute=True) for word in words]
    key = aliased(OrderKey)
    statement = select(key.order_id, key.placed_at).where(key.kind == "name", key.value == seen[0])
    for word in seen[1:]:
        other = aliased(OrderKey)
        statement = statement.where(
            exists().where(other.order_id == key.order_id, other.kind == "name", other.value == word)
        )
    return [_Hit._make(row) for row in session.execute(statement.order_by(key.placed_at.desc()).limit(limit))]


def _begun(session: Session, words: Sequence[str], kinds: list[str] | None, limit: int) -> list[_Hit]:
    """What has a key that begins with each of the words."""
    begins = [_escaped(word) + "%" for word in words]
    hits = _hits(session, _BEGUN, begin=begins[0], kinds=kinds, most=KEYS_READ)
    if len(hits) == KEYS_READ:
        newer = _hits(session, _OF_NEWEST, words=begins, kinds=kinds, most=ORDERS_READ, limit=limit)
        if len(newer) == limit:
            return newer
    if len(words) > 1:
        ids = [hit.order_id for hit in hits]
        hits = _hits(session, _OF_THESE, ids=ids, others=begins[1:], limit=limit)
    return _by_age(hits)


def _hits(session: Session, statement: TextClause, **values: object) -> list[_Hit]:
    return [_Hit._make(row) for row in session.execute(statement, values)]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _by_age(hits: Sequence[_Hit]) -> list[_Hit]:
    return sorted(hits, key=lambda hit: hit.placed_at, reverse=True)
