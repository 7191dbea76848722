"""Everything that is plugged into the Flask application, in order."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from flask import Flask, current_app
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx

import app.models  # noqa: F401  # The metadata must know every table.
from app.db import db, set_up_connections
from app.settings import ROOT, Settings

migrate = Migrate()
csrf = CSRFProtect()
htmx = Htmx()


def settings() -> Settings:
    """The settings of the running application. Needs an application context."""
    return cast(Settings, current_app.extensions["settings"])


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the extensions from the typed settings; Flask's own config holds only what they demand."""
    from app import i18n, logs
    from app.auth import sessions
    from app.web import assets, headers, memory, pieces, polling, templating

    app.extensions["settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 10, "max_overflow": 10},
        TRUSTED_HOSTS=settings.trusted_hosts,
        MAX_CONTENT_LENGTH=(settings.upload_max_mb + 1) * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        TESTING=settings.environment == "test",
    )
    logs.init_app(app, settings)
    db.init_app(app)
    set_up_connections(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    htmx.init_app(app)
    csrf.init_app(app)
    sessions.init_app(app)
    i18n.init_app(app)
    assets.init_app(app)
    templating.init_app(app)
    pieces.init_app(app)
    headers.init_app(app)
    memory.init_app(app)
    polling.init_app(app)
