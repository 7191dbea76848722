"""One export of all orders in a process of its own: `python -m bench.orders_export_run ours|pandas csv|xlsx`.

Prints one JSON object: seconds, rows written, and the peak memory in MB.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import clock, create_app
from app.auth.models import User
from app.db import db, transaction
from app.extensions import settings
from app.lists import exports
from app.lists.models import ListExport
from app.lists.state import state_of
from app.orders.listing import ORDERS
from bench.report import peak_mb
from jobs import ledger


def ours(format_: str) -> int:
    """The export as the page asks for it, worked off here; the rows that it has."""
    with transaction() as session:
        user_id = session.execute(sa.select(User.id).limit(1)).scalar_one()
        export_id = exports.ask(session, ORDERS, state_of(ORDERS, {}), format_=format_, user_id=user_id, locale="en",
                                now=clock.now(), hours=settings().export_hours)  # fmt: skip
    ledger.drain(exports.FLOW)
    with transaction() as session:
        session.expire_all()
        export = session.get_one(ListExport, export_id)
        assert export.state == "done", export.problem
        return export.done


def pandas(format_: str) -> int:
    """The same columns by pandas into a file."""
    import pandas as library

    frame: Any = library.read_sql(
        """SELECT o.number, c.name AS channel, o.name AS customer, o.payment_state, o.delivery_state, o.state, o.total,
                  o.placed_at AT TIME ZONE 'Europe/Amsterdam' AS placed_at
           FROM shop_order o JOIN channel c ON c.id = o.channel_id ORDER BY o.placed_at DESC, o.id DESC""",
        db.engine,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"orders.{format_}"
        if format_ == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_excel(path, index=False, engine="xlsxwriter")
    return len(frame)


def main() -> None:
    who, format_ = sys.argv[1:3]
    with create_app().app_context():
        with transaction() as session:
            session.execute(sa.text("SELECT 1"))
        started = time.perf_counter()
        rows = {"ours": ours, "pandas": pandas}[who](format_)
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
