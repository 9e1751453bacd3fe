"""The whole contract of the log store once more, over a real PostgreSQL server, and what only such a server can
show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import regex

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import test_clickhouse
from clickhouse import Engine
from test_log_store import *  # noqa: F403  the same tests, another engine
from test_log_store import DAY, NOON, Make, ask, failure, success

from bot.adapters.logstore.postgres import PostgresLogStore
from bot.adapters.logstore.postgres.reader import lines_query
from bot.core.observed import LogQuery
from bot.logs.event import LogEvent
from bot.ports import LogStore
from tests.fuzz.log_queries import PIECES

PLACES = 3
"""Stores that a test holds at a time, at most."""


@pytest.fixture(scope="module")
def places(server: str) -> list[str]:
    """URLs of databases."""
    with psycopg.connect(server, autocommit=True) as connection:
        for number in range(PLACES):
            connection.execute(f"CREATE DATABASE logs{number}".encode())
    return [server.replace("/postgres?", f"/logs{number}?") for number in range(PLACES)]


@pytest.fixture
def make(places: list[str]) -> Iterator[Make]:
    """A function that makes a store over some events, one batch an argument. The fourth takes the place of the
    first."""
    made: list[PostgresLogStore] = []

    def postgresql(*batches: Sequence[LogEvent]) -> LogStore:
        url = places[len(made) % PLACES]
        if len(made) >= PLACES:
            made[len(made) - PLACES].close()
        wipe(url)
        store = PostgresLogStore(url, seconds=20)
        made.append(store)
        for events in batches:
            store.add(events)
        return store

    yield postgresql
    for store in made[-PLACES:]:
        store.close()


def wipe(url: str) -> None:
    """Empty the tables: quicker than making them anew."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'triage_logs' AND tablename <> 'log_meta'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"DELETE FROM triage_logs.{table}".encode())


# -- what only a server can show ----------------------------------------------------------------------------

WRITER = """
import sys
from bot.adapters.logstore.sqlite import ingest, sources
ingest.CHUNK_LINES, sources.BLOCK = 200, 20_000
from bot.adapters.logstore.postgres import PostgresLogStore
PostgresLogStore(sys.argv[1]).ingest(sys.argv[2:], processes=0)
"""


def written(path: Path, count: int, host: str = "imap1", login: str = "anna@example.com") -> list[str]:
    """Refused logins, one each ten seconds, in a file."""
    lines = [
        f"{(NOON + timedelta(seconds=10 * number)).isoformat()} {host} dovecot: imap-login: Disconnected: Connection closed (auth failed,"
        f" 1 attempts in 2 secs): user=<{login}>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<{host}{number}>"
        for number in range(count)
    ]
    path.write_text("".join(line + "\n" for line in lines))
    return lines


def found(store: PostgresLogStore, login: str = "anna@example.com") -> list[str]:
    result = store.search(LogQuery(NOON - DAY, NOON + 9 * DAY, mailboxes=(login,), limit=100_000))
    assert result.failed is None
    return [line.raw for line in result.lines]


@pytest.fixture
def empty_store(places: list[str]) -> Iterator[PostgresLogStore]:
    """A store without a line."""
    wipe(places[0])
    store = PostgresLogStore(places[0], seconds=20)
    store.add([])
    yield store
    store.close()


def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    empty_store: PostgresLogStore, places: list[str], tmp_path: Path
) -> None:
    def begun(log: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WRITER, places[0], str(log)], cwd=Path(__file__).parents[2])

    written(tmp_path / "other.log", 40_000, host="imap2", login="bob@example.com")
    began = time.monotonic()
    assert begun(tmp_path / "other.log").wait() == 0
    whole = time.monotonic() - began
    lines = written(tmp_path / "mail.log", 40_000)
    kills = 0
    for share in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        process = begun(tmp_path / "mail.log")
        time.sleep(share * whole)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    empty_store.ingest([tmp_path / "mail.log"])
    assert found(empty_store) == lines
    assert {row.host: row.lines for row in empty_store.status()} == {"imap1": 40_000, "imap2": 40_000}
    assert kills, "no run was slow enough to be killed"


def test_several_write_at_a_time_the_same_names_and_different_hosts(
    empty_store: PostgresLogStore, places: list[str], tmp_path: Path
) -> None:
    every = [line for number in range(3) for line in written(tmp_path / f"imap{number}.log", 1500, f"imap{number}")]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, places[0], str(tmp_path / f"imap{number}.log")],
            cwd=Path(__file__).parents[2],
        )
        for number in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert sorted(found(empty_store)) == sorted(every)
    assert [(one.host, one.lines) for one in empty_store.status()] == [(f"imap{number}", 1500) for number in range(3)]


def test_a_day_is_a_partition_and_pruning_drops_it(empty_store: PostgresLogStore, places: list[str]) -> None:
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    since = (today - NOON).total_seconds() / 60
    empty_store.add(
        [failure(since - 1440 * day) for day in range(4)] + [success(since - 1440 * 3)] + [failure(since - 1440 * 9000)]
    )

    def days() -> set[str]:
        with psycopg.connect(places[0]) as connection:
            return {
                name
                for (name,) in connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'triage_logs' AND tablename LIKE 'log_line_%'"
                ).fetchall()
            }

    named = [f"log_line_{today - day * DAY:%Y%m%d}" for day in range(4)]
    assert {*named, "log_line_other"} <= days()
    cut = today - 2 * DAY
    assert empty_store.prune(before=cut) == cut
    assert set(named[3:]).isdisjoint(days()) and set(named[:3]) <= days()
    result = empty_store.search(LogQuery(today - 20_000 * DAY, today, mailboxes=("anna@example.com",)))
    assert len(result.lines) == 3 and not result.successes, "the partition of odd dates is cleared too"
    assert all(one.first >= cut for one in empty_store.status())
    assert empty_store.prune(size=1) is not None
    assert len(empty_store.search(LogQuery(today - 9 * DAY, today, mailboxes=("anna@example.com",))).lines) == 1, (
        "the newest day stays"
    )


def test_the_main_question_reads_by_an_index(empty_store: PostgresLogStore, places: list[str]) -> None:
    """Of one mailbox among many as of one that fills the log, the newest lines come without sorting them all."""
    empty_store.add(
        [
            failure(number / 100, "busy@example.com" if number % 2 else f"user{number}@example.com")
            for number in range(20_000)
        ]
    )
    with psycopg.connect(places[0], autocommit=True) as connection:
        connection.execute("ANALYZE triage_logs.log_line")
        connection.execute("SET search_path TO triage_logs; SET enable_sort = off; SET jit = off")
        asked = {
            "who": ["busy@example.com"],
            "domains": [],
            "networks": [],
            "also": ["busy@example.com"],
            "since": NOON - DAY,
            "until": NOON + DAY,
            "limit": 101,
        }
        plan = "\n".join(
            row[0] for row in connection.execute(("EXPLAIN ANALYZE " + lines_query(asked)).encode(), asked).fetchall()
        )
    read = max(int(regex.search(r"rows=(\d+)", part, timeout=1)[1]) for part in plan.split("(actual ")[1:])  # type: ignore[index]
    assert read <= 202, plan


def test_hostile_names_on_the_server_itself(empty_store: PostgresLogStore) -> None:
    names = [name for name in PIECES[::2] if name.strip()]
    empty_store.add(
        [
            *(failure(number, name) for number, name in enumerate(names)),
            failure(0, "victim@example.com"),
            success(0, "victim@example.com"),
        ]
    )
    for name in names:
        result = empty_store.search(ask(mailboxes=(name,), domains=(name + ".",)))
        assert result.failed is None and not result.successes
        assert "victim@example.com" not in {line.login for line in result.lines}


def test_a_server_that_hangs_is_given_up_in_time(places: list[str]) -> None:
    """Its processes are stopped: the machine acknowledges packets, nobody answers."""
    wipe(places[0])
    store = PostgresLogStore(places[0], seconds=1)
    store.add([failure(0)])
    assert store.search(ask(mailboxes=("anna@example.com",))).lines
    with psycopg.connect(places[0], autocommit=True) as connection:
        backends = [
            pid
            for (pid,) in connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'triage'"
            ).fetchall()
        ]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        result = store.search(ask(mailboxes=("anna@example.com",)))
        assert result.failed and not result.lines
        assert time.monotonic() - began < 4
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    assert store.search(ask(mailboxes=("anna@example.com",))).lines, "the next question opens a new connection"
    store.close()


def test_a_query_that_takes_too_long_is_given_up(places: list[str]) -> None:
    wipe(places[0])
    store = PostgresLogStore(places[0], seconds=0.5)
    store.add([failure(0)])
    with psycopg.connect(places[0]) as other:
        other.execute("LOCK TABLE triage_logs.log_line IN ACCESS EXCLUSIVE MODE")
        failed = store.search(ask(mailboxes=("anna@example.com",))).failed or ""
        assert "took too long to answer" in failed
        other.rollback()
    assert store.search(ask(mailboxes=("anna@example.com",))).lines
    store.close()


def test_the_commands_work_with_it(places: list[str], tmp_path: Path) -> None:
    wipe(places[0])
    written(tmp_path / "mail.log", 20)
    environment = os.environ | {"LOG_STORE_URL": places[0]}

    def triage(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", "logs", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )

    assert "20 lines read, 20 kept verbatim" in triage("ingest", str(tmp_path / "mail.log")).stdout
    until = (NOON + DAY).isoformat()
    assert (
        triage(
            "search", "--mailbox", "anna@example.com", "--until", until, "--since", NOON.isoformat(), "--json"
        ).stdout.count("\n")
        == 20
    )
    assert "imap1" in triage("status").stdout
    assert triage("prune", "--days", "9000").stdout == "nothing to drop\n"


# -- ClickHouse's engine, interrupted at more inserts ---------------------------------------------------------


def test_clickhouse_interrupted_at_more_inserts(
    engine: tuple[str, Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_clickhouse, "POINTS", (0, 2, 4, 7, 11, 17))
    new = (
        test_clickhouse.new.__wrapped__
        if hasattr(test_clickhouse.new, "__wrapped__")
        else test_clickhouse.new._get_wrapped_function()
    )
    test_clickhouse.test_interrupted_at_any_insert_nothing_is_lost_or_doubled(
        engine, new(engine), tmp_path, monkeypatch
    )


def test_clickhouse_follower_interrupted_at_more_inserts(
    engine: tuple[str, Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_clickhouse, "FOLLOW_POINTS", (0, 2, 4, 8, 10))
    new = (
        test_clickhouse.new.__wrapped__
        if hasattr(test_clickhouse.new, "__wrapped__")
        else test_clickhouse.new._get_wrapped_function()
    )
    test_clickhouse.test_a_follower_interrupted_at_any_insert_loses_and_doubles_nothing(
        engine, new(engine), tmp_path, monkeypatch
    )
