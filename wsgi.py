"""Web entry: `gunicorn wsgi:app`."""

from __future__ import annotations

from app import create_app
from app.process import settle_in

app = create_app()
settle_in()
