"""Words about what makes two customers one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _

from app.customers.queries import MergeRow
from app.web.lazy import lazy as _l

_KINDS = {
    "account": _l("account"), "name": _l("name"), "company": _l("company"), "mail": _l("mail address"),
    "phone": _l("phone number"), "address": _l("address"),
}  # fmt: skip


def kind(name: str) -> str:
    """What a fact is about."""
    return str(_KINDS.get(name, name))


def shared(kinds: Sequence[str]) -> str:
    """Why somebody is asked: `the same phone number, address`."""
    return _("the same %(what)s", what=", ".join(kind(name) for name in kinds)) if kinds else ""


def evidence(found: Mapping[str, Sequence[str]]) -> str:
    """What spoke for a merge and what against it."""
    parts = []
    if found.get("agrees"):
        parts.append(shared(found["agrees"]))
    if found.get("differs"):
        parts.append(_("another %(what)s", what=", ".join(kind(name) for name in found["differs"])))
    return " · ".join(parts)


def who(merge: MergeRow) -> str:
    """Who merged."""
    return merge.merged_by or _("by evidence")
