"""A mail server for probes: real connections, real certificates, and an answer to each word from a table."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import trustme


@dataclass
class Peer:
    """A server that answers each line by the words of its table, and keeps what it was told."""

    context: ssl.SSLContext
    implicit: bool
    greeting: bytes = b"* OK [CAPABILITY IMAP4rev1] ready\r\n"
    answers: dict[str, bytes] = field(
        default_factory=lambda: {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%s OK done\r\n",
            "LOGOUT": b"* BYE\r\n%s OK\r\n",
            "EHLO": b"250-mail.example.net\r\n250-STARTTLS\r\n250 SIZE 1\r\n",
            "STARTTLS": b"220 go ahead\r\n",
            "QUIT": b"221 bye\r\n",
            "CAPA": b"+OK\r\nSTLS\r\n.\r\n",
            "STLS": b"+OK begin\r\n",
        }
    )
    told: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(peer,), daemon=True).start()

    def one(self, peer: socket.socket) -> None:
        try:
            if self.implicit:
                peer = self.context.wrap_socket(peer, server_side=True)
            peer.sendall(self.greeting)
            while line := _line(peer):
                words = line.split()
                tag, verb = (words[0], words[1]) if words[0].startswith("a") else ("", words[0])
                self.told.append(verb)
                answer = self.answers[verb]
                peer.sendall(answer.replace(b"%s", tag.encode()))
                if verb in ("STARTTLS", "STLS"):
                    peer = self.context.wrap_socket(peer, server_side=True)
        except (OSError, KeyError):
            pass
        finally:
            peer.close()


def _line(peer: socket.socket) -> str:
    got = b""
    while not got.endswith(b"\r\n"):
        more = peer.recv(1)
        if not more:
            return ""
        got += more
    return got.decode()


@contextmanager
def running(peer: Peer) -> Iterator[Peer]:
    """On a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer.port = listening.getsockname()[1]
        threading.Thread(target=peer.serve, args=(listening,), daemon=True).start()
        yield peer
        listening.shutdown(socket.SHUT_RDWR)


def context(authority: trustme.CA, name: str = "localhost", *, ends: timedelta = timedelta(days=60)) -> ssl.SSLContext:
    """TLS for ``name``, signed by ``authority``, over in ``ends``."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    now = datetime.now(UTC)
    authority.issue_cert(
        name, not_before=now - timedelta(days=90), not_after=now + ends, key_type=trustme.KeyType.ECDSA
    ).configure_cert(made)
    return made
