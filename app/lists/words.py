"""States of exports and of acts on many rows, in the user's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.lists.models import ListExport
from app.lists.registry import description
from app.web.lazy import lazy as _l

_EXPORT = {"waiting": _l("waiting"), "running": _l("being written"), "done": _l("ready"), "failed": _l("failed"),
           "expired": _l("expired")}  # fmt: skip
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


def filters(export: ListExport) -> list[tuple[str, str]]:
    """The filters of the export as the address says them, by what they are called."""
    about = description(export.list_name)
    known = {one.name: str(one.label) for one in about.filters}
    return [(known[name], text) for name, text in export.args.items() if name in known]


def problem(export: ListExport) -> str:
    """Why there is no file."""
    if export.problem == "too_many":
        return _("A worksheet holds 1,048,575 rows at most: narrow the list, or take CSV.")
    return _("The file could not be written. It has been written down.")


def size(size_bytes: int) -> str:
    """`12 kB`, `3.4 MB`."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{max(1, size_bytes // 1000)} kB"
