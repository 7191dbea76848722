"""What `iused offers import` does: receive, read here, say, and on request accept and wait for the storefronts."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import select

from app import clock, queue
from app.db import Json, reading, transaction
from app.extensions import settings
from app.offers import queries, services, words
from app.offers.models import OfferFile
from app.suppliers.models import Supplier

SHOWN = ("rows", "new", "changed", "changed_quantity", "changed_price", "unchanged", "absent", "rejected")
READ_LIMIT_S = 600.0


class ImportFailed(Exception):
    """The file could not be imported; `code` is the refusal's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def import_file(path: Path, supplier_code: str, *, accept: bool, keep: bool, wait: bool) -> Json:
    """Import a file in this process, beside any workers. `keep` False: the file is cancelled after the check.

    Returns the counts of the command's contract. Raises ImportFailed.
    """
    supplier_id = reading().execute(select(Supplier.id).where(Supplier.code == supplier_code)).scalar_one_or_none()
    if supplier_id is None:
        raise ImportFailed("unknown_supplier", f"no supplier with code {supplier_code}")
    try:
        with transaction() as session:
            received = services.receive_file(
                session, supplier_id, filename=path.name, content=path.read_bytes(), user_id=None, now=clock.now(),
                timezone=settings().timezone,
            )  # fmt: skip
    except services.OfferFileError as error:
        raise ImportFailed(error.code, words.act_problem(error.code)) from error
    file = _work_until(received.offer_file_id, leaving={"received", "reading"})
    if file.state in ("refused", "columns"):
        problem: dict[str, Any] = file.problem or {"code": file.state}
        raise ImportFailed(str(problem["code"]), words.refusal(problem))
    result = _result(file)
    if accept and file.state == "checked" and result["held"]:
        result["accepted"] = False  # Somebody who may approve looks at it on its page.
    elif accept and file.state == "checked":
        with transaction() as session:
            services.ask_accept(session, file.id, user_id=None, now=clock.now())
        file = _work_until(file.id, leaving={"accepting"})
        result["accepted"] = file.state == "accepted"
        result["listings"] = file.counts.get("listings", {})
        if wait:
            result["channels"] = _wait_for_shops(file.id)
    elif not keep and file.state == "checked":
        with transaction() as session:
            services.cancel(session, file.id)
    return result


def _work_until(file_id: int, *, leaving: set[str]) -> OfferFile:
    """Work the flow here until the file has left the states; a worker may well be quicker."""
    pause = Event()
    waited = 0.0
    while True:
        queue.work_here(services.FLOW)
        with transaction() as session:
            file = session.execute(
                select(OfferFile).where(OfferFile.id == file_id), execution_options={"populate_existing": True}
            ).scalar_one()
        if file.state not in leaving:
            return file
        waited += 0.2
        if waited > READ_LIMIT_S:
            raise ImportFailed("slow", f"still {file.state} after {READ_LIMIT_S:.0f} s")
        pause.wait(0.2)  # Another process has the lease.


def _result(file: OfferFile) -> Json:
    counts = file.counts
    return {
        "offer_file_id": file.id,
        **{name: counts[name] for name in SHOWN},
        "held": bool(counts["holds"]),
        "holds": counts["holds"],
        "sheet": file.sheet,
        "header_row": file.header_row,
        "encoding": file.encoding,
        "delimiter": file.delimiter,
        "problems": counts["problems"],
        "state": file.state,
        "matched": counts["matched"],
    }


def _wait_for_shops(file_id: int) -> list[Json]:
    """Work the deliveries here until none of this file is due; returns the progress per channel."""
    pause = Event()
    for _ in range(int(READ_LIMIT_S / 0.5)):
        queue.work_here("portal.listings.shopware")
        with transaction() as session:
            channels = queries.publish_progress(session, file_id, since=None)
        if all(channel.waiting == 0 for channel in channels):
            return [channel._asdict() for channel in channels]
        pause.wait(0.5)  # Retries wait for their time, or another process has the lease.
    return [channel._asdict() for channel in channels]
