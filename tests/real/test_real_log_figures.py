"""The port LogFigures over a real PostgreSQL server: the contract of tests/contract/test_log_figures.py, and writers
whose commits cross."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))

from test_log_figures import *  # noqa: F403  the same tests, another engine
from test_log_figures import Place
from test_log_store import failure

from bot.adapters.logstore.digest import gathered
from bot.adapters.logstore.postgres import PostgresLogStore
from bot.adapters.logstore.postgres.connection import open_for_writing
from bot.adapters.logstore.postgres.writer import PostgresSink
from bot.adapters.logstore.rows import rows_of


@pytest.fixture
def new(server: str) -> Iterator[Callable[[str], Place]]:
    """A function that opens an empty store."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS triage_logs CASCADE")
    store = PostgresLogStore(server, seconds=20)
    yield lambda _name: (store.add, store.figures())
    store.close()


def test_a_batch_that_is_committed_later_than_a_younger_one_is_not_passed_over(server: str, place: Place) -> None:
    add, figures = place
    add([])  # makes the tables
    with (
        open_for_writing(server, "slow") as slow,
        PostgresSink(slow).storing(rows_of(gathered([failure(0, raw="slow")]))),
    ):
        add([failure(1, "ben@example.com", raw="quick", host="imap2")])  # writers of one name wait for each other
        found, mark = figures.lines_after(0, 100)
        assert [line.raw for line in found] == ["quick"]
    found, mark = figures.lines_after(mark, 100)
    assert [line.raw for line in found] == ["slow"] and mark == figures.newest()
