"""The pages of flows: what each lane is like, what ran, and who may hold one or let it go."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from ledger_rows import IMPORTS, LISTINGS, lane, message, run, storefronts, swept
from sqlalchemy.orm import Session

from app import clock, queue
from app.auth.models import Audit
from app.flows import queries, views
from app.flows.models import Lane

HTMX = {"HX-Request": "true"}
SOON, AGO = timedelta(minutes=1), timedelta(minutes=2)


@pytest.fixture
def admin(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return _in_english(sign_in("admin"))


@pytest.fixture
def manager(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return _in_english(sign_in("manager"))


def _in_english(browser: FlaskClient) -> FlaskClient:
    browser.post("/account/switch", data={"locale": "en"})
    return browser


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flows that were woken."""
    flows: list[str] = []
    monkeypatch.setattr(queue, "wake", flows.append)
    return flows


def states(session: Session) -> dict[str, str]:
    return {f"{found.flow} {found.channel}".strip(): found.state for found in queries.lane_states(session)}


def test_a_lane_is_fine_late_in_trouble_or_paused(session: Session) -> None:
    now = clock.now()
    lane(session, flow="a", success_at=now)
    lane(session, flow="b")
    message(session, flow="b")
    lane(session, flow="c")
    message(session, flow="c", state="pending", age=AGO)
    lane(session, flow="d", open_until=now + SOON, failure_at=now, success_at=now - AGO)
    lane(session, flow="e", open_until=now + SOON, failure_at=now - AGO, success_at=now)
    lane(session, flow="f", paused=True, open_until=now + SOON, failure_at=now)
    lane(session, flow="g")
    message(session, flow="g", state="pending", age=AGO, lease_until=now + SOON)

    found = {name.split()[0]: state for name, state in states(session).items()}

    assert found == {"a": "fine", "b": "late", "c": "late", "d": "trouble", "e": "fine", "f": "paused", "g": "fine"}


def test_a_lane_counts_what_waits_is_in_work_is_overdue_and_stopped(session: Session) -> None:
    lane(session)
    for _ in range(2):
        message(session, state="pending", next_attempt_at=clock.now() + SOON)
    message(session, state="pending", age=AGO)
    message(session, state="pending", lease_until=clock.now() + SOON)
    message(session)
    message(session, state="delivered")
    message(session, channel="refurbished-direct")

    (found,) = queries.lane_states(session)

    assert (found.waiting, found.in_work, found.overdue, found.dead) == (4, 1, 1, 1)


def test_the_list_has_every_flow_its_lanes_and_the_age_of_the_sweep(manager: FlaskClient, session: Session) -> None:
    storefronts(session)
    lane(session)
    lane(session, channel="refurbished-direct", paused=True)
    message(session)
    swept(session, clock.now() - timedelta(seconds=4))

    page = manager.get("/flows/").get_data(as_text=True)

    for shown in (LISTINGS, IMPORTS, "Econocom", "Refurbished Direct", "needs a look", "paused", "sweep 4 s ago",
                  "Nothing has passed here yet."):  # fmt: skip
        assert shown in page
    assert f'href="/messages/?flow={LISTINGS}&amp;channel=econocom&amp;state=dead"' in page


def test_without_a_sweep_the_list_says_so_and_a_poll_gets_the_lanes_alone(manager: FlaskClient) -> None:
    page, part = manager.get("/flows/").get_data(as_text=True), manager.get("/flows/", headers=HTMX)

    assert "no sweep: is the schedule running?" in page
    assert part.get_data(as_text=True).lstrip().startswith('<section class="panel" id="lanes"')


def test_a_flow_has_its_purpose_its_lanes_and_its_runs_in_pages(
    manager: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    lane(session, failure="connection refused")
    runs = [run(session, delivered=number) for number in range(5)]
    run(session, flow=IMPORTS)
    seen: list[str] = []
    address = f"/flows/{LISTINGS}"

    while address:
        page = manager.get(address).get_data(as_text=True)
        assert "Changed listings, with price and stock" in page
        assert "connection refused" in page
        seen += re.findall(r'<a href="/flows/runs/(\d+)">', page)
        found = re.search(r'href="([^"]*)" rel="next"', page)
        address = found[1] if found else ""

    assert seen == [str(made.id) for made in reversed(runs)]


def test_a_flow_that_there_is_not_is_not_found(admin: FlaskClient) -> None:
    assert admin.get("/flows/odoo.magic.portal").status_code == 404
    assert [admin.post(f"/flows/odoo.magic.portal/{act}").status_code for act in ("pause", "wake", "replay")] == [
        404
    ] * 3


def test_a_lane_is_held_and_let_go_again_with_a_line_each(
    admin: FlaskClient, session: Session, woken: list[str]
) -> None:
    lane(session)
    held = []

    for paused in ("yes", "no"):
        answer = admin.post(f"/flows/{LISTINGS}/pause", data={"channel": "econocom", "paused": paused})
        assert (answer.status_code, answer.location) == (303, f"/flows/{LISTINGS}")
        held.append(session.execute(sa.select(Lane.paused).where(Lane.flow == LISTINGS)).scalar_one())

    assert held == [True, False]
    assert woken == [LISTINGS]  # What waited meanwhile goes at once.
    said = session.execute(sa.select(Audit.act, Audit.subject_id).where(Audit.subject_kind == "flow")).all()
    assert [tuple(line) for line in said] == [
        ("flows.pause", f"{LISTINGS} econocom"), ("flows.resume", f"{LISTINGS} econocom"),
    ]  # fmt: skip


@pytest.mark.parametrize("channel", ["", "nowhere", "x" * 100])
def test_a_lane_that_there_is_not_cannot_be_held(admin: FlaskClient, session: Session, channel: str) -> None:
    lane(session)

    assert admin.post(f"/flows/{LISTINGS}/pause", data={"channel": channel, "paused": "yes"}).status_code == 404
    assert session.execute(sa.select(sa.func.count()).select_from(Lane)).scalar_one() == 1


def test_a_person_may_have_a_flow_looked_at_now(admin: FlaskClient, session: Session, woken: list[str]) -> None:
    assert admin.post(f"/flows/{LISTINGS}/wake").status_code == 303

    assert woken == [LISTINGS]
    assert "flows.wake" in session.execute(sa.select(Audit.act)).scalars().all()


@pytest.mark.parametrize("role", ["purchasing", "manager"])
def test_who_only_looks_is_offered_nothing_and_changes_nothing(
    sign_in: Callable[[str], FlaskClient], session: Session, woken: list[str], role: str
) -> None:
    lane(session)
    dead = message(session)
    browser = sign_in(role)

    pages = [browser.get(address).get_data(as_text=True) for address in (f"/flows/{LISTINGS}", f"/messages/{dead.id}")]

    acts = (f"/flows/{LISTINGS}/pause", f"/flows/{LISTINGS}/wake", f"/flows/{LISTINGS}/replay",
            f"/messages/{dead.id}/replay", f"/messages/{dead.id}/handled")  # fmt: skip
    for act in acts:
        assert not [page for page in pages if act in page], act
        assert browser.post(act, data={"channel": "econocom", "paused": "yes"}).status_code == 403
    assert (woken, dead.state) == ([], "dead")


def test_an_agent_does_not_see_the_flows(sign_in: Callable[[str], FlaskClient], session: Session) -> None:
    agent = sign_in("agent")
    dead, done = message(session), run(session)

    for address in ("/flows/", f"/flows/{LISTINGS}", f"/flows/runs/{done.id}", "/messages/", f"/messages/{dead.id}"):
        assert agent.get(address).status_code == 403


def test_a_run_polls_while_it_runs_and_is_not_sent_again_while_it_is_the_same(
    manager: FlaskClient, session: Session
) -> None:
    going = run(session, state="running", claimed=10, delivered=4)
    message(session, "SKU-7", run_id=going.id, state="pending")
    address = f"/flows/runs/{going.id}"

    page = manager.get(address)
    tag = page.headers["HX-PTag"]
    same = manager.get(address, headers=HTMX | {"HX-PTag": tag})
    going.delivered, going.revision = 7, 1
    session.flush()
    moved = manager.get(address, headers=HTMX | {"HX-PTag": tag})

    assert 'hx-trigger="every 1s"' in page.get_data(as_text=True)
    assert f'hx-ptag="{tag}"' in page.get_data(as_text=True)
    assert "SKU-7" in page.get_data(as_text=True)
    assert (same.status_code, same.data, same.headers["HX-PTag"]) == (304, b"", tag)
    assert (moved.status_code, moved.headers["HX-PTag"]) == (200, f"run.{going.id}.1")
    assert "<html" not in moved.get_data(as_text=True)


def test_a_run_that_ended_polls_no_more_and_says_what_broke(manager: FlaskClient, session: Session) -> None:
    failed = run(session, state="failed", error="ValueError: <b>no</b>")

    page = manager.get(f"/flows/runs/{failed.id}").get_data(as_text=True)

    live = page[page.index('<div id="run-live"') :]
    assert "hx-trigger" not in live[: live.index(">")]
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
    assert manager.get("/flows/runs/999").status_code == 404
