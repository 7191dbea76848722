"""Saved views: what a person may use, and keeping, changing and forgetting them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.auth import audit
from app.auth.models import User
from app.db import Json
from app.lists.description import DENSITIES, ListDescription
from app.lists.models import DefaultView, SavedView
from app.lists.state import State, known_columns, known_sort
from app.web.memory import remembered

NAME_LONGEST = 60
TOPICS = ("saved_view", "default_view")


class ViewError(Exception):
    """A view cannot be kept or changed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ViewRow(NamedTuple):
    """A view that a person may use. `default`: their list begins with it."""

    id: int
    name: str
    owner_id: int
    owner: str
    shared: bool
    state: State
    version: int
    default: bool


# Made once: each page of a list asks it.
_VIEWS = (
    select(SavedView.id, SavedView.name, SavedView.owner_id, User.name.label("owner"), SavedView.shared,
           SavedView.filters, SavedView.sort, SavedView.columns, SavedView.density, SavedView.version,
           DefaultView.view_id.label("default_id"))
    .join(User, User.id == SavedView.owner_id)
    .outerjoin(DefaultView, and_(DefaultView.view_id == SavedView.id, DefaultView.user_id == bindparam("user_id")))
    .where(SavedView.list_name == bindparam("list_name"),
           or_(SavedView.owner_id == bindparam("user_id"), SavedView.shared))
    .order_by(SavedView.name, SavedView.id)
)  # fmt: skip


def views(session: Session, about: ListDescription, user_id: int) -> list[ViewRow]:
    """The person's own views and those that are shared, by name."""
    return remembered(("views", about.name, user_id), lambda: _read(session, about, user_id), TOPICS)


def _read(session: Session, about: ListDescription, user_id: int) -> list[ViewRow]:
    rows = session.execute(_VIEWS, {"list_name": about.name, "user_id": user_id})
    return [
        ViewRow(view.id, view.name, view.owner_id, view.owner, view.shared, _state(about, view), view.version,
                view.default_id is not None)
        for view in rows
    ]  # fmt: skip


def _state(about: ListDescription, view: Any) -> State:
    """What was kept, as far as the list still has it."""
    names = {one.name for one in about.filters}
    return State(
        {name: text for name, text in view.filters.items() if name in names}, known_sort(about, view.sort),
        known_columns(about, view.columns), view.density if view.density in DENSITIES else DENSITIES[0],
    )  # fmt: skip


def keep(session: Session, about: ListDescription, state: State, *, name: str, shared: bool, user_id: int,
         now: datetime) -> int:  # fmt: skip
    """A new view; returns its id. Raises ViewError."""
    _check_name(session, about.name, name, user_id=user_id, other_than=None)
    view = SavedView(list_name=about.name, name=name, owner_id=user_id, shared=shared, changed_at=now, **_kept(state))
    session.add(view)
    session.flush()
    audit.record(session, act="views.keep", subject_kind="saved_view", subject_id=str(view.id), after=_told(view))
    return view.id


def change(session: Session, view_id: int, state: State, *, version: int, user_id: int, now: datetime) -> None:
    """Let the view be what the person sees now. Raises ViewError."""
    view = own_view(session, view_id, user_id=user_id, version=version)
    before = _told(view)
    for field, value in _kept(state).items():
        setattr(view, field, value)
    _changed(session, view, before, "views.change", now)


def rename(session: Session, view_id: int, *, name: str, shared: bool, version: int, user_id: int,
           now: datetime) -> None:  # fmt: skip
    """Give the view a name, and to everybody or to its owner alone. Raises ViewError."""
    view = own_view(session, view_id, user_id=user_id, version=version)
    _check_name(session, view.list_name, name, user_id=user_id, other_than=view_id)
    before = _told(view)
    view.name, view.shared = name, shared
    if not shared:
        others = (DefaultView.view_id == view_id, DefaultView.user_id != user_id)
        session.execute(delete(DefaultView).where(*others))
    _changed(session, view, before, "views.rename", now)


def forget(session: Session, view_id: int, *, version: int, user_id: int) -> None:
    """Remove the view; whoever began with it begins as usual. Raises ViewError."""
    view = own_view(session, view_id, user_id=user_id, version=version)
    audit.record(session, act="views.forget", subject_kind="saved_view", subject_id=str(view_id), before=_told(view))
    session.delete(view)
    session.flush()


def begin_with(session: Session, about: ListDescription, view_id: int | None, *, user_id: int) -> None:
    """Let the person's list begin with the view; None: as usual. Raises ViewError for one that they may not use."""
    if view_id is None:
        here = (DefaultView.user_id == user_id, DefaultView.list_name == about.name)
        session.execute(delete(DefaultView).where(*here))
    else:
        if view_id not in {view.id for view in views(session, about, user_id)}:
            raise ViewError("gone")
        session.execute(
            insert(DefaultView)
            .values(user_id=user_id, list_name=about.name, view_id=view_id)
            .on_conflict_do_update(index_elements=["user_id", "list_name"], set_={"view_id": view_id})
        )
    audit.record(session, act="views.begin", subject_kind="list", subject_id=about.name, after={"view_id": view_id})


def own_view(session: Session, view_id: int, *, user_id: int, version: int) -> SavedView:
    """The view, locked, as its owner last saw it. Raises ViewError: gone, not_yours, outdated."""
    view = session.execute(
        select(SavedView).where(SavedView.id == view_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()
    if view is None:
        raise ViewError("gone")
    if view.owner_id != user_id:
        raise ViewError("not_yours")
    if view.version != version:
        raise ViewError("outdated")
    return view


def list_of(session: Session, view_id: int) -> str | None:
    """The list that the view is of."""
    return session.execute(select(SavedView.list_name).where(SavedView.id == view_id)).scalar_one_or_none()


def _check_name(session: Session, list_name: str, name: str, *, user_id: int, other_than: int | None) -> None:
    if not name or len(name) > NAME_LONGEST:
        raise ViewError("name")
    taken = session.execute(
        select(SavedView.id).where(
            SavedView.list_name == list_name, SavedView.owner_id == user_id, SavedView.name == name,
            SavedView.id != (other_than or 0),
        )
    ).first()  # fmt: skip
    if taken is not None:
        raise ViewError("taken")


def _kept(state: State) -> Json:
    return {"columns": list(state.columns), "sort": state.sort, "filters": state.filters, "density": state.density}


def _told(view: SavedView) -> Json:
    return {"list": view.list_name, "name": view.name, "shared": view.shared, "columns": view.columns,
            "sort": view.sort, "filters": view.filters, "density": view.density}  # fmt: skip


def _changed(session: Session, view: SavedView, before: Json, act: str, now: datetime) -> None:
    view.version += 1
    view.changed_at = now
    audit.record(session, act=act, subject_kind="saved_view", subject_id=str(view.id), before=before, after=_told(view))
    session.flush()
