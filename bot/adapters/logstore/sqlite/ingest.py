"""Reads log files into the embedded store: oldest first, each line once, however often a file is handed
in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Batch, Digest
from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.sources import UNREADABLE, LogFile, OpenLog, blocks, expand
from bot.adapters.logstore.sqlite.writer import Writer
from bot.errors import LogFileError
from bot.logs.decode import Decoder
from bot.logs.skim import Skimmer

CHUNK_LINES: Final = 25_000
"""Lines that are committed together."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest stands: the file at hand, its bytes read and in all (None for a stream), lines so
    far."""

    name: str
    done: int
    size: int | None
    lines: int


@dataclass(slots=True)
class IngestReport:
    """What came of an ingest. ``failed`` holds one line for people for each file that could not be read."""

    files: int = 0
    lines: int = 0
    kept: int = 0
    undated: int = 0
    """Lines without a time that can be read; they are not kept."""
    passed_over: list[str] = field(default_factory=list)
    """Files found in a directory that are no server logs."""
    unchanged: list[str] = field(default_factory=list)
    """Files that held nothing new."""
    unfinished: list[str] = field(default_factory=list)
    """Files whose last line had no end yet; it is read when it has."""
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Ingest:
    """One run over some files."""

    def __init__(
        self,
        writer: Writer,
        known: Callable[[bytes], Identity],
        *,
        zone: tzinfo,
        year: int | None,
        finished: bool,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._writer = writer
        self._known = known
        self._zone = zone
        self._year = year
        self._finished = finished
        self._progress = progress
        self.report = IngestReport()

    def run(self, paths: Iterable[str | Path]) -> IngestReport:
        """Read every file of ``paths``; one that cannot be read is reported and the rest goes on."""
        began = time.monotonic()
        files: list[LogFile] = []
        for found in expand(paths):
            if isinstance(found, LogFileError):
                self.report.failed.append(str(found))
            else:
                files.append(found)
        for file in self._oldest_first(files):
            try:
                with OpenLog(file) as log:
                    self._read(log)
            except UNREADABLE as error:
                why = getattr(error, "strerror", None) or str(error) or type(error).__name__
                self.report.failed.append(
                    f"{file.name}: cannot be read ({why}); check the file and its permissions"
                )
        self._writer.refresh_gaps()
        self.report.seconds = time.monotonic() - began
        return self.report

    def _oldest_first(self, files: Sequence[LogFile]) -> list[LogFile]:
        if len(files) < 2:
            return list(files)
        return sorted(files, key=self._first_time)

    def _first_time(self, file: LogFile) -> datetime:
        """The time of the file's first line; streams, and files that tell none, come last."""
        last = datetime.max.replace(tzinfo=UTC)
        if file.path is None or not file.path.is_file():
            return last
        try:
            with OpenLog(file) as log:
                head = log.read_head() + log.read(16 * 1024)
                decoder = self._decoder(log)
        except UNREADABLE:
            return last
        for line in head.decode("utf-8", "backslashreplace").split("\n")[:20]:
            event = decoder.decode(line)
            if event.time is not None:
                return event.time
        return last

    def _decoder(self, log: OpenLog) -> Decoder:
        return Decoder(zone=self._zone, year=self._year, reference=log.modified or datetime.now(UTC))

    def _read(self, log: OpenLog) -> None:
        head = log.read_head()
        identity = self._known(head)
        if identity.position > len(head):
            position = len(head) + log.skip(identity.position - len(head))
            carry = b""
            if position < identity.position:  # an older, shorter copy of what was read
                self.report.unchanged.append(log.name)
                return
        else:
            position, carry = identity.position, head[identity.position :]
        digest = Digest()
        skimmer = Skimmer(
            digest, family=keeping.family, trouble=keeping.is_troubled, zone=self._zone, year=self._year,
            reference=log.modified or datetime.now(UTC),
        )  # fmt: skip
        lines = dated = start = 0
        reached = position
        finished = self._finished or not log.growing
        for block, behind in blocks(log, carry, position, finished=finished):
            skimmer.feed(block)
            lines += len(block)
            if lines - start >= CHUNK_LINES:
                dated += self._store(digest.take(), identity, behind, log)
                start = lines
            reached = behind
        if reached > identity.position:
            dated += self._store(digest.take(), identity, reached, log)
        self._conclude(log, head, lines, dated, reached > position)

    def _store(self, batch: Batch, identity: Identity, position: int, log: OpenLog) -> int:
        """Commit a batch; returns how many of its lines had a time. What is no log so far is not
        remembered."""
        if identity.id is None and batch.lines == batch.undated:
            return 0
        identity.id = self._writer.write(batch, identity.mark(position, log.name))
        identity.position = position
        report = self.report
        report.lines += batch.lines
        report.kept += len(batch.kept)
        report.undated += batch.undated
        if self._progress is not None:
            self._progress(Progress(log.name, log.done(), log.size, report.lines))
        return batch.lines - batch.undated

    def _conclude(self, log: OpenLog, head: bytes, lines: int, dated: int, advanced: bool) -> None:
        if not head:
            self.report.unchanged.append(log.name)
        elif lines and not dated:
            if log.named:
                self.report.failed.append(f"{log.name}: no line has a time that can be read; no server log?")
            else:
                self.report.passed_over.append(log.name)
        elif not advanced:
            self.report.unchanged.append(log.name)
        else:
            self.report.files += 1
        if log.left_over:
            self.report.unfinished.append(log.name)
