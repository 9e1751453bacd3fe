"""Files that are followed: every line once, whatever becomes of the file, and of the follower."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.logstore.follow.feed import FileFeed, live_files
from bot.adapters.logstore.follow.files import PlainFile
from bot.adapters.logstore.follow.loop import Follow, Keep
from bot.adapters.logstore.follow.siblings import missed
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.logstore.sqlite.feeding import SqliteFeedStore
from bot.adapters.logstore.sqlite.marks import Identity
from bot.adapters.logstore.sqlite.sources import fingerprint
from bot.core.observed import HostCoverage, LogQuery
from bot.errors import InputError, StoreBusy
from bot.logs.session import encode

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EVER = (START - timedelta(days=900), START + timedelta(days=900))


def line(number: int, host: str = "imap1") -> str:
    """A refused login that no other line is like, one each second."""
    return (
        f"{(START + timedelta(seconds=number)).isoformat()} {host} dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
        f"user=<n{number}@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<s{number}>"
    )


def text(first: int, behind: int) -> bytes:
    return "".join(line(number) + "\n" for number in range(first, behind)).encode()


class Place:
    """A log, a store, and followers of it that are made anew as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.log, self.path = folder / "logs" / "mail.log", folder / "store" / "logs.db"
        self.log.parent.mkdir()
        self.said: list[str] = []

    def follow(self, *logs: Path, keep: Keep | None = None) -> Follow:
        now = lambda: datetime.now(UTC)  # noqa: E731
        return Follow(
            SqliteFeedStore(self.path),
            [FileFeed(log, Stream(UTC, now), self.said.append) for log in logs or (self.log,)],
            say=self.said.append,
            keep=keep,
        )

    def once(self) -> None:
        """A follower that reads what is there and ends."""
        self.follow().run(once=True)

    def stored(self) -> list[int]:
        result = SqliteLogStore(self.path).search(LogQuery(*EVER, domains=("firm.example",), limit=1_000_000))
        assert result.failed is None
        return sorted(int(str(event.login).partition("@")[0][1:]) for event in result.lines)

    def status(self) -> HostCoverage:
        (covered,) = SqliteLogStore(self.path).status()
        return covered

    def write(self, first: int, behind: int) -> None:
        with self.log.open("ab") as file:
            file.write(text(first, behind))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# -- a writer at 1,000 lines a second --------------------------------------------------------------------------------


def renamed(place: Place, number: int) -> None:
    place.log.rename(place.log.with_name(f"mail.log.{number}"))


def renamed_and_packed(place: Place, number: int) -> None:
    rotated = place.log.with_name(f"mail.log-2026112{number}")
    place.log.rename(rotated)
    packed = rotated.with_name(rotated.name + ".gz")
    packed.write_bytes(gzip.compress(rotated.read_bytes()))
    os.utime(packed, ns=(rotated.stat().st_mtime_ns,) * 2)
    rotated.unlink()


def copied_and_truncated(place: Place, number: int) -> None:
    shutil.copy(place.log, place.log.with_name(f"mail.log.{number}"))
    os.truncate(place.log, 0)


def deleted(place: Place, number: int) -> None:
    place.log.unlink()


@pytest.mark.parametrize("rotate", [renamed, renamed_and_packed, copied_and_truncated, deleted])
@pytest.mark.parametrize("restarted", [False, True], ids=["one-follower", "restarted"])
def test_a_log_that_rotates_under_a_quick_writer_is_read_once(
    place: Place, rotate: Callable[[Place, int], None], restarted: bool
) -> None:
    """Nothing is lost where the file is renamed; of a truncated or deleted one only what was written while nobody
    looked."""
    written = 0
    place.write(0, 1)
    followers: list[tuple[Follow, threading.Thread]] = []

    def start() -> None:
        work = place.follow()
        thread = threading.Thread(target=work.run)
        thread.start()
        followers.append((work, thread))

    def stop() -> None:
        work, thread = followers.pop()
        work.stop()
        thread.join(20)
        assert not thread.is_alive()

    start()
    written, began, turn = 1, time.monotonic(), 0
    while turn < 3:
        place.write(written, upto := max(written + 1, int((time.monotonic() - began) * 1000)))
        written = upto
        time.sleep(0.005)
        if written > (turn + 1) * 350:
            # what the follower has not seen is gone
            if rotate is deleted or (restarted and rotate is copied_and_truncated):
                ends = time.monotonic() + 20
                while (
                    SqliteLogStore(place.path).search(LogQuery(*EVER, logins=(f"n{written - 1}@firm.example",))).lines
                    == ()
                    and time.monotonic() < ends
                ):
                    time.sleep(0.02)
            if restarted:
                stop()
            rotate(place, turn + 1)
            if restarted:
                place.write(written, written := written + 5)
                start()
            turn += 1
    place.write(written, written + 100)
    written += 100
    stop()
    stored = place.stored()
    assert stored == sorted(set(stored)), "a line was stored twice"
    assert stored == list(range(written)), place.said


# -- one thing at a time ---------------------------------------------------------------------------------------------


def test_a_truncation_that_may_have_lost_lines_is_a_gap(place: Place) -> None:
    place.write(0, 50)
    work = place.follow()
    runs = _turns(work)
    place.write(50, 60)
    shutil.copy(place.log, place.log.with_name("mail.log.1"))
    place.write(60, 70)  # after the copy, before the truncation: nobody can save these
    os.truncate(place.log, 0)
    place.write(70, 90)
    runs()
    work.stop()
    assert place.stored() == [*range(60), *range(70, 90)]
    assert place.status().gaps == ((START + timedelta(seconds=59), START + timedelta(seconds=70)),)
    assert not place.status().covers(START + timedelta(seconds=1), START + timedelta(seconds=80))
    assert place.status().covers(START + timedelta(seconds=1), START + timedelta(seconds=50))
    assert len([word for word in place.said if "truncated" in word]) == 1


def _turns(work: Follow) -> Callable[[], None]:
    """Start a follower without its loop; what is returned lets it look until nothing is new."""
    opened = False

    def run() -> None:
        nonlocal opened
        if not opened:
            work.open()  # what run() does first
            opened = True
        quiet = 0
        while quiet < 2:
            quiet = 0 if work.turn() else quiet + 1

    run()
    return run


def test_a_truncation_while_nobody_looked_is_a_gap_too(place: Place) -> None:
    place.write(0, 50)
    place.once()
    os.truncate(place.log, 0)
    place.write(55, 90)
    place.once()
    assert place.stored() == [*range(50), *range(55, 90)]
    assert place.status().gaps == ((START + timedelta(seconds=49), START + timedelta(seconds=55)),)


def test_a_renamed_log_leaves_no_gap(place: Place) -> None:
    place.write(0, 50)
    place.once()
    place.write(50, 60)
    renamed(place, 1)
    place.write(60, 90)
    place.once()
    assert place.stored() == list(range(90))
    assert place.status().gaps == ()


def test_a_writer_that_keeps_his_place_in_a_truncated_file_leaves_nuls_that_are_no_lines(place: Place) -> None:
    with place.log.open("wb") as writer:
        writer.write(text(0, 40))
        writer.flush()
        place.once()
        for turn in range(1, 3):
            shutil.copy(place.log, place.log.with_name(f"mail.log.{turn}"))
            os.truncate(place.log, 0)
            writer.write(text(turn * 40, turn * 40 + 40))
            writer.flush()
            assert place.log.read_bytes()[:1] == b"\0"
            place.once()
    assert place.stored() == list(range(120))
    assert SqliteLogStore(place.path).ingest([place.log.parent]).lines == 0, (
        "`triage logs ingest` knows the files as well"
    )


def test_an_inode_that_is_used_again_is_another_file(place: Place) -> None:
    place.write(0, 30)
    place.once()
    inode = place.log.stat().st_ino
    place.log.unlink()
    for attempt in range(200):
        place.write(30, 60)
        if place.log.stat().st_ino == inode:
            break
        place.log.rename(place.log.with_name(f"other{attempt}"))
    place.once()
    assert place.stored() == list(range(60))


def test_two_rotations_between_two_looks(place: Place) -> None:
    place.write(0, 30)
    place.once()
    place.write(30, 40)
    for number, (first, behind) in ((2, (40, 50)), (1, (50, 60)), (0, (60, 70))):
        place.log.rename(place.log.with_name(f"mail.log.{number + 1}"))
        place.write(first, behind)
        os.utime(place.log, ns=(time.time_ns() + (3 - number) * 1_000_000,) * 2)
    place.once()
    assert place.stored() == list(range(70))


def test_older_copies_that_were_never_followed_are_left_alone(place: Place) -> None:
    place.log.with_name("mail.log.1").write_bytes(text(500, 510))
    place.write(0, 10)
    place.once()
    place.write(10, 20)
    renamed(place, 2)
    place.write(20, 30)
    place.once()
    assert place.stored() == list(range(30))


def test_a_last_line_waits_for_its_end_and_a_long_one_does_no_harm(place: Place) -> None:
    work = place.follow()
    with place.log.open("ab", buffering=0) as writer:
        writer.write(text(0, 5) + b"\0\0\0" + text(5, 6) + b"x" * 1_000_000 + b"\n" + text(6, 7)[:60])
        runs = _turns(work)
        assert place.stored() == list(range(6))
        writer.write(text(6, 7)[60:-1])
        runs()
        assert place.stored() == list(range(6))
        writer.write(
            b"\n"
            + line(7).replace("method=PLAIN", "method=\udcff\udcfe").encode("utf-8", "surrogateescape")
            + b"\n"
            + b"y" * 3_000_000
        )
        runs()
        assert place.stored() == list(range(8))
        time.sleep(1.1)
        writer.write(b"\n" + text(8, 9))
        runs()
    assert place.stored() == list(range(9))


def test_the_last_line_of_a_file_that_is_done_needs_no_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.logstore.follow.tail.LINGER", 0.05)
    place.log.write_bytes(text(0, 10)[:-1])
    work = place.follow()
    runs = _turns(work)
    renamed(place, 1)
    place.write(10, 20)
    runs()
    time.sleep(0.1)
    runs()
    assert place.stored() == list(range(20))


def test_a_log_that_is_not_there_yet_is_read_once_it_is(place: Place) -> None:
    work = place.follow()
    runs = _turns(work)
    runs()
    assert [word for word in place.said if "is not there" in word] == place.said and len(place.said) == 1
    place.write(0, 10)
    runs()
    assert place.stored() == list(range(10))


def test_what_one_line_taught_serves_the_next_after_a_restart_and_a_rotation(place: Place) -> None:
    """Postfix's pid stands for its client from one line to the next; the year of a stamp without one comes from the
    lines before."""
    head = "Dec 31 23:59:{second} mx1 postfix/submission/smtpd[77]: "
    place.log.write_text(head.format(second=50) + "connect from unknown[192.0.2.9]\n")
    os.utime(place.log, (datetime(2025, 12, 31, 23, 59, 50, tzinfo=UTC).timestamp(),) * 2)
    place.once()
    with place.log.open("a") as file:
        file.write(head.format(second=51) + "warning: SASL authentication failure: Password verification failed\n")
    place.once()
    renamed(place, 1)
    place.log.write_text(
        head.format(second=52) + "warning: SASL authentication failure: Password verification failed\n"
    )
    place.once()
    found = SqliteLogStore(place.path).search(LogQuery(*EVER, ips=("192.0.2.9",)))
    assert [(event.time, event.remote_ip) for event in found.lines] == [
        (datetime(2025, 12, 31, 23, 59, second, tzinfo=UTC), "192.0.2.9") for second in (51, 52)
    ]


def test_lag_and_skew_are_measured(place: Place) -> None:
    began = datetime.now(UTC) - timedelta(minutes=40)
    ahead = timedelta(minutes=10)
    place.log.write_text(
        "".join(
            f"{(at + ahead + timedelta(milliseconds=80)).isoformat()} imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, "
            f"lip=198.51.100.1, mpid=7, TLS, session=<{encode(at, 4000 + n, '192.0.2.7')}>\n"
            for n in range(20)
            for at in [began + timedelta(seconds=n)]
        )
    )
    place.once()
    covered = place.status()
    assert covered.skew is not None and abs(covered.skew - ahead) < timedelta(seconds=1)
    assert covered.lag is not None and timedelta(minutes=29) < covered.lag < timedelta(minutes=31)
    assert covered.seen is not None and datetime.now(UTC) - covered.seen < timedelta(minutes=1)


def test_two_followers_do_not_share_a_store(place: Place) -> None:
    place.write(0, 1)
    work = place.follow()
    thread = threading.Thread(target=work.run)
    thread.start()
    try:
        time.sleep(0.3)
        with pytest.raises(StoreBusy, match="another `triage logs follow`"):
            place.once()
    finally:
        work.stop()
        thread.join(10)


def test_retention_is_applied_by_itself(place: Place) -> None:
    place.log.write_bytes(b"".join(text(number, number + 1) for number in range(0, 3 * 3600, 4)))
    place.once()
    whole = place.path.stat().st_size
    place.follow(keep=Keep(size=int(whole * 0.7))).run(once=True)
    stored = place.stored()
    assert stored and stored[-1] == 3 * 3600 - 4 and stored[0] > 0
    assert place.path.stat().st_size < whole
    place.follow(keep=Keep(age=timedelta(seconds=1))).run(once=True)
    assert place.stored() == []


def test_folders_are_followed_by_the_files_that_no_rotation_made(place: Place) -> None:
    for name in ("mail.log", "mail.log.1", "mail.log-20261120.gz", "dovecot.log", "imap-2026-11-20.log"):
        place.log.with_name(name).write_bytes(b"")
    assert [path.name for path in live_files([str(place.log.parent), str(place.log)])] == ["dovecot.log", "mail.log"]
    with pytest.raises(InputError, match="standard input"):
        live_files(["-"])


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(SqliteFeedStore, "rest", 0.02)
    yield


def test_what_was_packed_of_an_open_file_is_no_other_file(place: Place) -> None:
    """Rotated and packed before the store has heard of it: only the open file knows that its lines are read already."""

    def unknown(head: bytes) -> Identity:
        return Identity(None, fingerprint(head), len(head), 0)

    place.write(0, 30)
    held = PlainFile(place.log, unknown)
    renamed_and_packed(place, 1)
    place.write(30, 60)
    renamed_and_packed(place, 2)
    found = missed(place.log, 0, [held], unknown)
    assert [file.path.name for file in found] == ["mail.log-20261122.gz"]
    for file in (held, *found):
        file.close()
