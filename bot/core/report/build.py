"""Rows to a report: everything that is reckoned, in the order in which the page shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from bot.core.note import title_of
from bot.core.report.clusters import clusters
from bot.core.report.facts import NOT_OURS, UNKNOWN
from bot.core.report.marks import TEST, marks
from bot.core.report.stats import change_p, middle, percentile_of, wilson
from bot.core.report.tally import DIMENSIONS, Decision
from bot.core.report.values import CauseLine, Filter, FixRecord, FixVerdict, Precision, Report, Rows
from bot.core.report.weeks import Period
from knowledge.model import Knowledge

REGRADE = 30
TOP = 5
MOST_UNKNOWN = 10
FIX_ALPHA = 0.05
EARLY_DAYS = 3.0
_RIGHT, _WRONG = ("send", "edit", "graded_right"), ("other_check", "not_ours", "graded_wrong")


def build(rows: Rows, period: Period, zone: str, knowledge: Knowledge, only: Filter | None = None) -> Report:
    """The report of ``period``."""
    tally = rows.tally
    this = {cause: n for cause, n in tally.causes.items() if cause != NOT_OURS}
    whole = sum(this.values())
    earlier = [{c: n for c, n in week.items() if c != NOT_OURS} for week in rows.weeks]
    steps, decided = (
        tally.steps,
        {
            kind: sum(n for (_, decision, _), n in tally.reviews.items() if decision == kind)
            for kind in ("send", "edit", "other_check")
        },
    )
    return Report(
        label=period.label,
        since=period.since,
        until=period.until,
        zone=zone,
        only=only or Filter(),
        tickets=whole,
        not_ours=tally.causes[NOT_OURS],
        mailboxes=rows.mailboxes,
        mailboxes_of=rows.mailboxes_of,
        per_thousand=1000 * whole / rows.mailboxes if rows.mailboxes else None,
        trend=tuple(sum(week.values()) for week in reversed([this, *earlier])),
        causes=_ranked(rows, this, earlier, whole, knowledge),
        test=TEST,
        first_response_p50=percentile_of(tally.responses, 0.5),
        first_response_p90=percentile_of(tally.responses, 0.9),
        answered=tally.responses.total(),
        verified=steps["verified"],
        silent=steps["silent"],
        again=steps["again"],
        open=steps["open"],
        logs_asked=rows.logs_asked,
        funnel=(
            ("received", steps["received"]),
            ("parsed", steps["parsed"]),
            ("matched", steps["matched"]),
            ("answered", tally.responses.total()),
            ("approved unchanged", decided["send"]),
            ("edited", decided["edit"]),
            ("corrected", decided["other_check"]),
        ),
        precision=_precision(tally.reviews, knowledge),
        regrade=regrade(rows.month_tickets, period.first.strftime("%Y-%m")),
        abstained=tuple(sorted(tally.abstained.items(), key=lambda item: (-item[1], item[0]))),
        automatic=steps["automatic"],
        automatic_corrected=steps["corrected"],
        unknown=clusters(rows.unknown)[:MOST_UNKNOWN],
        incidents=rows.incidents,
        fixes=tuple(_verdict(f, knowledge) for f in rows.fixes),
        hosts=rows.hosts,
        coverage=tuple((level, tally.coverage[level]) for level in ("full", "partial", "none")),
        versions=rows.versions,
        shadows=rows.shadows,
    )


def regrade(tickets: Sequence[str], month: str) -> tuple[str, ...]:
    """Thirty tickets of the month, as random as a digest is and the same however often one asks: drawn by SHA-256 of
    month and ticket."""
    return tuple(sorted(tickets, key=lambda t: hashlib.sha256(f"{month}\0{t}".encode()).digest())[:REGRADE])


def named(cause: str, knowledge: Knowledge) -> str:
    """A cause's title; the id where the knowledge has no such cause any more."""
    if cause in knowledge.checks or cause in knowledge.others:
        return title_of(cause, knowledge)
    return "No cause found" if cause == UNKNOWN else cause


def _ranked(
    rows: Rows, this: Mapping[str, int], earlier: Sequence[Mapping[str, int]], total: int, knowledge: Knowledge
) -> tuple[CauseLine, ...]:
    known = [week for week in earlier if week]
    changed = marks(this, known)
    causes = {*this, *(c for c in changed if changed[c] == "RETIRED"), *(c for c, n in rows.silent.items() if n)}
    details = {name: rows.tally.top(name, TOP) for name in DIMENSIONS}
    out = []
    for cause in causes:
        count = this.get(cause, 0)
        low, high = wilson(count, total)
        top = {name: values.get(cause, ()) for name, values in details.items()}
        out.append(
            CauseLine(
                cause,
                named(cause, knowledge),
                count,
                count / total if total else 0.0,
                low,
                high,
                earlier[0].get(cause, 0) if earlier else 0,
                middle([week.get(cause, 0) for week in known]),
                changed.get(cause, ""),
                rows.silent.get(cause, 0),
                rows.unproven.get(cause, 0),
                top["client"],
                top["plan"],
                top["host"],
                top["network"],
                rows.examples.get(cause, ""),
            )
        )
    return tuple(sorted(out, key=lambda c: (-c.tickets, -c.silent, c.cause)))


def _precision(reviews: Mapping[Decision, int], knowledge: Knowledge) -> tuple[Precision, ...]:
    right: dict[str, int] = {}
    judged: dict[str, int] = {}
    for (cause, decision, chosen), count in reviews.items():
        if cause is None or decision not in (*_RIGHT, *_WRONG):
            continue
        same = decision in _RIGHT or (decision == "other_check" and chosen == cause)
        judged[cause] = judged.get(cause, 0) + count
        right[cause] = right.get(cause, 0) + (count if same else 0)
    return tuple(
        Precision(c, named(c, knowledge), right[c], judged[c], *wilson(right[c], judged[c]))
        for c in sorted(judged, key=lambda c: (-judged[c], c))
    )


def _verdict(fix: FixRecord, knowledge: Knowledge) -> FixVerdict:
    """Tickets a week before and after; the same test of two Poisson rates as for changes, at 5 %."""
    if fix.after_days < EARLY_DAYS or fix.before_days <= 0:
        verdict = "too early"
    elif change_p(fix.after, [fix.before], fix.before_days / fix.after_days) > FIX_ALPHA:
        verdict = "no change beyond noise"
    else:
        verdict = "lower" if fix.after / fix.after_days < fix.before / fix.before_days else "higher"
    return FixVerdict(
        fix.cause,
        named(fix.cause, knowledge),
        fix.owner,
        fix.since.date(),
        fix.note,
        _weekly(fix.before, fix.before_days),
        _weekly(fix.after, fix.after_days),
        verdict,
    )


def _weekly(count: int, days: float) -> float:
    return 7 * count / days if days else 0.0
