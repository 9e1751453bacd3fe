"""What the linker remembers of sessions, connections and messages, within bounds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, NamedTuple, Protocol, TypeVar

from bot.logs.draft import mailbox_of

_T = TypeVar("_T")


class Known:
    """What is known of one session or connection so far; ``since`` is microseconds since 1970."""

    __slots__ = (
        "client",
        "client_version",
        "login",
        "mailbox",
        "mechanism",
        "proven",
        "remote_ip",
        "remote_port",
        "service",
        "since",
        "tls",
    )

    def __init__(self, since: int | None) -> None:
        self.since = since
        self.service: str | None = None
        self.login: str | None = None
        self.mailbox: str | None = None
        self.remote_ip: str | None = None
        self.remote_port: int | None = None
        self.mechanism: str | None = None
        self.tls: str | None = None
        self.client: str | None = None
        self.client_version: str | None = None
        self.proven = False
        """True where the login was accepted, not merely tried."""


class Message:
    """Who handed in a message: the login that was proven, and the envelope sender."""

    __slots__ = ("login", "mailbox", "sender", "since")

    def __init__(self, since: int | None, login: str | None, mailbox: str | None, sender: str | None) -> None:
        self.since = since
        self.login = login
        self.mailbox = mailbox
        self.sender = sender


class Deferred:
    """An smtpd connection of which no line was looked at yet, and what their shapes told."""

    __slots__ = ("address", "login", "mechanism", "service", "since", "tls")

    def __init__(self, since: int, address: str, service: str | None) -> None:
        self.since = since
        self.address = address
        self.service = service
        self.login: str | None = None
        self.mechanism: str | None = None
        self.tls: str | None = None

    def known(self) -> Known:
        """The same as lines that were looked at would have left."""
        known = Known(self.since)
        known.service, known.remote_ip, known.tls = self.service, self.address, self.tls
        if self.login is not None:
            known.login, known.mailbox, known.mechanism = self.login, mailbox_of(self.login), self.mechanism
            known.proven = True
        return known


class Memory(Generic[_T]):
    """The newest entries by key; the least recently used one goes when it is full."""

    __slots__ = ("capacity", "entries")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: OrderedDict[object, _T] = OrderedDict()

    def get(self, key: object) -> _T | None:
        entry = self.entries.get(key)
        if entry is not None:
            self.entries.move_to_end(key)
        return entry

    def put(self, key: object, entry: _T) -> None:
        self.entries[key] = entry
        self.entries.move_to_end(key)
        if len(self.entries) > self.capacity:
            self.entries.popitem(last=False)

    def pop(self, key: object) -> None:
        self.entries.pop(key, None)

    def __len__(self) -> int:
        return len(self.entries)


Asker = tuple[int | None, str | None, str | None]
"""Since when, service, and reason of a SASL attempt or a caller."""


class Remembers(Protocol[_T]):
    """A memory, wherever it is kept."""

    def get(self, key: object) -> _T | None:
        """What is known under ``key``, which is then the newest."""

    def put(self, key: object, entry: _T) -> None:
        """Know ``entry`` under ``key`` from now on."""

    def pop(self, key: object) -> None:
        """Forget ``key``."""

    def __len__(self) -> int: ...


class Memories(NamedTuple):
    """What a linker remembers: by session id, by connection (host, program, pid), by message (host, queue id), by the
    address of a caller, and by who asked (login, address)."""

    sessions: Remembers[Known | list[tuple[int, str]]]
    connections: Remembers[Known | Deferred]
    messages: Remembers[Message]
    callers: Remembers[Asker]
    asked: Remembers[Asker]
