"""One measurement's answer, as one JSON object."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """`ours` and `peer` in the unit that `detail` names, `ratio` how many times better ours is, `bar` what is asked.

    `limit_share`: ours as a share of the same work done with nothing around it; None where there is no such limit.
    """

    name: str
    ours: float
    peer: float
    ratio: float
    bar: str
    ok: bool
    limit_share: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """JSON on one line; amounts are rounded to four significant figures."""
        return json.dumps(_short(asdict(self)))


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def peak_mb() -> int:
    """The most memory that this process has held; its rusage would tell the most of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


def median_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The median, and the distance from least to greatest as a share of it."""
    middle = statistics.median(values)
    return middle, (max(values) - min(values)) / middle if middle else 0.0
