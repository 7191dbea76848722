"""What journeys in a browser share: where the portal answers, how one signs in and drops a list, and a list to drop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.catalog.models import Product, Variant
from app.db import transaction

PASSWORD = "correct horse battery staple"
HEADER = ("Nummer", "Beskrivelse", "Condition", "Lager", "Eksport Pris")


@dataclass(frozen=True, slots=True)
class Portal:
    """Where the portal and the storefronts answer, and the list to drop."""

    url: str
    storefronts: list[str]
    stock_list: Path


def sign_in(page: Any, portal: Portal, who: str = "purchasing") -> None:
    page.goto(f"{portal.url}/sign-in")
    page.fill("#email", f"{who}@example.com")
    page.fill("#password", PASSWORD)
    page.click("button.btn-primary")
    page.wait_for_url(f"{portal.url}/")


def drop(page: Any, path: Path, *, supplier: str = "Foxway") -> None:
    """Open the supplier by its name and drop the list."""
    page.click("nav a[href='/suppliers/']")
    page.click(f"text={supplier}")
    page.set_input_files("input[type=file]", str(path))
    page.wait_for_url("**/offers/*")


def accept(page: Any) -> None:
    """Accept the file that is shown, and wait until the storefronts have it."""
    page.click("text=Accept and publish")
    page.click("dialog [data-yes]")
    page.wait_for_selector("text=The storefronts have it")


def phones(count: int) -> list[tuple[str, str]]:
    """SKU and name of so many phones of the catalogue in grade A, each of another name."""
    with transaction() as session:
        rows = session.execute(
            sa.select(Variant.sku, Variant.name)
            .join(Product)
            .where(Product.category == "phone", Product.brand == "Apple", Variant.grade == "A")
            .order_by(Variant.id.desc())
            .limit(count)
        )
        return [(row.sku, row.name) for row in rows]


def write_list(path: Path, lines: Iterable[Iterable[object]], header: Iterable[str] = HEADER) -> Path:
    """A list with semicolons, as Danish suppliers send it."""
    text = "\n".join(";".join(map(str, line)) for line in (header, *lines))
    path.write_bytes(text.encode("cp1252"))
    return path
