"""Reading blocks of log: passing over the lines in which nothing goes wrong, putting together those of a known
wording, and decoding the rest.

Nine lines of ten in a mail log are quiet: a login and its logout, a message taken in and delivered. What a log
store wants of them is a handful of facts, and each follows from the line's shape alone (:mod:`bot.logs.shapes`).
What a line would have told its siblings is not lost: the linker keeps its text and decodes it when one of them
asks. A failure of a wording that was parsed before is put together (:mod:`bot.logs.template`) and linked.

The reference is ``linker.feed(decoder.decode(line))``; a test holds both to the same outcome.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from bot.logs import postfix, shapes, stamp
from bot.logs import session as session_id
from bot.logs.decode import Decoder
from bot.logs.draft import FIELDS, event_of
from bot.logs.link import Connection, Linker
from bot.logs.memory import Memories
from bot.logs.secrets import mask
from bot.logs.session import EPOCH, canonical, microseconds
from bot.logs.sink import Sink
from bot.logs.template import Templates

LONGEST: Final = 2000
"""Characters of a line that is passed over."""
KEPT: Final = 8192
_MINUTE: Final = 60_000_000
_CLOCK: Final = {
    f"{minute:02}:{second:02}": (minute * 60 + second) * 1_000_000 for minute in range(60) for second in range(60)
}
"""Minutes and seconds as written, in microseconds."""
_RAW, _TIME, _HOST, _PROGRAM, _PID, _SESSION, _REMOTE_IP, _REMOTE_PORT, _FORMAT = map(
    FIELDS.index, ("raw", "time", "host", "program", "pid", "session", "remote_ip", "remote_port", "format")
)


class _Program(NamedTuple):
    """What a Postfix daemon's name says: is it an smtpd, its service, and whose lines these are."""

    smtpd: bool
    queue: bool
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
        self,
        sink: Sink,
        *,
        family: Callable[[str], str | None],
        trouble: Callable[[str], bool],
        zone: tzinfo = UTC,
        year: int | None = None,
        reference: datetime | None = None,
        memories: Memories | None = None,
    ) -> None:
        self._decoder = Decoder(zone=zone, year=year, reference=reference)
        self._linker = Linker(recall=self._decoder.recall, memories=memories)
        self._sink = sink
        self._family = family
        self._trouble = trouble
        self._programs: dict[str, _Program] = {}
        self._hours: dict[str, _Hour] = {}
        self._hosts: set[str] = set()
        """Hosts that a line in RFC 3339 has named."""
        self._revision = 0
        self._anchor: tuple[int, int] | None = None
        self._minute = self._zone = ""
        self._began = 0
        self._month: tuple[int, int] | None = None
        self._times: defaultdict[tuple[str, str | None, str | None], list[int]] = defaultdict(list)
        """Times of lines that were passed over, by host, family and service."""
        self._templates = Templates()
        self._quiet: dict[str, Callable[[re.Match[str], str, int], bool]] = {
            "login": self._login,
            "logout": self._logout,
            "connect": self._connect,
            "disconnect": self._disconnect,
            "tls": self._tls,
            "client": self._client,
            "authenticated": self._client,
            "sent": self._queued,
            "quiet": self._queued,
            "active": self._queued,
        }

    def as_of(self, now: datetime) -> None:
        """Say what time it is, for a stream that is read while it is written: its lines lie a day ahead at most."""
        self._decoder.timeline.as_of(now)

    def feed(self, text: str) -> None:
        """Read the lines of ``text``, each with its line end, which follow those fed before."""
        if "\0" in text or "\r" in text or "\x1b[" in text or "#033[" in text:
            for line in text.split("\n")[:-1]:
                self._look(line)
            return
        ascii_only = text.isascii()
        passed = 0
        quiet, hours, hosts = self._quiet, self._hours, self._hosts
        for found in shapes.lines().finditer(text):
            shape = found.lastgroup or ""
            if shape != "other" and found.end() - found.start() <= LONGEST and (ascii_only or found[0].isascii()):
                begun, clock, minute, second, zone, host = found.group(1, 2, 3, 4, 5, 6)
                time = None
                self._proven, anchor = True, self._month
                if begun is not None:
                    hour = hours.get(host)
                    if hour is not None and hour[0] == begun and clock in _CLOCK:
                        _, start, self._proven, anchor = hour
                        time = start + _CLOCK[clock]
                elif host in hosts:
                    if minute == self._minute and zone == self._zone and len(second) == 9 and second < "60":
                        time = self._began + int(second[:2] + second[3:])
                    else:
                        time = self._began_at(minute, second, zone)
                        anchor = self._month
                if time is not None:
                    handler = quiet.get(shape)
                    if handler is not None and handler(found, host, time):
                        passed += 1
                        if anchor is not None:
                            self._anchor = anchor
                        continue
                    if handler is None and self._tell(found, shape, host, time):
                        if anchor is not None:
                            self._anchor = anchor
                        continue
            self._look(found[0][:-1])
        self._sink.passed(passed)
        for (host, family, service), times in self._times.items():
            self._sink.cover(host, family, service, times)
        self._times.clear()

    def _look(self, line: str) -> None:
        """Decode and link a line."""
        timeline = self._decoder.timeline
        if self._anchor is not None:
            timeline.anchor, self._anchor = self._anchor, None
        event = self._linker.feed(self._decoder.decode(line))
        self._sink.add(event)
        if timeline.revision != self._revision:
            self._revision = timeline.revision
            self._forget_hours()
        if (
            event.format == "rfc3339"
            and event.host is not None
            and event.host not in self._hosts
            and len(self._hosts) < KEPT
        ):
            self._learn_host(event.host)
        elif event.format == "rfc3164" and event.host is not None and line[3:4] == " ":
            hour = self._hours.get(event.host)
            if hour is None or not line.startswith(hour.prefix) or not (hour.proven or event.session is None):
                self._learn_hour(line, event.host)

    def _learn_host(self, host: str) -> None:
        self._hosts.add(host)

    def _forget_hours(self) -> None:
        self._hours.clear()

    def _learn_hour(self, line: str, host: str) -> None:
        self._hours.pop(host, None)
        local = stamp.seen(line[:15])
        if local is None or len(self._hours) >= KEPT:
            return
        begun = local.replace(minute=0, second=0)
        steady = self._decoder.timeline.steady(begun, host)
        if steady is not None:
            start = microseconds(steady.moment)
            self._hours[host] = _Hour(line[:10], start, steady.proven, steady.anchor)

    def _began_at(self, first: str, rest: str, zone: str) -> int | None:
        """The time of an RFC 3339 stamp; its minute is remembered, for the next line is likely to share it."""
        moment = _zoned(first + rest + zone)
        if moment is None:
            return None
        utc = moment.astimezone(UTC)
        self._month = (utc.year, utc.month)
        time = microseconds(moment)
        self._minute, self._zone = first, zone
        self._began = microseconds(moment.replace(second=0, microsecond=0))
        return time

    def _tell(self, found: re.Match[str], shape: str, host: str, time: int) -> bool:
        """Add the event of a line whose wording is known; False where the line has to be decoded."""
        line = found[0][:-1]
        if mask(line) is not line:  # what it may have of a secret besides is the decoder's to find
            return False
        program, pid = found.group("program", "pid")
        told = self._templates.parse(found, shape, program or "dovecot")
        if told is None:
            return False
        values, fresh = told
        session, remote_ip = values[_SESSION], values[_REMOTE_IP]
        if session is not None:
            made = session_id.decode(session)
            if made is not None:
                if remote_ip is None:
                    return False
                if session_id.same_address(made, remote_ip):
                    if fresh and not self._proven:
                        return False
                    if values[_REMOTE_PORT] is None:
                        values[_REMOTE_PORT] = made.remote_port
        values[_RAW] = line
        values[_TIME] = EPOCH + timedelta(microseconds=time)
        values[_HOST] = host
        values[_PROGRAM] = program or "dovecot"
        if pid is not None and values[_PID] is None:
            values[_PID] = int(pid)
        values[_FORMAT] = "rfc3164" if found["hour"] is not None else "rfc3339"
        self._sink.add(self._linker.feed(event_of(values)))
        return True

    def _program(self, name: str) -> _Program:
        """A daemon's name, as far as it is one of Postfix's."""
        known = self._programs.get(name)
        if known is None:
            daemon = name[name.rfind("/") + 1 :]
            ours = postfix.is_postfix(name)
            known = _Program(
                ours and daemon == "smtpd",
                ours and daemon not in ("smtpd", "postscreen"),
                postfix.service_of(name),
                self._family(name),
            )
            if len(self._programs) >= KEPT:
                self._programs.clear()
            self._programs[name] = known
        return known

    # -- one shape each: true where the line is passed over and the sink has what it tells -------------------

    def _login(self, found: re.Match[str], host: str, time: int) -> bool:
        service, login, rip, session = found.group("service", "user", "rip", "login")
        address = canonical(rip) if self._proven else None
        if address is None or not self._linker.defer_session(session, time, found[0][:-1]):
            return False
        self._times[host, "dovecot", service].append(time)
        self._sink.succeed(host, service, login, address, session, time)
        return True

    def _logout(self, found: re.Match[str], host: str, time: int) -> bool:
        line, service, session = found.group(0, "served", "logout")
        if "Too many invalid" in line or not self._linker.defer_session(session, time, line[:-1]):
            return False
        self._times[host, "dovecot", service].append(time)
        self._sink.end(host, session, time)
        return True

    def _connect(self, found: re.Match[str], host: str, time: int) -> bool:
        name, pid, rip = found.group("program", "pid", "connect")
        program, address = self._program(name), canonical(rip)
        if not program.smtpd or address is None:
            return False
        self._linker.defer_connect((host, name, int(pid)), time, address, program.service)
        self._times[host, program.family, program.service].append(time)
        return True

    def _disconnect(self, found: re.Match[str], host: str, time: int) -> bool:
        name, pid, rip, counts = found.group("program", "pid", "left", "disconnect")
        program, address = self._program(name), canonical(rip)
        if not program.smtpd or address is None or (program.service != "smtp" and "auth=" not in counts):
            return False
        logged_in = self._linker.defer_disconnect((host, name, int(pid)), time, address)
        if logged_in is None:
            return False
        self._times[host, program.family, program.service].append(time)
        if not logged_in:
            self._sink.visit(host, program.family, address, time)
        return True

    def _tls(self, found: re.Match[str], host: str, time: int) -> bool:
        name, pid, rip, protocol = found.group("program", "pid", "peer", "tls")
        program, address = self._program(name), canonical(rip)
        if not program.smtpd or address is None or self._trouble(found[0]):
            return False
        if not self._linker.defer_tls((host, name, int(pid)), time, address, protocol):
            return False
        self._times[host, program.family, program.service].append(time)
        return True

    def _client(self, found: re.Match[str], host: str, time: int) -> bool:
        name, pid, queue_id, rip, mechanism, login = found.group(
            "program", "pid", "queue", "client", "mechanism", "authenticated"
        )
        program, address = self._program(name), canonical(rip)
        if not program.smtpd or address is None or program.service is None:
            return False
        connection: Connection = (host, name, int(pid))
        if not self._linker.defer_message(connection, time, address, queue_id, mechanism, login):
            return False
        if login is not None:
            self._sink.succeed(host, program.service, login, address, None, time)
        self._times[host, program.family, program.service].append(time)
        return True

    def _queued(self, found: re.Match[str], host: str, time: int) -> bool:
        name, queue_id, quiet, sender = found.group("program", "queue", "quiet", "active")
        program = self._program(name)
        if not program.queue or queue_id == "NOQUEUE" or queue_id[:2] == "20" or queue_id[:3] in stamp.MONTHS:
            return False
        if quiet is not None and self._trouble(found[0]):
            return False
        self._linker.defer_queued(host, queue_id, time, sender or None)
        self._times[host, program.family, None].append(time)
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
