"""The Admin API's routes over the books of one shop."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
from werkzeug import Request, Response

from sandbox.shopware import documents, events, info, mails, states
from sandbox.shopware.aggregate import aggregations
from sandbox.shopware.criteria import Compiler, filters_of, page_of
from sandbox.shopware.entities import ENTITIES, Association, Entity
from sandbox.shopware.errors import DEADLOCK, ShopError, plain, shopware
from sandbox.shopware.serialise import associated, json_api, linked, plain_json
from sandbox.shopware.shop import Shop
from sandbox.shopware.storage import Books
from sandbox.shopware.writes import ID, Write, delete_ids
from sandbox.storage import Doc

_BODY_ROUTES = ("_action/sync",)


def answer(shop: Shop, request: Request) -> Response:
    """The answer to a request below `/api`. Errors become the envelope."""
    try:
        return _route(shop, request, request.path.removeprefix("/api").strip("/"))
    except ShopError as error:
        return _json({"errors": error.errors}, error.status, error.headers)
    except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
        return _json({"errors": [DEADLOCK]}, 500)


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def _route(shop: Shop, request: Request, path: str) -> Response:
    if path == "oauth/token":
        if request.method != "POST":
            raise plain(405, f'No route found for "{request.method} {request.url}": Method Not Allowed (Allow: POST)')
        return _json(shop.oauth.token(request))
    shop.oauth.check(request)
    if path == "_info/version":
        return _json(info.version(shop))
    if path == "_info/config":
        return _json(info.config(shop))
    if path == "_action/sync":
        return _sync(shop, request)
    if path == "_action/mail-template/send":
        return _send_mail(shop, request)
    if match := re.fullmatch(r"_action/order/document/([a-z_]+)/create", path):
        return _documents(shop, request, match[1])
    parts = path.split("/")
    if match := re.fullmatch(r"_action/(?:state-machine/)?([a-z_-]+)/([^/]+)/state(?:/([a-z_]+))?", path):
        return _state(shop, request, match[1].replace("-", "_"), match[2], match[3])
    if parts[0] in ("search", "search-ids", "aggregate") and len(parts) > 1:
        return _search(shop, request, parts[0], parts[1:])
    return _crud(shop, request, parts)


def _entity(name: str) -> Entity:
    entity = ENTITIES.get(name.replace("-", "_")) if "_" not in name else None
    if entity is None:
        raise plain(404, f'No route found for "/api/{name}"')
    return entity


def _body(request: Request) -> Any:
    if request.mimetype not in ("application/json", "application/vnd.api+json"):
        return {}
    try:
        return json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError) as error:
        raise plain(400, "The JSON payload is malformed.") from error


# Reading ---------------------------------------------------------------------------------------------------------


def _search(shop: Shop, request: Request, kind: str, parts: list[str]) -> Response:
    if request.method != "POST":
        raise plain(405, f'No route found for "{request.method} {request.url}": Method Not Allowed (Allow: POST)')
    body = _body(request)
    criteria = body if isinstance(body, dict) else {}
    entity = _entity(parts[0])
    with shop.storage.transaction() as books:
        if len(parts) == 3:
            entity, criteria = _nested(books, entity, parts[1], parts[2], criteria)
        if kind == "search-ids":
            docs, total = _find(books, entity, criteria)
            return _json({"total": total, "data": [entity.primary_key(doc["id"]) for doc in docs]})
        if kind == "aggregate":
            return _json({"aggregations": _aggregate(books, entity, criteria)})
        return _list_answer(books, shop, request, entity, criteria)


def _association(entity: Entity, id_: str, name: str) -> Association:
    """The association that a path names. Raises ShopError 404."""
    head, *tail = name.split("-")
    link = entity.associations.get(head + "".join(part.title() for part in tail))
    if link is None:
        raise plain(404, f"No route found for /{entity.name}/{id_}/{name}")
    return link


def _nested(
    books: Books, entity: Entity, id_: str, name: str, criteria: dict[str, Any]
) -> tuple[Entity, dict[str, Any]]:
    """`/order/{id}/line-items` as criteria on the child."""
    link = _association(entity, id_, name)
    theirs: dict[str, Any]
    if link.kind in ("many", "single"):
        theirs = {"type": "equals", "field": link.key, "value": id_}
    elif link.kind == "one":
        key = books.get(entity.name, [id_]).get(id_, {}).get(link.key)
        theirs = {"type": "equals", "field": "id", "value": key}
    else:
        ids = linked(books, link, [id_]).get(id_)
        theirs = {"type": "equalsAny" if ids else "equals", "field": "id", "value": ids}
    return ENTITIES[link.entity], {**criteria, "filter": [*filters_of(criteria.get("filter")), theirs]}


def _find(books: Books, entity: Entity, criteria: dict[str, Any]) -> tuple[list[Doc], int]:
    compiler = Compiler(entity)
    where = compiler.where(criteria.get("filter"))
    ids = criteria.get("ids")
    if ids:
        ids = ids.split("|") if isinstance(ids, str) else ids
        if not all(isinstance(id_, str) and ID.match(id_) for id_ in ids):
            raise shopware(400, "FRAMEWORK__INVALID_API_CRITERIA_IDS", "The criteria ids are not valid.")
        where += " AND e.id = ANY(%s)"
        compiler.parameters.append(ids)
    if term := criteria.get("term"):
        where += " AND (e.doc->>'name' ILIKE %s OR e.doc->>'productNumber' ILIKE %s OR e.doc->>'orderNumber' ILIKE %s)"
        compiler.parameters += [f"%{term}%"] * 3
    limit, offset = page_of(criteria)
    docs = books.find(where, compiler.parameters, compiler.order(criteria.get("sort")), limit, offset)
    mode = {"exact": 1, "next-pages": 2, "none": 0}.get(
        str(criteria.get("total-count-mode")), criteria.get("total-count-mode")
    )
    if ids or limit is None or str(mode) not in ("1", "2"):
        return docs, len(docs)
    total = books.count(where, compiler.parameters)
    return docs, total if str(mode) == "1" else min(max(0, total - offset), 6 * limit + 1)


def _aggregate(books: Books, entity: Entity, criteria: dict[str, Any]) -> Any:
    wanted = criteria.get("aggregations")
    if not wanted:
        return []
    compiler = Compiler(entity)
    where = compiler.where(criteria.get("filter"))
    return aggregations(books, compiler, where, wanted)


def _list_answer(books: Books, shop: Shop, request: Request, entity: Entity, criteria: dict[str, Any]) -> Response:
    docs, total = _find(books, entity, criteria)
    associated(books, entity, docs, criteria.get("associations") or {})
    aggregated = _aggregate(books, entity, criteria)
    if _wants_plain(request):
        includes = criteria.get("includes") or {}
        body: dict[str, Any] = {
            "total": total, "data": plain_json(entity, docs, includes), "aggregations": aggregated,
        }  # fmt: skip
        return _json(body)
    api = json_api(entity, docs, shop.base_url + "/api")
    api["links"] = {"self": request.url, "first": request.base_url}
    api["meta"] = {"totalCountMode": criteria.get("total-count-mode") or 0, "total": total}
    api["aggregations"] = aggregated
    return Response(json.dumps(api), mimetype="application/vnd.api+json")


def _wants_plain(request: Request) -> bool:
    accept = request.headers.get("Accept", "*/*")
    if "application/json" in accept:
        return True
    if "application/vnd.api+json" in accept or "*/*" in accept:
        return False
    raise plain(415, "All provided media types are unsupported. Please provide a valid media type.")


def _not_found(entity: Entity, id_: str) -> ShopError:
    return shopware(404, "FRAMEWORK__RESOURCE_NOT_FOUND",
                    f"The {entity.name} resource with the following primary key was not found: id({id_})",
                    parameters={"type": entity.name, "primaryKeyString": f"id({id_})"})  # fmt: skip


def _one_answer(
    books: Books, shop: Shop, request: Request, entity: Entity, id_: str, criteria: dict[str, Any]
) -> Response:
    doc = books.get(entity.name, [id_]).get(id_)
    if doc is None:
        raise _not_found(entity, id_)
    associated(books, entity, [doc], criteria.get("associations") or {})
    if _wants_plain(request):
        (plain,) = plain_json(entity, [doc], criteria.get("includes") or {})
        return _json({"data": plain})
    api = json_api(entity, [doc], shop.base_url + "/api")
    return Response(json.dumps({**api, "data": api["data"][0]}), mimetype="application/vnd.api+json")


# Writing ---------------------------------------------------------------------------------------------------------


def _crud(shop: Shop, request: Request, parts: list[str]) -> Response:
    entity = _entity(parts[0])
    id_ = parts[1] if len(parts) > 1 else None
    criteria = {
        key: value
        for key, value in request.args.items()
        if key in ("limit", "page", "sort", "total-count-mode", "term")
    }
    if request.method == "GET":
        with shop.storage.transaction() as books:
            if id_ is None:
                return _list_answer(books, shop, request, entity, criteria)
            if len(parts) == 3:
                child, nested = _nested(books, entity, id_, parts[2], criteria)
                return _list_answer(books, shop, request, child, nested)
            return _one_answer(books, shop, request, entity, id_, criteria)
    if request.method == "DELETE" and id_ and len(parts) in (2, 4):
        with shop.storage.transaction() as books:
            gone, gone_id = (entity, id_) if len(parts) == 2 else _nested_row(entity, id_, parts[2], parts[3])
            if not delete_ids(books, gone.name, [gone_id]):
                raise _not_found(gone, gone_id)
        return Response(status=204)
    if (request.method == "POST") == (id_ is not None) or request.method not in ("POST", "PATCH"):
        raise plain(405, f'No route found for "{request.method} {request.url}": Method Not Allowed')
    return _write_one(shop, request, entity, id_)


def _nested_row(entity: Entity, id_: str, name: str, other: str) -> tuple[Entity, str]:
    """What deleting `/product/{id}/categories/{other}` removes: the link, or of a 1:n association the other record."""
    link = _association(entity, id_, name)
    if link.kind == "list":
        mapping = ENTITIES[link.mapping]
        return mapping, str(mapping.id_of({link.key: id_, link.other: other}))
    if link.kind == "one":
        raise plain(405, f"No route found for DELETE /{entity.name}/{id_}/{name}: Method Not Allowed")
    return ENTITIES[link.entity], other


def _write_one(shop: Shop, request: Request, entity: Entity, id_: str | None) -> Response:
    if request.mimetype not in ("application/json", "application/vnd.api+json"):
        raise plain(415, f'The Content-Type "{request.mimetype}" is not supported.')
    payload = _body(request)
    if isinstance(payload, list):
        raise plain(
            400,
            "Only single write operations are supported. "
            "Please send the entities one by one or use the /sync api endpoint.",
        )
    with shop.storage.transaction() as books:
        write = Write(books, shop.identity, refuses=shop.faults.refuses)
        new = write.add(entity, {**payload, **({"id": id_} if id_ else {})}, "/0")
        written = write.store(create=id_ is None)
        events.follow(books, shop, written, write)
        headers = {"Location": f"{shop.base_url}/api/{entity.name.replace('_', '-')}/{new}"}
        if "_response" in request.args:
            response = _one_answer(books, shop, request, entity, new, {})
            response.headers.extend(headers)
        else:
            response = Response(status=204, headers=headers)
    shop.after_commit()
    return response


def _sync(shop: Shop, request: Request) -> Response:
    if request.method != "POST":
        raise plain(405, "Method Not Allowed")
    body = _body(request)
    operations = list(body.items()) if isinstance(body, dict) else [(str(n), item) for n, item in enumerate(body)]
    with shop.storage.transaction() as books:
        write = Write(books, shop.identity, refuses=shop.faults.refuses)
        deletes: list[tuple[str, list[Any], Any]] = []
        for key, operation in operations:
            _take(books, write, deletes, str(key), operation)
        data = write.store()
        deleted: dict[str, list[Any]] = {}
        missing: dict[str, list[Any]] = {}
        for name, payload, criteria in deletes:
            gone, unknown = _delete(books, name, payload, criteria)
            if gone:
                deleted.setdefault(name, []).extend(gone)
            if unknown:
                missing.setdefault(name, []).extend(unknown)
        events.follow(books, shop, data, write)
    shop.after_commit()
    return _json({"extensions": [], "data": data or [], "notFound": missing or [], "deleted": deleted or []})


def _take(books: Books, write: Write, deletes: list[tuple[str, list[Any], Any]], key: str, operation: Any) -> None:
    if not isinstance(operation, dict):
        raise plain(400, "Invalid payload format. Expected an array of operations.")
    key = str(operation.get("key") or key)
    name, action, payload = operation.get("entity"), operation.get("action"), operation.get("payload")
    wrong = []
    if not isinstance(name, str) or not name:
        wrong.append(f'Missing "entity" argument for operation with key "{key}". It needs to be a non-empty string.')
    if action not in ("upsert", "delete"):
        wrong.append(
            f'Missing or invalid "action" argument for operation with key "{key}". '
            "Supported actions are [upsert, delete]"
        )
    if not payload and not operation.get("criteria"):
        wrong.append(
            f'Missing "payload"|"criteria" argument for operation with key "{key}". It needs to be a non-empty array.'
        )
    if wrong:
        raise shopware(400, "FRAMEWORK__INVALID_SYNC_OPERATION", "; ".join(wrong))
    if action == "delete":
        deletes.append((str(name), payload or [], operation.get("criteria")))
        return
    if name not in ENTITIES:
        raise shopware(500, "FRAMEWORK__DEFINITION_NOT_FOUND", f'Definition for entity "{name}" does not exist.')
    if not isinstance(payload, list):
        raise plain(400, "Invalid payload. Should contain a list of associative arrays")
    for place, item in enumerate(payload):
        write.add(ENTITIES[name], _resolved(books, item), f"/{key}/{place}")


def _resolved(books: Books, item: Any) -> Any:
    """`{"resolver": "product.number", "value": …}` in a field becomes the product's id."""
    if not isinstance(item, dict):
        return item
    result = dict(item)
    for field, value in item.items():
        if isinstance(value, dict) and value.get("resolver") == "product.number":
            row = books.connection.execute(
                "SELECT id FROM entity WHERE name = 'product' AND doc->>'productNumber' = %s", (value.get("value"),)
            ).fetchone()
            if row is None and not value.get("nullOnMissing"):
                raise shopware(400, "FRAMEWORK__API_INVALID_SYNC_RESOLVERS",
                               f"Can not resolve product number {value.get('value')}")  # fmt: skip
            result[field] = row[0] if row else None
    return result


def _delete(books: Books, name: str, payload: list[Any], criteria: Any) -> tuple[list[Any], list[Any]]:
    if name not in ENTITIES:
        raise shopware(500, "FRAMEWORK__DEFINITION_NOT_FOUND", f'Definition for entity "{name}" does not exist.')
    entity = ENTITIES[name]
    ids = [str(entity.id_of(item)) for item in payload]
    if criteria:
        compiler = Compiler(entity)
        ids = [doc["id"] for doc in books.find(compiler.where(criteria), compiler.parameters, "e.auto", None, 0)]
    gone = delete_ids(books, name, ids)
    return (
        [entity.primary_key(id_) for id_ in ids if id_ in gone],
        [entity.primary_key(id_) for id_ in ids if id_ not in gone],
    )


def _state(shop: Shop, request: Request, entity: str, id_: str, action: str | None) -> Response:
    if entity not in ("order", "order_transaction", "order_delivery"):
        raise plain(404, f"No route found for {request.path}")
    with shop.storage.transaction() as books:
        if action is None:
            return _json(states.transitions_of(books, shop.identity, entity, id_))
        body = _body(request)
        send_mail = not isinstance(body, dict) or body.get("sendMail") is not False
        state = states.transition(books, shop.identity, shop.base_url, entity, id_, action, send_mail=send_mail)
    shop.after_commit()
    wrapped = "/state-machine/" in request.path
    told = {**state, "translated": {"name": state.get("name"), "customFields": {}}, "stateMachine": None,
            "orders": None, "extensions": []}  # fmt: skip
    return _json({"data": told} if wrapped else told)


def _documents(shop: Shop, request: Request, kind: str) -> Response:
    if request.method != "POST":
        raise plain(405, "Method Not Allowed")
    with shop.storage.transaction() as books:
        return _json(documents.answer(books, shop.identity, kind, _body(request)))


def _send_mail(shop: Shop, request: Request) -> Response:
    if request.method != "POST":
        raise plain(405, "Method Not Allowed")
    body = _body(request)
    with shop.storage.transaction() as books:
        return _json(mails.send(books, body if isinstance(body, dict) else {}))
