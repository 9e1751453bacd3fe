"""Reads log files into the embedded store: oldest first, each line once, however often a file is handed
in."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from bot.adapters.logstore.sink import LogSink, Prepare, Prepared
from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.ordering import chains, peek
from bot.adapters.logstore.sqlite.processes import RARELY, WORTH_IT, ReadingProcess, cores
from bot.adapters.logstore.sqlite.reading import CHUNK_LINES, Chunk, End, Job, is_native, read_chunks
from bot.adapters.logstore.sqlite.sources import UNREADABLE, LogFile, OpenLog, expand, reason_of
from bot.adapters.logstore.sqlite.threads import ReadingThread
from bot.errors import LogFileError
from bot.logs.decode import Decoder

_Worker = ReadingProcess | ReadingThread


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


def add(report: IngestReport, rest: IngestReport) -> None:
    """Have ``report`` tell of ``rest`` too, a second run over the files that the first left unfinished."""
    again = set(report.unfinished) - set(rest.unfinished)
    report.files += max(0, rest.files - len(again - set(report.unchanged)))  # most were counted already
    report.lines += rest.lines
    report.kept += rest.kept
    report.undated += rest.undated
    report.seconds += rest.seconds
    report.unchanged = [name for name in report.unchanged if name not in again]
    report.unfinished = [name for name in report.unfinished if name not in again]
    report.failed += rest.failed


class Ingest:
    """One run over some files, into any back-end. ``processes`` is how many may read at a time (threads, where the
    native reader reads): None as many as there are processors, where the files are worth it; 0 reads in this process
    and thread."""

    def __init__(
        self,
        sink: LogSink,
        prepare: Prepare,
        *,
        zone: tzinfo,
        year: int | None,
        finished: bool,
        progress: Callable[[Progress], None] | None,
        processes: int | None = None,
    ) -> None:
        self._sink = sink
        self._prepare = prepare
        self._zone = zone
        self._year = year
        self._finished = finished
        self._progress = progress
        self._processes = processes
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
        peeked = sorted((peek(file, self._decoder) for file in files), key=lambda one: one.first)
        apart = chains(peeked)
        processes = self._processes
        if processes is None:
            worth = cores() > 1 and sum(one.size for one in peeked) >= WORTH_IT
            processes = min(cores(), len(apart)) if worth else 0
        thresholds = gc.get_threshold()
        gc.set_threshold(*RARELY)
        try:
            if processes:
                self._together(apart, processes)
            else:
                for _ in self._chain([one.file for one in peeked], None):
                    pass
        finally:
            gc.set_threshold(*thresholds)
        self._sink.refresh_gaps()
        self.report.seconds = time.monotonic() - began
        return self.report

    def _together(self, apart: Sequence[Sequence[LogFile]], processes: int) -> None:
        """Read several chains at a time. Their chunks are written in turn, whichever is ready first, so that
        the same files always make the same store."""
        workers: list[_Worker] = []
        waiting = list(apart)
        native = is_native(self._prepare)
        try:
            running: list[tuple[Iterator[None], _Worker]] = []
            while waiting and len(workers) < processes:
                worker = ReadingThread() if native else ReadingProcess()
                workers.append(worker)
                running.append((self._chain(waiting.pop(0), worker), worker))
            while running:
                chain, worker = running.pop(0)
                if next(chain, self) is not self:
                    running.append((chain, worker))
                elif waiting:
                    running.append((self._chain(waiting.pop(0), worker), worker))
        finally:
            for worker in workers:
                worker.close()

    def _decoder(self, log: OpenLog) -> Decoder:
        return Decoder(zone=self._zone, year=self._year, reference=log.modified or datetime.now(UTC))

    def _chain(self, files: Sequence[LogFile], worker: _Worker | None) -> Iterator[None]:
        """Read files one after the other; yields wherever another chain may have its turn."""
        for file in files:
            try:
                with OpenLog(file) as log:
                    yield from self._read(file, log, worker)
            except UNREADABLE as error:
                self.report.failed.append(
                    f"{file.name}: cannot be read ({reason_of(error)}); check the file and its permissions"
                )

    def _read(self, file: LogFile, log: OpenLog, worker: _Worker | None) -> Iterator[None]:
        head = log.read_head()
        identity = self._sink.identify(head)
        job = Job(
            file,
            identity.position,
            self._zone,
            self._year,
            self._finished,
            CHUNK_LINES,
            self._prepare,
            identity.stop,
            tapers=worker is not None,
        )
        if worker is None or log.size is None:  # a pipe may keep whoever reads it waiting for ever
            steps = read_chunks(job, log, head)
        else:
            worker.start(job)
            yield
            steps = worker.results()
        lines = dated = 0
        end = End(identity.position)
        for step in steps:
            if isinstance(step, Chunk):
                rows = step.rows()
                lines += rows.read
                dated += self._store(rows, step, identity, log)
                yield
            else:
                end = step
        log.left_over = end.left_over
        if end.older:
            self.report.unchanged.append(log.name)
        else:
            self._conclude(log, head, lines > 0 and not dated and identity.id is None, end.reached > job.position)

    def _store(self, rows: Prepared, chunk: Chunk, identity: Identity, log: OpenLog) -> int:
        """Commit a chunk; returns how many of its lines had a time. What is no log so far is not
        remembered."""
        if identity.id is None and rows.read == rows.undated:
            return 0
        identity.id = self._sink.write(rows, identity.mark(chunk.behind, log.name))
        identity.position = chunk.behind
        report = self.report
        report.lines += rows.read
        report.kept += rows.kept
        report.undated += rows.undated
        if self._progress is not None:
            self._progress(Progress(log.name, chunk.done, log.size, report.lines))
        return rows.read - rows.undated

    def _conclude(self, log: OpenLog, head: bytes, no_log: bool, advanced: bool) -> None:
        if not head:
            self.report.unchanged.append(log.name)
        elif no_log:
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
