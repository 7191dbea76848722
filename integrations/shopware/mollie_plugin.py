"""The webhook of Mollie's plugin in a Shopware shop: it looks at Mollie again and moves its own attempt.

Source: mollie/Shopware6 after version 5.4.0. Anybody may call it, and it believes nothing of the call.
"""

from __future__ import annotations

from urllib.parse import quote

import httpx

from integrations.errors import IntegrationError, Misconfigured, Problem, Rejected
from integrations.http import Answer, ApiClient, Limits, judge_by_status

TRIES = 3  # To look again twice is to look once.


def look_again(base_url: str, path: str, transaction_id: str, *, limits: Limits | None = None,
               transport: httpx.BaseTransport | None = None) -> None:  # fmt: skip
    """Have the plugin look at the payment of an attempt. `path` is where, with `{transaction}` in it.

    Raises Rejected with the plugin's reason, Misconfigured where no such plugin answers, and Unavailable.
    """
    api = ApiClient("the shop's Mollie plugin", base_url, judge=_judge, limits=limits or Limits(), transport=transport)
    try:
        address = path.lstrip("/").replace("{transaction}", quote(transaction_id, safe=""))
        api.call("POST", address, body={}, tries=TRIES)
    finally:
        api.close()


def _judge(answer: Answer) -> IntegrationError | None:
    if answer.status == 404:
        return Misconfigured("no Mollie plugin answers there (404)", retry_after_s=60)
    if answer.status == 422 and isinstance(answer.data, dict):
        return Rejected(422, [Problem("422", str(answer.data.get("error") or ""), "")])
    return judge_by_status(answer)
