"""Passing over a line tells the store the same as decoding and linking it."""

from __future__ import annotations

import os
import random
import signal
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Batch, Digest
from bot.adapters.logstore.sqlite import SqliteLogStore, ingest
from bot.adapters.logstore.sqlite.processes import ReadingProcess
from bot.core.observed import LogQuery
from bot.logs.decode import Decoder
from bot.logs.event import LogEvent
from bot.logs.link import Linker
from bot.logs.session import encode
from bot.logs.skim import Skimmer
from tests.bench.corpus import DAY, Host, write_logs

REFERENCE = datetime(2026, 11, 22, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "logs"


class Counting(Digest):
    """Counts the lines that were looked at."""

    looked = 0

    def add(self, event: LogEvent) -> None:
        self.looked += 1
        super().add(event)


def decoded(lines: Sequence[str], **options: Any) -> Batch:
    """What the reference makes of ``lines``."""
    decoder, linker, digest = Decoder(**{"reference": REFERENCE, **options}), Linker(), Digest()
    for line in lines:
        digest.add(linker.feed(decoder.decode(line)))
    return digest.take()


def skimmed(lines: Sequence[str], **options: Any) -> tuple[Batch, int]:
    """The same by way of the skimmer, and how many lines it had to look at."""
    digest = Counting()
    skimmer = Skimmer(digest, family=keeping.family, trouble=keeping.is_troubled, **{"reference": REFERENCE, **options})
    half = len(lines) // 2
    skimmer.feed("".join(line + "\n" for line in lines[:half]))
    skimmer.feed("".join(line + "\n" for line in lines[half:]))
    return digest.take(), digest.looked


def assert_same(lines: Sequence[str], **options: Any) -> int:
    expected, (found, looked) = decoded(lines, **options), skimmed(lines, **options)
    for name in Batch.__slots__:
        assert getattr(found, name) == getattr(expected, name), name
    return looked


@pytest.mark.parametrize("rfc3339", [False, True])
@pytest.mark.parametrize("face", ["imap", "smtp"])
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")])
def test_a_day_of_log_comes_to_the_same_and_most_of_it_is_passed_over(face: str, rfc3339: bool, zone: Any) -> None:
    lines = list(Host("mx1", face, rfc3339, 7, 60).lines(3000))
    looked = assert_same(lines, zone=zone)
    assert looked < (0.7 if face == "smtp" else 0.25) * len(lines)


def test_hosts_in_one_file_and_lines_out_of_order_come_to_the_same() -> None:
    chance = random.Random(3)
    hosts = [Host(f"mx{n}", face, n % 2 == 0, n, 20) for n, face in enumerate(["imap", "smtp", "imap", "smtp"])]
    lines = [line for host in hosts for line in host.lines(600)]
    assert_same(lines)
    chance.shuffle(lines)
    assert_same(lines)


def samples() -> list[str]:
    """The lines of every sample of the decoder's own tests, in whatever envelope they stand."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.extend(value.split("\n"))
        elif isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    for path in sorted(SAMPLES.glob("*.toml")):
        walk(tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def test_the_samples_of_every_grammar_come_to_the_same() -> None:
    texts = samples()
    assert len(texts) > 300
    tags = ["dovecot:", "postfix/smtps/smtpd[7]:", "postfix/smtpd[8]:", "postfix/qmgr[9]:", "postfix/smtp[10]:"]
    for stamp in ("Nov 16 09:14:02", "2026-11-16T09:14:02.5+00:00", "2026-11-16T10:14:02+01:00"):
        lines = [f"{stamp} mx1 {tag} {text}" for text in texts for tag in tags]
        assert_same(texts + lines + texts)


_addresses = st.sampled_from(["192.0.2.7", "198.51.100.9", "2001:db8::7", "999.1.1.1"])
_users = st.sampled_from(
    ["anna@example.com", "Anna@Example.COM", "anna", "a>b@example.com", "x, rip=192.0.2.1", "é@example.com", ""]
)
_sessions = st.builds(
    lambda age, address: encode(DAY + timedelta(minutes=age), 4000, address),
    st.integers(-5, 50),
    st.sampled_from(["192.0.2.7", "2001:db8::7"]),
)
_queues = st.sampled_from(["4F1A2B3C4D", "20AB12CD34", "NOQUEUE", "Nov1234567", "error12345", "abc"])
_messages = st.one_of(
    st.builds(
        lambda kind, user, address, session, end: (
            "dovecot:",
            f"{kind}-login: Login: user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.1, mpid=9{end}, session=<{session}>",
        ),
        st.sampled_from(["imap", "pop3", "managesieve"]),
        _users,
        _addresses,
        _sessions,
        st.sampled_from([", TLS", "", ", secured", ", TLS: error"]),
    ),
    st.builds(
        lambda user, session, text: ("dovecot:", f"imap({user})<9><{session}>: {text}"),
        _users,
        _sessions,
        st.sampled_from(
            [
                "Disconnected: Logged out in=1",
                "Logged out",
                "Error: Timeout (180s) while waiting for lock",
                "Disconnected: Too many invalid IMAP commands. in=1",
                "Connection closed (IDLE running)",
            ]
        ),
    ),
    st.builds(
        lambda user, address, session: (
            "dovecot:",
            f"auth: passwd-file({user},{address},<{session}>): Password mismatch",
        ),
        _users,
        _addresses,
        _sessions,
    ),
    st.builds(
        lambda user, address: ("dovecot:", f"auth: passwd-file({user},{address}): Password mismatch"),
        _users,
        _addresses,
    ),
    st.builds(
        lambda tag, address, text: (tag, text.format(address)),
        st.sampled_from(["postfix/smtps/smtpd[7]:", "postfix/smtpd[8]:", "postfix/submission/smtpd[7]:"]),
        _addresses,
        st.sampled_from(
            [
                "connect from unknown[{0}]",
                "connect from error.example[{0}]",
                "connect from unknown[{0}]:4711",
                "Anonymous TLS connection established from unknown[{0}]: TLSv1.3 with cipher X",
                "Anonymous TLS connection established from fail.example[{0}]: TLSv1.3 with cipher X",
                "disconnect from unknown[{0}] ehlo=1 auth=1 mail=1 quit=1 commands=4",
                "disconnect from unknown[{0}] ehlo=1 quit=1 commands=2",
                "disconnect from unknown[{0}] ehlo=1 auth=0/1 commands=1/2",
                "lost connection after AUTH from unknown[{0}]",
                "warning: unknown[{0}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=anna@example.com",
                "4F1A2B3C4D: client=unknown[{0}], sasl_method=PLAIN, sasl_username=anna@example.com",
                "4F1A2B3C4D: client=unknown[{0}], sasl_method=LOGIN, sasl_username=ben",
                "4F1A2B3C4D: client=unknown[{0}]",
                "NOQUEUE: reject: RCPT from unknown[{0}]: 550 5.7.1 <x@example.org>: Relay access denied; from=<a@example.com> to=<x@example.org> proto=ESMTP helo=<pc>",
            ]
        ),
    ),
    st.builds(
        lambda tag, queue, text: (tag, f"{queue}: {text}"),
        st.sampled_from(["postfix/qmgr[9]:", "postfix/smtp[10]:", "postfix/cleanup[11]:", "mail/qmgr[1]:"]),
        _queues,
        st.sampled_from(
            [
                "removed",
                "message-id=<1@example.com>",
                "message-id=<fatal error@example.com>",
                "from=<anna@example.com>, size=1, nrcpt=1 (queue active)",
                "from=<>, size=1, nrcpt=1 (queue active)",
                "to=<x@example.org>, relay=mx[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
                "to=<x@example.org>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (timed out)",
                "to=<x, dsn=4.0.0, status=deferred>, relay=mx, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
            ]
        ),
    ),
)
_stamps = st.builds(
    lambda minute, second, form: (DAY + timedelta(minutes=minute, seconds=second)).strftime(form),
    st.one_of(st.integers(0, 70), st.integers(1430, 1450), st.integers(20_000, 20_100)),
    st.integers(0, 59),
    st.sampled_from(["%b %e %H:%M:%S", "%Y-%m-%dT%H:%M:%S.25+00:00", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+05:30"]),
)
_lines = st.builds(
    lambda stamp, host, message: f"{stamp} {host} {message[0]} {message[1]}",
    _stamps,
    st.sampled_from(["mx1", "mx1", "mx2", "failover"]),
    _messages,
)


@given(
    lines=st.lists(_lines, max_size=60),
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]),
    year=st.sampled_from([None, 2026]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_lines_follow_each_other_they_come_to_the_same(lines: list[str], zone: Any, year: int | None) -> None:
    assert_same(lines, zone=zone, year=year)


@given(st.lists(st.tuples(_lines, st.integers(0, 200), st.text(max_size=4)), max_size=20))
@settings(max_examples=150, deadline=None)
def test_lines_damaged_anywhere_come_to_the_same(damaged: list[tuple[str, int, str]]) -> None:
    lines = [line[:at] + noise.replace("\n", "") + line[at:] for line, at, noise in damaged]
    assert_same([line for line in lines if line])


@pytest.mark.parametrize("native", [True, False])
def test_other_threads_and_processes_read_to_the_same_store(
    native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_logs(tmp_path / "logs", 6_000, mailboxes=50)
    monkeypatch.setattr(ingest, "is_native", lambda _: native)
    here, there = SqliteLogStore(tmp_path / "here.sqlite"), SqliteLogStore(tmp_path / "there.sqlite")
    first = here.ingest([tmp_path / "logs"], processes=0)
    second = there.ingest([tmp_path / "logs"], processes=2)
    assert (second.lines, second.kept, second.files) == (first.lines, first.kept, first.files)
    assert there.ingest([tmp_path / "logs"], processes=2).lines == 0
    window = (DAY, DAY + timedelta(days=1))
    for number in range(50):
        name = f"user{number}@shop{number % 97}.example"
        expected = here.search(LogQuery(*window, mailboxes=(name,)))
        found = there.search(LogQuery(*window, mailboxes=(name,)))
        assert sorted(line.raw for line in found.lines) == sorted(line.raw for line in expected.lines)
        assert set(found.successes) == set(expected.successes)
        assert set(found.sessions) == set(expected.sessions)
    assert list(there.status()) == list(here.status())


def test_a_file_that_another_process_cannot_read_is_named(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs", 1000)
    broken = tmp_path / "logs" / "broken.log.gz"
    broken.write_bytes(b"\x1f\x8b\x08\x00 this is no gzip")
    report = SqliteLogStore(tmp_path / "log.sqlite").ingest([tmp_path / "logs"], processes=2)
    assert report.files == 4
    assert [failure.partition(":")[0] for failure in report.failed] == [str(broken)]


def test_a_reading_process_that_dies_is_an_error_and_no_hang() -> None:
    worker = ReadingProcess()
    try:
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(OSError, match="ended"):
            list(worker.results())
    finally:
        worker.close()
