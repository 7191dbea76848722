"""Two things of our libraries with the types that their uses need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import flask_babel
import flask_login

if TYPE_CHECKING:
    from app.auth.sessions import Person

# The person of this request: a proxy, so it is looked up when it is used.
current_user: Person = cast(Any, flask_login.current_user)


def lazy(text: str) -> str:
    """A string that is translated when it is shown: what WTForms takes for a str."""
    return cast(str, flask_babel.lazy_gettext(text))


def role_now() -> str:
    """Of the person of this request; empty for nobody."""
    person = cast(Any, flask_login.current_user)._get_current_object()
    return str(person.role) if person.is_authenticated else ""
