"""What reports and incidents ask of the store in ClickHouse: its new lines in the order they were stored, and who
has logged in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from bot.adapters.logstore.clickhouse.client import ClickHouse, listed
from bot.adapters.logstore.clickhouse.reader import pairs_of
from bot.adapters.logstore.digest import HOUR, from_micros, to_micros
from bot.adapters.logstore.placing import COLUMNS, event_from
from bot.core.networks import network_of
from bot.core.observed import FailureCount
from bot.errors import StoreMissing
from bot.logs.event import LogEvent

ASKS_WITHIN: Final = 30.0
"""Seconds for one question: nobody waits at a screen for it."""
SETTLES: Final = 60
"""Seconds after which lines are read: by the server's clock an insert begins when its lines are stamped, and they
are seen when it ends. One that takes longer (a batch takes about one) would be passed over."""
_MANY: Final = 5_000
"""Names in one query."""
_MICROS: Final = "toUnixTimestamp64Micro"


class ClickHouseLogFigures:
    """The port LogFigures on a ClickHouse database, each query of which gets ``seconds``."""

    def __init__(self, database: ClickHouse, *, seconds: float = ASKS_WITHIN, settles: int = SETTLES) -> None:
        self._db, self._seconds, self._settles = database, seconds, settles

    def newest(self) -> int:
        """The mark behind the last line; 0 where nothing is stored. Raises StoreError."""
        rows = self._select(f"SELECT {_MICROS}(max(stored)) FROM log_new")
        return int(rows[0][0]) if rows else 0

    def lines_after(self, mark: int, limit: int) -> tuple[list[LogEvent], int]:
        """Up to about ``limit`` lines that were stored after ``mark``, whole inserts, and the new mark. Raises
        StoreError."""
        fields = ", ".join(f"`{name}`" for name in COLUMNS)
        rows = self._select(
            f"SELECT {_MICROS}(stored) AS place, number, {_MICROS}(time), {fields} FROM log_new WHERE stored > fromUnixTimestamp64Micro({mark})"
            f" AND stored <= now64(6) - INTERVAL {self._settles} SECOND ORDER BY place LIMIT {max(1, limit)} WITH TIES"
        )
        rows.sort(key=lambda row: row[:2])
        return [event_from(from_micros(time), values) for _, _, time, *values in rows], rows[-1][0] if rows else mark

    def regulars(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Of (mailbox or "", network) those that have logged in: that mailbox from there; anybody from there where
        no mailbox is given."""
        seen: set[tuple[str, str]] = set()
        for names in _parts({mailbox for mailbox, _ in pairs if mailbox}):
            rows = self._select(
                f"SELECT DISTINCT mailbox, address FROM log_success WHERE {_named(names)} AND address <> ''"
            )
            seen |= {(mailbox, network_of(address) or "") for mailbox, address in rows}
        for networks in _parts({network for mailbox, network in pairs if not mailbox and network}):
            seen |= {
                ("", network)
                for (network,) in self._select(
                    f"SELECT DISTINCT network FROM log_success WHERE has({listed(networks)}, network)"
                )
            }
        return {pair for pair in pairs if pair in seen}

    def logged_in(self, asked: Iterable[tuple[str, str, datetime, datetime]]) -> set[str]:
        """``asked``: (id, mailbox, from, until). The ids whose mailbox has logged in meanwhile, webmail aside (it
        proves the password, not the device)."""
        wanted: dict[str, list[tuple[str, int, int]]] = {}
        for name, mailbox, since, until in asked:
            wanted.setdefault(mailbox.casefold(), []).append((name, to_micros(since), to_micros(until)))
        found: set[str] = set()
        for part in _parts(wanted):
            low, high = (
                min(s for one in part for _, s, _ in wanted[one]),
                max(u for one in part for _, _, u in wanted[one]),
            )
            rows = self._select(
                f"SELECT mailbox, {_MICROS}(min(first)), {_MICROS}(max(last)) FROM log_success WHERE {_named(part)} AND service <> 'webmail'"
                f" AND {_hours(low, high)} GROUP BY mailbox, address, service, host, hour"
            )
            for mailbox, first, last in rows:
                found.update(name for name, since, until in wanted.get(mailbox, ()) if since <= last and first <= until)
        return found

    def active_mailboxes(self, since: datetime, until: datetime) -> int:
        """How many mailboxes have logged in within the hours that touch [since, until]."""
        rows = self._select(
            f"SELECT uniqExact(mailbox) FROM log_success WHERE {_hours(to_micros(since), to_micros(until))}"
        )
        return int(rows[0][0]) if rows else 0

    def failures(self, since: datetime, until: datetime) -> list[FailureCount]:
        """Failures counted by whole hour and cause, of the hours that touch [since, until], oldest first. Raises
        StoreError."""
        rows = self._select(
            "SELECT toUnixTimestamp(hour), event, reason, service, host, tls, sum(count) FROM log_failure"
            f" WHERE {_hours(to_micros(since), to_micros(until))} GROUP BY hour, event, reason, service, host, tls ORDER BY hour, event, reason, service, host, tls"
        )
        return [FailureCount(from_micros(hour * 1_000_000), *cause) for hour, *cause in rows]

    def _select(self, query: str) -> list[list[Any]]:
        try:
            return self._db.select(query, self._seconds)
        except StoreMissing:  # nothing was stored yet
            return []


def _hours(low: int, high: int) -> str:
    """The hours that touch [low, high], microseconds."""
    return (
        f"hour BETWEEN toDateTime({max(0, low - low % HOUR) // 1_000_000}) AND toDateTime({max(0, high) // 1_000_000})"
    )


def _named(mailboxes: Iterable[str]) -> str:
    """The rows of some mailboxes, by the order of the table."""
    return f"(domain, who) IN ({pairs_of(mailboxes)})"


def _parts(names: Iterable[str]) -> Iterable[list[str]]:
    every = sorted(names)
    return (every[start : start + _MANY] for start in range(0, len(every), _MANY))
