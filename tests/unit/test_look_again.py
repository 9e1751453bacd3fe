"""A case whose line was on its way is looked at again when it has arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.later import LaterLogStore
from bot.adapters.logstore.memory import MemoryLogStore
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.tables import JobRow
from bot.core.desk.values import Card, Inbound
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.door import Door
from bot.handle import Handler
from bot.logs.event import LogEvent
from bot.triage import Triager
from knowledge import Knowledge
from tests.databases import new_database

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BODY = "anna@firm.example cannot log in since 11:55 UTC, Thunderbird with imap.trekmail.net port 993 says: [AUTHENTICATIONFAILED] Authentication failed."


class Clock:
    """Time that the test moves on."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


class Logs:
    """A store whose lines arrive, and which can be away."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []
        self.away = False
        self.searches = 0
        self._made: tuple[int, MemoryLogStore] = (-1, MemoryLogStore())

    def _store(self) -> MemoryLogStore:
        if self._made[0] != len(self.events):
            self._made = (len(self.events), MemoryLogStore(self.events))
        return self._made[1]

    def search(self, query: LogQuery) -> LogResult:
        self.searches += 1
        return LogResult(failed="the store is away") if self.away else self._store().search(query)

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        return () if self.away else self._store().coverage(since, until)

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        return ()


def event(minute: float, login: str = "bob@firm.example") -> LogEvent:
    """A refused login; of anna's it is the line that explains her ticket."""
    return LogEvent(
        raw=f"imap-login {minute}",
        event="auth_failed",
        outcome="failure",
        reason="password_mismatch",
        time=NOON + timedelta(minutes=minute),
        host="imap1",
        program="dovecot",
        service="imap",
        login=login,
        mailbox=login,
        remote_ip="192.0.2.7",
        format="rfc3339",
    )


class Office:
    """A desk, a worker, and logs that lag by a quarter of an hour."""

    def __init__(self, folder: Path, triager: Triager) -> None:
        assert isinstance(triager.logs, Logs) and isinstance(triager.clock, Clock)
        self.clock, self.logs = triager.clock, triager.logs
        self.clock.time, self.logs.away = NOON, False
        self.logs.events = [event(minute / 4) for minute in range(-4 * 300, -4 * 15)]
        database = new_database(f"sqlite:///{folder}/desk.db")
        self.desk = DeskStore(database, self.clock)
        self.handler = Handler(self.desk, triager, self.clock)

    def take_in(self) -> None:
        message = {"id": "t1", "body": BODY, "received_at": NOON.isoformat()}
        Door(self.desk).accept(Inbound("mail", "d1", "c1", message, "anna", NOON, place="slack/C1", explicit=True))

    def work(self) -> int:
        """Do what is due; returns how many jobs that were."""
        done = 0
        while True:
            with self.desk.step("test.claim") as step:
                job = step.queues.claim_job(timedelta(seconds=60))
            if job is None:
                return done
            self.handler.work(job)
            done += 1

    def card(self) -> Card:
        with self.desk.look() as view:
            card = view.cases.card("c1#1")
        assert card is not None
        return card

    def jobs(self) -> int:
        with self.desk.database.read() as session:
            return len(session.exec(select(JobRow).where(col(JobRow.state).in_(("queued", "running")))).all())


@pytest.fixture(scope="module")
def shared(knowledge: Knowledge) -> Triager:
    """One pipeline for all: building its tables takes a second."""
    return Triager(knowledge, Logs(), EmptyAccountDirectory(), Clock())


@pytest.fixture
def office(tmp_path: Path, shared: Triager) -> Office:
    made = Office(tmp_path, shared)
    made.take_in()
    return made


def test_a_line_that_arrives_later_changes_the_card(office: Office) -> None:
    office.work()
    first = office.card()
    assert not first.content.deciding and "incomplete" in first.content.coverage
    office.clock.time += timedelta(seconds=31)
    searches = office.logs.searches
    assert office.work() == 1
    assert (office.logs.searches, office.card()) == (searches, first), "no line has arrived: nothing is triaged"
    office.logs.events += [event(-4.5, "anna@firm.example"), event(0)]
    office.clock.time += timedelta(seconds=61)
    assert office.work() == 1
    assert office.card().content.deciding and office.card().revision == first.revision + 1
    assert office.jobs() == 0


def test_lines_that_change_nothing_leave_the_card_alone_and_the_looks_end(office: Office) -> None:
    office.work()
    before = office.card()
    looks = 0
    while office.jobs():
        office.clock.time += timedelta(seconds=30)
        office.logs.events.append(event(-15 + looks / 100))
        looks += office.work()
        assert office.clock.time - NOON < timedelta(minutes=17)
    assert 4 <= looks <= 8
    assert office.card().revision == before.revision and not office.card().content.deciding


def test_a_store_that_was_away_is_asked_again(office: Office) -> None:
    office.logs.away = True
    office.logs.events += [event(-4.5, "anna@firm.example"), event(0)]
    office.work()
    assert office.card().content.coverage == "Logs: could not look"
    office.logs.away = False
    office.clock.time += timedelta(seconds=31)
    office.work()
    assert office.card().content.deciding
    assert office.jobs() == 0


def test_a_decided_card_is_left_alone(office: Office) -> None:
    office.work()
    with office.desk.step("test.decided") as step:
        card = step.cases.card("c1#1", lock=True)
        assert card is not None
        object.__setattr__(card, "state", "decided")
        step.cases.put_card(card)
    office.logs.events += [event(-4.5, "anna@firm.example"), event(0)]
    office.clock.time += timedelta(minutes=16)
    assert office.work() == 1
    assert office.jobs() == 0 and not office.card().content.deciding


def test_where_logs_are_complete_or_none_are_loaded_nobody_looks_again(tmp_path: Path, shared: Triager) -> None:
    for number, events in enumerate(([], [event(minute / 4) for minute in range(-4 * 300, 4)])):
        (tmp_path / str(number)).mkdir()
        office = Office(tmp_path / str(number), shared)
        office.logs.events = list(events)
        office.take_in()
        office.work()
        assert office.jobs() == 0


def test_a_store_that_comes_later_is_seen(tmp_path: Path) -> None:
    store = SqliteLogStore(tmp_path / "logs.db")
    logs = LaterLogStore(store)
    query = LogQuery(NOON - timedelta(days=1), NOON + timedelta(days=1), mailboxes=("anna@firm.example",))
    assert (
        logs.search(query),
        list(logs.coverage(query.since, query.until)),
        list(logs.logins_like("a@b.example", query.since, query.until)),
    ) == (LogResult(), [], [])
    store.add([event(0, "anna@firm.example")])
    assert len(logs.search(query).lines) == 1
