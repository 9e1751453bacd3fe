"""What many tests need and nobody wants to build twice: the knowledge, the matcher, a triager without logs."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.cli import main
from bot.triage import Triager
from knowledge import Knowledge, load
from knowledge.matcher import Matcher
from tests.commands import OURS, Result, Run
from tests.slack.desk import Office, open_office
from tests.slack.server import FakeSlack

hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
"""The same generated cases in every run: a gate that fails must fail again. ``--hypothesis-profile=default`` looks
for new ones (`make explore`)."""
hypothesis.settings.load_profile("gate")

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FixedClock:
    """It is always noon on 20 November 2026."""

    def now(self) -> datetime:
        """Noon."""
        return NOW


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """Our own knowledge, no overlay."""
    return load()


@pytest.fixture(scope="session")
def matcher(knowledge: Knowledge) -> Matcher:
    """The table, ready to be searched."""
    return Matcher(knowledge)


@pytest.fixture(scope="session")
def triager(knowledge: Knowledge) -> Triager:
    """The pipeline with no logs and no accounts."""
    return Triager(knowledge, EmptyLogStore(), EmptyAccountDirectory(), FixedClock())


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A Slack of its own."""
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def office(tmp_path: Path, triager: Triager, slack: FakeSlack) -> Iterator[Office]:
    """A desk on SQLite whose agents are in that Slack."""
    office = open_office(f"sqlite:///{tmp_path}/desk.db", slack, triager)
    yield office
    office.store.database.engine.dispose()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``triage`` inside this process, in an empty folder: run("ticket", "-", stdin=b"...", LOG_ZONE="UTC"). No
    settings but those given and the database desk.db."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///desk.db")

    def command(*arguments: str, stdin: bytes = b"", **environment: str) -> Result:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
            for name, value in environment.items():
                patch.setenv(name, value)
            status = 0
            try:
                main(list(arguments))
            except SystemExit as left:
                status = left.code if isinstance(left.code, int) else 1 if left.code else 0
        return Result(status, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def engine() -> Iterator[tuple[str, Any]]:
    """ClickHouse's engine behind its HTTP interface (tests/clickhouse.py): the beginning of its URL, and itself.
    There can be one in a process, so all tests share it."""
    sys.path.insert(0, str(Path(__file__).parent))
    from clickhouse import clickhouse

    with clickhouse() as running:
        yield running
