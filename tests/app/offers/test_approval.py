"""Who may approve lets a held file pass, and accepts no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from whole_house import WholeHouse

from app.offers.models import OfferFile


@pytest.fixture
def house(session: Session) -> WholeHouse:
    return WholeHouse(session)


def state(session: Session, file_id: int) -> str:
    return session.execute(sa.select(OfferFile.state).where(OfferFile.id == file_id)).scalar_one()


def test_a_manager_lets_a_held_file_pass_with_a_reason_and_accepts_no_other(
    house: WholeHouse, sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    manager, held, other = sign_in("manager"), house.held_file().id, house.file.id

    manager.post(f"/offers/{held}/approve", data={"reason": " "})
    without = state(session, held)
    for file_id in (held, other):
        manager.post(f"/offers/{file_id}/approve", data={"reason": "They sold a warehouse."})

    assert (without, state(session, held), state(session, other)) == ("checked", "accepting", "checked")
    assert manager.post(f"/offers/{other}/accept").status_code == 403


def test_a_purchaser_accepts_a_file_and_lets_no_held_one_pass(
    house: WholeHouse, sign_in: Callable[[str], FlaskClient], session: Session
) -> None:
    purchaser, held, other = sign_in("purchasing"), house.held_file().id, house.file.id

    for file_id in (held, other):
        purchaser.post(f"/offers/{file_id}/accept")

    assert (state(session, held), state(session, other)) == ("checked", "accepting")
    assert purchaser.post(f"/offers/{held}/approve", data={"reason": "Mine."}).status_code == 403
