"""Headers of every answer, whoever asks and whatever became of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.web.assets import manifest

STRICT = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/sign-in", "/nothing-here", "/healthz", "/", "/webhooks/shopware/nowhere", "/static/x"]
)
def test_every_answer_carries_the_strict_policy(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert {name: headers[name] for name in STRICT} == STRICT
    assert "camera=()" in headers["Permissions-Policy"]


def test_what_may_change_is_never_kept_and_what_is_named_by_its_content_is_kept_for_a_year(client: FlaskClient) -> None:
    with client.get(f"/static/vendor/{manifest()['app.css']}") as style:
        assert style.status_code == 200
        assert "max-age=31536000" in style.headers["Cache-Control"]
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"
