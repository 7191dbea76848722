"""Answers: a whole page for a browser, named blocks of the same template for htmx, and redirects for both."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request, url_for
from jinja2_fragments.flask import render_blocks
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as BaseResponse

from app.web import polling


def wants_fragment(headers: Headers) -> bool:
    """Whether htmx asks for a part of the page: not a boosted link, not a history restore."""
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render(template: str, *blocks: str, status: int = 200, **context: object) -> Response:
    """The whole page for a browser; for an htmx request only `blocks`, in that order."""
    if blocks and wants_fragment(request.headers):
        body = render_blocks(template, list(blocks), fragment=True, **context)
    else:
        body = render_template(template, fragment=False, **context)
    return make_response(body, status)


def redirect_to(endpoint: str, **values: object) -> BaseResponse:
    """303 for a browser; 204 with HX-Redirect for htmx."""
    target = url_for(endpoint, **values)  # type: ignore[arg-type]
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, code=303)


def unchanged(topic: str, tag: str) -> Response | None:
    """304 when the poll's HX-PTag says that it has `tag` already, else None. The page sends the tag with `tagged`.

    `topic`: table and id of the row whose `revision` is in the tag, `offer_file:12`.
    """
    if request.headers.get("HX-PTag") != tag:
        return None
    polling.note(topic=topic, tag=tag)
    return tagged(Response(status=304), tag)


def tagged(response: Response, tag: str) -> Response:
    """Give the polling tag to the fragment, so that the next poll sends it back."""
    response.headers["HX-PTag"] = tag
    return response
