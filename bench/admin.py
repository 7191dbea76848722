"""The peer of lists and of search: Flask-Admin over the same table of the same database, with the same columns.

It asks nobody to sign in and knows no rights, which spares it two statements that ours makes.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase, relationship

from app.settings import load_settings

PAGE = 50
FOUND_BY = ("number", "email", "name", "company", "customer_number")


class Base(DeclarativeBase):
    metadata = MetaData()


app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"], SQLALCHEMY_DATABASE_URI=load_settings().sqlalchemy_url,
    SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10},
)  # fmt: skip
Babel(app)  # It is installed, so Flask-Admin wants it.
db = SQLAlchemy(app, model_class=Base)
with app.app_context():
    _channel = Table("channel", Base.metadata, autoload_with=db.engine)
    _order = Table("shop_order", Base.metadata, autoload_with=db.engine, resolve_fks=False)


class Channel(Base):
    __table__ = _channel


class Order(Base):
    __table__ = _order
    channel = relationship(Channel)


class Orders(ModelView):  # type: ignore[misc]
    """Newest first, as ours; each column of ours can be sorted by and filtered."""

    page_size = PAGE
    can_create = can_edit = can_delete = False
    column_list = ("number", "channel.name", "name", "payment_state", "delivery_state", "state", "total", "placed_at")
    column_default_sort = ("placed_at", True)
    column_sortable_list = ("number", "name", "total", "placed_at")
    column_filters = ("payment_state", "delivery_state", "state", "country", "method", "total")
    column_searchable_list = FOUND_BY
    column_labels: ClassVar[dict[str, Any]] = {"channel.name": "Storefront"}


Admin(app, name="Peer").add_view(Orders(Order, db.session, endpoint="orders"))


@app.get("/healthz")
def alive() -> str:
    """It listens."""
    return "ok"
