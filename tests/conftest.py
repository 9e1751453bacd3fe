"""What many tests need and nobody wants to build twice: the knowledge, the matcher, a triager without logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.triage import Triager
from knowledge import Knowledge, load
from knowledge.matcher import Matcher

hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
"""The same generated cases in every run: a gate that fails must fail again. ``--hypothesis-profile=default`` looks for new ones (`make explore`)."""
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


@pytest.fixture(scope="session")
def engine() -> Iterator[tuple[str, Any]]:
    """ClickHouse's engine behind its HTTP interface (tests/clickhouse.py): the beginning of its URL, and itself. There can be
    one in a process, so all tests share it."""
    sys.path.insert(0, str(Path(__file__).parent))
    from clickhouse import clickhouse

    with clickhouse() as running:
        yield running
