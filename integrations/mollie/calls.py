"""How one account is called: its credential in every call, repeats that do nothing twice, lists page by page."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import quote, urlencode

import httpx

from integrations.breaker import Breaker, RateBudget
from integrations.errors import Unavailable, UnexpectedBody
from integrations.http import Answer, ApiClient, Backoff, Limits, checked_base_url
from integrations.mollie.account import MollieAccount
from integrations.mollie.answers import Absent, NotNow, judge, personal_data, read
from integrations.mollie.schemas import Page
from integrations.mollie.values import plain

READ_TRIES = 4
WRITE_TRIES = 4  # One and three repeats.
PAGE_SIZE = 250  # Mollie gives no more.
LIMITS = Limits(connect_s=5, read_s=30, write_s=30, total_s=45, body_bytes=16 * 1024 * 1024)
# Mollie forgets a key after an hour, so the repeats of one call are over long before that.
BACKOFF = Backoff()
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_REPLAYED = "idempotent-replayed"


class _Item(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> datetime | None: ...


T = TypeVar("T")
Item = TypeVar("Item", bound=_Item)
Read = Callable[[object], T]


class Done(NamedTuple, Generic[T]):
    """What a POST made. `replayed`: an earlier request with the same key had made it already."""

    result: T
    replayed: bool


@dataclass(slots=True)
class Calls:
    """The wire of one account. Thread-safe."""

    account: MollieAccount
    limits: Limits = LIMITS
    backoff: Backoff = BACKOFF
    transport: httpx.BaseTransport | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    breaker: Breaker | None = None
    budget: RateBudget | None = None
    _api: ApiClient = field(init=False, repr=False)
    _base: httpx.URL = field(init=False, repr=False)

    def __post_init__(self) -> None:
        base_url = checked_base_url("Mollie", self.account.base_url) + "v2/"
        self._base = httpx.URL(base_url)
        self._api = ApiClient(
            "Mollie",
            base_url,
            limits=self.limits,
            backoff=self.backoff,
            transport=self.transport,
            judge=judge,
            secrets=(self.account.token,),
            clock=self.clock,
            sleep=self.sleep,
            uniform=self.uniform,
            breaker=self.breaker,
            budget=self.budget,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    # Reading

    def get(self, path: str, query: Mapping[str, str | None] | None = None, *, of_profile: bool = False) -> object:
        """One thing. Raises Absent, Rejected, Unavailable."""
        asked = self.account.query(query or {}, of_profile=of_profile)
        return self._read(f"{path}?{urlencode(asked)}" if asked else path).data

    def pages(
        self,
        path: str,
        name: str,
        kind: Read[Item],
        *,
        query: Mapping[str, str | None] | None = None,
        of_profile: bool = False,
        since: datetime | None = None,
        max_pages: int = 10_000,
    ) -> Iterator[Item]:
        """Yield every item of a list, newest first, until one was created before `since`.

        `next` is followed as it came, but to the account's own host only: the credential goes along. Raises
        UnexpectedBody for another host, for a page that comes twice, and when more than `max_pages` come.
        """
        asked = self.account.query(query or {}, of_profile=of_profile)
        address: str | None = f"{path}?{urlencode({'limit': str(PAGE_SIZE), **asked})}"
        seen: set[object] = set()
        for _ in range(max_pages):
            page = read(Page, self._read(address).data)
            items = [kind(item) for item in _items(page, name)]
            address = self._next(page)
            marks = {address, tuple(item.id for item in items)} - {None, ()}
            if marks & seen:
                raise UnexpectedBody(f"Mollie's list of {name} goes round in circles")
            seen |= marks
            for item in items:
                if since is not None and item.created_at is not None and item.created_at < since:
                    return
                yield item
            if address is None:
                return
        raise UnexpectedBody(f"Mollie's list of {name} has more than {max_pages} pages")

    def whole(self, path: str, name: str, kind: Read[T], *, query: Mapping[str, str | None]) -> list[T]:
        """A list that has no pages."""
        return [kind(item) for item in _items(read(Page, self.get(path, query, of_profile=True)), name)]

    # Writing

    def post(self, path: str, body: Mapping[str, Any], kind: Read[T], *, key: str, of_profile: bool = False,
             query: Mapping[str, str | None] | None = None, all_or_nothing: bool = False) -> Done[T]:  # fmt: skip
        """One act, done once however often it is sent with `key`, for an hour.

        `all_or_nothing`: Mollie's own 503 says that nothing was done. Raises Absent, Rejected, and Unavailable: that
        has the key to go on with, and says whether the act may have happened.
        """
        if not _KEY.fullmatch(key):
            raise ValueError("an idempotency key has 1 to 255 visible ASCII characters")
        content = self.account.body(plain(body), of_profile=of_profile)
        address = f"{path}?{urlencode(query)}" if query else path
        answer = self._write("POST", address, content, key=key, surely_undone=(NotNow,) if all_or_nothing else ())
        replayed = answer.headers.get(_REPLAYED, "").strip().lower() == "true"
        return Done(kind(answer.data), replayed)

    def patch(self, path: str, body: Mapping[str, Any]) -> object:
        """Change fields; the same twice is the same once."""
        return self._write("PATCH", path, self.account.body(plain(body))).data

    def delete(self, path: str, *, mode_in_query: bool = False, gone_is_done: bool = False) -> object:
        """End something. Raises Absent when it is not there.

        `gone_is_done`: what is gone after a try of ours that had no answer was ended by that.
        """
        query = self.account.query({}) if mode_in_query else {}
        body = {} if mode_in_query else self.account.body({})
        address = f"{path}?{urlencode(query)}" if query else path
        return self._write("DELETE", address, body or None, gone_is_done=gone_is_done).data

    # The wire

    def _read(self, path: str | None) -> Answer:
        assert path is not None
        return self._api.call("GET", path, headers=self._headers(), tries=READ_TRIES)

    def _write(self, method: str, path: str, body: object | None, *, key: str | None = None,
               surely_undone: tuple[type[Unavailable], ...] = (), gone_is_done: bool = False) -> Answer:  # fmt: skip
        """Sent up to WRITE_TRIES times. A try that certainly failed does not undo an earlier one without an answer."""
        headers = self._headers(key)
        started, attempt, unsure = self.clock(), 1, False
        while True:
            try:
                with personal_data(body):
                    return _whole(self._api.call(method, path, body=body, headers=headers))
            except Unavailable as error:
                happened = error.may_have_happened and not isinstance(error, surely_undone)
                unsure = error.may_have_happened = unsure or happened
                error.idempotency_key = key
                if attempt == WRITE_TRIES:
                    raise
                self._api.wait_out(error, attempt=attempt, since=started)
            except Absent:
                if not (unsure and gone_is_done):
                    raise
                return Answer(204, {}, None, readable=True, retry_after_s=None)
            attempt += 1

    def _headers(self, key: str | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.account.token}"}
        return headers if key is None else {**headers, "Idempotency-Key": key}

    def _next(self, page: Page) -> str | None:
        """The address of the page after `page`, exactly as it came; None after the last one."""
        link = page.links.next
        if link is None:
            return None
        try:
            url = httpx.URL(link.href)
        except httpx.InvalidURL:
            raise UnexpectedBody("Mollie's link to the next page is no address") from None
        base = self._base
        if (url.scheme, url.host, url.port, url.userinfo) != (base.scheme, base.host, base.port, b""):
            raise UnexpectedBody("Mollie's link to the next page leads to another host")
        return link.href


def _whole(answer: Answer) -> Answer:
    """Raises Unavailable for an answer that lost its body: only 202 and 204 have none."""
    if answer.data is None and answer.status not in (202, 204):
        raise Unavailable(f"Mollie answered {answer.status} without a body", may_have_happened=True)
    return answer


def _items(page: Page, name: str) -> list[object]:
    found = page.embedded.get(name, [] if page.count == 0 else None)
    if not isinstance(found, list):
        raise UnexpectedBody(f"Mollie's page has no list of {name}")
    return found


def path_of(*parts: str) -> str:
    """`payments`, `tr_1` as `payments/tr_1`; an id cannot leave its place in the path. Raises ValueError."""
    if any(not part or part in (".", "..") for part in parts):
        raise ValueError("an id is missing")
    return "/".join(quote(part, safe="") for part in parts)
