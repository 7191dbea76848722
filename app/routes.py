"""Every blueprint, in the order of the navigation."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the blueprints, the error pages, and the guard that refuses a route without a permission."""
    from app.admin.views import bp as admin
    from app.auth.views import bp as auth
    from app.catalog.views import bp as catalog
    from app.customers.views import bp as customers
    from app.feeds.views import bp as feeds
    from app.flows.views import bp as flows
    from app.home import frame
    from app.home.views import bp as home
    from app.lists import (
        rows,
        views_bulk,  # noqa: F401  # More pages of the blueprint.
    )
    from app.lists.views import bp as lists
    from app.matching.views import bp as matching
    from app.offers.views import bp as offers
    from app.orders import act_views, serial_views  # noqa: F401  # As below.
    from app.orders.views import bp as orders
    from app.payments.views import bp as payments
    from app.pricing import views_prices, views_register, views_rules, views_sets  # noqa: F401  # As below.
    from app.pricing.pin_views import bp as pins
    from app.pricing.views import bp as pricing
    from app.search.views import bp as search
    from app.stock import views_counts, views_places, views_policy  # noqa: F401  # More pages of the blueprint.
    from app.stock.views import bp as stock
    from app.suppliers.views import bp as suppliers
    from app.web import errors, permissions
    from app.web.health import bp as health
    from app.webhooks.views import bp as webhooks

    pages = (
        home,
        orders,
        payments,
        customers,
        lists,
        suppliers,
        feeds,
        offers,
        matching,
        catalog,
        stock,
        pricing,
        pins,
        flows,
        search,
        admin,
        auth,
    )
    for blueprint in (*pages, health, webhooks):
        app.register_blueprint(blueprint)
    frame.init_app(app)
    rows.init_app(app)
    errors.init_app(app)
    permissions.check_routes(app)
