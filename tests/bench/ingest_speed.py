"""How fast server logs go into the embedded store: whole process, from gzipped files to committed rows.

Run: python tests/bench/ingest_speed.py LOG... [--lines N]

The given logs are repeated day after day until there are N lines: stamps and session ids move on, so that no
copy equals another. Prints lines a second, rows and bytes.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import regex

from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.core.observed import LogQuery

_SESSION = regex.compile(r"<([A-Za-z0-9+/]{16}|[A-Za-z0-9+/]{32})>")
_DAY = timedelta(days=1)


def shifted(lines: list[str], copies: int, year: int) -> Iterator[str]:
    """``lines`` again and again, each copy some days later and with other session ids and names."""
    first, last = _day(lines[0], year), _day(lines[-1], year)
    span = last - first + _DAY
    for copy in range(copies):
        later = copy * span // timedelta(microseconds=1)
        for line in lines:
            day = _day(line, year) + copy * span
            text = day.strftime("%Y-%m-%d") + line[10:] if line[0].isdigit() else day.strftime("%b %e") + line[6:]
            yield _SESSION.sub(partial(_later_session, later), text) if copy else text


def _later_session(later: int, found: regex.Match[str]) -> str:
    """The id that Dovecot gives the same connection ``later`` microseconds on (client-common.c: clock, port,
    address)."""
    made = base64.b64decode(found[1])
    clock = (int.from_bytes(made[:6], "little") + later) % (1 << 48)
    return f"<{base64.b64encode(clock.to_bytes(6, 'little') + made[6:]).decode()}>"


def _day(line: str, year: int) -> datetime:
    if line[0].isdigit():
        return datetime.fromisoformat(line[:10]).replace(tzinfo=UTC)
    return datetime.strptime(f"{year} {line[:6]} +0000", "%Y %b %d %z")


def main() -> None:
    """Prepare the files, ingest them, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--year", type=int, default=2026)
    options = parser.parse_args()
    contents = {}
    for path in options.logs:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        contents[path.name.removesuffix(".gz")] = data.decode().splitlines()
    copies = max(1, options.lines // sum(map(len, contents.values())))
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "logs"
        source.mkdir()
        size = 0
        for name, lines in contents.items():
            text = "\n".join(shifted(lines, copies, options.year)) + "\n"
            size += len(text)
            (source / name).write_text(text)
        store = SqliteLogStore(Path(place) / "log.sqlite")
        began = time.perf_counter()
        report = store.ingest([source], year=options.year)
        seconds = time.perf_counter() - began
        stored = sum(file.stat().st_size for file in Path(place).glob("log.sqlite*"))
        now = datetime(options.year, 11, 15, tzinfo=UTC)
        times = []
        for number in range(200):
            begun = time.perf_counter()
            store.search(LogQuery(now, now + 7 * _DAY, mailboxes=(f"user{number}@example.com",), logins=("archive",)))
            times.append((time.perf_counter() - begun) * 1000)
        times.sort()
        figures = {
            "lines": report.lines,
            "kept": report.kept,
            "ingest_lines_per_s": round(report.lines / seconds),
            "mb_per_s": round(size / seconds / 1e6, 1),
            "bytes_per_line": round(stored / report.lines),
            "ingest_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "search_p50_ms": round(times[100], 3),
            "search_p99_ms": round(times[197], 3),
        }
        for name, figure in figures.items():
            print(f"{name:22} {figure:>12}")
        print("figures", json.dumps(figures))


if __name__ == "__main__":
    main()
