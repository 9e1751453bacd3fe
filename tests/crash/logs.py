"""kill -9 of `triage logs follow` while a log is written at 1,000 lines a second and rotated by renaming, and a
sender pushes batches over HTTP: what is stored against what was written, line by line.

A line of the file counts as accepted when it was written, one that was pushed when its batch was answered with 2xx.
Lost: accepted, and not stored. Doubled: stored more than once.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - what follows is loaded here, once, and not by every process that is to be killed
import gzip
import http.client
import json
import os
import random
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn.protocols.http.auto
import uvicorn.protocols.websockets.auto  # noqa: F401

from bot import failpoints
from bot.adapters.logstore.follow.feed import FileFeed
from bot.adapters.logstore.follow.listeners import Listeners
from bot.adapters.logstore.follow.loop import Follow
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.logstore.sqlite.feeding import SqliteFeedStore
from bot.core.observed import LogQuery
from tests.crash.processes import spawn

RATE = 1000
ROTATE = 700
"""Lines between two rotations, about."""
TOKEN = "a token for the run"
LINE = "{stamp} {host} dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{number}@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<n{number}>"


def line(host: str, number: int) -> str:
    """A refused login that nobody else has."""
    return LINE.format(stamp=datetime.now(UTC).isoformat(timespec="milliseconds"), host=host, number=number)


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def follow(store: Path, log: Path, port: int, seed: int) -> None:
    """What is killed: a follower of the file and of pushes."""
    dice = random.Random(seed)
    failpoints.install(lambda _: os.kill(os.getpid(), signal.SIGKILL) if dice.random() < 0.02 else None)
    listeners = Listeners(None, None, ("127.0.0.1", port), TOKEN, lambda: Stream(UTC, now), now, lambda _: None)
    Follow(
        SqliteFeedStore(store), [FileFeed(log, Stream(UTC, now), lambda _: None), *listeners.feeds], say=lambda _: None
    ).run()


class Written:
    """A daemon that writes a log and has it rotated, until it is stopped."""

    def __init__(self, log: Path, seed: int) -> None:
        self.log, self.lines = log, 1
        self._dice = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        began, due, kept = time.monotonic(), ROTATE, 0
        file = self.log.open("ab", buffering=0)
        while not self._stop.is_set():
            while self.lines < (time.monotonic() - began) * RATE:
                whole = (line("file", self.lines) + "\n").encode()
                cut = self._dice.randrange(len(whole)) if self._dice.random() < 0.05 else len(whole)
                file.write(whole[:cut])
                if cut < len(whole):
                    file.write(whole[cut:])
                self.lines += 1
                if self.lines >= due:
                    kept += 1
                    rotated = self.log.with_name(f"{self.log.name}.{kept}")
                    self.log.rename(rotated)
                    for _ in range(self._dice.randrange(20)):  # the daemon writes on until it is told
                        file.write((line("file", self.lines) + "\n").encode())
                        self.lines += 1
                    file.close()
                    if self._dice.random() < 0.3:
                        packed = rotated.with_name(rotated.name + ".gz")
                        packed.write_bytes(gzip.compress(rotated.read_bytes(), 1))
                        os.utime(packed, ns=(rotated.stat().st_mtime_ns,) * 2)
                        rotated.unlink()
                    file = self.log.open("ab", buffering=0)
                    due = self.lines + self._dice.randrange(ROTATE // 2, 2 * ROTATE)
            time.sleep(0.002)
        file.close()

    def stop(self) -> None:
        """Write no more."""
        self._stop.set()
        self._thread.join()


class Pushed:
    """A sender that pushes batches in order, each again and again until it is answered with 2xx."""

    def __init__(self, port: int) -> None:
        self.accepted = 0
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            body = gzip.compress(
                "\n".join(json.dumps({"message": line("push", self.accepted + n)}) for n in range(20)).encode()
            )
            while not self._post(body):
                time.sleep(0.02)
            self.accepted += 20

    def _post(self, body: bytes) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("POST", "/logs", body, {"Authorization": f"Bearer {TOKEN}", "Content-Encoding": "gzip"})
            return connection.getresponse().status == 204
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Send no more; the follower must live until the last batch is answered."""
        self._stop.set()
        self._thread.join()


def run_logs(*, kills: int, seed: int) -> dict[str, Any]:
    """One run; its figures. Raises RuntimeError where a follower ends by itself."""
    dice = random.Random(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, store = folder / "logs" / "mail.log", folder / "store" / "logs.db"
        log.parent.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log.write_text(line("file", 0) + "\n")
        written, pushed = Written(log, seed), Pushed(port)
        try:
            # from its first commit on a follower knows which file it follows
            while not store.exists() or not _stored(store, "file"):
                first = spawn(lambda: _last(store, log, port))
                time.sleep(1)
                os.kill(first, signal.SIGTERM)
                os.waitpid(first, 0)
            for _ in range(kills):
                pid = _started(store, log, port, dice.randrange(1 << 30))
                ends = time.monotonic() + 0.05 + 1.4 * dice.random()
                while time.monotonic() < ends and not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    time.sleep(0.005)
                os.kill(pid, signal.SIGKILL)
                _, status = os.waitpid(pid, 0)
                if not os.WIFSIGNALED(status):
                    raise RuntimeError(f"a follower ended by itself with {os.waitstatus_to_exitcode(status)}")
        finally:
            written.stop()
            last = spawn(lambda: _last(store, log, port))
            pushed.stop()
            os.kill(last, signal.SIGTERM)
            os.waitpid(last, 0)
        stored = {host: _stored(store, host) for host in ("file", "push")}
        wanted = {"file": written.lines, "push": pushed.accepted}
    lost = sum(1 for host, count in wanted.items() for number in range(count) if not stored[host][number])
    doubled = sum(times - 1 for host in wanted for times in stored[host].values() if times > 1)
    return {
        "kills": kills,
        "accepted": sum(wanted.values()),
        "lost": lost,
        "doubled": doubled,
        "parked": 0,
        "pushed": pushed.accepted,
        "seconds": round(time.monotonic() - began),
    }


def _started(store: Path, log: Path, port: int, seed: int) -> int:
    return spawn(lambda: follow(store, log, port, seed))


def _last(store: Path, log: Path, port: int) -> None:
    """The follower that is not killed: it ends when it is told and has read everything."""
    listeners = Listeners(None, None, ("127.0.0.1", port), TOKEN, lambda: Stream(UTC, now), now, lambda _: None)
    work = Follow(
        SqliteFeedStore(store), [FileFeed(log, Stream(UTC, now), lambda _: None), *listeners.feeds], say=lambda _: None
    )
    signal.signal(signal.SIGTERM, lambda *_: work.stop())
    work.run()


def _stored(store: Path, host: str) -> Counter[int]:
    found = SqliteLogStore(store).search(
        LogQuery(now() - timedelta(days=1), now() + timedelta(days=1), domains=("firm.example",), limit=10_000_000)
    )
    if found.failed:
        raise RuntimeError(found.failed)
    return Counter(int(str(event.login).partition("@")[0]) for event in found.lines if event.host == host)
