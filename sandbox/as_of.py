"""Requests about the past: what they do was done at the moment that they name. The header is the sandbox's own."""

from __future__ import annotations

from datetime import datetime

from werkzeug import Request

HEADER = "Sandbox-As-Of"


def header(moment: datetime | None) -> dict[str, str]:
    """For a request that makes up for `moment`; none for one of now."""
    return {HEADER: moment.isoformat()} if moment else {}


def moment_of(request: Request) -> datetime | None:
    """The moment that a request is about; None: now. Raises ValueError."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{HEADER} should say which zone it is in")
    return moment
