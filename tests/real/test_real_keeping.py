"""Letting go, backup and restore over a real PostgreSQL server and its own tools; tests/scenario/test_keeping.py
runs the same on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.adapters.slack.outlet import SlackOutlet
from bot.adapters.store.backup import backup, restore
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.erasure import erase
from bot.adapters.store.retention import Retention
from bot.core.desk.values import Inbound, Send
from bot.decide import Decisions
from bot.deliver import Courier
from bot.triage import Triager
from tests.postgres import empty
from tests.slack.desk import Office, open_office
from tests.slack.server import FakeSlack

ANNA = "anna@firm.example"


@pytest.fixture
def office(url: str, slack: FakeSlack, triager: Triager) -> Iterator[Office]:
    office = open_office(url, slack, triager)
    yield office
    office.store.database.engine.dispose()


def everything(url: str) -> str:
    """Every row of every table as text."""
    with psycopg.connect(url) as connection:
        names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return "\n".join(str(row) for name in names for row in connection.execute(f'SELECT * FROM "{name}"')).lower()  # type: ignore[call-overload]


def hand_in(office: Office, number: int) -> str:
    # the address in the id of a case, which six tables point to
    key = f"mail:{number}:{ANNA}"
    office.edge.door.accept(
        Inbound(
            "slack",
            f"{number}:x",
            key,
            {"body": f'{ANNA}: "535 5.7.8 Error: authentication failed"', "requester": ANNA, "channel": "slack"},
            ANNA,
            office.clock.now(),
            "slack/C1",
            "",
            explicit=True,
        )
    )
    office.work()
    return key


def test_words_persons_and_one_requester_go(office: Office, url: str) -> None:
    hand_in(office, 1)
    Decisions(office.store).look_up("slack:T1:U8", "lead", ANNA, of_ticket=False)
    assert "authentication failed" in everything(url)
    assert Retention(office.store.database, office.clock.now() + timedelta(days=31)).purge().bodies == 1
    assert "authentication failed" not in everything(url)
    hand_in(office, 2)
    with office.store.look() as view:
        before = sum(n for _, n in view.views.causes(timedelta(days=3650)))
    assert erase(office.store.database, ANNA, office.clock.now(), "cli:test").cases == 2
    assert ANNA not in everything(url)
    with office.store.look() as view:
        assert sum(n for _, n in view.views.causes(timedelta(days=3650))) == before == 2


def test_a_restored_copy_sends_nothing_until_it_is_released(
    office: Office, url: str, slack: FakeSlack, tmp_path: Path
) -> None:
    case = hand_in(office, 1)
    copy = tmp_path / "triage.dump"
    assert backup(url, copy) > 0 and copy.stat().st_mode & 0o077 == 0
    office.store.database.engine.dispose()
    empty(url)
    assert restore(url, copy, force=False) is None
    store = DeskStore(Database(url), office.clock)
    with store.look() as view:
        assert view.cases.card(f"{case}#1") is not None and view.people.setting("pause") == "restored"
    sent = len(slack.posts())
    with store.step("test.send") as step:
        step.queues.send(Send("reply:x", "slack", "reply", "slack/C1", {"text": "hello", "thread": ""}, priority=1))
    courier = Courier(store, {"slack": SlackOutlet(office.edge.calls, store)}, office.clock)
    assert not courier.carry() and len(slack.posts()) == sent
    assert Decisions(store).set_paused("slack:T1:U8", "lead", paused=False).done
    for _ in range(10):
        courier.carry()
        office.clock.ahead += timedelta(seconds=5)
    assert len(slack.posts()) == sent + 1
    store.database.engine.dispose()
