"""How right and how complete matching is on two lists that a trader once published, beside labels made by hand.

`match_labels.csv` holds 200 lines drawn at random from both lists (34 phones, 30 tablets, 84 notebooks, 28 desktops, 24
other lines): the list's day, the item number, and the configuration that a person reading the line says it is, in the
form of `match_key`; empty where the line is no whole device, or leaves open which one. Where the item number of the
maker contradicts the text, the maker's number is right.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from python_calamine import CalamineWorkbook

from app import clock
from app.db import transaction
from app.demo import seed
from app.matching import services as matching
from app.offers import services
from app.suppliers.dictionary import decide
from app.suppliers.models import Supplier
from jobs import ledger

LISTS = Path(__file__).parents[4] / "shared" / "data" / "supplier-lists"
FILES = {
    "2023-10-27": ("foxway_item_stock_2023-10-27.xlsx", "No.", "Item Category Code"),
    "2023-11-08": ("foxway_vareoversigt_2023-11-08.xlsx", "Nummer", "Varekategorikode"),
}
DEVICES = ("NOTEBOOK", "PHONE", "TABLET")
# What the demo leaves open of the trader's words for condition.
WORDS = {"02 bulk": "new", "04 demo": "A+", "demo": "A+", "08 ref.": "A"}


class Matched(NamedTuple):
    match_key: str
    grade: str
    method: str


class Measured(NamedTuple):
    """One list: its device lines, how many matched before and after making what was missing, and the matches."""

    day: str
    lines: int
    at_once: int
    with_made: int
    matches: dict[str, Matched]


@pytest.fixture(scope="module")
def labels() -> dict[tuple[str, str], str]:
    with (Path(__file__).parent / "match_labels.csv").open(newline="") as file:
        return {(row["list_date"], row["item_number"]): row["match_key"] for row in csv.DictReader(file)}


@pytest.fixture
def measured(committed: Flask, tmp_path: Path) -> list[Measured]:
    """Both lists through the flow, on the generated catalogue, before and after making what they lack."""
    for name, *_ in FILES.values():
        if not (LISTS / name).exists():
            pytest.skip(f"{name} is not beside the project")
    seed.fill([], "", files=tmp_path / "files")
    with transaction() as session:
        supplier_id = session.execute(sa.select(Supplier.id).where(Supplier.code == "foxway")).scalar_one()
        for word, grade in WORDS.items():
            decide(session, supplier_id, "grade", word, grade, user_id=None, now=clock.now())
    return [measure(day, supplier_id) for day in FILES]


def measure(day: str, supplier_id: int) -> Measured:
    name, item_column, category_column = FILES[day]
    content = (LISTS / name).read_bytes()
    header, *rows = CalamineWorkbook.from_path(LISTS / name).get_sheet_by_index(0).to_python()
    categories = {
        str(row[header.index(item_column)]): str(row[header.index(category_column)]) for row in rows
    }  # fmt: skip
    devices = {item for item, category in categories.items() if category in DEVICES}
    with transaction() as session:
        received = services.receive_file(session, supplier_id, filename=name, content=content, user_id=None,
                                         now=clock.now(), timezone="Europe/Amsterdam")  # fmt: skip
    ledger.drain(services.FLOW)
    at_once = matches(received.offer_file_id)
    with transaction() as session:
        matching.make_all(session, supplier_id=supplier_id, kinds=("phone", "tablet", "notebook", "desktop", "monitor"),
                          user_id=None, now=clock.now())  # fmt: skip
    ledger.drain(services.FLOW)
    found = matches(received.offer_file_id)
    with transaction() as session:
        services.cancel(session, received.offer_file_id)
    return Measured(day, len(devices), len(devices & at_once.keys()), len(devices & found.keys()), found)


def matches(file_id: int) -> dict[str, Matched]:
    with transaction() as session:
        rows = session.execute(
            sa.text("""SELECT l.item_number, v.match_key, v.grade, l.match_method
                       FROM offer_line l JOIN variant v ON v.id = l.variant_id
                       WHERE l.offer_file_id = :id AND l.row_number > 0 AND l.match_method <> 'person'"""),
            {"id": file_id},
        )
        return {row[0]: Matched(*row[1:]) for row in rows}


def test_automatic_matches_are_right_and_seven_of_ten_devices_need_nobody(
    measured: list[Measured], labels: dict[tuple[str, str], str]
) -> None:
    labelled = {(one.day, item): one for one in measured for day, item in labels if day == one.day}
    judged = {key: one.matches[key[1]] for key, one in labelled.items() if key[1] in one.matches}
    wrong = {key: (match.match_key, labels[key]) for key, match in judged.items() if match.match_key != labels[key]}
    assert len(labels) == 200
    assert len(judged) >= 120
    assert len(wrong) <= len(judged) / 100, wrong
    for one in measured:
        assert one.at_once / one.lines >= 0.7, one[:4]
        assert one.with_made / one.lines >= 0.85, one[:4]
