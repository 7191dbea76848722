"""The lists of payments and of refunds: what they show, and how they are narrowed."""

from __future__ import annotations

from collections.abc import Callable

import few_orders
import few_payments as few
import flask_babel
import pytest
import sqlalchemy as sa
from few_payments import NOON
from flask.testing import FlaskClient
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.orders import services as orders
from app.payments import services


@pytest.fixture
def desk(session: Session, sign_in: Callable[[str], FlaskClient]) -> Callable[[str], str]:
    """An agent before two orders, their payments and a refund."""
    channels = [shop.id for shop in Assortment(session).shops]
    first = few_orders.order("10001", email="bo@example.com", name="Bo de Wit")
    applied = orders.apply_orders(session, channels[1], [first, few_orders.order("10002")], now=NOON)
    services.orders_moved(session, applied.moved, now=NOON)
    seen = [
        few.payment("tr_1", order_number="10001", refunds=(few.refund("re_1", status="failed"),)),
        few.payment("tr_2", status="expired", order_number="10002"), few.payment("tr_3"),
    ]  # fmt: skip
    services.apply_payments(session, channels[1], seen, now=NOON)
    browser = sign_in("agent")
    session.execute(sa.text("UPDATE user_account SET locale = 'en'"))
    session.commit()

    def page(path: str) -> str:
        flask_babel.refresh()
        answer = browser.get(path)
        assert answer.status_code == 200, path
        return " ".join(answer.get_data(as_text=True).split())

    return page


def test_payments_are_found_by_what_a_customer_quotes_and_by_their_state(desk: Callable[[str], str]) -> None:
    for query, ids in {
        "": {"tr_1", "tr_2", "tr_3"}, "q=tr_2": {"tr_2"}, "q=10001": {"tr_1"}, "q=bo@example.com": {"tr_1"},
        "state=expired": {"tr_2"}, "stray=yes": {"tr_3"}, "q=nothing": set(), "amount=200..": set(),
    }.items():  # fmt: skip
        page = desk(f"/payments/?{query}")
        assert {id_ for id_ in ("tr_1", "tr_2", "tr_3") if f'data-copy="{id_}"' in page} == ids, query


def test_refunds_say_what_became_of_them(desk: Callable[[str], str]) -> None:
    page = desk("/payments/refunds?state=failed")

    for part in ("#10001", "failed", "made at Mollie", "€21.00"):
        assert part in page, part
    assert "#10001" not in desk("/payments/refunds?state=processed")
