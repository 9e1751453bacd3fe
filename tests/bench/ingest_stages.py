"""Where an ingest's time goes: ``python -m tests.bench.ingest_stages [--lines N]``.

Processor seconds of reading, of making rows and of writing them, one after the other in one process, over the
bench's corpus. An ingest does the first beside the other two, so the greater sum is what two cores wait for. A busy
machine moves the figures by half, so hold two versions against each other in turn.

Then an ingest as it is, with a thread that reads: by the clock, and of its reading thread what it ran, what it waited
for a core that somebody else had (``beside_wanted_s``: Linux's schedstat), and what writer, disk and Python's lock
kept it from. Where the second is large, the machine had no two cores to give.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path

from bot.adapters.logstore.sqlite import SqliteLogStore, threads
from bot.adapters.logstore.sqlite.prepared import prepare
from bot.adapters.logstore.sqlite.reading import CHUNK_LINES, Chunk, End, Job, read_chunks
from bot.adapters.logstore.sqlite.schema import open_for_writing
from bot.adapters.logstore.sqlite.sources import LogFile, OpenLog
from bot.adapters.logstore.sqlite.writer import Writer
from tests.bench.corpus import DAY, write_logs


def stages(place: Path, log: Path) -> dict[str, float]:
    """Processor seconds of each stage over ``log``."""
    spent = {"read_s": 0.0, "rows_s": 0.0, "write_s": 0.0}
    connection = open_for_writing(place / "log.sqlite")
    writer = Writer(connection)
    with OpenLog(LogFile(log)) as opened:
        head = opened.read_head()
        identity = writer.identify(head)
        now = time.process_time()

        def passed(stage: str) -> None:
            nonlocal now
            before, now = now, time.process_time()
            spent[stage] += now - before

        for step in read_chunks(Job(LogFile(log), 0, UTC, DAY.year, True, CHUNK_LINES, prepare), opened, head):
            passed("read_s")
            if isinstance(step, Chunk):
                rows = step.rows()
                passed("rows_s")
                identity.id = writer.write(rows, identity.mark(step.behind, opened.name))
                passed("write_s")
        writer.refresh_gaps()
        connection.close()
        passed("write_s")
    return spent


def beside(place: Path, log: Path) -> dict[str, float]:
    """Seconds of an ingest as it is, and of its reading thread (zero where the system does not tell)."""
    seen: list[tuple[float, float, float]] = []

    def watched(job: Job, opened: OpenLog, head: bytes) -> Iterator[Chunk | End]:
        begun = time.perf_counter()
        yield from read_chunks(job, opened, head)
        seen.append((time.perf_counter() - begun, *_schedule()))

    threads.read_chunks = watched  # type: ignore[assignment]
    began = time.perf_counter()
    try:
        SqliteLogStore(place / "beside.sqlite").ingest([log], year=DAY.year)
    finally:
        threads.read_chunks = read_chunks
    clock = time.perf_counter() - began
    read, ran, wanted = seen[0] if seen else (0.0, 0.0, 0.0)
    return {
        "beside_s": clock,
        "beside_read_s": ran,
        "beside_wanted_s": wanted,
        "beside_kept_s": max(0.0, read - ran - wanted),
    }


def _schedule() -> tuple[float, float]:
    """Seconds that this thread ran, and that it waited for a core (proc(5), schedstat)."""
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text("ascii")
    except OSError:
        return time.thread_time(), 0.0
    ran, wanted = (int(part) / 1e9 for part in text.split()[:2])
    return ran, wanted


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the corpus, read it, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        lines = write_logs(place / "logs", options.lines)
        log = place / "mail.log"
        log.write_bytes(b"".join(file.read_bytes() for file in sorted((place / "logs").iterdir())))
        spent = stages(place, log) | beside(place, log)
    for name, seconds in spent.items():
        print(f"{name:16} {seconds:8.2f} s {seconds / lines * 1e9:8.0f} ns a line")
    print("figures " + json.dumps({"lines": lines, **{name: round(seconds, 3) for name, seconds in spent.items()}}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
