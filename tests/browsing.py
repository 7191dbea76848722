"""Journeys in a browser: a portal of processes, a browser, and what a person does in every one of them."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.auth import services as accounts
from app.auth.models import User
from app.catalog.models import Product, Variant
from app.db import transaction
from app.demo import seed
from app.process import WEB
from app.settings import ROOT
from bench.world import free_ports, running
from sandbox.testing import SandboxHandle

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LIST = ROOT.parent / "shared" / "data" / "supplier-lists" / "foxway_item_stock_2023-10-27.xlsx"
PATIENCE_MS = 45_000
PASSWORD = "correct horse battery staple"
HEADER = ("Nummer", "Beskrivelse", "Condition", "Lager", "Eksport Pris")


@dataclass(frozen=True, slots=True)
class Portal:
    """Where the portal and the storefronts answer, and the list to drop."""

    url: str
    storefronts: list[str]
    stock_list: Path


@pytest.fixture
def site(
    committed: Flask, process_environment: dict[str, str], world: SandboxHandle, tmp_path: Path
) -> Iterator[Portal]:
    """Web, workers and schedule in processes of their own, against this test's database and shops."""
    seed.fill([], "", files=tmp_path / "files")
    with transaction() as session:
        for role in ("agent", "purchasing", "manager"):
            user_id = accounts.add_user(
                session, email=f"{role}@example.com", name=role.title(), role=role, password=PASSWORD
            )
            session.get_one(User, user_id).locale = "en"
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    web = [*WEB, "--bind", f"127.0.0.1:{port}", "wsgi:app"]
    with ExitStack() as processes:
        processes.enter_context(running([sys.executable, *web], process_environment, until=f"{url}/healthz"))
        for module in (
            ["jobs.work", "imports"],
            ["jobs.work", "deliveries"],
            ["jobs.work", "orders"],
            ["jobs.schedule"],
        ):
            processes.enter_context(running([sys.executable, "-m", *module], process_environment))
        made = next((tmp_path / "files").glob("foxway*"), None) or next((tmp_path / "files").iterdir())
        storefronts = [world.shop(code).base_url for code in ("refurbished-direct", "econocom")]
        yield Portal(url, storefronts, LIST if LIST.exists() else made)


@pytest.fixture
def open_page() -> Iterator[Callable[..., Any]]:
    """Pages of a fresh browser, each with the list of what it complained about."""
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def new(**context: Any) -> tuple[Any, list[str]]:
            page: Any = browser.new_context(viewport={"width": 1440, "height": 900}, **context).new_page()
            complaints: list[str] = []
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.set_default_timeout(PATIENCE_MS)
            return page, complaints

        yield new
        browser.close()


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


def until(answer: Callable[[], bool]) -> None:
    """Look again, each time at a fresh page, until it is so."""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while not answer():
        assert time.monotonic() < ends, "it did not come"
