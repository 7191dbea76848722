"""Keys of callers: the same key with the same request within the hour does nothing twice.

Source: contract, section 1. The row is committed before the work begins, so that a second request with the key sees the
first one run; the answer is stored in the transaction of the work, so that neither is there without the other.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from werkzeug import Request, Response

from sandbox.mollie.access import Caller
from sandbox.mollie.errors import MollieError
from sandbox.mollie.reading import Given
from sandbox.mollie.storage import Books
from sandbox.storage import Storage

LIFETIME = timedelta(hours=1)
HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"


@dataclass(frozen=True, slots=True)
class Use:
    """One request with a key."""

    credential: str
    key: str
    request: str  # Hash of endpoint and parameters.


def use_of(request: Request, caller: Caller, given: Given) -> Use | None:
    """None without a key, and for methods that do not look at it."""
    key = request.headers.get(HEADER)
    if request.method != "POST" or not key:
        return None
    said = json.dumps([request.full_path, given.fields], sort_keys=True)
    return Use(caller.credential, key, hashlib.sha256(said.encode()).hexdigest())


def begin(storage: Storage[Books], use: Use) -> Response | None:
    """The answer of the first request with the key, or None: this is the first. Raises MollieError 400 and 409."""
    with storage.transaction() as books:
        books.connection.execute(
            "DELETE FROM idempotency WHERE credential = %s AND key = %s AND first_at <= %s AND status IS NOT NULL",
            (use.credential, use.key, books.now - LIFETIME),
        )
        made = books.connection.execute(
            """INSERT INTO idempotency (credential, key, request, first_at) VALUES (%s, %s, %s, %s)
               ON CONFLICT DO NOTHING""",
            (use.credential, use.key, use.request, books.now),
        )
        if made.rowcount:
            return None
        row = books.connection.execute(
            "SELECT request, status, body FROM idempotency WHERE credential = %s AND key = %s",
            (use.credential, use.key),
        ).fetchone()
    if row is not None and row[0] != use.request:
        raise MollieError(400, "This Idempotency-Key was used before, with another endpoint or other parameters.")
    if row is None or row[1] is None:
        raise MollieError(409, "Another request with this Idempotency-Key is already being processed.")
    return Response(row[2], row[1], {REPLAYED: "true"}, mimetype="application/hal+json")


def finish(books: Books, use: Use, response: Response) -> None:
    """Keep the answer, in the transaction of what it tells of."""
    books.connection.execute(
        "UPDATE idempotency SET status = %s, body = %s WHERE credential = %s AND key = %s",
        (response.status_code, response.get_data(as_text=True), use.credential, use.key),
    )


def forget(storage: Storage[Books], use: Use) -> None:
    """The work broke down: nothing is done, and the key is free."""
    with storage.transaction() as books:
        books.connection.execute(
            "DELETE FROM idempotency WHERE credential = %s AND key = %s AND status IS NULL", (use.credential, use.key)
        )


def recover(books: Books) -> None:
    """Requests that a stopped process was working on are not running."""
    books.connection.execute("DELETE FROM idempotency WHERE status IS NULL")
