"""One database, SQLite or PostgreSQL: every read and every write of the desk goes through here.

A write is one transaction under a name. SQLite begins it with BEGIN IMMEDIATE (two writers queue, neither is turned
away half-way) and keeps what was committed through a power cut (WAL, synchronous=FULL); PostgreSQL locks rows. Both
reach the fail-points ``NAME.before`` (nothing is committed yet) and ``NAME.after`` (it is, and nobody has been
told).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Executable, TypeDecorator, create_engine, event, literal
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlmodel import Session, SQLModel

from bot.errors import SettingsError, StoreBusy, StoreCorrupt
from bot.failpoints import reach

BUSY_MILLISECONDS = 5_000


class Utc(TypeDecorator[datetime]):
    """A moment in UTC: aware in the program, without a zone in the column, the same in both engines."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC. Raises ValueError for a moment without a zone, which nobody could place."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone was to be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again."""
        return None if value is None else value.replace(tzinfo=UTC)


class Database:
    """The engine and its transactions. Raises SettingsError for a URL it cannot use."""

    def __init__(self, url: str) -> None:
        if url.startswith("postgresql://"):
            url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
        if url.startswith("postgres://"):
            url = "postgresql+psycopg://" + url.removeprefix("postgres://")
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            scheme = url.partition(":")[0]
            raise SettingsError(
                f"DATABASE_URL: {scheme}: is not supported here; use sqlite:///path/to/file or postgresql://user@host/name"
            )
        if url.startswith("sqlite:///"):
            folder = Path(url.removeprefix("sqlite:///")).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(
                    f"DATABASE_URL: {url}: the directory {folder} cannot be made ({error.strerror or error}); choose another place"
                ) from error
        try:
            self.engine: Engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        except (ArgumentError, NoSuchModuleError) as error:
            raise SettingsError(f"DATABASE_URL: cannot be read ({error})") from error
        self.sqlite = self.engine.dialect.name == "sqlite"
        if self.sqlite:
            event.listen(self.engine, "connect", _pragmas)
            event.listen(self.engine, "begin", _begin)
        self._writing = self.engine.execution_options(immediate=True)

    @property
    def name(self) -> str:
        """The URL as it may be shown: without a password."""
        return str(self.engine.url.render_as_string(hide_password=True))

    @contextmanager
    def write(self, name: str) -> Iterator[Session]:
        """A transaction that commits at the end of the block, or not at all. Raises StoreBusy where another process
        holds the database or it is full, StoreCorrupt where it is damaged or not ours."""
        with self._named(), Session(self._writing, expire_on_commit=False) as session:
            yield session
            session.flush()
            reach(f"{name}.before")
            session.commit()
        reach(f"{name}.after")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that changes nothing. Raises as :meth:`write`."""
        with self._named(), Session(self.engine) as session:
            yield session

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise StoreBusy(
                f"{self.name}: could not be used ({error.orig}); nothing of this step was kept, try again"
            ) from error
        except PoolExhausted as error:
            raise StoreBusy(
                f"{self.name}: all connections are in use; nothing of this step was kept, try again"
            ) from error
        except DatabaseError as error:
            if isinstance(error, DBAPIError) and _damaged(error):
                raise StoreCorrupt(
                    f"{self.name}: is no database of ours or is damaged ({error.orig}); move it away and run again"
                ) from error
            raise

    def for_update(self, statement: Any) -> Any:
        """``statement`` with its rows locked until the transaction ends; SQLite has locked everything already."""
        return statement if self.sqlite else statement.with_for_update()

    def skipping_locked(self, statement: Any, *of: Any) -> Any:
        """``statement`` without rows that another worker holds; SQLite has one writer at a time."""
        return statement if self.sqlite else statement.with_for_update(skip_locked=True, of=list(of))

    def insert_once(self, session: Session, table: type[SQLModel], values: Mapping[str, Any]) -> bool:
        """Insert a row unless one with the same unique key is there; True where it was inserted."""
        return session.connection().execute(_insert_once(table, self.sqlite), values).first() is not None


@cache
def _insert_once(table: type[SQLModel], sqlite: bool) -> Executable:
    """Built once a table: building one costs more than running it, and an event that comes in takes seven."""
    insert = sqlite_insert if sqlite else postgresql_insert
    return insert(table).on_conflict_do_nothing().returning(literal(1))  # rowcount says -1 on PostgreSQL


def _damaged(error: DBAPIError) -> bool:
    said = str(error.orig).lower()
    return any(
        words in said for words in ("not a database", "malformed", "no such table", "no such column", "does not exist")
    )


def _pragmas(connection: Any, _record: Any) -> None:
    """What was accepted survives a power cut; transactions are begun by us and not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten, not only forgotten
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
