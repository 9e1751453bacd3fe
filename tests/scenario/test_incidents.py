"""Incidents from log lines and tickets to one answer for all; and the short form of the simulated months."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.logstore.sqlite.figures import SqliteLogFigures
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.reports import StoredReports
from bot.core.desk.incidents import IncidentDecision
from bot.core.desk.values import Inbound, Outcome
from bot.core.incident import ALARM, Normal, normal_of, surprise
from bot.core.probe_evidence import ProbeFact
from bot.decide_incident import IncidentDecisions
from bot.door import Door
from bot.handle import Handler
from bot.incidents import IncidentWatch
from bot.logs.decode import Decoder
from bot.reporting import Reporter
from bot.triage import Triager
from knowledge import load
from tests.databases import new_database
from tests.report.traffic import MINUTE, START, Traffic, Watcher, found_after, learned, shapes

KNOWLEDGE = load(None)
NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


TRIAGER = Triager(KNOWLEDGE, EmptyLogStore(), EmptyAccountDirectory(), Clock())


@dataclass
class Watchman:
    """A desk, a log store, and the watch over both."""

    desk: DeskStore
    logs: SqliteLogStore
    watch: IncidentWatch
    clock: Clock
    handler: Handler

    def log(self, *lines: str) -> None:
        decoder = Decoder(zone=UTC, year=2026)
        self.logs.add(decoder.decode(line) for line in lines)

    def ticket(self, name: str, body: str) -> None:
        Door(self.desk).accept(
            Inbound(
                "slack",
                name,
                f"slack:T1:C1:{name}",
                {"id": name, "body": body, "received_at": self.clock.moment.isoformat()},
                "slack:T1:U1",
                self.clock.moment,
                "slack/C1",
                name,
            )
        )
        while True:
            with self.desk.step("test.claim") as step:
                job = step.queues.claim_job(timedelta(seconds=60))
            if job is None:
                return
            self.handler.work(job)

    def queued(self) -> list[tuple[str, str, str]]:
        with self.desk.database.read() as session:
            return [
                tuple(row)
                for row in session.connection().exec_driver_sql("SELECT kind, place, payload FROM delivery ORDER BY id")
            ]


@pytest.fixture
def watchman(tmp_path: Path) -> Iterator[Watchman]:
    clock = Clock()
    database = new_database(f"sqlite:///{tmp_path}/desk.db")
    desk, logs = DeskStore(database, clock), SqliteLogStore(tmp_path / "logs.db")
    reporter = Reporter(StoredReports(database), logs, SqliteLogFigures(logs.path), KNOWLEDGE, ZoneInfo("UTC"), clock)
    titles = {cause: row.title for cause, row in (*KNOWLEDGE.checks.items(), *KNOWLEDGE.others.items())}
    with desk.step("test.settings") as step:
        step.people.set("escalate-to", "slack/C9")
        step.people.set("mode:slack/C1", "draft")
    triager = replace(TRIAGER, logs=logs, clock=clock)
    yield Watchman(
        desk, logs, IncidentWatch(desk, reporter, titles, ZoneInfo("UTC")), clock, Handler(desk, triager, clock)
    )
    logs.close()
    database.engine.dispose()


def unavailable(minute: int, who: int, host: str = "imap2") -> str:
    at = NOW - timedelta(minutes=minute)
    return (
        f"{at:%Y-%m-%dT%H:%M:%S}+00:00 {host} dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<user{who}@firm.example>, "
        f"method=PLAIN, rip=192.0.2.{who % 250 + 1}, lip=198.51.100.2, TLS, session=<s{who}>"
    )


def login(who: int) -> str:
    at = NOW - timedelta(days=2)
    return (
        f"{at:%Y-%m-%dT%H:%M:%S}+00:00 imap2 dovecot: imap-login: Login: user=<user{who}@firm.example>, method=PLAIN, rip=192.0.2.{who % 250 + 1}, lip=198.51.100.2, "
        f"mpid=1, TLS, session=<l{who}>"
    )


def burst(watchman: Watchman, count: int = 60) -> None:
    """So many customers of imap2, known by earlier logins, are refused within five minutes."""
    watchman.log(*(login(who) for who in range(count)), *(unavailable(who % 4, who) for who in range(count)))


def test_a_burst_is_told_once_with_what_is_common(watchman: Watchman) -> None:
    burst(watchman)
    assert len(watchman.watch.look(NOW)) == 1 and watchman.watch.look(NOW) == []
    assert [place for kind, place, _ in watchman.queued() if kind == "incident"] == ["slack/C9"]
    with watchman.desk.look() as view:
        said = view.incidents.listing()[0].said
    assert "host imap2" in said and "60 mailboxes" in said and "since 09:2" in said


class Down:
    """Probes that say what a test wants."""

    def __init__(self, *facts: ProbeFact) -> None:
        self.facts = facts

    def seen(self, domain: str | None) -> tuple[ProbeFact, ...]:
        return self.facts


def test_a_failing_probe_makes_few_customers_an_incident_and_is_named(watchman: Watchman) -> None:
    burst(watchman, 14)
    assert watchman.watch.look(NOW) == [], "fourteen alone are within what a first day may bring"
    imap = ProbeFact(
        "imap.trekmail.net:993",
        "server",
        NOW - timedelta(minutes=1),
        False,
        "refused",
        NOW - timedelta(minutes=12),
        3,
        "imap",
        993,
    )
    assert replace(watchman.watch, probes=Down(replace(imap, at=NOW - timedelta(hours=3)))).look(NOW) == [], (
        "a look of long ago says nothing"
    )
    assert len(replace(watchman.watch, probes=Down(imap)).look(NOW)) == 1
    with watchman.desk.look() as view:
        assert view.incidents.listing()[0].said.endswith(
            "Our probe: imap.trekmail.net:993 refuses the connection since 09:18"
        )


def test_guesses_of_strangers_are_no_incident(watchman: Watchman) -> None:
    watchman.log(*(login(who) for who in range(300, 310)), *(unavailable(who % 4, who) for who in range(200)))
    assert watchman.watch.look(NOW) == [], "none of the two hundred has ever logged in from there"


def test_one_customer_who_hammers_is_no_incident(watchman: Watchman) -> None:
    watchman.log(login(7), *(unavailable(minute, 7) for minute in range(30) for _ in range(20)))
    assert watchman.watch.look(NOW) == []


TICKET = "My mailbox user{0}@firm.example, Thunderbird 128: 535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"


def end(watchman: Watchman, number: int, role: str, text: str = "") -> Outcome:
    return IncidentDecisions(watchman.desk).decide(
        IncidentDecision(number, "answer" if text else "close", "cli:x", role, text)
    )


def opened(watchman: Watchman) -> int:
    burst(watchman)
    watchman.watch.look(NOW)
    with watchman.desk.look() as view:
        return view.incidents.listing()[0].id


def test_tickets_of_an_incident_are_held_and_answered_together(watchman: Watchman) -> None:
    number = opened(watchman)
    for who in range(3):
        watchman.ticket(f"17000000{who:02d}.000100", TICKET.format(who))
    with watchman.desk.look() as view:
        assert [one.state for one in view.incidents.grouped(number)] == ["held"] * 3
    assert not [kind for kind, *_ in watchman.queued() if kind == "card"], "no draft of their own"
    refused = end(watchman, number, "agent", "It works again.")
    assert not refused.done
    assert end(watchman, number, "lead", "It works again.").done
    assert [payload.count("It works again.") for kind, _, payload in watchman.queued() if kind == "reply"] == [1, 1, 1]
    assert not end(watchman, number, "lead", "Twice.").done, "an incident ends once"


def test_closing_without_an_answer_gives_them_their_cards(watchman: Watchman) -> None:
    number = opened(watchman)
    watchman.ticket("1700000001.000100", TICKET.format(1))
    assert end(watchman, number, "lead").done
    assert [kind for kind, *_ in watchman.queued() if kind in ("card", "reply")] == ["card"]
    watchman.ticket("1700000002.000100", TICKET.format(2))
    assert [kind for kind, *_ in watchman.queued() if kind == "card"] == ["card", "card"], (
        "and what comes later has its own"
    )


def test_a_ticket_about_something_else_is_not_held(watchman: Watchman) -> None:
    number = opened(watchman)
    watchman.ticket(
        "1700000001.000100",
        "The error of zoe@other.example in Thunderbird: mailbox is full, quota exceeded (over quota)",
    )
    with watchman.desk.look() as view:
        assert view.incidents.grouped(number) == []


def test_what_is_quiet_for_an_hour_ends_by_itself(watchman: Watchman) -> None:
    number = opened(watchman)
    watchman.ticket("1700000001.000100", TICKET.format(1))
    watchman.clock.moment = NOW + timedelta(hours=2)
    watchman.watch.look(watchman.clock.moment)
    with watchman.desk.look() as view:
        assert [(i.id, i.state) for i in view.incidents.listing()] == [(number, "closed")]
    assert [kind for kind, *_ in watchman.queued() if kind == "card"] == ["card"]


# -- the statistic, and months in short ------------------------------------------------------------------------------


def test_one_bad_week_changes_nothing() -> None:
    assert normal_of([60, 62, 58, 600], []).rate == pytest.approx(normal_of([60, 62, 58, 61], []).rate, rel=0.05)


def test_a_first_day_is_careful() -> None:
    assert surprise(20, 5 * normal_of([], []).rate, normal_of([], []).varies) < 2 * ALARM
    assert normal_of([], [60, 60, 60]).rate == pytest.approx(1.5)
    assert surprise(3, 5.0, 0.3) == 0.0 and Normal(1.0).varies > 0


@pytest.fixture(scope="module")
def month() -> Watcher:
    return learned(Traffic(5), weeks=3)


@pytest.mark.parametrize("shape", shapes()[::5], ids=lambda s: s.name)
def test_incidents_are_found_within_five_minutes(month: Watcher, shape: object) -> None:
    after = found_after(shape, month, Traffic(55))  # type: ignore[arg-type]
    assert after is not None and after <= 5


def test_a_normal_morning_is_quiet(month: Watcher) -> None:
    traffic, begun = Traffic(56), START + timedelta(weeks=4, hours=6)
    assert [
        what for n in range(240) for what in month.tick(traffic.minute(begun + n * MINUTE), begun + (n + 1) * MINUTE)
    ] == []
