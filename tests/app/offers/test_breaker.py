"""What holds a file: shares over a limit, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.offers.breaker import DEFAULT_LIMITS, FEWEST, holds

CALM: dict[str, Any] = {
    "rows": 100, "in_force": 100, "absent": 5, "continuing": 95, "price_jumps": 3, "grade_shifts": 0,
    "pieces_continuing": 1000, "pieces_continued": 1200, "zeros": 4,
    "rows_elsewhere": 3,
}  # fmt: skip


def codes(counts: dict[str, Any], *, mode: str = "full", **limits: int) -> list[str]:
    return [hold.code for hold in holds(counts, limits, mode=mode)]


def test_an_ordinary_list_passes() -> None:
    assert codes(CALM) == []


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("rows_gone", {"absent": 16}),
        ("price_jump", {"price_jumps": 20}),
        ("stock_jump", {"pieces_continued": 2600}),
        ("stock_jump", {"pieces_continued": 390}),
        ("grade_shift", {"grade_shifts": 10}),
        ("mass_zero", {"zeros": 31}),
        ("other_sheets", {"rows_elsewhere": 11}),
    ],
)
def test_each_limit_holds_alone(code: str, change: dict[str, int]) -> None:
    assert codes({**CALM, **change}) == [code]


def test_a_partial_list_may_leave_out_what_it_likes() -> None:
    assert codes({**CALM, "absent": 90, "rows_elsewhere": 100}, mode="partial") == []


def test_a_supplier_has_limits_of_its_own() -> None:
    assert codes({**CALM, "absent": 16}, rows_gone=20) == []
    assert codes(CALM, price_jump=3) == ["price_jump"]


def test_a_first_list_is_held_for_zeros_only() -> None:
    first = {**dict.fromkeys(CALM, 0), "rows": 100, "zeros": 90}

    assert codes(first) == ["mass_zero"]


@given(st.integers(0, FEWEST - 1), st.integers(0, 10**6))
def test_a_handful_of_lines_says_nothing(lines: int, pieces: int) -> None:
    few = {**dict.fromkeys(CALM, lines), "pieces_continuing": 1, "pieces_continued": pieces}

    assert codes(few) == []


@given(st.integers(FEWEST, 10**6), st.data())
def test_a_share_above_its_limit_is_never_rounded_away(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    found = codes({**CALM, "in_force": whole, "absent": part})

    assert (found == ["rows_gone"]) == (part * 100 > DEFAULT_LIMITS["rows_gone"] * whole)
