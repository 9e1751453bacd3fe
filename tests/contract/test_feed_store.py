"""The FeedStore port: what live feeds need of a store, one suite over every back-end. tests/real has it over
PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.clickhouse.feeding import ClickHouseFeedStore
from bot.adapters.logstore.digest import Batch, to_micros
from bot.adapters.logstore.feeding import TAIL_LINES, FeedStore, Followed
from bot.adapters.logstore.follow.feed import FileFeed
from bot.adapters.logstore.follow.loop import Follow, Keep
from bot.adapters.logstore.follow.pushed import Parcel, PushedFeed
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.logstore.sqlite.feeding import SqliteFeedStore
from bot.adapters.logstore.sqlite.marks import Mark
from bot.adapters.logstore.stores import OwnLogStore
from bot.core.observed import LogQuery
from bot.errors import StoreBusy
from bot.logs.session import encode

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
Open = Callable[..., tuple[FeedStore, OwnLogStore]]
"""A follower of a name, and the same store as it is searched."""


@pytest.fixture(params=["sqlite", "clickhouse"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the back-end at hand as often as wanted."""
    if request.param == "sqlite":
        return lambda name="alone": (SqliteFeedStore(tmp_path / "logs.db"), SqliteLogStore(tmp_path / "logs.db"))
    url, engine = request.getfixturevalue("engine")
    engine.wipe("feeds")
    full = f"{url}feeds?days=30000"
    return lambda name="alone": (ClickHouseFeedStore(full, name), ClickHouseLogStore(full, seconds=20))


def now() -> datetime:
    return START + timedelta(hours=1)


def line(number: int, stamp: datetime | None = None) -> str:
    """A refused login that no other line is like, one each second."""
    return (
        f"{(stamp or START + timedelta(seconds=number)).isoformat()} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
        f"user=<n{number}@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<s{number}>\n"
    )


def batch(first: int, behind: int) -> Batch:
    stream = Stream(UTC, now)
    stream.feed("".join(map(line, range(first, behind))))
    return stream.take()[0]


def stored(store: OwnLogStore) -> list[int]:
    result = store.search(
        LogQuery(START - timedelta(days=1), START + timedelta(days=1), domains=("firm.example",), limit=100_000)
    )
    assert result.failed is None
    return sorted(int(str(event.login).partition("@")[0][1:]) for event in result.lines)


def test_rows_and_places_are_stored_together_or_not_at_all(place: Open) -> None:
    feeds, searched = place()
    feeds.claim()
    lain = Followed(0, (1 << 63) - 1, 12, {("imap1", "dovecot"): to_micros(START)}, (5,))
    mark = Mark(None, b"\x01" * 16, 700, 900, "/var/log/mail.log")
    with suppress(ZeroDivisionError), feeds.writing(feeds.prepare(batch(0, 9))) as writing:
        writing.put_followed("/var/log/mail.log", Followed(writing.advance(mark), 1, 2))
        raise ZeroDivisionError
    assert stored(searched) == [] and feeds.followed("/var/log/mail.log") is None
    with feeds.writing(feeds.prepare(batch(0, 9))) as writing:
        number = writing.advance(mark)
        lain = Followed(number, lain.device, lain.inode, lain.newest, lain.held)
        writing.put_followed("/var/log/mail.log", lain)
        writing.put_cursor("journal", "s=1;i=2", 77)
        writing.put_tail("syslog", "one\n")
        writing.put_parcels([b"a" * 16, b"b" * 16], [], to_micros(datetime.now(UTC)))
    with feeds.writing(feeds.prepare(Batch())) as writing:
        assert writing.advance(Mark(number, b"\x02" * 16, 1024, 1800, "/var/log/mail.log")) == number
        writing.put_tail("syslog", "two – 漢字\n")
        writing.put_parcels([], [b"b" * 16], to_micros(datetime.now(UTC)))
    assert stored(searched) == [*range(9)]
    feeds.close()
    again, _ = place()
    again.claim()
    known = again.recall(number)
    assert known is not None and (known.id, known.fingerprint, known.length, known.position) == (
        number,
        b"\x02" * 16,
        1024,
        1800,
    )
    assert again.recall(number + 1) is None
    assert again.followed("/var/log/mail.log") == lain and again.followed("/var/log/other.log") is None
    assert (again.cursor_of("journal"), again.cursor_of("syslog")) == (("s=1;i=2", 77), None)
    assert (again.tail_of("syslog"), again.tail_of("http")) == ("one\ntwo – 漢字\n", "")
    assert again.parcels() == {b"a" * 16}
    again.close()


def test_only_the_newest_lines_of_a_tail_are_given(place: Open) -> None:
    feeds, _ = place()
    feeds.claim()
    for number in range(4):
        with feeds.writing(feeds.prepare(Batch())) as writing:
            writing.put_tail("syslog", f"{number}\n" * (TAIL_LINES // 2))
    assert feeds.tail_of("syslog") == "2\n" * (TAIL_LINES // 2) + "3\n" * (TAIL_LINES // 2)
    feeds.close()


def test_holes_lag_and_skew_are_part_of_the_coverage(place: Open) -> None:
    feeds, searched = place()
    feeds.claim()
    ahead = timedelta(minutes=7)
    stream = Stream(UTC, now)
    for number in range(8):
        moment = START + timedelta(seconds=number)
        stream.feed(
            f"{(moment + ahead).isoformat()} imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, "
            f"mpid={number}, TLS, session=<{encode(moment, 40000 + number, '192.0.2.7')}>\n"
        )
    arrived = to_micros(START + ahead + timedelta(seconds=67))
    with feeds.writing(feeds.prepare(stream.take()[0])) as writing:
        writing.put_hole(
            ("imap1", "dovecot"), to_micros(START + ahead), to_micros(START + ahead + timedelta(seconds=1))
        )
        writing.put_lag({("imap1", "dovecot"): to_micros(START + ahead + timedelta(seconds=7))}, arrived)
    feeds.refresh_gaps()
    (covered,) = searched.status()
    assert covered.gaps == ((START + ahead, START + ahead + timedelta(seconds=1)),)
    assert (covered.seen, covered.lag) == (START + ahead + timedelta(seconds=67), timedelta(seconds=60))
    assert covered.skew is not None and abs(covered.skew - ahead) < timedelta(seconds=1)
    feeds.close()


def test_one_follower_of_a_name(place: Open) -> None:
    feeds, _ = place()
    feeds.claim()
    other, _ = place()
    with pytest.raises(StoreBusy, match="another `triage logs follow`"):
        other.claim()
    other.close()
    feeds.close()
    third, _ = place()
    third.claim()
    third.close()


def follow(feeds: FeedStore, log: Path, said: list[str], keep: Keep | None = None) -> None:
    Follow(feeds, [FileFeed(log, Stream(UTC, now), said.append)], say=said.append, keep=keep, now=now).run(once=True)


def test_a_log_is_followed_ingested_rotated_and_truncated(place: Open, tmp_path: Path) -> None:
    """Whoever reads it, and whatever becomes of the file, each line is there once."""
    log, said = tmp_path / "mail.log", list[str]()
    log.write_text("".join(map(line, range(10))))
    feeds, searched = place()
    assert searched.ingest([log]).lines == 10
    log.open("a").write("".join(map(line, range(10, 20))))
    follow(feeds, log, said)
    assert stored(searched) == [*range(20)]
    log.open("a").write("".join(map(line, range(20, 30))))
    log.rename(tmp_path / "mail.log.1")
    log.write_text("".join(map(line, range(30, 40))))
    follow(place()[0], log, said)
    assert stored(searched) == [*range(40)] and said == []
    assert searched.ingest([tmp_path / "mail.log.1"]).lines == 0
    with log.open("r+") as file:
        file.truncate(0)
    log.open("a").write("".join(map(line, range(50, 60))))
    follow(place()[0], log, said)
    assert stored(searched) == [*range(40), *range(50, 60)]
    (covered,) = searched.status()
    assert (START + timedelta(seconds=39), START + timedelta(seconds=50)) in covered.gaps, (
        "what a truncation may have lost is a gap"
    )
    assert sum("truncated" in one for one in said) == 1


def test_bodies_are_stored_once_and_told_after(place: Open) -> None:
    feeds, searched = place()
    feed = PushedFeed("http", Stream(UTC, now), lambda _: None)
    work = Follow(feeds, [feed], say=lambda _: None, now=now)
    work.open()
    told: list[int] = []
    for number in (1, 1, 2):
        assert feed.offer(Parcel(line(number), bytes([number])), lambda number=number: told.append(number))  # type: ignore[misc]
    work.turn()
    assert (stored(searched), told) == ([1, 2], [1, 1, 2])
    feeds.close()
    again, _ = place()
    feed = PushedFeed("http", Stream(UTC, now), lambda _: None)
    work = Follow(again, [feed], say=lambda _: None, now=now)
    work.open()
    assert feed.offer(Parcel(line(2), bytes([2])), lambda: told.append(2))
    work.turn()
    assert (stored(searched), told) == ([1, 2], [1, 1, 2, 2]), "its sender was not told before the follower ended"
    again.close()


def test_what_is_too_old_goes_by_itself(place: Open, tmp_path: Path) -> None:
    log, said = tmp_path / "mail.log", list[str]()
    log.write_text(line(0, START - timedelta(days=9)) + "".join(map(line, range(1, 5))))
    feeds, searched = place()
    follow(feeds, log, said, Keep(age=timedelta(days=3)))
    assert stored(searched) == [1, 2, 3, 4]
    (covered,) = searched.status()
    assert covered.first >= START - timedelta(days=3)
