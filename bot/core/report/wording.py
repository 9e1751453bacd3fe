"""The report's sentences and tables, once for every medium: renderers only set them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.note import visible
from bot.core.report.values import CauseLine, Report

CELL = 400
"""Characters of a cell."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences, and a table where ``columns`` is not empty. Cells are plain text; ``key`` names it
    in CSV."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def title_of_report(report: Report) -> str:
    """The page's title."""
    only = ", ".join(
        f"{name} {value}" for name, value in (("domain", report.only.domain), ("plan", report.only.plan)) if value
    )
    return f"Why customers could not connect, {report.label}" + (f" ({visible(only, 120)})" if only else "")


def sections(report: Report) -> list[Section]:
    """The page, in the order that is the same each week."""
    shown = [
        replace(s, rows=tuple(tuple(visible(cell, CELL) for cell in row) for row in s.rows)) for s in _sections(report)
    ]
    return [s for s in shown if s.sentences or s.rows]


def headline(report: Report) -> list[str]:
    """What a reader in a hurry needs: how many, how it has changed, what leads."""
    lines = [_volume(report)]
    lines += [
        f"{c.mark}: {c.title}, {c.tickets} tickets (last week {c.last_week}, usually {_number(c.median)})"
        for c in report.causes
        if c.mark
    ]
    if report.causes and report.causes[0].tickets:
        top = report.causes[0]
        lines.append(
            f"Most frequent: {top.title}, {top.tickets} tickets, {share(top.share)} ({share(top.low)} to {share(top.high)})"
        )
    return lines


def _sections(report: Report) -> Iterator[Section]:
    yield Section("contacts", "Contacts", (_volume(report),))
    yield _causes(report)
    yield Section(
        "details",
        "Who and where",
        (),
        ("cause", "programs", "plans", "hosts", "networks"),
        tuple(
            (c.title, *(_listed(v) for v in (c.clients, c.plans, c.hosts, c.networks)))
            for c in report.causes
            if c.tickets
        ),
    )
    yield Section(
        "lines",
        "What the server says",
        (),
        ("cause", "a line"),
        tuple((c.title, c.example) for c in report.causes if c.example),
    )
    yield Section(
        "response",
        "First response",
        (
            f"Half within {duration(report.first_response_p50)}, nine of ten within {duration(report.first_response_p90)}, "
            f"of {report.answered} answered tickets.",
        )
        if report.answered
        else ("No ticket was answered.",),
    )
    yield _solved(report)
    yield Section(
        "funnel",
        "Quality",
        (
            f"Automatic answers: {report.automatic}, of these corrected or written again: {report.automatic_corrected}.",
            f"Knowledge: {', '.join(report.versions) or 'no triage in these days'}.",
            *report.shadows,
        ),
        ("step", "tickets"),
        tuple((name, str(n)) for name, n in report.funnel),
    )
    yield Section(
        "precision",
        "How often agents said that the cause was right",
        (),
        ("cause", "right", "judged", "share", "95 % from", "to"),
        tuple(
            (p.title, str(p.right), str(p.judged), share(p.right / p.judged), share(p.low), share(p.high))
            for p in report.precision
        ),
    )
    yield Section(
        "abstained",
        "Why nothing was answered",
        (),
        ("reason", "tickets"),
        tuple((why, str(n)) for why, n in report.abstained),
    )
    yield Section(
        "unknown",
        "Errors that nobody knows yet",
        (),
        ("error", "mailboxes", "tickets", "entry"),
        tuple((u.text, str(u.mailboxes), str(u.tickets), u.id) for u in report.unknown),
    )
    yield Section(
        "incidents",
        "Incidents",
        () if report.incidents else ("None.",),
        ("incident", "since", "until", "mailboxes", "tickets", "what"),
        tuple(
            (
                str(i.id),
                f"{i.since:%a %d %b %H:%M} UTC",
                f"{i.until:%a %d %b %H:%M} UTC" if i.until else "open",
                str(i.mailboxes),
                str(i.tickets),
                i.said,
            )
            for i in report.incidents
        ),
    )
    yield Section(
        "fixes",
        "Did the fixes help",
        () if report.fixes else ("No fix was noted (triage fix CAUSE --owner NAME).",),
        ("cause", "owner", "since", "tickets a week before", "after", "so far"),
        tuple(
            (
                f.title,
                visible(f.owner, 80),
                f.since.isoformat(),
                _number(f.before_per_week),
                _number(f.after_per_week),
                f.verdict,
            )
            for f in report.fixes
        ),
    )
    yield _quality(report)
    yield Section(
        "regrade",
        "To grade again without looking at the bot's answer",
        (
            f"{len(report.regrade)} tickets of the month, drawn at random; triage learn grade TICKET CAUSE keeps the verdict.",
        )
        if report.regrade
        else (),
        ("ticket",),
        tuple((visible(t, 200),) for t in report.regrade),
    )


def _volume(report: Report) -> str:
    said = f"{report.tickets} tickets about connecting, {report.not_ours} about something else"
    if report.per_thousand is not None:
        said += f"; {report.per_thousand:.2f} per 1,000 mailboxes ({report.mailboxes} {report.mailboxes_of})"
    earlier = [n for n in report.trend[:-1] if n]
    return said + (f"; the weeks before: {', '.join(map(str, report.trend[:-1]))}" if earlier else "") + "."


def _causes(report: Report) -> Section:
    columns = (
        "cause",
        "tickets",
        "share",
        "95 % from",
        "to",
        "last week",
        "median of 8",
        "change",
        "silent in the logs",
        "perhaps strangers",
    )
    return Section(
        "causes",
        "Causes",
        (
            f"Silent: mailboxes that fail in the logs from an address of their own and wrote nothing. Marks: {report.test}",
        ),
        columns,
        tuple(_cause(c) for c in report.causes),
    )


def _cause(c: CauseLine) -> tuple[str, ...]:
    return (
        c.title,
        str(c.tickets),
        share(c.share),
        share(c.low),
        share(c.high),
        f"{c.last_week} ({c.tickets - c.last_week:+d})",
        _number(c.median),
        c.mark,
        str(c.silent),
        str(c.unproven),
    )


def _solved(report: Report) -> Section:
    seen = str(report.verified) if report.logs_asked else "unknown (no logs)"
    return (
        Section(
            "solved",
            "Solved",
            (),
            ("what became of answered tickets", "tickets"),
            (
                ("the server saw a login within two days", seen),
                ("nothing was heard", str(report.silent)),
                ("the customer wrote again", str(report.again)),
                ("too early to tell", str(report.open)),
            ),
        )
        if report.answered
        else Section("solved", "Solved")
    )


def _quality(report: Report) -> Section:
    rows = tuple(
        (
            visible(h.host, 100),
            h.program,
            share(h.covered),
            str(len(h.gaps)),
            "; ".join(f"{a:%a %H:%M} to {b:%a %H:%M}" for a, b in h.gaps[:3]),
        )
        for h in report.hosts
    )
    covered = ", ".join(f"{level} {n}" for level, n in report.coverage)
    return Section(
        "quality",
        "How good the data is",
        (
            f"What the logs covered of the tickets' failures: {covered}.",
            *(() if rows else ("No server log covers these days.",)),
        ),
        ("host", "log", "covered", "gaps", "the first gaps, UTC"),
        rows,
    )


def share(value: float) -> str:
    """A share in per cent."""
    return f"{100 * value:.1f} %"


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".removesuffix(".0")


def _listed(values: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{visible(v, 60)} {n}" for v, n in values[:3])
