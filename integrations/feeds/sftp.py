"""Files in a folder of an SFTP server whose host key is known: a server with another key gets no password."""

from __future__ import annotations

import asyncio
import fnmatch
import posixpath
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import asyncssh

from integrations.feeds.errors import FeedError
from integrations.feeds.reach import Limits, Reach

ENTRIES = 20_000  # Of a folder that are looked at.
_CHUNK = 256 * 1024
_KEEP_ALIVE_S = 15


@dataclass(frozen=True, slots=True)
class Place:
    """`host_key`: the server's public key, `ssh-ed25519 AAAA…`; '' when nobody has confirmed one yet.

    `pattern`: of file names, `*.xlsx`; small and capital letters are the same. Signs in by `key`, a private key without
    a passphrase, when there is one.
    """

    host: str
    user: str
    port: int = 22
    folder: str = "."
    pattern: str = "*"
    host_key: str = ""
    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


class Entry(NamedTuple):
    """`mtime`: seconds since 1970, by the server's clock."""

    name: str
    size: int
    mtime: int

    @property
    def mark(self) -> str:
        """What a file is known by: another one under the same name differs in size or time."""
        return f"{self.size}:{self.mtime}:{self.name}"


Choose = Callable[[list[Entry]], Sequence[Entry]]
Take = Callable[[Entry, bytes], None]


def visit(place: Place, *, choose: Choose, take: Take, limits: Limits, reach: Reach) -> None:
    """Give the folder's matching files to `choose`, oldest first, and each chosen one with its content to `take`.

    What was taken before an error stays taken. Raises FeedError.
    """

    async def act(client: asyncssh.SFTPClient) -> None:
        for entry in choose(await _entries(client, place)):
            take(entry, await _read(client, place, entry, limits.file_bytes))

    asyncio.run(_visit(place, act, limits, reach))


def look(place: Place, *, limits: Limits, reach: Reach) -> list[Entry]:
    """The matching files, oldest first. Raises FeedError."""
    found: list[Entry] = []

    async def act(client: asyncssh.SFTPClient) -> None:
        found.extend(await _entries(client, place))

    asyncio.run(_visit(place, act, limits, reach))
    return found


def fingerprint(key: str) -> str:
    """`SHA256:…` of a public key, as ssh shows it. Raises FeedError `key_unreadable`."""
    try:
        return asyncssh.import_public_key(key).get_fingerprint()
    except (asyncssh.KeyImportError, ValueError):
        raise FeedError("key_unreadable") from None


async def _visit(
    place: Place, act: Callable[[asyncssh.SFTPClient], Awaitable[None]], limits: Limits, reach: Reach
) -> None:
    try:
        async with asyncio.timeout(limits.total_s), _client(place, limits, reach) as client:
            await act(client)
    except TimeoutError:
        raise FeedError("too_slow", passing=True) from None
    except asyncssh.PermissionDenied:
        raise FeedError("password") from None
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        raise FeedError("folder_missing", folder=place.folder) from None
    except asyncssh.SFTPPermissionDenied:
        raise FeedError("forbidden") from None
    except asyncssh.DisconnectError:  # Whoever says it first: no key that both know, or the connection ended.
        raise await _other_key(place, limits, reach) from None
    except (asyncssh.Error, OSError):  # Their texts are left out: they come from a stranger.
        raise FeedError("odd_answer", passing=True, host=place.host) from None


@asynccontextmanager
async def _client(place: Place, limits: Limits, reach: Reach) -> AsyncIterator[asyncssh.SFTPClient]:
    """Signed in with what the place says alone: no agent, no configuration and no keys of this machine."""
    if not place.host_key:
        raise await _other_key(place, limits, reach)
    try:
        keys = [asyncssh.import_private_key(place.key)] if place.key else []
        trusted = asyncssh.import_public_key(place.host_key)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise FeedError("key_unreadable") from None
    connection = reach.connect(place.host, place.port, limits)
    connection.setblocking(False)
    async with (
        asyncssh.connect(
            sock=connection, host=place.host, username=place.user, client_keys=keys, config=None, agent_path=None,
            known_hosts=([trusted], [], []), password=None if place.key else place.password,
            preferred_auth="publickey" if place.key else "password,keyboard-interactive",
            login_timeout=limits.read_s, keepalive_interval=_KEEP_ALIVE_S,
        ) as signed_in,
        signed_in.start_sftp_client() as client,
    ):  # fmt: skip
        yield client


async def _other_key(place: Place, limits: Limits, reach: Reach) -> FeedError:
    """What to say of a server that shows another key than the known one: the key, so that a person can compare it."""
    connection = reach.connect(place.host, place.port, limits)
    connection.setblocking(False)
    try:
        async with asyncio.timeout(limits.read_s):
            found = await asyncssh.get_server_host_key(sock=connection, host=place.host, config=None)
    except (asyncssh.Error, OSError):
        found = None
    finally:
        connection.close()
    key = " ".join(found.export_public_key("openssh").decode().split()[:2]) if found else place.host_key
    if found is None or key == place.host_key:
        return FeedError("odd_answer", passing=True, host=place.host)
    code = "host_key_changed" if place.host_key else "host_key_unknown"
    return FeedError(code, key=key, fingerprint=found.get_fingerprint())


async def _entries(client: asyncssh.SFTPClient, place: Place) -> list[Entry]:
    pattern = place.pattern.casefold() or "*"
    entries: list[Entry] = []
    looked_at = 0
    async for found in client.scandir(place.folder or "."):
        looked_at += 1
        if looked_at > ENTRIES:
            break
        name, attributes = str(found.filename), found.attrs
        regular = attributes.permissions is None or stat.S_ISREG(attributes.permissions)
        if regular and name not in (".", "..") and fnmatch.fnmatchcase(name.casefold(), pattern):
            entries.append(Entry(name, attributes.size or 0, attributes.mtime or 0))
    return sorted(entries, key=lambda entry: (entry.mtime, entry.name))


async def _read(client: asyncssh.SFTPClient, place: Place, entry: Entry, most: int) -> bytes:
    """The file's content, when it is the same before and after.

    Raises FeedError `too_large`, `being_written`, `empty`.
    """
    if entry.size > most:
        raise FeedError("too_large", most=most, name=entry.name)
    path = posixpath.join(place.folder or ".", entry.name)
    content = bytearray()
    async with client.open(path, "rb") as file:
        while part := await file.read(_CHUNK):
            assert isinstance(part, bytes)
            content += part
            if len(content) > most:
                raise FeedError("too_large", most=most, name=entry.name)
    after = await client.stat(path)
    if (after.size, after.mtime) != (entry.size, entry.mtime) or len(content) != entry.size:
        raise FeedError("being_written", passing=True, name=entry.name)
    if not content:
        raise FeedError("empty", name=entry.name)
    return bytes(content)
