"""Habits that nobody has to remember: what holds for every route, page, form and template."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient
from posts import POSTS, SECRET
from pydantic import SecretStr
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule
from whole_house import WholeHouse

from app import create_app
from app.auth.models import Audit
from app.db import db
from app.demo import docs
from app.lists.registry import LISTS, description
from app.settings import ROOT, MollieAccess, MollieOrganisation, Settings, Shop
from app.web.permissions import PERMISSIONS, RouteWithoutPermission, check_routes

TEMPLATES = ROOT / "app" / "templates"
WITHOUT_FRAME = ("base.html", "errors/bare.html", "errors/fragment.html", "lists/menu.html",
                 *(description(name).cells for name in LISTS))  # fmt: skip
HTMX = {"HX-Request": "true"}
ELSEWHERE = ("auth.sign_in", "home.pulse", "lists.menu", "matching.find")  # A browser is sent on to a whole page.
WRITTEN_DOWN = ("customers.detail",)  # Who looked at a person is a line of the audit log.
STATEMENTS_AT_MOST = 12
MORE_STATEMENTS = {
    "catalog.variant": 20,
    "orders.detail": 17,
}  # It tells everything about one thing: offers, stock, prices, storefronts.


@pytest.fixture
def house(session: Session) -> WholeHouse:
    return WholeHouse(session)


@pytest.fixture
def admin(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return sign_in("admin")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that runs inside the block; savepoints are the test's own."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "SAVEPOINT" not in statement:
            found.append(statement.lstrip())

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


# Routes


def routes(app: Flask, method: str) -> Iterator[Rule]:
    """The rules that take the method, but the static files."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static" and method in (rule.methods or ()):
            yield rule


def permission(app: Flask, endpoint: str) -> str:
    named: str = app.view_functions[endpoint].permission  # type: ignore[union-attr]
    return named


def test_every_route_names_a_permission_and_a_public_one_says_why(app: Flask) -> None:
    for rule in (*routes(app, "GET"), *routes(app, "POST")):
        assert permission(app, rule.endpoint) in {*PERMISSIONS, "public"}
        if permission(app, rule.endpoint) == "public":
            assert (inspect.getdoc(app.view_functions[rule.endpoint]) or "").startswith("Public: "), rule.endpoint


def test_a_route_without_a_permission_stops_the_start(settings: Settings) -> None:
    app = create_app(settings)
    app.add_url_rule("/open", "open", lambda: "for everybody")

    with pytest.raises(RouteWithoutPermission, match="/open"):
        check_routes(app)


def test_nobody_gets_in_without_signing_in(app: Flask, client: FlaskClient, house: WholeHouse) -> None:
    for method in ("GET", "POST"):
        for rule in routes(app, method):
            if permission(app, rule.endpoint) == "public":
                continue
            answer = client.open(house.address(app, rule), method=method)
            if method == "GET":
                assert (answer.status_code, answer.location[:8]) == (303, "/sign-in"), rule.rule
            else:
                assert answer.status_code == 400, rule.rule  # Without the token of a form of ours.


@pytest.mark.parametrize("role", ["agent", "purchasing", "manager"])
def test_a_role_opens_exactly_the_pages_whose_permission_it_holds(
    app: Flask, sign_in: Callable[[str], FlaskClient], house: WholeHouse, role: str
) -> None:
    browser = sign_in(role)

    for endpoint, address in house.pages(app):
        wanted = permission(app, endpoint)
        if wanted != "public":
            assert (browser.get(address).status_code != 403) is (role in PERMISSIONS[wanted]), address


@pytest.mark.parametrize("role", ["agent", "purchasing", "manager"])
def test_a_role_sends_no_form_whose_permission_it_lacks(
    app: Flask, sign_in: Callable[[str], FlaskClient], house: WholeHouse, role: str
) -> None:
    browser = sign_in(role)

    for rule in routes(app, "POST"):
        wanted = permission(app, rule.endpoint)
        if wanted != "public" and role not in PERMISSIONS[wanted]:
            assert browser.post(house.address(app, rule)).status_code == 403, rule.rule


# Pages


def test_every_page_opens_with_a_title_is_not_kept_and_writes_nothing(
    app: Flask, admin: FlaskClient, house: WholeHouse
) -> None:
    for endpoint, address in house.pages(app):
        with statements() as ran:
            answer = admin.get(address)
        assert answer.status_code == (303 if endpoint in ELSEWHERE else 200), address
        assert answer.headers["Cache-Control"] == "no-store", address
        assert "HX-Request" in answer.headers["Vary"], address
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], address
        written = [line for line in ran if re.match(r"(?i)insert|update|delete", line)]
        assert [line[:18] for line in written] == ["INSERT INTO audit "] * (endpoint in WRITTEN_DOWN), address
        if answer.mimetype == "text/html" and answer.status_code == 200:
            page = answer.get_data(as_text=True)
            assert re.search(r"<title>[^<]*[^<\s][^<]* · iUsed</title>", page), address
            assert re.search(r"<h1>\s*\S", page), address


def test_a_page_runs_the_same_few_statements_however_long_its_list_is(
    app: Flask, admin: FlaskClient, house: WholeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.lists.queries.ESTIMATE_S", -1)  # What is estimated the first time would be told again.
    monkeypatch.setattr("app.auth.sessions.SEEN_EVERY", timedelta(days=1))  # Once a minute it is written down.

    def measure() -> dict[str, int]:
        found = {}
        for endpoint, address in house.pages(app):
            with statements() as ran:
                admin.get(address)
            found[endpoint] = len(ran)
        return found

    short = measure()
    house.grow(58)
    long = measure()

    assert long == short
    for endpoint, count in long.items():
        assert count <= MORE_STATEMENTS.get(endpoint, STATEMENTS_AT_MOST), endpoint


def test_a_part_of_a_page_is_a_fragment_for_htmx(app: Flask, admin: FlaskClient, house: WholeHouse) -> None:
    addresses = dict(house.pages(app))

    for endpoint in set(ELSEWHERE) - {"auth.sign_in"}:
        answer = admin.get(addresses[endpoint], headers=HTMX)
        assert answer.status_code == 200, endpoint
        assert "<html" not in answer.get_data(as_text=True), endpoint


class Noting(ImmutableMultiDict[str, str]):
    """Query arguments that tell which of them were asked for."""

    asked: ClassVar[set[str]] = set()

    def get(self, key: str, *more: Any, **named: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *more, **named)


HOSTILE = ("-1", "abc", "1e9999", "9" * 20, "x" * 10_000, "\0", "%_\\'\"", "SKU-0001")


def test_no_query_argument_breaks_a_page(
    app: Flask, admin: FlaskClient, house: WholeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.request_class, "parameter_storage_class", Noting)
    every: set[str] = set()

    for _endpoint, address in house.pages(app):
        Noting.asked.clear()
        admin.get(address)
        names = set(Noting.asked)
        every |= names
        for value in HOSTILE if names else ():
            answer = admin.get(f"{address}?{urlencode(dict.fromkeys(names, value))}")
            assert answer.status_code in (200, 303, 400, 404), (address, value[:20])
            if answer.status_code == 404:  # A filter that there is not: the others are asked alone.
                for name in names:
                    status = admin.get(f"{address}?{urlencode({name: value})}").status_code
                    assert status in (200, 303, 400, 404), (address, name, value[:20])

    assert every >= {"after", "before", "q", "kind", "flow", "state", "correlation_id", "problem", "actor", "only"}


@pytest.mark.parametrize(
    "value", ["999999", "-1", "0", "abc", "1.5", "9" * 20, "9" * 5000, "%00", "%2e%2e%2f", "x" * 10_000]
)
def test_no_path_argument_breaks_a_page(app: Flask, admin: FlaskClient, value: str) -> None:
    for rule in routes(app, "GET"):
        if rule.arguments:
            path = re.sub(r"<[^>]+>", value, rule.rule)
            assert admin.get(path).status_code in (400, 404), path[:80]


def test_what_there_is_not_is_a_fragment_for_htmx_and_a_page_for_a_browser(app: Flask, admin: FlaskClient) -> None:
    for rule in (*routes(app, "GET"), *routes(app, "POST")):
        if not rule.arguments or permission(app, rule.endpoint) == "public":
            continue
        path, method = re.sub(r"<[^>]+>", "999999", rule.rule), "GET" if "GET" in (rule.methods or ()) else "POST"
        page, part = admin.open(path, method=method), admin.open(path, method=method, headers=HTMX)
        assert (page.status_code, part.status_code) == (404, 404), path
        assert "<html" in page.get_data(as_text=True), path
        assert part.get_data(as_text=True).startswith('<p class="note-line bad" role="alert">'), path
        assert part.headers["X-Correlation-Id"] in part.get_data(as_text=True), path


# Forms


def test_every_form_stands_in_the_table(app: Flask) -> None:
    assert set(POSTS) == {rule.endpoint for rule in routes(app, "POST")}


@pytest.fixture
def connected(app: Flask) -> Iterator[None]:
    """One storefront may deliver."""
    before = app.extensions["settings"]
    shop = Shop(base_url="http://shop", client_id="i", client_secret=SecretStr("s"), app_secret=SecretStr(SECRET))
    mollie = MollieAccess(api_key=SecretStr("test_1"), webhook_token=SecretStr("guessed"), bridge="portal")
    organisation = MollieOrganisation(token=SecretStr("access_1"), webhook_secrets=[SecretStr(SECRET)])
    reached = {"shops": {"econocom": shop}, "mollie": {"econocom": mollie}, "mollie_organisation": organisation}
    app.extensions["settings"] = before.model_copy(update=reached)
    yield
    app.extensions["settings"] = before


@pytest.mark.parametrize("endpoint", POSTS)
def test_a_valid_form_is_written_down(
    app: Flask, admin: FlaskClient, house: WholeHouse, session: Session, connected: None, endpoint: str
) -> None:
    post = POSTS[endpoint](house)
    with app.test_request_context(post.path, method="POST"):
        assert request.endpoint == endpoint
    id_ = post.rows.__table__.c.id
    last = session.execute(sa.select(sa.func.max(id_))).scalar_one() or 0

    answer = admin.post(post.path, data=post.data, headers=post.headers)

    assert answer.status_code == (303 if post.act else 200), answer.get_data(as_text=True)
    new = session.execute(sa.select(post.rows).where(id_ > last)).scalars().all()
    assert post.act or post.kept
    acts = [row.act for row in new if isinstance(row, Audit)]
    assert acts == [*post.also, *([post.act] if post.act else [])]
    assert len(new) >= 1


def test_a_form_without_its_token_or_with_another_browsers_is_refused(
    app: Flask, admin: FlaskClient, client: FlaskClient, house: WholeHouse
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    door = client.get("/sign-in").get_data(as_text=True)
    strangers = door.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]

    for rule in routes(app, "POST"):
        if rule.endpoint.startswith("webhooks."):
            continue  # Senders sign, or know the address.
        address = house.address(app, rule)
        assert admin.post(address, data={"csrf_token": strangers}).status_code == 400, address
        part = admin.post(address, headers=HTMX)
        assert part.get_data(as_text=True).startswith('<p class="note-line bad" role="alert">'), address


def test_a_form_with_its_pages_token_is_taken_from_a_browser_and_from_htmx(app: Flask, admin: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    page = admin.get("/account").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]

    by_field = admin.post("/account/sessions/end", data={"csrf_token": token})
    by_header = admin.post("/account/sessions/end", headers=HTMX | {"X-CSRFToken": token})

    assert (by_field.status_code, by_header.status_code) == (303, 204)


# Templates and documents


def templates() -> list[tuple[str, str]]:
    return [(str(path.relative_to(TEMPLATES)), path.read_text()) for path in sorted(TEMPLATES.rglob("*.html"))]


def test_every_page_extends_the_frame_and_has_a_title() -> None:
    """What extends nothing is the frame, an error without one, or a part that others or the rows of a list take in."""
    whole = "".join(text for _name, text in templates())
    for name, text in templates():
        if name in WITHOUT_FRAME or re.search(rf"""(import |include |piece\()["']{re.escape(name)}["']""", whole):
            assert "{% extends" not in text, name
        else:
            assert text.startswith('{% extends "base.html" %}'), name
            assert re.search(r"{% block title %}.*{{.+}}.*{% endblock %}", text), name


def test_templates_hold_nothing_inline() -> None:
    inline = re.compile(
        r"<script(?![^>]*src=)|<style|\sstyle=|javascript:|hx-on|hx-vars|\bjs:|\|\s*safe\b"
        r"|\son(click|change|submit|load|input|key\w+|mouse\w+|focus|blur|error|toggle|pointer\w+)="
    )
    for name, text in templates():
        assert not inline.search(text), name


def test_the_table_of_settings_is_the_one_that_the_settings_write() -> None:
    kept = docs.PAGE.read_text().split(docs.START)[1].split(docs.END)[0].strip()

    assert kept == docs.table(), "run `make docs`"


def test_no_sql_is_put_together_from_what_somebody_sent() -> None:
    """`text` takes constants; the f-strings of the code name constants in capitals only."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for found in re.finditer(r"""(?<![\w.])(?:text|execute)\(\s*f(\"\"\"|")(.*?)\1""", path.read_text(), re.DOTALL):
            names = re.findall(r"\{([^{}]+)\}", found[2])
            assert all(re.fullmatch(r"[A-Z_]+", name) for name in names), f"{path.name}: {names}"
