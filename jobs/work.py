"""A worker process on one queue: `python -m jobs.work deliveries`.

One queue per process: with two names RQ takes jobs with BLPOP, which loses them when the process dies. Short wake-ups
run in the process itself; imports and feeds run in a fork, whose memory goes back and whose crash harms nobody. Feeds
wait for servers of others: they have a queue of their own, so that no list waits behind them to be read.
"""

from __future__ import annotations

import argparse
import logging

from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

from app import create_app, queue
from app.db import db
from app.flows.catalogue import QUEUES
from app.process import settle_in
from jobs import registry

log = logging.getLogger(__name__)
AT_ONCE = ("deliveries", "orders")  # Worked in the process itself: somebody is looking at what comes of it.


class ForkingWorker(Worker):
    """Drops the parent's database connections in the fork: a socket must not be shared."""

    def main_work_horse(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        db.engine.dispose(close=False)
        return super().main_work_horse(*args, **kwargs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queue", choices=QUEUES)
    name = parser.parse_args().queue
    app = create_app()
    with app.app_context():
        for warning in queue.check_server():
            log.warning(warning)
        for flow in registry.MODULES:
            registry.handler_of(flow)  # A flow that cannot be imported stops the worker now, not its first message.
        settle_in(short_turns=True)
        kind = SimpleWorker if name in AT_ONCE else ForkingWorker
        worker = kind(
            [name],
            connection=queue.connection_for_worker(),
            serializer=JSONSerializer,
            worker_ttl=30,
            maintenance_interval=5,
            log_job_description=False,
        )
        worker.work(with_scheduler=False, logging_level="WARNING")


if __name__ == "__main__":
    main()
