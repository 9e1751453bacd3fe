"""Joining the lines of one connection: what one line says, its siblings know as well.

Three joins, all streaming and with bounded memory: a Dovecot session id runs through auth, login and mail
process; a Postfix smtpd serves one client between ``connect from`` and ``disconnect from``, known by host,
program and pid, and hands its messages on by queue id; and a Dovecot auth line that Postfix asked for has no
session, but user, address and a moment within three seconds of the smtpd's own line.

What a line states itself is never altered; the one exception is the service ``auth``, which gives way to the
protocol that asked.

Most lines of a log are of connections in which nothing goes wrong. Such a line can be *deferred*: the linker
then keeps its text or its few facts, and works out what it told once a line of the same connection asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.logs.draft import mailbox_of, revised
from bot.logs.event import LogEvent
from bot.logs.memory import Deferred, Known, Memories, Memory, Message
from bot.logs.session import microseconds

_SECOND: Final = 1_000_000
SESSION_AGE: Final = 48 * 3600 * _SECOND
CONNECTION_AGE: Final = 3600 * _SECOND
MESSAGE_AGE: Final = 5 * 86_400 * _SECOND
"""maximal_queue_lifetime: the longest a message stays in Postfix's queue by default."""
ASKED_WITHIN: Final = 3 * _SECOND
DEFERRED: Final = 16
"""Lines of one session that wait to be looked at; one more and they are."""

Connection = tuple[str, str, int | None]
"""Host, program and pid of an smtpd."""
Recall = Callable[[str, int], LogEvent]
"""Decodes a deferred line whose time (microseconds since 1970) is known."""

_SMTPD: Final = "/smtpd"


class Linker:
    """Feeds on events in the order of their log and hands each back with what its siblings told before it.

    ``capacity`` bounds each of its five memories; the oldest entries go first. ``recall`` is needed only where
    lines are deferred. ``memories`` are kept elsewhere, for a reader that shares them.
    """

    def __init__(
        self, *, capacity: int = 20_000, recall: Recall | None = None, memories: Memories | None = None
    ) -> None:
        self._recall = recall
        if memories is None:
            memories = Memories(
                Memory(capacity), Memory(capacity), Memory(capacity), Memory(capacity), Memory(capacity)
            )
        self._sessions, self._connections, self._messages, self._callers, self._asked = memories

    def __len__(self) -> int:
        sizes = len(self._sessions), len(self._connections), len(self._messages), len(self._callers), len(self._asked)
        return sum(sizes)

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

    # -- lines that are deferred ---------------------------------------------------------------------------

    def defer_session(self, session: str, time: int, line: str) -> bool:
        """Put off a line of a Dovecot session; False where it must be looked at now."""
        known = self._sessions.get(session)
        if known is None:
            self._sessions.put(session, [(time, line)])
            return True
        if type(known) is list and len(known) < DEFERRED:
            known.append((time, line))
            return True
        return False

    def defer_connect(self, key: Connection, time: int, address: str, service: str | None) -> None:
        """Put off the line that opens an smtpd connection."""
        self._connections.put(key, Deferred(time, address, service))
        self._callers.put(address, (time, service, None))

    def defer_tls(self, key: Connection, time: int, address: str, tls: str) -> bool:
        """Put off the line that tells an smtpd connection's protocol version; False where it must be looked
        at now."""
        known = self._deferred(key, time, address)
        if known is None:
            return False
        known.tls = tls
        return True

    def defer_message(
        self, key: Connection, time: int, address: str, queue_id: str, mechanism: str | None, login: str | None
    ) -> bool:
        """Put off the line by which an smtpd takes in a message; False where it must be looked at now."""
        known = self._deferred(key, time, address)
        if known is None or (login is None and known.login is not None):
            return False
        if login is not None:
            known.login, known.mechanism = login, mechanism
            self._asked.put((login.lower(), address), (time, known.service, None))
            self._messages.put((key[0], queue_id), Message(time, login, mailbox_of(login), None))
        return True

    def defer_disconnect(self, key: Connection, time: int, address: str) -> bool | None:
        """Forget a connection of which every line was deferred. True where it had logged in; None where its
        last line must be looked at."""
        known = self._deferred(key, time, address)
        if known is None:
            return None
        self._connections.pop(key)
        return known.login is not None

    def defer_queued(self, host: str, queue_id: str, time: int, sender: str | None) -> None:
        """A line about a message in the queue: all that it can tell is the envelope sender."""
        known = self._messages.get((host, queue_id))
        if known is not None and sender is not None and not _stale(known.since, time, MESSAGE_AGE):
            known.sender = sender

    def _deferred(self, key: Connection, time: int, address: str) -> Deferred | None:
        known = self._connections.get(key)
        if type(known) is Deferred and known.address == address and time - known.since <= CONNECTION_AGE:
            return known
        return None

    def _recalled(self, line: str, time: int) -> LogEvent:
        if self._recall is None:
            raise TypeError("a Linker without `recall` cannot defer lines")
        return self._recall(line, time)

    # -- lines that are looked at --------------------------------------------------------------------------

    def _of_session(self, event: LogEvent) -> LogEvent:
        known = self._sessions.get(event.session)
        if type(known) is list:
            deferred, known = known, None
            for time, line in deferred:
                known = _session_after(known, self._recalled(line, time), time)[0]
        time_now = _micros(event)
        after, linked = _session_after(known, event, time_now)  # type: ignore[arg-type]
        self._sessions.put(event.session, after)
        return linked

    def _of_connection(self, event: LogEvent) -> LogEvent:
        key = (event.host, event.program, event.pid)
        known = self._connections.get(key)
        if type(known) is Deferred:
            known = known.known()
        now = _micros(event)
        known, linked = _connection_after(known, event, now)  # type: ignore[arg-type]
        self._connections.put(key, known)
        if linked.remote_ip is not None:
            if event.event == "connect":
                self._callers.put(linked.remote_ip, (known.since, known.service, None))
            if event.login is not None:
                linked = self._reasoned(linked, now)
        if event.queue_id is not None and known.proven:
            handed_in = Message(now, known.login, known.mailbox, event.sender)
            self._messages.put((event.host, event.queue_id), handed_in)
        if event.event == "disconnect":
            self._connections.pop(key)
        return linked

    def _reasoned(self, event: LogEvent, now: int | None) -> LogEvent:
        """A SASL failure with Dovecot's reason for it, since Postfix only passes on that it failed."""
        key = (str(event.login).lower(), event.remote_ip)
        if event.reason is None and event.event == "auth_failed":
            asked = self._asked.get(key)
            if asked is not None and asked[2] is not None and _near(asked[0], now):
                event = revised(event, {"reason": asked[2]})
        self._asked.put(key, (now, event.service, event.reason))
        return event

    def _of_asker(self, event: LogEvent) -> LogEvent:
        """An auth line without a session: some smtpd of a client at this address asked."""
        if event.login is None or event.remote_ip is None:
            return event
        key = (event.login.lower(), event.remote_ip)
        now = _micros(event)
        asked = self._asked.get(key)
        service = None
        if asked is not None and asked[1] is not None and _near(asked[0], now):
            service = asked[1]
        else:
            caller = self._callers.get(event.remote_ip)
            if caller is not None and not _stale(caller[0], now, CONNECTION_AGE):
                service = caller[1]
        self._asked.put(key, (now, service, event.reason))
        return event if service is None else revised(event, {"service": service})

    def _of_message(self, event: LogEvent) -> LogEvent:
        known = self._messages.get((event.host, event.queue_id))
        if known is None or _stale(known.since, _micros(event), MESSAGE_AGE):
            return event
        changes: dict[str, object] = {}
        if event.login is None and known.login is not None:
            changes["login"], changes["mailbox"] = known.login, known.mailbox
        if event.sender is None and known.sender is not None:
            changes["sender"] = known.sender
        elif event.sender is not None:
            known.sender = event.sender
            self._messages.put((event.host, event.queue_id), known)
        return revised(event, changes) if changes else event


def _session_after(known: Known | None, event: LogEvent, time: int | None) -> tuple[Known, LogEvent]:
    """What is known of a session after ``event``, and the event with what was known before."""
    if known is None or _stale(known.since, time, SESSION_AGE) or _other(known, event):
        known = Known(time)
        _learn(known, event)
        return known, event
    linked = _filled(event, known)
    _learn(known, event)
    return known, linked


def _connection_after(known: Known | None, event: LogEvent, time: int | None) -> tuple[Known, LogEvent]:
    """What is known of an smtpd connection after ``event``, and the event with what was known before."""
    if known is None or event.event == "connect" or _stale(known.since, time, CONNECTION_AGE) or _other(known, event):
        known = Known(time)
    linked = _filled(event, known)
    _learn(known, linked)
    return known, linked


def _filled(event: LogEvent, known: Known) -> LogEvent:
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


def _learn(known: Known, event: LogEvent) -> None:
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


def _other(known: Known, event: LogEvent) -> bool:
    """True where the line names another address than its siblings: the pid serves someone else now."""
    return event.remote_ip is not None and known.remote_ip is not None and event.remote_ip != known.remote_ip


def _micros(event: LogEvent) -> int | None:
    return None if event.time is None else microseconds(event.time)


def _stale(since: int | None, now: int | None, age: int) -> bool:
    return since is not None and now is not None and now - since > age


def _near(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= ASKED_WITHIN
