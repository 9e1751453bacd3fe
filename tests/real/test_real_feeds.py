"""rsyslog itself writes a log and sends it on, logrotate itself rotates it: every line once in the store."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.logstore.follow.feed import Feed, FileFeed
from bot.adapters.logstore.follow.listeners import Listeners
from bot.adapters.logstore.follow.loop import Follow
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.logstore.sqlite.feeding import SqliteFeedStore
from bot.core.observed import LogQuery

RSYSLOG = """
global(workDirectory="{folder}" debug.onShutdown="off")
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="{port}")
action(type="omfile" file="{log}" template="RSYSLOG_FileFormat")
"""
FORWARD = """
action(type="omfwd" target="127.0.0.1" port="{ours}" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" queue.type="LinkedList")
"""
LOGROTATE = """
{log} {{
    rotate 9
    size 1
    missingok
    {how}
}}
"""


def now() -> datetime:
    return datetime.now(UTC)


def wait(until: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(store: Path, feeds: list[Feed]) -> Iterator[None]:
    work = Follow(SqliteFeedStore(store), feeds, say=lambda _: None)
    thread = threading.Thread(target=work.run)
    thread.start()
    try:
        yield
    finally:
        work.stop()
        thread.join(30)


def numbers(store: Path) -> list[int]:
    found = SqliteLogStore(store).search(
        LogQuery(now() - timedelta(days=1), now() + timedelta(days=1), domains=("firm.example",), limit=1_000_000)
    )
    return sorted(int(str(event.login).partition("@")[0][1:]) for event in found.lines)


class Rsyslog:
    """A real rsyslogd of ours, which writes a file and forwards to a port of ours."""

    def __init__(self, folder: Path, forward: str = "") -> None:
        self.folder, self.log, self.ours, self.port = folder, folder / "mail.log", free_port(), free_port()
        settings = folder / "rsyslog.conf"
        settings.write_text((RSYSLOG + forward).format(folder=folder, port=self.port, log=self.log, ours=self.ours))
        self.process = subprocess.Popen(
            ["/usr/sbin/rsyslogd", "-n", "-f", str(settings), "-i", str(folder / "pid")], stderr=subprocess.DEVNULL
        )
        self.sent = 0
        wait(self._up)

    def _up(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def send(self, count: int) -> None:
        """So many refused logins, as Dovecot writes them to syslog."""
        with socket.create_connection(("127.0.0.1", self.port)) as sender:
            for number in range(self.sent, self.sent + count):
                at = datetime.now(UTC).astimezone()
                sender.sendall(
                    f"<22>{at:%b} {at.day:>2} {at:%H:%M:%S} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
                    f"user=<n{number}@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<s{number}>\n".encode()
                )
        self.sent += count

    def rotate(self, how: str) -> None:
        settings = self.folder / "logrotate.conf"
        settings.write_text(LOGROTATE.format(log=self.log, how=how))
        settings.chmod(0o644)
        subprocess.run(
            ["/usr/sbin/logrotate", "-f", "-s", str(self.folder / "state"), str(settings)],
            check=True,
            capture_output=True,
        )
        if "copytruncate" not in how:
            self.process.send_signal(signal.SIGHUP)
            time.sleep(1.1)  # until it has opened the new file; dateext names files by the second


@pytest.fixture
def rsyslog(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rsyslog]:
    made = Rsyslog(tmp_path, FORWARD if "forwards" in request.node.name else "")
    yield made
    made.process.terminate()
    made.process.wait(10)


@pytest.mark.parametrize(
    "how",
    [
        "create\n    compress",
        "create\n    dateext\n    dateformat -%Y%m%d-%s\n    delaycompress\n    compress",
        "copytruncate",
    ],
    ids=["compress", "dateext", "copytruncate"],
)
def test_a_file_that_rsyslog_writes_and_logrotate_rotates(rsyslog: Rsyslog, how: str, tmp_path: Path) -> None:
    store = tmp_path / "store" / "logs.db"
    rsyslog.send(50)
    wait(rsyslog.log.exists)
    Follow(SqliteFeedStore(store), [FileFeed(rsyslog.log, Stream(UTC, now), lambda _: None)], say=lambda _: None).run(
        once=True
    )
    for turn in range(3):
        with running(store, [FileFeed(rsyslog.log, Stream(UTC, now), lambda _: None)]):
            rsyslog.send(200)
            wait(lambda: rsyslog.log.exists() and f"n{rsyslog.sent - 1}@".encode() in rsyslog.log.read_bytes())
            rsyslog.rotate(how)
            rsyslog.send(100)
            wait(lambda: f"n{rsyslog.sent - 1}@".encode() in rsyslog.log.read_bytes())
        if turn == 1:  # nobody follows while it is rotated once more
            rsyslog.send(20)
            wait(lambda: f"n{rsyslog.sent - 1}@".encode() in rsyslog.log.read_bytes())
            rsyslog.rotate(how)
            rsyslog.send(20)
            wait(lambda: f"n{rsyslog.sent - 1}@".encode() in rsyslog.log.read_bytes())
    assert numbers(store) == list(range(rsyslog.sent))
    assert bool(SqliteLogStore(store).status()[0].gaps) == (how == "copytruncate")


def test_what_rsyslog_forwards_is_taken(rsyslog: Rsyslog, tmp_path: Path) -> None:
    store = tmp_path / "store" / "logs.db"
    listeners = Listeners(None, ("127.0.0.1", rsyslog.ours), None, "", lambda: Stream(UTC, now), now, lambda _: None)
    with running(store, list(listeners.feeds)):
        wait(lambda: bool(listeners.addresses))
        for _ in range(4):
            rsyslog.send(50)
        wait(lambda: store.exists() and len(numbers(store)) == 200)
    assert numbers(store) == list(range(rsyslog.sent))
    assert {row.host for row in SqliteLogStore(store).status()} == {"imap1"}
