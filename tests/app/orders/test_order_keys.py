"""An order is found by everything that a customer can quote of it, however they spell it; the right one first."""

from __future__ import annotations

import few_orders as few
import pytest
import sqlalchemy as sa
from few_orders import NOON
from hypothesis import given
from hypothesis import strategies as st
from small_assortment import Assortment
from sqlalchemy.orm import Session

from app.customers import queries as customers
from app.orders import keys, queries, services
from app.orders.finding import Meant
from app.orders.models import Order


@pytest.fixture
def orders(session: Session) -> Session:
    """A hundred orders of others, and between them 10050: of Zoë van Dijk-Özgür, who wants SKU-1."""
    assortment = Assortment(session)
    variant = assortment.variant("SKU-1")
    variant.gtin = "4006381333931"
    session.flush()
    address = few.order().addresses[0]
    others = [few.order(str(20000 + number), email=f"c{number}@example.com", lines=(few.line(f"{number}", sku="X"),),
                        addresses=(address._replace(name="Ada Jansen", phone=f"06 1234 56{number:02}"),))
              for number in range(99)]  # fmt: skip
    zoe = few.order(
        "10050", email="Zoe.Van-Dijk@Example.org", name="Zoë van Dijk-Özgür", company="Tulp & Zn. B.V.",
        customer_number="NL-88213",
        addresses=(address._replace(name="Zoë van Dijk", phone="+31 (0)6-8765 4321", zipcode="3511 lx"),),
        payments=(few.payment("z", mollie_payment_id="tr_5B8cwPMGnU"),),
        deliveries=(few.delivery("z", tracking_codes=("3S IUSD 0123456",)),),
    )  # fmt: skip
    services.apply_orders(session, assortment.shops[0].id, [*others[:50], zoe, *others[50:]], now=NOON)
    return session


@pytest.mark.parametrize(
    "text",
    [
        "10050", "#10050", " 10050 ", "1005", "zoe.van-dijk@example.org", "ZOE.VAN-DIJK@EXAMPLE.ORG", "zoe.van-dijk@",
        "0687654321", "06 8765 4321", "06-87654321", "+31687654321", "0031 6 87654321", "+31 (0)6 8765 4321",
        "Zoë", "zoe", "özgür", "OZGUR", "van Dijk", "dijk zoe", "Zoë van Dijk-Özgür", "Tulp", "3511LX", "3511 lx",
        "sku-1", "SKU-1", "4006381333931", "tr_5B8cwPMGnU", "tr_5b8c", "3SIUSD0123456", "3S IUSD 0123456", "NL-88213",
        "nl-88213", "NL-882",
    ],
)  # fmt: skip
def test_the_right_order_is_first(orders: Session, text: str) -> None:
    assert [row.number for row in queries.found(Meant(orders, text), limit=6)][:1] == ["10050"]
    listed = orders.execute(sa.select(Order.number).where(queries.means(text))).scalars()
    assert "10050" in list(listed)


@pytest.mark.parametrize("text", ["", " ", "#", "99999", "nobody@example.org", "0611111111", "zoe ada", "%", "_", "\\"])
def test_what_nobody_has_finds_nothing(orders: Session, text: str) -> None:
    assert queries.found(Meant(orders, text), limit=6) == []


def test_a_number_of_a_customer_finds_all_of_his_orders_behind_the_order_of_that_number(session: Session) -> None:
    channel = Assortment(session).shops[0].id
    his = [few.order(number, customer_number="10050", email="his@example.com") for number in ("10007", "10009")]
    services.apply_orders(session, channel, [*his, few.order("10050", name="Bo")], now=NOON)

    assert [row.number for row in queries.found(Meant(session, "10050"), limit=6)] == ["10050", "10009", "10007"]
    assert [row.email for row in customers.found(Meant(session, "10050"), limit=6)] == ["his@example.com"]


def test_a_whole_number_stands_before_longer_ones(session: Session) -> None:
    channel = Assortment(session).shops[0].id
    services.apply_orders(session, channel, [few.order("1001"), few.order("10010"), few.order("10019")], now=NOON)

    assert [row.number for row in queries.found(Meant(session, "1001"), limit=6)] == ["1001", "10019", "10010"]


def test_keys_follow_the_order(session: Session) -> None:
    channel = Assortment(session).shops[0].id
    services.apply_orders(session, channel, [few.order(email="old@example.com")], now=NOON)

    services.apply_orders(session, channel, [few.order(email="new@example.com")], now=NOON)

    assert queries.found(Meant(session, "old@example.com"), limit=6) == []
    assert len(queries.found(Meant(session, "new@example.com"), limit=6)) == 1


def test_every_way_to_an_order_has_an_index(orders: Session) -> None:
    orders.execute(sa.text("SET LOCAL enable_seqscan = off"))
    for text in ("10050", "zoe van dijk", "06 8765 4321"):
        statement = sa.select(Order.id).where(queries.means(text))
        plan = orders.execute(sa.text("EXPLAIN " + str(statement.compile(
            orders.connection(), compile_kwargs={"literal_binds": True}))))  # fmt: skip
        assert "Seq Scan on order_key" not in "\n".join(plan.scalars())


@pytest.mark.parametrize(
    ("text", "spelt"),
    [("Łukasz Sørensen", "lukasz sorensen"), ("YILMAZ", "yilmaz"), ("Yılmaz", "yilmaz"), ("Đorđević", "dordevic"),
     ("Ærø", "aero"), ("Strauß", "strauss"), ("Zoë", "zoe"), ("Þór  Œuvre", "thor oeuvre")],
)  # fmt: skip
def test_a_name_has_one_spelling_whatever_keyboard_it_was_typed_on(text: str, spelt: str) -> None:
    assert keys.plain(text) == spelt


@given(st.text(max_size=200))
def test_any_text_has_meanings_that_an_index_holds(text: str) -> None:
    for value in [*keys.meanings(text), *keys.words(text)]:
        assert value
        assert value == value.strip()


@given(st.integers(10_000_000, 99_999_999), st.sampled_from(["06{}", "+316{}", "00316{}", "06-{}", "+31 (0)6 {}"]))
def test_a_phone_number_is_one_key_however_it_is_spelt(number: int, spelling: str) -> None:
    assert keys.phone(spelling.format(number), "NL") == f"316{number}"
