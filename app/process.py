"""How a long-lived process of ours runs, once it has loaded everything."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005  # So soon a thread that was answered goes on; Python itself gives it up to 5 ms.
YOUNG = (20_000, 20, 20)  # Objects, and rounds: a page of 500 orders is looked through a few times, and not thirty.


def settle_in() -> None:
    """What is loaded by now stays: no collection looks through it again, a quarter of what a pull computes."""
    gc.set_threshold(*YOUNG)
    gc.collect()
    gc.freeze()


def take_short_turns() -> None:
    """For a process in which one thread computes while another waits for answers; where all compute it costs."""
    sys.setswitchinterval(SWITCH_S)
