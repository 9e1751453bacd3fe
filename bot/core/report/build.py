"""Rows to a report: everything that is reckoned, in the order in which the page shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.core.note import title_of
from bot.core.report.clusters import clusters
from bot.core.report.facts import NOT_OURS, UNKNOWN
from bot.core.report.marks import TEST, marks
from bot.core.report.stats import change_p, middle, percentile, wilson
from bot.core.report.values import (
    Answered,
    CauseLine,
    Filter,
    FixRecord,
    FixVerdict,
    Precision,
    Report,
    Reviewed,
    Rows,
)
from bot.core.report.weeks import Period
from knowledge.model import Knowledge

SOLVED_WITHIN = timedelta(days=2)
"""A login of that mailbox so soon after the reply verifies it (mail-desk: that client logs in within 48 h)."""
REGRADE = 30
TOP = 5
MOST_UNKNOWN = 10
FIX_ALPHA = 0.05
EARLY_DAYS = 3.0
_RIGHT, _WRONG = ("send", "edit", "graded_right"), ("other_check", "not_ours", "graded_wrong")


def build(rows: Rows, period: Period, zone: str, now: datetime, knowledge: Knowledge, only: Filter | None = None) -> Report:
    """The report of ``period``. ``now`` tells which answers are too young to judge."""
    this = dict(rows.weeks[0]) if rows.weeks else {}
    not_ours = this.pop(NOT_OURS, 0)
    total = sum(this.values())
    earlier = [{c: n for c, n in week.items() if c != NOT_OURS} for week in rows.weeks[1:]]
    outcome = _outcomes(rows, now)
    decisions = {kind: sum(r.count for r in rows.reviews if r.decision == kind) for kind in ("send", "edit", "other_check")}
    responses = [max(0.0, (a.replied - a.received).total_seconds()) for a in rows.answered]
    return Report(
        label=period.label, since=period.since, until=period.until, zone=zone, only=only or Filter(), tickets=total, not_ours=not_ours,
        mailboxes=rows.mailboxes, mailboxes_of=rows.mailboxes_of,
        per_thousand=1000 * total / rows.mailboxes if rows.mailboxes else None,
        trend=tuple(sum(week.values()) for week in reversed([this, *earlier])),
        causes=_ranked(rows, this, earlier, total, knowledge), test=TEST,
        first_response_p50=percentile(responses, 0.5), first_response_p90=percentile(responses, 0.9),
        answered=len(rows.answered), verified=outcome["verified"], silent=outcome["silent"], again=outcome["again"], open=outcome["open"], logs_asked=rows.logs_asked,
        funnel=(("received", rows.funnel.get("received", 0)), ("parsed", rows.funnel.get("parsed", 0)), ("matched", rows.funnel.get("matched", 0)),
                ("answered", len(rows.answered)), ("approved unchanged", decisions["send"]), ("edited", decisions["edit"]), ("corrected", decisions["other_check"])),
        precision=_precision(rows.reviews, knowledge), regrade=regrade(rows.month_tickets, period.first.strftime("%Y-%m")),
        abstained=rows.abstained, automatic=sum(a.automatic for a in rows.answered), automatic_corrected=rows.automatic_corrected,
        unknown=clusters(rows.unknown)[:MOST_UNKNOWN], incidents=rows.incidents, fixes=tuple(_verdict(f, knowledge) for f in rows.fixes), hosts=rows.hosts,
        coverage=tuple((level, rows.coverage.get(level, 0)) for level in ("full", "partial", "none")), versions=rows.versions,
    )


def regrade(tickets: Sequence[str], month: str) -> tuple[str, ...]:
    """Thirty tickets of the month, as random as a digest is and the same however often one asks: drawn by SHA-256 of month and ticket."""
    return tuple(sorted(tickets, key=lambda t: hashlib.sha256(f"{month}\0{t}".encode()).digest())[:REGRADE])


def named(cause: str, knowledge: Knowledge) -> str:
    """A cause's title; the id where the knowledge has no such cause any more."""
    if cause in knowledge.checks or cause in knowledge.others:
        return title_of(cause, knowledge)
    return "No cause found" if cause == UNKNOWN else cause


def _ranked(rows: Rows, this: Mapping[str, int], earlier: Sequence[Mapping[str, int]], total: int, knowledge: Knowledge) -> tuple[CauseLine, ...]:
    known = [week for week in earlier if week]
    changed = marks(this, known)
    causes = {*this, *(c for c in changed if changed[c] == "RETIRED"), *(c for c, n in rows.silent.items() if n)}
    out = []
    for cause in causes:
        count = this.get(cause, 0)
        low, high = wilson(count, total)
        top = {name: rows.details.get(name, {}).get(cause, ())[:TOP] for name in ("client", "plan", "host", "network")}
        out.append(CauseLine(
            cause, named(cause, knowledge), count, count / total if total else 0.0, low, high, earlier[0].get(cause, 0) if earlier else 0,
            middle([week.get(cause, 0) for week in known]), changed.get(cause, ""), rows.silent.get(cause, 0), rows.unproven.get(cause, 0),
            top["client"], top["plan"], top["host"], top["network"], rows.examples.get(cause, "")))
    return tuple(sorted(out, key=lambda c: (-c.tickets, -c.silent, c.cause)))


def _outcomes(rows: Rows, now: datetime) -> dict[str, int]:
    """Each answered ticket in one of four: the customer wrote again, the server saw a login, nothing was heard, or it is too early to tell."""
    out = {"verified": 0, "silent": 0, "again": 0, "open": 0}
    for ticket in rows.answered:
        out[_outcome(ticket, ticket.ticket_id in rows.verified, now)] += 1
    return out


def _outcome(ticket: Answered, verified: bool, now: datetime) -> str:
    if ticket.wrote_again:
        return "again"
    if verified:
        return "verified"
    return "open" if now - ticket.replied < SOLVED_WITHIN else "silent"


def _precision(reviews: Sequence[Reviewed], knowledge: Knowledge) -> tuple[Precision, ...]:
    right: dict[str, int] = {}
    judged: dict[str, int] = {}
    for row in reviews:
        if row.cause is None or row.decision not in (*_RIGHT, *_WRONG):
            continue
        same = row.decision in _RIGHT or (row.decision == "other_check" and row.chosen == row.cause)
        judged[row.cause] = judged.get(row.cause, 0) + row.count
        right[row.cause] = right.get(row.cause, 0) + (row.count if same else 0)
    return tuple(Precision(c, named(c, knowledge), right[c], judged[c], *wilson(right[c], judged[c])) for c in sorted(judged, key=lambda c: (-judged[c], c)))


def _verdict(fix: FixRecord, knowledge: Knowledge) -> FixVerdict:
    """Tickets a week before and after; the same test of two Poisson rates as for changes, at 5 %."""
    if fix.after_days < EARLY_DAYS or fix.before_days <= 0:
        verdict = "too early"
    elif change_p(fix.after, [fix.before], fix.before_days / fix.after_days) > FIX_ALPHA:
        verdict = "no change beyond noise"
    else:
        verdict = "lower" if fix.after / fix.after_days < fix.before / fix.before_days else "higher"
    return FixVerdict(fix.cause, named(fix.cause, knowledge), fix.owner, fix.since.date(), fix.note, _weekly(fix.before, fix.before_days),
                      _weekly(fix.after, fix.after_days), verdict)


def _weekly(count: int, days: float) -> float:
    return 7 * count / days if days else 0.0
