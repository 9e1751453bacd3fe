"""A log store in PostgreSQL: day partitions, COPY, retention by dropping partitions; several may write at a time."""

from bot.adapters.logstore.postgres.store import PostgresLogStore

__all__ = ["PostgresLogStore"]
