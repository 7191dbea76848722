"""Error pages: one sentence, the correlation id, no traceback."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from app.db import reading
from app.web.fragments import wants_fragment

log = logging.getLogger(__name__)


def sentence(code: int) -> str:
    """What a status means for a person, and what to do."""
    return {
        400: _("The request could not be understood."),
        403: _("Your role does not allow this."),
        404: _("There is nothing here. The link may be old."),
        405: _("This address does not take such a request."),
        413: _("The file is larger than is allowed."),
        422: _("Something in the form is not right."),
        429: _("Too many requests. Wait a moment."),
        503: _("The database is not reachable. Try again in a moment."),
    }.get(code, _("Something went wrong on our side. It has been written down."))


def page(code: int, detail: str | None = None) -> Response:
    """The error as a page, or as a fragment for htmx."""
    context = {"code": code, "sentence": detail or sentence(code), "correlation_id": g.get("correlation_id", "")}
    template = "errors/fragment.html" if wants_fragment(request.headers) else "errors/page.html"
    return make_response(render_template(template, **context), code)


def bare(code: int) -> Response:
    """The error as a page without the frame, which asks the database for its counts."""
    context = {"code": code, "sentence": sentence(code), "correlation_id": g.get("correlation_id", "")}
    return make_response(render_template("errors/bare.html", **context), code)


def init_app(app: Flask) -> None:
    """Answer every error with one of our pages."""

    @app.errorhandler(CSRFError)
    def csrf(_error: CSRFError) -> Response:
        return page(400, _("This page was open too long. Reload it and try again."))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        response = page(error.code or 500)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "retry-after"):
                response.headers[name] = value
        return response

    @app.errorhandler(SecurityError)
    def under_another_name(_error: SecurityError) -> Response:
        """No address can be built under a host name that is not ours, so no page with styles can be either."""
        return Response(sentence(400), 400, mimetype="text/plain")

    @app.errorhandler(DataError)
    def unstorable(error: DataError) -> Response:
        """A number beyond every id, a NUL, half a character: whoever sent it is told, and nothing was changed."""
        reading().rollback()  # The page asks the database for its counts.
        log.warning("no column can hold this", extra={"path": request.path, "error": str(error.orig)})
        return page(400, _("This holds a number or a character that cannot be stored."))

    @app.errorhandler(OperationalError)
    def database(error: OperationalError) -> Response:
        log.error("database not reachable", extra={"error": str(error.orig)})
        response = bare(503)
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        if app.config["PROPAGATE_EXCEPTIONS"]:
            raise error
        log.exception("unexpected error", extra={"path": request.path})
        return bare(500)
