"""JSON logs, one object a line, each with the correlation id of the request or job that wrote it."""

from __future__ import annotations

import json
import logging
import sys
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime

from flask import Flask, g, request

from app.settings import Settings

correlation: ContextVar[str] = ContextVar("correlation", default="")
HEADER = "X-Correlation-Id"
_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def new_correlation_id() -> str:
    """A fresh id: 32 hex digits."""
    return uuid.uuid4().hex


def correlation_id() -> str:
    """The id that everything done now belongs to; one is born when there is none."""
    current = correlation.get()
    if not current:
        current = new_correlation_id()
        correlation.set(current)
    return current


class JsonFormatter(logging.Formatter):
    """One JSON object a line: json.dumps escapes CR, LF and ANSI codes, so nobody can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := correlation.get():
            entry["correlation_id"] = current
        entry |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=True)


def set_up(level: str) -> None:
    """Send the root logger to standard error as JSON. Safe to call twice."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "rq.worker", "asyncssh"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def init_app(app: Flask, settings: Settings) -> None:
    """Give every request a correlation id and answer it back in a header."""
    if settings.environment != "test":
        set_up(settings.log_level)

    @app.before_request
    def begin() -> None:
        correlation.set(new_correlation_id())
        g.correlation_id = correlation.get()

    @app.after_request
    def end(response):  # type: ignore[no-untyped-def]
        response.headers[HEADER] = g.get("correlation_id", "")
        if response.status_code >= 500:
            logging.getLogger("app.web").error(
                "request failed", extra={"path": request.path, "status": response.status_code}
            )
        return response
