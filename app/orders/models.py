"""Orders as the storefronts tell them. An order, each attempt to pay it and each delivery have a state of their own.

States are Shopware's words (`integrations/shopware/README.md`); one that a plugin added is kept as it came.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Money, Rate, Short, Words

PROMISES = ("none", "held", "short", "released", "shipped")
EVENT_KINDS = ("placed", "order", "payment", "delivery", "tracking", "edited", "stock", "gone", "back", "verdict",
               "refund", "act", "note", "note_back", "serial", "serial_off", "serial_twice", "document")  # fmt: skip


class Order(Base):
    """What a customer bought at a storefront. Two storefronts may use the same number."""

    __tablename__ = "shop_order"
    __table_args__ = (
        UniqueConstraint("channel_id", "external_id"),
        Index(None, "number"),
        Index(None, "placed_at", "id"),
        Index(None, "channel_id", "placed_at", "id"),
        Index(None, "state", "placed_at", "id"),
        Index(None, "payment_state", "placed_at", "id"),
        Index(None, "delivery_state", "placed_at", "id"),
        Index(None, "country", "placed_at", "id"),
        Index(None, "method", "placed_at", "id"),
        Index(None, "total", "id"),
        Index("ix_shop_order_number_key", sql("(lpad(length(number)::text, 4, '0') || number)"), "id"),
        Index("ix_shop_order_name_key", sql("lower(name)"), "id"),
        Index("ix_shop_order_email", sql("lower(email)"), "placed_at"),
        Index(None, "customer_id", "placed_at", "id"),
        Index("ix_shop_order_gone", "id", postgresql_where=sql("gone_at IS NOT NULL")),
        Index("ix_shop_order_short", "channel_id", "id", postgresql_where=sql("short")),
    )

    id: Mapped[Id]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    external_id: Mapped[str] = mapped_column(String(32))  # The shop's id of it.
    number: Mapped[Words]
    placed_at: Mapped[Moment]
    state: Mapped[Short]
    payment_state: Mapped[Short]  # Of the attempt that counts; '' when there is none.
    delivery_state: Mapped[Short]  # Of the delivery that counts; '' when there is none.
    currency: Mapped[str] = mapped_column(String(3))
    total: Mapped[Money]  # With VAT, as the customer pays it.
    net: Mapped[Money]
    shipping: Mapped[Money]
    tax_status: Mapped[Short]  # gross, net, tax-free: how amounts of lines are to be read
    email: Mapped[Words]
    name: Mapped[Words]
    company: Mapped[Words]
    customer_number: Mapped[Words]
    comment: Mapped[Words]
    customer_external_id: Mapped[str | None] = mapped_column(String(32))  # The shop's record of who ordered.
    guest: Mapped[bool] = mapped_column(server_default="true")  # That record is no account, or is gone.
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))  # None: of before customers were known.
    country: Mapped[str] = mapped_column(String(2), server_default="")  # Of the invoice's address.
    method: Mapped[Words] = mapped_column(server_default="")  # By which the attempt that counts is paid.
    content_hash: Mapped[Short]  # Of everything that was read, in order not to write what did not change.
    read_at: Mapped[Moment]  # When the shop last told something new.
    gone_at: Mapped[Moment | None]  # The shop does not know it any more.
    short: Mapped[bool] = mapped_column(server_default="false")  # A line waits for pieces that nobody holds.
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")  # Moves with every visible change.
    created_at: Mapped[Created]


class OrderLine(Base):
    """`promise`: whether stock is kept for it. Amounts have the shop's four decimals."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "external_id"),
        CheckConstraint("promise IN ('none', 'held', 'short', 'released', 'shipped')", name="promise_known"),
        Index("ix_order_line_sku", "sku", postgresql_where=sql("sku IS NOT NULL")),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(32))
    parent_id: Mapped[str | None] = mapped_column(String(32))  # External id of the line that it is a part of.
    position: Mapped[int]
    kind: Mapped[Short]  # product, custom, promotion, credit, and what plugins add
    sku: Mapped[str | None] = mapped_column(String(255))
    label: Mapped[Words]
    quantity: Mapped[int]
    unit_price: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    total_price: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    tax_percent: Mapped[Rate | None]
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"), index=True)
    promise: Mapped[Short] = mapped_column(server_default="none")


class OrderSerial(Base):
    """A piece that went into a line, by its serial number or IMEI, in the spelling of `serial_numbers`."""

    __tablename__ = "order_serial"
    __table_args__ = (UniqueConstraint("order_line_id", "serial"), Index(None, "serial"))

    id: Mapped[Id]
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id", ondelete="CASCADE"))
    serial: Mapped[Short]
    added_at: Mapped[Moment]
    added_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # None: another system told.


class OrderPayment(Base):
    """An attempt to pay, `order_transaction` in the shop. Mollie's ids stand there in custom fields of its plugin."""

    __tablename__ = "order_payment"
    __table_args__ = (
        UniqueConstraint("order_id", "external_id"),
        Index(None, "external_id"),
        Index("ix_order_payment_mollie", "mollie_payment_id", postgresql_where=sql("mollie_payment_id IS NOT NULL")),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(32))
    state: Mapped[Short]
    method: Mapped[Words]  # The shop's technical name, '' when it is not told.
    method_name: Mapped[Words]
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    created_at: Mapped[Moment]  # At the shop.
    mollie_payment_id: Mapped[str | None] = mapped_column(String(64))
    mollie_order_id: Mapped[str | None] = mapped_column(String(64))
    absent_at: Mapped[Moment | None]  # When Mollie said that it does not know the payment.


class OrderDelivery(Base):
    """A parcel, or what a discount on shipping made of one: its costs are below zero then."""

    __tablename__ = "order_delivery"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(32))
    state: Mapped[Short]
    method_name: Mapped[Words]
    costs: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    tracking_codes: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    earliest: Mapped[date | None] = mapped_column(Date)
    latest: Mapped[date | None] = mapped_column(Date)
    address_id: Mapped[str | None] = mapped_column(String(32))  # External id of the address.


class OrderAddress(Base):
    """As it was typed at the shop; the number of the house stands in `street`."""

    __tablename__ = "order_address"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(32))
    billing: Mapped[bool]
    name: Mapped[Words]
    company: Mapped[Words]
    street: Mapped[Words]
    extra: Mapped[Words]
    zipcode: Mapped[Words]
    city: Mapped[Words]
    country: Mapped[str] = mapped_column(String(2))
    phone: Mapped[Words]


class OrderDocument(Base):
    """An invoice and its like, which the shop made."""

    __tablename__ = "order_document"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[Short]  # invoice, credit_note, delivery_note, storno, and what plugins add
    number: Mapped[Words]
    created_at: Mapped[Moment]  # At the shop.


class OrderKey(Base):
    """What an order can be asked for by, in the spelling of `app.orders.keys`; found whole or by its beginning."""

    __tablename__ = "order_key"
    __table_args__ = (
        Index("ix_order_key_value", "value", "placed_at", postgresql_ops={"value": "text_pattern_ops"},
              postgresql_include=["order_id", "kind"]),  # Looking for something reads no row.
    )  # fmt: skip

    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[Short] = mapped_column(primary_key=True)
    value: Mapped[Words] = mapped_column(primary_key=True)
    placed_at: Mapped[Moment]  # Of the order: the newest is found first.


class OrderEvent(Base):
    """What became of an order, as we learned of it: the order's timeline. Never changed."""

    __tablename__ = "order_event"
    __table_args__ = (Index(None, "order_id", "id"),)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    at: Mapped[Moment]
    kind: Mapped[Short]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class OrderAct(Base):
    """What a person wants done to an order at its shop. `key` comes from the form: a double click is one act.

    Kinds: cancel, address, resend, repair. States: waiting (for a second person), requested, done, failed, declined.
    """

    __tablename__ = "order_act"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("kind IN ('cancel', 'address', 'resend', 'repair')", name="kind_known"),
        CheckConstraint("state IN ('waiting', 'requested', 'done', 'failed', 'declined')", name="state_known"),
        Index(None, "order_id", "id"),
        Index("ix_order_act_waiting", "created_at", postgresql_where=sql("state = 'waiting'")),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"))
    kind: Mapped[Short]
    key: Mapped[Short]
    state: Mapped[Short]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)  # What is wanted, and what it was before.
    reason: Mapped[Words] = mapped_column(server_default="")
    created_at: Mapped[Moment]
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[Moment | None]
    done_at: Mapped[Moment | None]
    failure: Mapped[Words] = mapped_column(server_default="")
