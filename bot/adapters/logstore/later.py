"""A store that may not be there yet: a worker is often started before the first log is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.ports import LogStore


class LaterLogStore:
    """``store`` as soon as its file exists; until then one that holds nothing, which is not one that cannot be
    asked."""

    def __init__(self, store: SqliteLogStore) -> None:
        self._store = store

    def _now(self) -> LogStore:
        return self._store if self._store.path.is_file() else EmptyLogStore()

    def search(self, query: LogQuery) -> LogResult:
        """As the store does."""
        return self._now().search(query)

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """As the store does."""
        return self._now().coverage(since, until)

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """As the store does."""
        return self._now().logins_like(mailbox, since, until)
