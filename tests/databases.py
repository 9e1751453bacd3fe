"""New databases for tests. Migrations take longer than most tests, so SQLite's are run once in a process and the
file is copied."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.adapters.store.database import Database
from bot.adapters.store.upgrade import upgrade


def new_database(url: str) -> Database:
    """The database of a URL, opened, of this program's version; one that is there is brought to it."""
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:") and not path.exists():
        path.write_bytes(_empty())
        return Database(url)
    database = Database(url)
    upgrade(database)
    return database


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        upgrade(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.engine.dispose()
        return (Path(folder) / "empty.db").read_bytes()
