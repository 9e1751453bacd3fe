"""Live feeds into a real PostgreSQL server: the contract of tests/contract/test_feed_store.py, and kill -9 and a
full disk under a writer at work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from test_feed_store import *  # noqa: F403  the same tests, another engine
from test_feed_store import START, Open, batch, line, stored

from bot.adapters.logstore.follow.feed import FileFeed
from bot.adapters.logstore.follow.loop import Follow
from bot.adapters.logstore.follow.pushed import Parcel, PushedFeed
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.postgres import PostgresLogStore, feeding
from bot.adapters.logstore.postgres.feeding import PostgresFeedStore
from bot.errors import StoreError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(server: str, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens an empty store as often as wanted."""
    monkeypatch.setattr(feeding, "CLAIMS_WITHIN", 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS triage_logs CASCADE")
    return lambda name="alone": (PostgresFeedStore(server, name), PostgresLogStore(server, seconds=20))


FOLLOWER = """
import os, random, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from bot import failpoints
from bot.adapters.logstore.follow.feed import FileFeed
from bot.adapters.logstore.follow.loop import Follow
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.postgres.feeding import PostgresFeedStore
url, log, chance = sys.argv[1:]
failpoints.install(lambda _: os.kill(os.getpid(), signal.SIGKILL) if random.random() < float(chance) else None)
now = lambda: datetime.now(UTC)
work = Follow(PostgresFeedStore(url, "alone"), [FileFeed(Path(log), Stream(UTC, now), lambda _: None)], say=print)
signal.signal(signal.SIGTERM, lambda *_: work.stop())
work.run()
"""


class Writer:
    """A daemon that writes 1,000 lines a second and has its log rotated by renaming."""

    def __init__(self, log: Path) -> None:
        self.log, self.lines = log, 1  # the first is there
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        began, kept, file = time.monotonic(), 0, self.log.open("ab", buffering=0)
        while not self._stop.wait(0.005):
            while self.lines < (time.monotonic() - began) * 1000:
                file.write(line(self.lines).encode())
                self.lines += 1
            if self.lines > 1500 * (kept + 1):
                kept += 1
                self.log.rename(self.log.with_name(f"{self.log.name}.{kept}"))
                file.close()
                file = self.log.open("ab", buffering=0)
        file.close()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def test_killed_under_a_writer_at_1000_lines_a_second_nothing_is_lost_or_doubled(
    place: Open, server: str, tmp_path: Path
) -> None:
    log, searched = tmp_path / "mail.log", place()[1]
    log.write_text(line(0))
    Follow(place()[0], [FileFeed(log, Stream(UTC, lambda: datetime.now(UTC)), lambda _: None)], say=lambda _: None).run(
        once=True
    )
    writer = Writer(log)
    command = [sys.executable, "-c", FOLLOWER, server, str(log)]
    try:
        for kill in range(5):
            process = subprocess.Popen([*command, "0.1"], cwd=ROOT)
            try:
                process.wait(1.2 + kill / 10)
            except subprocess.TimeoutExpired:
                process.kill()
            assert process.wait() == -signal.SIGKILL
    finally:
        writer.stop()
    last = subprocess.Popen([*command, "0"], cwd=ROOT)
    ends = time.monotonic() + 60
    while len(stored(searched)) < writer.lines and time.monotonic() < ends:
        time.sleep(0.2)
    last.terminate()
    assert last.wait(20) == 0
    assert stored(searched) == [*range(writer.lines)]
    assert sum(one.lines for one in searched.status()) == writer.lines


FULL = """
CREATE FUNCTION triage_logs.is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'could not extend file "base/5/16384": No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER is_full BEFORE INSERT ON triage_logs.log_login EXECUTE FUNCTION triage_logs.is_full();
"""
"""The server's error of a full disk (class 53100), in the middle of a batch."""


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(FULL, "its disk is full; make room, nothing stored so far is lost"), ("", "another writer was in the way")],
    ids=["full", "locked"],
)
def test_a_full_disk_or_a_lock_loses_nothing_acknowledged_is_said_once_and_ends_by_itself(
    place: Open, server: str, monkeypatch: pytest.MonkeyPatch, trouble: str, said: str
) -> None:
    monkeypatch.setattr(feeding, "WAITS_FOR_LOCKS", 1)
    feeds, searched = place()
    heard: list[str] = []
    told: list[int] = []
    feed = PushedFeed("http", Stream(UTC, lambda: START), heard.append)
    work = Follow(feeds, [feed], say=heard.append)
    thread = threading.Thread(target=work.run)
    thread.start()
    try:
        assert feed.offer(Parcel(line(0), b"0"), lambda: told.append(0))
        wait(lambda: told == [0])
        with psycopg.connect(server) as other:
            other.execute(trouble.encode() or b"LOCK TABLE triage_logs.log_login IN ACCESS EXCLUSIVE MODE")
            if trouble:
                other.commit()
            assert feed.offer(Parcel(line(1), b"1"), lambda: told.append(1))
            wait(lambda: any(said in one for one in heard))
            assert told == [0]
            if trouble:
                other.execute("DROP FUNCTION triage_logs.is_full CASCADE")
                other.commit()
            else:
                other.rollback()
        wait(lambda: told == [0, 1])
    finally:
        work.stop()
        thread.join(30)
    assert stored(searched) == [0, 1]
    assert sum(said in one for one in heard) == 1 and "nothing was lost" in heard[-1]


def wait(done: Callable[[], bool]) -> None:
    """Until it is so."""
    ends = time.monotonic() + 30
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_server_that_restarts_is_gone_on_with(place: Open, server: str) -> None:
    feeds, searched = place()
    feeds.claim()
    with feeds.writing(feeds.prepare(batch(0, 3))):
        pass
    with psycopg.connect(server, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'triage'")
    with pytest.raises(StoreError, match="cannot be used"), feeds.writing(feeds.prepare(batch(3, 6))):
        pass
    feeds.forget()
    with feeds.writing(feeds.prepare(batch(3, 6))):
        pass
    assert stored(searched) == [*range(6)]
    feeds.close()


def test_two_machines_follow_paths_of_the_same_name_into_one_store(place: Open, tmp_path: Path) -> None:
    for number, name in enumerate(("imap1", "imap2")):
        log = tmp_path / name / "mail.log"
        log.parent.mkdir()
        log.write_text(line(number).replace(" imap1 ", f" {name} "))
    one, searched = place("one")
    two, _ = place("two")
    for feeds, name in ((one, "imap1"), (two, "imap2")):
        feeds.claim()
        Follow(
            feeds,
            [FileFeed(tmp_path / name / "mail.log", Stream(UTC, lambda: START), lambda _: None)],
            say=lambda _: None,
        ).run(once=True)
    assert stored(searched) == [0, 1] and [one.host for one in searched.status()] == ["imap1", "imap2"]
