"""The rows of a list's page: one loop, compiled from the macros of the columns that are shown.

`<list>/cells.html` has a macro per column. To call them for each cell, and what they call for each of their words,
takes ten times as long as the statement that finds the rows. So the bodies of the macros are put one behind the other
into a loop of a template of its own, once per choice of columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from flask import Flask, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from jinja2 import Environment, Template, nodes, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from app import clock
from app.web.templating import language, moment_in, money_in

if TYPE_CHECKING:
    from app.lists.pages import Heading, ListPage

KEPT = 500
_PLACE = 10**15  # Stands for a row's id while an address is taken apart.
Cell = tuple[str, str, bool]  # A column's name, kind, and whether a phone leaves it out.


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


def init_app(app: Flask) -> None:
    """Give templates `list_rows`."""
    environment = app.jinja_env.overlay()
    environment.filters = {**environment.filters, "money": _money, "moment": _moment}

    @lru_cache(KEPT)
    def loop(cells: str, columns: tuple[Cell, ...], picks: bool) -> Template:
        return _compiled(environment, cells, columns, picks)

    def list_rows(page: ListPage, words: object) -> Markup:
        """The `<tr>` of all rows. `words`: the module that the cells take their words from."""
        make = loop.__wrapped__ if app.jinja_env.auto_reload else loop
        template = make(page.about.cells, _cells(page.headings), bool(page.acts))
        return Markup(template.render(  # noqa: S704
            rows=page.rows, words=Remembering(words), address=Addresses().of, language=language(),
            timezone=str(get_timezone()), moment_now=clock.now(), pick_it=_("Pick the row"),
        ))  # fmt: skip

    app.jinja_env.globals["list_rows"] = list_rows


def _cells(headings: Sequence[Heading]) -> tuple[Cell, ...]:
    return tuple((head.column.name, head.column.kind, head.wide) for head in headings)


def _compiled(environment: Environment, cells: str, columns: tuple[Cell, ...], picks: bool) -> Template:
    """The loop over `rows` whose body is the bodies of the columns' macros, which call their row by one name."""
    assert environment.loader is not None
    source, filename, _same = environment.loader.get_source(environment, cells)
    tree = environment.parse(source, cells, filename)
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    (row,) = {macro.args[0].name for macro in macros.values()}
    shown: list[nodes.Node] = [_html("<tr>")]
    if picks:
        shown += [_html('<td class="pick"><label><input type="checkbox" name="id" value="'), _value(row, "id"),
                  _html('" form="bulk" data-pick autocomplete="off" aria-label="'),
                  nodes.Output([nodes.Name("pick_it", "load")]), _html('"></label></td>')]  # fmt: skip
    for name, kind, wide in columns:
        classes = f"{kind} wide" if wide else kind
        shown += [_html(f'<td class="{classes}">'), *macros[name].body, _html("</td>")]
    shown.append(_html("</tr>\n"))
    loop = nodes.For(nodes.Name(row, "store"), nodes.Name("rows", "load"), shown, [], None, False)
    imports = [node for node in tree.body if isinstance(node, nodes.Import | nodes.FromImport)]
    template = nodes.Template([*imports, loop])
    template.set_environment(environment)
    template.set_lineno(1, override=False)
    code = environment.compile(template, cells, filename)
    return Template.from_code(environment, code, environment.make_globals(None))


def _html(text: str) -> nodes.Output:
    return nodes.Output([nodes.TemplateData(text)])


def _value(row: str, name: str) -> nodes.Output:
    return nodes.Output([nodes.Getattr(nodes.Name(row, "load"), name, "load")])
