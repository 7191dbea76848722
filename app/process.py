"""How a long-lived process of ours runs, once it has loaded everything."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005  # So soon a thread that was answered goes on; Python itself gives it up to 5 ms.
YOUNG = (20_000, 20, 20)  # Objects, and rounds: a page of 500 orders is looked through a few times, and not thirty.
# Arguments of Python for processes that serve pages; the application's name goes last. More threads than these only
# take turns from each other.
WEB = ("-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--log-level", "warning", "--no-control-socket")


def settle_in(*, short_turns: bool = False) -> None:
    """What is loaded by now stays: no collection looks through it again, a quarter of what a pull computes.

    `short_turns`: where one thread computes while another waits for answers; where all of them compute it costs.
    """
    if short_turns:
        sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*YOUNG)
    gc.collect()
    gc.freeze()
