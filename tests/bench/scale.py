"""``python -m tests.bench.scale``: the log stores that more than one machine can use, filled and asked; a table and figures.

PostgreSQL is the distribution's, ClickHouse is its engine (chDB) behind the stand-in of its HTTP interface in this very
process, so its times include that stand-in and share one interpreter with the program that asks. Sizes are what the tables
take on disk. Prints, gates nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from clickhouse import clickhouse
from postgres import postgres

from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.postgres import PostgresLogStore
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.core.observed import LogQuery
from tests.bench.corpus import DAY, write_logs


def measure(store: Any, logs: Path, searches: int, size: Callable[[], int]) -> dict[str, float]:
    """Fill ``store`` with ``logs`` and ask it for mailboxes and addresses over 24 hours."""
    report = store.ingest([logs], year=2026)
    dice = random.Random(5)
    took = []
    for number in range(searches):
        user = dice.randrange(3000)
        which = {"mailboxes": (f"user{user}@shop{user % 97}.example",)} if number % 4 else {"ips": (f"198.51.{user // 250 % 256}.{user % 250}",)}
        began = time.perf_counter()
        result = store.search(LogQuery(DAY, DAY + timedelta(days=1), **which))
        took.append((time.perf_counter() - began) * 1000)
        assert result.failed is None, result.failed
    took.sort()
    return {
        "lines": report.lines, "kept": report.kept, "ingest_lines_per_s": round(report.lines / report.seconds), "bytes_per_line": round(size() / report.lines, 1),
        "search_p50_ms": round(took[len(took) // 2], 2), "search_p99_ms": round(took[int(len(took) * 0.99)], 2),
    }  # fmt: skip


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=400)
    asked = parser.parse_args(given)
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        logs = place / "logs"
        logs.mkdir()
        write_logs(logs, asked.lines)
        embedded = SqliteLogStore(place / "logs.db")
        figures["sqlite"] = measure(embedded, logs, asked.searches, lambda: embedded.path.stat().st_size)
        embedded.close()
        with postgres() as url:
            server = PostgresLogStore(url, seconds=60)
            figures["postgresql"] = measure(server, logs, asked.searches, server.size)
            server.close()
        with clickhouse() as (url, _):
            columns = ClickHouseLogStore(url + "bench?days=30000", seconds=60)
            figures["clickhouse"] = measure(columns, logs, asked.searches, columns.size)
            columns.close()
    print(f"{'':<12}{'lines':>12}{'kept':>10}{'lines/s':>10}{'bytes/line':>12}{'p50 ms':>9}{'p99 ms':>9}")
    for name, one in figures.items():
        print(f"{name:<12}{one['lines']:>12,}{one['kept']:>10,}{one['ingest_lines_per_s']:>10,}{one['bytes_per_line']:>12}{one['search_p50_ms']:>9}{one['search_p99_ms']:>9}")
    print("figures " + json.dumps({"scale": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
