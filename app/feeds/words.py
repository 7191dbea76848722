"""Sentences about feeds, in the user's language: what a purchaser understands and can do something about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_datetime, format_decimal
from flask_babel import gettext as _

from app.feeds.forms import AUTH, FORMS, SECURITY, TAKE
from app.feeds.models import SupplierFeed
from app.feeds.queries import FeedRow
from app.web.lazy import lazy as _l

KIND_NAMES = {"url": _l("Address"), "sftp": _l("SFTP folder"), "mailbox": _l("Mailbox")}

_PROBLEMS = {
    "address": _l("The address is not one that can be fetched."),
    "host_unknown": _l("There is no server called %(host)s. Is the name right?"),
    "unreachable": _l("The server %(host)s does not answer."),
    "private_address": _l("%(host)s leads into a private network, which is not allowed. Ask your administrator."),
    "certificate": _l("The certificate of %(host)s is not valid (%(why)s). The supplier must renew it."),
    "not_secure": _l("%(host)s offers no encryption, so the password was not sent."),
    "redirects": _l(
        "The address leads on to another one that may not be followed. Ask the supplier for the right one."
    ),
    "password": _l("The user or the password is wrong. Ask the supplier, and type it again."),
    "secret_lost": _l("The stored password can no longer be opened. Type it again."),
    "forbidden": _l("The server knows us and refuses to give the list. Ask the supplier for access."),
    "not_found": _l("There is no list under this address any more (%(status)s). Ask the supplier for the new one."),
    "refused": _l("The server refuses the request (%(status)s)."),
    "busy": _l("The server asks for fewer visits (%(status)s). It is tried again later."),
    "server_error": _l("The supplier's server has a fault (%(status)s). It is tried again."),
    "too_large": _l("The list is larger than %(most)s MB, which is the most that is taken."),
    "too_slow": _l("The server was too slow, and the visit was stopped. It is tried again."),
    "empty": _l("What the server gave is empty."),
    "odd_answer": _l("The server broke off, or answered what cannot be understood. It is tried again."),
    "host_key_unknown": _l("The server's key was never confirmed. Compare it with the supplier's and confirm it."),
    "host_key_changed": _l(
        "The server shows another key than before, so no password was sent. Ask the supplier whether it has a new one."
    ),
    "key_unreadable": _l("The private key cannot be read. It must be in OpenSSH or PEM form, without a passphrase."),
    "folder_missing": _l("There is no folder “%(folder)s”."),
    "being_written": _l("The supplier is still writing “%(name)s”. It is tried again."),
    "no_attachment": _l("The message “%(subject)s” from %(sender)s has no list attached."),
}


def kind(name: str) -> str:
    """What a feed is, for people."""
    return str(KIND_NAMES.get(name, name))


def problem(said: Mapping[str, Any] | None) -> str:
    """What is wrong, in a sentence or two."""
    if not said:
        return ""
    facts = dict.fromkeys(("host", "why", "status", "folder", "name", "subject", "sender"), "?") | dict(said)
    facts["most"] = format_decimal(int(said.get("most") or 0) // (1024 * 1024))
    return str(_PROBLEMS.get(str(said.get("code")), _l("The feed could not be fetched (%(code)s)."))) % facts


def found(said: Mapping[str, Any] | None) -> str:
    """What a visit that went well brought."""
    if not said:
        return ""
    if said["code"] == "files":
        return _("%(number)s new lists", number=len(said["files"])) if len(said["files"]) > 1 else _("a new list")
    return {"same": _("nothing new"), "nothing": _("nothing there")}.get(str(said["code"]), str(said["code"]))


def tested(said: Mapping[str, Any] | None) -> str:
    """What a test found."""
    if not said:
        return ""
    if not said.get("ok"):
        return problem(said)
    if said["code"] == "url":
        size = size_of(said["size"]) if said.get("size") is not None else _("size unknown")
        return _("It works: “%(name)s”, %(size)s.", name=said["name"], size=size)
    if said["code"] == "sftp":
        return _("It works: %(number)s files match, the newest is “%(name)s” of %(at)s.",
                 number=format_decimal(said["count"]), name=said["name"], at=_moment(said["at"]))  # fmt: skip
    if said["code"] == "mailbox":
        return _("It works: %(number)s messages of the last 30 days match, the newest is “%(name)s” of %(at)s.",
                 number=format_decimal(said["count"]), name=said["name"], at=_moment(said["at"]))  # fmt: skip
    if said["code"] == "no_file":
        return _("The server lets us in; no file in the folder has such a name.")
    return _("The server lets us in; no message of the last 30 days matches.")


def size_of(size: int) -> str:
    """Bytes, for people."""
    if size < 1024 * 1024:
        return _("%(number)s kB", number=format_decimal(max(1, round(size / 1024))))
    return _("%(number)s MB", number=format_decimal(round(size / 1024 / 1024, 1)))


def schedule(feed: FeedRow) -> str:
    """When a feed is fetched."""
    if not feed.active:
        return _("not on a schedule")
    every = feed.every_minutes
    parts = []
    if every:
        hours = every // 60
        parts.append(
            _("every %(number)s minutes", number=every) if every < 60 else _("every hour") if hours == 1
            else _("every day at midnight") if hours == 24 else _("every %(number)s hours", number=hours)
        )  # fmt: skip
    if feed.at_times:
        parts.append(_("daily at %(times)s", times=", ".join(feed.at_times)))
    return _(" and ").join(parts) or _("only when somebody asks")


def facts(feed: SupplierFeed) -> list[tuple[str, str]]:
    """What a feed is set to, as its form calls it; nothing secret."""
    form = FORMS[feed.kind]
    said = []
    for name in form.PLACE:
        value = feed.place.get(name)
        if value in ("", [], None):
            continue
        field = getattr(form, name)
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        names = {"take": TAKE, "auth": AUTH, "security": SECURITY}.get(name, [])
        said.append((str(field.args[0]), str(dict(names).get(shown, shown))))
    return said


def at(moment: str) -> datetime:
    """A moment that was kept as text."""
    return datetime.fromisoformat(moment)


def place(feed: FeedRow) -> str:
    """Where a feed looks, in short."""
    where = feed.place
    if feed.kind == "url":
        return str(where["url"])
    if feed.kind == "sftp":
        folder = str(where["folder"]).rstrip("/")
        return f"{where['user']}@{where['host']}:{folder}/{where['pattern']}"
    return f"{where['user']} · {where['folder']} · {', '.join(where['senders'])}"


def state(feed: FeedRow) -> tuple[str, str]:
    """Where a feed stands: the state that gives the colour, and its word."""
    if feed.act == "fetch" and feed.next_try_at is None:
        return "running", _("fetching")
    if feed.act == "test":
        return "running", _("testing")
    if feed.act == "fetch" and feed.tries == 0:
        return "waiting", _("about to be fetched")
    if feed.problem:
        return ("late", _("tries again")) if feed.act == "fetch" else ("trouble", _("does not work"))
    if not feed.active:
        return "paused", _("off")
    return ("fine", found(feed.found)) if feed.found else ("waiting", _("never fetched"))


def is_live(feed: FeedRow) -> bool:
    """Whether the page has something to wait for within seconds."""
    return feed.act is not None and (feed.next_try_at is None or feed.tries == 0)


def next_try(feed: FeedRow) -> datetime | None:
    """When a failed visit is made again; None: by the schedule only."""
    return feed.next_try_at if feed.act == "fetch" and feed.tries and feed.next_try_at else None


def _moment(at: str) -> str:
    return str(format_datetime(datetime.fromisoformat(at), "d MMM HH:mm"))
