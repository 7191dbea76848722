"""Lists as attachments of messages in a folder of an IMAP mailbox, always over TLS."""

from __future__ import annotations

import base64
import email
import email.policy
import fnmatch
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any, NamedTuple

from integrations.feeds.errors import FeedError
from integrations.feeds.reach import Deadline, Limits, Reach

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".json", ".zip", ".gz")
FIRST_LOOK = timedelta(days=30)  # How far back a mailbox is searched that was never looked at.
MESSAGES = 500  # Of a folder that are looked at, the newest.
PACKED = 1.4  # How much larger an attachment is in a message, with the text around it.
_AROUND = 1024 * 1024
_HEADERS = "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])"
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Place:
    """`senders`: addresses, or @domain; `subject`: a pattern, `*stock list*`. `security`: tls or starttls.

    `move_to`: the folder for messages that were taken; '': they are flagged and marked as read.
    """

    host: str
    user: str
    port: int = 993
    security: str = "tls"
    folder: str = "INBOX"
    senders: tuple[str, ...] = ()
    subject: str = "*"
    move_to: str = ""
    password: str = field(default="", repr=False)


class Known(NamedTuple):
    """The last message that was taken; a UID means something only together with its UIDVALIDITY."""

    validity: int = 0
    uid: int = 0
    at: str = ""  # When it came, ISO 8601: for a mailbox that numbers its messages anew.


class Letter(NamedTuple):
    """A message that the place asks for."""

    validity: int
    uid: int
    at: datetime
    size: int
    sender: str
    subject: str

    @property
    def mark(self) -> str:
        return f"{self.validity}:{self.uid}"

    @property
    def known(self) -> Known:
        """What to know of this message when it is the last one taken."""
        return Known(self.validity, self.uid, self.at.isoformat())


class Attachment(NamedTuple):
    name: str
    content: bytes


Choose = Callable[[list[Letter]], Sequence[Letter]]
Take = Callable[[Letter, list[Attachment]], None]


def visit(place: Place, *, known: Known, choose: Choose, take: Take, limits: Limits, reach: Reach) -> None:
    """Give the messages since the known one to `choose`, oldest first, and the attachments of each chosen to `take`.

    A message that was taken is flagged or moved. The newest one without any list is an error, one before it is passed
    over. Raises FeedError; what was taken before it stays taken.
    """
    with _signed_in(place, limits, reach) as box:
        letters = _letters(box, place, known)
        chosen = list(choose(letters))
        for letter in chosen:
            attachments = _attachments(box, letter, limits)
            if attachments:
                take(letter, attachments)
                _settle(box, place, letter)
            elif letter == chosen[-1]:
                raise FeedError("no_attachment", subject=letter.subject[:200], sender=letter.sender)


def look(place: Place, *, limits: Limits, reach: Reach) -> list[Letter]:
    """The messages of the last days that the place asks for, oldest first. Raises FeedError."""
    with _signed_in(place, limits, reach) as box:
        return _letters(box, place, Known())


class _Imap(imaplib.IMAP4):
    """Speaks over a connection that is there already, and takes no literal larger than it is told."""

    def __init__(self, connection: socket.socket, *, most: int) -> None:
        self._connection = connection
        self._most = most
        super().__init__(host="", port=0)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._connection

    def read(self, size: int) -> bytes:
        if size > self._most:
            raise FeedError("too_large", most=self._most)
        return super().read(size)


@contextmanager
def _signed_in(place: Place, limits: Limits, reach: Reach) -> Iterator[imaplib.IMAP4]:
    connection = reach.connect(place.host, place.port, limits)
    box: imaplib.IMAP4 | None = None
    with Deadline(connection, limits.total_s) as deadline:
        try:
            box = _open(place, limits, deadline)
            if place.security == "starttls":
                _start_tls(box, place, deadline)
            _sign_in(box, place)
            yield box
            box.logout()
        except ssl.SSLCertVerificationError as error:
            raise FeedError("certificate", host=place.host, why=error.verify_message) from None
        except TimeoutError:
            raise FeedError("too_slow", passing=True) from None
        except (OSError, imaplib.IMAP4.error, ValueError):  # Their texts may quote what we sent.
            if deadline.over:
                raise FeedError("too_slow", passing=True) from None
            raise FeedError("odd_answer", passing=True, host=place.host) from None
        finally:
            if box is not None:
                with suppress(OSError):  # It may be closed by now.
                    box.shutdown()
            deadline.connection.close()


def _open(place: Place, limits: Limits, deadline: Deadline) -> imaplib.IMAP4:
    most = int(limits.file_bytes * PACKED) + _AROUND
    if place.security == "starttls":
        return _Imap(deadline.connection, most=most)
    wrapped = ssl.create_default_context().wrap_socket(
        deadline.connection, server_hostname=place.host, do_handshake_on_connect=False
    )
    deadline.connection = wrapped
    wrapped.do_handshake()
    return _Imap(wrapped, most=most)


def _start_tls(box: imaplib.IMAP4, place: Place, deadline: Deadline) -> None:
    if "STARTTLS" not in box.capabilities:
        raise FeedError("not_secure", host=place.host)
    box.host = place.host  # imaplib checks the certificate against it.
    box.starttls(ssl.create_default_context())
    deadline.connection = box.sock


def _sign_in(box: imaplib.IMAP4, place: Place) -> None:
    try:
        box.login(place.user, place.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise FeedError("password") from None


def _letters(box: imaplib.IMAP4, place: Place, known: Known) -> list[Letter]:
    """Messages behind the known one that come from the senders and have the subject, oldest first."""
    status, _answer = box.select(_quoted(place.folder))
    if status != "OK":
        raise FeedError("folder_missing", folder=place.folder)
    validity = int((box.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    same = known.validity == validity and known.uid > 0
    behind = datetime.fromisoformat(known.at) if known.at and not same else None
    since = (behind or datetime.now(UTC) - FIRST_LOOK) - timedelta(days=1)
    day = f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"
    found = _asked(box.uid("SEARCH", *(("UID", f"{known.uid + 1}:*") if same else ("SINCE", day))))
    uids = sorted(int(uid) for uid in (found[0] or b"").split())[-MESSAGES:]
    letters = [letter for letter in _headers(box, validity, uids) if _is_wanted(place, letter)]
    return [
        letter for letter in letters if (letter.uid > known.uid if same else behind is None or letter.at > behind)
    ]  # fmt: skip


def _headers(box: imaplib.IMAP4, validity: int, uids: Sequence[int]) -> Iterator[Letter]:
    if not uids:
        return
    answer = _asked(box.uid("FETCH", ",".join(map(str, uids)), _HEADERS))
    for place, part in enumerate(answer):
        if not isinstance(part, tuple):
            continue
        after = answer[place + 1] if place + 1 < len(answer) and isinstance(answer[place + 1], bytes) else b""
        said = part[0] + b" " + after
        uid, size = _UID.search(said), _SIZE.search(said)
        at = imaplib.Internaldate2tuple(said)
        if uid is None or size is None or at is None:
            continue
        head = email.message_from_bytes(part[1], policy=email.policy.default)
        senders = getaddresses([str(head.get("From", ""))])
        yield Letter(
            validity, int(uid[1]), datetime(*at[:6]).astimezone(UTC), int(size[1]),  # In local time.
            senders[0][1] if len(senders) == 1 else "", " ".join(str(head.get("Subject", "")).split()),
        )  # fmt: skip


def _is_wanted(place: Place, letter: Letter) -> bool:
    sender = letter.sender.casefold()
    known = any(
        sender == one.casefold() or (one.startswith("@") and sender.endswith(one.casefold())) for one in place.senders
    )
    return known and fnmatch.fnmatchcase(letter.subject.casefold(), place.subject.casefold() or "*")


def _attachments(box: imaplib.IMAP4, letter: Letter, limits: Limits) -> list[Attachment]:
    """What of the message looks like a list, by the names of its attachments."""
    if letter.size > limits.file_bytes * PACKED + _AROUND:
        raise FeedError("too_large", most=limits.file_bytes, subject=letter.subject[:200])
    answer = _asked(box.uid("FETCH", str(letter.uid), "(BODY.PEEK[])"))
    raw = next((part[1] for part in answer if isinstance(part, tuple)), b"")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found = []
    for part in message.walk():
        assert isinstance(part, EmailMessage)
        name = part.get_filename() or ""
        if part.is_multipart() or not name.casefold().endswith(ENDINGS):
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content:
            if len(content) > limits.file_bytes:
                raise FeedError("too_large", most=limits.file_bytes, name=name)
            found.append(Attachment(name, content))
    return found


def _settle(box: imaplib.IMAP4, place: Place, letter: Letter) -> None:
    """Flag the message, or move it. A server that cannot move copies, and marks the original as deleted."""
    uid = str(letter.uid)
    if not place.move_to:
        _asked(box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen \Flagged)"))
        return
    target = _quoted(place.move_to)
    abilities = b" ".join(_asked(box.capability())).upper().split()  # More than before the sign-in, mostly.
    moves = b"MOVE" in abilities
    try:
        status, _answer = box.uid("MOVE" if moves else "COPY", uid, target)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:  # The folder is all that can be wrong about it.
        status = "BAD"
    if status != "OK":
        raise FeedError("folder_missing", folder=place.move_to)
    if not moves:
        _asked(box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if b"UIDPLUS" in abilities:
            _asked(box.uid("EXPUNGE", uid))


def _asked(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise FeedError("odd_answer", passing=True)
    return [part for part in data if part is not None]


def _quoted(folder: str) -> str:
    """A folder's name as IMAP sends it: letters beyond ASCII in modified UTF-7, all of it in quotes."""
    coded = re.sub(
        r"[^\x20-\x7e]+|&",
        lambda found: "&-" if found[0] == "&" else _base64_of(found[0]), folder,
    )  # fmt: skip
    return '"' + coded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _base64_of(text: str) -> str:
    return "&" + base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
