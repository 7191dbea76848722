"""A supplier's SFTP server: asyncssh's, with a real folder, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import asyncssh

USER, PASSWORD = "iused", "a password of the supplier"


@dataclass
class Sftp:
    """`folder`: its root. `passwords`: what clients tried. `host_key`: as a line of known_hosts has it."""

    folder: Path
    host_key: str
    client_key: str
    port: int = 0
    passwords: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes, at: int) -> None:
        """A file with its time of change, in seconds since 1970."""
        path = self.folder / "out" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at, at))


def key_line(key: asyncssh.SSHKey) -> str:
    """The public key without its comment."""
    return " ".join(key.export_public_key("openssh").decode().split()[:2])


@contextmanager
def sftp_server(folder: Path, *, host_key: asyncssh.SSHKey | None = None, port: int = 0) -> Iterator[Sftp]:
    """The server; another `host_key` on the same `port` is what a stranger in between looks like."""
    host_key = host_key or asyncssh.generate_private_key("ssh-ed25519")
    client_key = asyncssh.generate_private_key("ssh-ed25519")
    sftp = Sftp(folder, key_line(host_key), client_key.export_private_key("openssh").decode())
    (folder / "out").mkdir(exist_ok=True)

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            sftp.passwords.append(password)
            return (username, password) == (USER, PASSWORD)

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return key.public_data == client_key.public_data

    def rooted(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def call(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=10)

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1", port, server_host_keys=[host_key], server_factory=Door, sftp_factory=rooted
        )

    server = call(listen())
    sftp.port = server.get_port()
    try:
        yield sftp
    finally:
        call(_close(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()


async def _close(server: Any) -> None:
    server.close()
    await server.wait_closed()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
