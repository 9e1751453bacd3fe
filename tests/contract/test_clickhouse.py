"""What only ClickHouse does: no transaction over several tables, expiry, counts by a view. On its own engine (chDB)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from clickhouse import Engine
from test_log_store import NOON, ask, failure, success

from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.clickhouse.client import quote
from bot.adapters.logstore.clickhouse.feeding import ClickHouseFeedStore
from bot.adapters.logstore.follow import loop
from bot.adapters.logstore.follow.feed import FileFeed
from bot.adapters.logstore.follow.loop import Follow
from bot.adapters.logstore.follow.stream import Stream
from bot.adapters.logstore.memory import MemoryLogStore
from bot.adapters.logstore.sqlite import ingest, sources
from bot.core.observed import LogQuery
from bot.errors import StoreError, StoreMissing
from bot.logs.decode import Decoder
from bot.logs.link import Linker
from tests.fuzz.log_queries import PIECES

START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
POINTS = (5, 13)
"""After how many inserts the writer dies; tests/real tries more."""
FOLLOW_POINTS = (1, 6)
New = Callable[..., ClickHouseLogStore]


@pytest.fixture
def new(engine: tuple[str, Engine]) -> New:
    """A function that gives an empty store; a second one shares its tables."""
    url, running = engine

    def make(name: str = "alone", *, days: int = 30_000, wipe: bool = True) -> ClickHouseLogStore:
        if wipe:
            running.wipe(name)
        return ClickHouseLogStore(f"{url}{name}?days={days}", seconds=20)

    return make


def lines(count: int) -> list[str]:
    """Refused logins, every third an accepted one, and the ends of those in a later part of the file."""
    found = []
    for number in range(count):
        stamp = (START + timedelta(seconds=10 * number)).isoformat()
        if number % 3:
            found.append(
                f"{stamp} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs):"
                f" user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<f{number}>"
            )
        elif number % 2:
            found.append(
                f"{stamp} imap1 dovecot: imap(anna@example.com)<7><s{number - 3}>: Disconnected: Logged out in=1 out=2"
            )
        else:
            found.append(
                f"{stamp} imap1 dovecot: imap-login: Login: user=<anna@example.com>, method=PLAIN, rip=192.0.2.7,"
                f" lip=198.51.100.1, mpid=7, TLS, session=<s{number}>"
            )
    return found


def test_interrupted_at_any_insert_nothing_is_lost_or_doubled(
    engine: tuple[str, Engine], new: New, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer dies after each number of inserts in turn; a new one goes on. What a table had already it leaves
    out."""
    monkeypatch.setattr(ingest, "CHUNK_LINES", 40)
    monkeypatch.setattr(sources, "BLOCK", 4_000)
    path = tmp_path / "mail.log"
    path.write_text("\n".join(lines(150)) + "\n")
    linker, decoder = Linker(), Decoder()
    whole = MemoryLogStore(linker.feed(decoder.decode(text)) for text in lines(150))
    query = LogQuery(START, START + timedelta(days=1), mailboxes=("anna@example.com",))
    expected = whole.search(query)
    interrupted = 0
    new().add([])  # makes the tables
    for inserts in POINTS:
        store = new()
        engine[1].refuse_after = inserts
        try:
            store.ingest([path], processes=0)
        except StoreError:
            interrupted += 1
        finally:
            engine[1].refuse_after = None
        # the file has grown meanwhile
        path.write_text("\n".join(lines(150)) + "\n" + "".join(f"{line}\n" for line in lines(170)[150:]))
        new(wipe=False).ingest([path], processes=0)
        path.write_text("\n".join(lines(150)) + "\n")
        until = LogQuery(query.since, START + timedelta(seconds=1499), mailboxes=query.mailboxes)
        found = store.search(until)
        assert [line.raw for line in found.lines] == [line.raw for line in expected.lines], inserts
        assert sum(one.count for one in store.search(query).successes) == sum(not n % 6 for n in range(170)), inserts
        assert {(one.session, one.end) for one in found.sessions if one.end} == {
            (one.session, one.end) for one in expected.sessions if one.end
        }, inserts
        assert sum(one.lines for one in store.status()) == 170, inserts
        counted = store._db.select("SELECT sum(count) FROM log_failure", 20)[0][0]
        assert counted == sum(bool(n % 3) for n in range(170)), inserts
    assert interrupted == len(POINTS)


def test_a_follower_interrupted_at_any_insert_loses_and_doubles_nothing(
    engine: tuple[str, Engine], new: New, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its commit nothing is stored, behind it everything: whoever comes next carries out what was left, a
    follower or an ingest."""
    monkeypatch.setattr(loop, "AGAIN", ())
    path, now = tmp_path / "mail.log", lambda: START

    def follow() -> None:
        feed = FileFeed(path, Stream(UTC, now), lambda _: None)
        work = Follow(ClickHouseFeedStore(f"{engine[0]}alone?days=30000", "one"), [feed], say=lambda _: None, now=now)
        work.stop()  # a fault ends it: it tries no more
        work.run(once=True)

    for inserts in FOLLOW_POINTS:
        store = new()
        path.write_text("\n".join(lines(60)) + "\n")
        follow()
        with path.open("a") as file:
            file.write("\n".join(lines(120)[60:]) + "\n")
        engine[1].refuse_after = inserts
        try:
            with pytest.raises(StoreError):
                follow()
        finally:
            engine[1].refuse_after = None
        with path.open("a") as file:
            file.write("\n".join(lines(150)[120:]) + "\n")
        if inserts % 2:
            store.ingest([path], processes=0)
        follow()
        assert sum(one.lines for one in store.status()) == 150, inserts
        found = store.search(LogQuery(START, START + timedelta(days=1), mailboxes=("anna@example.com",)))
        assert [line.raw for line in found.lines] == [text for number, text in enumerate(lines(150)) if number % 3], (
            inserts
        )
        assert sum(one.count for one in found.successes) == 25, inserts
        assert store._db.select("SELECT sum(count) FROM log_failure", 20) == [[100]], inserts
        assert store.ingest([path], processes=0).lines == 0


def test_a_file_is_read_once_and_read_on(new: New, tmp_path: Path) -> None:
    store, path = new(), tmp_path / "mail.log"
    path.write_text("\n".join(lines(3)) + "\n")
    assert store.ingest([path]).lines == 3
    assert store.ingest([path]).unchanged == [str(path)]
    path.write_text("\n".join(lines(30)) + "\n")
    assert new(wipe=False).ingest([path]).lines == 27
    assert store.status()[0].lines == 30


def test_what_has_expired_covers_nothing(new: New) -> None:
    """Rows are dropped when parts are merged; that they are too old counts at once."""
    days = 40
    now = datetime.now(UTC)
    store = new("expiring", days=days)
    old = (now - timedelta(days=days + 5) - NOON).total_seconds() / 60
    recent = (now - timedelta(days=1) - NOON).total_seconds() / 60
    store.add([failure(old, host="gone"), failure(old), failure(recent)])
    (found,) = store.status()
    assert found.host == "imap1" and found.first >= now - timedelta(days=days)


def test_whole_days_are_dropped(new: New) -> None:
    store = new()
    store.add([failure(60 * 24 * day) for day in range(4)])
    assert store.prune(before=NOON + timedelta(days=2)) == datetime(2026, 11, 18, tzinfo=UTC)
    assert len(store.search(ask(until=NOON + timedelta(days=9), mailboxes=("anna@example.com",))).lines) == 2
    assert store.status()[0].first == NOON + timedelta(days=2)
    assert store.prune(before=NOON + timedelta(days=2)) is None
    assert store.prune(size=1) == datetime(2026, 11, 19, tzinfo=UTC)
    assert store.status()[0].lines == 1, "the newest day stays"


def test_hostile_names_in_the_engine_itself(new: New) -> None:
    store = new()
    store.add(
        [
            *(failure(number, name) for number, name in enumerate(PIECES)),
            failure(0, "victim@example.com"),
            success(0, "victim@example.com"),
        ]
    )
    for name in PIECES[::7]:
        result = store.search(ask(mailboxes=(name,), domains=(name + ".",)))
        assert result.failed is None and not result.successes
        valid = name.encode("utf-8", "replace").decode().casefold()
        for login in ((line.login or "").casefold() for line in result.lines):
            assert login == valid or login.rpartition("\\")[2] == valid
    quoted = store._db.select(f"SELECT {quote(PIECES[3] + chr(0) + chr(10) + 'é')}", 5)
    assert quoted == [[PIECES[3] + "\0\né"]]


def test_the_main_question_reads_by_the_primary_key(new: New) -> None:
    """A mailbox's lines are found by the order of the table, an address's by the skip index."""
    store = new()
    store.add(
        [
            failure(number / 60, f"user{number:05}@example.com", remote_ip=f"198.51.100.{number % 250}")
            for number in range(10_000)
        ]
    )
    for way, index in (
        ("(domain, who) IN (('example.com','user00042@example.com'))", "PrimaryKey"),
        ("network IN ('203.0.113.9')", "network_in"),
    ):
        plan = [
            row[0].strip() for row in store._db.select(f"EXPLAIN indexes = 1 SELECT raw FROM log_line WHERE {way}", 20)
        ]
        used = plan.index(index if index == "PrimaryKey" else f"Name: {index}")
        granules = next(line for line in plan[used:] if line.startswith("Granules:")).removeprefix("Granules: ")
        read, of = map(int, granules.split("/"))
        assert read < of or of == 1, plan


def test_an_empty_database_is_said_to_be_empty(new: New) -> None:
    store = new("untouched")
    assert "no server log was ingested yet" in (store.search(ask(mailboxes=("anna@example.com",))).failed or "")
    with pytest.raises(StoreMissing):
        store.check()


def test_a_wrong_password_is_named_and_not_shown(engine: tuple[str, Engine]) -> None:
    url = engine[0].replace("s3cret%3A%2F%40", "wr0ng")
    failed = ClickHouseLogStore(url + "logs0").search(ask(mailboxes=("anna@example.com",))).failed or ""
    assert "refuses the user or the password" in failed and "wr0ng" not in failed
