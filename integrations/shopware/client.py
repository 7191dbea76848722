"""Client of one Shopware 6 shop. Source: Shopware's Admin API, 6.6 and 6.7, as described in README.md."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote

import httpx

from integrations.breaker import Breaker, RateBudget
from integrations.errors import Misconfigured, Rejected, Unavailable, UnexpectedBody
from integrations.http import Answer, ApiClient, Backoff, Limits
from integrations.shopware.answers import ILLEGAL_TRANSITION, judge, read
from integrations.shopware.lookups import Lookups, look_up
from integrations.shopware.schemas import Detail, IdPage, Page, State, SyncAnswer, Version
from integrations.shopware.shop import Machine, ShopVersion, ShopwareShop, action_names, target_state
from integrations.shopware.tokens import InProcessTokenStore, SignIn, TokenStore
from integrations.shopware.upsert import DELIVERED, RecordOutcome, upsert

__all__ = ["DELIVERED", "Lookups", "RecordOutcome", "ShopVersion", "ShopwareClient", "ShopwareShop"]

MAX_PAGE = 500  # The shop refuses more.
READ_TRIES = 4
WRITE_TRIES = 4  # One and three repeats.
UPSERT_S = 300.0  # No request of an upsert starts later than this after its first.
LOOKUPS_S = 3600.0  # A tax or manufacturer that the shop gains is seen within the hour.
VERSION_S = 3600.0  # Shops are updated while we run.


@dataclass(slots=True)
class ShopwareClient:
    """One shop. Thread-safe; keep one per process. `tokens` may be shared by all processes."""

    shop: ShopwareShop
    tokens: TokenStore | None = None
    limits: Limits = field(default_factory=Limits)
    transport: httpx.BaseTransport | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    breaker: Breaker | None = None
    budget: RateBudget | None = None
    _api: ApiClient = field(init=False, repr=False)
    _sign_in: SignIn = field(init=False, repr=False)
    _apis: tuple[ApiClient, ApiClient] = field(init=False, repr=False)
    _lock: Lock = field(init=False, default_factory=Lock, repr=False)
    _lookups: tuple[float, Lookups] | None = field(init=False, default=None, repr=False)
    _version: tuple[float, ShopVersion] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        shared: dict[str, Any] = {
            "base_url": self.shop.base_url.rstrip("/") + "/api/",
            "judge": judge,
            "secrets": (self.shop.client_secret,),
            "transport": self.transport,
            "clock": self.clock,
            "sleep": self.sleep,
            "uniform": self.uniform,
        }
        self._api = ApiClient("Shopware", limits=self.limits, breaker=self.breaker, budget=self.budget, **shared)
        # Signing in has its own patience: others wait for it, and its throttle must not hold up calls with a token.
        limits = Limits(connect_s=5, read_s=15, write_s=15, total_s=20, body_bytes=1024 * 1024)
        door = ApiClient("Shopware sign-in", limits=limits, backoff=Backoff(patience_s=2, within_s=20), **shared)
        store = self.tokens or InProcessTokenStore(clock=self.clock)
        self._sign_in = SignIn(door, self.shop, store, clock=self.clock)
        self._apis = (self._api, door)

    def close(self) -> None:
        """Let go of the connections."""
        for api in self._apis:
            api.close()

    # Reading

    def version(self) -> ShopVersion:
        """The shop's version, remembered for an hour. Raises Unavailable, UnexpectedBody."""
        known = self._version
        if known is None or self.clock() > known[0]:
            answer = self._call("GET", "_info/version", tries=READ_TRIES)
            known = self._version = (self.clock() + VERSION_S, ShopVersion(read(Version, answer.data).version))
        return known[1]

    def search(self, entity: str, criteria: Mapping[str, Any] | None = None, *, page_size: int = MAX_PAGE,
               max_pages: int = 10_000) -> Iterator[dict[str, Any]]:  # fmt: skip
        """Yield every match over all pages, in the order asked for and then by id; fractions come as Decimal.

        Rows that change while paging may move between pages: a caller that must miss none reads with an overlap.
        Raises Unavailable, Rejected, and UnexpectedBody when a page comes twice or more than `max_pages` come.
        """
        path = f"search/{_dashed(entity)}"
        for answer in self._pages(path, criteria or {}, page_size, max_pages):
            yield from read(Page, answer.data).data

    def search_ids(self, entity: str, criteria: Mapping[str, Any] | None = None, *, page_size: int = MAX_PAGE,
                   max_pages: int = 10_000) -> Iterator[str]:  # fmt: skip
        """Like `search`, but ids only. Not for mapping entities, which have no id."""
        path = f"search-ids/{_dashed(entity)}"
        for answer in self._pages(path, criteria or {}, page_size, max_pages):
            for id_ in read(IdPage, answer.data).data:
                if not isinstance(id_, str):
                    raise UnexpectedBody(f"{entity} has keys, but no ids")
                yield id_

    def get(self, entity: str, id_: str) -> dict[str, Any]:
        """One record. Raises Rejected with status 404 for an unknown id."""
        answer = self._call("GET", f"{_dashed(entity)}/{quote(id_, safe='')}", tries=READ_TRIES)
        return read(Detail, answer.data).data

    def lookups(self) -> Lookups:
        """This shop's ids of taxes, manufacturers and its storefront, remembered for an hour.

        Raises Unavailable, UnexpectedBody; Misconfigured when the storefront is not clear.
        """
        with self._lock:
            if self._lookups is None or self.clock() > self._lookups[0]:
                found = look_up(self.search, sales_channel_id=self.shop.sales_channel_id)
                self._lookups = (self.clock() + LOOKUPS_S, found)
            return self._lookups[1]

    # Writing

    def sync(
        self,
        operations: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]],
        *,
        indexing: str | None = "use-queue-indexing",
    ) -> SyncAnswer:
        """One `_action/sync`: all of it or nothing; None for `indexing` indexes inside the request.

        It is repeated when its fate is unknown, so every record must carry an id of ours.
        Raises Rejected, Unavailable, UnexpectedBody.
        """
        headers = {} if indexing is None else {"indexing-behavior": indexing}
        answer = self._call("POST", "_action/sync", operations, tries=WRITE_TRIES, headers=headers)
        return read(SyncAnswer, answer.data)

    def upsert(self, entity: str, records: Sequence[Mapping[str, Any]], *, key: str = "id",
               max_requests: int = 250) -> list[RecordOutcome]:  # fmt: skip
        """Write records, each with an id of ours under `key`; one outcome per record, in order.

        A bad record harms no other (see `upsert.py`): two requests when the shop names the bad ones, about 2 log2(n)
        per bad one when it does not. At most `max_requests` syncs; what they do not reach is `unavailable`.
        """
        operation = {"entity": entity, "action": "upsert"}
        ends = self.clock() + UPSERT_S
        return upsert(
            records,
            send=lambda part: self.sync({f"write-{entity}": {**operation, "payload": part}}),
            is_up=self._is_up,
            time_is_up=lambda: self.clock() > ends,
            key=key,
            max_requests=max_requests,
        )

    def delete(self, entity: str, ids: Sequence[str]) -> SyncAnswer:
        """Delete by id; ids that the shop does not know are in `not_found`. Raises like `sync`."""
        if not ids:
            return SyncAnswer(data={})
        payload = [{"id": id_} for id_ in ids]
        return self.sync({f"delete-{entity}": {"entity": entity, "action": "delete", "payload": payload}})

    def patch(self, entity: str, id_: str, body: Mapping[str, Any]) -> None:
        """Change fields of one record; lists of related records only grow. Raises Rejected for an unknown id."""
        self._call("PATCH", f"{_dashed(entity)}/{quote(id_, safe='')}", body, tries=WRITE_TRIES)

    def send_mail(self, body: Mapping[str, Any]) -> None:
        """Have the shop send a mail. Raises Unavailable whose `may_have_happened` says that it may be on its way."""
        self._call("POST", "_action/mail-template/send", body)

    def transition(self, machine: Machine, id_: str, action: str, *, send_mail: bool = False) -> State:
        """Move a state machine and return the state reached. To be there already is a success.

        The shop mails the customer only when `send_mail` is set. Raises Rejected for a step that is not allowed,
        Unavailable when its fate stays unknown.
        """
        first, *others = action_names(machine, action)
        try:
            return self._move(machine, id_, first, send_mail=send_mail)
        except Rejected as error:
            if not others or not is_illegal(error):
                raise
            refusal = error
        try:
            return self._move(machine, id_, others[0], send_mail=send_mail)
        except Rejected:
            raise refusal from None  # It names the action that the caller knows.

    def _move(self, machine: Machine, id_: str, action: str, *, send_mail: bool) -> State:
        path = f"_action/{machine}/{quote(id_, safe='')}/state/{quote(action, safe='')}"
        target = target_state(machine, action)
        started = self.clock()
        attempt = 1
        while True:
            try:
                answer = self._call("POST", path, {"sendMail": send_mail})
                return read(State, answer.data)
            except Unavailable as error:
                if attempt == WRITE_TRIES or (error.may_have_happened and target is None):
                    raise  # Whether a plugin's action may be repeated is not for us to know.
                self._api.wait_out(error, attempt=attempt, since=started)
                if error.may_have_happened:
                    state = self._state(machine, id_)
                    if state.technical_name == target:
                        return state
            attempt += 1

    def _state(self, machine: Machine, id_: str) -> State:
        """The current state. Raises UnexpectedBody for an unknown id."""
        body = {"ids": [id_], "page": 1, "limit": 1, "associations": {"stateMachineState": {}}}
        answer = self._call("POST", f"search/{_dashed(machine)}", body, tries=READ_TRIES)
        for record in read(Page, answer.data).data:
            return read(State, record.get("stateMachineState"))
        raise UnexpectedBody(f"the shop has no {machine} {id_}")

    # The wire

    def _pages(self, path: str, criteria: Mapping[str, Any], page_size: int, max_pages: int) -> Iterator[Answer]:
        """Answers page by page. `page` and `limit` are both sent: without a limit every page is the first one."""
        body = {**criteria, "limit": page_size, "sort": _sorted_by_id_last(criteria.get("sort", []))}
        seen: set[int] = set()
        for page in range(1, max_pages + 1):
            answer = self._call("POST", path, {**body, "page": page}, tries=READ_TRIES)
            rows = answer.data.get("data") if isinstance(answer.data, dict) else None
            ids = tuple(_id_of(row) for row in rows) if isinstance(rows, list) else ()
            mark = hash(ids)
            if ids and mark in seen:
                raise UnexpectedBody(f"{path}: page {page} was sent before")
            yield answer
            # A search by `ids` ignores the limit: it is one page, whatever its length.
            if len(ids) < page_size or criteria.get("ids"):
                return
            seen.add(mark)
        raise UnexpectedBody(f"{path}: more than {max_pages} pages")

    def _is_up(self) -> bool:
        try:
            self._call("GET", "_info/version")
        except (Unavailable, Rejected, UnexpectedBody):
            return False
        return True

    def _call(self, method: str, path: str, body: object | None = None, *, tries: int = 1,
              headers: Mapping[str, str] | None = None) -> Answer:  # fmt: skip
        """One call with a token; when the shop refuses the token, once more with a fresh one."""
        token = self._sign_in.token()
        try:
            return self._send(method, path, body, tries, headers, token)
        except Rejected as error:
            if error.status != 401:
                raise
        token = self._sign_in.renewed(refused=token)
        try:
            return self._send(method, path, body, tries, headers, token)
        except Rejected as error:
            if error.status != 401:
                raise
            text = f"Shopware refuses a fresh token: {error.reason}"
            raise Misconfigured(text, retry_after_s=60) from error

    def _send(self, method: str, path: str, body: object | None, tries: int, headers: Mapping[str, str] | None,
              token: str) -> Answer:  # fmt: skip
        signed = {**(headers or {}), "Authorization": f"Bearer {token}"}
        return self._api.call(method, path, body=body, headers=signed, tries=tries)


def is_illegal(error: Rejected) -> bool:
    """Whether a state machine has no such step from where it is."""
    return any(problem.code == ILLEGAL_TRANSITION for problem in error.problems)


def _dashed(entity: str) -> str:
    return entity.replace("_", "-")


def _sorted_by_id_last(sort: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    if any(key.get("field") == "id" for key in sort):
        return list(sort)
    return [*sort, {"field": "id", "order": "ASC"}]


def _id_of(row: object) -> str:
    return str(row.get("id")) if isinstance(row, dict) else str(row)
