"""The peer of webhooks: a Flask view that puts the delivery into RQ's queue, as its documentation shows."""

from __future__ import annotations

import os

import redis
from flask import Flask, Response, request
from rq import Queue

app = Flask(__name__)
queue = Queue("deliveries", connection=redis.Redis.from_url(os.environ["BENCH_REDIS_URL"]))


@app.post("/webhooks/shopware/<channel>")
def take(channel: str) -> Response:
    """No signature is checked and no repeat is noticed, which spares it both."""
    job = queue.enqueue("jobs.handle", channel, request.get_data(as_text=True))
    return Response(job.id)


@app.get("/healthz")
def alive() -> str:
    """It listens."""
    return "ok"
