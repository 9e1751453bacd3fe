"""The whole contract of the log store once more, over a real PostgreSQL server, and what only such a server can show."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from postgres import postgres
from test_log_store import *  # noqa: F403  the same tests, another engine
from test_log_store import Make

from bot.adapters.logstore.postgres import PostgresLogStore
from bot.logs.event import LogEvent
from bot.ports import LogStore


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server for all tests here. One that cannot start is a failure, never a skip."""
    with postgres() as url:
        with psycopg.connect(url, autocommit=True) as connection:  # nothing here pulls a plug
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url


PLACES = 3
"""Stores that a test holds at a time, at most."""


@pytest.fixture(scope="module")
def places(server: str) -> list[str]:
    """URLs of databases."""
    with psycopg.connect(server, autocommit=True) as connection:
        for number in range(PLACES):
            connection.execute(f"CREATE DATABASE logs{number}".encode())
    return [server.replace("/postgres?", f"/logs{number}?") for number in range(PLACES)]


@pytest.fixture
def make(places: list[str]) -> Iterator[Make]:
    """A function that makes a store over some events, one batch an argument. The fourth takes the place of the first."""
    made: list[PostgresLogStore] = []

    def postgresql(*batches: Sequence[LogEvent]) -> LogStore:
        url = places[len(made) % PLACES]
        if len(made) >= PLACES:
            made[len(made) - PLACES].close()
        wipe(url)
        store = PostgresLogStore(url, seconds=20)
        made.append(store)
        for events in batches:
            store.add(events)
        return store

    yield postgresql
    for store in made[-PLACES:]:
        store.close()


def wipe(url: str) -> None:
    """Empty the tables: quicker than making them anew."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'triage_logs' AND tablename <> 'log_meta'").fetchall()
        for (table,) in tables:
            connection.execute(f"DELETE FROM triage_logs.{table}".encode())
