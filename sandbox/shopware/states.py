"""State machines (contract, section 8), and what they do to stock."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sandbox.settings import ShopIdentity
from sandbox.shopware import documents, mails, webhooks
from sandbox.shopware.constants import LIVE_VERSION, MACHINES, machine
from sandbox.shopware.errors import shopware
from sandbox.shopware.storage import Books
from sandbox.storage import Doc


def state_id(shop: ShopIdentity, entity: str, state: str) -> str:
    """The id of a state, this shop's own."""
    return shop.id("state", f"{MACHINES[entity]}:{state}")


def name_of(shop: ShopIdentity, entity: str, id_: str) -> str:
    """The technical name behind a state's id; `open` when unknown."""
    names = {target for actions in machine(entity, shop.version).values() for target in actions.values()} | {"open"}
    return next((name for name in names if state_id(shop, entity, name) == id_), "open")


def transition(
    books: Books, shop: ShopIdentity, base_url: str, entity: str, id_: str, action: str, *, send_mail: bool = True
) -> Doc:
    """Move one row; returns the new state. A target that is the current state is a no-op. Raises ShopError 400."""
    found = books.raw(entity, [id_]).get(id_)
    if found is None:
        raise shopware(400, "SYSTEM__STATE_MACHINE_INVALID_ENTITY_ID",
                       f'Unable to read entity "{entity}" with id "{id_}".',
                       parameters={"entityName": entity, "entityId": id_})  # fmt: skip
    rules = machine(entity, shop.version)
    current = name_of(shop, entity, str(found.get("stateId")))
    targets = {name: target for actions in rules.values() for name, target in actions.items()}
    allowed = rules.get(current, {})
    always_cancels = shop.version.startswith("6.6") and action == "cancel"
    if always_cancels:
        target = "cancelled"
    elif targets.get(action) == current:
        return books.get("state_machine_state", [str(found["stateId"])])[str(found["stateId"])]
    elif action in allowed:
        target = allowed[action]
    else:
        possible = sorted(allowed)
        raise shopware(
            400, "SYSTEM__ILLEGAL_STATE_TRANSITION",
            f'Illegal transition "{action}" from state "{found.get("stateId")}". Possible transitions are: '
            f"{', '.join(possible)}",
            parameters={"transition": action, "currentState": found.get("stateId"),
                        "possibleTransitionsString": ", ".join(possible), "possibleTransitions": possible},
        )  # fmt: skip
    new = state_id(shop, entity, target)
    _history(books, shop, entity, id_, str(found.get("stateId")), new, action)
    books.put(entity, {id_: {**found, "stateId": new}})
    if entity == "order" and current != target:
        if target == "cancelled":
            move_stock(books, id_, +1)
        if current == "cancelled" and target == "open":
            move_stock(books, id_, -1)
    order_id = id_ if entity == "order" else str(found.get("orderId"))
    order = books.get("order", [order_id]).get(order_id, {"id": order_id})
    payload = {"order": {key: order.get(key) for key in ("id", "orderNumber", "price", "customFields", "amountTotal")}}
    for side, name in (("leave", current), ("enter", target)):
        webhooks.queue(books, shop, base_url, f"state_{side}.{MACHINES[entity]}.{name}", payload)
    if entity == "order_delivery" and target == "shipped":
        documents.when_sent(books, shop, order_id)
    if send_mail:
        mails.about_order(books, shop, f"{MACHINES[entity]}.{target}", order_id)
    return books.get("state_machine_state", [new])[new]


def _history(books: Books, shop: ShopIdentity, entity: str, id_: str, old: str, new: str, action: str) -> None:
    books.put("state_machine_history", {uuid4().hex: {
        "entityName": entity, "referencedId": id_, "referencedVersionId": LIVE_VERSION,
        "stateMachineId": shop.id("machine", MACHINES[entity]), "fromStateId": old, "toStateId": new,
        "transitionActionName": action, "userId": None, "integrationId": shop.id("integration", "portal"),
    }})  # fmt: skip


def move_stock(books: Books, order_id: str, sign: int) -> None:
    """Placing an order takes its pieces at once; cancelling gives them back; reopening takes them again."""
    wanted: dict[str, int] = {}
    for line in books.of_order("order_line_item", order_id):
        if line.get("productId"):
            wanted[line["productId"]] = wanted.get(line["productId"], 0) + int(line.get("quantity") or 0)
    products = books.raw("product", wanted)
    books.put("product", {
        id_: {**doc, "stock": int(doc.get("stock") or 0) + sign * wanted[id_]} for id_, doc in products.items()
    })  # fmt: skip


def transitions_of(books: Books, shop: ShopIdentity, entity: str, id_: str) -> dict[str, Any]:
    """What may be done now, as the state-machine route lists it."""
    found = books.get(entity, [id_]).get(id_)
    if found is None:
        raise shopware(400, "SYSTEM__STATE_MACHINE_INVALID_ENTITY_ID",
                       f'Unable to read entity "{entity}" with id "{id_}".')  # fmt: skip
    current = name_of(shop, entity, str(found.get("stateId")))
    return {"transitions": [
        {"name": target.replace("_", " ").title(), "technicalName": target, "actionName": action,
         "fromStateName": current, "toStateName": target,
         "url": f"/api/_action/{entity}/{id_}/state/{action}"}
        for action, target in sorted(machine(entity, shop.version).get(current, {}).items())
    ]}  # fmt: skip
