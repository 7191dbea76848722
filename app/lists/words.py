"""States of exports and of acts on many rows, in the user's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.lists.acts import Act
from app.lists.models import ListExport
from app.lists.registry import description
from app.web.lazy import lazy as _l

_EXPORT = {"waiting": _l("waiting"), "running": _l("being written"), "done": _l("ready"), "failed": _l("failed"),
           "expired": _l("expired"), "stopped": _l("stopped")}  # fmt: skip
_COLOURS = {"waiting": "waiting", "running": "running", "done": "fine", "failed": "failed"}


def export(state: str) -> str:
    """The state of an export."""
    return str(_EXPORT.get(state, state))


def colour(state: str) -> str:
    """Which badge."""
    return _COLOURS.get(state, "")


def title(list_name: str) -> str:
    """What the list is called."""
    return str(description(list_name).title)


def problem(export: ListExport) -> str:
    """Why there is no file."""
    if export.problem == "too_many":
        return _("A worksheet holds 1,048,575 rows at most: narrow the list, or take CSV.")
    return _("The file could not be written. It has been written down.")


def size(size_bytes: int) -> str:
    """`12 kB`, `3.4 MB`."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, size_bytes // 1000)} kB"


_BULK = {"preview": _l("not begun"), "waiting": _l("waiting"), "running": _l("under way"), "done": _l("finished")}
_ROW = {"waiting": _l("waiting"), "done": _l("done"), "skipped": _l("left alone"), "failed": _l("failed"),
        "asked": _l("asked"), "answered": _l("answered")}  # fmt: skip
_ROW_COLOURS = {"waiting": "waiting", "asked": "running", "done": "fine", "answered": "fine", "failed": "failed"}


def bulk(state: str) -> str:
    """The state of an act on many rows."""
    return str(_BULK.get(state, state))


def row(state: str) -> str:
    """What became of a row of it."""
    return str(_ROW.get(state, state))


def row_colour(state: str) -> str:
    """Which badge."""
    return _ROW_COLOURS.get(state, "")


def row_state(state: str, answer: str) -> str:
    """A row's state together with what the other system has answered so far; `answer` '' where nobody is asked."""
    if state != "done" or not answer:
        return state
    return {"pending": "asked", "dead": "failed"}.get(answer, "answered")


def reason(act: Act, code: str) -> str:
    """Why a row was left alone, or failed."""
    known = {
        "stopped": _("the act was stopped before it"),
        "missing": _("it is not in the list any more"),
        "broke": _("something went wrong on our side"),
        "": "",
    }
    known |= {refusal.code: str(refusal.why) for refusal in act.refusals}
    return known.get(code, code)
