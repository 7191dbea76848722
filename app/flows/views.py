"""Pages that follow the flows: lanes, runs, messages, and what a person does with them."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, abort, flash, request
from flask_babel import gettext as _
from sqlalchemy.exc import DataError
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.auth import audit
from app.channels.queries import channels
from app.db import Json, reading, transaction
from app.feeds.queries import lane_names
from app.flows import queries, services
from app.flows.catalogue import FLOWS
from app.flows.models import STATES
from app.web.fragments import redirect_to, render, tagged, unchanged
from app.web.permissions import requires
from app.web.words import stored
from app.webhooks import refusals

bp = Blueprint("flows", __name__)
PAGE = 50


@bp.get("/flows/")
@requires("flows.read")
def index() -> Response:
    """Every flow with its lanes."""
    session = reading()
    return render(
        "flows/index.html", "lanes", flows=FLOWS, lanes=queries.lane_states(session),
        names=dict(channels(session)) | lane_names(session),
        sweep=queries.last_sweep_age_seconds(session), refused=refusals.lately(session, now=clock.now()),
    )  # fmt: skip


@bp.get("/flows/<flow>")
@requires("flows.read")
def detail(flow: str) -> Response:
    """One flow: purpose, lanes, runs."""
    if flow not in FLOWS:
        abort(404)
    session = reading()
    rows = queries.runs(session, flow=flow, before_id=request.args.get("before", type=int), limit=PAGE)
    lanes = [lane for lane in queries.lane_states(session) if lane.flow == flow]
    return render(
        "flows/detail.html", flow=FLOWS[flow], lanes=lanes, runs=rows[:PAGE],
        names=dict(channels(session)) | lane_names(session),
        older=rows[PAGE - 1].id if len(rows) > PAGE else None, dead=queries.dead_count(session, flow),
        latencies={row.channel: row for row in queries.latencies(session, flow, now=clock.now())},
        syncs=flow == "portal.listings.shopware",
    )  # fmt: skip


@bp.post("/flows/<flow>/pause")
@requires("flows.write")
def pause(flow: str) -> BaseResponse:
    """Hold a lane, or let it go on."""
    if flow not in FLOWS:
        abort(404)
    channel, paused = request.form.get("channel", ""), request.form.get("paused") == "yes"
    if not any((lane.flow, lane.channel) == (flow, channel) for lane in queries.lane_states(reading())):
        abort(404)
    with transaction() as session:
        services.set_paused(session, flow, channel=channel, paused=paused)
    if not paused:
        queue.wake(flow)
    return redirect_to("flows.detail", flow=flow)


@bp.post("/flows/<flow>/wake")
@requires("flows.write")
def wake(flow: str) -> BaseResponse:
    """Look for due work now."""
    if flow not in FLOWS:
        abort(404)
    with transaction() as session:
        audit.record(session, act="flows.wake", subject_kind="flow", subject_id=flow)
    queue.wake(flow)
    flash(_("A worker is on its way."), "success")
    return redirect_to("flows.detail", flow=flow)


@bp.post("/flows/<flow>/replay")
@requires("flows.write")
def replay_all(flow: str) -> BaseResponse:
    """Make every dead message of the flow due again."""
    if flow not in FLOWS:
        abort(404)
    with transaction() as session:
        count = services.replay_all(session, flow, channel=None, now=clock.now())
    queue.wake(flow)
    flash(_("%(number)s messages are due again.", number=count), "success")
    return redirect_to("flows.detail", flow=flow)


@bp.get("/flows/runs/<int:run_id>")
@requires("flows.read")
def run(run_id: int) -> Response:
    """One run, live until it ends. A poll that knows the newest state is answered 304 by one small query."""
    session = reading()
    tag = queries.run_tag(session, run_id)
    if tag is None:
        abort(404)
    same = unchanged(f"run:{run_id}", tag)
    if same is not None:
        return same
    found = queries.run(session, run_id)
    rows = queries.newest_messages(session, run_id=run_id, limit=PAGE)
    return tagged(render("flows/run.html", "live", run=found, messages=rows), tag)


@bp.get("/messages/")
@requires("flows.read")
def messages() -> Response:
    """The ledger, newest first, with filters in the address."""
    session = reading()
    wanted: dict[str, Any] = {
        name: request.args.get(name) or None for name in ("flow", "state", "channel", "key", "correlation_id")
    }
    if (wanted["flow"] and wanted["flow"] not in FLOWS) or (wanted["state"] and wanted["state"] not in STATES):
        abort(404)
    rows = queries.newest_messages(session, before_id=request.args.get("before", type=int), limit=PAGE + 1, **wanted)
    return render(
        "flows/messages.html", messages=rows[:PAGE], older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        flow_choices=[(flow, flow) for flow in FLOWS], channels=channels(session),
        state_choices=[(state, stored(state)) for state in ("pending", "delivered", "dead", "superseded")],
    )  # fmt: skip


@bp.get("/messages/<int:message_id>")
@requires("flows.read")
def message(message_id: int) -> Response:
    """One message: body and answer side by side, and its trail."""
    return _message(message_id)


def _message(message_id: int, *, edited: str | None = None, problem: str | None = None, status: int = 200) -> Response:
    session = reading()
    found = queries.message(session, message_id)
    if found is None:
        abort(404)
    good = queries.last_delivered(session, found.flow, found.channel, found.key, found.id)
    return render(
        "flows/message.html", message=found, body=_pretty(found.body), result=_pretty(found.result),
        changes=_changes(good, found.body) if good else None, edited=edited or _pretty(found.body), problem=problem,
        trail=queries.newest_messages(session, correlation_id=found.correlation_id, limit=20), status=status,
    )  # fmt: skip


def _pretty(value: Json | None) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _changes(old: Json, new: Json) -> list[tuple[str, object, object]]:
    """Fields that differ from the last good message of the same key."""
    return [(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)]  # fmt: skip


@bp.post("/messages/<int:message_id>/replay")
@requires("flows.write")
def replay(message_id: int) -> BaseResponse:
    """Make a dead message due again, with the edited body when one is sent."""
    known = queries.message(reading(), message_id)
    if known is None:
        abort(404)
    body: Json | None = None
    edited = request.form.get("body")
    if edited is not None:
        try:
            body = json.loads(edited)
        except (ValueError, RecursionError) as error:
            return _message(
                message_id, edited=edited, problem=_("This is not JSON: %(error)s", error=error), status=422
            )
        if not isinstance(body, dict):
            return _message(message_id, edited=edited, problem=_("The body must be an object."), status=422)
    try:
        with transaction() as session:
            done = services.replay(session, message_id, now=clock.now(), body=body)
    except services.NotReplayable:
        flash(_("Only a stopped message can be replayed."), "error")
        return redirect_to("flows.message", message_id=message_id)
    except DataError:
        problem = _("The body holds a number or a character that cannot be stored.")
        return _message(message_id, edited=edited, problem=problem, status=422)
    queue.wake(done.flow)
    if done.state == "superseded":
        flash(_("Not replayed: a newer message about %(key)s came after it.", key=known.key), "info")
    else:
        flash(_("The message is due again."), "success")
    return redirect_to("flows.message", message_id=message_id)


@bp.post("/messages/<int:message_id>/handled")
@requires("flows.write")
def handled(message_id: int) -> BaseResponse:
    """A person dealt with it in another way."""
    if queries.message(reading(), message_id) is None:
        abort(404)
    try:
        with transaction() as session:
            services.mark_handled(session, message_id, now=clock.now())
    except services.NotReplayable:
        flash(_("Only a stopped message can be marked."), "error")
    return redirect_to("flows.message", message_id=message_id)
