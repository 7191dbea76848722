"""The total deadline on real sockets: headers and bodies that drip, a peer that does not read."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from integrations.errors import Unavailable
from integrations.http import ApiClient, Limits

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def peer(talk: Callable[[socket.socket, Event], None]) -> Iterator[str]:
    """A server of one connection; `talk` should end when the event is set."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    talk(connection, over)
                except OSError:
                    return  # The client has left, which is what the test wants.

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join(timeout=5)
            assert not thread.is_alive()


def drip(connection: socket.socket, over: Event, text: bytes) -> None:
    for place in range(len(text)):
        if over.wait(0.02):
            return
        connection.sendall(text[place : place + 1])


def dripping_head(connection: socket.socket, over: Event) -> None:
    connection.recv(65536)
    drip(connection, over, HEAD + b"X-Filler: " + b"x" * 5000)


def dripping_body(connection: socket.socket, over: Event) -> None:
    connection.recv(65536)
    connection.sendall(HEAD + b"Content-Length: 5000\r\n\r\n")
    drip(connection, over, b" " * 5000)


def dripping_chunk_sizes(connection: socket.socket, over: Event) -> None:
    connection.recv(65536)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    drip(connection, over, b"0" * 5000)


def never_reading(_connection: socket.socket, over: Event) -> None:
    over.wait(10)


@pytest.mark.parametrize("talk", [dripping_head, dripping_body, dripping_chunk_sizes, never_reading])
def test_a_call_ends_in_time_however_slowly_the_peer_moves(talk: Callable[[socket.socket, Event], None]) -> None:
    with peer(talk) as url:
        client = ApiClient("Paydesk", url, limits=Limits(read_s=10, write_s=10, total_s=0.5))
        started = time.monotonic()

        with pytest.raises(Unavailable) as caught:
            client.call("POST", "x", body="x" * 30_000_000 if talk is never_reading else {})
        client.close()

    assert time.monotonic() - started < 3
    assert caught.value.may_have_happened


def test_a_peer_that_answers_is_heard() -> None:
    def talk(connection: socket.socket, _over: Event) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b'Content-Length: 11\r\n\r\n{"fine": 1}')

    with peer(talk) as url:
        client = ApiClient("Paydesk", url)
        answer = client.call("GET", "x")
        client.close()

    assert answer.data == {"fine": 1}


def test_a_body_that_is_cut_is_no_answer() -> None:
    def talk(connection: socket.socket, _over: Event) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b'Content-Length: 50\r\n\r\n{"fine": 1}')

    with peer(talk) as url:
        client = ApiClient("Paydesk", url)
        with pytest.raises(Unavailable) as caught:
            client.call("GET", "x")
        client.close()

    assert caught.value.may_have_happened


def test_nobody_listening_means_that_nothing_happened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = ApiClient("Paydesk", f"http://127.0.0.1:{port}")

    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        client.call("GET", "x")
    client.close()

    assert not caught.value.may_have_happened
