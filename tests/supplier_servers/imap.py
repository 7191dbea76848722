"""A supplier's post: Twisted's IMAP server over mailboxes in memory. It speaks in the open; put `tls_door` before it.

Twisted writes the protocol, so that a mistake of our client is not mirrored here; mailboxes and messages are ours.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from threading import Thread
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import protocol, reactor
from twisted.internet.threads import blockingCallFromThread
from twisted.mail import imap4
from zope.interface import implementer

USER, PASSWORD = "lists@iused.example", "a password of the mailbox"


@implementer(imap4.IMessage, imap4.IMessageFile)
class Letter:
    def __init__(self, raw: bytes, uid: int, at: datetime, flags: Iterable[str] = ()) -> None:
        self.raw, self.uid, self.at, self.flags = raw, uid, at, set(flags)
        self.message = message_from_bytes(raw, policy=policy.compat32)

    def getUID(self) -> int:  # noqa: N802
        return self.uid

    def getFlags(self) -> list[str]:  # noqa: N802
        return sorted(self.flags)

    def getInternalDate(self) -> str:  # noqa: N802
        return self.at.strftime("%d-%b-%Y %H:%M:%S +0000")

    def getSize(self) -> int:  # noqa: N802
        return len(self.raw)

    def getHeaders(self, negate: bool, *names: Any) -> dict[str, str]:  # noqa: N802
        wanted = {(name.decode() if isinstance(name, bytes) else name).lower() for name in names}
        return {
            name.lower(): str(value) for name, value in self.message.items() if (name.lower() in wanted) is not negate
        }

    def getBodyFile(self) -> io.BytesIO:  # noqa: N802
        return io.BytesIO(self.raw.partition(b"\n\n")[2])

    def isMultipart(self) -> bool:  # noqa: N802
        return False

    def open(self) -> io.BytesIO:
        return io.BytesIO(self.raw)


@implementer(imap4.IMailbox, imap4.ISearchableMailbox)
class Folder:
    def __init__(self, validity: int) -> None:
        self.validity = validity
        self.letters: list[Letter] = []
        self.next_uid = 1

    def add(self, raw: bytes, at: datetime, flags: Iterable[str] = ()) -> int:
        self.letters.append(Letter(raw, self.next_uid, at, flags))
        self.next_uid += 1
        return self.next_uid - 1

    def getUIDValidity(self) -> int:  # noqa: N802
        return self.validity

    def getUIDNext(self) -> int:  # noqa: N802
        return self.next_uid

    def getUID(self, message: int) -> int:  # noqa: N802
        return self.letters[message - 1].uid

    def getMessageCount(self) -> int:  # noqa: N802
        return len(self.letters)

    def getRecentCount(self) -> int:  # noqa: N802
        return 0

    def getUnseenCount(self) -> int:  # noqa: N802
        return sum("\\Seen" not in letter.flags for letter in self.letters)

    def isWriteable(self) -> bool:  # noqa: N802
        return True

    def getFlags(self) -> list[str]:  # noqa: N802
        return ["\\Seen", "\\Flagged", "\\Deleted"]

    def getHierarchicalDelimiter(self) -> str:  # noqa: N802
        return "/"

    def addListener(self, _listener: Any) -> None:  # noqa: N802
        """Nobody is told of new letters."""

    def removeListener(self, _listener: Any) -> None:  # noqa: N802
        """Nobody was."""

    def requestStatus(self, names: Iterable[str]) -> Any:  # noqa: N802
        return imap4.statusRequestHelper(self, names)

    def addMessage(self, message: Any, flags: Iterable[str] = (), date: Any = None) -> Any:  # noqa: N802
        raw = message.read()
        self.add(raw, datetime.now(UTC), flags)
        from twisted.internet.defer import succeed

        return succeed(None)

    def destroy(self) -> None:
        self.letters.clear()

    def expunge(self) -> list[int]:
        gone = [number for number, letter in enumerate(self.letters, 1) if "\\Deleted" in letter.flags]
        self.letters = [letter for letter in self.letters if "\\Deleted" not in letter.flags]
        return gone

    def fetch(self, messages: Any, uid: bool) -> list[tuple[int, Letter]]:
        return self._chosen(messages, uid)

    def store(self, messages: Any, flags: Iterable[Any], mode: int, uid: bool) -> dict[int, list[str]]:
        said = {flag.decode() if isinstance(flag, bytes) else flag for flag in flags}
        result = {}
        for number, letter in self._chosen(messages, uid):
            letter.flags = said if mode == 0 else letter.flags | said if mode > 0 else letter.flags - said
            result[number] = letter.getFlags()
        return result

    def search(self, query: list[Any], uid: bool) -> list[int]:
        """SINCE a day, or a set of UIDs: Twisted's own search cannot read a date (RFC 3501, 6.4.4)."""
        kind, value = (part.decode() if isinstance(part, bytes) else part for part in query)
        if kind.upper() == "SINCE":
            day = datetime.strptime(value, "%d-%b-%Y").replace(tzinfo=UTC)
            found = [(number, letter) for number, letter in enumerate(self.letters, 1) if letter.at >= day]
        else:
            assert kind.upper() == "UID", query
            found = self._chosen(imap4.parseIdList(value.encode()), True)
        return [letter.uid if uid else number for number, letter in found]

    def _chosen(self, messages: Any, uid: bool) -> list[tuple[int, Letter]]:
        if not messages.last:
            messages.last = max((letter.uid for letter in self.letters), default=0) if uid else len(self.letters)
        return [
            (number, letter)
            for number, letter in enumerate(self.letters, start=1)
            if (letter.uid if uid else number) in messages
        ]


class Account(imap4.MemoryAccount):  # type: ignore[misc]
    validities = itertools.count(1000)

    def _emptyMailbox(self, name: str, id: int) -> Folder:  # noqa: A002, N802
        return Folder(next(self.validities))


@dataclass
class Post:
    """`port`: of the server itself, which speaks in the open."""

    account: Account
    port: int = 0
    sent: itertools.count[int] = field(default_factory=itertools.count)

    def folder(self, name: str) -> Folder:
        found: Folder = self.account.mailboxes[name.upper()]
        return found

    def make(self, name: str) -> Folder:
        blockingCallFromThread(reactor, self.account.addMailbox, name)
        return self.folder(name)

    def letter(self, sender: str, subject: str, *attachments: tuple[str, bytes], at: datetime | None = None) -> int:
        """A letter into the inbox, with these attachments; returns its UID."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, USER, subject
        message.set_content("Please find our list attached.")
        for name, content in attachments:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return self.folder("INBOX").add(message.as_bytes(), at or datetime.now(UTC))


@cache
def _reactor() -> Any:
    """Twisted's loop, which a process can start once."""
    thread = Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True)
    thread.start()
    return reactor


@contextmanager
def post_office() -> Iterator[Post]:
    """An IMAP server with an empty inbox."""
    loop = _reactor()
    account = Account(USER)
    account.addMailbox("INBOX")
    post = Post(account)

    class Realm:
        def requestAvatar(self, _who: bytes, _mind: Any, *_interfaces: Any) -> Any:  # noqa: N802
            return imap4.IAccount, account, lambda: None

    known = InMemoryUsernamePasswordDatabaseDontUse()
    known.addUser(USER.encode(), PASSWORD.encode())
    portal = Portal(Realm(), [known])

    class Door(protocol.Factory):  # type: ignore[misc]
        def buildProtocol(self, _address: Any) -> imap4.IMAP4Server:  # noqa: N802
            server = imap4.IMAP4Server()
            server.portal = portal
            return server

    listening = blockingCallFromThread(loop, loop.listenTCP, 0, Door(), interface="127.0.0.1")
    post.port = listening.getHost().port
    try:
        yield post
    finally:
        blockingCallFromThread(loop, listening.stopListening)
