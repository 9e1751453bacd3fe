"""What is said to a mail server without logging in: greeting, capabilities, STARTTLS, goodbye; with one end to all
of it.

Sources: RFC 9051 (IMAP: greeting 7.1, CAPABILITY, STARTTLS, LOGOUT), RFC 5321 (SMTP: replies of several lines 4.2.1,
EHLO with an address literal where there is no name 4.1.3), RFC 3207 (STARTTLS), RFC 1939, 2449 and 2595 (POP3: CAPA,
STLS, QUIT).
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

MAX_SAID: Final = 65_536
"""Bytes that a server may say in all."""
MAX_LINES: Final = 200


class Failed(Exception):
    """A look that ended early; ``fault`` is a key of bot.core.probe.SAID, ``detail`` what was said to it."""

    def __init__(self, fault: str, detail: str = "") -> None:
        super().__init__(fault)
        self.fault, self.detail = fault, detail


class Dialogue:
    """One conversation, over before ``end`` (time.monotonic). Everything raises Failed, or OSError as sockets do."""

    def __init__(self, plain: socket.socket, protocol: str, end: float) -> None:
        self._socket, self._protocol, self._end = plain, protocol, end
        self._buffer, self._taken, self._tag = b"", 0, 0

    def encrypt(self, context: ssl.SSLContext, name: str) -> tuple[str, datetime | None]:
        """The TLS handshake for ``name``; returns the version that was agreed on, and when the certificate ends."""
        # RFC 3207 section 6 and its successors' lesson: what was said before TLS must not count inside it
        if self._buffer:
            raise Failed("protocol", "text after the answer to STARTTLS")
        self._in_time()
        encrypted = context.wrap_socket(self._socket, server_hostname=name)
        self._socket = encrypted
        ends = str((encrypted.getpeercert() or {}).get("notAfter", ""))
        return encrypted.version() or "TLS", datetime.fromtimestamp(
            ssl.cert_time_to_seconds(ends), UTC
        ) if ends else None

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def greeting(self) -> str:
        """The server's first words. Raises Failed where they are no greeting of this protocol."""
        first = self._answer(lambda line: True)[0] if self._protocol != "smtp" else self._reply()[0]
        wanted = {"imap": ("* ok", "* preauth"), "smtp": ("220",), "pop3": ("+ok",)}[self._protocol]
        if not first.lower().startswith(wanted):
            raise Failed("protocol", first)
        return first

    def capabilities(self) -> list[str]:
        """What the server says that it can, in capitals."""
        if self._protocol == "imap":
            return [
                word
                for line in self._tagged("CAPABILITY")
                if line.upper().startswith("* CAPABILITY")
                for word in line.upper().split()[2:]
            ]
        if self._protocol == "pop3":
            self._send("CAPA")
            lines = self._answer(lambda line: line == "." or line.lower().startswith("-err"))
            return [line.upper() for line in lines[1:-1]]
        host = self._socket.getsockname()[0]
        self._send(f"EHLO [{'IPv6:' if ':' in host else ''}{host.partition('%')[0]}]")
        lines = self._reply()
        if not lines[0].startswith("250"):
            raise Failed("protocol", lines[0])
        return [line[4:].upper() for line in lines[1:]]

    def ask_for_tls(self) -> None:
        """STARTTLS; the handshake comes next. Raises Failed where it is refused."""
        if self._protocol == "imap":
            said = self._tagged("STARTTLS")[-1]
            agreed = said.upper().split()[1:2] == ["OK"]
        else:
            self._send("STLS" if self._protocol == "pop3" else "STARTTLS")
            said = self._reply()[0] if self._protocol == "smtp" else self._answer(lambda line: True)[0]
            agreed = said.startswith("220") if self._protocol == "smtp" else said.lower().startswith("+ok")
        if not agreed:
            raise Failed("protocol", said)

    def goodbye(self) -> None:
        """LOGOUT or QUIT. Nobody waits for the answer: some servers just hang up."""
        self._send(f"a{self._tag + 1} LOGOUT" if self._protocol == "imap" else "QUIT")

    def _tagged(self, command: str) -> list[str]:
        self._tag += 1
        tag = f"a{self._tag}"
        self._send(f"{tag} {command}")
        return self._answer(lambda line: line.split(" ")[0] == tag)

    def _reply(self) -> list[str]:
        return self._answer(lambda line: not (line[:3].isdigit() and line[3:4] == "-"))

    def _answer(self, last: Callable[[str], bool]) -> list[str]:
        """Lines up to the one that ``last`` knows."""
        lines: list[str] = []
        while True:
            lines.append(self._line())
            if last(lines[-1]):
                return lines
            if len(lines) >= MAX_LINES:
                raise Failed("protocol", "more lines than an answer has")

    def _line(self) -> str:
        while b"\n" not in self._buffer:
            self._in_time()
            more = self._socket.recv(4096)
            if not more:
                raise Failed("closed", self._buffer.decode("utf-8", "replace"))
            self._buffer += more
            self._taken += len(more)
            if self._taken > MAX_SAID:
                raise Failed("protocol", "more text than an answer has")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def _send(self, line: str) -> None:
        self._in_time()
        self._socket.sendall(line.encode("ascii") + b"\r\n")

    def _in_time(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Failed("timeout")
        self._socket.settimeout(left)
