"""Joining the lines of one connection: what one line says, its siblings know as well.

Three joins, all streaming and with bounded memory: a Dovecot session id runs through auth, login and mail
process; a Postfix smtpd serves one client between ``connect from`` and ``disconnect from``, known by host,
program and pid, and hands its messages on by queue id; and a Dovecot auth line that Postfix asked for has no
session, but user, address and a moment within three seconds of the smtpd's own line.

What a line states itself is never altered; the one exception is the service ``auth``, which gives way to the
protocol that asked.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from bot.logs.draft import revised
from bot.logs.event import LogEvent

SESSION_AGE: Final = timedelta(hours=48)
CONNECTION_AGE: Final = timedelta(hours=1)
MESSAGE_AGE: Final = timedelta(days=5)
"""maximal_queue_lifetime: the longest a message stays in Postfix's queue by default."""
ASKED_WITHIN: Final = timedelta(seconds=3)

_SMTPD: Final = "/smtpd"
_T = TypeVar("_T")


@dataclass(slots=True)
class _Known:
    """What is known of one session, connection or message so far."""

    since: datetime | None
    service: str | None = None
    login: str | None = None
    mailbox: str | None = None
    remote_ip: str | None = None
    remote_port: int | None = None
    mechanism: str | None = None
    tls: str | None = None
    client: str | None = None
    client_version: str | None = None
    sender: str | None = None
    reason: str | None = None
    proven: bool = False
    """True where the login was accepted, not merely tried."""


class _Memory(Generic[_T]):
    """The newest entries by key; the least recently used one goes when it is full."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[object, _T] = OrderedDict()

    def get(self, key: object) -> _T | None:
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: object, entry: _T) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def pop(self, key: object) -> None:
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


class Linker:
    """Feeds on events in the order of their log and hands each back with what its siblings told before it.

    ``capacity`` bounds each of its five memories; the oldest entries go first.
    """

    def __init__(self, *, capacity: int = 20_000) -> None:
        self._sessions: _Memory[_Known] = _Memory(capacity)
        self._connections: _Memory[_Known] = _Memory(capacity)
        self._messages: _Memory[_Known] = _Memory(capacity)
        self._callers: _Memory[_Known] = _Memory(capacity)
        self._asked: _Memory[_Known] = _Memory(capacity)

    def __len__(self) -> int:
        memories = (self._sessions, self._connections, self._messages, self._callers, self._asked)
        return sum(len(memory) for memory in memories)

    def feed(self, event: LogEvent) -> LogEvent:
        """``event`` with what it lacks filled in from its siblings; the same object where that is nothing."""
        program = event.program
        if program is None:
            return event
        if event.session is not None:
            return self._of_session(event)
        if program.endswith(_SMTPD):
            return self._of_connection(event)
        if event.service == "auth":
            return self._of_asker(event)
        if event.queue_id is not None:
            return self._of_message(event)
        return event

    def _of_session(self, event: LogEvent) -> LogEvent:
        known = self._sessions.get(event.session)
        if known is None or _stale(known, event, SESSION_AGE) or _other(known, event):
            known = _Known(event.time)
            self._sessions.put(event.session, known)
            _learn(known, event)
            return event
        linked = _filled(event, known)
        _learn(known, event)
        return linked

    def _of_connection(self, event: LogEvent) -> LogEvent:
        key = (event.host, event.program, event.pid)
        known = self._connections.get(key)
        fresh = known is None or event.event == "connect" or _stale(known, event, CONNECTION_AGE)
        if known is None or fresh or _other(known, event):
            known = _Known(event.time)
            self._connections.put(key, known)
        linked = _filled(event, known)
        _learn(known, linked)
        if linked.remote_ip is not None:
            if event.event == "connect":
                self._callers.put(linked.remote_ip, known)
            if event.login is not None:
                linked = self._reasoned(linked)
        if event.queue_id is not None and known.proven:
            self._messages.put((event.host, event.queue_id), _sender_of(known, event))
        if event.event == "disconnect":
            self._connections.pop(key)
        return linked

    def _reasoned(self, event: LogEvent) -> LogEvent:
        """A SASL failure with Dovecot's reason for it, since Postfix only passes on that it failed."""
        key = (str(event.login).lower(), event.remote_ip)
        if event.reason is None and event.event == "auth_failed":
            asked = self._asked.get(key)
            if asked is not None and asked.reason is not None and _near(asked.since, event.time):
                event = revised(event, {"reason": asked.reason})
        known = _Known(event.time, service=event.service)
        known.reason = event.reason
        self._asked.put(key, known)
        return event

    def _of_asker(self, event: LogEvent) -> LogEvent:
        """An auth line without a session: some smtpd of a client at this address asked."""
        if event.login is None or event.remote_ip is None:
            return event
        key = (event.login.lower(), event.remote_ip)
        asked = self._asked.get(key)
        service = None
        if asked is not None and asked.service is not None and _near(asked.since, event.time):
            service = asked.service
        else:
            caller = self._callers.get(event.remote_ip)
            if caller is not None and not _stale(caller, event, CONNECTION_AGE):
                service = caller.service
        known = _Known(event.time, service=service, reason=event.reason)
        self._asked.put(key, known)
        return event if service is None else revised(event, {"service": service})

    def _of_message(self, event: LogEvent) -> LogEvent:
        known = self._messages.get((event.host, event.queue_id))
        if known is None or _stale(known, event, MESSAGE_AGE):
            return event
        changes: dict[str, object] = {}
        if event.login is None and known.login is not None:
            changes["login"], changes["mailbox"] = known.login, known.mailbox
        if event.sender is None and known.sender is not None:
            changes["sender"] = known.sender
        elif event.sender is not None:
            known.sender = event.sender
        return revised(event, changes) if changes else event


def _filled(event: LogEvent, known: _Known) -> LogEvent:
    changes: dict[str, object] = {}
    if event.login is None and known.login is not None and event.event != "connect":
        changes["login"], changes["mailbox"] = known.login, known.mailbox
    if event.remote_ip is None and known.remote_ip is not None:
        changes["remote_ip"] = known.remote_ip
    if event.remote_port is None and known.remote_port is not None:
        changes["remote_port"] = known.remote_port
    if event.client is None and known.client is not None:
        changes["client"], changes["client_version"] = known.client, known.client_version
    if event.mechanism is None and known.mechanism is not None and "login" in changes:
        changes["mechanism"] = known.mechanism
    if event.tls is None and known.tls is not None and event.event != "logout":
        changes["tls"] = known.tls
    if event.service == "auth" and known.service not in (None, "auth"):
        changes["service"] = known.service
    return revised(event, changes) if changes else event


def _learn(known: _Known, event: LogEvent) -> None:
    """Take over what the line states. A login that was accepted outlives one that was only tried."""
    if event.login is not None and (event.event == "login" or not known.proven):
        known.login, known.mailbox = event.login, event.mailbox
        known.mechanism = event.mechanism or known.mechanism
        known.proven = known.proven or event.event == "login"
    if event.remote_ip is not None:
        known.remote_ip = event.remote_ip
        known.remote_port = event.remote_port or known.remote_port
    if event.client is not None:
        known.client, known.client_version = event.client, event.client_version
    if event.tls is not None:
        known.tls = event.tls
    if event.service is not None and (known.service is None or known.service == "auth"):
        known.service = event.service


def _sender_of(known: _Known, event: LogEvent) -> _Known:
    return _Known(event.time, login=known.login, mailbox=known.mailbox, sender=event.sender)


def _other(known: _Known, event: LogEvent) -> bool:
    """True where the line names another address than its siblings: the pid serves someone else now."""
    return event.remote_ip is not None and known.remote_ip is not None and event.remote_ip != known.remote_ip


def _stale(known: _Known, event: LogEvent, age: timedelta) -> bool:
    return known.since is not None and event.time is not None and event.time - known.since > age


def _near(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= ASKED_WITHIN
