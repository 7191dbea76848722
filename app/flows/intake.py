"""Deliveries that come to one web process at the same time are stored by one statement.

Each request stands in line for the pen. Whoever gets it stores what all of them brought, its own among it, and commits
once; the others find theirs stored. So a burst costs few commits, each delivery is durable before its answer, and one
that comes alone waits for nobody.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

from sqlalchemy.exc import DBAPIError

from app import clock, queue
from app.db import one_statement
from app.flows import services as ledger
from app.flows.services import Delivery
from app.logs import correlation_id

AT_ONCE = 200  # Deliveries of one transaction.


class _Brought:
    """A delivery in line: stored under `message` (None: it was here already), or broken by `error`."""

    __slots__ = ("delivery", "done", "error", "message")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.done = False
        self.message: int | None = None
        self.error: BaseException | None = None


_waiting: deque[_Brought] = deque()
_pen = Lock()


def take(delivery: Delivery) -> int | None:
    """Store a delivery and wake its flow; returns the message, or None when the same delivery is already here.

    It is committed when this returns. Needs an application context; must not be called within a transaction.
    """
    mine = _Brought(delivery._replace(correlation_id=correlation_id()))
    _waiting.append(mine)
    stored: list[_Brought] = []
    with _pen:
        if not mine.done:
            stored = _next(mine)
            _store(stored)
    for flow in {one.delivery.flow for one in stored if one.message is not None}:
        queue.wake(flow)
    if mine.error is not None:
        raise mine.error
    return mine.message


def _next(mine: _Brought) -> list[_Brought]:
    """Who is in line, up to AT_ONCE and up to `mine` at least: those before it have no one else who writes."""
    found: list[_Brought] = []
    while _waiting and (len(found) < AT_ONCE or mine not in found):
        found.append(_waiting.popleft())
    return found


def _store(brought: list[_Brought]) -> None:
    """All together; each alone when something is wrong with one of them."""
    try:
        with one_statement() as session:
            ids = ledger.receive_all(session, [one.delivery for one in brought], now=clock.now())
        for one, message in zip(brought, ids, strict=True):
            one.message = message
    except DBAPIError as error:
        if len(brought) > 1 and not error.connection_invalidated:
            for one in brought:
                _store([one])
        else:
            _fail(brought, error)
    except BaseException as error:
        _fail(brought, error)
        raise
    for one in brought:
        one.done = True


def _fail(brought: list[_Brought], error: BaseException) -> None:
    """Nobody in this line is answered as if theirs were stored."""
    for one in brought:
        one.error, one.done = error, True
