"""Keys of pages: the last row of one is where the next begins."""

from __future__ import annotations

from datetime import datetime


def moment_key(at: datetime, id_: int) -> str:
    """The key of a row in a list by moment and id, for an address."""
    return f"{at.isoformat()}~{id_}"


def read_moment_key(text: str) -> tuple[datetime, int] | None:
    """Moment and id of the last row of a page; None for what is no such key."""
    moment, _sign, id_ = text.partition("~")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, int(id_)) if at.tzinfo and id_.isdecimal() and len(id_) < 18 else None
