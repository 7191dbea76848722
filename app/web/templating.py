"""What every template may use: money, numbers, moments, icons, rights."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import babel.dates
import babel.numbers
from flask import Flask, request
from flask_babel import format_date, format_datetime, format_decimal, get_locale, get_timezone
from markupsafe import Markup

from app import clock
from app.web.assets import asset_url
from app.web.lazy import current_user
from app.web.navigation import entries
from app.web.permissions import may
from app.web.words import stored

CAPPED = 1000
KEPT = 20_000  # Amounts and moments whose words are kept: people look at the same rows again and again.


def language() -> str:
    """Of this request or job. A locale of ours is a language: it has no territory."""
    locale = get_locale()
    return locale.language if locale else "en"


def money(value: Decimal | float | str | None, currency: str = "EUR") -> str:
    """An amount in the user's notation; a dash for none."""
    return money_in(language(), value, currency)


@lru_cache(KEPT)
def money_in(language: str, value: Decimal | float | str | None, currency: str = "EUR") -> str:
    """The same in a language."""
    if value is None:
        return "–"
    return babel.numbers.format_currency(Decimal(str(value)), currency, locale=language)


def number(value: float | Decimal | None) -> str:
    """A number with the user's thousands sign; a dash for none."""
    return "–" if value is None else str(format_decimal(value))


def signed(value: float) -> str:
    """A difference with its sign."""
    return ("+" if value > 0 else "") + number(value)


def moment(value: datetime | None) -> Markup:
    """How long ago, with the exact Amsterdam time on hover."""
    return moment_in(language(), str(get_timezone()), value, clock.now())


def moment_in(language: str, timezone: str, value: datetime | None, now: datetime) -> Markup:
    """The same in a language and a time zone."""
    if value is None:
        return Markup("–")
    before, behind = _exactly(language, timezone, value)
    return Markup(before + _ago(language, _in_steps((value - now).total_seconds())) + behind)  # noqa: S704


@lru_cache(KEPT)
def _exactly(language: str, timezone: str, value: datetime) -> tuple[str, str]:
    """HTML around how long ago it was."""
    there = babel.dates.get_timezone(timezone)
    title = babel.dates.format_datetime(value, "EEEE d MMMM y HH:mm:ss", tzinfo=there, locale=language)
    return str(Markup('<time datetime="{}" title="{}">').format(value.isoformat(), title)), "</time>"


def _in_steps(seconds: float) -> int:
    """Seconds, in steps that nobody sees: of a minute beyond two hours, of an hour beyond two days."""
    step = 1 if abs(seconds) < 7200 else 60 if abs(seconds) < 172_800 else 3600
    return round(seconds / step) * step


@lru_cache(KEPT)
def _ago(language: str, seconds: int) -> str:
    """As HTML."""
    words = babel.dates.format_timedelta(
        timedelta(seconds=seconds), add_direction=True, threshold=0.9, format="short", locale=language
    )
    return str(Markup.escape(words))


def moment_in_words(value: datetime) -> str:
    """Day and time in the user's notation, for what is read later than now."""
    return str(format_datetime(value, "d MMMM y HH:mm"))


def day(value: date | None) -> str:
    """A day in the user's notation; a dash for none."""
    return "–" if value is None else str(format_date(value, "medium"))


def at_time(value: datetime | None) -> str:
    """The time of day, for events of the last hours."""
    return "–" if value is None else str(format_datetime(value, "HH:mm:ss"))


@lru_cache(KEPT)
def icon(name: str, *, label: str = "") -> Markup:
    """An icon of the sprite; decoration unless it is labelled."""
    aria = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(aria, asset_url("icons.svg"), name)


def badge(state: str, text: str | None = None) -> Markup:
    """A state with its dot; `text` is its word where the stored one is none."""
    return _badge(state, text or stored(state))


@lru_cache(KEPT)
def _badge(state: str, text: str) -> Markup:
    return Markup('<span class="state {}">{}</span>').format(state.replace(" ", "-"), text)


@lru_cache(KEPT)
def grade_badge(value: str | None) -> Markup:
    """A grade in its colour; a dash for none."""
    if not value:
        return Markup('<span class="muted">–</span>')
    return Markup('<span class="grade g-{}">{}</span>').format(value.lower().replace("+", "plus"), value)


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
        badge=badge,
        grade_badge=grade_badge,
        with_args=with_args,
        navigation=entries,
        allowed=lambda permission: bool(current_user.is_authenticated and may(current_user.role, permission)),
        locale=language,
        now=clock.now,
        is_here=is_here,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
