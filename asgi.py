"""Entry of the door for deliveries: `gunicorn --worker-class asgi asgi:door`."""

from __future__ import annotations

from app import create_app
from app.process import settle_in
from app.webhooks.door import Door

door = Door(create_app())
settle_in(short_turns=True)
