"""Tickets, answers and decisions counted: by SQL over any stretch, and kept by the day and the month so that long
stretches are sums."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, false, text
from sqlalchemy import select as columns_of
from sqlmodel import Session, col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import TallyRow, TicketFactRow
from bot.adapters.store.tables import DeliveryRow, MessageRow, ReviewRow, TicketRow
from bot.core.report.tally import SOLVED_WITHIN, Answered, Tally, total
from bot.core.report.values import Filter

STRETCHES_A_STEP = 5
"""Days or months that are added up in one transaction, while others wait to write."""
_DETAILS = {
    "client": (TicketFactRow.client, TicketFactRow.version),
    "plan": (TicketFactRow.plan,),
    "host": (TicketFactRow.host,),
    "network": (TicketFactRow.network,),
}
REPLY_IS_OUT = text("delivery.kind = 'reply' AND delivery.state = 'sent'")
"""As the indexes over such deliveries say it, word for word: only then are they used."""
Stretch = tuple[datetime, datetime]
ByPlan = dict[str, Tally]
"""plan ("" where none is known) -> its counts."""


def tally(session: Session, since: datetime, until: datetime, only: Filter, now: datetime) -> Tally:
    """Everything in [since, until), from the days that are kept and, where none are, from the rows themselves."""
    if only.domain:
        return total(counted(session, since, until, only, now).values())
    whole = Tally()
    for begun, ended, kept in _pieces(session, since, until, TallyRow.causes, TallyRow.document):
        if kept is None:
            for one in counted(session, begun, ended, only, now).values():
                whole.add(one)
            continue
        for (plan, found), rest in zip(json.loads(kept[0]).items(), json.loads(kept[1]).values(), strict=True):
            if only.plan in (None, plan):
                whole.causes.update(found)
                whole.add_json(rest)
    return whole


def causes(session: Session, since: datetime, until: datetime, only: Filter) -> dict[str, int]:
    """cause -> tickets in [since, until)."""
    found: Tally = Tally()
    pieces = [(since, until, None)] if only.domain else _pieces(session, since, until, TallyRow.causes)
    for begun, ended, kept in pieces:
        if kept is None:
            query = (
                select(TicketFactRow.cause, func.count())
                .where(*within(begun, ended, only))
                .group_by(TicketFactRow.cause)
            )
            found.causes.update(dict(session.exec(query).all()))
        else:
            for plan, counts in json.loads(kept[0]).items():
                if only.plan in (None, plan):
                    found.causes.update(counts)
    return dict(found.causes)


def counted(session: Session, since: datetime, until: datetime, only: Filter, now: datetime) -> ByPlan:
    """Everything in [since, until), counted from the rows."""
    out: ByPlan = {}
    fact = TicketFactRow
    alike = [col(c) for c in (fact.plan, fact.cause, fact.coverage, fact.abstained, fact.parsed, fact.matched)]
    execute, here = session.connection().execute, within(since, until, only)
    rows: Sequence[Any] = execute(columns_of(*alike, func.count()).where(*here).group_by(*alike)).all()
    for plan, cause, coverage, why, parsed, matched, count in rows:
        _of(out, plan).ticket(cause, coverage, why, parsed=bool(parsed), matched=bool(matched), count=count)
    for name, columns in _DETAILS.items():
        wanted = [col(fact.plan), col(fact.cause), *(col(c) for c in columns)]
        rows = execute(
            columns_of(*wanted, func.count()).where(*here, col(columns[0]).is_not(None)).group_by(*wanted)
        ).all()
        for plan, cause, *values, count in rows:
            _of(out, plan).detail(name, str(cause), " ".join(value for value in values if value), count)
    for plan, one, corrected in answered(session, here):
        _of(out, plan).answer(one, now)
        _of(out, plan).steps["corrected"] += corrected
    for plan, cause, decision, chosen, count in _reviews(session, since, until, only):
        _of(out, plan).reviews[cause, decision, chosen] += count
    return out


def answered(session: Session, here: Sequence[ColumnElement[bool]]) -> Iterator[tuple[str | None, Answered, bool]]:
    """(plan, ticket, corrected) of those whose reply is outside, with the first reply's time. Corrected: it was an
    automatic one, and a human then named another cause, or the customer needed another round.

    Asked ticket by ticket, each by an index: a join is at the mercy of a planner that has no statistics.
    """
    fact = TicketFactRow
    own = [col(c) for c in (fact.plan, fact.ticket_id, fact.mailbox, fact.at, fact.verified)]
    replies: list[Any] = [col(DeliveryRow.ticket_id) == col(fact.ticket_id), REPLY_IS_OUT]
    first = (
        columns_of(
            *own,
            columns_of(func.min(col(DeliveryRow.sent_at))).where(*replies).scalar_subquery().label("sent"),
            columns_of(func.max(_flag(DeliveryRow.automatic))).where(*replies).scalar_subquery().label("automatic"),
        )
        .where(*here)
        .subquery()
    )
    later = (
        columns_of(col(MessageRow.id))
        .where(
            col(MessageRow.ticket_id) == first.c.ticket_id,
            col(MessageRow.at) > first.c.sent,
            col(MessageRow.from_agent).is_(False),
        )
        .exists()
    )
    otherwise = (
        columns_of(col(ReviewRow.id))
        .where(col(ReviewRow.ticket_id) == first.c.ticket_id, col(ReviewRow.decision).in_(("other_check", "not_ours")))
        .exists()
    )
    again = (
        columns_of(col(TicketRow.id)).where(col(TicketRow.id) == first.c.ticket_id, col(TicketRow.round) > 1).exists()
    )
    query = columns_of(first, later, case((first.c.automatic == 1, otherwise | again), else_=false())).where(
        first.c.sent.is_not(None)
    )
    rows: Sequence[Any] = session.connection().execute(query).all()
    for plan, ticket, mailbox, at, verified, sent, automatic, wrote, corrected in rows:
        yield plan, Answered(ticket, mailbox, at, sent, bool(automatic), bool(wrote), bool(verified)), bool(corrected)


def _reviews(session: Session, since: datetime, until: datetime, only: Filter) -> list[Any]:
    """(plan, cause, decision, chosen, count) of the decisions taken in [since, until)."""
    wanted = [col(TicketFactRow.plan), col(ReviewRow.cause), col(ReviewRow.decision), col(ReviewRow.chosen)]
    query = (
        columns_of(*wanted, func.count())
        .select_from(ReviewRow)
        .join(TicketFactRow, col(TicketFactRow.ticket_id) == col(ReviewRow.ticket_id), isouter=True)
        .where(col(ReviewRow.at) >= since, col(ReviewRow.at) < until, *filtered(only))
        .group_by(*wanted)
    )
    return list(session.connection().execute(query).all())


# -- days that are kept ----------------------------------------------------------------------------------------------


def keep(database: Database, days: Sequence[Stretch], months: Sequence[Stretch], now: datetime) -> int:
    """Add up days [since, until), and from these months, that are not kept yet and over for good: nobody's answer is
    too young to judge. Returns how many were added up. Stretches that were cut otherwise (another REPORT_ZONE) go.
    """
    with database.read() as session:
        kept = set(session.exec(select(TallyRow.since, TallyRow.until)))
    missing = [stretch for stretch in (*days, *months) if stretch not in kept and stretch[1] + SOLVED_WITHIN < now]
    done = 0
    for start in range(0, len(missing), STRETCHES_A_STEP):
        with database.write("report.tally") as session:
            if not database.sqlite:  # writers wait here in their triggers, so that nothing is counted while it changes
                session.connection().execute(text("LOCK TABLE tally IN SHARE ROW EXCLUSIVE MODE"))
            for since, until in missing[start : start + STRETCHES_A_STEP]:
                if session.get(TallyRow, (since, until)) is not None:
                    continue  # another process was faster
                _clear(session, since, until)
                found = (
                    _summed(session, since, until)
                    if (since, until) in months
                    else counted(session, since, until, Filter(), now)
                )
                if found is not None and not any(one.steps["open"] for one in found.values()):
                    session.add(
                        TallyRow(
                            since=since,
                            until=until,
                            causes=_json({plan: one.causes for plan, one in found.items()}),
                            document=_json({plan: one.to_json() for plan, one in found.items()}),
                        )
                    )
                    done += 1
    return done


def _clear(session: Session, since: datetime, until: datetime) -> None:
    """Remove what overlaps a stretch without being a part of it or having it as one."""
    own, theirs = (
        (col(TallyRow.since) >= since) & (col(TallyRow.until) <= until),
        (col(TallyRow.since) <= since) & (col(TallyRow.until) >= until),
    )
    session.connection().execute(
        delete(TallyRow).where(col(TallyRow.since) < until, col(TallyRow.until) > since, ~own, ~theirs)
    )


def _summed(session: Session, since: datetime, until: datetime) -> ByPlan | None:
    """A month, from its days; None where one of them is not kept."""
    out: ByPlan = {}
    for _, _, kept in _pieces(session, since, until, TallyRow.causes, TallyRow.document):
        if kept is None:
            return None
        for (plan, found), rest in zip(json.loads(kept[0]).items(), json.loads(kept[1]).values(), strict=True):
            _of(out, plan).causes.update(found)
            _of(out, plan).add_json(rest)
    return out


def forget_days(database: Database) -> None:
    """Every day is added up anew by the next report."""
    with database.write("report.forget") as session:
        session.connection().execute(delete(TallyRow))


def _pieces(
    session: Session, since: datetime, until: datetime, *columns: Any
) -> Iterator[tuple[datetime, datetime, tuple[Any, ...] | None]]:
    """[since, until) in order: the longest stretches that are kept, with their columns, and what lies between them
    with None."""
    query = (
        columns_of(col(TallyRow.since), col(TallyRow.until), *(col(c) for c in columns))
        .where(col(TallyRow.since) >= since, col(TallyRow.until) <= until)
        .order_by(col(TallyRow.since), col(TallyRow.until).desc())
    )
    at = since
    for begun, ended, *kept in session.connection().execute(query):
        if begun < at:
            continue
        if begun > at:
            yield at, begun, None
        yield begun, ended, tuple(kept)
        at = ended
    if at < until:
        yield at, until, None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def within(since: datetime, until: datetime, only: Filter) -> list[ColumnElement[bool]]:
    """Tickets received in [since, until) that a report is about."""
    return [col(TicketFactRow.at) >= since, col(TicketFactRow.at) < until, *filtered(only)]


def filtered(only: Filter) -> Iterator[ColumnElement[bool]]:
    """The domain or plan that a report is about."""
    if only.domain:
        yield col(TicketFactRow.domain) == only.domain
    if only.plan:
        yield col(TicketFactRow.plan) == only.plan


def _of(found: ByPlan, plan: str | None) -> Tally:
    if (plan or "") not in found:
        found[plan or ""] = Tally()
    return found[plan or ""]


def _flag(column: Any) -> Any:
    return case((col(column).is_(True), 1), else_=0)
