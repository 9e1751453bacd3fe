"""Reading one file into rows, in this process or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Digest
from bot.adapters.logstore.sink import Prepare, Prepared
from bot.adapters.logstore.sqlite.prepared import prepare
from bot.adapters.logstore.sqlite.sources import LogFile, OpenLog, blocks, lines_of
from bot.logs.skim import Skimmer

CHUNK_LINES: Final = 25_000
"""Lines that are committed together."""


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
    position, carry = job.position, head[job.position :]
    if job.position > len(head):
        position = len(head) + log.skip(job.position - len(head))
        if position < job.position:
            yield End(position, older=True)
            return
    digest = Digest()
    skimmer = Skimmer(
        digest, family=keeping.family, trouble=keeping.is_troubled, zone=job.zone, year=job.year,
        reference=log.modified or datetime.now(UTC),
    )  # fmt: skip
    if job.stop is not None:
        part, carry = log.exactly(carry, job.stop - position)
        if len(part) < job.stop - position:
            yield End(position, older=True)
            return
        skimmer.feed(lines_of(part.removesuffix(b"\n")))
        position = job.stop
        yield Chunk(job.prepare(digest.take()), position, log.done())
    reached = taken = position
    lines = 0
    for block, behind in blocks(log, carry, position, finished=job.finished or not log.growing):
        skimmer.feed(block)
        lines += block.count("\n")
        reached = behind
        if lines >= job.chunk:
            yield Chunk(job.prepare(digest.take()), reached, log.done())
            taken, lines = reached, 0
    if reached > taken:
        yield Chunk(job.prepare(digest.take()), reached, log.done())
    yield End(reached, log.left_over)
