"""A log store in ClickHouse: MergeTree ordered by mailbox and time, spoken to over HTTP."""

from bot.adapters.logstore.clickhouse.store import ClickHouseLogStore

__all__ = ["ClickHouseLogStore"]
