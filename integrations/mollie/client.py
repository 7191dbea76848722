"""Client of one Mollie account. Source: Mollie's API description of 2026-08-21, version 2; see README.md.

Every method may raise Unavailable (Throttled, CircuitOpen; Misconfigured for a refused credential) and UnexpectedBody,
and Rejected for what Mollie refuses; Absent is the Rejected of what is not there. Every act that makes something takes
the caller's idempotency key: one made with the row of the intended act, and the same for all its attempts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from integrations.breaker import Breaker, RateBudget
from integrations.errors import Rejected
from integrations.http import Backoff, Limits
from integrations.mollie.account import MollieAccount
from integrations.mollie.answers import Absent, DuplicateRefund, StillRunning, read
from integrations.mollie.calls import BACKOFF, LIMITS, Calls, Done, path_of
from integrations.mollie.schemas import (
    Balance,
    BalanceTransaction,
    Capture,
    Chargeback,
    Event,
    Method,
    Payment,
    Refund,
    Settlement,
    Subscription,
)
from integrations.mollie.values import Money, write_amount

__all__ = ["Absent", "Done", "DuplicateRefund", "MollieAccount", "MollieClient", "Money", "StillRunning"]

# What Mollie lets a payment change. Never its amount.
UPDATABLE = frozenset({
    "description", "redirectUrl", "cancelUrl", "webhookUrl", "metadata", "method", "locale", "dueDate",
    "restrictPaymentMethodsToCountry", "issuer", "billingAddress", "shippingAddress",
})  # fmt: skip
_PAYMENT, _REFUND, _CAPTURE = partial(read, Payment), partial(read, Refund), partial(read, Capture)
_CHARGEBACK, _SETTLEMENT, _BALANCE = partial(read, Chargeback), partial(read, Settlement), partial(read, Balance)
_SUBSCRIPTION, _TRANSACTION = partial(read, Subscription), partial(read, BalanceTransaction)


@dataclass(slots=True)
class MollieClient:
    """One account. Thread-safe; keep one per process.

    Lists are generators, newest first; with `since` they end at the first item that was created before it.
    """

    account: MollieAccount
    limits: Limits = LIMITS
    backoff: Backoff = BACKOFF
    transport: httpx.BaseTransport | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    breaker: Breaker | None = None
    budget: RateBudget | None = None
    _calls: Calls = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._calls = Calls(
            self.account,
            limits=self.limits,
            backoff=self.backoff,
            transport=self.transport,
            clock=self.clock,
            sleep=self.sleep,
            uniform=self.uniform,
            breaker=self.breaker,
            budget=self.budget,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._calls.close()

    # Payments

    def create_payment(
        self,
        amount: Money,
        *,
        key: str,
        description: str,
        redirect_url: str | None,
        more: Mapping[str, Any] | None = None,
        include: Sequence[str] = (),
    ) -> Done[Payment]:
        """`more`: further fields under Mollie's names, amounts as Money. `redirect_url` is None for recurring ones."""
        body = {**(more or {}), "amount": amount, "description": description}
        if redirect_url is not None:
            body["redirectUrl"] = redirect_url
        query = {"include": ",".join(include)} if include else None
        return self._calls.post("payments", body, _PAYMENT, key=key, of_profile=True, query=query)

    def payment(self, payment_id: str, *, embed: Sequence[str] = (), include: Sequence[str] = ()) -> Payment:
        """`embed`: captures, refunds, chargebacks. `include`: details.qrCode, details.remainderDetails."""
        query = {"embed": _joined(embed), "include": _joined(include)}
        return read(Payment, self._calls.get(path_of("payments", payment_id), query))

    def payments(self, *, since: datetime | None = None, start: str | None = None) -> Iterator[Payment]:
        """Of the profile; of all profiles with an organisation token without one. `start`: the id to begin with."""
        query = {"from": start}
        return self._calls.pages("payments", "payments", _PAYMENT, query=query, of_profile=True, since=since)

    def update_payment(self, payment_id: str, changes: Mapping[str, Any]) -> Payment:
        """Change fields of UPDATABLE, under Mollie's names; no webhook follows. Raises ValueError for any other."""
        if unknown := sorted(changes.keys() - UPDATABLE):
            raise ValueError(f"a payment does not change its {', '.join(unknown)}")
        return read(Payment, self._calls.patch(path_of("payments", payment_id), changes))

    def cancel_payment(self, payment_id: str) -> Payment:
        """The canceled payment; to be that already is a success. Raises Rejected where it is too late."""
        try:
            return read(Payment, self._calls.delete(path_of("payments", payment_id)))
        except Rejected as error:
            if error.status != 422:
                raise
            payment = self.payment(payment_id)
            if payment.status != "canceled":
                raise
            return payment

    def release_authorization(self, payment_id: str, *, key: str) -> Done[None]:
        """Ask to give up what is not captured; the payment becomes canceled, or paid, some time later."""
        path = path_of("payments", payment_id, "release-authorization")
        return self._calls.post(path, {}, _nothing, key=key)

    # Refunds

    def create_refund(
        self, payment_id: str, amount: Money, *, key: str, description: str = "", metadata: object = None
    ) -> Done[Refund]:
        """Pay money back. Raises DuplicateRefund; a Rejected points to the field at fault.

        On Unavailable with `may_have_happened`, go on with the same key; when its first use is more than 50 minutes
        ago, look at `refunds_of` first and match on `metadata`: Mollie forgets keys after an hour.
        """
        body: dict[str, Any] = {"amount": amount}
        if description:
            body["description"] = description
        if metadata is not None:
            body["metadata"] = metadata
        return self._calls.post(path_of("payments", payment_id, "refunds"), body, _REFUND, key=key, all_or_nothing=True)

    def refund(self, payment_id: str, refund_id: str) -> Refund:
        """Raises Absent for a canceled refund, too."""
        return read(Refund, self._calls.get(path_of("payments", payment_id, "refunds", refund_id)))

    def refunds_of(self, payment_id: str, *, since: datetime | None = None) -> Iterator[Refund]:
        """Of one payment."""
        return self._calls.pages(path_of("payments", payment_id, "refunds"), "refunds", _REFUND, since=since)

    def refunds(self, *, since: datetime | None = None, start: str | None = None) -> Iterator[Refund]:
        """Of all payments, as `payments`."""
        query = {"from": start}
        return self._calls.pages("refunds", "refunds", _REFUND, query=query, of_profile=True, since=since)

    def cancel_refund(self, payment_id: str, refund_id: str) -> None:
        """While it is queued or pending. Raises Absent when it is unknown or was canceled before, Rejected too late."""
        path = path_of("payments", payment_id, "refunds", refund_id)
        self._calls.delete(path, mode_in_query=True, gone_is_done=True)

    # Captures and chargebacks

    def create_capture(
        self,
        payment_id: str,
        *,
        key: str,
        amount: Money | None = None,
        description: str = "",
        metadata: object = None,
    ) -> Done[Capture]:
        """Take what was authorized; all of it without an `amount`."""
        given = {"amount": amount, "description": description or None, "metadata": metadata}
        body = {name: value for name, value in given.items() if value is not None}
        return self._calls.post(path_of("payments", payment_id, "captures"), body, _CAPTURE, key=key)

    def capture(self, payment_id: str, capture_id: str) -> Capture:
        """One capture."""
        return read(Capture, self._calls.get(path_of("payments", payment_id, "captures", capture_id)))

    def captures_of(self, payment_id: str) -> Iterator[Capture]:
        """Of one payment."""
        return self._calls.pages(path_of("payments", payment_id, "captures"), "captures", _CAPTURE)

    def chargeback(self, payment_id: str, chargeback_id: str) -> Chargeback:
        """One chargeback."""
        return read(Chargeback, self._calls.get(path_of("payments", payment_id, "chargebacks", chargeback_id)))

    def chargebacks_of(self, payment_id: str) -> Iterator[Chargeback]:
        """Of one payment, which can have several."""
        return self._calls.pages(path_of("payments", payment_id, "chargebacks"), "chargebacks", _CHARGEBACK)

    def chargebacks(self, *, since: datetime | None = None, start: str | None = None) -> Iterator[Chargeback]:
        """Of all payments."""
        return self._calls.pages("chargebacks", "chargebacks", _CHARGEBACK, query={"from": start}, since=since)

    # Methods

    def methods(self, *, amount: Money | None = None, locale: str | None = None) -> list[Method]:
        """The methods that are switched on, only those that take `amount` when it is given."""
        written = write_amount(amount) if amount else {}
        query = {"locale": locale, **{f"amount[{name}]": value for name, value in written.items()}}
        return self._calls.whole("methods", "methods", partial(read, Method), query=query)

    # Books: an organisation token only

    def settlements(
        self,
        *,
        since: datetime | None = None,
        month: tuple[int, int] | None = None,
        balance_id: str | None = None,
        currencies: Sequence[str] = (),
    ) -> Iterator[Settlement]:
        """What Mollie paid out; `month` is (year, month)."""
        year, of_year = (str(month[0]), f"{month[1]:02}") if month else (None, None)
        query = {"year": year, "month": of_year, "balanceId": balance_id, "currencies": _joined(currencies)}
        return self._calls.pages("settlements", "settlements", _SETTLEMENT, query=query, since=since)

    def settlement(self, settlement_id: str) -> Settlement:
        """`open` and `next` are ids as well: what was not settled yet, and what is about to be."""
        return read(Settlement, self._calls.get(path_of("settlements", settlement_id)))

    def settled_payments(self, settlement_id: str) -> Iterator[Payment]:
        """The payments of a settlement."""
        return self._calls.pages(path_of("settlements", settlement_id, "payments"), "payments", _PAYMENT)

    def settled_refunds(self, settlement_id: str) -> Iterator[Refund]:
        """The refunds of a settlement."""
        return self._calls.pages(path_of("settlements", settlement_id, "refunds"), "refunds", _REFUND)

    def settled_chargebacks(self, settlement_id: str) -> Iterator[Chargeback]:
        """The chargebacks of a settlement."""
        return self._calls.pages(path_of("settlements", settlement_id, "chargebacks"), "chargebacks", _CHARGEBACK)

    def settled_captures(self, settlement_id: str) -> Iterator[Capture]:
        """The captures of a settlement."""
        return self._calls.pages(path_of("settlements", settlement_id, "captures"), "captures", _CAPTURE)

    def balances(self) -> Iterator[Balance]:
        """One per currency."""
        return self._calls.pages("balances", "balances", _BALANCE)

    def balance(self, balance_id: str = "primary") -> Balance:
        """One balance."""
        return read(Balance, self._calls.get(path_of("balances", balance_id)))

    def balance_transactions(
        self, balance_id: str = "primary", *, since: datetime | None = None, start: str | None = None
    ) -> Iterator[BalanceTransaction]:
        """Every movement of a balance."""
        path = path_of("balances", balance_id, "transactions")
        return self._calls.pages(path, "balance_transactions", _TRANSACTION, query={"from": start}, since=since)

    # Webhook subscriptions: an organisation token only

    def create_subscription(self, *, key: str, name: str, url: str, events: Sequence[str]) -> Done[Subscription]:
        """Subscribe `url` to event types; `*` is all. Its `webhook_secret` is never shown again."""
        body = {"name": name, "url": url, "eventTypes": list(events)}
        return self._calls.post("webhooks", body, _SUBSCRIPTION, key=key)

    def subscriptions(self) -> Iterator[Subscription]:
        """All of them."""
        return self._calls.pages("webhooks", "webhooks", _SUBSCRIPTION)

    def subscription(self, subscription_id: str) -> Subscription:
        """One subscription; `blocked` after many failed deliveries."""
        return read(Subscription, self._calls.get(path_of("webhooks", subscription_id)))

    def update_subscription(
        self,
        subscription_id: str,
        *,
        name: str | None = None,
        url: str | None = None,
        events: Sequence[str] | None = None,
    ) -> Subscription:
        """Change what is given."""
        given = {"name": name, "url": url, "eventTypes": None if events is None else list(events)}
        changes = {field_: value for field_, value in given.items() if value is not None}
        return read(Subscription, self._calls.patch(path_of("webhooks", subscription_id), changes))

    def delete_subscription(self, subscription_id: str) -> None:
        """Raises Absent for an unknown one."""
        self._calls.delete(path_of("webhooks", subscription_id), gone_is_done=True)

    def ping_subscription(self, subscription_id: str, *, key: str) -> Done[None]:
        """Have Mollie send a test event."""
        return self._calls.post(path_of("webhooks", subscription_id, "ping"), {}, _nothing, key=key)

    def event(self, event_id: str) -> Event:
        """An event that was sent."""
        return read(Event, self._calls.get(path_of("events", event_id)))


def _joined(values: Sequence[str]) -> str | None:
    return ",".join(values) or None


def _nothing(_data: object) -> None:
    """Of an answer without a body."""
