"""Whatever is typed, the box walks indexes; and of many orders it finds the right one first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.db import db
from app.orders import queries
from app.orders.finding import Meant
from bench import many_orders, search
from bench.search_labels import Label, labelled

COUNT = 20_000


@pytest.fixture(scope="module")
def filled(_application: Flask) -> Iterator[tuple[Session, list[Label]]]:
    with _application.app_context(), db.engine.connect() as connection:
        outer = connection.begin()
        session = Session(bind=connection)
        assortment = Assortment(session)
        for number in range(9):
            assortment.variant(f"SKU-{number}").gtin = f"400638133393{number}"
        session.flush()
        many_orders.fill(session, COUNT)
        yield session, labelled(session)
        session.close()
        outer.rollback()


def test_no_kind_of_search_reads_a_table_whole(filled: tuple[Session, list[Label]]) -> None:
    session, labels = filled
    texts = {label.kind: label.text for label in labels} | {"two letters": "ja", "nobody": "qqq", "part": "van de"}

    assert {kind: scans for kind, text in texts.items() if (scans := search.scanned(session, text))} == {}


def test_the_right_order_is_first(filled: tuple[Session, list[Label]]) -> None:
    session, labels = filled
    wrong = [label for label in labels
             if [row.id for row in queries.found(Meant(session, label.text), limit=1)] != [label.order_id]]  # fmt: skip

    assert len({label.kind for label in labels}) == 17
    assert wrong == []
