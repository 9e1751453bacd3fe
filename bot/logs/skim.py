"""Passing over the lines in which nothing goes wrong, at a tenth of the cost of decoding them.

Nine lines of ten in a mail log are of this kind: a login and its logout, a message taken in and delivered. What
a log store wants of them is a handful of facts, and each follows from the line's shape alone. The shapes here
are narrower than the grammars (no bracket in a user name, no option an administrator may add): a line that fits
one is read by its grammar in exactly one way, every other line is decoded. What a line would have told its
siblings is not lost: the linker keeps its text and decodes it when one of them asks.

The reference is ``linker.feed(decoder.decode(line))``; a test holds both to the same outcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple, Protocol

from bot.logs import envelope, postfix, stamp
from bot.logs.decode import Decoder
from bot.logs.event import LogEvent
from bot.logs.link import Linker
from bot.logs.session import EPOCH, canonical, microseconds

LONGEST: Final = 2000
"""Characters of a line that is passed over."""
TAGS_KEPT: Final = 8192
_SECOND: Final = 1_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
_MINUTE: Final = 60 * _SECOND
_CLOCK: Final = {
    f"{minute:02}:{second:02}": minute * _MINUTE + second * _SECOND for minute in range(60) for second in range(60)
}
"""Minutes and seconds as written, in microseconds."""
_ESCAPES: Final = ("\x1b[", "#033[", "\0")

_LOGIN: Final = re.compile(
    r"(imap|pop3)-login: (?:Login|Logged in): user=<([^<>]+)>, method=[\w-]+, rip=([0-9A-Fa-f:.]+), "
    r"lip=[0-9A-Fa-f:.]+, mpid=[0-9]+(?:, TLS)?, session=<([^<>\s]+)>",
    re.A,
)
_LOGOUT: Final = re.compile(
    r"(imap|pop3)\([^()]*\)<[0-9]+><([^<>\s]+)>: (?:Logged out|Disconnected|Connection closed)", re.A
)
_PEER: Final = r"[\w.-]*\[([0-9A-Fa-f:.]+)\]"
_CONNECT: Final = re.compile(r"connect from " + _PEER, re.A)
_DISCONNECT: Final = re.compile(r"disconnect from " + _PEER + r"( [a-z0-9= ]+)", re.A)
_TLS: Final = re.compile(
    r"(?:Anonymous|Untrusted|Trusted|Verified) TLS connection established from " + _PEER + r": (TLSv[0-9.]+) ", re.A
)
_QUEUE: Final = r"([0-9A-Z][0-9A-Za-z]{5,23})"
_CLIENT: Final = re.compile(
    _QUEUE + r": client=" + _PEER + r"(?:, sasl_method=([\w-]+), sasl_username=([^\s,]+))?", re.A
)
_QUEUED: Final = re.compile(
    _QUEUE + r": (?:(removed$|message-id=)|from=<([^<>]*)>, size=[0-9]+, nrcpt=[0-9]+ \(queue active\)$"
    r"|to=<[^<>, ]*>, (?:orig_to=<[^<>, ]*>, )?relay=[^\s,]+, (?:conn_use=[0-9]+, )?delay=[0-9.]+, "
    r"delays=[0-9./]+, dsn=2\.[0-9]{1,3}\.[0-9]{1,3}, status=sent \(.*\)$)",
    re.A,
)


class Sink(Protocol):
    """Who takes what a log tells. Times are microseconds since 1970."""

    def add(self, event: LogEvent) -> None:
        """A line that was decoded and linked."""

    def passed(self, lines: int) -> None:
        """So many lines were passed over."""

    def cover(self, host: str, family: str | None, service: str | None, time: int) -> None:
        """A line of ``host`` that was passed over."""

    def succeed(
        self, host: str, service: str, login: str, address: str, session: str | None, time: int
    ) -> None:
        """A login; ``session`` is that of IMAP and POP3."""

    def end(self, host: str, session: str, time: int) -> None:
        """A session ended."""

    def visit(self, host: str, family: str | None, address: str, time: int) -> None:
        """Somebody came and left without a login."""


class _Tag(NamedTuple):
    """What a line's tag says: program, pid, service, and whose lines these are."""

    kind: str
    program: str
    pid: int | None
    service: str | None
    family: str | None


class _Hour(NamedTuple):
    """The local hour at which a host's log without a year stands."""

    prefix: str
    start: int
    proven: bool
    anchor: tuple[int, int] | None


class Skimmer:
    """Reads one stream of lines into a sink. ``family`` and ``trouble`` are the store's: the program family
    of a program, and whether a line that nothing recognises is to be kept for its words."""

    def __init__(
        self, sink: Sink, *, family: Callable[[str], str | None], trouble: Callable[[str], bool],
        zone: tzinfo = UTC, year: int | None = None, reference: datetime | None = None,
    ) -> None:  # fmt: skip
        self._decoder = Decoder(zone=zone, year=year, reference=reference)
        self._linker = Linker(recall=self._decoder.recall)
        self._sink = sink
        self._family = family
        self._trouble = trouble
        self._tags: dict[str, _Tag] = {}
        self._hours: dict[str, _Hour] = {}
        self._hosts: set[str] = set()
        """Hosts that a line in RFC 3339 has named."""
        self._revision = 0
        self._anchor: tuple[int, int] | None = None
        self._minute = self._zone = ""
        self._began = 0
        self._month: tuple[int, int] | None = None

    def feed(self, lines: Sequence[str]) -> None:
        """Read ``lines``, which follow those fed before."""
        text = "\n".join(lines)
        if any(escape in text for escape in _ESCAPES):
            for line in lines:
                self._look(line)
            return
        passed = 0
        skim = self._skim
        for line in lines:
            if skim(line):
                passed += 1
            else:
                self._look(line)
        self._sink.passed(passed)

    def _look(self, line: str) -> None:
        """Decode and link a line."""
        timeline = self._decoder.timeline
        if self._anchor is not None:
            timeline.anchor, self._anchor = self._anchor, None
        event = self._linker.feed(self._decoder.decode(line))
        self._sink.add(event)
        if timeline.revision != self._revision:
            self._revision = timeline.revision
            self._hours.clear()
        if event.format == "rfc3339" and event.host is not None and len(self._hosts) < TAGS_KEPT:
            self._hosts.add(event.host)
        elif event.format == "rfc3164" and event.host is not None and line[3:4] == " ":
            hour = self._hours.get(event.host)
            if hour is None or not hour.proven or not line.startswith(hour.prefix):
                self._learn_hour(line, event.host)

    def _learn_hour(self, line: str, host: str) -> None:
        self._hours.pop(host, None)
        local = stamp.seen(line[:15])
        if local is None or len(self._hours) >= TAGS_KEPT:
            return
        begun = local.replace(minute=0, second=0)
        steady = self._decoder.timeline.steady(begun, host)
        if steady is not None:
            start = microseconds(steady.moment)
            self._hours[host] = _Hour(line[:10], start, steady.proven, steady.anchor)

    def _skim(self, line: str) -> bool:
        """True where the line could be passed over and the sink has what it tells."""
        if len(line) > LONGEST or not line.isascii():
            return False
        if line[3:4] == " ":
            parts = line[15:].split(" ", 3)
            if len(parts) != 4:
                return False
            blank, host, tag, message = parts
            hour = self._hours.get(host)
            clock = _CLOCK.get(line[10:15])
            if blank or hour is None or clock is None:
                return False
            prefix, start, proven, anchor = hour
            if line[:10] != prefix:
                return False
            time = start + clock
        elif line[10:11] == "T":
            parts = line.split(" ", 3)
            if len(parts) != 4:
                return False
            stamped, host, tag, message = parts
            if host not in self._hosts:
                return False
            if stamped[:17] == self._minute and stamped[26:] == self._zone and stamped[19] == ".":
                fraction = stamped[17:19] + stamped[20:26]
                if not fraction.isdecimal() or fraction > "59999999":
                    return False
                time = self._began + int(fraction)
            else:
                begun = self._began_at(stamped)
                if begun is None:
                    return False
                time = begun
            proven, anchor = True, self._month
        else:
            return False
        known = self._tags.get(tag)
        if known is None:
            known = self._tag(tag)
        kind = known[0]
        if kind == "dovecot":
            done = self._dovecot(line, message, host, known, time, proven)
        elif kind == "smtpd":
            done = self._smtpd(line, message, host, known, time)
        elif kind == "queue":
            done = self._queue(line, message, host, known, time)
        else:
            return False
        if done and anchor is not None:
            self._anchor = anchor
        return done

    def _began_at(self, stamped: str) -> int | None:
        """The time of an RFC 3339 stamp; its minute is remembered, for the next line is likely to share it."""
        moment = _zoned(stamped)
        if moment is None:
            return None
        utc = moment.astimezone(UTC)
        self._month = (utc.year, utc.month)
        time = (moment - EPOCH) // _MICROSECOND
        if len(stamped) == 32 and stamped[19] == "." and time % _MINUTE == int(stamped[17:19] + stamped[20:26]):
            self._minute, self._zone, self._began = stamped[:17], stamped[26:], time - time % _MINUTE
        return time

    def _tag(self, tag: str) -> _Tag:
        """A tag seen for the first time."""
        named = envelope.tag_of(tag)
        if named is None:
            known = _Tag("", "", None, None, None)
        else:
            program, pid = named
            service = kind = None
            if program == "dovecot":
                kind = "dovecot"
            elif postfix.is_postfix(program):
                daemon = program[program.rfind("/") + 1 :]
                service = postfix.service_of(program)
                kind = "smtpd" if daemon == "smtpd" else "queue" if daemon != "postscreen" else None
            known = _Tag(kind or "", program, pid, service, self._family(program))
        if len(self._tags) >= TAGS_KEPT:
            self._tags.clear()
        self._tags[tag] = known
        return known

    def _dovecot(self, line: str, message: str, host: str, tag: _Tag, time: int, proven: bool) -> bool:
        if message[4:5] == "(":
            found = _LOGOUT.match(message)
            if found is None or "Too many invalid" in message:
                return False
            service, session = found.groups()
            if not self._linker.defer_session(session, time, line):
                return False
            self._sink.cover(host, tag[4], service, time)
            self._sink.end(host, session, time)
            return True
        found = _LOGIN.fullmatch(message) if proven else None
        if found is None:
            return False
        service, login, rip, session = found.groups()
        address = canonical(rip)
        if address is None or not self._linker.defer_session(session, time, line):
            return False
        self._sink.cover(host, tag[4], service, time)
        self._sink.succeed(host, service, login, address, session, time)
        return True

    def _smtpd(self, line: str, message: str, host: str, tag: _Tag, time: int) -> bool:
        _, program, pid, service, family = tag
        key = (host, program, pid)
        first = message[:4]
        if first == "conn":
            found = _CONNECT.fullmatch(message)
            address = canonical(found[1]) if found is not None else None
            if address is None:
                return False
            self._linker.defer_connect(key, time, address, service)
        elif first == "disc":
            return self._disconnect(message, key, service, family, time)
        elif (found := _CLIENT.fullmatch(message)) is not None:
            queue_id, rip, mechanism, login = found.groups()
            address = canonical(rip)
            if address is None or service is None:
                return False
            if not self._linker.defer_message(key, time, address, queue_id, mechanism, login):
                return False
            if login is not None:
                self._sink.succeed(host, service, login, address, None, time)
        elif (found := _TLS.match(message)) is not None:
            address = canonical(found[1])
            if address is None or self._trouble(line):
                return False
            if not self._linker.defer_tls(key, time, address, found[2]):
                return False
        else:
            return False
        self._sink.cover(host, family, service, time)
        return True

    def _disconnect(
        self, message: str, key: tuple[str, str, int | None], service: str | None, family: str | None, time: int
    ) -> bool:
        found = _DISCONNECT.fullmatch(message)
        if found is None:
            return False
        rip, counts = found.groups()
        if service != "smtp" and "auth=" not in counts:
            return False
        address = canonical(rip)
        logged_in = self._linker.defer_disconnect(key, time, address) if address is not None else None
        if logged_in is None or address is None:
            return False
        self._sink.cover(key[0], family, service, time)
        if not logged_in:
            self._sink.visit(key[0], family, address, time)
        return True

    def _queue(self, line: str, message: str, host: str, tag: _Tag, time: int) -> bool:
        found = _QUEUED.match(message)
        if found is None or message[:2] == "20" or message[:3] in stamp.MONTHS:
            return False
        queue_id, quiet, sender = found.groups()
        if queue_id == "NOQUEUE":
            return False
        if quiet is not None and self._trouble(line):
            return False
        self._linker.defer_queued(host, queue_id, time, sender or None)
        self._sink.cover(host, tag[4], None, time)
        return True


def _zoned(text: str) -> datetime | None:
    """The moment of an RFC 3339 stamp with its zone; None for every other text."""
    if text[:2] not in ("20", "19") or text[4:8:3] != "--" or text[13:17:3] != "::" or len(text) > 35:
        return None
    if text[-1:] != "Z" and text[-6:-5] not in ("+", "-"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
