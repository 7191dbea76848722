"""Writing: payloads are flattened to documents, checked together, and stored together (contract, sections 4 to 7)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import psycopg

from sandbox.settings import ShopIdentity
from sandbox.shopware.constants import DEFAULT_CURRENCY, DEFAULT_LANGUAGE, LIVE_VERSION, MACHINES
from sandbox.shopware.entities import ENTITIES, Association, Entity
from sandbox.shopware.errors import ShopError, plain, shopware, violation
from sandbox.shopware.storage import Books
from sandbox.storage import Doc

ID = re.compile(r"^[0-9a-f]{32}$")
_STATE_SCOPE = (
    "Changing the state-machine-state of this entity is not allowed for scope crud. Either change the "
    "state-machine-state via a state-transition or use a different scope."
)


class Write:
    """All writes of one request."""

    def __init__(self, books: Books, shop: ShopIdentity, *, refuses: Callable[[str], bool]) -> None:
        self.books = books
        self.shop = shop
        self.refuses = refuses
        self.rows: dict[str, dict[str, tuple[str, Doc]]] = defaultdict(dict)  # entity -> id -> (pointer, fields)
        self.new: dict[str, set[str]] = defaultdict(set)  # entity -> ids that were not there before
        self.errors: list[dict[str, Any]] = []

    def add(self, entity: Entity, payload: Any, pointer: str, *, parent: dict[str, str] | None = None) -> str:
        """Take one payload with its nested ones; returns its id."""
        if not isinstance(payload, dict):
            raise plain(400, "Invalid payload. Should contain a list of associative arrays")
        doc: Doc = {**payload, **(parent or {})}
        id_ = entity.id_of(doc) or self._new_id(entity)
        doc.pop("id", None)
        for name, value in ({key: doc.get(key) for key in entity.keys} or {"id": id_}).items():
            if value is not None and not (isinstance(value, str) and ID.match(value)):
                raise shopware(400, "FRAMEWORK__INVALID_UUID", f"Value is not a valid UUID: {value}",
                               pointer=f"{pointer}/{name}")  # fmt: skip
        for name, link in entity.associations.items():
            if name not in doc or doc[name] is None:
                continue
            value = doc.pop(name)
            target = ENTITIES[link.entity]
            if link.kind == "one":
                doc[link.key] = self.add(target, value, f"{pointer}/{name}")
            elif link.kind == "single":
                known = {"id": self.shop.id(link.entity, id_)} | value
                self.add(target, known, f"{pointer}/{name}", parent={link.key: id_})
            elif link.kind == "many":
                for place, child in enumerate(_list(value)):
                    self.add(target, child, f"{pointer}/{name}/{place}", parent={link.key: id_})
            else:
                for place, child in enumerate(_list(value)):
                    self._link(link, id_, child, f"{pointer}/{name}/{place}")
        before = self.rows[entity.name].get(id_)
        merged = {**before[1], **doc} if before else doc
        self.rows[entity.name][id_] = (pointer, merged)
        return id_

    def _link(self, link: Association, id_: str, child: Any, pointer: str) -> None:
        """A row of the mapping between us and the child, which is written too when more than its id is given."""
        other = child["id"] if set(child) == {"id"} else self.add(ENTITIES[link.entity], child, pointer)
        self.add(ENTITIES[link.mapping], {link.key: id_, link.other: other}, pointer)

    def _new_id(self, entity: Entity) -> str:
        import uuid

        return uuid.uuid4().hex

    def store(self, *, create: bool | None = None) -> dict[str, list[Any]]:
        """Check everything, then write everything. `create` True or False demands it of a single write.

        Returns the ids per entity as a sync answers them. Raises ShopError with every violation.
        """
        ready: dict[str, dict[str, Doc]] = {}
        for name in sorted(self.rows):
            rows = self.rows[name]
            known = self.books.raw(name, rows)
            ready[name] = {}
            for id_, (pointer, fields) in rows.items():
                old = known.get(id_)
                if old is None:
                    self.new[name].add(id_)
                self._demand(name, id_, old, pointer, create)
                self._check(ENTITIES[name], pointer, fields, old)
                ready[name][id_] = _derived(name, _merged(old, fields))
        if self.errors:
            raise ShopError(400, self.errors)
        self._check_products(ready.get("product", {}))
        self._check_foreign(ready)
        if self.errors:
            raise ShopError(400, self.errors)
        try:
            for name, docs in ready.items():
                self.books.put(name, docs)
        except psycopg.errors.UniqueViolation as error:
            raise self._duplicate(error) from error
        return self._answer(ready)

    def _demand(self, name: str, id_: str, old: Doc | None, pointer: str, create: bool | None) -> None:
        if create is None or pointer.count("/") > 1 or (old is None) == create:
            return
        kind, hint = (
            ("InsertCommand", "PATCH method to update") if create else ("UpdateCommand", "POST method to create")
        )
        raise shopware(
            400, "FRAMEWORK__WRITE_TYPE_INTEND_ERROR",
            f'Expected command for "{name}" to be "{kind}". (Got: '
            f'"{"UpdateCommand" if create else "InsertCommand"}").Hint: Use {hint} '
            f"{'new ' if not create else ''}entities.",
            pointer=pointer,
        )  # fmt: skip

    def _check(self, entity: Entity, pointer: str, fields: Doc, old: Doc | None) -> None:
        for name in entity.protected & fields.keys():
            self.errors.append(violation(f"{pointer}/{name}", "This field is write-protected."))
        if old is not None and entity.name in MACHINES and fields.get("stateId") not in (None, old.get("stateId")):
            self.errors.append(violation(f"{pointer}/stateId", _STATE_SCOPE))
        for name in entity.required:
            if fields.get(name) is None and (old is None or name in fields):
                self.errors.append(violation(f"{pointer}/{name}", "This value should not be blank."))
        if entity.name == "product":
            self._check_product(pointer, fields, old)

    def _check_product(self, pointer: str, fields: Doc, old: Doc | None) -> None:
        if old is None and not fields.get("name"):
            self.errors.append(
                violation(f"{pointer}/translations/{DEFAULT_LANGUAGE}/name", "This value should not be blank.")
            )
        if "stock" in fields and (not isinstance(fields["stock"], int) or isinstance(fields["stock"], bool)):
            self.errors.append(violation(f"{pointer}/stock", "This value should be of type int."))
        prices = fields.get("price")
        if prices is not None:
            self._check_prices(pointer, prices)
        if self.refuses(str({**(old or {}), **fields}.get("productNumber"))):
            self.errors.append(violation(f"{pointer}/name", "This value is too long.", value="refused by the switch"))

    def _check_prices(self, pointer: str, prices: Any) -> None:
        if not isinstance(prices, list) or not prices:
            self.errors.append(violation(f"{pointer}/price", "This value should not be blank."))
            return
        for place, price in enumerate(prices):
            for name, kind in (("gross", "numeric"), ("net", "numeric"), ("linked", "bool"), ("currencyId", "string")):
                value = price.get(name)
                fine = {"numeric": isinstance(value, int | float) and not isinstance(value, bool),
                        "bool": isinstance(value, bool), "string": isinstance(value, str)}[kind]  # fmt: skip
                if not fine:
                    text = (
                        "This value should not be blank." if value is None else f"This value should be of type {kind}."
                    )
                    self.errors.append(violation(f"{pointer}/price/{place}/{name}", text))
        if not any(price.get("currencyId") == DEFAULT_CURRENCY for price in prices):
            self.errors.append(violation(f"{pointer}/price", "No price for default currency defined"))

    def _check_products(self, products: dict[str, Doc]) -> None:
        numbers: dict[str, str] = {}
        for id_, doc in products.items():
            other = numbers.setdefault(str(doc.get("productNumber")), id_)
            if other != id_:
                raise self._number_taken(str(doc.get("productNumber")))
        rows = self.books.connection.execute(
            "SELECT id, doc->>'productNumber' FROM entity WHERE name = 'product' AND doc->>'productNumber' = ANY(%s)",
            (list(numbers),),
        )
        for id_, number in rows:
            if numbers[number] != id_:
                raise self._number_taken(number)

    def _number_taken(self, number: str) -> ShopError:
        pointer = None
        if self.shop.version.startswith("6.7"):
            place = next(p for p, doc in self.rows["product"].values() if doc.get("productNumber") == number)
            pointer = f"{place}/productNumber"
        return shopware(400, "CONTENT__DUPLICATE_PRODUCT_NUMBER", f'Product with number "{number}" already exists.',
                        parameters={"number": number}, pointer=pointer)  # fmt: skip

    def _check_foreign(self, ready: dict[str, dict[str, Doc]]) -> None:
        for name, docs in ready.items():
            for field, target in ENTITIES[name].foreign.items():
                wanted = {doc[field] for doc in docs.values() if isinstance(doc.get(field), str)}
                missing = wanted - self.books.known(target, wanted) - ready.get(target, {}).keys()
                if missing:
                    raise ShopError(500, [{
                        "code": "1452", "status": "500", "title": "Internal Server Error",
                        "detail": "An exception occurred while executing a query: SQLSTATE[23000]: Integrity "
                        "constraint violation: 1452 Cannot add or update a child row: a foreign key constraint "
                        f"fails (`{name}`, "
                        f"CONSTRAINT `fk.{name}.{field}` FOREIGN KEY (`{field}`) REFERENCES `{target}` (`id`))",
                    }])  # fmt: skip

    def _duplicate(self, error: psycopg.errors.UniqueViolation) -> ShopError:
        return ShopError(500, [{
            "code": "1062", "status": "500", "title": "Internal Server Error",
            "detail": "An exception occurred while executing a query: SQLSTATE[23000]: Integrity constraint violation: "
            f"1062 Duplicate entry for key '{error.diag.constraint_name}'",
        }])  # fmt: skip

    def _answer(self, ready: dict[str, dict[str, Doc]]) -> dict[str, list[Any]]:
        answer: dict[str, list[Any]] = {}
        for name, docs in ready.items():
            answer[name] = [ENTITIES[name].primary_key(id_) for id_ in sorted(docs)]
            if ENTITIES[name].translated:
                answer[f"{name}_translation"] = [
                    {f"{_camel(name)}Id": id_, "languageId": DEFAULT_LANGUAGE} for id_ in sorted(docs)
                ]
            for child, parent in (("order_delivery", "order"), ("order_transaction", "order")):
                if name == child:
                    parents = {str(doc["orderId"]) for doc in docs.values() if doc.get("orderId")}
                    answer[parent] = sorted(set(answer.get(parent, [])) | parents)
        return dict(sorted(answer.items()))


def _merged(old: Doc | None, fields: Doc) -> Doc:
    """Fields over the old ones; customFields per top-level key."""
    if old is None:
        return {"versionId": LIVE_VERSION, "customFields": None, **fields}
    merged = {**old, **fields}
    if isinstance(old.get("customFields"), dict) and isinstance(fields.get("customFields"), dict):
        merged["customFields"] = {**old["customFields"], **fields["customFields"]}
    return merged


def _derived(name: str, doc: Doc) -> Doc:
    """What the database computes from the prices of an order and of its lines."""
    price = doc.get("price")
    if name == "order" and isinstance(price, dict):
        shipping = doc.get("shippingCosts") or {}
        return {
            **doc, "amountTotal": price.get("totalPrice"), "amountNet": price.get("netPrice"),
            "positionPrice": price.get("positionPrice"), "taxStatus": price.get("taxStatus"),
            "shippingTotal": shipping.get("totalPrice"), "orderDate": str(doc.get("orderDateTime"))[:10],
        }  # fmt: skip
    if name == "order_line_item" and isinstance(price, dict):
        return {**doc, "unitPrice": price.get("unitPrice"), "totalPrice": price.get("totalPrice")}
    return doc


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def delete_ids(books: Books, name: str, ids: list[str]) -> set[str]:
    """Delete with all that is owned; what is in use is refused. Raises ShopError 409."""
    owned = []
    for other in ENTITIES.values():
        for field, target in other.foreign.items():
            if target != name:
                continue
            if field in other.owned:
                owned.append((other.name, field))
                continue
            used = books.count("e.name = %s AND e.doc->>%s = ANY(%s)", [other.name, field, ids])
            if used:
                raise shopware(
                    409, "FRAMEWORK__DELETE_RESTRICTED",
                    f"The delete request for {name} was denied due to a conflict. The entity is currently in use by: "
                    f"{other.name} ({used})",
                )  # fmt: skip
    for child, field in owned:
        books.connection.execute("DELETE FROM entity WHERE name = %s AND doc->>%s = ANY(%s)", (child, field, ids))
    return books.delete(name, ids)
