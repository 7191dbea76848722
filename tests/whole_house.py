"""A row of everything, so that every address of the portal opens and every button has something to act on."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import few_orders as few
import few_payments
from flask import Flask, url_for
from small_assortment import Assortment
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app import clock
from app.auth import audit
from app.auth.models import User
from app.catalog.descriptions import read_description
from app.catalog.device_facts import facts_as_text, match_key
from app.catalog.models import CatalogueBatch, Product, SupplierItem, Variant
from app.channels.models import AllocationRule
from app.customers import services as customers
from app.customers import twins
from app.customers.models import CustomerPair
from app.db import Base
from app.feeds.models import SupplierFeed, SupplierFeedItem
from app.flows.models import Lane, Message, Run
from app.lists.models import BulkAct, BulkRow, ListExport, ListExportPart, SavedView
from app.matching.models import MatchQuestion
from app.offers import services as offers
from app.offers.models import Offer, OfferChange, OfferFile, OfferFileContent, OfferLine
from app.orders import services as orders
from app.orders.models import Order, OrderAct, OrderLine, OrderSerial
from app.payments import services as payments
from app.payments import settlements
from app.payments.models import Payment, Refund
from app.pricing import pins, publishing
from app.pricing import services as pricing
from app.pricing.models import OfferPin, PriceOverride, PriceRule, RuleSet, SoldLine
from app.stock import counts
from app.stock import services as stock
from app.stock.models import BufferRule, Location, Movement, Reservation, StockCount, StockCountLine, StockReason
from app.suppliers.models import Supplier, SupplierContact, SupplierWord
from sandbox.testing import hexid

LISTINGS = "portal.listings.shopware"
CORRELATION = "c" * 32


class WholeHouse:
    """`ids`: what stands for each argument of an address. `grow` makes every list longer."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.trade = Assortment(session)
        self.supplier = self.trade.supplier("foxway")
        self.variant = self.trade.variant("SKU-0000")
        self.warehouse_id = session.execute(select(Location.id).where(Location.kind == "warehouse")).scalar_one()
        self._grown = 0
        self.run = self._run()
        self._add([self.run])
        self.message = self._message("a SKU of before", state="dead")
        self.word = SupplierWord(kind="grade", supplier_id=self.supplier.id, word="demo", shown="Demo")
        self.user = User(email="closed@example.com", name="Karel", role="agent", password_hash="", active=False)
        self._add([
            self.message, self.user, Lane(flow="portal.sweep.portal", channel="", success_at=clock.now()),
            Lane(flow=LISTINGS, channel="econocom"), self.word,
            SupplierContact(supplier_id=self.supplier.id, name="Mette", email="mette@foxway.dk", phone="+4532123456"),
        ])  # fmt: skip
        self.file = self.offer_file("checked")
        self.session.add(self._line(2, "X1", rejected=True, problems=[{"code": "price_zero", "value": "0"}]))
        self.feed = self._feed("list of the day")
        self._add([self.feed])
        self._ask_and_count()
        self._draft_and_name()
        self.order_id = self._orders("10001")
        self._pay()
        self._one_person()
        self.grow(2)

    @property
    def ids(self) -> dict[str, Any]:
        return {
            "supplier_id": self.supplier.id, "file_id": self.file.id, "product_id": self.trade.product.id,
            "variant_id": self.variant.id, "run_id": self.run.id, "message_id": self.message.id,
            "user_id": self.user.id, "flow": LISTINGS, "channel": "econocom", "word_id": self.word.id,
            "question_id": self.question.id, "batch_id": self.batch.id, "item_id": self.item.id,
            "count_id": self.count_id, "location_id": self.warehouse_id, "reason_id": self.reason.id,
            "code": "econocom", "feed_id": self.feed.id,
            "order_id": self.order_id, "address_id": hexid("address"), "token": "guessed", "refund_id": self.refund_id,
            "line_id": self.line_id(), "serial_id": self.serial_id(),
            "act_id": self.act().id, "settlement_id": self.settlement_id,
            "customer_id": self.customer_id, "merge_id": self.merge_id,
            "list_name": "orders", "part": "filter", "view_id": self._view().id, "export_id": self.export().id,
            "bulk_id": self.bulk_act("preview"),
            "rule_set_id": self.draft_id, "rule_id": self.rule.id, "override_id": self.override.id,
        }  # fmt: skip

    def _somebody(self) -> int:
        """Who is signed in, when the administrator is: views, exports and bulk acts are a person's own."""
        found = select(User.id).where(User.email == "admin@example.com")
        return self.session.execute(found).scalar_one_or_none() or self.user.id

    def _view(self) -> SavedView:
        """A view of the person's, made when it is first asked for."""
        owner_id = self._somebody()
        found = self.session.execute(select(SavedView).where(SavedView.owner_id == owner_id)).scalars().first()
        if found is None:
            found = SavedView(
                list_name="orders",
                name="Mine",
                owner_id=owner_id,
                columns=["order", "total"],
                sort="-placed",
                filters={"payment": "paid"},
                density="compact",
                changed_at=clock.now(),
            )
            self._add([found])
            self.session.commit()
        return found

    def export(self, state: str = "done") -> ListExport:
        """An export of the person's."""
        user_id = self._somebody()
        found = self.session.execute(
            select(ListExport).where(ListExport.user_id == user_id, ListExport.state == state)
        ).scalars().first()  # fmt: skip
        if found is None:
            now = clock.now()
            found = ListExport(
                list_name="orders",
                user_id=user_id,
                format="csv",
                args={"payment": "paid"},
                locale="nl",
                state=state,
                done=1,
                size_bytes=3,
                asked_at=now,
                expires_at=now + timedelta(hours=1),
            )
            self._add([found])
            self._add([ListExportPart(export_id=found.id, position=0, content=b"a,b")])
            self.session.commit()
        return found

    def bulk_act(self, state: str, row: str = "waiting") -> int:
        """The id of an act of the person's on an order, and what became of that."""
        user_id = self._somebody()
        found = self.session.execute(
            select(BulkAct.id).where(BulkAct.user_id == user_id, BulkAct.state == state)
        ).scalars().first()  # fmt: skip
        if found is None:
            act = BulkAct(list_name="orders", act="note", user_id=user_id, args={"payment": "paid"}, whole=True,
                          given={"text": "Call back"}, state=state, asked_at=clock.now())  # fmt: skip
            self._add([act])
            self._add([BulkRow(bulk_id=act.id, subject_id=self.order_id, label="10001", state=row)])
            self.session.commit()
            found = act.id
        return found

    def _ask_and_count(self) -> None:
        """What people are asked about lines, what they taught, and a warehouse that is being counted."""
        self.batch = CatalogueBatch(products=1, variants=1, made_at=clock.now())
        self.item = SupplierItem(supplier_id=self.supplier.id, item_number="L1", grade="A", variant_id=self.variant.id,
                                 method="person")  # fmt: skip
        self.question = self.question_about("Q1")
        self.reason = StockReason(name="Fell from a shelf")
        self._add([self.batch, self.item, self.question, self.reason])
        self.count_id = counts.start(self.session, self.warehouse_id, user_id=None, now=clock.now())
        self.session.commit()

    def _orders(self, *numbers: str) -> int:
        """Orders of Ada's, paid and sent in part, each to a house where somebody else buys too; returns one's id."""
        (address,) = few.order().addresses
        seen = [
            few.order(number, payment_state="paid", payments=(few.payment(number, state="paid"),),
                      addresses=(address._replace(street=f"Dam {number}"),),
                      deliveries=(few.delivery(number, state="shipped_partially", tracking_codes=("3S",)),))
            for number in numbers
        ]  # fmt: skip
        others = [one._replace(external_id=hexid(f"other {one.number}"), number=f"9{one.number}", name="Bo de Wit",
                               email=f"bo{one.number}@example.com", lines=()) for one in seen]  # fmt: skip
        moved = orders.apply_orders(self.session, self.trade.shops[1].id, [*seen, *others], now=clock.now()).moved
        twins.look(self.session, now=clock.now())
        return self.session.execute(
            select(Order.id).where(Order.id.in_(moved), Order.number == numbers[0])
        ).scalar_one()  # fmt: skip

    def _one_person(self) -> None:
        """Ada, and somebody whom a person said to be her."""
        self.customer_id = self.session.get_one(Order, self.order_id).customer_id
        assert self.customer_id is not None
        self.merge_id = customers.merge(self.session, self.customer_id, self.neighbour(), evidence={"agrees": ["mail"]},
                                        user_id=self.user.id, now=clock.now())  # fmt: skip

    def neighbour(self) -> int:
        """Somebody who may be Ada."""
        pair = self.session.execute(
            select(CustomerPair).where(CustomerPair.joined.is_(False), CustomerPair.low_id == self.customer_id).limit(1)
        ).scalar_one()
        return pair.high_id

    def _pay(self) -> None:
        """A payment of the order, of which a part goes back and a part waits for a second person, and its payout."""
        shop = self.trade.shops[1].id
        refunded = (few_payments.refund("re_1", status="failed"),)
        seen = few_payments.payment(order_number="10001", refunds=refunded, settlement_id="stl_1")
        payments.apply_payments(self.session, shop, [seen], now=clock.now())
        paid = settlements.SettlementSeen("stl_1", "1200417.2603.01", "paidout", "EUR", Decimal("120.75"),
                                          Decimal("0.25"), clock.now(), clock.now())  # fmt: skip
        member = settlements.MemberSeen("payment", "tr_1", "tr_1", Decimal("121.00"), "EUR", clock.now())
        self.settlement_id = settlements.apply_settlement(self.session, paid, [member], now=clock.now())
        self.refund_id = self.refund()

    def payment_id(self) -> int:
        """Of the order's payment."""
        return self.session.execute(select(Payment.id).where(Payment.external_id == "tr_1")).scalar_one()

    def apart(self) -> str:
        """An attempt of the order that the shop calls paid, and Mollie expired."""
        attempt = hexid("payment 10001")
        seen = few_payments.payment("tr_2", status="expired", transaction_id=attempt)
        payments.apply_payments(self.session, self.trade.shops[1].id, [seen], now=clock.now())
        self.session.commit()
        return attempt

    def unsent(self) -> int:
        """An order of which nothing was sent."""
        shop = self.trade.shops[1].id
        (order_id,) = orders.apply_orders(self.session, shop, [few.order("30001")], now=clock.now()).moved
        self.session.commit()
        return order_id

    def refund(self, state: str = "waiting") -> int:
        """A refund of the order's payment that somebody else wants."""
        found = Refund(payment_id=self.payment_id(), key=uuid.uuid4().hex, state=state, amount=5, currency="EUR",
                       reason="goodwill", created_at=clock.now(), requested_by=self.user.id)  # fmt: skip
        self._add([found])
        self.session.commit()
        return found.id

    def act(self) -> OrderAct:
        """A cancellation that waits for a second person."""
        found = OrderAct(order_id=self.order_id, kind="cancel", key=uuid.uuid4().hex, state="waiting", facts={},
                         reason="tested", created_at=clock.now(), requested_by=self.user.id)  # fmt: skip
        self._add([found])
        self.session.commit()
        return found

    def line_id(self) -> int:
        """Of the order."""
        return self.session.execute(select(OrderLine.id).where(OrderLine.order_id == self.order_id)).scalar_one()

    def serial_id(self) -> int:
        """A piece of the order's, whose line has another one left."""
        line = self.session.get_one(OrderLine, self.line_id())
        line.quantity += 1
        serial = uuid.uuid4().hex[:12].upper()
        found = OrderSerial(order_line_id=line.id, serial=serial, added_at=clock.now(), added_by=self.user.id)
        self._add([found])
        self.session.commit()
        return found.id

    def _draft_and_name(self) -> None:
        """A draft of the rules, and a price that somebody named."""
        self.draft_id = pricing.open_draft(self.session, user_id=None)
        self.rule = PriceRule(rule_set_id=self.draft_id, name="Gifts", kind="cost", position=900,
                              parameters={"component": "packaging", "eur": "1"})  # fmt: skip
        self.override = PriceOverride(
            variant_id=self.variant.id, channel_id=self.trade.shops[0].id, gross=1, reason="a sale",
            ends_at=clock.now() + timedelta(days=9), created_by=self.user.id, created_at=clock.now(),
        )  # fmt: skip
        self._add([self.rule, self.override])
        self.session.commit()

    def question_about(self, item_number: str, **facts: Any) -> MatchQuestion:
        """A line that was not matched by itself."""
        values: dict[str, Any] = {
            "supplier_id": self.supplier.id, "item_number": item_number, "description_key": "", "description": "iPhone",
            "grades": ["A"], "evidence": {}, "reason": "incomplete", "lines": 1, "pieces": 3, "value_eur": 300,
            "offer_file_id": self.file.id, "row_number": 2,
        }  # fmt: skip
        return MatchQuestion(**values | facts)

    def address(self, app: Flask, rule: Rule) -> str:
        """A rule with the arguments of this house. Raises KeyError for an argument that `ids` does not know."""
        with app.test_request_context():
            return url_for(rule.endpoint, **{name: self.ids[name] for name in rule.arguments})

    def pages(self, app: Flask) -> Iterator[tuple[str, str]]:
        """Endpoint and address of everything that a browser gets, but the static files."""
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.endpoint != "static":
                yield rule.endpoint, self.address(app, rule)

    def grow(self, count: int) -> None:
        """So many more of everything that a page lists, in few statements."""
        names = [f"{number:04}" for number in range(self._grown + 1, self._grown + count + 1)]
        self._grown += count
        product_id, supplier_id = self.trade.product.id, self.supplier.id
        variants = [Variant(product_id=product_id, sku=f"SKU-{name}", name=name, grade="A", match_key=name)
                    for name in names]  # fmt: skip
        others = [Supplier(code=f"zulu-{name}", name=f"Zulu {name}", kind="broker", country="NL", currency="EUR")
                  for name in names]  # fmt: skip
        self._add(variants, others)
        files = [self._file(other.id, "accepted", name) for name, other in zip(names, others, strict=True)]
        self._add(files, *(self._rows(name) for name in names))
        for name, variant, other, file in zip(names, variants, others, files, strict=True):
            self.session.add_all([
                Location(code=name, name=name, kind="supplier", supplier_id=other.id),
                self._offer(supplier_id, variant.id, f"S{name}", self.file.id),
                self._offer(other.id, self.variant.id, f"O{name}", file.id),
                BufferRule(variant_id=variant.id, pieces=1),
                AllocationRule(channel_id=self.trade.shops[0].id, variant_id=variant.id, share_percent=50, min_shown=1),
                OfferPin(variant_id=variant.id, supplier_id=supplier_id, identity=f"S{name}", reason="tested",
                         created_at=clock.now(), until=clock.now() + timedelta(days=9)),
                StockCountLine(stock_count_id=self.count_id, variant_id=variant.id, expected=0),
                SupplierWord(kind="grade", supplier_id=other.id, word=f"word {name}", shown=f"Word {name}"),
                SupplierFeedItem(feed_id=self.feed.id, mark=name, name=f"{name}.csv", sha256="0" * 64, size_bytes=1,
                                 became="file", offer_file_id=file.id, taken_at=clock.now()),
                PriceOverride(variant_id=variant.id, channel_id=self.trade.shops[0].id, gross=900, reason="tested",
                              ends_at=clock.now() + timedelta(days=9), created_by=self.user.id, created_at=clock.now()),
                SoldLine(kind="sale", channel_id=self.trade.shops[0].id, reference=name, variant_id=variant.id,
                         quantity=1, gross=300, purchase=200, vat_scheme="margin", vat_percent=21,
                         sold_on=clock.now().date() - timedelta(days=100 * int(name))),
                Reservation(variant_id=variant.id, channel_id=self.trade.shops[1].id, reference=name, quantity=1,
                            state="shipped", ended_at=clock.now()),
            ])  # fmt: skip
            audit.record(self.session, act="things.make", subject_kind="thing", subject_id=name, after={"name": name})
        self._orders(*(str(20000 + int(name)) for name in names))
        self.trade.refresh(self.variant, *variants, now=clock.now())
        self.file.counts = offers.check(self.session, self.file, self.supplier)
        self.session.commit()

    def _add(self, *rows: Sequence[Base]) -> None:
        for some in rows:
            self.session.add_all(some)
        self.session.flush()

    def _rows(self, name: str) -> list[Base]:
        """Rows that need no id of another new one."""
        return [
            SupplierWord(kind="grade", supplier_id=self.supplier.id, word=f"word {name}", shown=f"Word {name}"),
            Product(brand="Apple", line="iPhone", model=name, name=f"iPhone {name}", category="phone"),
            PriceRule(rule_set_id=self.trade.rules.id, name=f"Rule {name}", kind="cost",
                      parameters={"component": "inbound", "eur": "5"}, position=99),
            PriceRule(rule_set_id=self.draft_id, name=f"Draft {name}", kind="margin_percent",
                      parameters={"percent": "5"}, position=99),
            RuleSet(state="retired", number=1000 + int(name), note=name),
            User(email=f"user{name}@example.com", name=name, role="agent", password_hash="", active=False),
            StockReason(name=f"Reason {name}"),
            StockCount(location_id=self.warehouse_id, state="cancelled", started_at=clock.now()),
            CatalogueBatch(products=1, variants=1, made_at=clock.now()),
            Location(code=f"hall-{name}", name=f"Hall {name}", kind="warehouse"),
            SupplierItem(supplier_id=self.supplier.id, item_number=f"I{name}", grade="A", variant_id=self.variant.id,
                         method="person"),
            self.question_about(f"A{name}"),
            self._run(),
            self._message(f"SKU-{name}", state="delivered"),
            Lane(flow=LISTINGS, channel=f"shop-{name}"),
            Movement(variant_id=self.variant.id, location_id=self.warehouse_id, kind="count", quantity=1, reason=name,
                     reference=name, correlation_id=""),
            self._line(int(name) + 2, f"L{name}", problems=[{"code": "text_repaired", "value": "x"}]),
            self._feed(f"feed {name}"),
        ]  # fmt: skip

    def _line(
        self, row_number: int, identity: str, *, problems: list[dict[str, str]], rejected: bool = False
    ) -> OfferLine:
        return OfferLine(
            offer_file_id=self.file.id, row_number=row_number, identity=identity, item_number=identity,
            description="iPhone 12", grade_word="S", grade_key="s", quantity=1, price=100, currency="EUR",
            vat_scheme="regular", rejected=rejected, problems=problems,
        )  # fmt: skip

    def _feed(self, name: str) -> SupplierFeed:
        """One that does not work, and whose server showed a key."""
        place = {"host": "sftp.foxway.example", "port": 22, "user": "iused", "folder": "/out", "pattern": "*.csv",
                 "take": "newest", "host_key": ""}  # fmt: skip
        problem = {"code": "host_key_unknown", "key": "ssh-ed25519 AAAA", "fingerprint": "SHA256:x"}
        return SupplierFeed(
            supplier_id=self.supplier.id, kind="sftp", name=name, place=place, sealed={"password": "sealed"},
            every_minutes=60, problem=problem, failures=5, failing_since=clock.now(), last_run_at=clock.now(),
        )  # fmt: skip

    def offer_file(self, state: str, name: str = "list") -> OfferFile:
        """A file of the supplier, with its columns and its bytes."""
        file = self._file(self.supplier.id, state, name)
        self._add([file])
        self.session.add(OfferFileContent(offer_file_id=file.id, content=b"Nummer;Lager;Pris\nX1;1;0\n"))
        self.session.commit()
        return file

    def _file(self, supplier_id: int, state: str, name: str) -> OfferFile:
        column = {"header": "Nummer", "field": "item_number", "confidence": 1.0, "evidence": "name", "samples": ["X1"]}
        return OfferFile(
            supplier_id=supplier_id, filename=f"{name}.csv", sha256=f"{name:>064}", size_bytes=2, mode="partial",
            list_date=clock.now().date(), state=state, correlation_id=CORRELATION, fingerprint="f" * 40, delimiter=";",
            header_row=1, encoding="utf-8", columns=[column], counts={},
        )  # fmt: skip

    def _offer(self, supplier_id: int, variant_id: int, identity: str, file_id: int) -> Offer:
        return Offer(
            supplier_id=supplier_id, identity=identity, item_number=identity, description="", grade_word="A",
            grade_key="a", grade="A", quantity=3, price=200, currency="EUR", price_eur=200, vat_scheme="regular",
            variant_id=variant_id, offer_file_id=file_id, row_number=1, changed_at=clock.now(),
        )  # fmt: skip

    def workbook(self) -> OfferFile:
        """A file of two sheets, one of which was read."""
        file = self.offer_file("columns", "two-sheets")
        sheets = [{"name": name, "state": "visible", "rows": 2} for name in ("Stock", "More")]
        file.reading = {"sheet": "Stock", "sheets": sheets, "member": None, "members": [], "notes": {"hidden_rows": 2}}
        file.sheet = "Stock"
        self.session.commit()
        return file

    def held_file(self) -> OfferFile:
        """A file that breaks a limit of the supplier."""
        file = self.offer_file("checked", "odd")
        file.counts = self.file.counts | {"holds": [{"code": "lines_gone"}]}
        self.session.commit()
        return file

    def applied_file(self) -> OfferFile:
        """A file that changed an offer just now."""
        file = self.offer_file("accepted", "applied")
        file.accepted_at = clock.now()
        offer_id = self.session.execute(select(Offer.id).limit(1)).scalar_one()
        self.session.add(OfferChange(offer_file_id=file.id, offer_id=offer_id, kind="new"))
        self.session.commit()
        return file

    def another_warehouse(self) -> int:
        """A second warehouse's id."""
        attic = Location(code="attic", name="Attic", kind="warehouse")
        self._add([attic])
        self.session.commit()
        return attic.id

    def receive(self, location_id: int) -> None:
        """A piece of the variant in a warehouse."""
        stock.move(self.session, variant_id=self.variant.id, location_id=location_id, kind="receipt", quantity=1,
                   reason="found", reference="test", user_id=None)  # fmt: skip
        self.session.commit()

    def offer_of_variant(self) -> int:
        """An offer for the variant that may be sold."""
        return self.session.execute(
            select(Offer.id).where(Offer.variant_id == self.variant.id, Offer.quantity > 0).limit(1)
        ).scalar_one()

    def edition(self) -> str:
        """Of the draft: forms about its rules carry it."""
        draft = self.session.get_one(RuleSet, self.draft_id, populate_existing=True)
        return str(draft.edition)

    def without_draft(self) -> None:
        """Nobody changes the rules."""
        pricing.discard(self.session, self.draft_id, now=clock.now())
        self.session.commit()

    def simulated(self, *, asked: bool = False) -> int:
        """The draft's id, simulated; `asked`: somebody else asked for it to be published."""
        publishing.write_simulation(self.session, self.draft_id, now=clock.now())
        if asked:
            self.session.get_one(RuleSet, self.draft_id).asked_by = self.user.id
        self.session.commit()
        return self.draft_id

    def staged(self) -> int:
        """The id of a version that prices its first part of the products."""
        found = RuleSet(state="staged", number=999, stage_percent=5)
        self._add([found])
        self.session.commit()
        return found.id

    def retired(self) -> int:
        """The id of a version that was in force."""
        return self.session.execute(select(RuleSet.id).where(RuleSet.state == "retired").limit(1)).scalar_one()

    def pinned(self) -> int:
        """The variant's id, with one of its offers pinned."""
        pins.pin(self.session, self.offer_of_variant(), reason="test", until=clock.now() + timedelta(days=3),
                 user_id=None, now=clock.now())  # fmt: skip
        self.session.commit()
        return self.variant.id

    def makeable(self) -> dict[str, str]:
        """A form that makes the device of a question whose configuration is known in full."""
        facts = read_description("iPhone 13 128GB Midnight")
        assert facts is not None
        known = self.question_about("Q2", reason="new", facts=facts_as_text(facts), match_key=match_key(facts))
        self._add([known])
        self.session.commit()
        return {"supplier": str(self.supplier.id)}

    def upload(self) -> tuple[io.BytesIO, str]:
        """A stock list, as a form sends it."""
        return io.BytesIO(b"Nummer;Beskrivelse;Lager;Eksport Pris\nX1;iPhone 12;3;1500\n"), "new list.csv"

    def _run(self) -> Run:
        now = clock.now()
        return Run(flow=LISTINGS, channel="econocom", state="finished", cause="wake", worker="host:1", started_at=now,
                   seen_at=now, ended_at=now)  # fmt: skip

    def _message(self, key: str, *, state: str) -> Message:
        now = clock.now()
        return Message(
            direction="out", flow=LISTINGS, channel="econocom", key=key, state=state, next_attempt_at=now,
            content_hash="", correlation_id=CORRELATION, body={"sku": key}, settled_at=now, run_id=self.run.id,
        )  # fmt: skip
