"""How fast it is: ``python -m tests.bench.bench [--quick]``; a table for people, and one line ``figures {json}``.

Absolute figures depend on the machine and are only printed. What is gated (exit 1) are ratios measured in the
same run:

- ``ingest_vs_plain`` and ``ingest_vs_pflogsumm``, ``_lnav``, ``_fail2ban``: our ingest on one core against a plain
  script (:mod:`tests.bench.plain`) and against programs that read mail logs, whole processes over the same plain
  file, in processor seconds. The bars are floors against slipping back, not the goals. ``ingest_cores_vs_pflogsumm``
  and ``_lnav`` are the same by the clock, ours on all cores: only an idle machine tells them, so they are printed,
  not gated.
- ``bytes_per_line``: what the store takes on the disk for each line read.
- ``triage_p50_ms`` and ``help_s`` against what is promised for a machine that runs the calibration loop in
  :data:`CALIBRATED` seconds; on a slower one the promise is scaled by how much slower it runs the loop.
- ``first_ticket_s``: a whole process that triages one ticket, tables and patterns made ready for it alone (printed,
  not gated).
- ``hourly_ms``: failures by hour and cause over seven days.
- ``ingest_rss_mb``: the most memory that an ingest held, on all cores or on one.

A peer that is not installed is named loudly and its figure is null (Debian: pflogsumm, lnav, fail2ban).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.logstore.sqlite.figures import SqliteLogFigures
from bot.bootstrap import SystemClock
from bot.core.model import Ticket
from bot.core.observed import LogQuery
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.triage import Triager
from knowledge import load
from tests.bench.corpus import DAY, write_logs

ROOT: Final = Path(__file__).parents[2]
TICKETS: Final = ROOT / "tests" / "eval" / "tuning.jsonl"
CALIBRATED: Final = 0.075
"""Seconds that :func:`calibrate` takes where the promises hold as they are written."""
PROMISED_TRIAGE_MS: Final = 20.0
PROMISED_HELP_S: Final = 0.4
FLOORS: Final = {"ingest_vs_plain": 4.0, "ingest_vs_pflogsumm": 1.1, "ingest_vs_lnav": 0.5, "ingest_vs_fail2ban": 5.0}
"""None of these links lines, sums by mailbox and hour or judges gaps; lnav and pflogsumm store nothing. What is gated
is that we do not fall behind what was reached."""
PROMISED_BYTES: Final = 60
PROMISED_RSS_MB: Final = 400
PROMISED_HOURLY_MS: Final = 50.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    ingest_lines: int
    store_lines: int
    tickets: int
    searches: int
    starts: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of our ingest: of the processor on one core, and of the clock on all."""

    processor: float
    clock: float


COMPILED: Final = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed program has its bytecode; a first run writes it where the environment forbids that."""
FULL: Final = Size(1_000_000, 100_000, 200, 400, 5)
QUICK: Final = Size(16_000, 8_000, 10, 60, 1)


def calibrate() -> float:
    """Seconds of a loop of plain Python; the best of five, so that a busy neighbour does not count."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        total = 0
        for number in range(1_500_000):
            total += number & 7
        best = min(best, time.perf_counter() - began)
    return best


def tickets_of(count: int) -> list[Ticket]:
    """``count`` tickets, the shipped ones again and again."""
    read = [
        one
        for one in read_tickets(TICKETS.read_bytes(), format="jsonl", name=TICKETS.name)
        if not isinstance(one, BadTicket)
    ]
    return [read[number % len(read)] for number in range(count)]


def triager_over(store: Path) -> Triager:
    """The pipeline over a filled log store."""
    triager = Triager(load(), SqliteLogStore(store), EmptyAccountDirectory(), SystemClock())
    triager.warm()
    return triager


_mine: list[Triager] = []


def begin_worker(store: Path, first: Ticket) -> None:
    """Load what a batch needs, once a process."""
    _mine.append(triager_over(store))
    _mine[0].triage(first)


def triage_one(ticket: Ticket) -> str:
    """One ticket of a batch."""
    return _mine[0].triage(ticket).diagnosis.verdict


def measure_triage(store: Path, tickets: Sequence[Ticket]) -> dict[str, float]:
    """Median of one ticket after the other, in a process that is new (patterns are compiled when they are first
    needed) and in one that has worked for a while; tickets a second over a batch with two processes, warm."""
    triager = triager_over(store)
    triager.triage(tickets[0])
    passes: list[list[float]] = []
    for _ in range(2):
        times = []
        for ticket in tickets:
            began = time.perf_counter()
            triager.triage(ticket)
            times.append((time.perf_counter() - began) * 1000)
        passes.append(times)
    with ProcessPoolExecutor(2, get_context("spawn"), begin_worker, (store, tickets[0])) as pool:
        list(pool.map(triage_one, [*tickets, *tickets], chunksize=4))  # both have loaded and worked
        began = time.perf_counter()
        list(pool.map(triage_one, tickets, chunksize=4))
        batch = time.perf_counter() - began
    return {
        "triage_p50_ms": percentile(passes[1], 0.5),
        "triage_new_process_p50_ms": percentile(passes[0], 0.5),
        "triage_per_s": len(tickets) / batch,
    }


def measure_search(store: Path, searches: int) -> dict[str, float]:
    """Milliseconds of a day's look-up by mailbox and address."""
    logs = SqliteLogStore(store)
    times = []
    for number in range(searches):
        user = f"user{number * 7}@shop{number * 7 % 97}.example"
        query = LogQuery(DAY, DAY + timedelta(days=1), mailboxes=(user,), ips=(f"203.0.113.{number % 256}",))
        began = time.perf_counter()
        logs.search(query)
        times.append((time.perf_counter() - began) * 1000)
    logs.close()
    return {"search_p50_ms": percentile(times, 0.5), "search_p99_ms": percentile(times, 0.99)}


def measure_hourly(store: Path) -> dict[str, float]:
    """Milliseconds of a look at the failures of seven days, by hour and cause; the store's day stands for each of
    the week."""
    with closing(sqlite3.connect(store)) as database, database:
        for day in range(1, 7):
            database.execute(
                "INSERT INTO log_failure SELECT hour - 24 * ?, event, reason, service, host, tls, count FROM log_failure WHERE hour >= ?",
                (day, int(DAY.timestamp()) // 3600),
            )
    figures, times = SqliteLogFigures(store), []
    for _ in range(20):
        began = time.perf_counter()
        found = figures.failures(DAY - timedelta(days=6), DAY + timedelta(days=1))
        times.append((time.perf_counter() - began) * 1000)
    if len({one.hour for one in found}) < 7 * 23:
        raise AssertionError("the week has too few hours with failures")
    return {"hourly_ms": percentile(times, 0.5)}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(command: Sequence[str], *, one_core: bool = False, **environment: str) -> float:
    """Seconds of a whole process. Raises CalledProcessError where it fails."""
    core = {min(os.sched_getaffinity(0))} if one_core else None
    pin: Callable[[], None] | None = None if core is None else lambda: os.sched_setaffinity(0, core)
    began = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        env=os.environ | environment,
        preexec_fn=pin,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    return time.perf_counter() - began


def worked() -> float:
    """Processor seconds of the processes that have ended: unlike the clock they leave the neighbours out."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_ingest(place: Path, log: Path, lines: int) -> tuple[dict[str, float], Spent]:
    """Whole processes over one plain file: ours on all cores and on one, and the plain script on one; and what ours
    spent."""
    python = sys.executable

    def ours(name: str, *, one_core: bool) -> float:
        store = place / name
        return run(
            [
                python,
                "-m",
                "tests.bench.held",
                str(place / f"{name}.held"),
                "logs",
                "ingest",
                str(log),
                "--year",
                "2026",
            ],
            one_core=one_core,
            LOG_STORE_URL=f"sqlite:///{store}",
            DATABASE_URL=f"sqlite:///{place / 'triage.db'}",
            **COMPILED,
        )

    run([python, "-m", "bot", "logs", "ingest", "/dev/null"], LOG_STORE_URL=f"sqlite:///{place / 'none'}", **COMPILED)
    both = ours("both.sqlite", one_core=False)
    before = worked()
    alone = ours("alone.sqlite", one_core=True)
    between = worked()
    run([python, "-m", "tests.bench.plain", str(place / "plain.sqlite"), str(log.parent)], one_core=True)
    after = worked()
    stored = sum(file.stat().st_size for file in place.glob("both.sqlite*"))
    figures = {
        "ingest_lines_per_s": lines / both,
        "ingest_one_core_lines_per_s": lines / alone,
        "ingest_vs_plain": (after - between) / (between - before),
        "ingest_rss_mb": max(int(file.read_text()) for file in place.glob("*.held")),
        "bytes_per_line": stored / lines,
    }
    return figures, Spent(between - before, both)


def measure_peers(log: Path, ours: Spent) -> dict[str, float | None]:
    """What other programs that read mail logs spend, each on one core over the same file, by what ``ours`` did; None
    and a loud word where one is not installed."""
    commands = {
        "pflogsumm": ["pflogsumm", str(log)],
        "lnav": ["lnav", "-n", "-c", ";SELECT count(*) FROM syslog_log", str(log)],
        "fail2ban": ["fail2ban-regex", "--no-check-all", str(log), "dovecot"],
    }
    found: dict[str, float | None] = {}
    for name, command in commands.items():
        found[f"ingest_vs_{name}"] = None
        if name != "fail2ban":
            found[f"ingest_cores_vs_{name}"] = None
        if shutil.which(command[0]) is None:
            sys.stderr.write(f"bench: PEER MISSING: {command[0]} is not installed, ingest_vs_{name} is not measured\n")
            continue
        before = worked()
        try:
            clock = run(command, one_core=True)
        except subprocess.CalledProcessError as error:
            sys.stderr.write(f"bench: PEER FAILED: {name}: {error.stderr[-200:]!r}\n")
        else:
            found[f"ingest_vs_{name}"] = (worked() - before) / ours.processor
            if name != "fail2ban":
                found[f"ingest_cores_vs_{name}"] = clock / ours.clock
    return found


def measure(size: Size) -> dict[str, float | None]:
    """Every figure."""
    figures: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        write_logs(place / "filled", size.store_lines)
        SqliteLogStore(place / "filled.sqlite").ingest([place / "filled"], year=DAY.year)
        lines = write_logs(place / "logs", size.ingest_lines)
        figures["calibration_s"] = calibrate()
        figures |= measure_triage(place / "filled.sqlite", tickets_of(size.tickets))
        log = place / "plain" / "mail.log"
        log.parent.mkdir()
        log.write_bytes(b"".join(file.read_bytes() for file in sorted((place / "logs").iterdir())))
        ingest, ours = measure_ingest(place, log, lines)
        figures |= ingest
        figures |= measure_peers(log, ours)
        figures |= measure_search(place / "filled.sqlite", size.searches)
        figures |= measure_hourly(place / "filled.sqlite")
        ticket = [
            sys.executable,
            "-m",
            "bot",
            "ticket",
            str(ROOT / "samples" / "tickets" / "06-problem-with-e-mail.eml"),
        ]
        figures["first_ticket_s"] = min(
            run(
                ticket,
                LOG_STORE_URL=f"sqlite:///{place / 'filled.sqlite'}",
                DATABASE_URL=f"sqlite:///{place / 'triage.db'}",
                **COMPILED,
            )
            for _ in range(size.starts)
        )
        figures["help_s"] = min(run([sys.executable, "-m", "bot", "--help"]) for _ in range(size.starts))
    return figures


def broken(figures: dict[str, float | None]) -> list[str]:
    """The promises that these figures break, in words."""
    slower = max(1.0, (figures["calibration_s"] or 0.0) / CALIBRATED)
    bars = [
        ("triage_p50_ms", PROMISED_TRIAGE_MS * slower, False),
        ("help_s", PROMISED_HELP_S * slower, False),
        ("ingest_rss_mb", float(PROMISED_RSS_MB), False),
        ("bytes_per_line", float(PROMISED_BYTES), False),
        ("hourly_ms", PROMISED_HOURLY_MS * slower, False),
        *((name, floor, True) for name, floor in FLOORS.items()),
    ]
    found = []
    for name, bar, at_least in bars:
        figure = figures[name]
        if figure is not None and (figure < bar if at_least else figure > bar):
            found.append(f"{name} is {figure:.2f}, promised {'at least' if at_least else 'at most'} {bar:.2f}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit status whether every promise holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="few lines and tickets, under a minute; prints, gates nothing"
    )
    options = parser.parse_args(arguments)
    figures = measure(QUICK if options.quick else FULL)
    for name, figure in figures.items():
        print(f"{name:30} {'not installed' if figure is None else f'{figure:>14,.2f}'}")
    failures = broken(figures)
    for failure in failures:
        print(f"{'not gated' if options.quick else 'BROKEN'}: {failure}")
    rounded = {name: None if figure is None else round(figure, 3) for name, figure in figures.items()}
    print("figures " + json.dumps(rounded))
    return 1 if failures and not options.quick else 0


if __name__ == "__main__":
    raise SystemExit(main())
