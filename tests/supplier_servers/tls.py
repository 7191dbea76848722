"""Certificates of an authority of the test's own, and a door that speaks TLS for a server behind it that does not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """`ca`: what a client must trust. `server`: for `localhost` and 127.0.0.1; `expired`: the same, of last year."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            _builder(name, name, key, days=(-30, 30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.server = self._issue(folder / "server.pem", name, key, days=(-30, 30))
        self.expired = self._issue(folder / "expired.pem", name, key, days=(-300, -200))

    def _issue(
        self, path: Path, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int]
    ) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        certificate = (
            _builder(subject, issuer, key, days=days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(authority, critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


@contextmanager
def tls_door(behind: int, context: ssl.SSLContext, *, starttls: bool = False) -> Iterator[int]:
    """The port of a door to the server on the port `behind`; with `starttls` as IMAP begins it."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    connection, _ = door.accept()
                except OSError:
                    return  # The test is over.
                Thread(target=_through, args=(connection, behind, context, starttls), daemon=True).start()

        Thread(target=serve, daemon=True).start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


def _through(connection: socket.socket, behind: int, context: ssl.SSLContext, starttls: bool) -> None:
    with suppress(OSError), connection:  # A client that refuses the certificate hangs up, as tests want.
        if starttls:
            _agree(connection)
        with context.wrap_socket(connection, server_side=True) as inside, _reach(behind) as server:
            if starttls:
                server.recv(4096)  # The greeting was given already.
            back = Thread(target=_pipe, args=(server, inside), daemon=True)
            back.start()
            _pipe(inside, server)
            back.join(timeout=5)


def _reach(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _agree(connection: socket.socket) -> None:
    connection.sendall(b"* OK ready\r\n")
    with connection.makefile("rb") as lines:
        for line in lines:
            tag, command = line.split()[:2]
            if command.upper() == b"CAPABILITY":
                connection.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK done\r\n")
            elif command.upper() == b"STARTTLS":
                connection.sendall(tag + b" OK begin\r\n")
                return


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
