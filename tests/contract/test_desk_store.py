"""The durable desk: accepted once, claimed by one, fenced, never forgotten. tests/real runs the same over
PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from bot.adapters.store import tables
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import check, head, upgrade
from bot.core.desk.card import CardContent
from bot.core.desk.values import Card, Decision, Envelope, Inbound, Send
from bot.decide import LOOKUPS_AN_HOUR, Decisions
from bot.door import Door
from bot.errors import StoreCorrupt, StoreMissing
from tests.databases import new_database

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
GAP = timedelta(seconds=1)


class MovingClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def pass_(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/desk.db"


@pytest.fixture
def desk(url: str, clock: MovingClock) -> Iterator[DeskStore]:
    database = new_database(url)
    yield DeskStore(database, clock)
    database.engine.dispose()


def inbound(
    number: int = 1, *, conversation: str = "slack:T1:C1:1.0", author: str = "slack:T1:U1", **more: object
) -> Inbound:
    values: dict[str, object] = {
        "channel": "slack",
        "delivery_id": f"Ev{number}",
        "conversation": conversation,
        "message": {"body": f"I cannot connect {number}"},
        "author": author,
        "at": NOW,
        "place": "slack:C1",
        "thread": "1.0",
    }
    return Inbound(**{**values, **more})  # type: ignore[arg-type]


def put_card(desk: DeskStore, case_id: str = "slack:T1:C1:1.0", **more: object) -> Card:
    content = CardContent(
        "Check 2",
        cause="mailbox-password",
        verdict="answer",
        draft="Please type it again.",
        mailbox="anna@firm.example",
    )
    card = replace(Card(case_id, 1, 1, "open", content, "slack", "slack:C1", "1.0"), **more)  # type: ignore[arg-type]
    with desk.step("test.card") as step:
        step.cases.put_card(card)
    return card


def decision(action: str = "send", **more: object) -> Decision:
    values: dict[str, object] = {
        "card_id": "slack:T1:C1:1.0#1",
        "revision": 1,
        "action": action,
        "by": "slack:T1:U9",
        "role": "agent",
    }
    return Decision(**{**values, **more})  # type: ignore[arg-type]


def test_migrations_make_exactly_the_tables(desk: DeskStore) -> None:
    inspector = inspect(desk.database.engine)
    assert set(SQLModel.metadata.tables) == set(inspector.get_table_names()) - {"alembic_version"}
    for name, table in SQLModel.metadata.tables.items():
        made = {c["name"]: bool(c["nullable"]) for c in inspector.get_columns(name)}
        assert made == {c.name: bool(c.nullable) for c in table.columns}, name
        assert {tuple(i["column_names"]) for i in inspector.get_indexes(name) if not i["unique"]} == {
            tuple(c.name for c in i.columns) for i in table.indexes
        }, name
    assert upgrade(desk.database) == (head(), head())
    check(desk.database)


def test_a_database_without_migrations_is_not_touched_by_a_check(url: str) -> None:
    with pytest.raises(StoreMissing, match="triage db upgrade"):
        check(Database(url))


def test_a_database_of_a_later_program_is_refused(desk: DeskStore) -> None:
    with desk.database.write("test.later") as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreCorrupt, match="another version"):
        upgrade(desk.database)


def test_a_message_is_accepted_once(desk: DeskStore) -> None:
    door = Door(desk)
    first = door.accept(inbound())
    again = door.accept(inbound())
    assert first and again and first.new and again.duplicate and (again.case_id, again.version) == (first.case_id, 1)
    with desk.look() as view:
        case = view.cases.case(first.case_id)
        assert case and len(case.messages) == 1 and view.queues.backlog()["jobs"] == 1


@pytest.mark.parametrize(
    "text_",
    ["Hi!", "Thanks a lot :pray:", "Vielen Dank", "Merci beaucoup !", "ありがとうございます", "спасибо", "<@U1> hello"],
)
def test_greetings_and_thanks_are_no_tickets(desk: DeskStore, text_: str) -> None:
    assert Door(desk).accept(inbound(message={"body": text_})) is None
    assert Door(desk).accept(inbound(2, message={"body": text_}, explicit=True)) is not None


def test_two_messages_of_one_person_are_one_case_and_two_people_are_two(desk: DeskStore, clock: MovingClock) -> None:
    door = Door(desk)
    more = {"gather": "slack:C1:U1", "gather_seconds": 180.0}
    first = door.accept(inbound(1, conversation="a", **more))
    clock.pass_(60)
    second = door.accept(inbound(2, conversation="b", **more))
    other = door.accept(inbound(3, conversation="c", author="slack:T1:U2", gather="slack:C1:U2", gather_seconds=180.0))
    clock.pass_(600)
    late = door.accept(inbound(4, conversation="d", **more))
    assert first and second and other and late
    assert (second.case_id, second.version, second.new) == (first.case_id, 2, False)
    assert len({first.case_id, other.case_id, late.case_id}) == 3


def test_a_hundred_at_once_are_each_accepted_once(desk: DeskStore) -> None:
    door = Door(desk)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: door.accept(inbound(n % 25, conversation=f"c{n % 5}")), range(100)))
    assert sum(1 for r in results if r and not r.duplicate) == 25 and sum(1 for r in results if r and r.new) == 5
    with desk.look() as view:
        assert sum(c.version for n in range(5) if (c := view.cases.case(f"c{n}"))) == 25


def test_a_lost_lease_lets_another_work_and_the_first_finishes_nothing(desk: DeskStore, clock: MovingClock) -> None:
    Door(desk).accept(inbound())
    with desk.step("test.claim") as step:
        first = step.queues.claim_job(LEASE)
        assert first and step.queues.claim_job(LEASE) is None
    clock.pass_(31)
    with desk.step("test.claim") as step:
        second = step.queues.claim_job(LEASE)
        assert second and second.id == first.id and second.token > first.token
    with desk.step("test.finish") as step:
        assert (
            not step.queues.finish_job(first)
            and not step.queues.again(first, clock.now())
            and not step.queues.bury(first, "x")
        )
        assert step.queues.finish_job(second)
        assert not step.queues.finish_job(second)


def test_every_job_is_claimed_by_one_of_many(desk: DeskStore) -> None:
    with desk.step("test.schedule") as step:
        for number in range(40):
            step.queues.schedule(f"j{number}", "triage", None, {})

    def claim(_: int) -> int | None:
        with desk.step("test.claim") as step:
            job = step.queues.claim_job(LEASE)
            return job.id if job else None

    with ThreadPoolExecutor(8) as pool:
        claimed = [c for c in pool.map(claim, range(60)) if c is not None]
    assert len(claimed) >= 40 - 8 and len(set(claimed)) == len(claimed)


def sends(desk: DeskStore, *keys: str, **more: object) -> None:
    with desk.step("test.send") as step:
        for key in keys:
            values: dict[str, object] = {"key": key, "outlet": "slack", "kind": "card", "place": "slack:C1"}
            assert step.queues.send(Send(**{**values, **more}))  # type: ignore[arg-type]
            assert not step.queues.send(Send(key, "slack", "card", "slack:C1"))


def claim(desk: DeskStore, *, paused: bool = False) -> str | None:
    with desk.step("test.claim") as step:
        delivery = step.queues.claim_delivery("slack", LEASE, GAP, paused=paused)
        return delivery.send.key if delivery else None


def test_one_message_a_second_a_place_and_the_urgent_one_first(desk: DeskStore, clock: MovingClock) -> None:
    sends(desk, "digest", priority=8)
    sends(desk, "reply", priority=1)
    sends(desk, "elsewhere", place="slack:C2", priority=5)
    assert [claim(desk), claim(desk), claim(desk)] == ["reply", "elsewhere", None]
    clock.pass_(1)
    assert [claim(desk), claim(desk)] == ["digest", None]


def test_of_what_nobody_clicked_a_place_gets_so_many_a_minute_and_decisions_overtake_it(
    desk: DeskStore, clock: MovingClock
) -> None:
    sends(desk, *(f"card {n}" for n in range(9)), priority=3)
    arrived: list[tuple[float, str]] = []
    for second in range(150):
        if second == 20:
            sends(desk, "reply", priority=1)
            sends(desk, "elsewhere", place="slack:C2", priority=3)
        with desk.step("test.claim") as step:
            delivery = step.queues.claim_delivery("slack", LEASE, GAP, paused=False, unasked_a_minute=4)
        if delivery is not None:
            with desk.step("test.sent") as step:
                assert step.queues.sent(delivery, f"ts{second}")
            arrived.append((second, delivery.send.key))
        clock.pass_(1)
    cards = [second for second, key in arrived if key.startswith("card")]
    assert (
        len(cards) == 9
        and cards[:4] == [0, 1, 2, 3]
        and cards[4] >= 60
        and all(b - a >= 60 for a, b in zip(cards, cards[4:], strict=False))
    )
    assert (20.0, "reply") in arrived and "elsewhere" in {key for second, key in arrived if second < 25}


def test_the_pause_holds_back_what_nobody_clicked(desk: DeskStore, clock: MovingClock) -> None:
    sends(desk, "auto", automatic=True, priority=1)
    assert claim(desk, paused=True) is None
    sends(desk, "clicked", priority=5)
    assert claim(desk, paused=True) == "clicked"
    clock.pass_(1)
    assert claim(desk) == "auto"


def test_what_was_begun_and_not_finished_comes_back_unsure_unless_it_may_be_repeated(
    desk: DeskStore, clock: MovingClock
) -> None:
    sends(desk, "post")
    sends(desk, "update", place="slack:u", repeatable=True)
    assert {claim(desk), claim(desk)} == {"post", "update"}
    clock.pass_(31)
    with desk.step("test.claim") as step:
        back = [step.queues.claim_delivery("slack", LEASE, GAP, paused=False) for _ in range(2)]
    assert {d.send.key: d.unsure for d in back if d} == {"post": True, "update": False}


def test_what_cannot_be_found_out_is_parked_and_only_a_human_moves_it(desk: DeskStore, clock: MovingClock) -> None:
    sends(desk, "post")
    for _ in range(20):
        with desk.step("test.unsure") as step:
            delivery = step.queues.claim_delivery("slack", LEASE, GAP, paused=False)
            if delivery is None:
                break
            step.queues.unsure(delivery, clock.now(), "the search failed")
        clock.pass_(1)
    with desk.step("test.human") as step:
        [(what, key, state, why)] = step.queues.troubled()
        assert (what, key, state) == ("delivery", "post", "parked") and "search failed" in why
        assert not step.queues.replay("other") and step.queues.replay("post")
    assert claim(desk) == "post"


def test_the_late_is_withdrawn_and_retry_after_holds_the_place(desk: DeskStore, clock: MovingClock) -> None:
    sends(desk, "eyes", expires_at=NOW + timedelta(seconds=10))
    sends(desk, "post")
    with desk.step("test.hold") as step:
        step.queues.hold_place("slack:C1", NOW + timedelta(seconds=20))
    assert claim(desk) is None
    clock.pass_(20)
    assert [claim(desk), claim(desk)] == ["post", None]
    with desk.look() as view:
        assert view.queues.state_of("eyes")[0] == "withdrawn"


def test_a_card_is_decided_once_whoever_clicks(desk: DeskStore) -> None:
    Door(desk).accept(inbound())
    put_card(desk)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda n: Decisions(desk).decide(decision(by=f"slack:T1:U{n % 7}")), range(60)))
    assert sum(o.done for o in outcomes) == 1
    assert {o.said.split(" by ")[0] for o in outcomes if not o.done} == {"Already decided"}
    with desk.look() as view:
        assert view.queues.state_of("reply:slack:T1:C1:1.0#1")[0] == "queued"


def test_a_card_that_has_changed_is_refused_and_roles_are_kept(desk: DeskStore) -> None:
    Door(desk).accept(inbound())
    put_card(desk, revision=3)
    decide: Callable[..., object] = Decisions(desk).decide
    assert getattr(decide(decision(revision=2)), "stale") is True  # noqa: B009
    assert getattr(decide(decision(revision=3, role="none")), "done") is False  # noqa: B009
    with desk.look() as view:
        assert view.queues.state_of("reply:slack:T1:C1:1.0#1") == ("", None)


def test_an_answer_that_did_not_help_starts_a_round_without_its_cause(desk: DeskStore) -> None:
    door = Door(desk)
    door.accept(inbound())
    put_card(desk)
    assert Decisions(desk).decide(decision()).done
    assert door.accept(inbound(2, message={"body": "Did that, still fails"}))
    with desk.look() as view:
        case = view.cases.case("slack:T1:C1:1.0")
    assert case and case.round == 2 and case.tried == ("mailbox-password",)


def test_a_colleague_who_answers_first_withdraws_the_draft(desk: DeskStore) -> None:
    door = Door(desk)
    door.accept(inbound())
    put_card(desk)
    door.accept(inbound(2, from_agent=True, message={"body": "I have called them."}))
    outcome = Decisions(desk).decide(decision(revision=2))
    assert not outcome.done and "colleague" in outcome.said


def test_the_audit_log_cannot_be_changed(desk: DeskStore) -> None:
    assert Decisions(desk).set_paused("slack:T1:U1", "lead", paused=True).done
    for statement in ("UPDATE audit SET action = 'nothing'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"), desk.database.write("test.tamper") as session:
            session.connection().execute(text(statement))
    with desk.database.read() as session:
        row = session.connection().execute(text('SELECT who, action, "after" FROM audit')).one()
    assert tuple(row)[1:] == ("pause", "on") and "U1" not in row[0]


def test_leads_set_and_agents_do_not(desk: DeskStore) -> None:
    decisions = Decisions(desk)
    assert (
        not decisions.set_mode("a", "agent", "slack:C1", "draft").done
        and decisions.set_mode("l", "lead", "slack:C1", "note").done
    )
    assert not decisions.set_mode("l", "lead", "slack:C1", "auto").done
    assert decisions.set_role("l", "lead", "slack:T1:U1", "lead").done
    assert not decisions.set_role("l", "lead", "slack:T1:U1", "none").done, "the last lead stays"


def test_two_hundred_look_ups_an_hour_raise_an_alarm(desk: DeskStore) -> None:
    decisions = Decisions(desk)
    decisions.set_escalation("l", "lead", "slack:C9")
    answers = [
        decisions.look_up("a", "agent", "anna@firm.example", of_ticket=True).done for _ in range(LOOKUPS_AN_HOUR + 3)
    ]
    assert answers == [True] * LOOKUPS_AN_HOUR + [False] * 3
    with desk.look() as view:
        assert view.queues.backlog()["deliveries"] == 1


def test_what_an_earlier_program_saved_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE ticket (id VARCHAR(200) PRIMARY KEY, channel VARCHAR, requester VARCHAR, received_at DATETIME, first_seen DATETIME NOT NULL, text VARCHAR NOT NULL)"
        )
        old.execute(
            "CREATE TABLE triage (key VARCHAR(64) PRIMARY KEY, ticket_id VARCHAR NOT NULL, created_at DATETIME NOT NULL, knowledge_version VARCHAR NOT NULL,"
            " mailbox VARCHAR, cause VARCHAR, confidence VARCHAR NOT NULL, verdict VARCHAR NOT NULL, document VARCHAR NOT NULL)"
        )
        old.execute(
            "INSERT INTO ticket VALUES ('t', 'email', 'anna@firm.example', NULL, '2026-11-20 09:00:00.000000', 'cannot connect')"
        )
        old.execute(
            "INSERT INTO triage VALUES ('k', 't', '2026-11-20 09:00:00.000000', 'v', NULL, NULL, 'guess', 'ask', '{\"ticket_id\": \"t\"}')"
        )
    database = Database(f"sqlite:///{path}")
    assert upgrade(database) == (None, head())
    with DeskStore(database, MovingClock()).look() as view:
        assert view.cases.triages("t") == [{"ticket_id": "t"}]
        case = view.cases.case("t")
    assert case and (case.version, case.round) == (1, 1)


def test_every_table_is_described() -> None:
    assert all(getattr(tables, name).__doc__ for name in dir(tables) if name.endswith("Row"))


def test_automatic_mails_are_counted_one_a_ticket_and_by_requester(desk: DeskStore, clock: MovingClock) -> None:
    with desk.step("test.reserve") as step:
        assert step.automatic.counts("anna@kunde.example") == (0, 0) and step.automatic.key_of("c1") is None
        assert step.automatic.reserve("c1", "auto:c1:1", "anna@kunde.example") and step.automatic.reserve(
            "c1", "auto:c1:1", "anna@kunde.example"
        )
        assert (
            not step.automatic.reserve("c1", "auto:c1:2", "anna@kunde.example")
            and step.automatic.key_of("c1") == "auto:c1:1"
        )
        assert step.automatic.reserve("c2", "auto:c2:1", "Anna+shop@Kunde.example") and step.automatic.reserve(
            "c3", "auto:c3:1", "ben@kunde.example"
        )
        assert step.automatic.counts("anna@kunde.example") == (2, 3)
    clock.pass_(61)
    with desk.step("test.count") as step:
        assert step.automatic.counts("anna+x@kunde.example") == (2, 0)
    clock.pass_(24 * 3600)
    with desk.step("test.count") as step:
        assert step.automatic.counts("anna@kunde.example") == (0, 0)
    with desk.database.read() as session:
        kept = session.connection().execute(text("SELECT requester FROM automatic")).scalars().all()
    assert len(set(kept)) == 2 and not any("@" in row for row in kept)


def test_twenty_workers_reserve_one_mail_a_ticket(desk: DeskStore) -> None:
    def reserve(n: int) -> bool:
        with desk.step("test.reserve") as step:
            counted = step.automatic.counts("anna@kunde.example")[0]
            return counted < 3 and step.automatic.reserve(f"c{n % 7}", f"auto:{n}", "anna@kunde.example")

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(reserve, range(20))) == 3


def test_agents_first_decisions_on_sure_answers_are_the_record(desk: DeskStore, clock: MovingClock) -> None:
    Door(desk).accept(inbound(1))
    card = put_card(desk)
    sure = replace(card, content=replace(card.content, confidence="confirmed"))
    with desk.step("test.review") as step:
        step.cases.review(replace(sure, round=1), "a", "send", agrees=True)
        step.cases.review(replace(sure, round=1), "a", "not_ours", agrees=False)
        step.cases.review(replace(sure, round=2), "a", "other_check", "hostnames", agrees=False)
        step.cases.review(replace(sure, round=3), "a", "escalate")
        step.cases.review(replace(card, round=4), "a", "send", agrees=True)
        record = step.automatic.record("mailbox-password", timedelta(days=90))
    assert (record.decisions, record.right) == (2, 1), "of a round the first counts, and a guess is no answer"
    clock.pass_(3600)
    with desk.look() as view:
        assert (
            view.automatic.record("mailbox-password", timedelta(days=90), since=NOW + timedelta(minutes=1)).decisions
            == 0
        )
        assert view.automatic.record("mailbox-password", timedelta(minutes=30)).decisions == 0
    with desk.step("test.set") as step:
        step.people.set("mode:desk#hostnames", "auto")
        assert step.people.since("mode:desk#hostnames") == clock.moment and step.people.since("nothing") is None


def test_how_a_message_came_is_kept_with_it(desk: DeskStore) -> None:
    envelope = Envelope(
        "anna@kunde.example",
        (("From", "anna@kunde.example"), ("X", "a\u00e9")),
        "",
        ("boss@kunde.example",),
        True,
        ("anna@kunde.example",),
    )
    door = Door(desk)
    door.accept(inbound(1, envelope=envelope))
    door.accept(inbound(2))
    door.accept(inbound(3, from_agent=True))
    with desk.look() as view:
        case = view.cases.case("slack:T1:C1:1.0")
    assert case and case.envelopes == (envelope, None) and case.answered and "envelope" not in case.messages[0]
