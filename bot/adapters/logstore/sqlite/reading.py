"""Reading one file into rows, in this process or another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Final, Protocol

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Digest
from bot.adapters.logstore.native.library import Library, library
from bot.adapters.logstore.native.skim import NativeDigest, NativeSkimmer
from bot.adapters.logstore.sink import Prepare, Prepared
from bot.adapters.logstore.sqlite import rows
from bot.adapters.logstore.sqlite.prepared import prepare
from bot.adapters.logstore.sqlite.prepared_native import prepare_native
from bot.adapters.logstore.sqlite.sources import BLOCK, LogFile, OpenLog, bodies, is_plain, lines_in
from bot.logs.skim import Skimmer

CHUNK_LINES: Final = 250_000
"""Lines that are committed together: sums of more lines are fewer rows."""
SMALLEST: Final = 4
"""What part of a chunk the last ones still have."""
WARM_BYTES: Final = 4 << 20
"""Log before the place where reading goes on that is read once more."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read, from ``position`` (uncompressed bytes) on."""

    file: LogFile
    position: int
    zone: tzinfo
    year: int | None
    finished: bool
    chunk: int
    prepare: Prepare = prepare
    stop: int | None = None
    """The first chunk ends exactly here, where it is set."""
    tapers: bool = False
    """Chunks become smaller towards the end of the file: where another thread writes them, the last one is what is
    waited for."""


@dataclass(slots=True)
class Chunk:
    """Some lines: what makes them rows, the position behind them, and the bytes of the file on the disk read so far."""

    rows: Callable[[], Prepared]
    behind: int
    done: int


@dataclass(frozen=True, slots=True)
class End:
    """How the reading ended: where, and whether a last line waits for its newline. ``older`` marks a shorter
    copy of what was read before."""

    reached: int
    left_over: bool = False
    older: bool = False


def read_chunks(job: Job, log: OpenLog, head: bytes) -> Iterator[Chunk | End]:
    """The chunks of an open file of which only ``head`` was read, and last its end.

    Raises what :data:`bot.adapters.logstore.sqlite.sources.UNREADABLE` names.
    """
    position = job.position
    before, carry = around(log, head, position)
    if len(carry) == 0 and len(before) < min(position, WARM_BYTES):
        yield End(len(before), older=True)
        return
    before, carry, position = _whole_line(log, before, carry, position)
    reading = reading_of(job.prepare, job.zone, job.year, log.modified or datetime.now(UTC))
    if job.stop is not None:
        part, carry = log.exactly(carry, job.stop - position)
        if len(part) < job.stop - position:
            yield End(position, older=True)
            return
        before = _taught(reading, before, job.position)
        reading.read(part)
        position = job.stop
        yield Chunk(reading.take(), position, log.done())
    reached = taken = position
    begun = log.done()
    for body, behind in bodies(log, carry, position, finished=job.finished or not log.growing):
        before = _taught(reading, before, job.position)
        reading.read(body)
        reached = behind
        if reading.lines >= job.chunk or (job.tapers and _is_half(job, log, reading.lines, begun)):
            yield Chunk(reading.take(), reached, log.done())
            taken, begun = reached, log.done()
    if reached > taken:
        yield Chunk(reading.take(), reached, log.done())
    yield End(reached, log.left_over)


def _is_half(job: Job, log: OpenLog, lines: int, begun: int) -> bool:
    """True where no more is left of the file than was read since ``begun``, and that is worth a chunk."""
    done = log.done()
    return log.size is not None and lines >= job.chunk // SMALLEST and log.size - done <= done - begun


def _whole_line(log: OpenLog, before: bytes, carry: bytes, position: int) -> tuple[bytes, bytes, int]:
    """Where reading begins when the last line was taken before its end was written: at that line's begin, so that it
    is read whole. Where only its line end was missing, or its begin is out of sight, reading goes on where it stood."""
    begin = before.rfind(b"\n") + 1
    if begin == len(before) or (not begin and len(before) < position):
        return before, carry, position
    carry = carry or log.read(BLOCK)
    if not carry or carry.startswith((b"\n", b"\r")):
        return before, carry, position
    return before[:begin], before[begin:] + carry, position - (len(before) - begin)


def _taught(reading: Reading, before: bytes, position: int) -> bytes:
    """Read once more what an earlier run has read: it teaches who is connected, the year and the zone, and counts
    for nothing."""
    if before:
        reading.read(before[before.find(b"\n") + 1 if position > WARM_BYTES else 0 :])
        reading.take()
    return b""


def around(log: OpenLog, head: bytes, position: int) -> tuple[bytes, bytes]:
    """The last :data:`WARM_BYTES` before ``position``, fewer where the file ends before it, and what of ``head``
    lies behind it."""
    start = max(0, position - WARM_BYTES)
    text = head[start:]
    if start > len(head):
        log.skip(start - len(head))
    while start + len(text) < position:
        more = log.read(min(BLOCK, position - start - len(text)))
        if not more:
            break
        text += more
    return text[: position - start], text[position - start :]


class Reading(Protocol):
    """One stream of lines on its way to rows."""

    @property
    def lines(self) -> int:
        """Lines read since the last :meth:`take`."""

    def read(self, body: bytes) -> None:
        """Read the lines of ``body``, which follow those read before; its last line is whole."""

    def take(self) -> Callable[[], Prepared]:
        """What was read since the last time; called, in any thread, it makes the rows."""


def is_native(into: Prepare) -> bool:
    """True where the native reader reads what ``into`` makes."""
    return into is prepare and library() is not None


def reading_of(into: Prepare, zone: tzinfo, year: int | None, reference: datetime) -> Reading:
    """The fastest reading that this machine has for what ``into`` makes; all come to the same rows."""
    native = library() if into is prepare else None
    if native is None:
        return PlainReading(into, zone, year, reference)
    return NativeReading(native, zone, year, reference)


class PlainReading:
    """Python reads."""

    def __init__(self, into: Prepare, zone: tzinfo, year: int | None, reference: datetime) -> None:
        self._digest = Digest()
        self._into = into
        self._skimmer = Skimmer(
            self._digest, family=keeping.family, trouble=keeping.is_troubled, zone=zone, year=year, reference=reference
        )

    @property
    def lines(self) -> int:
        """Lines read since the last :meth:`take`."""
        return self._digest.lines

    def read(self, body: bytes) -> None:
        """Read the lines of ``body``, which follow those read before; its last line is whole."""
        self._skimmer.feed(lines_in(body))

    def take(self) -> Callable[[], Prepared]:
        """What was read since the last time; called, in any thread, it makes the rows."""
        return partial(self._into, self._digest.take())


class NativeReading:
    """The native reader reads, and Python what it hands back."""

    def __init__(self, native: Library, zone: tzinfo, year: int | None, reference: datetime) -> None:
        self._digest = NativeDigest(native, rows.ORDER, rows.pack)
        self._taken: _Taken | None = None
        self._skimmer = NativeSkimmer(native, self._digest, zone=zone, year=year, reference=reference)

    @property
    def lines(self) -> int:
        """Lines read since the last :meth:`take`."""
        return self._digest.lines

    def read(self, body: bytes) -> None:
        """Read the lines of ``body``, which follow those read before; its last line is whole."""
        if is_plain(body):
            self._skimmer.read(body)
        else:
            self._skimmer.feed(lines_in(body))

    def take(self) -> Callable[[], Prepared]:
        """What was read since the last time; called, in any thread, it makes the rows. They are made here where
        nobody has asked for them when the next ones are taken."""
        if self._taken is not None:
            self._taken()
        self._taken = _Taken(self._digest)
        return self._taken


class _Taken:
    """A batch whose tables the native reader still holds; whoever asks first makes the rows."""

    def __init__(self, digest: NativeDigest) -> None:
        self._lock = threading.Lock()
        self._make: Callable[[], Prepared] = partial(prepare_native, digest, *digest.end_batch())

    def __call__(self) -> Prepared:
        with self._lock:
            rows = self._make()
            self._make = lambda: rows
        return rows
