"""`offers-100k`: 100,000 lines, from the file to priced listings, beside what others need to put them into a table.

`offers-again`: the same list unchanged, then with 1 % changed: how many rows of offers were written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.db import copy_rows, db, transaction
from app.settings import ROOT
from bench.lists import Row, rows, with_changes, write_csv, write_xlsx
from bench.report import Report, median_and_spread
from bench.world import World, world

LINES = 100_000
MILLION = 1_000_000
ROUNDS = 3
PANDAS_BAR, DJANGO_BAR, STAGING_BAR = 2, 5, 6
MEMORY_BAR_MB = 300
GROWTH_BAR = 12
CHANGED_EVERY = 100
WRITTEN_BAR = 1.5  # Per cent of the rows, when 1 % of the lines changed.


def measure() -> Report:
    """XLSX decides; CSV, memory, growth and the bare COPY stand in the detail."""
    seconds: dict[str, list[float]] = {}
    staging: list[float] = []
    peaks: list[int] = []
    with world() as here, tempfile.TemporaryDirectory() as folder:
        lines = list(rows(LINES))
        files = {
            "xlsx": write_xlsx(Path(folder) / "list.xlsx", lines),
            "csv": write_csv(Path(folder) / "list.csv", lines),
        }
        for _ in range(ROUNDS):
            for kind, path in files.items():
                _forget()
                mine = _ours(here, path)
                peaks.append(max(mine["peak_mb"], mine["peak_child_mb"]))
                seconds.setdefault(kind, []).append(mine["seconds"]["all"])
                if kind == "xlsx":
                    staging.append(mine["seconds"]["read"] - mine["seconds"]["match"])
                for peer in ("pandas", "django"):
                    seconds.setdefault(f"{peer}_{kind}", []).append(_peer(here, peer, path))
        seconds["copy"] = [_bare_copy(lines) for _ in range(ROUNDS)]
        counts = mine["counts"]
        _forget()
        million = _ours(here, write_csv(Path(folder) / "million.csv", rows(MILLION)))
    middle = {name: median_and_spread(values)[0] for name, values in seconds.items()}
    staged = median_and_spread(staging)[0]
    pandas, django = middle["pandas_xlsx"] / middle["xlsx"], middle["django_xlsx"] / middle["xlsx"]
    growth = million["seconds"]["all"] / middle["csv"]
    peak = max(peaks)
    return Report(
        name="offers-100k", ours=middle["xlsx"], peer=middle["pandas_xlsx"], ratio=pandas,
        bar=f">= {PANDAS_BAR}x pandas(openpyxl), >= {DJANGO_BAR}x django-import-export bulk, staging alone >= "
        f"{STAGING_BAR}x pandas, <= {MEMORY_BAR_MB} MB, 1 M lines <= {GROWTH_BAR}x",
        ok=pandas >= PANDAS_BAR and django >= DJANGO_BAR and middle["pandas_xlsx"] / staged >= STAGING_BAR
        and peak <= MEMORY_BAR_MB and growth <= GROWTH_BAR,
        limit_share=middle["copy"] / middle["xlsx"],
        detail={
            "unit": f"s per {LINES} lines", "rounds": ROUNDS, "medians_s": middle,
            "spread": median_and_spread(seconds["xlsx"])[1], "django_ratio": django, "counts": counts,
            "csv_ratio_pandas": middle["pandas_csv"] / middle["csv"],
            "csv_ratio_django": middle["django_csv"] / middle["csv"],
            "staging_s": staged, "staging_ratio": middle["pandas_xlsx"] / staged, "peak_mb": peak,
            "million_s": million["seconds"]["all"], "growth": growth,
            "million_peak_mb": max(million["peak_mb"], million["peak_child_mb"]),
        },
    )  # fmt: skip


def measure_again() -> Report:
    """The first import beside the same list again; then 1 % of its quantities changed."""
    with world() as here, tempfile.TemporaryDirectory() as folder:
        lines = list(rows(LINES))
        first = _ours(here, write_xlsx(Path(folder) / "first.xlsx", lines))
        before = _versions()
        again = _ours(here, write_xlsx(Path(folder) / "again.xlsx", lines))
        untouched = _versions() == before
        changed = _ours(here, write_xlsx(Path(folder) / "changed.xlsx", with_changes(lines, every=CHANGED_EVERY)))
        after = _versions()
    written = 100 * sum(after[id_] != version for id_, version in before.items()) / len(before)
    cheaper = first["seconds"]["all"] / again["seconds"]["all"]
    return Report(
        name="offers-again", ours=again["seconds"]["all"], peer=first["seconds"]["all"], ratio=cheaper,
        bar=f"no row version changes; 1 % changed: <= {WRITTEN_BAR} % of rows written",
        ok=untouched and again["state"] == "unchanged" and written <= WRITTEN_BAR,
        detail={
            "unit": f"s per {LINES} lines", "rows_untouched": untouched, "state": again["state"],
            "written_percent": written, "changed_s": changed["seconds"]["all"], "changed": changed["counts"],
        },
    )  # fmt: skip


def _ours(here: World, path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = _run(here, "bench.offers_run", str(path))
    assert answer["state"] in ("accepted", "unchanged"), answer
    return answer


def _peer(here: World, name: str, path: Path) -> float:
    return float(_run(here, "bench.offers_peers", name, str(path))["seconds"])


def _run(here: World, module: str, *arguments: str) -> dict[str, Any]:
    """The last line that a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], env=here.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _forget() -> None:
    """As before the first list: no offers, prices, listings, stock."""
    db.session.remove()
    with transaction() as session:
        session.execute(
            sa.text("""TRUNCATE offer_change, offer_line, offer_file_content, offer_file, offer, price, listing,
                       message, movement, balance, stock, supplier_item, supplier_layout CASCADE""")
        )


def _versions() -> dict[int, str]:
    """Offer id to the transaction that wrote its row."""
    with transaction() as session:
        return {row[0]: row[1] for row in session.execute(sa.text("SELECT id, xmin::text FROM offer"))}


def _bare_copy(lines: list[Row]) -> float:
    """COPY of the same rows and nothing else: what PostgreSQL needs."""
    with transaction() as session:
        session.execute(
            sa.text("""CREATE TEMP TABLE bare (item text, description text, condition text, ean text, quantity int,
                       price numeric, currency text, category text, brand text, keyboard text, warranty text,
                       remark text) ON COMMIT DROP""")
        )
        started = time.perf_counter()
        names = ("item", "description", "condition", "ean", "quantity", "price", "currency", "category", "brand",
                 "keyboard", "warranty", "remark")  # fmt: skip
        copy_rows(session, "bare", names, lines)
        return time.perf_counter() - started
