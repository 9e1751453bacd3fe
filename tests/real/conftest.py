"""What the tests with real parts share."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres import empty, postgres


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server for the tests of a module. One that cannot start is a failure, never a skip."""
    with postgres() as url:
        with psycopg.connect(url, autocommit=True) as connection:  # nothing here pulls a plug
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture
def url(server: str) -> str:
    """The same, with an empty database."""
    empty(server)
    return server
