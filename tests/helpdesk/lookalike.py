"""An in-process helpdesk: its tickets, and the accidents of a network. A vendor's look-alike only says how requests
and answers are written."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CUSTOMER, AGENT, BOT = "customer", "agent", "bot"


@dataclass
class Message:
    """One message of a ticket; ``who``: customer, agent or bot."""

    id: int
    at: float
    who: str
    public: bool
    body: str
    files: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Name, media type, content."""

    @property
    def iso(self) -> str:
        """When, as most vendors write it."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Ticket:
    """A ticket as every vendor has one."""

    id: str
    subject: str
    requester: str
    messages: list[Message]
    updated: float
    closed: bool = False
    tags: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    cc: list[str] = field(default_factory=list)

    @property
    def iso(self) -> str:
        """When it was last changed."""
        return datetime.fromtimestamp(self.updated, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Refuse(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class LookAlike:
    """A vendor's subclass overrides ``answer`` and ``webhook``; tests use the rest."""

    kind = ""
    """As in HELPDESK_KIND."""

    def __init__(
        self,
        *,
        drop_after: float = 0.0,
        drop_before: float = 0.0,
        limited: float = 0.0,
        broken: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.lock = threading.RLock()
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.accidents = {"drop_after": drop_after, "drop_before": drop_before, "limited": limited, "broken": broken}
        self.dropped = 0
        self._dice = random.Random(seed)
        self._next = 100
        self._clock = time.time() - 3600
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                pass

            def _serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> LookAlike:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # -- what people do in it ------------------------------------------------------------------------------------

    def customer_opens(
        self, body: str, subject: str = "Cannot log in", requester: str = "alice@customer.example"
    ) -> str:
        """A new ticket; returns its id."""
        with self.lock:
            self._next += 1
            ticket = Ticket(str(self._next), subject, requester, [], 0.0)
            self.tickets[ticket.id] = ticket
            self.add(ticket.id, CUSTOMER, body)
        return ticket.id

    def attach(self, ticket: str, name: str, kind: str, content: bytes) -> None:
        """A file that came with the ticket's last message."""
        with self.lock:
            self.tickets[ticket].messages[-1].files.append((name, kind, content))

    def file(self, message: str, number: str) -> tuple[int, bytes, dict[str, str]]:
        """An answer with the bytes of a file. Raises Refuse 404."""
        found = next((m for t in self.tickets.values() for m in t.messages if str(m.id) == message), None)
        if found is None or int(number) >= len(found.files):
            raise Refuse(404)
        _, kind, content = found.files[int(number)]
        return 200, content, {"Content-Type": kind}

    def add(self, ticket: str, who: str, body: str, *, public: bool = True) -> Message:
        """A message; a second passes with each."""
        with self.lock:
            self._next += 1
            self._clock = max(self._clock + 1, time.time() - 600)
            message = Message(self._next, self._clock, who, public, body)
            self.tickets[ticket].messages.append(message)
            self.tickets[ticket].updated = self._clock
        return message

    def forget(self, message: str) -> None:
        """A message is deleted. Raises Refuse where there is none."""
        with self.lock:
            for ticket in self.tickets.values():
                if [m for m in ticket.messages if str(m.id) == message]:
                    ticket.messages = [m for m in ticket.messages if str(m.id) != message]
                    return
        raise Refuse(404)

    def agent_closes(self, ticket: str) -> None:
        """Done, says Anna."""
        with self.lock:
            self._clock += 1
            self.tickets[ticket].closed, self.tickets[ticket].updated = True, self._clock

    def merge(self, ticket: str) -> bool:
        """An agent merges it into another, where the vendor's API says so; False elsewhere."""
        return False

    def written(self, ticket: str, *, public: bool) -> list[str]:
        """What the bot has written there."""
        with self.lock:
            return [m.body for m in self.tickets[ticket].messages if m.who == BOT and m.public == public]

    # -- what a vendor says -----------------------------------------------------------------------------------------

    def authentic(self, headers: dict[str, str]) -> bool:
        """Whether the request carries the right token."""
        raise NotImplementedError

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """(status, JSON, further headers). Raises Refuse."""
        raise NotImplementedError

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        """(headers, body) of the delivery that tells of this ticket."""
        raise NotImplementedError

    # -- the wire -----------------------------------------------------------------------------------------------------

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {k.lower(): v for k, v in handler.headers.items()}
        with self.lock:
            self.calls.append((handler.command, handler.path, headers))
            writes = handler.command != "GET" and "oauth" not in parts.path and "search" not in parts.path
            accident = self._accident() if writes else ""
        if accident == "drop_before":
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        if accident == "limited":
            self._send(handler, 429, {"error": "rate limit"}, {"Retry-After": "1"})
            return
        if accident == "broken":
            self._send(handler, 503, {"error": "down"}, {})
            return
        try:
            if not self.authentic(headers):
                raise Refuse(401, {"error": "unauthorized"})
            with self.lock:
                status, body, more = self.answer(
                    handler.command, parts.path, parse_qs(parts.query), json.loads(raw) if raw else None, headers
                )
        except Refuse as refused:
            status, body, more = refused.status, refused.body or {"error": refused.status}, {}
        if accident == "drop_after":
            self.dropped += 1
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(handler, status, body, more)

    def _accident(self) -> str:
        roll = self._dice.random()
        for name, chance in self.accidents.items():
            if roll < chance:
                return name
            roll -= chance
        return ""

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: Any, more: dict[str, str]) -> None:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **more}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def ticket(self, identity: str) -> Ticket:
        """The ticket of a path. Raises Refuse 404."""
        if identity not in self.tickets:
            raise Refuse(404, {"error": "RecordNotFound"})
        return self.tickets[identity]
