"""The whole contract of the desk's store once more, over a real PostgreSQL server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from postgres import empty, postgres
from test_desk_store import *  # noqa: F403  the same tests, another database


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server for all tests here. One that cannot start is a failure, never a skip."""
    with postgres() as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    """An empty database."""
    empty(server)
    return server


@pytest.mark.timeout(1300)
def test_two_hundred_kills_lose_and_double_nothing() -> None:
    """Over 300 tickets; ``make crash`` has a thousand, and SQLite besides."""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-m", "tests.crash.run", "--engine", "postgresql", "--tickets", "300", "--kills", "200", "--seed", "4", "--limit", "1200"],
                          cwd=root, capture_output=True, text=True, timeout=1290, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
