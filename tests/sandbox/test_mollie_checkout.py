"""The page on which a buyer of the sandbox pays, or does not."""

from __future__ import annotations

import httpx
import pytest
from mollie_calls import BareMollie, euro


def choose(payment: dict[str, dict[str, dict[str, str]]], outcome: str, method: str = "ideal") -> httpx.Response:
    return httpx.post(payment["_links"]["checkout"]["href"], data={"outcome": outcome, "method": method})


@pytest.mark.parametrize(
    ("outcome", "method", "status"),
    [("pay", "ideal", "paid"), ("pay", "klarna", "authorized"), ("authorise", "creditcard", "authorized"),
     ("wait", "paypal", "pending"), ("wait", "banktransfer", "open"), ("fail", "ideal", "failed"),
     ("expire", "ideal", "expired"), ("cancel", "ideal", "canceled")],
)  # fmt: skip
def test_the_buyer_says_how_it_ends_and_is_sent_back(
    mollie: BareMollie, outcome: str, method: str, status: str
) -> None:
    line = {"description": "Phone", "quantity": 1, "unitPrice": euro("10.00"), "totalAmount": euro("10.00")}
    payment = mollie.payment(cancelUrl="https://shop.example/stop", lines=[line])

    answer = choose(payment, outcome, method)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"https://shop.example/{'stop' if outcome == 'cancel' else 'back'}"
    assert mollie.seen(payment["id"])["status"] == status


def test_after_a_preset_method_failed_the_buyer_chooses_again(mollie: BareMollie) -> None:
    payment = mollie.payment(method="ideal")
    assert "Klarna" not in httpx.get(payment["_links"]["checkout"]["href"]).text

    first = choose(payment, "fail")
    page = httpx.get(httpx.URL(payment["_links"]["checkout"]["href"]).join(first.headers["Location"]))

    assert first.status_code == 303
    assert "Dat is niet gelukt" in page.text
    assert "Bancontact" in page.text
    assert mollie.seen(payment["id"])["status"] == "open"
    assert choose(payment, "pay", "bancontact").headers["Location"] == "https://shop.example/back"
    assert mollie.seen(payment["id"])["method"] == "bancontact"


def test_what_is_over_cannot_be_paid_again(mollie: BareMollie) -> None:
    payment = mollie.payment()
    choose(payment, "cancel")

    again = choose(payment, "pay")

    assert again.status_code == 200
    assert "Deze betaling is geannuleerd" in again.text
    assert mollie.seen(payment["id"])["status"] == "canceled"


def test_a_method_that_cannot_do_it_is_refused(mollie: BareMollie) -> None:
    payment = mollie.payment()

    assert choose(payment, "authorise", "ideal").status_code == 422
    assert choose(payment, "pay", "gold").status_code == 422
    assert choose(payment, "steal").status_code == 400
    assert mollie.seen(payment["id"])["status"] == "open"
    assert httpx.get(payment["_links"]["checkout"]["href"] + "x").status_code == 404


def test_the_page_speaks_the_buyers_language_and_keeps_what_is_written(mollie: BareMollie) -> None:
    dutch = mollie.payment(locale="nl_NL", amount=euro("1234.50"), description="<b>Order</b>")
    english = mollie.payment(locale="de_DE", amount=euro("1234.50"))

    pages = [httpx.get(payment["_links"]["checkout"]["href"]).text for payment in (dutch, english)]

    assert "Kies hoe u betaalt" in pages[0]
    assert "€\u00a01.234,50" in pages[0]
    assert "&lt;b&gt;Order" in pages[0]
    assert "Choose how to pay" in pages[1]
    assert "€\u00a01,234.50" in pages[1]


def test_only_methods_of_the_payments_own_choice_and_amount(mollie: BareMollie) -> None:
    chosen = mollie.payment(method=["bancontact", "kbc"])
    large = mollie.payment(amount=euro("60000.00"))

    assert "iDEAL" not in httpx.get(chosen["_links"]["checkout"]["href"]).text
    assert "Overboeking" in httpx.get(large["_links"]["checkout"]["href"]).text
    assert "iDEAL" not in httpx.get(large["_links"]["checkout"]["href"]).text
