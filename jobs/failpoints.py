"""Named places at which a test makes this process die, to prove that nothing is lost there.

`FAILPOINT=job.claimed:3` kills the process at its third pass. Off unless ENVIRONMENT is `test` or `demo`.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from app.extensions import settings

_passes: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here when the environment asks for it."""
    wanted = os.environ.get("FAILPOINT")
    if not wanted or settings().environment == "production":
        return
    place, _, nth = wanted.partition(":")
    if place != name:
        return
    _passes[name] += 1
    if _passes[name] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
