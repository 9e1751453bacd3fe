"""Bringing a database to this program's version: ``triage db upgrade``, and at every start on SQLite."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import text

from bot.adapters.store.database import Database
from bot.errors import StoreCorrupt, StoreMissing

_LOCK = 7_316_201
"""Any number: PostgreSQL's advisory lock that one upgrade holds."""


def upgrade(database: Database) -> tuple[str | None, str]:
    """Run the missing migrations in one transaction; (version before, version now). Nothing changes where none is
    missing.

    Killed half-way it leaves the old version. Raises StoreCorrupt where the database is of a later program.
    """
    config, newest = _config(), head()
    with database.write("db.upgrade") as session:
        connection = session.connection()
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        if before != newest:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise StoreCorrupt(
                    f"{database.name}: is of another version of this program ({error}); install that one or restore a backup"
                ) from error
    return before, newest


def check(database: Database) -> None:
    """Raises StoreMissing where migrations are missing: a server's database is upgraded on purpose, not by whoever
    starts first."""
    newest = head()
    with database.read() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    if current != newest:
        raise StoreMissing(
            f"{database.name}: is at version {current or 'none'}, this program needs {newest}; run: triage db upgrade"
        )


def head() -> str:
    """The version that this program's migrations lead to."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("bot.adapters.store") / "migrations").replace("%", "%%"))
    return config
