"""Lines that others push: syslog, HTTP, journald; and a store that is full or held while they do."""

from __future__ import annotations

import gzip
import json
import socket
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from bot.adapters.logstore.follow import loop
from bot.adapters.logstore.follow.feed import Feed, FileFeed
from bot.adapters.logstore.follow.journal import JournalFeed
from bot.adapters.logstore.follow.listeners import Listeners
from bot.adapters.logstore.follow.loop import Follow
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.sqlite import SqliteLogStore, feeding
from bot.adapters.logstore.sqlite.feeding import SqliteFeedStore
from bot.core.observed import LogQuery
from bot.errors import SettingsError
from bot.logs.event import LogEvent

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EVER = (START - timedelta(days=900), START + timedelta(days=900))
TOKEN = "t0ken"
REFUSED = "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<n{number}@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<s{number}>"
SECRET = "Geheim-4711"


def line(number: int) -> str:
    return f"{(START + timedelta(seconds=number)).isoformat()} imap1 dovecot: {REFUSED.format(number=number)}"


def now() -> datetime:
    return datetime.now(UTC)


def stream() -> Stream:
    return Stream(UTC, now)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store" / "logs.db"


@contextmanager
def running(store: Path, feeds: Sequence[Feed], said: list[str] | None = None) -> Iterator[Follow]:
    """A follower in a thread of its own, from its start to its end."""
    work = Follow(SqliteFeedStore(store), feeds, say=(said if said is not None else []).append)
    thread = threading.Thread(target=work.run)
    thread.start()
    try:
        yield work
    finally:
        work.stop()
        thread.join(30)
        assert not thread.is_alive()


def listening(said: list[str] | None = None) -> Listeners:
    return Listeners(
        ("127.0.0.1", 0),
        ("127.0.0.1", 0),
        ("127.0.0.1", 0),
        TOKEN,
        stream,
        now,
        (said if said is not None else []).append,
    )


def wait(until: Callable[[], Any], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


def events(store: Path) -> list[LogEvent]:
    result = SqliteLogStore(store).search(LogQuery(*EVER, domains=("firm.example",), limit=1_000_000))
    return list(result.lines)


def numbers(store: Path) -> list[int]:
    return sorted(int(str(event.login).partition("@")[0][1:]) for event in events(store))


def post(listeners: Listeners, content: bytes | str, token: str = TOKEN, **headers: str) -> httpx.Response:
    wait(lambda: "HTTP" in listeners.addresses)
    host, port = listeners.addresses["HTTP"]
    return httpx.post(
        f"http://{host}:{port}/logs",
        content=content,
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=30,
    )


# -- HTTP ------------------------------------------------------------------------------------------------------------

RECORDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "rsyslog": lambda n: {
        "message": " " + REFUSED.format(number=n),
        "host": "imap1",
        "syslogtag": "dovecot:",
        "timereported": (START + timedelta(seconds=n)).isoformat(),
    },
    "vector": lambda n: {
        "appname": "dovecot",
        "facility": "mail",
        "host": "imap1",
        "hostname": "imap1",
        "message": REFUSED.format(number=n),
        "procid": 996,
        "severity": "info",
        "source_type": "syslog",
        "timestamp": (START + timedelta(seconds=n)).isoformat().replace("+00:00", "Z"),
    },
    "fluent-bit-syslog": lambda n: {
        "date": START.timestamp() + n,
        "pri": "22",
        "host": "imap1",
        "ident": "dovecot",
        "pid": "996",
        "message": REFUSED.format(number=n),
    },
    "fluent-bit-tail": lambda n: {"date": START.timestamp() + n, "log": line(n)},
    "fluent-bit-epoch-ms": lambda n: {
        "date": int(START.timestamp() + n) * 1000,
        "host": "imap1",
        "ident": "dovecot",
        "message": REFUSED.format(number=n),
    },
    "fluent-bit-java-sql": lambda n: {
        "date": f"{START + timedelta(seconds=n):%Y-%m-%d %H:%M:%S}.000000",
        "host": "imap1",
        "ident": "dovecot",
        "message": REFUSED.format(number=n),
    },
    "vector-file": lambda n: {
        "file": "/var/log/mail.log",
        "host": "relay",
        "message": line(n),
        "source_type": "file",
        "timestamp": "2026-11-20T12:34:56.123456789Z",
    },
    "elastic-common-schema": lambda n: {
        "@timestamp": (START + timedelta(seconds=n)).isoformat(),
        "host": {"name": "imap1"},
        "process": {"name": "dovecot", "pid": 7},
        "message": REFUSED.format(number=n),
    },
    "journal": lambda n: {
        "__REALTIME_TIMESTAMP": str(int((START.timestamp() + n) * 1e6)),
        "_HOSTNAME": "imap1",
        "SYSLOG_IDENTIFIER": "dovecot",
        "MESSAGE": REFUSED.format(number=n),
    },
}


@pytest.mark.parametrize("shape", RECORDS)
def test_records_of_every_shipper_are_read_and_stored_before_the_answer(store: Path, shape: str) -> None:
    made = [RECORDS[shape](number) for number in range(4)]
    bodies: dict[str, tuple[bytes, dict[str, str]]] = {
        "lines": ("\n".join(map(json.dumps, made[:1])).encode() + b"\n", {}),
        "array": (gzip.compress(json.dumps(made[1:2]).encode()), {"Content-Encoding": "gzip"}),
        "stream": (zstandard.compress("".join(map(json.dumps, made[2:])).encode()), {"Content-Encoding": "zstd"}),
    }
    listeners = listening()
    with running(store, listeners.feeds):
        for body, headers in bodies.values():
            assert post(listeners, body, **headers).status_code == 204
            assert events(store)
        assert numbers(store) == [0, 1, 2, 3]
    for number, event in enumerate(events(store)):
        assert (event.time, event.host, event.program, event.event) == (
            START + timedelta(seconds=number),
            "imap1",
            "dovecot",
            "auth_failed",
        )


def test_what_is_wrong_with_a_request_is_said(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.logstore.follow.http.SENT", 100_000)
    monkeypatch.setattr("bot.adapters.logstore.follow.http.OPENED", 200_000)
    listeners = listening()
    with running(store, listeners.feeds):
        assert post(listeners, line(0), token="guessed").status_code == 401
        assert post(listeners, line(0), token=TOKEN + "x").status_code == 401
        assert post(listeners, b"x" * 100_001).status_code == 413
        assert post(listeners, gzip.compress(b"x" * 1_000_000), **{"Content-Encoding": "gzip"}).status_code == 413
        assert post(listeners, gzip.compress(line(0).encode())[:-9], **{"Content-Encoding": "gzip"}).status_code == 400
        assert post(listeners, b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400
        assert post(listeners, line(0), **{"Content-Encoding": "snappy"}).status_code == 415
        assert post(listeners, "[{").status_code == 400
        assert post(listeners, "[" * 100_000).status_code == 400
        assert post(listeners, "").status_code == 204
        told = post(listeners, b"\x92\xd7\x00", **{"Content-Type": "application/msgpack"})
        assert told.status_code == 415 and "json_lines" in told.text
        told = post(listeners, '{"records": [{"value": 1}]}\n{"text": "one"}')
        assert told.status_code == 400 and "must be called MESSAGE, log, message" in told.text
        assert post(listeners, '{"no": "message"}\n{broken\n' + line(7)).status_code == 204
        host, port = listeners.addresses["HTTP"]
        assert httpx.get(f"http://{host}:{port}/healthz").status_code == 200
        assert httpx.get(f"http://{host}:{port}/logs").status_code == 405
    assert numbers(store) == [7]


def test_a_batch_whose_sender_was_not_told_is_not_stored_twice(store: Path) -> None:
    listeners = listening()
    body = "\n".join(line(number) for number in range(10))
    with running(store, listeners.feeds):
        wait(lambda: "HTTP" in listeners.addresses)
        with socket.create_connection(listeners.addresses["HTTP"]) as sender:  # it goes away before the answer
            sender.sendall(
                f"POST /logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
        wait(lambda: store.exists() and len(numbers(store)) == 10)
    again = listening()
    with running(store, again.feeds):
        assert post(again, body).status_code == 204
        assert numbers(store) == list(range(10))
        time.sleep(0.1)
        assert post(again, body).status_code == 204, "its sender knows now: the same lines again are others"
        wait(lambda: len(numbers(store)) == 20)


# -- syslog ----------------------------------------------------------------------------------------------------------


def test_syslog_over_tcp_in_both_framings_and_over_udp(store: Path) -> None:
    listeners = listening()

    def message(number: int) -> bytes:
        at = START + timedelta(seconds=number)
        if number % 2:
            return f"<22>1 {at.isoformat()} imap1 dovecot 996 - - {' ' * (number % 4 == 1)}{REFUSED.format(number=number)}".encode()
        return f"<22>{at:%b} {at.day:>2} {at:%H:%M:%S} imap1 dovecot: {REFUSED.format(number=number)}".encode()

    with running(store, listeners.feeds):
        wait(lambda: len(listeners.addresses) == 3)
        with socket.create_connection(listeners.addresses["syslog over TCP"]) as sender:
            for number in range(40):
                data = message(number)
                framed = b"%d %s" % (len(data), data) if number % 3 else data + b"\n"
                for part in (framed[:7], framed[7:]):
                    sender.sendall(part)
            sender.sendall(message(40))  # its end comes with the connection's
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(41, 60):
                sender.sendto(message(number), listeners.addresses["syslog over UDP"])
            # a datagram is one message, whatever is in it
            sender.sendto(message(60) + b"\n" + message(61), listeners.addresses["syslog over UDP"])
        wait(lambda: store.exists() and len(numbers(store)) >= 61)
    assert numbers(store) == list(range(61))
    assert {event.host for event in events(store)} == {"imap1"}


def test_a_message_without_time_or_host_gets_those_of_its_receipt(store: Path) -> None:
    listeners = listening()
    with running(store, listeners.feeds):
        wait(lambda: len(listeners.addresses) == 3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(f"<22>dovecot: {REFUSED.format(number=1)}".encode(), listeners.addresses["syslog over UDP"])
            sender.sendto(
                f"<22>1 - imap1 dovecot 996 - - {REFUSED.format(number=2)}".encode(),
                listeners.addresses["syslog over UDP"],
            )
        wait(lambda: store.exists() and len(numbers(store)) == 2)
    first, second = events(store)
    assert (first.host, second.host) == ("127.0.0.1", "imap1")
    assert all(event.time is not None and abs(event.time - now()) < timedelta(minutes=1) for event in (first, second))


def test_an_address_that_is_taken_is_named(store: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listeners = Listeners(None, taken.getsockname(), None, "", stream, now, lambda _: None)
        with pytest.raises(SettingsError, match=r"LOG_SYSLOG_TCP: cannot listen on 127\.0\.0\.1"):
            Follow(SqliteFeedStore(store), listeners.feeds, say=lambda _: None).run(once=True)


# -- journald --------------------------------------------------------------------------------------------------------

STAND_IN = """#!{python}
import json, os, sys, time
with open({calls!r}, "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
after = next((a.partition("=")[2] for a in sys.argv if a.startswith("--after-cursor=")), None)
since = next((float(a.partition("=@")[2]) for a in sys.argv if a.startswith("--since=@")), 0)
entries = open({entries!r})
known = [json.loads(one)["__CURSOR"] for one in open({entries!r})]
if after is not None and after not in known:
    sys.exit("Failed to seek to cursor: Invalid argument")
passing = after is not None
while True:
    one = entries.readline()
    if not one.endswith("\\n"):
        if os.path.exists({entries!r} + ".end"):
            sys.exit(1)
        time.sleep(0.02)
        continue
    record = json.loads(one)
    if not passing and int(record["__REALTIME_TIMESTAMP"]) >= since * 1e6:
        sys.stdout.write(one)
        sys.stdout.flush()
    passing = passing and record["__CURSOR"] != after
"""


class Journal:
    """A stand-in for journalctl: it speaks its output and knows the options that are asked of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries, self.calls = folder / "entries", folder / "calls"
        self.entries.write_text("")
        program = folder / "bin" / "journalctl"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable, calls=str(self.calls), entries=str(self.entries)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    def add(self, *chosen: int, **fields: Any) -> None:
        with self.entries.open("a") as file:
            for number in chosen:
                moment = int((START.timestamp() + number) * 1e6)
                record = {
                    "__CURSOR": f"s=1;i={number}",
                    "__REALTIME_TIMESTAMP": str(moment),
                    "_HOSTNAME": "imap1",
                    "SYSLOG_IDENTIFIER": "dovecot",
                    "_PID": "996",
                    "_SYSTEMD_UNIT": "dovecot.service",
                    "_CMDLINE": "x" * 500,
                    "MESSAGE": REFUSED.format(number=number),
                } | fields
                file.write(json.dumps(record) + "\n")

    def asked(self) -> list[list[str]]:
        return [json.loads(one) for one in self.calls.read_text().splitlines()]


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    return Journal(tmp_path, monkeypatch)


def test_the_journal_goes_on_behind_its_cursor(store: Path, journal: Journal) -> None:
    journal.add(*range(10))
    with running(store, [JournalFeed(["dovecot.service", "postfix*"], stream(), lambda _: None)]):
        wait(lambda: store.exists() and len(numbers(store)) == 10)
        # journald writes what is no clean text as bytes
        journal.add(10, MESSAGE=list(REFUSED.format(number=10).encode()))
        wait(lambda: len(numbers(store)) == 11)
    journal.add(*range(11, 20))
    with running(store, [JournalFeed(["dovecot.service", "postfix*"], stream(), lambda _: None)]):
        wait(lambda: len(numbers(store)) >= 20)
    assert numbers(store) == list(range(20))
    first, second = journal.asked()
    assert first == ["-o", "json", "--follow", "--no-tail", "-u", "dovecot.service", "-u", "postfix*"]
    assert second[-1] == "--after-cursor=s=1;i=10"
    assert max(len(event.raw) for event in events(store)) < 400, "a kilobyte of fields is not kept with each line"


def test_a_journal_that_has_dropped_the_cursor_goes_on_by_time_and_shows_a_gap(store: Path, journal: Journal) -> None:
    journal.add(*range(5))
    with running(store, [JournalFeed(["all"], stream(), lambda _: None)]):
        wait(lambda: store.exists() and len(numbers(store)) == 5)
    journal.entries.write_text("")
    journal.add(*range(20, 25))
    said: list[str] = []
    with running(store, [JournalFeed(["all"], stream(), said.append)]):
        wait(lambda: len(numbers(store)) >= 10)
    assert numbers(store) == [*range(5), *range(20, 25)]
    assert "Failed to seek to cursor" in said[0] and "gap" in said[0]
    (covered,) = SqliteLogStore(store).status()
    assert covered.gaps == ((START + timedelta(seconds=4), START + timedelta(seconds=20)),)


def test_a_journalctl_that_ends_is_started_again(
    store: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.logstore.follow.journal.AGAIN", 0.05)
    journal.add(0, 1)
    ended = Path(str(journal.entries) + ".end")
    ended.touch()
    said: list[str] = []
    with running(store, [JournalFeed(["all"], stream(), said.append)]):
        wait(lambda: said)
        journal.add(2, 3)
        wait(lambda: len(numbers(store)) == 4)
        ended.unlink()
        journal.add(4)
        wait(lambda: len(numbers(store)) == 5)
    assert said == ["journalctl: it ended with status 1; it is started again"]
    monkeypatch.setenv("PATH", "")
    with running(store, [JournalFeed(["all"], stream(), said.append)]):
        wait(lambda: len(said) > 1)
    assert "No such file" in said[1]


# -- a store that is full, or held -----------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_that_was_acknowledged_and_ends_by_itself(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says the same of a full disk and of a file that may not grow."""
    room = {"pages": 150}
    real = feeding.open_for_writing

    def limited(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute(f"PRAGMA max_page_count = {room['pages']}")
        return connection

    monkeypatch.setattr(feeding, "open_for_writing", limited)
    monkeypatch.setattr("bot.adapters.logstore.follow.http.STORED_WITHIN", 0.5)
    log = tmp_path / "mail.log"
    log.write_text("")
    said: list[str] = []
    listeners = listening()
    acknowledged = 0
    with running(store, [*listeners.feeds, FileFeed(log, stream(), said.append)], said):
        while (
            answer := post(listeners, "\n".join(line(n) for n in range(acknowledged, acknowledged + 500)))
        ).status_code == 204:
            acknowledged += 500
            assert acknowledged < 50_000
        assert answer.status_code == 503 and answer.headers["Retry-After"]
        assert numbers(store) == list(range(acknowledged))
        with log.open("a") as file:
            file.writelines(line(n) + "\n" for n in range(900_000, 900_100))
        assert len(said) == 1 and "full" in said[0] and str(store) in said[0]
        room["pages"] = 100_000
        while post(listeners, "\n".join(line(n) for n in range(acknowledged, acknowledged + 500))).status_code != 204:
            time.sleep(0.05)
        wait(lambda: len(numbers(store)) == acknowledged + 600)
        assert "can be written again" in said[1]
    assert numbers(store) == [*range(acknowledged + 500), *range(900_000, 900_100)]


def test_a_store_that_another_process_holds_is_waited_for(
    store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.adapters.logstore.sqlite.schema.WRITER_WAITS", 0.05)
    log = tmp_path / "mail.log"
    log.write_text(line(0) + "\n")
    said: list[str] = []
    with running(store, [FileFeed(log, stream(), said.append)], said):
        wait(lambda: store.exists() and numbers(store) == [0])
        holder = sqlite3.connect(store, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with log.open("a") as file:
            file.writelines(line(n) + "\n" for n in range(1, 50))
        wait(lambda: said)
        assert "another process is writing" in said[0]
        holder.execute("ROLLBACK")
        holder.close()
        wait(lambda: len(numbers(store)) == 50)
    assert numbers(store) == list(range(50))


# -- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_reaches_the_disk_by_any_feed(store: Path, tmp_path: Path, journal: Journal) -> None:
    told = f"auth: sql(n{{}}@firm.example,192.0.2.7): Password mismatch (given password: {SECRET})"
    log = tmp_path / "mail.log"
    log.write_text(f"{START.isoformat()} imap1 dovecot: {told.format(0)}\n")
    journal.add(1, MESSAGE=list(told.format(1).encode()))
    listeners = listening()
    with running(
        store,
        [FileFeed(log, stream(), lambda _: None), JournalFeed(["all"], stream(), lambda _: None), *listeners.feeds],
    ):
        at = START.isoformat()
        pushed = [
            {"message": told.format(2), "appname": "dovecot", "host": "imap1", "timestamp": at, "password": SECRET},
            {"log": f"{at} imap1 dovecot: {told.format(3)}"},
        ]
        assert post(listeners, "\n".join(map(json.dumps, pushed))).status_code == 204
        assert post(listeners, f"{at} imap1 dovecot: {told.format(4)}").status_code == 204
        with socket.create_connection(listeners.addresses["syslog over TCP"]) as sender:
            sender.sendall(f"<22>1 {at} imap1 dovecot 996 - - {told.format(5)}\n".encode())
        wait(lambda: store.exists() and len(numbers(store)) == 6)
        found = [file for file in store.parent.iterdir() if SECRET.encode() in file.read_bytes()]
        assert not found and any(file.name.endswith("-wal") for file in store.parent.iterdir())
        with sqlite3.connect(store) as db:
            tails = b"".join(zstandard.decompress(data) for (data,) in db.execute("SELECT data FROM log_tail"))
        assert SECRET.encode() not in tails and b"Password mismatch" in tails
    assert all(SECRET not in event.raw for event in events(store))


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteFeedStore, "rest", 0.02)
    monkeypatch.setattr(loop, "AGAIN", (0.02, 0.05))
