"""What reports read beside the sums of days (tallies.py), as aggregates in SQL; one snapshot a report. SQLite and
PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, inspect, text
from sqlmodel import Session, col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import FixRow, IncidentRow, ShadowRow, TicketFactRow
from bot.adapters.store.tables import SettingRow, TicketRow, TriageRow
from bot.adapters.store.tallies import filtered, within
from bot.core.report.facts import NOT_OURS, fact_of
from bot.core.report.values import Filter, FixRecord, IncidentRecord
from bot.core.report.weeks import Period
from bot.core.shadow import sentence

FILL = 500
FILLED = "report:filled"
"""The setting that says that every ticket has its fact: from then on each is written with its triage."""
FIX_BEFORE = timedelta(days=28)
MOST_UNKNOWN = 5_000
BEST_FIRST = ("confirmed", "likely", "guess", "unknown")


def put_fact(
    session: Session, ticket_id: str, at: datetime, document: Mapping[str, Any], plan: str | None = None
) -> None:
    """Keep what a ticket counts by; its latest triage replaces what an earlier one said."""
    fact = fact_of(document, plan)
    values = {"at": at, **{name: getattr(fact, name) for name in fact.__slots__}}
    row = session.get(TicketFactRow, ticket_id)
    if row is None:
        session.add(TicketFactRow(ticket_id=ticket_id, **values))
        return
    for name, value in values.items():  # what is known of the ticket besides (a login after the answer) stays
        setattr(row, name, value)


class ReportRows:
    """The questions of one report that no sum of days answers, within one session."""

    def __init__(self, session: Session, only: Filter) -> None:
        self._session, self._only = session, only

    def example(self, period: Period, cause: str) -> str:
        """A masked line that decided a ticket of that cause, a confirmed one first; empty where there is none."""
        for confidence in BEST_FIRST:
            query = (
                select(TicketFactRow.line)
                .where(
                    *self._in(period),
                    TicketFactRow.cause == cause,
                    TicketFactRow.confidence == confidence,
                    col(TicketFactRow.line).is_not(None),
                )
                .order_by(col(TicketFactRow.at).desc())
                .limit(1)
            )
            if line := self._session.exec(query).first():
                return line
        return ""

    def unknown(self, period: Period) -> tuple[tuple[str, str | None, int], ...]:
        """(masked error text, mailbox, tickets) of errors that nothing knows."""
        query = (
            select(TicketFactRow.unknown_text, TicketFactRow.mailbox, func.count())
            .where(*self._in(period), col(TicketFactRow.unknown_text).is_not(None))
            .group_by(col(TicketFactRow.unknown_text), col(TicketFactRow.mailbox))
            .order_by(func.count().desc(), col(TicketFactRow.unknown_text))
            .limit(MOST_UNKNOWN)
        )
        return tuple((str(said), mailbox, count) for said, mailbox, count in self._session.exec(query))

    def tickets(self, since: datetime, until: datetime) -> tuple[str, ...]:
        """Ids of tickets about connecting, received in [since, until)."""
        query = select(TicketFactRow.ticket_id).where(
            col(TicketFactRow.at) >= since,
            col(TicketFactRow.at) < until,
            TicketFactRow.cause != NOT_OURS,
            *filtered(self._only),
        )
        return tuple(self._session.exec(query))

    def versions(self, period: Period) -> tuple[str, ...]:
        """Knowledge versions of the period's triages."""
        query = (
            select(TriageRow.knowledge_version)
            .where(col(TriageRow.created_at) >= period.since, col(TriageRow.created_at) < period.until)
            .distinct()
        )
        return tuple(sorted(self._session.exec(query)))

    def shadows(self, period: Period) -> tuple[str, ...]:
        """What new versions of the knowledge changed in the shadow, one sentence a version, its latest run."""
        query = (
            select(ShadowRow.version, ShadowRow.document)
            .where(col(ShadowRow.at) >= period.since, col(ShadowRow.at) < period.until)
            .order_by(col(ShadowRow.at), col(ShadowRow.id))
        )
        return tuple(sentence(json.loads(document)) for document in dict(self._session.exec(query).all()).values())

    def incidents(self, period: Period) -> tuple[IncidentRecord, ...]:
        """Incidents that touch the period, the oldest first."""
        query = (
            select(IncidentRow)
            .where(
                col(IncidentRow.since) < period.until,
                (col(IncidentRow.closed_at).is_(None)) | (col(IncidentRow.closed_at) >= period.since),
            )
            .order_by(col(IncidentRow.since))
        )
        return tuple(
            IncidentRecord(row.id or 0, row.since, row.closed_at, row.said, row.mailboxes, row.tickets, row.state)
            for row in self._session.exec(query)
        )

    def fixes(self, period: Period) -> tuple[FixRecord, ...]:
        """Fixes of the last four weeks up to the period's end, with the tickets of their cause before and after."""
        out = []
        query = (
            select(FixRow)
            .where(
                col(FixRow.since) < period.until,
                col(FixRow.since) >= period.until - FIX_BEFORE - timedelta(days=period.days),
            )
            .order_by(col(FixRow.since))
        )
        for row in self._session.exec(query).all():
            begun = max(row.since - FIX_BEFORE, self._first() or row.since)
            out.append(
                FixRecord(
                    row.cause,
                    row.owner,
                    row.since,
                    row.note,
                    self._count(row.cause, begun, row.since),
                    _days(row.since - begun),
                    self._count(row.cause, row.since, period.until),
                    _days(period.until - row.since),
                )
            )
        return tuple(out)

    def accounts(self) -> int | None:
        """Mailboxes of the imported accounts (of the domain asked for); None where none were imported, or the plan
        is asked for."""
        connection = self._session.connection()
        if self._only.plan or not inspect(connection).has_table("account_entry"):
            return None
        where = " AND domain = :domain" if self._only.domain else ""
        count = connection.execute(
            text("SELECT count(*) FROM account_entry WHERE entry IS NOT NULL" + where),
            {"domain": self._only.domain} if where else {},
        ).scalar_one()
        return int(count) or None

    def _first(self) -> datetime | None:
        first: datetime | None = self._session.exec(select(func.min(TicketFactRow.at))).one()
        return first

    def _count(self, cause: str, since: datetime, until: datetime) -> int:
        query = (
            select(func.count())
            .select_from(TicketFactRow)
            .where(
                TicketFactRow.cause == cause,
                col(TicketFactRow.at) >= since,
                col(TicketFactRow.at) < until,
                *filtered(self._only),
            )
        )
        return int(self._session.exec(query).one())

    def _in(self, period: Period) -> list[ColumnElement[bool]]:
        return within(period.since, period.until, self._only)


def fill(database: Database) -> int:
    """Facts for tickets that were triaged before there were facts, once for a database; returns how many were
    missing."""
    with database.read() as session:
        if session.get(SettingRow, FILLED) is not None:
            return 0
    filled, missing = 0, FILL
    while missing == FILL:
        with database.write("report.fill") as session:
            query = (
                select(TriageRow, TicketRow)
                .join(TicketRow, col(TicketRow.id) == TriageRow.ticket_id)
                .join(TicketFactRow, col(TicketFactRow.ticket_id) == TriageRow.ticket_id, isouter=True)
                .where(col(TicketFactRow.ticket_id).is_(None))
                .order_by(col(TriageRow.created_at))
                .limit(FILL)
            )
            rows = session.exec(query).all()
            for triage, ticket in rows:
                put_fact(session, ticket.id, received(ticket), json.loads(triage.document))
            missing, filled = len(rows), filled + len(rows)
            if missing < FILL:
                session.merge(SettingRow(name=FILLED, value="yes", at=datetime.now(UTC)))
    return filled


def received(ticket: TicketRow) -> datetime:
    """When a ticket counts: when it was received, but no later than it was first seen (a clock of somebody's may be
    wrong)."""
    return min(ticket.received_at, ticket.first_seen) if ticket.received_at else ticket.first_seen


def _days(length: timedelta) -> float:
    return max(0.0, length.total_seconds() / 86_400)
