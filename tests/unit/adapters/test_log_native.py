"""The native reader stores what Python stores, line by line; it has to be built, for gcc is a stated requirement."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.logstore.digest import Digest
from bot.adapters.logstore.native import library as native_library
from bot.adapters.logstore.native.library import Library, library, state
from bot.adapters.logstore.native.skim import NativeDigest
from bot.adapters.logstore.sqlite import SqliteLogStore, reading, rows
from bot.adapters.logstore.sqlite.packing import teach
from bot.adapters.logstore.sqlite.prepared import prepare
from bot.adapters.logstore.sqlite.prepared_native import prepare_native
from bot.adapters.logstore.sqlite.reading import Chunk, Job, NativeReading, PlainReading, Reading, read_chunks
from bot.adapters.logstore.sqlite.schema import FEED_TABLES, TABLES
from bot.adapters.logstore.sqlite.sources import LogFile, OpenLog
from bot.adapters.logstore.sqlite.writer import Writer
from tests.bench.corpus import Host, write_logs
from tests.fuzz.native_lines import hostile_lines
from tests.unit.adapters.test_log_skim import REFERENCE, _lines, samples

Made = Callable[[tzinfo, int | None, datetime], Reading]


def plain(zone: tzinfo, year: int | None, reference: datetime) -> PlainReading:
    return PlainReading(prepare, zone, year, reference)


def native(zone: tzinfo, year: int | None, reference: datetime) -> NativeReading:
    found = library()
    assert found is not None, f"{state()}: python -m bot.adapters.logstore.native.build"
    return NativeReading(found, zone, year, reference)


def stored(
    make: Made,
    lines: Sequence[str],
    *,
    zone: tzinfo = UTC,
    year: int | None = None,
    reference: datetime = REFERENCE,
    parts: int = 2,
) -> dict[str, list[Any]]:
    """Every row of every table after ``lines`` came in ``parts`` batches."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    teach(database)
    database.executescript(TABLES + FEED_TABLES)
    writer, reader = Writer(database), make(zone, year, reference)
    size = max(1, -(-len(lines) // parts))
    for start in range(0, len(lines), size):
        reader.read("".join(line + "\n" for line in lines[start : start + size]).encode("utf-8", "surrogatepass"))
        writer.write(reader.take()(), None)
    writer.refresh_gaps()
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}
    spans = {row[0]: row[1:3] for row in found["log_span"]}  # numbered in the order in which they come
    for name in ("log_span", "log_minute", "log_beat", "log_gap"):
        found[name] = sorted((spans[row[0]], *row[1:]) for row in found[name])
    database.close()
    return found


def assert_same(lines: Sequence[str], **options: Any) -> None:
    expected, found = stored(plain, lines, **options), stored(native, lines, **options)
    for name, table in expected.items():
        assert found[name] == table, name


def test_the_reader_is_built() -> None:
    assert state() == "the native reader reads logs"


@pytest.mark.parametrize("rfc3339", [False, True])
@pytest.mark.parametrize("face", ["imap", "smtp"])
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")])
def test_a_day_of_log_is_stored_alike(face: str, rfc3339: bool, zone: Any) -> None:
    assert_same(list(Host("mx1", face, rfc3339, 7, 60).lines(3000)), zone=zone, parts=3)


def test_hosts_in_one_file_and_lines_out_of_order_are_stored_alike() -> None:
    hosts = [Host(f"mx{n}", face, n % 2 == 0, n, 20) for n, face in enumerate(["imap", "smtp", "imap", "smtp"])]
    lines = [line for host in hosts for line in host.lines(600)]
    assert_same(lines)
    random.Random(3).shuffle(lines)
    assert_same(lines)


def test_the_samples_of_every_grammar_are_stored_alike() -> None:
    texts = samples()
    tags = ["dovecot:", "postfix/smtps/smtpd[7]:", "postfix/smtpd[8]:", "postfix/qmgr[9]:"]
    for stamp in ("Nov 16 09:14:02", "2026-11-16T09:14:02.5+00:00"):
        assert_same(texts + [f"{stamp} mx1 {tag} {text}" for text in texts for tag in tags] + texts)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")])
def test_the_turn_of_the_year_and_of_the_clock_are_stored_alike(zone: Any) -> None:
    lines = []
    for day, hours in (
        ("Oct 24", (22, 23)),
        ("Oct 25", (0, 1, 2, 3)),
        ("Dec 31", (22, 23)),
        ("Jan  1", (0, 1)),
        ("Feb 28", (23,)),
        ("Mar 29", (0, 1, 2, 3)),
    ):
        for hour in hours:
            for minute in range(0, 60, 7):
                when = f"{day} {hour:02}:{minute:02}:09"
                lines += [
                    f"{when} mx1 postfix/smtps/smtpd[7]: connect from unknown[192.0.2.7]",
                    f"{when} mx1 dovecot: imap-login: Login: user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=9, TLS, session=<{hour:02}{minute:02}{day[:3]}>",
                    f"{when} mx1 dovecot: auth: sql(anna@example.com,192.0.2.7): Password mismatch",
                    f"{when} mx1 postfix/smtps/smtpd[7]: lost connection after AUTH from unknown[192.0.2.7]",
                ]
    for year in (None, 2025):
        assert_same(lines, zone=zone, year=year, reference=datetime(2026, 4, 2, tzinfo=UTC))


@given(
    lines=st.lists(_lines, max_size=60),
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]),
    year=st.sampled_from([None, 2026]),
)
@settings(max_examples=150, deadline=None)
def test_whatever_lines_follow_each_other_they_are_stored_alike(lines: list[str], zone: Any, year: int | None) -> None:
    assert_same(lines, zone=zone, year=year, parts=3)


@given(st.lists(st.tuples(_lines, st.integers(0, 200), st.text(max_size=4)), max_size=20))
@settings(max_examples=80, deadline=None)
def test_lines_damaged_anywhere_are_stored_alike(damaged: list[tuple[str, int, str]]) -> None:
    lines = [line[:at] + noise.replace("\n", "") + line[at:] for line, at, noise in damaged]
    assert_same([line for line in lines if line])


@pytest.mark.parametrize("seed", range(6))
def test_hostile_lines_are_stored_alike(seed: int) -> None:
    assert_same(hostile_lines(500, seed))


def test_a_secret_in_a_line_of_a_known_shape_is_masked(tmp_path: Path) -> None:
    head = "2026-11-16T09:14:02.5+00:00 mx1 "
    shown = "dovecot: auth: sql(anna@example.com,192.0.2.7): Password mismatch{}"
    secrets = [
        "given password: hunter2secret",
        "pass=hunter2secret",
        "resp=hunter2secret",
        "initial response hunter2secret",
    ]
    lines = [head + shown.format("")] * 3 + [head + shown.format(f" [{secret}]") for secret in secrets]
    lines += [
        head + f"postfix/smtps/smtpd[7]: warning: unknown[192.0.2.7]: SASL PLAIN authentication failed: {secret}"
        for secret in secrets
    ]
    (tmp_path / "mail.log").write_text("\n".join(lines) + "\n")
    SqliteLogStore(tmp_path / "log.sqlite").ingest([tmp_path / "mail.log"])
    rows = stored(native, lines)
    assert rows == stored(plain, lines)
    kept = b"".join(zstandard.ZstdDecompressor().decompress(row[3]) for row in rows["log_block"])
    assert b"hunter2" not in kept and kept.count(b"***") >= 6


def test_without_the_library_python_reads_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_logs(tmp_path / "logs", 600, mailboxes=20)
    monkeypatch.setattr(reading, "library", lambda: None)
    plain = SqliteLogStore(tmp_path / "plain.sqlite").ingest([tmp_path / "logs"], processes=0)
    monkeypatch.undo()
    fast = SqliteLogStore(tmp_path / "fast.sqlite").ingest([tmp_path / "logs"], processes=0)
    assert (plain.lines, plain.kept) == (fast.lines, fast.kept)
    with pytest.raises(OSError):
        Library(tmp_path / "nothing.so")


@pytest.mark.parametrize(("content", "said"), [(None, "is not built"), (b"no library", "cannot be loaded")])
def test_a_library_that_is_missing_or_broken_is_named(
    content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "libtriage_reader.so"
    if content is not None:
        built.write_bytes(content)
    monkeypatch.setattr(native_library, "BUILT", built)
    native_library._found.cache_clear()
    try:
        assert said in state() and "Python reads" in state()
    finally:
        monkeypatch.undo()
        native_library._found.cache_clear()


def test_a_library_of_other_sources_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = tmp_path / "libtriage_reader.so"
    built.write_bytes(native_library.BUILT.read_bytes())
    built.with_suffix(".sources").write_text("another digest\n")
    monkeypatch.setattr(native_library, "BUILT", built)
    native_library._found.cache_clear()
    try:
        assert "is of another version" in state()
    finally:
        monkeypatch.undo()
        native_library._found.cache_clear()


@pytest.mark.parametrize("tapers", [False, True])
def test_the_last_chunks_are_small_where_somebody_waits_for_them(tmp_path: Path, tapers: bool) -> None:
    file = tmp_path / "mail.log"
    lines = list(Host("imap1", "imap", True, 7, 60).lines(30_000))
    file.write_text("".join(line + "\n" for line in lines))
    with OpenLog(LogFile(file)) as log:
        job = Job(LogFile(file), 0, UTC, None, True, 12_000, prepare, tapers=tapers)
        sizes = [step.rows().read for step in read_chunks(job, log, log.read_head()) if isinstance(step, Chunk)]
    assert sum(sizes) == len(lines) and (not tapers or sizes == sorted(sizes, reverse=True))
    assert all(size >= 3_000 for size in sizes[:-1]) and len(sizes) == (4 if tapers else 3)


def test_a_last_line_without_its_end_is_read_once() -> None:
    whole = ["Nov 16 09:14:02 mx1 dovecot: auth: sql(anna@example.com,192.0.2.7): Password mismatch"] * 3
    reader = native(UTC, None, REFERENCE)
    reader.read("\n".join(["", *whole, "no line of any server"]).encode())
    reader.read(b"")
    ready = reader.take()()
    assert (ready.read, ready.kept, ready.undated) == (4, 3, 1)


def test_people_of_names_of_every_length_are_known_by_the_same_digests() -> None:
    """Those of the library are its own; one of 128 bytes is where a block of BLAKE2b ends."""
    found = library()
    assert found is not None
    ours, python = NativeDigest(found, rows.ORDER, rows.pack), Digest()
    for digest in (ours, python):
        for size in (*range(1, 130), 255, 256, 257, 400):
            for letter, address in (
                ("a", "192.0.2.7"),
                ("é", "2001:db8::7"),
                ("\udcff", ""),
                ("@", "::ffff:192.0.2.7"),
            ):
                digest.succeed("mx1", "imap", letter * size + "@example.com", address, f"s{letter}{size}", size)
    made, expected = prepare_native(ours, *ours.end_batch()), prepare(python.take())
    assert made.who == expected.who and len(made.who) == 4 * 133
    assert made.sessions == expected.sessions and made.unended == expected.unended
