"""What belongs to one person or key goes into one row and comes out of it; a cut through a row takes its older part
only."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.logstore.sqlite import SqliteLogStore, packing
from bot.adapters.logstore.sqlite.figures import SqliteLogFigures
from bot.adapters.logstore.sqlite.packing import HourSum, Seen
from bot.core.observed import LogQuery

_TIMES = st.integers(-(1 << 50), 1 << 52)
_NAMES = st.none() | st.text(max_size=12)
_WITHIN = st.integers(0, 3_599_999_999)
_CLIENTS = st.just((None, None)) | st.tuples(st.text(max_size=9), _NAMES)
_SUMS = st.lists(
    st.tuples(
        st.integers(-700_000, 700_000) | st.integers(0, 9), st.integers(1, 1 << 30), _WITHIN, _WITHIN, _CLIENTS
    ).map(lambda one: HourSum(*one[:4], *one[4])),
    max_size=12,
    unique_by=lambda one: one.hour,
)
_SESSIONS = st.lists(
    st.builds(Seen, _TIMES, st.none() | st.integers(0, 1 << 40), st.text(max_size=40), _NAMES),
    max_size=12,
    unique_by=lambda one: (one.start, one.session),
)


@given(_SUMS, _SESSIONS, st.lists(st.tuples(_TIMES, st.integers(0, 1 << 30))))
def test_what_is_packed_is_unpacked(sums: list[HourSum], sessions: list[Seen], finds: list[tuple[int, int]]) -> None:
    assert packing.sums_in(packing.pack_sums(sums)) == sums
    assert packing.sessions_in(packing.pack_sessions(sessions)) == sessions
    assert packing.finds_in(packing.pack_finds(finds)) == finds


@given(_SUMS, _SUMS)
def test_sums_of_two_batches_count_everything_once(old: list[HourSum], new: list[HourSum]) -> None:
    merged = packing.add_sums(old, new)
    assert len({one.hour for one in merged}) == len(merged)
    assert sum(one.logins for one in merged) == sum(one.logins for one in (*old, *new))
    for one in merged:
        parts = [part for part in (*old, *new) if part.hour == one.hour]
        assert (one.first, one.last) == (min(part.first for part in parts), max(part.last for part in parts))


@given(_SESSIONS, _SESSIONS)
def test_a_session_that_ended_stays_ended(old: list[Seen], new: list[Seen]) -> None:
    ended = {(one.start, one.session) for one in (*old, *new) if one.length is not None}
    merged = packing.add_sessions(old, new)
    assert {(one.start, one.session) for one in merged} == {(one.start, one.session) for one in (*old, *new)}
    assert {(one.start, one.session) for one in merged if one.length is not None} == ended


DAY = datetime(2026, 11, 16, tzinfo=UTC)


def _line(hour: int, what: str) -> str:
    return f"2026-11-16T{hour:02}:10:00+00:00 imap1 dovecot: {what}"


@pytest.fixture
def store(tmp_path: Path) -> SqliteLogStore:
    lines = []
    for hour in range(12):
        lines.append(
            _line(
                hour,
                f"imap-login: Login: user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=9, TLS, session=<s{hour}>",
            )
        )
        lines.append(_line(hour, f"imap(anna@example.com)<9><s{hour}>: Disconnected: Logged out in=1 out=2"))
        lines.append(_line(hour, "auth: sql(anna@example.com,192.0.2.7): Password mismatch"))
    (tmp_path / "mail.log").write_text("\n".join(lines) + "\n")
    made = SqliteLogStore(tmp_path / "log.sqlite")
    made.ingest([tmp_path / "mail.log"])
    return made


def _counts(store: SqliteLogStore, **which: tuple[str, ...]) -> tuple[int, int, int]:
    found = store.search(LogQuery(DAY, DAY + timedelta(days=1), **which))
    return len(found.lines), sum(one.count for one in found.successes), len(found.sessions)


def test_a_day_of_one_person_is_one_row_of_each_kind(store: SqliteLogStore) -> None:
    with sqlite3.connect(store.path) as database:
        assert [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("log_success", "log_session", "log_open")
        ] == [1, 1, 0]
    assert _counts(store, mailboxes=("anna@example.com",)) == (12, 12, 12)
    assert _counts(store, domains=("example.com",)) == _counts(store, ips=("192.0.2.7",)) == (12, 12, 12)
    # found twice, counted once
    assert _counts(store, mailboxes=("anna@example.com",), ips=("192.0.2.7",)) == (12, 12, 12)


def test_failures_are_counted_by_hour_and_cause(store: SqliteLogStore) -> None:
    found = SqliteLogFigures(store.path).failures(DAY + timedelta(hours=3), DAY + timedelta(hours=5))
    assert [(one.hour.hour, one.event, one.host, one.failures) for one in found] == [
        (hour, "auth_failed", "imap1", 1) for hour in (3, 4, 5)
    ]


def test_a_cut_through_a_row_takes_what_is_older_and_nothing_else(store: SqliteLogStore) -> None:
    for hour, left in ((5, 7), (5, 7), (9, 3)):
        store.prune(before=DAY + timedelta(hours=hour))
        assert _counts(store, mailboxes=("anna@example.com",)) == (left, left, left)
    store.prune(before=DAY + timedelta(hours=20))
    with sqlite3.connect(store.path) as database:
        for table in ("log_find", "log_block", "log_success", "log_session", "log_who"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_the_newest_of_a_key_that_many_lines_have_come_first(tmp_path: Path) -> None:
    lines = [
        f"2026-11-16T{n // 60 % 24:02}:{n % 60:02}:00+00:00 imap1 dovecot: auth: sql(user{n}@example.com,192.0.2.7): Password mismatch"
        for n in range(1000)
    ]
    (tmp_path / "mail.log").write_text("\n".join(lines) + "\n")
    store = SqliteLogStore(tmp_path / "log.sqlite")
    store.ingest([tmp_path / "mail.log"])
    found = store.search(LogQuery(DAY, DAY + timedelta(days=1), domains=("example.com",), limit=300))
    assert found.truncated and [line.raw for line in found.lines] == lines[700:]
    until = DAY + timedelta(hours=10)
    found = store.search(LogQuery(DAY, until, ips=("192.0.2.7",), limit=5))
    assert found.truncated and [line.raw for line in found.lines] == lines[596:601]
