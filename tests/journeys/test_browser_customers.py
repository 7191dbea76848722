"""What an agent does about one person in two storefronts: see why it may be one, merge, watch, take it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from browsing import Portal, sign_in, until

from app import clock, queue
from app.customers.models import CustomerPair
from app.db import transaction
from app.flows import services as flows
from app.orders import queries as orders
from app.orders.finding import Meant
from sandbox.testing import BareShop, SandboxHandle, bare_shop, hexid

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FLOW = "shopware.orders.portal"


@pytest.fixture
def shops(world: SandboxHandle) -> Iterator[dict[str, BareShop]]:
    made = {code: bare_shop(world, code) for code in ("refurbished-direct", "econocom")}
    yield made
    for shop in made.values():
        shop.http.close()


def bought(shop: BareShop, number: str, mail: str, *, phone: str, account: str | None = None) -> None:
    """Zoë places an order, and the shop's webhook names it."""
    payload = shop.order(number, {"payload": {"productNumber": "A"}})
    name = {"firstName": "Zoë", "lastName": "de Vries"}
    payload["orderCustomer"] |= {**name, "email": mail}
    payload["addresses"][0] |= {**name, "phoneNumber": phone, "street": f"Laan {number}"}
    if account:
        record = {"id": hexid(account), "guest": False, "email": mail, "customerNumber": "7", **name}
        shop.sync(record, entity="customer").raise_for_status()
        payload["orderCustomer"]["customerId"] = record["id"]
    shop.post("order", payload).raise_for_status()
    with transaction() as session:
        flows.receive(session, FLOW, key=payload["id"], delivery_id=number, channel=shop.code, now=clock.now(),
                      body={"act": "named", "orders": [payload["id"]]})  # fmt: skip
    queue.wake(FLOW)
    until(lambda: is_known(number))


def is_known(number: str) -> bool:
    with transaction() as session:
        return bool(orders.found(Meant(session, number), limit=1))


def are_asked() -> bool:
    with transaction() as session:
        asked = sa.select(sa.func.count(CustomerPair.low_id)).where(CustomerPair.state == "open")
        return session.execute(asked).scalar_one() == 1


def test_an_agent_merges_two_customers_by_their_evidence_and_takes_it_back(
    site: Portal, open_page: Callable[..., Any], shops: dict[str, BareShop]
) -> None:
    bought(shops["refurbished-direct"], "20501", "zoe@home.example", phone="06 1234 5678")
    bought(shops["econocom"], "30501", "zoe@work.example", phone="+31612345678", account="zoe")
    until(are_asked)
    page, complaints = open_page()
    sign_in(page, site, "agent")

    page.click("a.queue:has-text('may be the same person')")
    page.click("table.rows tbody tr:has-text('zoe@work.example') a")
    question = page.locator("section.panel:has-text('The same person?')")
    assert "the same phone number" in question.inner_text()
    for text in ("zoe@home.example", "zoe@work.example", "Laan 20501", "Laan 30501"):
        assert text in question.inner_text()

    question.locator("button:has-text('Same person')").click()
    page.wait_for_selector("text=One person now")
    assert [page.locator(f"#customer-live a:has-text('#{number}')").count() for number in (20501, 30501)] == [1, 1]
    page.evaluate("window.opened = 'once'")  # Gone with the page: nothing is loaded anew below.
    bought(shops["econocom"], "30502", "zoe@work.example", phone="+31612345678", account="zoe")
    page.wait_for_selector("#customer-live a:has-text('#30502')")
    assert page.evaluate("window.opened") == "once"
    page.click("#customer-live a:has-text('#30502')")
    page.click("#order-live a:has-text('3 orders')")

    page.click("#merges button:has-text('Undo')")
    page.click("dialog [data-yes]")
    page.wait_for_selector("text=Undone: two customers again.")

    assert "zoe@home.example" in page.locator("dl.known").inner_text()
    assert "zoe@work.example" not in page.locator("dl.known").inner_text()
    assert page.locator("#customer-live .columns a:has-text('#')").all_inner_texts() == ["#20501"]
    page.click("button:has-text('Not the same')")
    page.wait_for_selector("text=they are not suggested again")
    assert page.locator("text=The same person?").count() == 0
    assert complaints == []
