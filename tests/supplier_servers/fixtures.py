"""Servers of a supplier as fixtures; each is imported when a test wants it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integrations.feeds.reach import Limits, Reach

if TYPE_CHECKING:
    from supplier_servers.imap import Post
    from supplier_servers.sftp import Sftp
    from supplier_servers.tls import Authority
    from supplier_servers.web import Web

LIMITS = Limits(connect_s=2, read_s=2, total_s=5, file_bytes=1024 * 1024)
LOOPBACK = Reach.of(["127.0.0.0/8", "::1/128"])


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    from supplier_servers.tls import Authority

    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def web() -> Iterator[Web]:
    from supplier_servers.web import web_server

    with web_server() as server:
        yield server


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[Sftp]:
    from supplier_servers.sftp import sftp_server

    with sftp_server(tmp_path) as server:
        yield server


@pytest.fixture
def post() -> Iterator[Post]:
    from supplier_servers.imap import post_office

    with post_office() as office:
        yield office
