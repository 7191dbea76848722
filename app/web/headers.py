"""Headers of every answer: nothing inline runs, nothing is framed, signed-in pages are not kept."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, request

CSP = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
    )
)  # fmt: skip
ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def headers_of(app: Flask) -> Mapping[str, str]:
    """Those of every answer."""
    secure = app.extensions["settings"].secure_cookies
    return ALWAYS | ({"Strict-Transport-Security": "max-age=31536000; includeSubDomains"} if secure else {})


def init_app(app: Flask) -> None:
    """Set the headers on every answer, errors and static files included."""
    always = headers_of(app)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
            response.vary.add("HX-Request")
        return response
