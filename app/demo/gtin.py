"""Item numbers of our own for the demo: GTINs from the in-store range and readable SKUs."""

from __future__ import annotations

from hashlib import blake2b


def check_digit(digits: str) -> str:
    """The GS1 check digit of the twelve digits before it (weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def in_store_gtin(sku: str, *, seed: int, taken: set[str]) -> str:
    """A GTIN-13 starting with 2, which GS1 leaves to the shop; the same SKU and seed give the same one.

    Adds it to `taken`; in the rare case that two SKUs meet, the later one takes the next free number.
    """
    number = int.from_bytes(blake2b(f"{seed}:{sku}".encode(), digest_size=8).digest(), "big") % 10**11
    while True:
        digits = f"2{number:011d}"
        if digits not in taken:
            taken.add(digits)
            return digits + check_digit(digits)
        number = (number + 1) % 10**11
