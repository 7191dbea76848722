"""Customers of all storefronts: what one is known by, which of them are one person, and which may be.

A customer is what evidence alone says is one (`matching.py`): an order never leaves it by a merge. A person is one
customer, or several that merges hold together; `person_id` names the oldest of them, and an undo only moves that.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Created, Id, Moment, Short, Words


class Customer(Base):
    """`name` to `last_at` are of the whole person, kept where `person_id` is the row's own id, from its orders."""

    __tablename__ = "customer"
    __table_args__ = (
        Index(None, "person_id"),
        Index("ix_customer_orders", "orders", "id", postgresql_where=sql("person_id = id AND orders > 0")),
        Index("ix_customer_name_key", sql("lower(name)"), "id", postgresql_where=sql("person_id = id AND orders > 0")),
        Index("ix_customer_latest", "last_at", "id", postgresql_where=sql("person_id = id AND orders > 0")),
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    name: Mapped[Words]  # As the latest order says, like `company` and `email`.
    company: Mapped[Words]
    email: Mapped[Words]
    guest: Mapped[bool]  # No order was placed with an account.
    channel_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    orders: Mapped[int]
    first_at: Mapped[Moment | None]  # None: every order went to another customer.
    last_at: Mapped[Moment | None]
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")  # Moves with every visible change.
    created_at: Mapped[Created]


class CustomerKey(Base):
    """Evidence that belongs to one customer, so that two pulls at once make one: kinds of `matching.keys_of`.

    The customer is written after its keys, once it is known that nobody else has them.
    """

    __tablename__ = "customer_key"

    kind: Mapped[Short] = mapped_column(primary_key=True)
    value: Mapped[Words] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", deferrable=True, initially="DEFERRED"))


class CustomerLook(Base):
    """A customer of whom something was read since it was last compared with others."""

    __tablename__ = "customer_look"

    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class CustomerPair(Base):
    """Two customers that share something, and what a person said of it. `joined`: merges make them one now."""

    __tablename__ = "customer_pair"
    __table_args__ = (
        CheckConstraint("low_id < high_id", name="ordered"),
        CheckConstraint("state IN ('open', 'different')", name="state_known"),
        Index(None, "high_id"),
        Index("ix_customer_pair_open", "found_at", postgresql_where=sql("state = 'open' AND NOT joined")),
    )

    low_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String(64)))  # Of order keys that both have.
    state: Mapped[Short] = mapped_column(server_default="open")
    joined: Mapped[bool] = mapped_column(server_default="false")
    found_at: Mapped[Moment]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[Moment | None]


class CustomerMerge(Base):
    """Two customers are one person; the merges that are not undone make the persons. `merged_by` None: by evidence."""

    __tablename__ = "customer_merge"
    __table_args__ = (
        CheckConstraint("kept_id <> absorbed_id", name="two"),
        Index("uq_customer_merge_living", sql("least(kept_id, absorbed_id)"), sql("greatest(kept_id, absorbed_id)"),
              unique=True, postgresql_where=sql("undone_at IS NULL")),
        Index(None, "kept_id"),
        Index(None, "absorbed_id"),
    )  # fmt: skip

    id: Mapped[Id]
    kept_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    absorbed_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)  # {agrees: kinds, differs: kinds}
    merged_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    merged_at: Mapped[Moment]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    undone_at: Mapped[Moment | None]
