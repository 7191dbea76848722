"""How processes run once they have loaded everything."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from app.process import SWITCH_S, settle_in


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The tests' own process runs on as it did."""
    turns, threshold = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(turns)
    gc.set_threshold(*threshold)
    gc.unfreeze()


def test_threads_that_all_compute_keep_the_turns_that_python_gives() -> None:
    before = sys.getswitchinterval()

    settle_in()

    assert sys.getswitchinterval() == before > SWITCH_S


def test_a_thread_that_was_answered_goes_on_soon_where_it_is_asked_for() -> None:
    settle_in(short_turns=True)

    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)


def test_what_is_loaded_is_not_looked_through_again() -> None:
    settle_in()

    assert gc.get_freeze_count() > 100_000
