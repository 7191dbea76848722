"""Answers in both formats (contract 3.4): plain JSON with associations inlined, and JSON:API."""

from __future__ import annotations

from typing import Any

from sandbox.shopware.criteria import Compiler
from sandbox.shopware.entities import ENTITIES, Association, Entity
from sandbox.shopware.errors import shopware
from sandbox.shopware.storage import Books
from sandbox.storage import Doc

_TRANSLATED = ("name", "description", "customFields", "subject", "senderName", "contentHtml", "contentPlain")
_NOT_OF_MAPPINGS = frozenset(["id", "versionId", "customFields", "createdAt", "updatedAt", "autoIncrement"])


def associated(books: Books, entity: Entity, docs: list[Doc], wanted: dict[str, Any]) -> None:
    """Put the wanted associations into the documents, nested ones too; one query per association. Raises ShopError."""
    wanted = {name: {} for name, link in entity.associations.items() if link.always} | wanted
    for name in entity.associations:
        if name not in wanted:
            for doc in docs:
                doc.setdefault(name, None)
    for name, inner in wanted.items():
        link_or_none = entity.associations.get(name)
        if link_or_none is None:
            raise shopware(500, "FRAMEWORK__ASSOCIATION_NOT_FOUND",
                           f"Can not find association by name {name}", parameters={"association": name})  # fmt: skip
        _attach(books, link_or_none, name, docs, inner if isinstance(inner, dict) else {})


def _attach(books: Books, link: Association, name: str, docs: list[Doc], criteria: dict[str, Any]) -> None:
    target = ENTITIES[link.entity]
    if link.kind == "one":
        found = books.get(link.entity, {doc[link.key] for doc in docs if doc.get(link.key)})
        for doc in docs:
            doc[name] = found.get(doc.get(link.key) or "")
        children = list(found.values())
    elif link.kind == "list":
        theirs = linked(books, link, [doc["id"] for doc in docs])
        found = books.get(link.entity, {id_ for ids in theirs.values() for id_ in ids})
        for doc in docs:
            doc[name] = [found[id_] for id_ in theirs.get(doc["id"], [])]
        children = list(found.values())
    else:
        compiler = Compiler(target)
        where = compiler.where(criteria.get("filter"))
        where += f" AND e.doc ? '{link.key}' AND e.doc->>'{link.key}' = ANY(%s)"  # As the indexes say it.
        compiler.parameters.append([doc["id"] for doc in docs])
        children = books.find(where, compiler.parameters, compiler.order(criteria.get("sort")), None, 0)
        by_parent: dict[str, list[Doc]] = {}
        for child in children:
            by_parent.setdefault(str(child[link.key]), []).append(child)
        limit = criteria.get("limit")
        for doc in docs:
            mine = by_parent.get(doc["id"], [])[: int(limit) if limit else None]
            doc[name] = (mine[0] if mine else None) if link.kind == "single" else mine
    associated(books, target, children, criteria.get("associations") or {})


def linked(books: Books, link: Association, ids: list[str]) -> dict[str, list[str]]:
    """Through the mapping of a `list`: each of our ids to theirs, in the order in which they were linked."""
    where = f"e.name = %s AND e.doc->>'{link.key}' = ANY(%s)"
    theirs: dict[str, list[str]] = {}
    for row in books.find(where, [link.mapping, ids], "e.auto", None, 0):
        theirs.setdefault(row[link.key], []).append(row[link.other])
    return theirs


def plain_json(entity: Entity, docs: list[Doc], includes: dict[str, list[str]]) -> list[Doc]:
    """`Accept: application/json`."""
    return _Plain(includes).all_of(entity, docs)


class _Plain:
    """Documents of one answer without what `includes` leaves out. A record that many name is written once."""

    def __init__(self, includes: dict[str, list[str]]) -> None:
        self.includes = {name: frozenset(kept) for name, kept in includes.items()}
        self.known: dict[int, Doc] = {}  # By the identity of the document, which its owners hold.

    def all_of(self, entity: Entity, docs: list[Doc]) -> list[Doc]:
        return [self.one(entity, doc) for doc in docs]

    def one(self, entity: Entity, doc: Doc) -> Doc:
        kept = self.includes.get(entity.name)
        result = dict(doc) if kept is None else {name: value for name, value in doc.items() if name in kept}
        for name, link in entity.associations.items():
            value = result.get(name)
            if isinstance(value, list):
                result[name] = self.all_of(ENTITIES[link.entity], value)
            elif isinstance(value, dict):
                result[name] = self.shared(ENTITIES[link.entity], value)
        if entity.translated and (kept is None or "translated" in kept):
            result["translated"] = {key: doc.get(key) for key in _TRANSLATED if key in doc}
        if kept is None or "extensions" in kept:
            result.setdefault("extensions", [])
        if entity.keys:
            result = {name: value for name, value in result.items() if name not in _NOT_OF_MAPPINGS}
        result["apiAlias"] = entity.name
        return result

    def shared(self, entity: Entity, doc: Doc) -> Doc:
        if id(doc) not in self.known:
            self.known[id(doc)] = self.one(entity, doc)
        return self.known[id(doc)]


def json_api(entity: Entity, docs: list[Doc], base: str) -> dict[str, Any]:
    """`Accept: application/vnd.api+json` or nothing: data and included."""
    included: dict[tuple[str, str], Doc] = {}
    data = [_resource(entity, doc, base, included) for doc in docs]
    return {"data": data, "included": list(included.values())}


def _resource(entity: Entity, doc: Doc, base: str, included: dict[tuple[str, str], Doc]) -> Doc:
    attributes, relationships = {}, {}
    for name, value in doc.items():
        if name == "id":
            continue
        link = entity.associations.get(name)
        if link is None:
            attributes[name] = value
            continue
        children = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
        for child in children:
            included.setdefault((link.entity, child["id"]), {})
            included[link.entity, child["id"]] = _resource(ENTITIES[link.entity], child, base, included)
        pointers = [{"type": link.entity, "id": child["id"]} for child in children]
        single = link.kind in ("one", "single")
        relationships[name] = {
            "data": (pointers[0] if pointers else None) if single else pointers,
            "links": {"related": f"{base}/{entity.name.replace('_', '-')}/{doc['id']}/{name}"},
        }
    return {
        "id": doc["id"], "type": entity.name, "attributes": attributes,
        "links": {"self": f"{base}/{entity.name.replace('_', '-')}/{doc['id']}"}, "relationships": relationships,
        "meta": None,
    }  # fmt: skip
