"""One request to the API, as its routes see it, and the answers that they give."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug import Request, Response

from sandbox.mollie import lists
from sandbox.mollie.access import Caller
from sandbox.mollie.errors import MollieError
from sandbox.mollie.lists import Wanted
from sandbox.mollie.psp import Mollie
from sandbox.mollie.reading import Given
from sandbox.mollie.storage import Books
from sandbox.storage import Doc

_HAL = "application/hal+json"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a caller, within its transaction."""

    mollie: Mollie
    books: Books
    request: Request
    caller: Caller
    given: Given
    ids: tuple[str, ...]

    @property
    def base_url(self) -> str:
        return self.mollie.base_url

    def query(self, *known: str) -> None:
        """Raises MollieError 400 for a parameter that the call does not have."""
        own = frozenset() if self.caller.profile else frozenset({"testmode", "profileId"})
        lists.check_query(self.request, own | frozenset(known))

    def words(self, name: str, known: frozenset[str]) -> list[str]:
        """A parameter that holds words with commas between. Raises MollieError 400 for an unknown one."""
        words = [word for word in self.request.args.get(name, "").split(",") if word]
        for word in words:
            if word not in known:
                raise MollieError(400, f"The '{name}' parameter does not know '{word}'", name)
        return words

    def page(self, wanted: Wanted, show_all: Callable[[list[Doc]], list[dict[str, Any]]]) -> Response:
        """A page of a list."""
        return answer_of(lists.listed(self.books, self.base_url, self.request, self.caller, wanted, show_all))


Act = Callable[[Ask], Response]


def answer_of(body: Any, status: int = 200) -> Response:
    """An answer in Mollie's JSON; 202 and 204 have none."""
    if body is None:
        return Response(status=status)
    return Response(json.dumps(body), status, mimetype=_HAL)
