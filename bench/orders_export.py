"""`orders-export`: 100,000 orders as CSV and as XLSX by the flow, beside pandas, and how memory grows with the rows.

Ours asks for the export and works it off: one statement behind a cursor, guarded cells, pieces and progress committed,
in a process of its own whose peak memory is its own. The peer reads the same columns with `read_sql` and writes them
with `to_csv` or `to_excel` to a file, guarding nothing, in a process of its own as well.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from app.auth import services as accounts
from app.db import transaction
from app.settings import ROOT
from bench.many_orders import refill
from bench.report import Report, median_and_spread
from bench.world import World, world

SMALL, LARGE = 10_000, 100_000
ROUNDS = 3
MEMORY_BAR, XLSX_BAR = 1.25, 1.0


def measure() -> Report:
    """Both formats in turns with the peer's."""
    with world() as here:
        _agent()
        refill(SMALL)
        small = max(_run(here, "ours", format_)["peak_mb"] for format_ in ("csv", "xlsx"))
        refill(LARGE)
        found: dict[str, list[dict[str, Any]]] = {}
        for _round in range(ROUNDS):
            for who in ("ours", "pandas"):
                for format_ in ("csv", "xlsx"):
                    found.setdefault(f"{who}_{format_}", []).append(_run(here, who, format_))
    assert all(run["rows"] == LARGE for runs in found.values() for run in runs)
    seconds = {name: median_and_spread([run["seconds"] for run in runs])[0] for name, runs in found.items()}
    peaks = {name: max(run["peak_mb"] for run in runs) for name, runs in found.items()}
    growth = max(peaks["ours_csv"], peaks["ours_xlsx"]) / small
    ratio = seconds["pandas_xlsx"] / seconds["ours_xlsx"]
    return Report(
        name="orders-export", ours=seconds["ours_xlsx"], peer=seconds["pandas_xlsx"], ratio=ratio,
        bar=f">= {XLSX_BAR}x pandas to XLSX, memory <= {MEMORY_BAR}x of a tenth", ok=ratio >= XLSX_BAR
        and growth <= MEMORY_BAR,
        detail={"unit": f"s per {LARGE} orders", "seconds": seconds, "peak_mb": peaks, "peak_of_a_tenth_mb": small,
                "memory_growth": growth, "csv_ratio": seconds["pandas_csv"] / seconds["ours_csv"]},
    )  # fmt: skip


def _agent() -> None:
    with transaction() as session:
        accounts.add_user(session, email="agent@example.com", name="Agent", role="agent",
                          password="correct horse battery staple")  # noqa: S106  # fmt: skip


def _run(here: World, who: str, format_: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.orders_export_run", who, format_], env=here.environment, cwd=ROOT, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
