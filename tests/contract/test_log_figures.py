"""The port LogFigures: one suite, every store that we fill. tests/real has the same over PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_log_store import DAY, NOON, failure, success

from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.clickhouse.figures import ClickHouseLogFigures
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.adapters.logstore.stores import FailureFigures
from bot.logs.event import LogEvent

HOUR = timedelta(hours=1)
Add = Callable[[list[LogEvent]], int]
Place = tuple[Add, FailureFigures]
"""What adds a batch to a store, and its figures."""


@pytest.fixture(params=["sqlite", "clickhouse"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """A function that opens an empty store by its name."""

    def embedded(name: str) -> Place:
        store = SqliteLogStore(tmp_path / name)
        return store.add, store.figures()

    def in_clickhouse(name: str) -> Place:
        url, engine = request.getfixturevalue("engine")
        engine.wipe(name)
        store = ClickHouseLogStore(f"{url}{name}?days=30000", seconds=20)
        return store.add, ClickHouseLogFigures(store._db, settles=0)

    return {"sqlite": embedded, "clickhouse": in_clickhouse}[request.param]


@pytest.fixture
def place(new: Callable[[str], Place]) -> Place:
    """An empty store."""
    return new("logs0")


def test_a_store_that_was_never_written_to_has_nothing_to_tell(new: Callable[[str], Place]) -> None:
    _, figures = new("untouched")
    assert figures.newest() == 0 and figures.lines_after(0, 10) == ([], 0)
    assert figures.regulars({("anna@example.com", "192.0.2.0/24")}) == set()
    assert figures.logged_in([("1", "anna@example.com", NOON - DAY, NOON + DAY)]) == set()
    assert figures.active_mailboxes(NOON - DAY, NOON + DAY) == 0 and figures.failures(NOON - DAY, NOON + DAY) == []


def test_new_lines_come_once_and_in_the_order_they_were_stored(place: Place) -> None:
    add, figures = place
    batches = [[failure(60 * part + minute, raw=f"{part}.{minute}") for minute in range(3)] for part in (5, 1, 3)]
    for batch in batches[:2]:
        add(batch)
    first, mark = figures.lines_after(0, 1)
    assert [line.raw for line in first] == [line.raw for line in batches[0]], "a batch is given whole"
    second, mark = figures.lines_after(mark, 100)
    assert second == batches[1] and mark == figures.newest()
    assert figures.lines_after(mark, 100) == ([], mark)
    add([success(200)])  # sums hold it: no line is kept
    add(batches[2])
    third, mark = figures.lines_after(mark, 100)
    assert third == batches[2] and mark == figures.newest()


def test_what_was_pruned_is_no_longer_new(place: Place) -> None:
    add, figures = place
    store = add.__self__  # type: ignore[attr-defined]
    add([failure(-3 * 1440, raw="old")])
    add([failure(0, raw="young")])
    store.prune(before=NOON - DAY)
    if isinstance(store, ClickHouseLogStore):
        return  # lines lie by the day of their storing there, and go a week later
    assert [line.raw for line in figures.lines_after(0, 100)[0]] == ["young"]


def test_who_has_logged_in_from_where(place: Place) -> None:
    add, figures = place
    add(
        [
            success(0),
            success(1, "ben@example.com", remote_ip="2001:db8:1:2::3"),
            failure(2, "carl@example.com", remote_ip="198.51.100.9"),
        ]
    )
    asked = {
        ("anna@example.com", "192.0.2.7"),
        ("anna@example.com", "192.0.2.8"),
        ("ben@example.com", "2001:db8:1:2::/64"),
        ("ben@example.com", "192.0.2.7"),
        ("carl@example.com", "198.51.100.9"),
        ("", "2001:db8:1:2::/64"),
        ("", "198.51.100.9"),
        ("", ""),
        ("' OR 1=1 --", "192.0.2.7"),
    }
    assert figures.regulars(asked) == {
        ("anna@example.com", "192.0.2.7"),
        ("ben@example.com", "2001:db8:1:2::/64"),
        ("", "2001:db8:1:2::/64"),
    }
    assert figures.regulars(set()) == set()


def test_whose_answer_was_followed_by_a_login(place: Place) -> None:
    add, figures = place
    add([success(30), success(90), success(30, "web@example.com", service="webmail"), failure(30, "carl@example.com")])
    windows = {
        "before": (0, 20),
        "around": (20, 40),
        "exactly": (30, 30),
        "between": (40, 80),
        "across": (80, 4000),
        "after": (100, 4000),
    }
    asked = [
        (name, "Anna@example.com", NOON + timedelta(minutes=a), NOON + timedelta(minutes=b))
        for name, (a, b) in windows.items()
    ]
    asked += [(who, f"{who}@example.com", NOON, NOON + DAY) for who in ("web", "carl", "' OR 1=1 --")]
    assert figures.logged_in(asked) == {"around", "exactly", "across"}
    assert figures.logged_in([]) == set()


def test_how_many_mailboxes_log_in(place: Place) -> None:
    add, figures = place
    add(
        [
            success(0),
            success(130),
            success(1, remote_ip="192.0.2.99"),
            success(61, "ben@example.com"),
            failure(2, "carl@example.com"),
        ]
    )
    assert [
        figures.active_mailboxes(NOON + a * HOUR, NOON + b * HOUR) for a, b in ((0, 0.5), (0, 3), (1, 1.5), (4, 5))
    ] == [1, 2, 1, 0]


def test_failures_are_counted_by_hour_and_cause_over_all_batches(place: Place) -> None:
    add, figures = place
    add(
        [
            failure(0),
            failure(59, remote_ip="192.0.2.99"),
            success(1),
            failure(60, event="tls_failed", tls="TLSv1.2", host=None),
        ]
    )
    add([failure(5), failure(6, reason="password_mismatch"), failure(1000)])
    found = figures.failures(NOON + timedelta(minutes=30), NOON + timedelta(minutes=90))
    assert [(one.hour, one.event, one.reason, one.service, one.host, one.tls, one.failures) for one in found] == [
        (NOON, "auth_failed", "", "imap", "imap1", "", 3),
        (NOON, "auth_failed", "password_mismatch", "imap", "imap1", "", 1),
        (NOON + HOUR, "tls_failed", "", "imap", "-", "TLSv1.2", 1),
    ]
