"""Who may do what. Every route names one permission, or is listed as public; the guard refuses to start otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, abort, g

from app.web.lazy import current_user

View = TypeVar("View", bound=Callable[..., Any])

# Permission -> the roles that hold it. `signed_in` is everybody with an account.
PERMISSIONS: dict[str, frozenset[str]] = {
    "signed_in": frozenset({"agent", "purchasing", "manager", "admin"}),
    "orders.read": frozenset({"agent", "purchasing", "manager", "admin"}),
    "orders.write": frozenset({"agent", "manager", "admin"}),
    "payments.read": frozenset({"agent", "purchasing", "manager", "admin"}),
    "payments.settle": frozenset({"manager", "admin"}),
    "refunds.request": frozenset({"agent", "manager", "admin"}),
    "refunds.approve": frozenset({"manager", "admin"}),
    "customers.read": frozenset({"agent", "manager", "admin"}),
    "customers.merge": frozenset({"agent", "manager", "admin"}),
    "views.share": frozenset({"manager", "admin"}),
    "suppliers.read": frozenset({"agent", "purchasing", "manager", "admin"}),
    "suppliers.write": frozenset({"purchasing", "admin"}),
    "offers.read": frozenset({"purchasing", "manager", "admin"}),
    "offers.write": frozenset({"purchasing", "admin"}),
    "offers.approve": frozenset({"manager", "admin"}),
    "catalog.read": frozenset({"agent", "purchasing", "manager", "admin"}),
    "stock.read": frozenset({"agent", "purchasing", "manager", "admin"}),
    "stock.write": frozenset({"purchasing", "admin"}),
    "pricing.read": frozenset({"purchasing", "manager", "admin"}),
    "pricing.write": frozenset({"purchasing", "admin"}),
    "pricing.approve": frozenset({"manager", "admin"}),
    "pricing.register": frozenset({"manager", "admin"}),
    "flows.read": frozenset({"purchasing", "manager", "admin"}),
    "flows.write": frozenset({"admin"}),
    "users.write": frozenset({"admin"}),
    "audit.read": frozenset({"manager", "admin"}),
}


class RouteWithoutPermission(Exception):
    """A route names no permission and is not public."""


def may(role: str, permission: str) -> bool:
    """Whether the role holds the permission. An unknown permission is a mistake in the code: KeyError."""
    return role in PERMISSIONS[permission]


def requires(permission: str) -> Callable[[View], View]:
    """The view answers only people whose role holds `permission`; others get the sign-in page or 403."""
    PERMISSIONS[permission]

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                from app.auth.sessions import ask_to_sign_in

                return ask_to_sign_in()
            if not may(current_user.role, permission):
                abort(403)
            g.permission = permission
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def public(view: View) -> View:
    """The view answers anybody; say why in its docstring."""
    view.permission = "public"  # type: ignore[attr-defined]
    return view


def check_routes(app: Flask) -> None:
    """Raise RouteWithoutPermission for a route that is neither guarded nor public."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        if not hasattr(app.view_functions[rule.endpoint], "permission"):
            raise RouteWithoutPermission(f"{rule.rule} ({rule.endpoint}) names no permission")
