"""What every template may use: money, numbers, moments, icons, rights."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_timedelta
from flask import Flask, request
from flask_babel import format_currency, format_date, format_datetime, format_decimal, get_locale
from markupsafe import Markup

from app import clock
from app.web.assets import asset_url
from app.web.lazy import current_user
from app.web.navigation import entries
from app.web.permissions import may
from app.web.words import stored

CAPPED = 1000


def money(value: Decimal | float | str | None, currency: str = "EUR") -> str:
    """An amount in the user's notation; a dash for none."""
    return "–" if value is None else str(format_currency(Decimal(str(value)), currency))


def number(value: float | Decimal | None) -> str:
    """A number with the user's thousands sign; a dash for none."""
    return "–" if value is None else str(format_decimal(value))


def signed(value: float) -> str:
    """A difference with its sign."""
    return ("+" if value > 0 else "") + number(value)


def moment(value: datetime | None) -> Markup:
    """How long ago, with the exact Amsterdam time on hover."""
    if value is None:
        return Markup("–")
    ago = format_timedelta(
        value - clock.now(), add_direction=True, threshold=0.9, format="short", locale=get_locale() or "en"
    )
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(), format_datetime(value, "EEEE d MMMM y HH:mm:ss"), ago
    )


def moment_in_words(value: datetime) -> str:
    """Day and time in the user's notation, for what is read later than now."""
    return str(format_datetime(value, "d MMMM y HH:mm"))


def day(value: date | None) -> str:
    """A day in the user's notation; a dash for none."""
    return "–" if value is None else str(format_date(value, "medium"))


def at_time(value: datetime | None) -> str:
    """The time of day, for events of the last hours."""
    return "–" if value is None else str(format_datetime(value, "HH:mm:ss"))


def icon(name: str, *, label: str = "") -> Markup:
    """An icon of the sprite; decoration unless it is labelled."""
    aria = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(aria, asset_url("icons.svg"), name)


def with_args(**changes: Any) -> str:
    """This page's address with some query arguments changed; None removes one. Paging starts anew unless named."""
    values = {key: value for key, value in request.args.items() if key not in ("after", "before")}
    values |= {key: value for key, value in changes.items() if value is not None}
    values = {key: value for key, value in values.items() if changes.get(key, "") is not None}
    return request.path + ("?" + urlencode(values) if values else "")


def is_here(endpoint: str) -> str | None:
    """What `aria-current` says of an entry of the navigation: `page`, `true` for a page under it, None elsewhere."""
    if request.endpoint == endpoint:
        return "page"
    blueprint, _, view = endpoint.partition(".")
    listed = any(entry.endpoint == request.endpoint for group in entries() for entry in group)
    below = request.blueprint == blueprint and view == "index" and not listed and not _of_order_or_message()
    above = {"flows.message": "flows.messages", "payments.settlement": "payments.reconciliation",
             "payments.refund": "orders.index"}.get(request.endpoint or "")  # fmt: skip
    return "true" if endpoint == above or (below and above is None) else None


def _of_order_or_message() -> bool:
    """A page whose blueprint's list is not the one that it belongs to."""
    return request.path.startswith(("/messages", "/orders/")) and request.blueprint != "orders"


def init_app(app: Flask) -> None:
    """Register filters and globals."""
    app.jinja_env.filters.update(
        money=money, number=number, signed=signed, moment=moment, day=day, at_time=at_time, stored=stored
    )
    app.jinja_env.globals.update(
        icon=icon,
        with_args=with_args,
        navigation=entries,
        allowed=lambda permission: bool(current_user.is_authenticated and may(current_user.role, permission)),
        locale=lambda: str(get_locale() or "nl"),
        now=clock.now,
        is_here=is_here,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
