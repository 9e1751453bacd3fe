"""The embedded log store: one SQLite file, written by one process while others read."""

from bot.adapters.logstore.sqlite.ingest import IngestReport
from bot.adapters.logstore.sqlite.store import SqliteLogStore

__all__ = ["IngestReport", "SqliteLogStore"]
