"""The audit log: one row for every write, in the writer's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import has_request_context
from sqlalchemy.orm import Session

from app import clock
from app.auth.models import Audit
from app.logs import correlation_id
from app.web.lazy import current_user


def record(session: Session, *, act: str, subject_kind: str, subject_id: str, before: Mapping[str, Any] | None = None,
           after: Mapping[str, Any] | None = None, actor: str | None = None) -> None:  # fmt: skip
    """Write who did what to what. Outside a request the actor is named, or the command line is."""
    user_id, name = None, actor or "command line"
    if actor is None and has_request_context():
        user_id = current_user.id if current_user.is_authenticated else None
        name = current_user.name if current_user.is_authenticated else "nobody"
    session.add(
        Audit(
            at=clock.now(), user_id=user_id, actor=name, act=act, subject_kind=subject_kind, subject_id=subject_id,
            before=_plain(before), after=_plain(after), correlation_id=correlation_id(),
        )
    )  # fmt: skip


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    simple = (str, int, float, bool, type(None), list, dict)
    return {key: value if isinstance(value, simple) else str(value) for key, value in values.items()}
