"""Languages: English in the source, Dutch complete. `python -m app.i18n update|compile`."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from flask import Flask, has_request_context, request
from flask_babel import Babel

from app.settings import ROOT
from app.web.lazy import current_user

LOCALES = ("nl", "en")
TRANSLATIONS = ROOT / "app" / "translations"
DUTCH = TRANSLATIONS / "nl" / "LC_MESSAGES" / "messages.po"
METHODS = [("**/demo/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}


def locale() -> str:
    """The user's choice, else the browser's, else Dutch."""
    if not has_request_context():
        return "en"
    if current_user.is_authenticated:
        return str(current_user.locale)
    return request.accept_languages.best_match(LOCALES) or "nl"


def init_app(app: Flask) -> None:
    """Plug Flask-Babel in."""
    app.config.update(
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
        BABEL_DEFAULT_TIMEZONE=app.extensions["settings"].timezone,
        BABEL_DEFAULT_LOCALE="en",
    )
    Babel(app, locale_selector=locale)


def extracted() -> Catalog:
    """Every string of the code and the templates."""
    catalog = Catalog(project="iUsed back office")
    found = extract_from_dir(ROOT / "app", method_map=METHODS, keywords=KEYWORDS)
    for filename, _line, message, comments, context in found:
        catalog.add(message, None, [(filename, 1)], auto_comments=comments, context=context)
    return catalog


def dutch() -> Catalog:
    """The Dutch catalogue as it is kept."""
    with DUTCH.open("rb") as file:
        return read_po(file, locale="nl")


def missing() -> list[str]:
    """Strings without a Dutch translation."""
    kept = dutch()
    texts = [message.id for message in extracted() if message.id]
    return [str(text) for text in texts if not (found := kept.get(text)) or not found.string or found.fuzzy]


def update() -> None:
    """Bring new strings into the Dutch catalogue, to be translated, and drop old ones."""
    DUTCH.parent.mkdir(parents=True, exist_ok=True)
    kept = dutch() if DUTCH.exists() else Catalog(locale="nl")
    kept.update(extracted(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    buffer = BytesIO()
    write_po(buffer, kept, width=120, sort_output=True, no_location=True, omit_header=False, ignore_obsolete=True)
    DUTCH.write_bytes(buffer.getvalue())


def compile_all() -> None:
    """Write the binary catalogue that the application reads."""
    target = DUTCH.with_suffix(".mo")
    if Path(target).exists() and target.stat().st_mtime >= DUTCH.stat().st_mtime:
        return
    with target.open("wb") as file:
        write_mo(file, dutch())


if __name__ == "__main__":
    {"update": update, "compile": compile_all}[sys.argv[1]]()
