"""One import in a process of its own, so that its memory is its own: `python -m bench.offers_run FILE`.

The portal's whole work on a list: received, read, validated, matched, compared, accepted, priced, listed. Prints one
JSON object: seconds per step, counts, and the peak memory of the process and of its children in MB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from app import clock, create_app
from app.db import transaction
from app.offers import services
from app.offers.models import OfferFile
from app.process import settle_in
from app.suppliers.models import Supplier
from bench.lists import SUPPLIER
from bench.report import peak_mb
from jobs import ledger


def main() -> None:
    path = Path(sys.argv[1])
    app = create_app()
    settle_in(short_turns=True)  # As a worker does.
    with app.app_context():
        seconds = {}
        started = time.perf_counter()
        with transaction() as session:
            supplier_id = session.execute(sa.select(Supplier.id).where(Supplier.code == SUPPLIER)).scalar_one()
            received = services.receive_file(
                session, supplier_id, filename=path.name, content=path.read_bytes(), user_id=None, now=clock.now(),
                timezone="Europe/Amsterdam",
            )  # fmt: skip
        ledger.drain(services.FLOW)
        seconds["read"] = time.perf_counter() - started
        file = _file(received.offer_file_id)
        seconds["match"] = float(file.counts["check_seconds"])
        if file.state == "checked":
            with transaction() as session:
                services.ask_accept(
                    session,
                    file.id,
                    user_id=None,
                    now=clock.now(),
                    approval="A measurement." if file.counts["holds"] else None,
                )
            ledger.drain(services.FLOW)
            file = _file(file.id)
        seconds["all"] = time.perf_counter() - started
    print(
        json.dumps(
            {
                "state": file.state,
                "seconds": seconds,
                "counts": {name: file.counts[name] for name in ("rows", "new", "changed", "unchanged", "matched")},
                "listings": file.counts.get("listings"),
                "peak_mb": peak_mb(),
                "peak_child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
            }
        )
    )


def _file(file_id: int) -> OfferFile:
    with transaction() as session:
        session.expire_all()
        return session.get_one(OfferFile, file_id)


if __name__ == "__main__":
    main()
