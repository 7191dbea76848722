"""How much of two stock lists that a trader once published is read, and found in the demo catalogue."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from python_calamine import CalamineWorkbook

from app.catalog.descriptions import DeviceFacts, match_key, read_description
from app.demo.catalogue import demo_catalogue

LISTS = Path(__file__).parents[4] / "shared" / "data" / "supplier-lists"
COLUMNS = {
    "foxway_item_stock_2023-10-27.xlsx": (
        "Description",
        "Item Category Code",
        "Brand",
        "Product Group Code",
        "Keyboard Language",
        "No.",
    ),
    "foxway_vareoversigt_2023-11-08.xlsx": (
        "Beskrivelse",
        "Varekategorikode",
        None,
        "Produktgruppekode",
        "Keyboard Sprog",
        "Nummer",
    ),
}


class Line(NamedTuple):
    category: str
    text: str
    facts: DeviceFacts | None


@pytest.fixture(scope="module", params=COLUMNS)
def lines(request: pytest.FixtureRequest) -> list[Line]:
    path = LISTS / request.param
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project")
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    found = []
    for row in rows:
        cells = dict(zip(map(str, header), map(str, row), strict=True))
        text, category, brand, group, keyboard, item_no = (
            cells[name] if name else "" for name in COLUMNS[request.param]
        )
        facts = read_description(text, category=category, brand=brand, group=group, keyboard=keyboard, item_no=item_no)
        found.append(Line(category, text, facts))
    return found


@pytest.fixture(scope="module")
def catalogue_keys() -> frozenset[str]:
    return frozenset(variant.match_key for product in demo_catalogue() for variant in product.variants)


def with_key(lines: list[Line], *categories: str) -> tuple[int, int]:
    chosen = [line for line in lines if line.category in categories]
    return sum(1 for line in chosen if line.facts and match_key(line.facts)), len(chosen)


def test_nineteen_of_twenty_notebook_lines_are_read_with_certainty(lines: list[Line]) -> None:
    read, total = with_key(lines, "NOTEBOOK")

    assert read / total >= 0.95


def test_seven_of_ten_phone_and_tablet_lines_are_read_with_certainty(lines: list[Line]) -> None:
    read, total = with_key(lines, "PHONE", "TABLET")

    assert read / total >= 0.7


def test_no_spare_part_keyboard_or_cable_becomes_a_device(lines: list[Line]) -> None:
    devices = {"NOTEBOOK", "PC", "PHONE", "TABLET", "MONITOR", "ELITEONE"}
    wrong = [line.text for line in lines if line.category not in devices and line.facts is not None]

    assert wrong == []


def test_no_broken_or_bundled_machine_has_a_key(lines: list[Line]) -> None:
    words = ("no boot", "missing", "broken", "faulty", "defekt", "bundle", "no psu")
    wrong = [
        line.text
        for line in lines
        if line.facts
        and match_key(line.facts)
        and (re.match(r"\d+ x ", line.text) or any(word in line.text.lower() for word in words))
    ]

    assert wrong == []


def test_nine_of_ten_readable_lines_are_in_the_demo_catalogue(
    lines: list[Line], catalogue_keys: frozenset[str]
) -> None:
    total: Counter[str] = Counter()
    hits: Counter[str] = Counter()

    for line in lines:
        key = match_key(line.facts) if line.facts else None
        if line.facts and key:
            total[line.facts.kind] += 1
            hits[line.facts.kind] += key in catalogue_keys

    assert hits["notebook"] / total["notebook"] >= 0.9
    assert hits["tablet"] / total["tablet"] >= 0.9
    assert hits["phone"] / total["phone"] >= 0.9
    assert hits["desktop"] / total["desktop"] >= 0.55
