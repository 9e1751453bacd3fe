"""Who fails in the logs, day by day: written as lines come in, counted for reports and incidents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_
from sqlalchemy import select as columns_of
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, SQLModel, case, col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import FailingRow, TicketFactRow
from bot.adapters.store.tables import SettingRow
from bot.core.report.failing import Failure
from bot.core.report.values import Filter
from bot.core.report.weeks import Period

MARK = "log-feed"
"""The setting that says up to where the log store's lines were taken over."""


def mark_of(session: Session) -> int:
    """Up to where lines were taken over."""
    row = session.get(SettingRow, MARK)
    return int(row.value) if row and row.value.isdigit() else 0


def put_mark(session: Session, mark: int, now: datetime) -> None:
    """From here on is next."""
    session.merge(SettingRow(name=MARK, value=str(mark), at=now))


def upsert(
    database: Database,
    session: Session,
    table: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    add: Sequence[str],
    least: Sequence[str] = (),
    most: Sequence[str] = (),
) -> None:
    """Insert rows; where one of that key is there, add up, keep the least, keep the most of the columns named."""
    insert = sqlite_insert if database.sqlite else postgresql_insert
    lowest, highest = (func.min, func.max) if database.sqlite else (func.least, func.greatest)
    for start in range(0, len(rows), 50):
        statement = insert(table).values(list(rows[start : start + 50]))
        here, new = statement.table.c, statement.excluded
        changes = (
            {name: here[name] + new[name] for name in add}
            | {name: lowest(here[name], new[name]) for name in least}
            | {name: highest(here[name], new[name]) for name in most}
        )
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=[c.name for c in statement.table.primary_key], set_=changes)
        )


def add_failures(
    database: Database, session: Session, failures: Iterable[Failure], proven: set[tuple[str, str]]
) -> None:
    """Count failing lines. ``proven``: the pairs of :attr:`Failure.own` that have logged in."""
    counted: dict[tuple[Any, ...], dict[str, Any]] = {}
    for failure in failures:
        day = failure.at.replace(hour=0, minute=0, second=0, microsecond=0)
        key = (day, failure.cause, failure.actor, failure.host, failure.service)
        row = counted.setdefault(
            key,
            {
                "day": day,
                "cause": failure.cause,
                "actor": failure.actor,
                "host": failure.host,
                "service": failure.service,
                "mailbox": failure.is_mailbox,
                "network": failure.network,
                "proven": False,
                "first_at": failure.at,
                "last_at": failure.at,
                "lines": 0,
            },
        )
        row["lines"] += 1
        row["first_at"], row["last_at"] = min(row["first_at"], failure.at), max(row["last_at"], failure.at)
        row["proven"] = row["proven"] or failure.own in proven
    for truth in (True, False):  # PostgreSQL has no greatest() of booleans: a row once proven stays so
        rows = [r for r in counted.values() if r["proven"] is truth]
        upsert(database, session, FailingRow, rows, ["lines"], ["first_at"], ["last_at"])
        if truth:
            for row in rows:
                held = session.get(FailingRow, (row["day"], row["cause"], row["actor"], row["host"], row["service"]))
                if held is not None and not held.proven:
                    held.proven = True
            session.flush()


def silent(session: Session, period: Period, only: Filter) -> tuple[dict[str, int], dict[str, int]]:
    """(cause -> mailboxes that fail from their own address and wrote no ticket of that cause, cause -> the rest)."""
    actors = select(
        FailingRow.cause,
        FailingRow.actor,
        func.max(_one(FailingRow.proven)).label("own"),
        func.min(_one(FailingRow.proven)).label("all_own"),
    ).where(
        col(FailingRow.day) >= period.since - timedelta(days=1),
        col(FailingRow.day) < period.until,
        col(FailingRow.last_at) >= period.since,
        col(FailingRow.first_at) < period.until,
    )
    if only.domain:
        actors = actors.where(col(FailingRow.actor).endswith(f"@{only.domain}", autoescape=True))
    seen = actors.group_by(FailingRow.cause, FailingRow.actor).subquery()  # each one once, in the order of an index
    wrote = (
        select(TicketFactRow.ticket_id)
        .where(
            col(TicketFactRow.mailbox) == seen.c.actor,
            col(TicketFactRow.cause) == seen.c.cause,
            col(TicketFactRow.at) >= period.since,
            col(TicketFactRow.at) < period.until,
        )
        .exists()
    )
    counted = (
        func.sum(case((and_(seen.c.own == 1, ~wrote), 1), else_=0)),
        func.sum(case((seen.c.all_own == 0, 1), else_=0)),
    )
    rows = session.connection().execute(columns_of(seen.c.cause, *counted).group_by(seen.c.cause)).all()
    return {cause: n for cause, n, _ in rows if n}, {cause: n for cause, _, n in rows if n}


def _one(flag: Any) -> Any:
    return case((col(flag).is_(True), 1), else_=0)
