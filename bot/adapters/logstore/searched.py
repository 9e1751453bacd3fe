"""The LogStore port over a store whose look-ups may fail: that nobody could look is an answer too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.errors import StoreError


class SearchedLogStore(ABC):
    """A LogStore. What derives from it looks things up and raises StoreError where it cannot."""

    def search(self, query: LogQuery) -> LogResult:
        """The lines, sums and sessions that ``query`` selects; ``failed`` says why where we could not look."""
        try:
            return self._search(query)
        except StoreError as error:
            return LogResult(failed=str(error))

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """What each host's logs cover, with the gaps that touch [since, until]; nothing where we cannot look."""
        try:
            return self._coverage(since, until)
        except StoreError:
            return ()

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """User names seen in failures in the window that are a slip away from ``mailbox``, the closest first; none
        where we cannot look."""
        try:
            return self._logins_like(mailbox, since, until)
        except StoreError:
            return ()

    @abstractmethod
    def _search(self, query: LogQuery) -> LogResult:
        """As :meth:`search`. Raises StoreError."""

    @abstractmethod
    def _coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """As :meth:`coverage`. Raises StoreError."""

    @abstractmethod
    def _logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """As :meth:`logins_like`. Raises StoreError."""
