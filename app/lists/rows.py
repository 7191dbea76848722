"""The rows of a list's page, by a template that is compiled from the macros of the columns that are shown.

`<list>/cells.html` has a macro per column. To call them for each cell, and what they call for each of their words,
takes ten times as long as the statement that finds the rows. So the bodies of the macros are put one behind the other
into one macro of a template of its own, once per choice of columns. What it made of a row is kept for TICK_S, since
many people look at the same rows, and what it made of a page as long as that is remembered: how long ago something was
may be told twice so much late.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from jinja2 import Environment, Template, nodes, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from sqlalchemy import Row

from app import clock
from app.web.templating import language, moment_in, money_in

if TYPE_CHECKING:
    from app.lists.pages import ListPage

SHAPES = 500  # Choices of columns that are kept.
TICK_S = 15
_PLACE = 10**15  # Stands for a row's id while an address is taken apart.


class Remembering:
    """A module of words for one page: the same question is asked once, since a page's rows have few states."""

    def __init__(self, module: object) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        kept = cache(found) if callable(found) else found
        setattr(self, name, kept)
        return kept


class Addresses:
    """Addresses of rows' own pages, each found once as what stands before and behind the id."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[str, str]] = {}

    def of(self, endpoint: str, id_name: str, id_: int) -> str:
        """`url_for(endpoint, id_name=id_)`."""
        parts = self._parts.get(endpoint)
        if parts is None:
            before, _place, behind = url_for(endpoint, **{id_name: _PLACE}).partition(str(_PLACE))  # type: ignore[arg-type]
            parts = self._parts[endpoint] = before, behind
        return f"{parts[0]}{id_}{parts[1]}"


@pass_context
def _money(context: Context, value: Decimal | None, currency: str = "EUR") -> str:
    return money_in(context["language"], value, currency)


@pass_context
def _moment(context: Context, value: datetime | None) -> Markup:
    return moment_in(context["language"], context["timezone"], value, context["moment_now"])


class Shape(NamedTuple):
    """What the HTML of a row is made by, besides the row. `columns`: name, kind, and whether a phone leaves it out."""

    cells: str
    columns: tuple[tuple[str, str, bool], ...]
    picks: bool


Looks = tuple[Shape, str, str]  # How rows look: the shape, the list that they lead back to, the language.


class _Kept(NamedTuple):
    """HTML of rows that were shown since the tick began."""

    until: float
    html: dict[tuple[Any, ...], str]


class Rows:
    """The compiled templates of one process, and what they made lately."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment.overlay()
        self._environment.filters = {**environment.filters, "money": _money, "moment": _moment}
        self._template = lru_cache(SHAPES)(partial(compiled, self._environment))
        self._kept: dict[Looks, _Kept] = {}

    def html(self, page: ListPage, words: object) -> Markup:
        """The `<tr>` of all rows. `words`: the module that the cells take their words from."""
        shape = Shape(page.about.cells, page.shown, bool(page.acts))
        if self._environment.auto_reload:
            return Markup("".join(map(self._maker(shape, page.within, words), page.rows)))  # noqa: S704
        key = shape, page.within, language()
        made = page.found.html.get(key)
        if made is None:
            made = page.found.html[key] = Markup("".join(self._made(key, page.rows, words)))  # noqa: S704
        return made

    def _made(self, key: Looks, rows: list[Row[Any]], words: object) -> Iterator[str]:
        kept = self._kept_of(key)
        make: Callable[[Row[Any]], str] | None = None
        for row in rows:
            said = tuple(row)
            html = kept.get(said)
            if html is None:
                make = make or self._maker(key[0], key[1], words)
                html = kept[said] = make(row)
            yield html

    def _kept_of(self, key: Looks) -> dict[tuple[Any, ...], str]:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or kept.until < now:
            if len(self._kept) >= SHAPES:
                self._kept.clear()
            kept = self._kept[key] = _Kept(now + TICK_S, {})
        return kept.html

    def _maker(self, shape: Shape, within: str, words: object) -> Callable[[Row[Any]], str]:
        module = self._template(shape).make_module({
            "words": Remembering(words), "address": Addresses().of, "within": within, "language": language(),
            "timezone": str(get_timezone()), "moment_now": clock.now(), "pick_it": _("Pick the row"),
        })  # fmt: skip
        make: Callable[[Row[Any]], str] = module.tr  # type: ignore[attr-defined]
        return make


def init_app(app: Flask) -> None:
    """Give templates `list_rows`."""
    app.jinja_env.globals["list_rows"] = Rows(app.jinja_env).html


def compiled(environment: Environment, shape: Shape) -> Template:
    """A template with the macro `tr`: the bodies of the columns' macros, all of which call their row by one name."""
    assert environment.loader is not None
    source, filename, _same = environment.loader.get_source(environment, shape.cells)
    tree = environment.parse(source, shape.cells, filename)
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    (row,) = {macro.args[0].name for macro in macros.values()}
    body: list[nodes.Node] = [_html("<tr>")]
    if shape.picks:
        body += [_html('<td class="pick"><label><input type="checkbox" name="id" value="'),
                 nodes.Output([nodes.Getattr(nodes.Name(row, "load"), "id", "load")]),
                 _html('" form="bulk" data-pick autocomplete="off" aria-label="'),
                 nodes.Output([nodes.Name("pick_it", "load")]), _html('"></label></td>')]  # fmt: skip
    for name, kind, wide in shape.columns:
        classes = f"{kind} wide" if wide else kind
        body += [_html(f'<td class="{classes}">'), *macros[name].body, _html("</td>")]
    body.append(_html("</tr>\n"))
    imports = [node for node in tree.body if isinstance(node, nodes.Import | nodes.FromImport)]
    template = nodes.Template([*imports, nodes.Macro("tr", [nodes.Name(row, "param")], [], body)])
    template.set_environment(environment)
    template.set_lineno(1, override=False)
    code = environment.compile(template, shape.cells, filename)
    return Template.from_code(environment, code, environment.make_globals(None))


def _html(text: str) -> nodes.Output:
    return nodes.Output([nodes.TemplateData(text)])
