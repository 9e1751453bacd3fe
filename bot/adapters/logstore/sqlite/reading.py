"""Reading one file into rows, in this process or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Digest
from bot.adapters.logstore.sqlite.prepared import Prepared, prepare
from bot.adapters.logstore.sqlite.sources import BLOCK, LogFile, OpenLog, blocks, lines_in
from bot.logs.skim import Skimmer

CHUNK_LINES: Final = 25_000
"""Lines that are committed together."""
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


@dataclass(slots=True)
class Chunk:
    """Some lines as rows, the position behind them, and the bytes of the file on the disk read so far."""

    rows: Prepared
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
    digest = Digest()
    skimmer = Skimmer(
        digest, family=keeping.family, trouble=keeping.is_troubled, zone=job.zone, year=job.year,
        reference=log.modified or datetime.now(UTC),
    )  # fmt: skip
    reached = taken = position
    lines = 0
    for block, behind in blocks(log, carry, position, finished=job.finished or not log.growing):
        if before:  # what was read in an earlier run teaches who is connected, the year and the zone
            skimmer.feed(lines_in(before[before.find(b"\n") + 1 if position > WARM_BYTES else 0 :].removesuffix(b"\n")))
            digest.take()
            before = b""
        skimmer.feed(block)
        lines += block.count("\n")
        reached = behind
        if lines >= job.chunk:
            yield Chunk(prepare(digest.take()), reached, log.done())
            taken, lines = reached, 0
    if reached > taken:
        yield Chunk(prepare(digest.take()), reached, log.done())
    yield End(reached, log.left_over)


def around(log: OpenLog, head: bytes, position: int) -> tuple[bytes, bytes]:
    """The last :data:`WARM_BYTES` before ``position``, fewer where the file ends before it, and what of ``head`` lies behind it."""
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
