"""What reports read, as aggregates in SQL; one snapshot a report. SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, distinct, inspect, text
from sqlalchemy import select as columns_of
from sqlmodel import Session, col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import FixRow, IncidentRow, TicketFactRow
from bot.adapters.store.tables import DeliveryRow, MessageRow, ReviewRow, SettingRow, TicketRow, TriageRow
from bot.core.report.facts import NOT_OURS, fact_of
from bot.core.report.values import Answered, Filter, FixRecord, IncidentRecord, Reviewed
from bot.core.report.weeks import Period

FILL = 500
FILLED = "report:filled"
"""The setting that says that every ticket has its fact: from then on each is written with its triage."""
FIX_BEFORE = timedelta(days=28)
TOP = 5
MOST_UNKNOWN = 5_000
_DETAILS = {"plan": TicketFactRow.plan, "host": TicketFactRow.host, "network": TicketFactRow.network}


def put_fact(session: Session, ticket_id: str, at: datetime, document: Mapping[str, Any], plan: str | None = None) -> None:
    """Keep what a ticket counts by; its latest triage replaces what an earlier one said."""
    fact = fact_of(document, plan)
    session.merge(TicketFactRow(ticket_id=ticket_id, at=at, **{name: getattr(fact, name) for name in fact.__slots__}))


class ReportRows:
    """The questions of one report, within one session."""

    def __init__(self, session: Session, only: Filter) -> None:
        self._session, self._only = session, only

    def causes(self, period: Period) -> dict[str, int]:
        """cause -> tickets; verdict none under not_ours."""
        query = select(TicketFactRow.cause, func.count()).where(*self._in(period)).group_by(TicketFactRow.cause)
        return dict(self._session.exec(query).all())

    def details(self, period: Period) -> dict[str, dict[str, tuple[tuple[str, int], ...]]]:
        """client (with version), plan, host, network -> cause -> the most frequent values."""
        out = {"client": self._top(period, TicketFactRow.client, TicketFactRow.version)}
        return out | {name: self._top(period, column) for name, column in _DETAILS.items()}

    def _top(self, period: Period, *columns: Any) -> dict[str, tuple[tuple[str, int], ...]]:
        query = columns_of(col(TicketFactRow.cause), *(col(c) for c in columns), func.count()).where(*self._in(period), col(columns[0]).is_not(None)) \
            .group_by(TicketFactRow.cause, *columns).order_by(func.count().desc(), *columns)
        out: dict[str, list[tuple[str, int]]] = {}
        for cause, *values, count in self._session.connection().execute(query):
            held = out.setdefault(cause, [])
            if len(held) < TOP:
                held.append((" ".join(v for v in values if v), count))
        return {cause: tuple(values) for cause, values in out.items()}

    def example(self, period: Period, cause: str) -> str:
        """A masked line that decided a ticket of that cause, a confirmed one first; empty where there is none."""
        query = select(TicketFactRow.line).where(*self._in(period), TicketFactRow.cause == cause, col(TicketFactRow.line).is_not(None)) \
            .order_by(TicketFactRow.confidence, col(TicketFactRow.at).desc()).limit(1)
        return self._session.exec(query).first() or ""

    def funnel(self, period: Period) -> dict[str, int]:
        """received, parsed, matched."""
        query = select(func.count(), func.sum(_flag(TicketFactRow.parsed)), func.sum(_flag(TicketFactRow.matched))).where(*self._in(period))
        received, parsed, matched = self._session.exec(query).one()
        return {"received": received, "parsed": int(parsed or 0), "matched": int(matched or 0)}

    def coverage(self, period: Period) -> dict[str, int]:
        """full, partial, none -> tickets about connecting."""
        query = select(TicketFactRow.coverage, func.count()).where(*self._in(period), TicketFactRow.cause != NOT_OURS).group_by(TicketFactRow.coverage)
        return dict(self._session.exec(query).all())

    def abstained(self, period: Period) -> tuple[tuple[str, int], ...]:
        """Why nothing was answered, the most frequent first."""
        query = select(TicketFactRow.abstained, func.count()).where(*self._in(period), col(TicketFactRow.abstained).is_not(None)) \
            .group_by(col(TicketFactRow.abstained)).order_by(func.count().desc(), col(TicketFactRow.abstained))
        return tuple((str(why), count) for why, count in self._session.exec(query))

    def unknown(self, period: Period) -> tuple[tuple[str, str | None, int], ...]:
        """(masked error text, mailbox, tickets) of errors that nothing knows."""
        query = select(TicketFactRow.unknown_text, TicketFactRow.mailbox, func.count()).where(*self._in(period), col(TicketFactRow.unknown_text).is_not(None)) \
            .group_by(col(TicketFactRow.unknown_text), col(TicketFactRow.mailbox)).order_by(func.count().desc(), col(TicketFactRow.unknown_text)).limit(MOST_UNKNOWN)
        return tuple((str(said), mailbox, count) for said, mailbox, count in self._session.exec(query))

    def answered(self, period: Period) -> tuple[Answered, ...]:
        """Tickets whose reply is outside, with the first reply's time."""
        fact, reply = TicketFactRow, DeliveryRow
        columns = [col(fact.ticket_id), col(fact.mailbox), col(fact.at), func.min(col(reply.sent_at)).label("sent_at"), func.max(_flag(reply.automatic)).label("automatic")]
        first = columns_of(*columns).join(reply, col(reply.ticket_id) == col(fact.ticket_id)) \
            .where(*self._in(period), col(reply.kind) == "reply", col(reply.state) == "sent", col(reply.sent_at).is_not(None)) \
            .group_by(col(fact.ticket_id), col(fact.mailbox), col(fact.at)).subquery()
        later = columns_of(col(MessageRow.id)).where(
            col(MessageRow.ticket_id) == first.c.ticket_id, col(MessageRow.at) > first.c.sent_at, col(MessageRow.from_agent).is_(False)).exists()
        rows = self._session.connection().execute(columns_of(first, later))
        return tuple(Answered(ticket, mailbox, at, sent, bool(automatic), bool(again)) for ticket, mailbox, at, sent, automatic, again in rows)

    def reviews(self, period: Period) -> tuple[Reviewed, ...]:
        """Agents' decisions of the period, counted."""
        query = select(ReviewRow.cause, ReviewRow.decision, ReviewRow.chosen, func.count()).where(col(ReviewRow.at) >= period.since, col(ReviewRow.at) < period.until)
        if self._only.domain or self._only.plan:
            query = query.join(TicketFactRow, col(TicketFactRow.ticket_id) == ReviewRow.ticket_id).where(*self._filtered())
        query = query.group_by(col(ReviewRow.cause), col(ReviewRow.decision), col(ReviewRow.chosen))
        return tuple(Reviewed(cause, decision, chosen, count) for cause, decision, chosen, count in self._session.exec(query))

    def automatic_corrected(self, period: Period) -> int:
        """Tickets with an automatic answer that a human then corrected, or whose customer needed another round."""
        query = select(func.count(distinct(col(TicketFactRow.ticket_id)))).join(DeliveryRow, col(DeliveryRow.ticket_id) == TicketFactRow.ticket_id) \
            .join(TicketRow, col(TicketRow.id) == TicketFactRow.ticket_id) \
            .join(ReviewRow, and_(col(ReviewRow.ticket_id) == TicketFactRow.ticket_id, col(ReviewRow.decision).in_(("other_check", "not_ours"))), isouter=True) \
            .where(*self._in(period), DeliveryRow.kind == "reply", DeliveryRow.state == "sent", col(DeliveryRow.automatic).is_(True),
                   (col(ReviewRow.id).is_not(None)) | (col(TicketRow.round) > 1))
        return int(self._session.exec(query).one())

    def tickets(self, since: datetime, until: datetime) -> tuple[str, ...]:
        """Ids of tickets about connecting, received in [since, until)."""
        query = select(TicketFactRow.ticket_id).where(col(TicketFactRow.at) >= since, col(TicketFactRow.at) < until, TicketFactRow.cause != NOT_OURS, *self._filtered())
        return tuple(self._session.exec(query))

    def mailboxes_of(self, period: Period, cause: str) -> set[str]:
        """Mailboxes that wrote a ticket of that cause."""
        query = select(TicketFactRow.mailbox).where(*self._in(period), TicketFactRow.cause == cause, col(TicketFactRow.mailbox).is_not(None)).distinct()
        return {str(mailbox) for mailbox in self._session.exec(query)}

    def versions(self, period: Period) -> tuple[str, ...]:
        """Knowledge versions of the period's triages."""
        query = select(TriageRow.knowledge_version).where(col(TriageRow.created_at) >= period.since, col(TriageRow.created_at) < period.until).distinct()
        return tuple(sorted(self._session.exec(query)))

    def incidents(self, period: Period) -> tuple[IncidentRecord, ...]:
        """Incidents that touch the period, the oldest first."""
        query = select(IncidentRow).where(col(IncidentRow.since) < period.until, (col(IncidentRow.closed_at).is_(None)) | (col(IncidentRow.closed_at) >= period.since)) \
            .order_by(col(IncidentRow.since))
        return tuple(IncidentRecord(row.id or 0, row.since, row.closed_at, row.said, row.mailboxes, row.tickets, row.state) for row in self._session.exec(query))

    def fixes(self, period: Period) -> tuple[FixRecord, ...]:
        """Fixes of the last four weeks up to the period's end, with the tickets of their cause before and after."""
        out = []
        query = select(FixRow).where(col(FixRow.since) < period.until, col(FixRow.since) >= period.until - FIX_BEFORE - timedelta(days=period.days)).order_by(col(FixRow.since))
        for row in self._session.exec(query).all():
            begun = max(row.since - FIX_BEFORE, self._first() or row.since)
            out.append(FixRecord(row.cause, row.owner, row.since, row.note, self._count(row.cause, begun, row.since), _days(row.since - begun),
                                 self._count(row.cause, row.since, period.until), _days(period.until - row.since)))
        return tuple(out)

    def accounts(self) -> int | None:
        """Mailboxes of the imported accounts (of the domain asked for); None where none were imported, or the plan is asked for."""
        connection = self._session.connection()
        if self._only.plan or not inspect(connection).has_table("account_entry"):
            return None
        where = " AND domain = :domain" if self._only.domain else ""
        count = connection.execute(text("SELECT count(*) FROM account_entry WHERE entry IS NOT NULL" + where), {"domain": self._only.domain} if where else {}).scalar_one()
        return int(count) or None

    def _first(self) -> datetime | None:
        first: datetime | None = self._session.exec(select(func.min(TicketFactRow.at))).one()
        return first

    def _count(self, cause: str, since: datetime, until: datetime) -> int:
        query = select(func.count()).select_from(TicketFactRow).where(TicketFactRow.cause == cause, col(TicketFactRow.at) >= since, col(TicketFactRow.at) < until, *self._filtered())
        return int(self._session.exec(query).one())

    def _in(self, period: Period) -> list[ColumnElement[bool]]:
        return [col(TicketFactRow.at) >= period.since, col(TicketFactRow.at) < period.until, *self._filtered()]

    def _filtered(self) -> Iterator[ColumnElement[bool]]:
        if self._only.domain:
            yield col(TicketFactRow.domain) == self._only.domain
        if self._only.plan:
            yield col(TicketFactRow.plan) == self._only.plan


def fill(database: Database) -> int:
    """Facts for tickets that were triaged before there were facts, once for a database; returns how many were missing."""
    with database.read() as session:
        if session.get(SettingRow, FILLED) is not None:
            return 0
    filled, missing = 0, FILL
    while missing == FILL:
        with database.write("report.fill") as session:
            query = select(TriageRow, TicketRow).join(TicketRow, col(TicketRow.id) == TriageRow.ticket_id) \
                .join(TicketFactRow, col(TicketFactRow.ticket_id) == TriageRow.ticket_id, isouter=True).where(col(TicketFactRow.ticket_id).is_(None)) \
                .order_by(col(TriageRow.created_at)).limit(FILL)
            rows = session.exec(query).all()
            for triage, ticket in rows:
                put_fact(session, ticket.id, received(ticket), json.loads(triage.document))
            missing, filled = len(rows), filled + len(rows)
            if missing < FILL:
                session.merge(SettingRow(name=FILLED, value="yes", at=datetime.now(UTC)))
    return filled


def received(ticket: TicketRow) -> datetime:
    """When a ticket counts: when it was received, but no later than it was first seen (a clock of somebody's may be wrong)."""
    return min(ticket.received_at, ticket.first_seen) if ticket.received_at else ticket.first_seen


def _flag(column: Any) -> Any:
    return case((col(column).is_(True), 1), else_=0)


def _days(length: timedelta) -> float:
    return max(0.0, length.total_seconds() / 86_400)

