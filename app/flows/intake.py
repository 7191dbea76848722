"""Deliveries of other systems are kept, and their flow is woken. Each is durable before its sender is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import clock, queue
from app.db import one_statement
from app.flows import services as ledger
from app.flows.services import Delivery
from app.logs import correlation_id

AT_ONCE = 200  # Deliveries of one statement.
MOST_WAITING = 5_000  # More of them than this are told to come again.
Given = TypeVar("Given")
Result = TypeVar("Result")


class Crowded(Exception):
    """More wait to be stored than should: the database does not keep up, or does not answer."""


class _Brought(NamedTuple):
    """`message`: the id it is stored under, None when it was here already; or why it could not be stored."""

    delivery: Delivery
    message: asyncio.Future[int | None]


def take(delivery: Delivery) -> int | None:
    """Store a delivery and wake its flow; returns the message, or None when the same delivery is already here.

    It is committed when this returns. Needs an application context; must not be called within a transaction.
    """
    (message,) = _store([delivery._replace(correlation_id=correlation_id())])
    if message is not None:
        queue.wake(delivery.flow)
    return message


class Line:
    """Where deliveries of one event loop stand until they are stored.

    Whatever came while a statement was under way is stored by the next: a burst costs few commits, and one that comes
    alone waits for nobody.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: list[_Brought] = []
        self._pen = ThreadPoolExecutor(1, thread_name_prefix="pen")
        self._writing: asyncio.Task[None] | None = None
        self._asleep: set[str] = set()  # Flows that have something new.
        self._bell = ThreadPoolExecutor(1, thread_name_prefix="bell")  # Apart: a queue that hangs holds nobody up.
        self._waking: asyncio.Task[None] | None = None

    async def take(self, delivery: Delivery) -> int | None:
        """As `take`, for whoever awaits. Raises Crowded, or why this one could not be stored."""
        if len(self._waiting) >= MOST_WAITING:
            raise Crowded
        mine = _Brought(delivery, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await mine.message

    async def close(self) -> None:
        """Everything that stands in line is stored; then nothing can be."""
        for under_way in (self._writing, self._waking):
            if under_way is not None:
                await under_way
        self._pen.shutdown()
        self._bell.shutdown()

    async def _write(self) -> None:
        """Until nobody stands in line."""
        try:
            while self._waiting:
                brought, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                outcomes = await self._within(self._pen, _stored, [one.delivery for one in brought])
                self._asleep |= _settle(brought, outcomes)
                if self._asleep and self._waking is None:
                    self._waking = asyncio.create_task(self._wake())
        finally:
            self._writing = None

    async def _wake(self) -> None:
        try:
            while self._asleep:
                await self._within(self._bell, queue.wake, self._asleep.pop())
        finally:
            self._waking = None

    async def _within(self, threads: ThreadPoolExecutor, act: Callable[[Given], Result], given: Given) -> Result:
        """In an application context, of a thread."""

        def run() -> Result:
            with self._app.app_context():
                return act(given)

        return await asyncio.get_running_loop().run_in_executor(threads, run)


def _settle(brought: Sequence[_Brought], outcomes: Sequence[int | Exception | None]) -> set[str]:
    """Tell each what became of it; returns the flows that have something new."""
    for one, outcome in zip(brought, outcomes, strict=True):
        if one.message.done():
            continue  # Nobody waits for it any more.
        if isinstance(outcome, Exception):
            one.message.set_exception(outcome)
        else:
            one.message.set_result(outcome)
    return {one.delivery.flow for one, outcome in zip(brought, outcomes, strict=True) if isinstance(outcome, int)}


def _stored(deliveries: Sequence[Delivery]) -> Sequence[int | Exception | None]:
    """All together; each alone when something is wrong with one of them. Nobody is told more than is so."""
    try:
        return _store(deliveries)
    except DBAPIError as error:
        if len(deliveries) > 1 and not error.connection_invalidated:
            return [outcome for one in deliveries for outcome in _stored([one])]
        return [error] * len(deliveries)
    except Exception as error:  # Whatever it is: they would wait for ever.
        return [error] * len(deliveries)


def _store(deliveries: Sequence[Delivery]) -> list[int | None]:
    with one_statement() as session:
        return ledger.receive_all(session, deliveries, now=clock.now())
