"""A store that is slow, late, down or talks nonsense: within bounds, and never as "no line found"."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.loki import LokiLogStore
from bot.adapters.logstore.opensearch import OpenSearchLogStore
from bot.adapters.logstore.postgres import PostgresLogStore
from bot.bootstrap import SystemClock
from bot.core.model import Ticket
from bot.core.observed import LogQuery
from bot.errors import StoreError
from bot.ports import LogStore
from bot.triage import Triager
from knowledge import load

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
QUERY = LogQuery(NOON - timedelta(days=1), NOON, mailboxes=("anna@example.com",))
SECONDS = 0.4

Make = Callable[[int], Any]
HTTP = {
    "loki": lambda port: LokiLogStore(f"loki+http://user:s3cret@127.0.0.1:{port}", seconds=SECONDS),
    "opensearch": lambda port: OpenSearchLogStore(
        f"opensearch+http://user:s3cret@127.0.0.1:{port}/mail", seconds=SECONDS
    ),
    "clickhouse": lambda port: ClickHouseLogStore(f"clickhouse://user:s3cret@127.0.0.1:{port}/logs", seconds=SECONDS),
}
EVERY = {
    **HTTP,
    "postgresql": lambda port: PostgresLogStore(f"postgresql://user:s3cret@127.0.0.1:{port}/logs", seconds=SECONDS),
}


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does ``answer`` with every connection; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                held.append(connection)
                threading.Thread(target=_calmly, args=(answer, connection), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def _calmly(answer: Callable[[socket.socket], None], connection: socket.socket) -> None:
    try:
        answer(connection)
    except OSError:  # the client has left
        return


def says(status: str, body: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        )
        connection.close()

    return answer


def trickle(connection: socket.socket) -> None:
    """Begin a good answer and never end it."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    """More than anybody can hold."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        connection.sendall(b"[1]\n" * 65536)


def cannot_look(store: LogStore, *, within: float = 4.0) -> str:
    """That ``store`` says in time that it could not look; returns what it says."""
    began = time.monotonic()
    result = store.search(QUERY)
    assert time.monotonic() - began < within
    assert (result.lines, result.successes, result.sessions) == ((), (), ())
    assert result.failed and "s3cret" not in result.failed and "\n" not in result.failed
    assert list(store.coverage(NOON, NOON)) == [] and list(store.logins_like("anna@example.com", NOON, NOON)) == []
    assert store.search(LogQuery(NOON, NOON)).failed, (
        "a query that selects nothing tells whether the store can be asked"
    )
    return result.failed


@pytest.mark.parametrize("kind", EVERY)
def test_nobody_listens(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    store = EVERY[kind](port)
    assert "127.0.0.1" in cannot_look(store)
    with pytest.raises(StoreError):
        store.check()


@pytest.mark.parametrize("kind", HTTP)
def test_no_answer_comes(kind: str) -> None:
    with listener(lambda connection: time.sleep(30)) as port:
        assert "took longer than" in cannot_look(HTTP[kind](port))


def test_no_answer_comes_from_postgresql() -> None:
    with listener(lambda connection: time.sleep(30)) as port:
        began = time.monotonic()
        assert PostgresLogStore(f"postgresql://u@127.0.0.1:{port}/x", seconds=SECONDS).search(QUERY).failed
        assert time.monotonic() - began < 6  # libpq waits at least two seconds for a connection


@pytest.mark.parametrize("kind", HTTP)
def test_an_answer_that_does_not_end(kind: str) -> None:
    with listener(trickle) as port:
        assert "took longer than" in cannot_look(HTTP[kind](port))


def test_an_answer_that_is_too_large() -> None:
    with listener(flood) as port:
        store = LokiLogStore(f"loki+http://127.0.0.1:{port}", seconds=20)
        assert "more than 64 MB" in (store.search(QUERY).failed or "")


@pytest.mark.parametrize("kind", HTTP)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("500 Internal Server Error", b"Code: 1. DB::Exception: no"),
        ("401 Unauthorized", b""),
        ("404 Not Found", b"<html>"),
        ("302 Found\r\nLocation: http://192.0.2.1/", b""),
        ("200 OK", b"<html>"),
        ("200 OK", b'{"status": "success", "data": {"resultType": "streams", "result": [{}]}}'),
        ("200 OK", b'{"error": {"type": "x"}, "hits": 3}'),
        ("429 Too Many Requests", b"slow down"),
        ("204 No Content", b""),
    ],
)
def test_nonsense(kind: str, status: str, body: bytes) -> None:
    if kind == "clickhouse" and body.startswith(b"{"):
        body = b"{"
    with listener(says(status, body)) as port:
        cannot_look(HTTP[kind](port))


def test_the_triage_says_that_it_could_not_look() -> None:
    ticket = Ticket(
        id="1",
        body="anna@example.com cannot log in: authentication failed, Thunderbird, imap, port 993",
        received_at=NOON,
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    triage = Triager(load(), HTTP["loki"](port), EmptyAccountDirectory(), SystemClock()).triage(ticket)
    assert triage.server.failed and triage.server.coverage == "none" and not triage.server.absence_proven
