"""A draft is simulated, approved, published in stages, taken back and reverted: nothing else than was simulated."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import current_app
from small_assortment import NOON, Assortment
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.auth.models import Audit, User
from app.catalog.models import Variant
from app.extensions import settings
from app.flows.models import Message
from app.pricing import publishing, queries, services
from app.pricing.models import Price, PriceRule, RuleSet
from app.pricing.rules import RuleInvalid
from app.pricing.services import RuleSetError

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def assortment(session: Session) -> Assortment:
    return Assortment(session)


@pytest.fixture
def people(session: Session) -> list[int]:
    """Two people's ids."""
    users = [User(email=f"{name}@example.com", name=name, password_hash="", role="manager") for name in ("an", "bo")]
    session.add_all(users)
    session.flush()
    return [user.id for user in users]


@pytest.fixture
def open_limits(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing needs a second person."""
    limits = {"price_approval_listings_percent": 100, "price_approval_eur": Decimal(10**9)}
    monkeypatch.setitem(current_app.extensions, "settings", settings().model_copy(update=limits))


def stocked(assortment: Assortment, count: int = 4) -> list[Variant]:
    """Variants, offered, listed and confirmed on both storefronts."""
    supplier = assortment.supplier()
    variants = []
    for number in range(count):
        variant = assortment.variant(f"SKU-{number}")
        assortment.offer(supplier, variant, quantity=2, price=f"{100 + 50 * number}.00")
        variants.append(variant)
    assortment.refresh(*variants)
    assortment.confirm(shop=0)
    assortment.confirm(shop=1)
    return variants


def draft_with(assortment: Assortment, **parameters: str) -> RuleSet:
    """A draft in which the margin is another."""
    session = assortment.session
    draft_id = services.open_draft(session, user_id=None)
    (rule,) = [rule for rule in queries.rules(session, draft_id) if rule.name == "Margin"]
    values = {"name": "Margin", "kind": rule.kind, "channel_id": None, "where": {}, "parameters": parameters,
              "active": True}  # fmt: skip
    services.save_rule(session, draft_id, rule.id, values, edition=the(assortment, draft_id).edition, now=NOON)
    return the(assortment, draft_id)


def the(assortment: Assortment, rule_set_id: int) -> RuleSet:
    found = queries.rule_set(assortment.session, rule_set_id)
    assert found is not None
    return found


def simulated(assortment: Assortment, rule_set_id: int) -> dict[str, Any]:
    publishing.write_simulation(assortment.session, rule_set_id, now=NOON)
    found = the(assortment, rule_set_id).simulation
    assert found is not None
    return found


def publish(assortment: Assortment, rule_set_id: int, user_id: int, *, channel_id: int | None = None,
            percent: int | None = None) -> bool:  # fmt: skip
    return publishing.ask_publish(assortment.session, rule_set_id, note="Because", channel_id=channel_id,
                                  percent=percent, user_id=user_id, now=LATER)  # fmt: skip


def work(assortment: Assortment, rule_set_id: int) -> None:
    while publishing.bring_in_line(assortment.session, rule_set_id, now=LATER):
        pass


def gross(assortment: Assortment, variants: list[Variant], shop: int = 0) -> list[Decimal]:
    return [assortment.listing(variant, shop).price_gross for variant in variants]


def test_a_published_draft_changes_listings_and_messages_exactly_as_simulated(
    assortment: Assortment, people: list[int], open_limits: None
) -> None:
    variants = stocked(assortment)
    before = gross(assortment, variants)
    changed = draft_with(assortment, percent="25")
    said = simulated(assortment, changed.id)
    assert gross(assortment, variants) == before
    assert assortment.messages() == []

    assert publish(assortment, changed.id, people[0])
    work(assortment, changed.id)

    assert (said["listings"], said["changed"], said["dearer"]) == (8, 8, 8)
    assert sum(said["histogram"]) == 8
    moves = {(move["sku"], move["channel"]): (Decimal(move["old"]), Decimal(move["new"])) for move in said["up"]}
    after = gross(assortment, variants)
    for variant, old, new in zip(variants, before, after, strict=True):
        assert moves[variant.sku, "Refurbished Direct"] == (old, new)
        assert new > old
    for shop in (0, 1):
        sent = {message.key: Decimal(message.body["price_gross"]) for message in assortment.messages(shop)}
        assert sent == {variant.sku: new for variant, new in zip(variants, after, strict=True)}
    assert {message.origin for message in assortment.messages()} == {f"rule-set:{changed.id}"}
    effect = sum(2 * (new - old) for old, new in zip(before, after, strict=True))  # Two pieces of each.
    assert Decimal(said["effect_eur"]) == effect
    done = the(assortment, changed.id)
    assert (done.state, done.number, done.step) == ("in_force", 2, "")
    assert the(assortment, assortment.rules.id).state == "retired"


def test_nothing_is_published_that_was_not_simulated_as_it_is(
    assortment: Assortment, people: list[int], open_limits: None
) -> None:
    stocked(assortment, 1)
    changed = draft_with(assortment, percent="25")
    with pytest.raises(RuleSetError, match="not_simulated"):
        publish(assortment, changed.id, people[0])

    simulated(assortment, changed.id)
    draft_with(assortment, percent="26")

    with pytest.raises(RuleSetError, match="not_simulated"):
        publish(assortment, changed.id, people[0])


def test_a_draft_with_rules_that_cannot_be_computed_says_so_and_cannot_be_published(
    assortment: Assortment, people: list[int]
) -> None:
    stocked(assortment, 1)
    draft_id = services.open_draft(assortment.session, user_id=None)
    assortment.session.add(PriceRule(rule_set_id=draft_id, position=900, name="Platform", kind="channel_fee_percent",
                                     parameters={"percent": "90"}))  # fmt: skip
    assortment.session.flush()

    said = simulated(assortment, draft_id)

    assert said["problem"]["code"] == "FeesTooHigh"
    with pytest.raises(RuleSetError, match="not_simulated"):
        publish(assortment, draft_id, people[0])


def test_above_the_limit_a_second_person_must_agree(assortment: Assortment, people: list[int]) -> None:
    variants = stocked(assortment)
    before = gross(assortment, variants)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)

    assert publishing.needs_approval(assortment.session, the(assortment, changed.id)) == ["listings"]
    assert not publish(assortment, changed.id, people[0])
    assert gross(assortment, variants) == before
    with pytest.raises(RuleSetError, match="same_person"):
        publishing.approve(assortment.session, changed.id, user_id=people[0], now=LATER)
    publishing.approve(assortment.session, changed.id, user_id=people[1], now=LATER)
    work(assortment, changed.id)

    assert gross(assortment, variants) != before
    acts = assortment.session.execute(select(Audit.act).order_by(Audit.id)).scalars().all()
    assert acts[-3:] == ["pricing.ask_publish", "pricing.approve", "pricing.in_force"]


def test_an_edit_after_the_request_voids_it(assortment: Assortment, people: list[int]) -> None:
    stocked(assortment)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)
    publish(assortment, changed.id, people[0])

    draft_with(assortment, percent="60")

    with pytest.raises(RuleSetError, match="not_asked"):
        publishing.approve(assortment.session, changed.id, user_id=people[1], now=LATER)


def test_the_effect_in_euros_has_a_limit_of_its_own(
    assortment: Assortment, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(assortment)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)
    limits = {"price_approval_listings_percent": 100, "price_approval_eur": Decimal(50)}
    monkeypatch.setitem(current_app.extensions, "settings", settings().model_copy(update=limits))

    assert publishing.needs_approval(assortment.session, the(assortment, changed.id)) == ["effect"]


@pytest.mark.parametrize("rest", ["go on", "withdraw"])
def test_a_first_storefront_and_then_the_rest_or_back(
    assortment: Assortment, people: list[int], open_limits: None, rest: str
) -> None:
    variants = stocked(assortment)
    before = gross(assortment, variants)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)

    publish(assortment, changed.id, people[0], channel_id=assortment.shops[1].id)
    work(assortment, changed.id)

    assert the(assortment, changed.id).state == "staged"
    assert gross(assortment, variants) == before
    new = gross(assortment, variants, shop=1)
    assert all(high > low for high, low in zip(new, before, strict=True))
    assortment.refresh(*variants, now=LATER)  # A list that comes meanwhile keeps to the stage.
    assert (gross(assortment, variants), gross(assortment, variants, shop=1)) == (before, new)

    if rest == "go on":
        publishing.go_on(assortment.session, changed.id, now=LATER)
        work(assortment, changed.id)
        assert gross(assortment, variants) == new
        assert the(assortment, changed.id).state == "in_force"
    else:
        publishing.withdraw(assortment.session, changed.id, now=LATER)
        work(assortment, changed.id)
        assert gross(assortment, variants, shop=1) == before
        assert the(assortment, changed.id).state == "withdrawn"
        assert the(assortment, assortment.rules.id).state == "in_force"


def test_a_first_part_of_the_products(assortment: Assortment, people: list[int], open_limits: None) -> None:
    (variant, *_others) = stocked(assortment)
    (before,) = gross(assortment, [variant])
    bucket = assortment.product.id * 61 % 100
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)

    publish(assortment, changed.id, people[0], percent=max(1, bucket))
    work(assortment, changed.id)
    assert (gross(assortment, [variant]) == [before]) == (bucket > 0)
    publishing.withdraw(assortment.session, changed.id, now=LATER)
    work(assortment, changed.id)
    assert gross(assortment, [variant]) == [before]


def test_only_one_set_is_on_its_way(assortment: Assortment, people: list[int], open_limits: None) -> None:
    stocked(assortment)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)
    publish(assortment, changed.id, people[0], channel_id=assortment.shops[1].id)
    work(assortment, changed.id)
    other = draft_with(assortment, percent="30")
    simulated(assortment, other.id)

    with pytest.raises(RuleSetError, match="on_its_way"):
        publish(assortment, other.id, people[0])


def test_the_former_rules_come_back_as_a_new_version_without_a_second_person(
    assortment: Assortment, people: list[int]
) -> None:
    variants = stocked(assortment)
    before = gross(assortment, variants)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)
    publish(assortment, changed.id, people[0])
    publishing.approve(assortment.session, changed.id, user_id=people[1], now=LATER)
    work(assortment, changed.id)
    assert gross(assortment, variants) != before

    back = publishing.propose_former(assortment.session, assortment.rules.id, user_id=people[0], now=LATER)
    assert simulated(assortment, back)["cheaper"] == 8
    assert publish(assortment, back, people[0])
    work(assortment, back)

    assert gross(assortment, variants) == before
    assert (the(assortment, back).state, the(assortment, back).number) == ("in_force", 3)
    lineages = [rule.lineage for rule in queries.rules(assortment.session, back)]
    assert lineages == [rule.id for rule in queries.rules(assortment.session, assortment.rules.id)]


def test_work_that_was_cut_off_goes_on_where_it_stopped(
    assortment: Assortment, people: list[int], open_limits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier = assortment.supplier()
    variants = []
    for number in range(3):
        variant = assortment.variant(f"SKU-{number}")
        variant.product_id = assortment.session.execute(
            text("""INSERT INTO product (brand, line, model, name, category) VALUES ('Apple', '', '', '', 'phone')
                    RETURNING id""")
        ).scalar_one()
        assortment.offer(supplier, variant)
        variants.append(variant)
    assortment.refresh(*variants)
    before = gross(assortment, variants)
    monkeypatch.setattr(publishing, "PRODUCTS", 1)
    changed = draft_with(assortment, percent="25")
    simulated(assortment, changed.id)
    publish(assortment, changed.id, people[0])

    assert publishing.bring_in_line(assortment.session, changed.id, now=LATER)
    half = the(assortment, changed.id)
    assert (half.done, half.total, half.cursor) == (1, 3, variants[0].product_id)
    assert [new > old for new, old in zip(gross(assortment, variants), before, strict=True)] == [True, False, False]
    work(assortment, changed.id)

    assert all(new > old for new, old in zip(gross(assortment, variants), before, strict=True))
    count = assortment.session.execute(select(func.count(Price.id)).where(Price.valid_until.is_not(None))).scalar_one()
    assert count == 6
    with pytest.raises(RuleSetError, match="not_publishing"):  # The message came twice.
        publishing.bring_in_line(assortment.session, changed.id, now=LATER)


def test_a_simulation_warns_of_prices_that_may_not_be_struck_through(assortment: Assortment) -> None:
    (variant,) = stocked(assortment, 1)
    (before,) = gross(assortment, [variant])
    cheaper = draft_with(assortment, percent="15")
    assert simulated(assortment, cheaper.id)["strikes"] == 0
    assortment.session.execute(
        text("""INSERT INTO price (variant_id, channel_id, gross, net, floor, landed_cost, vat_scheme, valid_from,
                                   valid_until)
                VALUES (:variant, :channel, :gross, 1, 1, 1, 'regular', :day, :then)"""),
        {"variant": variant.id, "channel": assortment.shops[0].id, "gross": before - 1,
         "day": NOON - timedelta(days=40), "then": NOON - timedelta(days=29)},
    )  # fmt: skip

    said = simulated(assortment, cheaper.id)

    assert said["strikes"] == 1
    assert {move["channel"]: move["low"] for move in said["down"]} == {
        "Refurbished Direct": str(before - 1), "Econocom": None,
    }  # fmt: skip


def test_a_simulation_counts_what_the_ladder_would_do(assortment: Assortment) -> None:
    better, worse = assortment.variant("SKU-A", "A"), assortment.variant("SKU-B", "B")
    worse.match_key = better.match_key
    supplier = assortment.supplier()
    assortment.offer(supplier, better, quantity=2, price="200.00")
    assortment.offer(supplier, worse, quantity=3, price="195.00")
    assortment.refresh(better, worse)
    session = assortment.session
    draft_id = services.open_draft(session, user_id=None)
    services.save_rule(
        session, draft_id, None,
        {"name": "Screens of B", "kind": "cost", "channel_id": None, "where": {"grade": ["B"]},
         "parameters": {"component": "refurbishing", "eur": "60"}, "active": True},
        edition=0, now=NOON,
    )  # fmt: skip

    said = simulated(assortment, draft_id)

    assert (said["withheld_anew"], said["clamped"], said["lifted"]) == (2, 0, 2)
    assert [row["sku"] for row in said["held_back"]] == ["SKU-B", "SKU-B"]
    assert Decimal(said["held_back"][0]["floor"]) > Decimal(said["held_back"][0]["ladder"])


def test_two_people_who_edit_at_once_do_not_overwrite_each_other(assortment: Assortment) -> None:
    session = assortment.session
    draft_id = services.open_draft(session, user_id=None)
    assert services.open_draft(session, user_id=None) == draft_id
    seen = the(assortment, draft_id).edition
    first, second, *_rest = queries.rules(session, draft_id)

    services.switch_rule(session, draft_id, first.id, active=False, edition=seen)

    with pytest.raises(RuleSetError, match="conflict"):
        services.remove_rule(session, draft_id, second.id, edition=seen)


def test_rules_are_added_moved_switched_off_and_removed(assortment: Assortment) -> None:
    session = assortment.session
    draft_id = services.open_draft(session, user_id=None)
    values = {"name": "Parcel", "kind": "cost", "channel_id": None, "where": {"grade": ["A"]},
              "parameters": {"component": "outbound", "eur": "6"}, "active": True}  # fmt: skip

    def names() -> list[str]:
        return [rule.name for rule in queries.rules(session, draft_id)]

    added = services.save_rule(session, draft_id, None, values, edition=0, now=NOON)
    assert names() == ["Freight", "Margin", "Whole euros", "Parcel"]
    first = queries.rules(session, draft_id)[0]
    services.move_rule(session, draft_id, added, before_id=first.id, edition=1)
    assert names() == ["Parcel", "Freight", "Margin", "Whole euros"]
    services.move_rule(session, draft_id, added, before_id=None, edition=2)
    assert names()[-1] == "Parcel"
    with pytest.raises(RuleSetError, match="name_taken"), session.begin_nested():
        services.save_rule(session, draft_id, None, values, edition=3, now=NOON)
    with pytest.raises(RuleInvalid), session.begin_nested():
        services.save_rule(session, draft_id, None, {**values, "name": "x", "parameters": {"eur": "six"}}, edition=3,
                           now=NOON)  # fmt: skip
    services.remove_rule(session, draft_id, added, edition=3)
    assert "Parcel" not in names()
    with pytest.raises(RuleSetError, match="gone"), session.begin_nested():
        services.remove_rule(session, draft_id, added, edition=4)
    in_force = [rule.name for rule in queries.rules(session, assortment.rules.id)]
    assert in_force == ["Freight", "Margin", "Whole euros"]  # A draft changes nothing that is in force.
    assert session.execute(select(func.count(Message.id))).scalar_one() == 0


def test_one_place_up_or_down_is_counted_among_what_a_storefront_shows(assortment: Assortment) -> None:
    session = assortment.session
    for name, shop in (("Fee of one", 0), ("Fee of two", 1)):
        assortment.rule(name, "channel_fee_percent", {"percent": "1"}, shop=shop)
    draft_id = services.open_draft(session, user_id=None)
    ids = {rule.name: rule.id for rule in queries.rules(session, draft_id)}

    def move(name: str, *, up: bool, shop: int | None) -> list[str]:
        channel_id = None if shop is None else assortment.shops[shop].id
        before = services.neighbour(session, draft_id, ids[name], up=up, channel_id=channel_id)
        services.move_rule(session, draft_id, ids[name], before_id=before, edition=the(assortment, draft_id).edition)
        return [rule.name for rule in queries.rules(session, draft_id)]

    assert move("Fee of two", up=True, shop=1)[2:] == ["Fee of two", "Whole euros", "Fee of one"]
    assert move("Fee of two", up=False, shop=None)[2:] == ["Whole euros", "Fee of two", "Fee of one"]
    assert move("Freight", up=True, shop=None)[0] == "Freight"
    assert move("Fee of one", up=False, shop=None)[-1] == "Fee of one"
