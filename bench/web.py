"""The portal with one page more: the smallest honest one, with sign-in, rights and one row by its primary key."""

from __future__ import annotations

from flask import render_template
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import select

from app import create_app
from app.db import reading
from app.orders.models import Order
from app.process import settle_in
from app.web.permissions import requires

PAGE = """{% extends "base.html" %}
{% block title %}{{ number }}{% endblock %}
{% block heading %}{{ number }}{% endblock %}
{% block content %}<p>{{ total|money }}</p>{% endblock %}
"""
app = create_app()
settle_in()
app.jinja_loader = ChoiceLoader([app.jinja_loader, DictLoader({"bench/row.html": PAGE})])  # type: ignore[list-item]


@app.get("/bench/<int:order_id>")
@requires("orders.read")
def row(order_id: int) -> str:
    """One order's number and total."""
    found = reading().execute(select(Order.number, Order.total).where(Order.id == order_id)).one()
    return render_template("bench/row.html", number=found.number, total=found.total)
