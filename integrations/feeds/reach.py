"""Which addresses a feed may be fetched from: what a person typed must not lead into our own network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event, Timer
from types import TracebackType

from integrations.feeds.errors import FeedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes of one visit. `total_s` ends it when the other side drips."""

    connect_s: float = 10.0
    read_s: float = 60.0
    total_s: float = 180.0
    file_bytes: int = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reach:
    """`allowed`: networks that may be reached though they are not public."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> Reach:
        """Raises ValueError for what is no network."""
        return cls(tuple(ipaddress.ip_network(network) for network in networks))

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to; connect to these, not to the name: it may change.

        Raises FeedError `host_unknown`, `private_address`.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise FeedError("host_unknown", passing=True, host=host) from None
        every = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        usable = [address for address in every if self.may_reach(address)]
        if not usable:
            raise FeedError("private_address", host=host)
        return usable

    def may_reach(self, address: str) -> bool:
        """Whether it is public, or one of the networks that are allowed."""
        ip = _inner(ipaddress.ip_address(address.partition("%")[0]))
        return (ip.is_global and not ip.is_multicast and not ip.is_reserved) or any(
            ip in network for network in self.allowed if network.version == ip.version
        )

    def connect(self, host: str, port: int, limits: Limits) -> socket.socket:
        """A connection to one of the host's addresses. Raises FeedError."""
        for address in self.addresses(host, port):
            try:
                connection = socket.create_connection((address, port), timeout=limits.connect_s)
            except OSError:
                continue
            connection.settimeout(limits.read_s)
            return connection
        raise FeedError("unreachable", passing=True, host=host)


def _inner(ip: Address) -> Address:
    """The address that a mapped or translated one leads to."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or ip


class Deadline:
    """Ends a connection when the time for the whole visit is over, whoever waits for it then."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection  # Put the wrapped one here: wrapping leaves nothing in the plain one.
        self._over = Event()
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def _end(self) -> None:
        self._over.set()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # It was closed a moment ago.

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
