"""To make the next thing while the last one is used: native code, the database or another system is waited for."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar, cast

Item = TypeVar("Item")
_END = object()  # What stands for the end; no item is this very object.


def one_ahead(items: Iterable[Item]) -> Generator[Item]:
    """The same items in their order. While one is used a thread makes the next one, and no further one.

    Raises what making an item raises, when it would have come. Who stops before the end closes this (`closing`).
    """
    coming = iter(items)

    def make() -> Item | object:
        return next(coming, _END)

    with ThreadPoolExecutor(max_workers=1) as maker:
        following = maker.submit(copy_context().run, make)
        while (item := following.result()) is not _END:
            following = maker.submit(copy_context().run, make)
            yield cast("Item", item)
