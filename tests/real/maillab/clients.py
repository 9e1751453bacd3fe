"""Real client programs, each told to fail in one way: imaplib, smtplib, ssl and ``openssl s_client``.

A client returns what its user would read when it went wrong, and an empty text when it went well.
"""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from maillab.places import CA, DOMAIN, IMAP_HOST, PASSWORD, SMTP_HOST

PATIENCE = 8.0
"""Seconds until a client gives up waiting."""
imaplib.Commands["ID"] = ("NONAUTH", "AUTH", "SELECTED")


@dataclass(frozen=True)
class Seat:
    """Who sits at the client: the address they come from, and their mailbox."""

    address: str
    mailbox: str


Client = Callable[[Seat], str]


def said(error: BaseException) -> str:
    """The last line of a traceback: what a script's user pastes."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error}"


def trusting(ca: Path = CA) -> ssl.SSLContext:
    """A context that checks names and trusts one authority."""
    return ssl.create_default_context(cafile=str(ca))


class _Imap(imaplib.IMAP4_SSL):
    """imaplib from a chosen address; ``context`` None leaves TLS out."""

    def __init__(self, seat: Seat, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._seat = seat
        self._context = context
        super().__init__(host, port, ssl_context=context, timeout=PATIENCE)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout, (self._seat.address, 0))
        return plain if self._context is None else self._context.wrap_socket(plain, server_hostname=self.host)


def imap(
    *, user: str | None = None, password: str = PASSWORD, host: str = IMAP_HOST, port: int = 993, ca: Path = CA, tls: bool = True, ident: bool = False, mechanism: str | None = None,
) -> Client:
    """Log in over IMAP, look into the inbox, log out. ``user`` None is the full address."""

    def run(seat: Seat) -> str:
        try:
            server = _Imap(seat, host, port, trusting(ca) if tls else None)
            try:
                if ident:
                    server.xatom("ID", '("name" "Thunderbird" "version" "128.5.0")')
                if mechanism:
                    server.authenticate(mechanism, lambda challenge: b"")
                else:
                    server.login(seat.mailbox if user is None else user, password)
                server.select()
            finally:
                with contextlib.suppress(imaplib.IMAP4.error, OSError):
                    server.logout()
        except (imaplib.IMAP4.error, OSError) as error:
            return said(error)
        return ""

    return run


def many_connections(count: int) -> Client:
    """Hold ``count`` IMAP connections at once from one address."""

    def run(seat: Seat) -> str:
        held: list[_Imap] = []
        try:
            for _ in range(count):
                server = _Imap(seat, IMAP_HOST, 993, trusting())
                held.append(server)
                server.login(seat.mailbox, PASSWORD)
        except (imaplib.IMAP4.error, OSError) as error:
            return said(error)
        finally:
            for server in held:
                with contextlib.suppress(imaplib.IMAP4.error, OSError):
                    server.logout()
        return ""

    return run


@contextlib.contextmanager
def _smtp(seat: Seat, host: str, port: int, context: ssl.SSLContext | None) -> Iterator[smtplib.SMTP]:
    source = (seat.address, 0)
    helo = "[192.168.1.23]"
    if context is None:
        server = smtplib.SMTP(host, port, helo, PATIENCE, source)
    else:
        server = smtplib.SMTP_SSL(host, port, helo, timeout=PATIENCE, source_address=source, context=context)
    with server:
        yield server


def smtp(
    port: int = 587, *, implicit: bool | None = None, starttls: bool = True, login: bool = True, password: str = PASSWORD, user: str | None = None,
    sender: str | None = None, to: str = "friend@elsewhere.example", size: int = 200, host: str = SMTP_HOST, ca: Path = CA,
) -> Client:
    """Send one message. ``implicit`` None follows the port; ``starttls`` counts only without implicit TLS."""
    wrapped = port == 465 if implicit is None else implicit

    def run(seat: Seat) -> str:
        try:
            with _smtp(seat, host, port, trusting(ca) if wrapped else None) as server:
                if not wrapped and starttls:
                    server.starttls(context=trusting(ca))
                if login:
                    server.login(seat.mailbox if user is None else user, password)
                message = EmailMessage()
                message["From"] = sender or seat.mailbox
                message["To"] = to
                message["Subject"] = "Hello"
                message.set_content("word " * (size // 5))
                server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            return said(error)
        return ""

    return run


def s_client(host: str, port: int, *options: str, send: str = "") -> Client:
    """``openssl s_client`` with ``options``; its standard error is what the user reads."""

    def run(seat: Seat) -> str:
        words = ["openssl", "s_client", "-connect", f"{host}:{port}", "-bind", f"{seat.address}:0", "-CAfile", str(CA), *options]
        done = subprocess.run(words, input=send.encode(), capture_output=True, timeout=PATIENCE, check=False)
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        return "\n".join(line for line in lines if "error" in line)

    return run


def bare_connect(host: str, port: int, *, send: bytes = b"") -> Client:
    """A port probe: connect, say something or nothing, hang up."""

    def run(seat: Seat) -> str:
        with socket.create_connection((host, port), PATIENCE, (seat.address, 0)) as plain:
            if send:
                plain.sendall(send)
                plain.settimeout(1.0)
                with contextlib.suppress(OSError):
                    plain.recv(1000)
        return ""

    return run


def several(*clients: Client) -> Client:
    """One after the other; what they said, joined."""

    def run(seat: Seat) -> str:
        return "\n".join(text for text in (client(seat) for client in clients) if text)

    return run


def colleague() -> str:
    """An address of the same company that is not the customer's own."""
    return f"owner@{DOMAIN}"
