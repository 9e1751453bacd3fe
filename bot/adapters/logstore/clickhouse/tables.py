"""Whether the tables are there and ours, and making those that are missing."""

from __future__ import annotations

from typing import Final

from bot.adapters.logstore.clickhouse.client import ClickHouse
from bot.adapters.logstore.clickhouse.schema import VERSION, statements
from bot.errors import StoreCorrupt, StoreMissing

MADE_WITHIN: Final = 120.0
"""Seconds for each statement that makes a table."""


def check(database: ClickHouse, seconds: float) -> None:
    """Raise StoreMissing where there are no tables, StoreCorrupt where they are of another version, StoreError."""
    found = database.select("SELECT value FROM log_meta WHERE key = 'version'", seconds)
    if not found:
        raise StoreMissing(f"{database.name}: no server log was ingested yet; run `triage logs ingest PATH` first")
    if found[0][0] != VERSION:
        raise StoreCorrupt(
            f"{database.name}: a log store of version {found[0][0]}, this program knows {VERSION}; choose another database"
        )


def make(database: ClickHouse) -> None:
    """Make what is missing. Raises StoreCorrupt, StoreError."""
    try:
        check(database, MADE_WITHIN)
    except StoreMissing:
        database.run(f"CREATE DATABASE IF NOT EXISTS `{database.database}`", MADE_WITHIN, database=False)
        for statement in statements(database.days):
            database.run(statement, MADE_WITHIN)
        database.insert("log_meta", ("key", "value"), [["version", VERSION]], MADE_WITHIN)
