"""One item is made ahead of the one that is used, never two."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from contextvars import ContextVar

import pytest

from app.ahead import one_ahead

WAIT_S = 10


def test_items_come_in_their_order_and_none_may_be_among_them() -> None:
    assert list(one_ahead([3, None, 1])) == [3, None, 1]
    assert list(one_ahead([])) == []


def test_the_next_item_is_made_while_one_is_used_and_no_further_one() -> None:
    made: list[int] = []
    second = threading.Event()

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    with closing(one_ahead(items())) as ahead:
        assert next(ahead) == 0
        assert second.wait(WAIT_S)
    assert made == [0, 1]  # Nobody went on after the end of the block.


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("the second")

    ahead = one_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(LookupError, match="the second"):
        next(ahead)


def test_items_are_made_in_the_context_of_who_asks_for_them() -> None:
    name: ContextVar[str] = ContextVar("name", default="")
    name.set("asked")
    assert list(one_ahead(name.get() for _ in range(2))) == ["asked", "asked"]
