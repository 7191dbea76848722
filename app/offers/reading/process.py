"""The worker's side: a fresh interpreter reads the file under limits; whatever happens is a table or a refusal."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from app.offers.reading.spool import Spool
from app.offers.reading.table import Limits, SheetInfo, SheetRow, Table, Unreadable

log = logging.getLogger(__name__)
COMMAND = (sys.executable, "-I", "-m", "app.offers.reading.child")
_LAST_WORDS = 1500  # Characters of what the child said on standard error that are worth a line in the log.
# What became of a child that did not answer. Native code that gets no memory ends with SIGABRT.
_DEATHS: dict[int, str] = {
    signal.SIGXCPU: "too_slow",
    signal.SIGALRM: "too_slow",
    signal.SIGABRT: "too_large",
    signal.SIGKILL: "too_large",
    signal.SIGXFSZ: "too_large",
    signal.SIGSEGV: "damaged",
    signal.SIGBUS: "damaged",
}


def read_table(content: bytes, *, limits: Limits | None = None, sheet: str | None = None) -> Table:
    """The file's table. Raises Unreadable and nothing else; content decides, not the name.

    `sheet`: the one that a person chose, hidden or not; without it the visible sheet that looks most like a stock list.
    """
    limits = limits or Limits()
    if not content:
        raise Unreadable("empty_file")
    if len(content) > limits.file:
        raise Unreadable("too_large")
    spool = Spool()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="iused-reading-") as folder, tempfile.TemporaryFile(dir=folder) as source:
        source.write(content)
        source.flush()
        answer = _ask(source.fileno(), spool.descriptor, folder, limits, sheet)
    log.info(
        "file read", extra={"size": len(content), "seconds": round(time.monotonic() - started, 2),
                            "peak_kib": answer.get("peak_kib"), "refused": answer.get("refused")},
    )  # fmt: skip
    if "refused" in answer:
        raise Unreadable(answer["refused"], **answer["params"])
    try:
        return _table(answer, spool)
    except (KeyError, TypeError, ValueError) as error:
        log.error("the reader's answer is none", extra={"error": str(error)})
        raise Unreadable("reader_failed") from error


def _ask(source: int, spool: int, folder: str, limits: Limits, sheet: str | None) -> dict[str, Any]:
    """Run the child to its end and give its answer, or the refusal that its death stands for.

    It inherits the two files and no environment: nothing of ours is in its reach. What it leaves behind when it is
    killed lies in `folder`.
    """
    request = {"source": source, "spool": spool, "sheet": sheet, "limits": limits.as_json()}
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [*COMMAND, json.dumps(request)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, pass_fds=(source, spool),
            env={"TMPDIR": folder, "RUST_BACKTRACE": "0"},
        )  # fmt: skip
        try:
            output, _ = child.communicate(timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired:
            return {"refused": "too_slow", "params": {}}
        finally:
            if child.poll() is None:
                child.kill()
                child.communicate()
        try:
            if child.returncode == 0:
                answer: dict[str, Any] = json.loads(output)
                return answer
        except ValueError:
            log.error("the reader's answer is no JSON", extra={"size": len(output)})
        said.seek(max(0, said.seek(0, 2) - _LAST_WORDS))
        last_words = said.read().decode("utf-8", "replace")
    refusal = _DEATHS.get(-child.returncode, "reader_failed")
    log.warning("the reader died", extra={"code": child.returncode, "refusal": refusal, "said": last_words})
    return {"refused": refusal, "params": {}}


def _table(answer: dict[str, Any], spool: Spool) -> Table:
    spool.count = int(answer["rows"])
    return Table(
        format=answer["format"], headers=answer["headers"], header_row=answer["header_row"], rows=spool,
        sample=[SheetRow(number, cells) for number, cells in answer["sample"]],
        sheet=answer["sheet"], sheets=[SheetInfo(*sheet) for sheet in answer["sheets"]],
        member=answer["member"], members=[SheetInfo(*member) for member in answer["members"]],
        encoding=answer["encoding"], delimiter=answer["delimiter"], notes=answer["notes"],
    )  # fmt: skip
