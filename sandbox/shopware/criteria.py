"""Criteria of search compiled to SQL (contract, section 3.2)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.shopware.constants import MAX_LIMIT
from sandbox.shopware.entities import ENTITIES, Entity
from sandbox.shopware.errors import ShopError, shopware
from sandbox.shopware.fields import FIELDS

_FIELD = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_COLUMNS = {"createdAt": "created_at", "updatedAt": "updated_at", "autoIncrement": "auto", "id": "id"}


def _invalid(detail: str, code: str = "FRAMEWORK__INVALID_FILTER_QUERY") -> ShopError:
    return shopware(400, code, detail)


def filters_of(filters: Any) -> Any:
    """The list of filters, also from the short form `{field: value}`."""
    if isinstance(filters, dict) and "type" not in filters:
        return [{"type": "equals", "field": name, "value": value} for name, value in filters.items()]
    return filters or []


class Compiler:
    """One query; collects the parameters in their order."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.parameters: list[Any] = [entity.name]
        self.aliases = 0

    def where(self, filters: Any) -> str:
        """The WHERE of a list of filters, or of the short form, ANDed."""
        parts = ["e.name = %s"]
        for item in filters_of(filters):
            parts.append(self.filter(self.entity, "e", item))
        return " AND ".join(parts)

    def filter(self, entity: Entity, alias: str, item: Any) -> str:
        if not isinstance(item, dict) or "type" not in item:
            raise _invalid("Value for filter type is required.")
        kind = str(item["type"])
        if kind in ("multi", "and", "or", "nand", "nor", "not"):
            return self._group(entity, alias, kind, item)
        field = item.get("field")
        if not isinstance(field, str) or not field:
            raise _invalid(f'Parameter "field" for {kind} filter is missing.')
        return self._on_field(entity, alias, field.removeprefix(entity.name + "."), kind, item)

    def _group(self, entity: Entity, alias: str, kind: str, item: dict[str, Any]) -> str:
        queries = item.get("queries")
        if not isinstance(queries, list) or not queries:
            raise _invalid(f'Parameter "queries" for {kind} filter is missing.')
        default = "and" if kind in ("multi", "not") else kind.removeprefix("n")
        operator = str(item.get("operator", default)).lower() if kind in ("multi", "not") else default
        joined = (" OR " if operator == "or" else " AND ").join(self.filter(entity, alias, query) for query in queries)
        return f"NOT COALESCE(({joined}), false)" if kind in ("not", "nand", "nor") else f"({joined})"

    def _on_field(self, entity: Entity, alias: str, field: str, kind: str, item: dict[str, Any]) -> str:
        head, _, rest = field.partition(".")
        link = entity.associations.get(head)
        if not rest or link is None:
            return self._compare(entity, alias, field, kind, item)
        self.aliases += 1
        inner = f"a{self.aliases}"
        self.parameters.append(link.entity)
        if link.kind == "one":
            join = f"{inner}.id = {alias}.doc->>'{link.key}'"
        elif link.kind == "list":
            self.parameters.append(link.mapping)
            link_of = f"m.doc->>'{link.key}' = {alias}.id AND m.doc->>'{link.other}' = {inner}.id"
            join = f"EXISTS (SELECT 1 FROM entity m WHERE m.name = %s AND {link_of})"
        else:
            join = f"{inner}.doc ? '{link.key}' AND {inner}.doc->>'{link.key}' = {alias}.id"
        condition = self._on_field(ENTITIES[link.entity], inner, rest, kind, item)
        return f"EXISTS (SELECT 1 FROM entity {inner} WHERE {inner}.name = %s AND {join} AND {condition})"

    def column(self, entity: Entity, alias: str, field: str, *, typed: bool = False) -> str:
        """The SQL of a field; customFields and other nested values by dots. `typed`: as JSON, which sorts numbers."""
        if field in _COLUMNS:
            return f"{alias}.{_COLUMNS[field]}"
        parts = field.split(".")
        known = FIELDS.get(entity.name)
        if not all(_FIELD.match(part) for part in parts) or (known is not None and parts[0] not in known):
            raise _invalid(f'Field "{field}" in entity "{entity.name}" was not found.', "FRAMEWORK__UNMAPPED_FIELD")
        path = "".join(f"->'{part}'" for part in parts[:-1])
        return f"{alias}.doc{path}{'->' if typed else '->>'}'{parts[-1]}'"

    def _compare(self, entity: Entity, alias: str, field: str, kind: str, item: dict[str, Any]) -> str:
        column = self.column(entity, alias, field)
        as_text = f"({column})::text" if field in _COLUMNS else f"({column})"
        if kind == "range":
            return self._range(column, field, item.get("parameters"))
        value = item.get("value")
        if kind == "equals":
            if value is None:
                return f"{column} IS NULL"
            if value == "":
                raise _invalid(f'Parameter "value" for equals filter is missing. (field {field})')
            if isinstance(value, int | float) and not isinstance(value, bool):
                self.parameters.append(value)
                return f"({column})::numeric = %s"
            self.parameters.append(_text(value))
            return f"{as_text} = %s"
        if kind in ("equalsAny", "equalsAll"):
            values = value.split("|") if isinstance(value, str) else value
            if not isinstance(values, list) or not values:
                raise _invalid(f'Parameter "value" for {kind} filter is missing.')
            self.parameters.append([_text(one) for one in values])
            return f"{as_text} = {'ANY' if kind == 'equalsAny' else 'ALL'}(%s)"
        if kind in ("contains", "prefix", "suffix"):
            if not isinstance(value, str) or not value:
                raise _invalid(f'Parameter "value" for {kind} filter is missing.')
            escaped = value.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
            self.parameters.append({"contains": f"%{escaped}%", "prefix": f"{escaped}%", "suffix": f"%{escaped}"}[kind])
            return f"{as_text} ILIKE %s"
        raise _invalid(f"Unsupported filter type: {kind}")

    def _range(self, column: str, field: str, bounds: Any) -> str:
        if not isinstance(bounds, dict) or not bounds:
            raise _invalid('Parameter "parameters" for range filter is missing.')
        parts = []
        for name, sign in (("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")):
            if name not in bounds:
                continue
            value = bounds[name]
            if field in ("createdAt", "updatedAt"):
                parts.append(f"{column} {sign} (%s)::timestamptz")
                self.parameters.append(_moment(value))
            elif field == "autoIncrement" and isinstance(value, int):
                parts.append(f"{column} {sign} %s")  # As its index says it.
                self.parameters.append(value)
            elif isinstance(value, int | float) or field == "autoIncrement":
                parts.append(f"({column})::numeric {sign} %s")
                self.parameters.append(value)
            else:
                parts.append(f"({column}) {sign} %s")
                self.parameters.append(str(value))
        return "(" + (" AND ".join(parts) or "true") + ")"

    def order(self, sort: Any) -> str:
        """ORDER BY of a list of {field, order} or of `-createdAt,name`."""
        if isinstance(sort, str):
            sort = [
                {"field": part.lstrip("-"), "order": "DESC" if part.startswith("-") else "ASC"}
                for part in sort.split(",")
            ]
        parts = []
        for item in sort or []:
            field = str(item.get("field", "")).removeprefix(self.entity.name + ".")
            if not field:
                raise _invalid("The sort field is missing.", "FRAMEWORK__INVALID_SORT_QUERY")
            direction = "DESC" if str(item.get("order", "ASC")).upper() == "DESC" else "ASC"
            typed = field != "name"  # Names are sorted as their index is.
            parts.append(f"{self.column(self.entity, 'e', field, typed=typed)} {direction}")
        return ", ".join(parts) or "e.auto"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _moment(value: Any) -> str:
    text = str(value).replace("Z", "+00:00").replace(" ", "T", 1)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise _invalid(f"{value} is not a date") from error
    return text if parsed.tzinfo else text + "+00:00"


def page_of(criteria: dict[str, Any]) -> tuple[int | None, int]:
    """Limit and offset. With `ids` both are ignored; `page` without `limit` is the first page for ever."""
    if criteria.get("ids"):
        return None, 0
    limit = _whole(criteria.get("limit"), "limit", "FRAMEWORK__INVALID_LIMIT_QUERY")
    page = _whole(criteria.get("page"), "page", "FRAMEWORK__INVALID_PAGE_QUERY")
    if limit is not None and limit > MAX_LIMIT:
        raise shopware(
            400, "FRAMEWORK__QUERY_LIMIT_EXCEEDED",
            f"The limit must be lower than or equal to MAX_LIMIT(={MAX_LIMIT}). Given: {limit}",
            parameters={"maxLimit": MAX_LIMIT, "limit": limit}, pointer="/limit",
        )  # fmt: skip
    return limit or MAX_LIMIT, (limit or 0) * ((page or 1) - 1)


def _whole(value: Any, name: str, code: str) -> int | None:
    if value in (None, ""):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise shopware(400, code, f"The {name} parameter must be a positive integer greater or equals than 1. "
                       f"Given: {value}", pointer=f"/{name}")  # fmt: skip
    return number
