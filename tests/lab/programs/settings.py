"""What a customer has typed into their mail program, and how a program is run with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.places import BUNDLE, IMAP_HOST, PASSWORD, SMTP_HOST

PATIENCE = 12
"""Seconds until a program gives up waiting."""


@dataclass(frozen=True)
class Settings:
    """One account's settings for one protocol."""

    protocol: str
    mailbox: str
    user: str
    password: str = PASSWORD
    host: str = ""
    port: int = 0
    tls: str = ""
    """implicit, starttls or none."""
    login: bool = True
    ca: Path = BUNDLE
    """The authorities that the program trusts."""
    oldest_tls: bool = False
    """True for a program that knows nothing above TLS 1.1."""
    mechanism: str = ""
    sender: str = ""
    to: str = "friend@elsewhere.example"
    size: int = 200

    @property
    def address(self) -> str:
        """From: their own mailbox unless they say otherwise."""
        return self.sender or self.mailbox

    @property
    def message(self) -> str:
        """The mail that they want to send (or, over IMAP, to file)."""
        lines = "".join("word word word word word\r\n" for _ in range(self.size // 26 + 1))
        return f"From: {self.address}\r\nTo: {self.to}\r\nSubject: Hello\r\nMessage-ID: <m1@{self.address.rpartition('@')[2]}>\r\n\r\n{lines}"


def right(protocol: str, mailbox: str) -> Settings:
    """The article's settings."""
    if protocol == "imap":
        return Settings("imap", mailbox, mailbox, host=IMAP_HOST, port=993, tls="implicit")
    return Settings("smtp", mailbox, mailbox, host=SMTP_HOST, port=587, tls="starttls")


@dataclass(frozen=True)
class Command:
    """How a program is started. ``files`` are written into the home folder first (mode 600)."""

    argv: list[str]
    files: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    stdin: str = ""


@dataclass(frozen=True)
class Program:
    """One mail program. ``name`` is its name in knowledge/clients.toml."""

    id: str
    name: str
    imap: Callable[[Settings], Command] | None
    smtp: Callable[[Settings], Command] | None
    version: list[str]
    version_pattern: str
    noise: str = r"(?!)"
    """Lines that say nothing to a user are left out of the text."""
    output: str = ""
    """A file of the home folder that holds what the user reads, where that is not what the program prints."""
    keep: str = ""
    """For a program whose output holds more than a user sees: a pattern whose group is what they see of a line."""
    quiet_exit: str = ""
    """For a program that ends with 0 whatever happened: what its text says when it failed."""
    can: frozenset[str] = frozenset()
    """What beyond the usual it can be told: no-login, old-tls, mechanism, file (put a message into a folder)."""

    def command(self, settings: Settings) -> Command:
        """How to run it with these settings. Raises ValueError for a protocol that it does not speak."""
        make = self.imap if settings.protocol == "imap" else self.smtp
        if make is None:
            raise ValueError(f"{self.id} does not speak {settings.protocol}")
        return make(settings)

    def text(self, printed: str) -> str:
        """What the user reads of what was printed."""
        cleaned = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r", "", printed)
        lines = [line.rstrip() for line in cleaned.splitlines() if line.strip() and not re.search(self.noise, line)]
        if self.keep:
            lines = [found[1] for line in lines if (found := re.search(self.keep, line))]
        return "\n".join(lines[-15:])
