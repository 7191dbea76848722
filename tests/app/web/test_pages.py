"""Every page: who may open it, what it says without signing in, and what it may not contain."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import ROOT
from app.web.permissions import PERMISSIONS

PAGES = ("/", "/suppliers/", "/offers/", "/catalogue/", "/stock/", "/pricing/", "/flows/", "/messages/",
         "/flows/supplier.offers.portal", "/settings/users", "/settings/audit", "/suppliers/new",
         "/account", "/offers/matches/", "/offers/matches/new")  # fmt: skip
TEMPLATES = ROOT / "app" / "templates"


def test_every_route_names_a_permission(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            assert app.view_functions[rule.endpoint].permission in {*PERMISSIONS, "public"}  # type: ignore[union-attr]


def test_nobody_gets_in_without_signing_in(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint == "static" or view.permission == "public":  # type: ignore[union-attr]
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in rule.methods & {"GET", "POST"}:  # type: ignore[operator]
            answer = client.open(path, method=method)
            assert answer.status_code in (303, 400), f"{method} {path}: {answer.status_code}"
            if answer.status_code == 303:
                assert answer.location.startswith("/sign-in")


@pytest.mark.parametrize("role", ["agent", "purchasing", "manager", "admin"])
def test_each_role_opens_what_it_may_and_nothing_else(
    app: Flask, sign_in: Callable[[str], FlaskClient], role: str
) -> None:
    browser = sign_in(role)

    for page in PAGES:
        with app.test_request_context(page):
            from flask import request

            permission = app.view_functions[str(request.endpoint)].permission  # type: ignore[union-attr]
        wanted = 200 if role in PERMISSIONS[permission] else 403
        assert browser.get(page).status_code == wanted, page


def test_every_answer_carries_the_strict_policy(client: FlaskClient) -> None:
    for path in ("/sign-in", "/nothing-here", "/healthz"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_a_copy_of_the_cookie_is_worthless_after_signing_out(sign_in: Callable[[str], FlaskClient]) -> None:
    browser = sign_in("agent")
    cookie = browser.get_cookie("iused")
    assert cookie is not None

    browser.post("/sign-out")
    browser.set_cookie("iused", cookie.value)

    assert browser.get("/").status_code == 303


def test_the_ninth_wrong_password_is_not_even_checked(app: Flask, client: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    answers = [client.post("/sign-in", data={"email": "x@example.com", "password": f"wrong {n}"}) for n in range(9)]

    assert all(answer.status_code == 422 for answer in answers)
    assert answers[0].data != answers[8].data


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example",
                                    "/a\r\nb", "\\\\evil", "javascript:alert(1)"])  # fmt: skip
def test_the_way_back_stays_on_this_host(target: str) -> None:
    from app.auth.sessions import local_path

    assert local_path(target) is None


def test_a_post_without_the_token_is_refused(app: Flask, sign_in: Callable[[str], FlaskClient]) -> None:
    browser = sign_in("admin")
    app.config["WTF_CSRF_ENABLED"] = True

    assert browser.post("/account/switch", data={"theme": "dark"}).status_code == 400


def test_templates_hold_nothing_inline() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not re.search(
            r"<script(?![^>]*src=)|<style|\sstyle=|\son(click|change|submit|load|input|key\w+|mouse\w+|focus|blur|error)=|hx-on|\|\s*safe",
            text,
        ), template


def test_every_page_has_a_title() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        if "{% extends" in text:
            assert "{% block title %}" in text, template
