"""Reading log files into the embedded store: every line once, whatever became of the file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from bot.adapters.logstore.memory import MemoryLogStore
from bot.adapters.logstore.sqlite import IngestReport, SqliteLogStore
from bot.adapters.logstore.sqlite.blocks import BlockReader
from bot.adapters.logstore.sqlite.ingest import Progress
from bot.core.observed import LogQuery, LogResult
from bot.errors import StoreBusy, StoreCorrupt, StoreError, StoreMissing
from bot.logs.decode import Decoder
from bot.logs.link import Linker
from bot.logs.session import encode

START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
EVER = (START - timedelta(days=900), START + timedelta(days=900))


def line(number: int, login: str = "anna@example.com", host: str = "imap1") -> str:
    """A refused login, one each ten seconds."""
    stamp = (START + timedelta(seconds=10 * number)).isoformat()
    return (
        f"{stamp} {host} dovecot: imap-login: Disconnected: Connection closed"
        f" (auth failed, 1 attempts in 2 secs): user=<{login}>, method=PLAIN, rip=192.0.2.7,"
        f" lip=198.51.100.1, TLS, session=<s{number}>"
    )


def text(first: int, behind: int, **fields: str) -> bytes:
    return "".join(line(number, **fields) + "\n" for number in range(first, behind)).encode()


@pytest.fixture
def store(tmp_path: Path) -> SqliteLogStore:
    return SqliteLogStore(tmp_path / "store" / "log.sqlite")


def found(store: SqliteLogStore, login: str = "anna@example.com") -> list[str]:
    result = store.search(LogQuery(*EVER, mailboxes=(login,), limit=100_000))
    assert result.failed is None
    return [event.raw for event in result.lines]


def expected(first: int, behind: int) -> list[str]:
    return [line(number) for number in range(first, behind)]


PACKED = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: zstandard.compress(data[:100]) + zstandard.compress(data[100:]),
}


@pytest.mark.parametrize("ending", PACKED)
def test_every_packing_is_read_whatever_its_name(store: SqliteLogStore, tmp_path: Path, ending: str) -> None:
    for name in (f"mail.log{ending}", "unnamed"):
        path = tmp_path / name
        path.write_bytes(PACKED[ending](text(0, 30)))
        report = store.ingest([path])
        assert report.failed == []
        assert found(store) == expected(0, 30)  # the second name holds the same content: not read again
    assert report.unchanged == [str(path)]


def test_a_grown_file_is_read_on_and_its_rotated_and_packed_copies_are_not_read_again(
    store: SqliteLogStore, tmp_path: Path
) -> None:
    live, rotated, packed = tmp_path / "mail.log", tmp_path / "mail.log.1", tmp_path / "mail.log.2.gz"
    live.write_bytes(text(0, 2))  # shorter than what a file is remembered by
    assert store.ingest([live]).lines == 2
    with live.open("ab") as file:
        file.write(text(2, 40))
    assert store.ingest([live]).lines == 38
    live.rename(rotated)
    with rotated.open("ab") as file:
        file.write(text(40, 42))  # the daemon wrote on until it was told
    live.write_bytes(text(42, 50))
    report = store.ingest([tmp_path / "mail.log", tmp_path / "mail.log.1"])
    assert (report.lines, report.files) == (10, 2)
    packed.write_bytes(gzip.compress(rotated.read_bytes()))
    rotated.unlink()
    assert store.ingest([tmp_path]).lines == 0
    assert found(store) == expected(0, 50)


def test_a_truncated_file_that_is_written_anew_is_a_new_file(store: SqliteLogStore, tmp_path: Path) -> None:
    live = tmp_path / "mail.log"
    live.write_bytes(text(0, 30))
    store.ingest([live])
    live.write_bytes(b"\0" * 500 + text(30, 60))  # copytruncate under a writer that goes on at its offset
    store.ingest([live])
    assert found(store) == expected(0, 60)


def test_an_unfinished_last_line_waits_for_its_end(store: SqliteLogStore, tmp_path: Path) -> None:
    live = tmp_path / "mail.log"
    whole = text(0, 20)
    live.write_bytes(whole[:-40])
    report = store.ingest([live])
    assert (report.lines, report.unfinished) == (19, [str(live)])
    live.write_bytes(whole)
    assert store.ingest([live]).lines == 1
    assert found(store) == expected(0, 20)


def test_a_last_line_that_went_on_after_it_was_taken_is_read_whole(store: SqliteLogStore, tmp_path: Path) -> None:
    live = tmp_path / "mail.log"
    whole = text(0, 20)
    for end in (len(whole) - 1, len(whole)):  # only its line end is missing: the same line
        live.write_bytes(whole[:end])
        store.ingest([live], finished=True)
    assert found(store) == expected(0, 20)
    longer = text(0, 30)
    live.write_bytes(longer[: len(text(0, 29)) + 20])
    assert store.ingest([live], finished=True).lines == 10
    live.write_bytes(longer)
    assert store.ingest([live]).lines == 1
    assert found(store)[-1] == expected(0, 30)[-1]


def test_a_finished_file_needs_no_newline_at_its_end(store: SqliteLogStore, tmp_path: Path) -> None:
    whole = text(0, 20)
    plain, packed = tmp_path / "a.log", tmp_path / "b.log.gz"
    packed.write_bytes(gzip.compress(whole[:-1]))
    assert store.ingest([packed]).lines == 20
    plain.write_bytes(text(20, 25)[:-1])
    assert store.ingest([plain], finished=True).lines == 5
    assert found(store) == expected(0, 25)


def test_standard_input_is_read_once_as_well(
    store: SqliteLogStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Standard:
        def __init__(self, data: bytes) -> None:
            self.buffer = io.BytesIO(data)

    for data in (text(0, 20), gzip.compress(text(0, 30)), text(0, 30)[:-1]):
        monkeypatch.setattr(sys, "stdin", Standard(data))
        assert store.ingest(["-"]).failed == []
    assert found(store) == expected(0, 30)


def test_directories_are_read_oldest_first_by_what_the_files_say(store: SqliteLogStore, tmp_path: Path) -> None:
    logs = tmp_path / "logs" / "deep"
    logs.mkdir(parents=True)
    for name, first in (("a", 200), ("b", 100), ("c", 0)):
        (logs / name).write_bytes(text(first, first + 100))
        os.utime(logs / name, (1, 1))
    (logs / "readme.md").write_text("# not a log\n")
    (logs / "empty").write_bytes(b"")
    seen: list[Progress] = []
    report = store.ingest([tmp_path / "logs"], progress=seen.append)
    assert [Path(step.name).name for step in seen] == ["c", "b", "a"]
    assert seen[-1].lines == 300 and seen[-1].done == seen[-1].size
    assert (report.files, report.lines, report.failed) == (3, 300, [])
    assert report.passed_over == [str(logs / "readme.md")]


def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(store: SqliteLogStore, tmp_path: Path) -> None:
    good, cut, picture, nothing = (tmp_path / name for name in ("good.log", "cut.gz", "picture.png", "empty.log"))
    good.write_bytes(text(0, 10))
    cut.write_bytes(gzip.compress(text(100, 5000))[:-2000])
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    nothing.write_bytes(b"")
    missing = tmp_path / "missing.log"
    report = store.ingest([missing, cut, picture, good, nothing, tmp_path / "good.log" / "below"])
    assert set(expected(0, 10)) <= set(found(store))
    assert len(report.failed) == 4
    for path, why in zip((missing, tmp_path / "good.log" / "below", picture, cut), sorted(report.failed), strict=False):
        assert "\n" not in why, path
    assert {str(missing), str(cut), str(picture)} == {
        name for name in (str(missing), str(cut), str(picture)) if any(why.startswith(name) for why in report.failed)
    }
    again = store.ingest([picture])
    assert again.failed, "what is no log is named every time"


def test_bytes_that_are_no_text_and_lines_without_end(store: SqliteLogStore, tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    bad = line(1, "anna@example.com").encode().replace(b"method=PLAIN", b"method=\xff\xfe")
    endless = b"x" * 5_000_000
    path.write_bytes(text(0, 1) + bad + b"\r\n" + endless + b"\n" + text(2, 3) + b"\n\n" + text(3, 4))
    report = store.ingest([path])
    assert report.failed == []
    lines = found(store)
    assert [lines[0], *lines[2:]] == [line(0), line(2), line(3)]
    assert "\\xff\\xfe" in lines[1] and not lines[1].endswith("\r")


def test_year_and_zone_of_lines_that_have_none(store: SqliteLogStore, tmp_path: Path) -> None:
    path = tmp_path / "old.log"
    path.write_text("Dec 31 23:59:00 mx dovecot: auth: sql(x@example.com,192.0.2.1): unknown user\n" * 2)
    os.utime(path, (datetime(2024, 2, 1, tzinfo=UTC).timestamp(),) * 2)
    store.ingest([path])
    result = store.search(LogQuery(*EVER, mailboxes=("x@example.com",)))
    assert result.lines == ()
    result = store.search(
        LogQuery(datetime(2023, 12, 31, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), domains=("example.com",))
    )
    assert [event.time for event in result.lines] == [datetime(2023, 12, 31, 23, 59, tzinfo=UTC)] * 2


def test_what_is_stored_is_what_the_plain_decoder_says(store: SqliteLogStore, tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(text(0, 300) + text(300, 600, login="ben@example.com", host="imap2"))
    store.ingest([path])
    decoder, linker = Decoder(reference=datetime.now(UTC)), Linker()
    plain = MemoryLogStore(linker.feed(decoder.decode(one)) for one in path.read_text().splitlines())
    query = LogQuery(*EVER, domains=("example.com",))

    def comparable(result: LogResult) -> LogResult:
        return result

    assert comparable(store.search(query)) == comparable(plain.search(query))
    assert list(store.status()) == list(plain.coverage(*EVER))


INGEST_UNTIL = """
import os, signal, sys
from bot.adapters.logstore.sqlite import SqliteLogStore, ingest, store

ingest.CHUNK_LINES = 200
left = int(sys.argv[3])

def count(statement):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def open_and_count(path, opened=store.open_for_writing):
    connection = opened(path)
    connection.set_trace_callback(count)
    return connection

store.open_for_writing = open_and_count
SqliteLogStore(sys.argv[1]).ingest([sys.argv[2]])
"""
"""Ingests a file and dies by signal 9 at the statement whose number is given: no clock decides what is tested."""


def test_killed_at_any_moment_nothing_is_lost_or_doubled(store: SqliteLogStore, tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(text(0, 6000))
    deaths, statement = 0, 1
    while code := subprocess.run([sys.executable, "-c", INGEST_UNTIL, store.path, path, str(statement)]).returncode:
        assert code == -signal.SIGKILL
        deaths, statement = deaths + 1, statement + 9
    assert deaths > 8, "the file is read in fewer statements than the test wants to interrupt"
    store.ingest([path])
    assert found(store) == expected(0, 6000)
    assert store.status()[0].lines == 6000


def test_searches_go_on_while_another_connection_writes(store: SqliteLogStore, tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(text(0, 10))
    store.ingest([path])
    writer = sqlite3.connect(store.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM log_block")
    assert found(store) == expected(0, 10)
    writer.execute("ROLLBACK")
    writer.close()


def test_a_locked_store_says_so(store: SqliteLogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(text(0, 10))
    store.ingest([path])
    monkeypatch.setattr("bot.adapters.logstore.sqlite.schema.WRITER_WAITS", 0.1)
    writer = sqlite3.connect(store.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    path.write_bytes(text(0, 20))
    with pytest.raises(StoreBusy, match=str(store.path)):
        store.ingest([path])
    writer.execute("ROLLBACK")
    writer.close()
    assert store.ingest([path]).lines == 10


def test_no_store_and_a_damaged_store_are_told_apart(tmp_path: Path) -> None:
    query = LogQuery(*EVER, mailboxes=("anna@example.com",))
    missing = SqliteLogStore(tmp_path / "none.sqlite")
    assert "triage logs ingest" in (missing.search(query).failed or "")
    with pytest.raises(StoreMissing):
        missing.status()
    assert list(missing.coverage(*EVER)) == []
    broken = SqliteLogStore(tmp_path / "broken.sqlite")
    broken.path.write_bytes(b"this is no database" * 300)
    for attempt in (broken.status, broken.check, lambda: broken.ingest([tmp_path])):
        with pytest.raises(StoreCorrupt, match=r"broken\.sqlite") as caught:
            attempt()
        assert "\n" not in str(caught.value)
    assert broken.path.read_bytes() == b"this is no database" * 300
    assert broken.search(query).failed
    other = SqliteLogStore(tmp_path / "file" / "log.sqlite")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        other.ingest([tmp_path])


def test_a_file_of_another_program_is_given_the_tables_it_lacks(tmp_path: Path) -> None:
    place = tmp_path / "shared.sqlite"
    with sqlite3.connect(place) as db:
        db.execute("CREATE TABLE mine (x)")
    store = SqliteLogStore(place)
    assert "triage logs ingest" in (store.search(LogQuery(*EVER, logins=("x",))).failed or "")
    (tmp_path / "mail.log").write_bytes(text(0, 3))
    assert isinstance(store.ingest([tmp_path / "mail.log"]), IngestReport)
    assert found(store) == expected(0, 3)


def test_masked_secrets_never_reach_the_disk(store: SqliteLogStore, tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    path.write_text(
        "2026-11-16T08:00:00+00:00 imap1 dovecot: auth: sql(anna@example.com,192.0.2.7): Password mismatch"
        " (given password: Geheim-4711)\n"
    )
    store.ingest([path])
    assert len(found(store)) == 1
    for file in store.path.parent.iterdir():
        if file != path:
            assert b"Geheim-4711" not in file.read_bytes()
    with sqlite3.connect(store.path) as db:
        blocks = [BlockReader().lines(data) for (data,) in db.execute("SELECT data FROM log_block")]
    assert any("Password mismatch" in line for block in blocks for line in block)
    assert not any("Geheim-4711" in line for block in blocks for line in block)


def three_days(store: SqliteLogStore, tmp_path: Path) -> None:
    """A failure a minute and a session an hour on each of three days."""
    lines = []
    for minute in range(3 * 1440):
        time = datetime(2026, 11, 14, tzinfo=UTC) + timedelta(minutes=minute)
        who = f"user{minute % 50}@example.com"
        key = encode(time, 4000, "192.0.2.7")
        lines.append(f"{time.isoformat()} imap1 dovecot: auth: sql({who},192.0.2.7,<{key}>): Password mismatch")
        if minute % 60 == 0:
            lines.append(
                f"{time.isoformat()} imap1 dovecot: imap-login: Login: user=<{who}>, method=PLAIN, rip=192.0.2.7, "
                f"lip=192.0.2.1, mpid=7, TLS, session=<{encode(time, 4001, '192.0.2.7')}>"
            )
    (tmp_path / "mail.log").write_text("\n".join(lines) + "\n")
    store.ingest([tmp_path / "mail.log"])


def test_pruning_by_age_drops_what_is_older_and_claims_no_coverage_for_it(
    store: SqliteLogStore, tmp_path: Path
) -> None:
    three_days(store, tmp_path)
    before = datetime(2026, 11, 15, tzinfo=UTC)
    everything = store.search(LogQuery(*EVER, ips=("192.0.2.7",), limit=10_000))
    assert store.prune(before=before) == before
    kept = store.search(LogQuery(*EVER, ips=("192.0.2.7",), limit=10_000))
    assert kept.lines == tuple(line for line in everything.lines if line.time is not None and line.time >= before)
    assert kept.successes == tuple(one for one in everything.successes if one.hour >= before)
    assert kept.sessions == tuple(one for one in everything.sessions if one.start >= before)
    (covered,) = store.status()
    assert (covered.first, covered.lines) == (before, 2 * 1440 + 2 * 24)
    assert store.prune(before=before) is None
    assert store.ingest([tmp_path / "mail.log"]).lines == 0, "a pruned log is not read again"


def test_pruning_by_size_keeps_the_newest(store: SqliteLogStore, tmp_path: Path) -> None:
    three_days(store, tmp_path)
    whole = store.path.stat().st_size
    assert store.prune(size=2 * whole) is None
    assert store.prune(size=int(whole * 0.55)) == datetime(2026, 11, 16, tzinfo=UTC)
    assert store.path.stat().st_size < whole * 0.6
    assert len(store.search(LogQuery(*EVER, ips=("192.0.2.7",), limit=10_000)).lines) == 1440
    assert store.prune(size=1) == datetime(2026, 11, 16, 23, tzinfo=UTC), (
        "a size that one day breaks is kept by the hour"
    )
    assert len(store.search(LogQuery(*EVER, ips=("192.0.2.7",), limit=10_000)).lines) == 60


def test_failures_are_counted_by_the_hour(store: SqliteLogStore, tmp_path: Path) -> None:
    three_days(store, tmp_path)
    with sqlite3.connect(store.path) as db:
        counted = db.execute(
            "SELECT hour, event, reason, service, host, tls, count FROM log_failure ORDER BY hour"
        ).fetchall()
    first = int(datetime(2026, 11, 14, tzinfo=UTC).timestamp()) // 3600
    assert counted == [(first + n, "auth_failed", "password_mismatch", "auth", "imap1", "", 60) for n in range(72)]


def test_reading_logs_does_not_wait_for_what_only_a_triage_needs() -> None:
    asked = "import sys, bot.commands.logs; print({'bot.triage', 'rich.progress', 'jinja2'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_what_a_log_taught_serves_the_lines_that_it_has_grown_by(store: SqliteLogStore, tmp_path: Path) -> None:
    """Read in two pieces or in one: the pid's client, the year that turned, and a host's zone are the same."""
    began = datetime(2025, 12, 31, 22, 30, tzinfo=UTC)
    lines = []
    for number in range(60):
        at = began + timedelta(hours=1, minutes=number)
        local = f"{at:%b} {at.day:>2} {at:%H:%M:%S}"
        if number % 10 == 0:
            key = encode(began + timedelta(minutes=number, seconds=-2), 4000, "192.0.2.7")
            lines.append(
                f"{local} mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a@example.com>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<{key}>"
            )
            lines.append(f"{local} mx1 postfix/submission/smtpd[77]: connect from unknown[192.0.2.{number + 1}]")
        lines.append(
            f"{local} mx1 postfix/submission/smtpd[77]: warning: SASL authentication failure: Password verification failed"
        )
    whole, parts = SqliteLogStore(tmp_path / "whole.db"), store
    path = tmp_path / "mail.log"
    for target, stops in ((whole, [len(lines)]), (parts, [0, 17, 40, 41, len(lines)])):
        path.write_text("")
        for stop in stops:
            path.write_text("".join(line + "\n" for line in lines[:stop]))
            os.utime(path, (datetime(2026, 1, 1, tzinfo=UTC).timestamp(),) * 2)
            target.ingest([path])
    one, other = (
        target.search(LogQuery(*EVER, ips=tuple(f"192.0.2.{n + 1}" for n in range(60)), limit=1000)).lines
        for target in (whole, parts)
    )
    assert len(one) == 66 and one == other
    assert {event.time.year for event in one if event.time} == {2025}
