"""A list under an address: one GET, with what is known of the last answer, so that an unchanged list costs a 304."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from integrations.feeds.errors import FeedError
from integrations.feeds.reach import Limits, Reach
from integrations.http import retry_after
from integrations.wire import DeadlineTransport, deadline

REDIRECTS = 5
_REDIRECTING = (301, 302, 303, 307, 308)
_LOOKED_AT = 4096  # Bytes that a test reads.


@dataclass(frozen=True, slots=True)
class Place:
    """`auth`: none, basic (`user` and the secret), bearer (the secret), header (`header` and the secret)."""

    url: str
    auth: str = "none"
    user: str = ""
    header: str = ""
    secret: str = field(default="", repr=False)


class Known(NamedTuple):
    """What the last answer said of itself; empty when it said nothing."""

    etag: str = ""
    last_modified: str = ""


class Fetched(NamedTuple):
    name: str
    content: bytes
    known: Known


class Look(NamedTuple):
    """`size`: bytes, None when the server does not say. `type`: as the server calls it."""

    name: str
    size: int | None
    type: str


def fetch(place: Place, *, known: Known, limits: Limits, reach: Reach) -> Fetched | None:
    """The list, or None when it is the one that is known. Raises FeedError."""
    with _answer(place, known, limits, reach) as (url, response):
        if response.status_code == 304:
            return None
        content = _read(response, limits.file_bytes)
        if not content:
            raise FeedError("empty")
        headers = response.headers
        return Fetched(_name(url, headers), content, Known(headers.get("etag", ""), headers.get("last-modified", "")))


def look(place: Place, *, limits: Limits, reach: Reach) -> Look:
    """What is there, without fetching all of it. Raises FeedError."""
    with _answer(place, Known(), limits, reach) as (url, response):
        start = next(iter(response.iter_raw(_LOOKED_AT)), b"")
        if not start:
            raise FeedError("empty")
        said = response.headers.get("content-length", "")
        size = int(said) if said.isdecimal() and len(said) < 16 else None
        if size is not None and size > limits.file_bytes:
            raise FeedError("too_large", most=limits.file_bytes)
        return Look(_name(url, response.headers), size, response.headers.get("content-type", "").partition(";")[0])


@contextmanager
def _answer(place: Place, known: Known, limits: Limits, reach: Reach) -> Iterator[tuple[str, httpx.Response]]:
    """The answer of 200 or 304 that the redirects end at, with its address. Raises FeedError."""
    timeout = httpx.Timeout(limits.read_s, connect=limits.connect_s)
    transport = DeadlineTransport(connections=1, resolve=reach.addresses)
    url = _checked(place.url)
    try:
        with (
            deadline(limits.total_s),
            httpx.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False) as client,
        ):
            for _ in range(REDIRECTS + 1):
                request = client.build_request("GET", url, headers=_headers(place, url, known))
                response = client.send(request, stream=True)
                try:
                    if response.status_code not in _REDIRECTING:
                        _judge(response)
                        yield url, response
                        return
                    url = _redirected(url, response.headers.get("location", ""))
                finally:
                    response.close()
            raise FeedError("redirects")
    except httpx.TimeoutException:
        raise FeedError("too_slow", passing=True) from None
    except httpx.HTTPError as error:
        raise _fault(error, url) from None


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise FeedError("address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or port == 0:
        raise FeedError("address")
    return url


def _redirected(url: str, location: str) -> str:
    """Where a redirect leads. From https only to https: what was asked in private is not answered in public."""
    target = urljoin(url, location)
    parts = urlsplit(target)
    secure = urlsplit(url).scheme == "https"
    if not location or parts.scheme not in ("http", "https") or (secure and parts.scheme != "https"):
        raise FeedError("redirects")
    return _checked(target)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _headers(place: Place, url: str, known: Known) -> list[tuple[str, str]]:
    """Credentials go to the origin that they were given for, and nowhere that it redirects to."""
    headers = [("Accept", "*/*"), ("Accept-Encoding", "identity"), ("User-Agent", "iused-back-office")]
    if known.etag:
        headers.append(("If-None-Match", known.etag))
    if known.last_modified:
        headers.append(("If-Modified-Since", known.last_modified))
    if _origin(url) != _origin(place.url) or place.auth == "none":
        return headers
    if place.auth == "basic":
        basic = httpx.BasicAuth(place.user, place.secret)
        request = next(basic.auth_flow(httpx.Request("GET", "http://x")))
        return [*headers, ("Authorization", request.headers["Authorization"])]
    if place.auth == "bearer":
        return [*headers, ("Authorization", f"Bearer {place.secret}")]
    return [*headers, (place.header, place.secret)]


def _judge(response: httpx.Response) -> None:
    """Raises FeedError for every answer but 200 and 304."""
    status = response.status_code
    if status in (200, 304):
        return
    wait = retry_after(response.headers, now=datetime.now(UTC))
    if status in (401, 407):
        raise FeedError("password", status=status)
    if status == 403:
        raise FeedError("forbidden", status=status)
    if status in (404, 410):
        raise FeedError("not_found", status=status)
    if status in (408, 425, 429):
        raise FeedError("busy", passing=True, retry_after_s=wait, status=status)
    if status >= 500:
        raise FeedError("server_error", passing=True, retry_after_s=wait, status=status)
    raise FeedError("refused", status=status)


def _read(response: httpx.Response, most: int) -> bytes:
    """The body, counted while it comes. A server that packs it though we did not ask is understood."""
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("", "identity", "gzip"):
        raise FeedError("odd_answer")
    said = response.headers.get("content-length", "")
    if packing != "gzip" and said.isdecimal() and int(said[:16]) > most:
        raise FeedError("too_large", most=most)
    body = bytearray()
    parts: Iterable[bytes] = response.iter_raw()
    unpack = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    for part in parts:
        try:
            body += unpack.decompress(part, most + 1 - len(body)) if unpack else part
        except zlib.error:
            raise FeedError("odd_answer") from None
        if len(body) > most:
            raise FeedError("too_large", most=most)
    if unpack is not None and not unpack.eof:
        raise FeedError("odd_answer", passing=True)
    return bytes(body)


def _name(url: str, headers: httpx.Headers) -> str:
    """The file's name as the server gives it, else the end of the address; never used as a path."""
    message = Message()
    message["content-disposition"] = headers.get("content-disposition", "")
    return message.get_filename() or unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2] or "list"


def _fault(error: httpx.HTTPError, url: str) -> FeedError:
    """What kept a whole answer from us. The error's text is left out: it may quote a header that we sent."""
    host = urlsplit(url).hostname or ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FeedError("certificate", host=host, why=cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return FeedError("unreachable", passing=True, host=host)
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return FeedError("odd_answer", passing=True, host=host)
    return FeedError("odd_answer", host=host)
