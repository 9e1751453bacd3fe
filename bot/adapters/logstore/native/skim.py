"""A :class:`bot.logs.skim.Skimmer` whose common lines the native reader reads; Python looks at the rest."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from ctypes import byref, c_void_p, string_at
from datetime import datetime, tzinfo
from typing import Any, Final

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Batch, Digest
from bot.adapters.logstore.native.library import END, LOOK, WORDING, Library, Place, given
from bot.adapters.logstore.native.memories import shared
from bot.logs.draft import FIELDS, event_of
from bot.logs.event import LogEvent
from bot.logs.session import canonical
from bot.logs.shapes import TELLING
from bot.logs.skim import Skimmer
from bot.logs.template import Template, learn

LONGEST: Final = 1 << 16
"""Characters of one line that are read (as in sqlite/sources.py, which cannot be imported here)."""
_SHAPES: Final = {10: "turned_away", 11: "refused", 12: "sasl", 13: "gone", 14: "rejected"}
"""The telling shapes of native.h."""
ASKED: Final = -15
"""The table of addresses whose networks Python is asked for (digest.c: rows_of)."""
_PLACE: Final = {name: place for place, name in enumerate(FIELDS)}
_OWN: Final = ("raw", "time", "host", "program", "format")
"""Fields that the line's envelope gives, not its wording."""


class NativeDigest(Digest):
    """A digest whose sums the reader keeps, together with those of the lines that Python never sees."""

    def __init__(self, library: Library, order: int, pack: Any) -> None:
        super().__init__()
        self._library = library
        self._pack = pack
        self.reader: int = library.open(order)
        self._looked: list[tuple[int, int, LogEvent]] = []

    def __del__(self) -> None:
        self._library.close(self.reader)

    # -- what Digest.add and the skimmer call: the reader's tables take it -------------------------------------

    def cover(self, host: str, family: str | None, service: str | None, times: Any) -> None:
        """``host`` wrote lines of ``family`` at ``times``."""
        for time in times:
            self._library.cover(self.reader, *given(host), *given(family), *given(service), time)

    def succeed(
        self,
        host: str,
        service: str,
        login: str,
        address: str | None,
        session: str | None,
        time: int,
        client: str | None = None,
        version: str | None = None,
    ) -> None:
        """``login`` was accepted; ``session`` is that of IMAP and POP3, else None."""
        self._library.succeed(
            self.reader,
            *given(host),
            *given(service),
            *given(login.casefold()),
            *given(address or ""),
            *given(session),
            time,
            *given(client),
            *given(version),
        )

    def visit(self, host: str, family: str | None, address: str, time: int) -> None:
        """``address`` came and left without a login."""
        self._library.visit(self.reader, *given(host), *given(family), *given(address), time)

    def end(self, host: str, session: str, time: int) -> None:
        """``session`` ended."""
        self._library.end(self.reader, *given(host), *given(session), time)

    def learn_client(self, event: LogEvent, host: str) -> None:
        """The client of a session named itself."""
        self._library.learn_client(
            self.reader,
            *given(host),
            *given(event.session or ""),
            *given(event.client or ""),
            *given(event.client_version),
        )

    def keep(self, time: int, event: LogEvent) -> None:
        """Keep the line verbatim."""
        number = self._library.keep(self.reader, time, *given(self._pack(time, event)))
        self._looked.append((number, time, event))

    # -- the batch ----------------------------------------------------------------------------------------------

    @property
    def lines(self) -> int:
        """Lines of the batch so far, whoever read them."""
        return super().lines + int(self._library.lines(self.reader))

    def end_batch(self) -> tuple[Batch, list[tuple[int, int, LogEvent]]]:
        """End the batch; returns the counts of the lines that Python read, and those that it kept: number within the
        batch, time, event. The tables are the ended batch's until the next one ends; another thread may ask for
        them."""
        looked, self._looked = self._looked, []
        self._library.take(self.reader)
        return self.take(), looked

    def table(self, which: int) -> bytes:
        """A table of the batch that was ended."""
        at = c_void_p()
        size = self._library.table(self.reader, which, byref(at))
        return string_at(at, size) if size > 0 and at else b""

    def column(self, which: int, place: int, width: int) -> list[int]:
        """A column of a table of whole numbers, ``width`` to a row."""
        return memoryview(self.table(which)).cast("q")[place::width].tolist()

    def numbers(self, which: int) -> list[int]:
        """A table of whole numbers."""
        return self.column(which, 0, 1)

    def ends(self, which: int) -> list[int]:
        """Where the texts of a table end."""
        at = c_void_p()
        size = self._library.ends(self.reader, which, byref(at))
        return memoryview(string_at(at, size)).cast("q").tolist() if size > 0 else []

    def key(self, kept_from: int, hosts: Mapping[str, int]) -> list[int]:
        """Make the keys of all words and people. Sessions are kept from ``kept_from`` on, those of ``hosts`` from
        another time. Returns the words that are addresses of which the reader does not know the network:
        :meth:`answer` tells it."""
        self._library.key(self.reader, kept_from)
        for host, time in hosts.items():
            self._library.keep_from(self.reader, *given(host), time)
        return self.numbers(ASKED)

    def answer(self, word: int, network: int | None) -> None:
        """The key of the network of an address."""
        self._library.answer(self.reader, word, -1 if network is None else network)

    def pack(self, anonymous: int, looked: array[int]) -> None:
        """Make the tables of packed rows. ``looked`` holds three numbers for each find of the lines that Python looked
        at."""
        self._library.pack(self.reader, anonymous, looked.tobytes(), len(looked) // 3)

    def ended_lines(self) -> int:
        """Lines of the batch that was ended that the reader read by itself."""
        return int(self._library.table(self.reader, 0, byref(c_void_p())))


class NativeSkimmer(Skimmer):
    """Reads one stream of lines into a :class:`NativeDigest`."""

    def __init__(
        self, library: Library, sink: NativeDigest, *, zone: tzinfo, year: int | None, reference: datetime | None
    ) -> None:
        super().__init__(
            sink,
            family=keeping.family,
            trouble=keeping.is_troubled,
            zone=zone,
            year=year,
            reference=reference,
            memories=shared(library, sink.reader),
        )
        self._library = library
        self._digest = sink
        self._reader = sink.reader
        self._place = Place()

    def feed(self, text: str) -> None:
        """Read the lines of ``text``, each with its line end, which follow those fed before."""
        self.read(text.encode("utf-8", "surrogatepass"))

    def read(self, data: bytes) -> None:
        """Read the lines of ``data``, in UTF-8, which follow those fed before."""
        size, at, place, read = len(data), 0, self._place, self._library.read
        while True:
            why = read(self._reader, data, size, at, byref(place))
            if why == END:
                return
            at = place.begin
            if why == LOOK:
                if place.month:
                    self._anchor = (place.year, place.month)
                self._look(data[place.begin : place.end].decode("utf-8", "surrogatepass")[:LONGEST])
                at = place.end + 1
            elif why == WORDING:
                self._learn_wording(data[place.begin : place.end].decode("ascii"), place)
            else:
                self._learn_program(
                    data[place.begin + place.program[0] : place.begin + place.program[1]].decode("ascii")
                )

    # -- what Python finds out is passed on ---------------------------------------------------------------------

    def _learn_host(self, host: str) -> None:
        super()._learn_host(host)
        self._library.know_host(self._reader, *given(host), 1, None, 0, 0, 0, 0)

    def _learn_hour(self, line: str, host: str) -> None:
        super()._learn_hour(line, host)
        hour = self._hours.get(host)
        if hour is None or not hour.prefix.isascii() or len(hour.prefix) != 10:
            self._library.know_host(self._reader, *given(host), 0, None, 0, 0, 0, 0)
        else:
            year, month = hour.anchor or (0, 0)
            self._library.know_host(
                self._reader, *given(host), 0, hour.prefix.encode(), hour.start, hour.proven, year, month
            )

    def _forget_hours(self) -> None:
        super()._forget_hours()
        self._library.forget_hours(self._reader)

    def _learn_program(self, name: str) -> None:
        known = self._program(name)
        self._library.know_program(
            self._reader, *given(name), known.smtpd, known.queue, *given(known.service), *given(known.family)
        )

    def _learn_wording(self, line: str, place: Any) -> None:
        shape = _SHAPES[place.shape]
        program = "dovecot" if place.program[0] < 0 else line[place.program[0] : place.program[1]]
        spans = [(begin, end) for begin, end in place.slots][: place.slot_count]
        names = [None if begin < 0 else line[begin:end] for begin, end in spans]
        names[1] = canonical(names[1] or "")  # of every telling shape the address
        template = learn(line, TELLING[shape][1], spans, names, program, place.message)
        event = None if template is None else _event_of(template, names, line, program)
        if template is None or event is None or not _is_plain(template, event, program):
            self._library.learn(self._reader, 0, 0, 0, 0, 0, 0)
            return
        parts = dict(template.filled)
        for field, value in enumerate(template.values):
            if field in parts:
                for part in parts[field]:
                    slot, text = (-1, part) if isinstance(part, str) else (part, "")
                    self._library.learn_part(self._reader, field, slot, *given(text))
            elif isinstance(value, str):
                self._library.learn_part(self._reader, field, -1, *given(value))
            elif value is not None:
                self._library.learn_number(self._reader, field, value)
        self._library.learn(
            self._reader,
            1,
            template.fresh,
            keeping.is_kept(event),
            event.event == "disconnect",
            event.event == "no_auth_attempts",
            event.event in ("disconnect", "lost_connection"),
        )


def _event_of(template: Template, names: list[str | None], line: str, program: str) -> LogEvent | None:
    """The event of the line that a template was learned from, as far as rules ask: its names need not be the line's."""
    values = list(template.values)
    values[_PLACE["raw"]], values[_PLACE["program"]] = line, program
    return event_of(values)


def _is_plain(template: Template, event: LogEvent, program: str) -> bool:
    """True where what a store does with lines of this wording follows from the wording: those that it keeps because
    of what happened, and the ends of smtpd connections."""
    put_together = {field for field, _ in template.filled}
    if put_together & {_PLACE[name] for name in ("event", "outcome", "service", "reason", "tls", *_OWN)}:
        return False
    if event.queue_id is not None or any(
        template.values[_PLACE[name]] is not None for name in ("time", "host", "format")
    ):
        return False
    if any(value is not None and not isinstance(value, (str, int)) for value in template.values):
        return False
    if any(
        isinstance(value, str) and not (value.isascii() and value.isprintable() and "\\" not in value)
        for value in template.values
    ):
        return False
    if event.event == "disconnect":
        return (
            event.session is None
            and program.startswith("postfix")
            and program.endswith("/smtpd")
            and event.outcome == "neutral"
        )
    if event.event in ("client_id", "ban", "unban", "login", "logout", "connect"):
        return False
    return event.outcome == "failure" or event.event in keeping.EXPLAINING
