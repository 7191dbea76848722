"""The row of the computer tables beside this module."""

from __future__ import annotations

from typing import NamedTuple


class Computers(NamedTuple):
    """Models (separated by `;`) of one line with the same choices; `processors` are groups or names.

    Sizes are GB; `512+1024` is a machine with two disks, `1024hdd` one with a hard disk. `price_eur` is what
    the smallest configuration cost new, with VAT, roughly (makers' own prices at the time).
    """

    maker: str
    line: str
    models: str
    processors: str
    memories: str
    disks: str
    year: int
    price_eur: int
    category: str = "notebook"
