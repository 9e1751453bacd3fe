"""Accounts in a database that the host already has, read by one query that the host writes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.adapters.accounts.values import BadValue, account_of, near
from bot.core.observed import AccountView
from bot.errors import SettingsError

TIMEOUT: Final = 2.0
MOST: Final = 5_000
"""Mailboxes of one domain that are read."""
_STEPS: Final = 10_000
_LITERAL: Final = re.compile(r"'[^']*'")
_READS: Final = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


class SqlAccountDirectory:
    """An AccountDirectory over ``query``, a SELECT with the one parameter ``:address``.

    Its columns carry the names of the CSV table's. It returns the mailbox's row, also for an alias (then the
    row's mailbox differs from the address asked for), and no row for an address that does not exist: the
    database is live, so that proves absence. ``domain_query`` with ``:domain`` lists mailboxes, first column.
    """

    def __init__(
        self,
        url: str,
        query: str,
        *,
        domain_query: str | None = None,
        plans: Collection[str] = (),
        timeout: float = TIMEOUT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._query = text(_checked(query, "address"))
        self._domain_query = text(_checked(domain_query, "domain")) if domain_query else None
        self._plans = plans
        self._now = now
        try:
            self._engine = create_engine(url, poolclass=NullPool)
            self._name = make_url(url).render_as_string(hide_password=True)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise SettingsError(f"the account database's URL cannot be used ({error}); see docs") from error
        _guard(self._engine, timeout)

    def lookup(self, address: str) -> AccountView:
        """The account of a mailbox or alias as the database has it now."""
        wanted = address.strip().casefold()
        try:
            with self._engine.connect() as connection:
                row = connection.execute(self._query, {"address": wanted}).mappings().fetchone()
                known = () if row is not None else self._mailboxes(connection, wanted.rpartition("@")[2])
        except SQLAlchemyError as error:
            return AccountView(failed=f"{self._name}: accounts could not be read ({type(error).__name__})")
        if row is None:
            domain_known = None if self._domain_query is None else bool(known)
            return AccountView(absent=True, domain_known=domain_known, near=near(wanted, known))
        try:
            account = account_of({name: value for name, value in row.items() if value is not None}, self._plans)
        except BadValue as error:
            return AccountView(failed=f"{self._name}: column {error.column}: {error}")
        alias = account.mailbox if account.mailbox != wanted else None
        if alias is not None and account.aliases and wanted not in account.aliases:
            return AccountView(failed=f"{self._name}: the query returned another mailbox than was asked for")
        return AccountView(replace(account, as_of=account.as_of or self._now(), alias_of=alias), domain_known=True)

    def in_domain(self, domain: str) -> Sequence[str]:
        """Mailboxes of ``domain``; empty without a domain query, and where we could not look."""
        try:
            with self._engine.connect() as connection:
                return self._mailboxes(connection, domain.strip().casefold())
        except SQLAlchemyError:
            return ()

    def _mailboxes(self, connection: Connection, domain: str) -> tuple[str, ...]:
        if self._domain_query is None:
            return ()
        rows = connection.execute(self._domain_query, {"domain": domain}).fetchmany(MOST)
        return tuple(sorted({str(row[0]).casefold() for row in rows if row[0]}))


def _checked(query: str, parameter: str) -> str:
    """``query`` where it is one SELECT with one bound parameter; SettingsError else."""
    statement = query.strip().rstrip(";")
    bare = _LITERAL.sub("''", statement)
    names = set(re.findall(r"(?<![:\w]):(\w+)", bare))
    if not _READS.match(bare) or ";" in bare:
        raise SettingsError("the account query must be one SELECT statement")
    if names != {parameter}:
        raise SettingsError(f"the account query must use the one parameter :{parameter}, it uses {sorted(names)}")
    return statement


def _guard(engine: Engine, timeout: float) -> None:
    """Make every connection of ``engine`` read-only and end its statements after ``timeout`` seconds."""
    millis = max(1, int(timeout * 1000))
    statements = {
        "postgresql": (f"SET default_transaction_read_only = on; SET statement_timeout = {millis}",),
        "mysql": ("SET SESSION TRANSACTION READ ONLY", f"SET SESSION max_execution_time = {millis}"),
        "mariadb": ("SET SESSION TRANSACTION READ ONLY", f"SET SESSION max_statement_time = {timeout}"),
        "sqlite": ("PRAGMA query_only = ON", f"PRAGMA busy_timeout = {millis}"),
    }.get(engine.dialect.name, ())

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        connection.commit()
        if engine.dialect.name == "sqlite":  # SQLite has no statement timeout of its own
            ends = time.monotonic() + timeout
            connection.set_progress_handler(lambda: int(time.monotonic() > ends), _STEPS)
