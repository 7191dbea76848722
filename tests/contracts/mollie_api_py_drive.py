"""Run with a Python that has mollie-api-py: makes, pays, refunds and lists, and prints what it saw as JSON.

Its own process, since it and mollie-api-python are both a package named `mollie`.
"""

from __future__ import annotations

import importlib
import json
import sys
import urllib.request
from typing import Any


def main() -> None:
    base_url, key, token, profile_id = sys.argv[1:]
    mollie: Any = importlib.import_module("mollie")
    amount = {"currency": "EUR", "value": "10.00"}
    with mollie.ClientSDK(security=mollie.Security(api_key=key), server_url=base_url) as sdk:
        order = {"amount": amount, "redirect_url": "https://shop.example/", "metadata": {"order": "10001"}}
        made = sdk.payments.create(payment_request={**order, "description": "Order 1"}, idempotency_key="one")
        again = sdk.payments.create(payment_request={**order, "description": "Order 1"}, idempotency_key="one")
        act = urllib.request.Request(  # noqa: S310
            f"{base_url}/payments/{made.id}/pay", data=b'{"method": "ideal"}', method="POST",
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        urllib.request.urlopen(act).close()  # noqa: S310
        paid = sdk.payments.get(payment_id=made.id, embed="refunds")
        part = {"amount": {"currency": "EUR", "value": "4.00"}, "description": "Return"}
        refund = sdk.refunds.create(payment_id=made.id, refund_request=part)
        refunds = sdk.refunds.list(payment_id=made.id)
        for number in range(599):
            sdk.payments.create(payment_request={**order, "description": f"Order {number + 2}"})
        seen, page = [], sdk.payments.list(limit=250)
        pages = 0
        while page is not None:
            pages += 1
            seen += [item.id for item in page.result.embedded.payments]
            page = page.next()
        methods = sdk.methods.list()
    with mollie.ClientSDK(
        security=mollie.Security(advanced_access_token=token), server_url=base_url, testmode=True,
        profile_id=profile_id,
    ) as sdk:  # fmt: skip
        balance = sdk.balances.get_primary()
        moves = sdk.balances.list_transactions(balance_id="primary")
        settlements = sdk.settlements.list()
        hook = sdk.webhooks.create(
            request_body={"name": "Portal", "url": "http://127.0.0.1:9/", "event_types": "*", "testmode": True}
        )
    print(json.dumps({  # noqa: T201
        "same": again.id == made.id, "status": paid.status, "method": paid.method, "refund": refund.status,
        "refunds": len(refunds.result.embedded.refunds), "pages": pages, "seen": len(seen), "kinds": len(set(seen)),
        "last": seen[-1] == made.id, "methods": methods.count, "available": balance.available_amount.value,
        "moves": len(moves.result.embedded.balance_transactions), "settlements": settlements.result.count,
        "secret": bool(hook.webhook_secret),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
