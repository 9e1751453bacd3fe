"""``triage logs``: ingest, decode, search, status."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.logstore.native import library as native
from bot.adapters.logstore.sqlite.ingest import Progress, add
from bot.adapters.logstore.sqlite.sources import UNREADABLE, LogFile, OpenLog
from bot.bootstrap import log_store_of, own_log_store_of
from bot.core.observed import WRONG_CLOCK, LogQuery
from bot.errors import InputError
from bot.logs.decode import Decoder
from bot.logs.event import rfc3339
from bot.settings import read_settings

LONGEST_LINE = 1 << 21
RESTS = 60.0
"""Seconds without a change after which a file is no longer being written to."""
LOOKS = 1.0
"""Seconds between two looks at a file that may be."""


def ingest(paths: list[str], year: int | None) -> None:
    """Read logs into the store, with a progress bar on a terminal; status 2 where a file could not be read."""
    settings = read_settings()
    store = own_log_store_of(settings)
    with _progress() as progress:
        report = store.ingest(paths, zone=settings.log_zone, year=year, progress=progress)
        resting = _resting(report.unfinished)
        if resting:
            add(report, store.ingest(resting, zone=settings.log_zone, year=year, finished=True, progress=progress))
    speed = f", {report.lines / report.seconds:,.0f} lines a second" if report.seconds else ""
    sys.stdout.write(f"{report.files} files, {report.lines:,} lines read, {report.kept:,} kept verbatim{speed}\n")
    if report.unchanged:
        sys.stdout.write(f"{len(report.unchanged)} files held nothing new\n")
    for name in report.unfinished:
        from bot.core.note import visible

        sys.stdout.write(f"{visible(name)}: is being written to; its last line has no end yet and is read next time\n")
    if report.undated:
        sys.stdout.write(f"{report.undated} lines without a readable time were passed over\n")
    for failure in report.failed:
        sys.stderr.write(f"triage: {failure}\n")
    if report.failed:
        sys.exit(2)


def _resting(names: Sequence[str]) -> list[str]:
    """Those of some files that are not being written to: their last line, which has no end, is whole.

    A file that has rested for a minute is one; of the others it shows within a second, since a writer that was stopped
    within a line goes on at once.
    """
    before = {name: status for name in names if (status := _status_of(name)) is not None}
    if any(time.time() - status.st_mtime < RESTS for status in before.values()):
        time.sleep(LOOKS)
    return [
        name
        for name, status in before.items()
        if (now := _status_of(name)) and (now.st_size, now.st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    ]


def _status_of(name: str) -> os.stat_result | None:
    try:
        return Path(name).stat()
    except OSError:  # gone meanwhile
        return None


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from bot.core.note import visible

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None, speed="")
        began = datetime.now(UTC)

        def show(at: Progress) -> None:
            passed = (datetime.now(UTC) - began).total_seconds() or 1.0
            bar.update(
                task,
                description=visible(at.name, 40),
                total=at.size,
                completed=at.done,
                speed=f"{at.lines / passed:,.0f} lines/s",
            )

        yield show


def decode(file: str) -> None:
    """One JSON object a line on standard output, in order."""
    settings = read_settings()
    dumps = json.JSONEncoder(ensure_ascii=False).encode
    try:
        with OpenLog(LogFile(None if file == "-" else Path(file))) as log:
            # the newest line of a file is about as old as the file; a stream is being written now
            decoder = Decoder(zone=settings.log_zone, reference=log.modified or datetime.now(UTC))
            for line in _lines(log, live=file == "-"):
                sys.stdout.write(dumps(decoder.decode(line).to_json()) + "\n")
    except BrokenPipeError:  # of our output: the reader has gone, which is no fault of the file
        raise
    except UNREADABLE as error:
        raise InputError(f"{file}: cannot be read ({error}); is it a log file, whole and readable?") from error


def _lines(log: OpenLog, *, live: bool) -> Iterator[bytes]:
    """Every line, one for one; of a live stream as soon as it is whole. A line beyond 2 MB comes in pieces."""
    if live:
        yield from iter(lambda: sys.stdin.buffer.readline(LONGEST_LINE), b"")
        return
    carry = b""
    while block := log.read(1 << 20):
        *whole, carry = (carry + block).split(b"\n")
        yield from whole
        if len(carry) > LONGEST_LINE:
            yield carry
            carry = b""
    if carry:
        yield carry


def search(
    mailbox: str | None,
    login: str | None,
    domain: str | None,
    ip: str | None,
    since: str | None,
    until: str | None,
    *,
    as_json: bool,
) -> None:
    """Print the lines in time order and the successes beside them. Raises InputError without a selector."""
    if not (mailbox or login or domain or ip):
        raise InputError("logs search: say whom to look for: --mailbox, --login, --domain or --ip")
    settings = read_settings()
    store = log_store_of(settings)
    end = _moment("--until", until) if until else datetime.now(UTC)
    start = _moment("--since", since) if since else end - timedelta(days=1)
    store.check()
    pick: Callable[[str | None], tuple[str, ...]] = lambda value: (value.lower(),) if value else ()  # noqa: E731
    result = store.search(
        LogQuery(
            start, end, mailboxes=pick(mailbox), logins=(login,) if login else (), domains=pick(domain), ips=pick(ip)
        )
    )
    if result.failed:
        raise InputError(result.failed)
    if as_json:
        for event in result.lines:
            sys.stdout.write(json.dumps(event.to_json(), ensure_ascii=False) + "\n")
        return
    from rich.console import Console

    from bot.core.note import visible

    console = Console(highlight=False, soft_wrap=True, markup=False)
    for event in result.lines:
        console.print(visible(event.raw, 2000), style={"failure": "red", "success": "green"}.get(event.outcome, ""))
    for success in result.successes:
        who = f"{success.mailbox} {success.service} from {success.remote_ip} on {success.host}"
        console.print(
            f"{rfc3339(success.first)} .. {rfc3339(success.last)}  {success.count} logged in: {who}", style="green"
        )
    if not result.lines and not result.successes:
        console.print("nothing found; `triage logs status` shows what is covered")
    if result.truncated:
        sys.stderr.write("triage: more lines than are shown; narrow --since and --until\n")


def status(*, as_json: bool) -> None:
    """What each host's logs cover."""
    from bot.core.note import visible

    store = log_store_of(read_settings())
    rows = store.status()
    if as_json:
        for row in rows:
            plain = asdict(row) | {
                "first": rfc3339(row.first),
                "last": rfc3339(row.last),
                "gaps": [[rfc3339(a), rfc3339(b)] for a, b in row.gaps],
                "seen": rfc3339(row.seen) if row.seen else None,
            }
            for name in ("lag", "skew"):
                value = plain.pop(name)
                plain[f"{name}_seconds"] = None if value is None else round(value.total_seconds(), 3)
            sys.stdout.write(json.dumps(plain) + "\n")
        return
    for row in rows:
        services = ", ".join(row.services) or "-"
        sys.stdout.write(
            f"{visible(row.host):<16} {row.program:<9} {rfc3339(row.first)} .. {rfc3339(row.last)}  {row.lines:>12,} lines  {services}\n"
        )
        if row.seen is not None and row.lag is not None:
            sys.stdout.write(
                f"{'':<16} live      newest line stored {rfc3339(row.seen)}, {row.lag.total_seconds():,.1f} s after it was written\n"
            )
        if row.skew is not None and abs(row.skew) >= WRONG_CLOCK:
            ahead = "ahead of" if row.skew > timedelta(0) else "behind"
            sys.stdout.write(
                f"{'':<16} clock     its stamps are {abs(row.skew.total_seconds()):,.0f} s {ahead} the mail server's own clock\n"
            )
        for start, end in row.gaps:
            sys.stdout.write(f"{'':<16} gap       {rfc3339(start)} .. {rfc3339(end)}\n")
    if not rows:
        sys.stdout.write("no logs have been read yet; `triage logs ingest PATH` reads some\n")
    if not native.library():
        sys.stdout.write(f"{native.state()}\n")


def prune(days: int | None, megabytes: int | None) -> None:
    """Drop lines older than so many days before now, and the oldest days beyond a size. Raises InputError where neither
    is given."""
    if days is None and megabytes is None:
        raise InputError("logs prune: say what is to stay: --days, --max-mb or both")
    before = None if days is None else datetime.now(UTC) - timedelta(days=days)
    cut = own_log_store_of(read_settings()).prune(
        before=before, size=None if megabytes is None else megabytes * 1_000_000
    )
    sys.stdout.write(f"everything before {rfc3339(cut)} is gone\n" if cut else "nothing to drop\n")


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option}: {text!r} is no time; write 2026-11-20T08:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
