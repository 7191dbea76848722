"""`/healthz`: the process answers. `/readyz`: it can do its work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import queue
from app.db import reading
from app.flows.queries import last_sweep_age_seconds
from app.web.permissions import public

bp = Blueprint("health", __name__)
SWEEP_LIMIT_S = 60


@bp.get("/healthz")
@public
def alive() -> Response:
    """Public: for the load balancer."""
    return jsonify(status="alive")


@bp.get("/readyz")
@public
def ready() -> Response:
    """Public: for the load balancer. 503 when database, queue or sweep fails."""
    database, age = False, None
    try:
        reading().execute(text("SELECT 1"))
        database = True
        age = last_sweep_age_seconds(reading())
    except SQLAlchemyError:
        reading().rollback()
    answer = {
        "database": database,
        "queue": queue.ping(),
        "last_sweep_seconds": None if age is None else round(age, 1),
        "sweep": age is not None and age < SWEEP_LIMIT_S,
    }
    fine = bool(answer["database"] and answer["queue"] and answer["sweep"])
    response = jsonify(status="ready" if fine else "not ready", **answer)
    response.status_code = 200 if fine else 503
    return response
