"""Lists, page by page: `from` is the first item of the page, `next` and `previous` lead on and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from werkzeug import Request

from sandbox.mollie.access import Caller
from sandbox.mollie.errors import DOCUMENTATION, MollieError
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

DEFAULT_LIMIT, MOST = 50, 250
_OWN = ("from", "limit", "sort", "testmode", "profileId", "embed", "include")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list: things of a `kind`, embedded under `name`, of whatever `where` says in SQL."""

    kind: str
    name: str
    page: str  # Of the documentation.
    where: str = "true"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sortable: bool = True
    filters: frozenset[str] = frozenset()  # Further parameters of the query.
    of_mode: bool = True


def listed(
    books: Books, base_url: str, request: Request, caller: Caller, wanted: Wanted,
    show: Callable[[list[Doc]], list[dict[str, Any]]],
) -> dict[str, Any]:  # fmt: skip
    """The page that the request asks for. Raises MollieError 400."""
    _check(request, caller, wanted)
    limit, upward = _limit(request), request.args.get("sort") == "asc"
    start = _start(books, request, caller, wanted)
    rows = _rows(books, caller, wanted, start=start, limit=limit + 1, upward=upward)
    before = _rows(books, caller, wanted, start=start, limit=limit + 1, upward=not upward)[1:] if start else []
    following = rows[limit][1]["id"] if len(rows) > limit else None
    preceding = before[-1][1]["id"] if before else None
    return {
        "count": len(rows[:limit]), "_embedded": {wanted.name: show([doc for _place, doc in rows[:limit]])},
        "_links": {
            "self": _link(base_url, request, request.args.get("from"), limit),
            "previous": _link(base_url, request, preceding, limit) if preceding else None,
            "next": _link(base_url, request, following, limit) if following else None,
            "documentation": {"href": f"{DOCUMENTATION}/reference/{wanted.page}", "type": "text/html"},
        },
    }  # fmt: skip


def whole(base_url: str, request: Request, name: str, page: str, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """A list that has one page."""
    return {
        "count": len(shown), "_embedded": {name: shown},
        "_links": {
            "self": {"href": f"{base_url}{request.full_path.rstrip('?')}", "type": "application/hal+json"},
            "previous": None, "next": None,
            "documentation": {"href": f"{DOCUMENTATION}/reference/{page}", "type": "text/html"},
        },
    }  # fmt: skip


def check_query(request: Request, known: frozenset[str]) -> None:
    """Raises MollieError 400 for a parameter that the call does not have."""
    for name in request.args:
        if name not in known:
            raise MollieError(400, f'Non-existent query parameter "{name}" for this API call.', name)


def _check(request: Request, caller: Caller, wanted: Wanted) -> None:
    known = frozenset(_OWN) - ({"testmode", "profileId"} if caller.profile else set()) | wanted.filters
    check_query(request, known if wanted.sortable else known - {"sort"})
    if request.args.get("sort", "desc") not in ("asc", "desc"):
        raise MollieError(400, "The sort should be asc or desc", "sort")


def _limit(request: Request) -> int:
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise MollieError(400, f"The limit should be between 1 and {MOST}", "limit")
    return int(text)


Place = tuple[str, int]  # By creation; of one second, as they were written.


def _start(books: Books, request: Request, caller: Caller, wanted: Wanted) -> Place | None:
    """The place of the item to begin with."""
    id_ = request.args.get("from")
    if id_ is None:
        return None
    found = _rows(books, caller, wanted, start=None, limit=1, upward=True, id_=id_)
    if not found:
        raise MollieError(400, "Invalid cursor value", "from")
    return found[0][0]


def _rows(
    books: Books, caller: Caller, wanted: Wanted, *, start: Place | None, limit: int, upward: bool,
    id_: str | None = None,
) -> list[tuple[Place, Doc]]:  # fmt: skip
    where = ["kind = %(kind)s", wanted.where]
    values = {"kind": wanted.kind, "mode": caller.mode, "limit": limit, "id": id_, **wanted.parameters}
    if wanted.of_mode:
        where.append("mode = %(mode)s")
    if caller.profile is not None:
        where.append("profile = %(profile)s")
        values["profile"] = caller.profile.id
    if id_ is not None:
        where.append("id = %(id)s")
    if start is not None:
        where.append(f"(doc->>'createdAt', auto) {'>=' if upward else '<='} (%(created)s, %(auto)s)")
        values["created"], values["auto"] = start
    order = "ASC" if upward else "DESC"
    rows = books.connection.execute(
        f"""SELECT doc->>'createdAt', auto, doc FROM entity WHERE {" AND ".join(where)}
            ORDER BY doc->>'createdAt' {order}, auto {order} LIMIT %(limit)s""",
        values,
    )
    return [((created, auto), doc) for created, auto, doc in rows]


def _link(base_url: str, request: Request, start: str | None, limit: int) -> dict[str, str]:
    others = [(name, value) for name, value in request.args.items(multi=True) if name not in ("from", "limit")]
    query = urlencode([*([("from", start)] if start else []), ("limit", str(limit)), *others])
    return {"href": f"{base_url}{request.path}?{query}", "type": "application/hal+json"}
