"""What every list's page may be asked for: keeping a view of it, and a file of what is seen."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, flash, request, stream_with_context
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app import clock, queue
from app.db import reading, transaction
from app.extensions import settings
from app.lists import exports, kept, words
from app.lists.description import ListDescription
from app.lists.models import ListExport
from app.lists.pages import filters_in_words, of_menu
from app.lists.registry import description
from app.lists.state import says_something, state_of
from app.web.fragments import redirect_to, render, tagged, unchanged, wants_fragment
from app.web.lazy import current_user
from app.web.permissions import may, requires

bp = Blueprint("lists", __name__, url_prefix="/lists")
MIMETYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def list_named(name: str) -> ListDescription:
    """The list that an address names, when the person may read it: 404, 403."""
    try:
        about = description(name)
    except KeyError:
        abort(404)
    if not may(current_user.role, about.permission):
        abort(403)
    return about


@bp.get("/<list_name>/menu/<any(filter, sort, columns, views, export):part>")
@requires("signed_in")
def menu(list_name: str, part: str) -> BaseResponse:
    """What a menu of a list shows, once it is opened. It is a part of pages, and no page."""
    about = list_named(list_name)
    page = of_menu(about)
    if not wants_fragment(request.headers):
        return redirect_to(about.endpoint, **page.args())
    return render("lists/menu.html", page=page, part=part)


def _list_of_view(view_id: int) -> ListDescription:
    name = kept.list_of(reading(), view_id)
    if name is None:
        abort(404)
    return list_named(name)


def _shared() -> bool:
    """Whether the form says that everybody is to have the view."""
    wanted = bool(request.form.get("shared"))
    if wanted and not may(current_user.role, "views.share"):
        abort(403)
    return wanted


def _problem(code: str) -> str:
    return {
        "gone": _("This view is not there any more."),
        "not_yours": _("This view is somebody else's: keep it under a name of your own."),
        "outdated": _("Somebody changed this view meanwhile. Nothing was kept; look at it and try again."),
        "name": _("Give the view a name of at most 60 characters."),
        "taken": _("You have a view of this name."),
    }[code]


def _act(about: ListDescription, view_id: int | None, act: Callable[[Session], int | None], said: str) -> BaseResponse:
    """Do it in one transaction, and show the view, or the list when there is none any more."""
    unkept: dict[str, str] = {}
    try:
        with transaction() as session:
            view_id = act(session)
        flash(said, "success")
    except kept.ViewError as error:
        flash(_problem(error.code), "error")
        if says_something(about, request.form):
            state = state_of(about, request.form)
            unkept = state.args(about) | {"sort": state.sort}
    return redirect_to(about.endpoint, **unkept, **({"view": view_id} if view_id else {}))


@bp.post("/<list_name>/views")
@requires("signed_in")
def keep_view(list_name: str) -> BaseResponse:
    """Keep what is seen under a name."""
    about, shared, form = list_named(list_name), _shared(), request.form
    return _act(
        about, form.get("view", type=int),
        lambda session: kept.keep(
            session, about, state_of(about, form), name=form.get("name", "").strip(), shared=shared,
            user_id=current_user.id, now=clock.now(),
        ),
        _("The view is kept."),
    )  # fmt: skip


@bp.post("/views/<int:view_id>/change")
@requires("signed_in")
def change_view(view_id: int) -> BaseResponse:
    """Let a view be what is seen."""
    about, form = _list_of_view(view_id), request.form

    def act(session: Session) -> int:
        kept.change(session, view_id, state_of(about, form), version=form.get("version", 0, type=int),
                    user_id=current_user.id, now=clock.now())  # fmt: skip
        return view_id

    return _act(about, view_id, act, _("The view is kept."))


@bp.post("/views/<int:view_id>/rename")
@requires("signed_in")
def rename_view(view_id: int) -> BaseResponse:
    """Another name, or for everybody."""
    about, shared, form = _list_of_view(view_id), _shared(), request.form

    def act(session: Session) -> int:
        kept.rename(session, view_id, name=form.get("name", "").strip(), shared=shared,
                    version=form.get("version", 0, type=int), user_id=current_user.id, now=clock.now())  # fmt: skip
        return view_id

    return _act(about, view_id, act, _("Saved."))


@bp.post("/views/<int:view_id>/forget")
@requires("signed_in")
def forget_view(view_id: int) -> BaseResponse:
    """Remove a view."""
    about = _list_of_view(view_id)

    def act(session: Session) -> None:
        kept.forget(session, view_id, version=request.form.get("version", 0, type=int), user_id=current_user.id)

    return _act(about, view_id, act, _("The view is removed."))


@bp.post("/<list_name>/begin")
@requires("signed_in")
def begin_with(list_name: str) -> BaseResponse:
    """Begin with a view from now on, or as usual."""
    about = list_named(list_name)
    view_id = request.form.get("with", type=int)

    def act(session: Session) -> int | None:
        kept.begin_with(session, about, view_id, user_id=current_user.id)
        return view_id

    return _act(about, view_id, act, _("Saved."))


@bp.post("/<list_name>/exports")
@requires("signed_in")
def export(list_name: str) -> BaseResponse:
    """Ask for what is seen as a file."""
    about, form = list_named(list_name), request.form
    format_ = form.get("format", "")
    if format_ not in exports.FORMATS:
        abort(400)
    with transaction() as session:
        export_id = exports.ask(
            session, about, state_of(about, form), format_=format_, user_id=current_user.id,
            locale=current_user.locale, now=clock.now(), hours=settings().export_hours,
        )  # fmt: skip
    queue.wake(exports.FLOW)
    return redirect_to("lists.export_page", export_id=export_id)


@bp.get("/exports")
@requires("signed_in")
def export_list() -> Response:
    """What the person asked for."""
    return render("lists/exports.html", exports=exports.of_person(reading(), current_user.id, limit=50), words=words)


@bp.get("/exports/<int:export_id>")
@requires("signed_in")
def export_page(export_id: int) -> Response:
    """How far an export is, and its file."""
    found = _own_export(export_id)
    tag = f"{found.id}.{found.revision}"
    same = unchanged(f"list_export:{found.id}", tag)
    if same is not None:
        return same
    chips = filters_in_words(reading(), list_named(found.list_name), found.args)
    return tagged(render("lists/export.html", "live", export=found, words=words, tag=tag, chips=chips), tag)


@bp.post("/exports/<int:export_id>/stop")
@requires("signed_in")
def stop_export(export_id: int) -> BaseResponse:
    """Write no more of it."""
    _own_export(export_id)
    with transaction() as session:
        exports.stop(session, export_id, by=current_user.name, now=clock.now())
    return redirect_to("lists.export_page", export_id=export_id)


@bp.get("/exports/<int:export_id>/file")
@requires("signed_in")
def export_file(export_id: int) -> Response:
    """The file, to whoever asked for it, until it expires."""
    found = _own_export(export_id)
    if found.state != "done" or found.expires_at <= clock.now():
        abort(404)
    answer = Response(stream_with_context(exports.pieces(reading(), found.id)), mimetype=MIMETYPES[found.format])
    answer.headers.set("Content-Disposition", "attachment", filename=exports.filename(found))
    answer.content_length = found.size_bytes
    return answer


def _own_export(export_id: int) -> ListExport:
    """404 for somebody else's: whether there is one is nobody's business."""
    found = exports.own(reading(), export_id, current_user.id)
    if found is None:
        abort(404)
    list_named(found.list_name)
    return found
