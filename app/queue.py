"""Wake-ups. The queue says only "there is work for flow X"; the messages themselves are in PostgreSQL.

RQ loses jobs in known ways, so nothing here is the only copy of anything: the sweep finds due messages without it.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, cast

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from rq.utils import import_attribute

from app.extensions import settings
from app.flows.catalogue import FLOWS, QUEUES

log = logging.getLogger(__name__)
DRAIN = "jobs.ledger.drain"  # By name: the web process imports no job.
WAKE_UPS_WAITING = 50  # More of them than this add nothing: one drains everything that is due.
WOKEN_S = 3  # How long a wake-up that nobody began stands for those that would follow it.


class EvictingRedis(Exception):
    """The server may throw keys away under memory pressure; wake-ups and registrations would vanish silently."""


@lru_cache(maxsize=8)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=15, decode_responses=False
    )


def connection() -> redis.Redis:
    """The shared client of this process. Needs an application context."""
    return _client(settings().redis_url)


def connection_for_worker() -> redis.Redis:
    """A client of its own for a worker, which waits longer for a job than a page may wait for an answer."""
    return redis.Redis.from_url(settings().redis_url)


def queue(name: str) -> Queue:
    """One of QUEUES."""
    if name not in QUEUES:
        raise KeyError(name)
    return Queue(name, connection=connection(), serializer=JSONSerializer)


def wake(flow: str) -> None:
    """Tell a worker that `flow` has work. Call it after the commit. A queue that is down only costs seconds.

    One wake-up that was not begun is enough, whatever came meanwhile: the drain looks into the ledger after `begun`.
    """
    try:
        if not connection().set(_woken(flow), b"1", nx=True, ex=WOKEN_S):
            return
        target = queue(FLOWS[flow].queue)
        if target.count < WAKE_UPS_WAITING:
            target.enqueue(DRAIN, flow, job_timeout=FLOWS[flow].timeout_s, result_ttl=0, failure_ttl=60)
    except redis.RedisError as error:
        log.warning("wake-up not sent, the sweep will find the work", extra={"flow": flow, "error": str(error)})


def begun(flow: str) -> None:
    """A worker begins to drain `flow`: whoever has work for it from now on wakes another."""
    try:
        connection().delete(_woken(flow))
    except redis.RedisError as error:
        log.warning("wake-ups are held back for seconds", extra={"flow": flow, "error": str(error)})


def _woken(flow: str) -> str:
    return f"woken:{flow}"


def work_here(flow: str) -> None:
    """Drain `flow` in this process, for commands that wait. Safe beside workers: the ledger's claims exclude."""
    import_attribute(DRAIN)(flow)


def ping() -> bool:
    """Whether the queue's server answers."""
    try:
        return bool(connection().ping())
    except redis.RedisError:
        return False


def check_server(client: redis.Redis | None = None) -> list[str]:
    """Warnings about the server. Raises EvictingRedis unless its policy is noeviction."""
    client = client or connection()
    policy = _config(client, "maxmemory-policy")
    if policy != "noeviction":
        raise EvictingRedis(f"REDIS_URL: maxmemory-policy is {policy!r}; set it to 'noeviction'")
    if _config(client, "appendonly") != "yes":
        return ["REDIS_URL: appendonly is off; a restart of the server loses wake-ups (the sweep replaces them)"]
    return []


def _config(client: redis.Redis, name: str) -> str:
    answer = cast(dict[Any, Any], client.config_get(name))
    value = next(iter(answer.values()), b"")
    return value.decode() if isinstance(value, bytes) else str(value)
