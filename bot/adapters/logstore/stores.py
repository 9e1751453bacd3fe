"""What a log store can do beside answering: state its health, and, where it is ours, take logs in and drop old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Protocol

from bot.adapters.logstore.sqlite.ingest import IngestReport, Progress
from bot.core.observed import FailureCount, HostCoverage
from bot.ports import LogFigures, LogStore


class FailureFigures(LogFigures, Protocol):
    """Figures with the counts of failures that a store of ours keeps hour by hour."""

    def failures(self, since: datetime, until: datetime) -> list[FailureCount]:
        """Failures counted by whole hour and cause, of the hours that touch [since, until], oldest first. Raises
        StoreError."""
        ...


class CheckedLogStore(LogStore, Protocol):
    """A log store that says what is wrong with it."""

    @property
    def name(self) -> str:
        """What messages call it; never a password."""
        ...

    def check(self) -> None:
        """Raise the StoreError that stands in the way of searching; nothing where all is well."""
        ...

    def status(self) -> Sequence[HostCoverage]:
        """Every host and program family with its gaps. Raises StoreError."""
        ...


class OwnLogStore(CheckedLogStore, Protocol):
    """A log store that we fill."""

    def ingest(
        self,
        paths: Iterable[str | Path],
        *,
        zone: tzinfo = UTC,
        year: int | None = None,
        finished: bool = False,
        progress: Callable[[Progress], None] | None = None,
        processes: int | None = None,
    ) -> IngestReport:
        """Read server logs into the store; what was read before is not read again. Raises StoreError."""
        ...

    def prune(self, *, before: datetime | None = None, size: int | None = None) -> datetime | None:
        """Drop what is older than ``before``, then the oldest days until ``size`` bytes are enough; returns the time
        from which on everything is kept, None where nothing went. Raises StoreError."""
        ...

    def figures(self) -> FailureFigures:
        """What reports and incidents ask of it."""
        ...
