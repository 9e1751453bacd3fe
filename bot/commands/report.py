"""``triage report`` and ``triage fix``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.adapters.store.reports import StoredReports
from bot.bootstrap import desk_of, knowledge_of
from bot.bootstrap_desk import report_post_of, reporter_of
from bot.commands.operator import who
from bot.core.note import visible
from bot.core.report.charts import chart
from bot.core.report.html import to_html
from bot.core.report.table import to_csv
from bot.core.report.values import Filter, Report
from bot.core.report.weeks import Period, day_named, days_between, midnight, week_before, week_named
from bot.core.report.wording import Section, headline, sections, title_of_report
from bot.errors import InputError
from bot.reporting import Reporter
from bot.settings import Settings, read_settings

PIPE_WIDTH = 160
_STYLES = {"NEW": "bold magenta", "UP": "bold red", "DOWN": "green", "RETIRED": "dim"}


def run(
    *,
    week: str | None,
    since: str | None,
    until: str | None,
    domain: str | None,
    plan: str | None,
    format: str,
    out: Path | None,
    post: bool,
    recount: bool = False,
) -> None:
    """Make the report and write or post it. Raises InputError."""
    settings = read_settings()
    knowledge = knowledge_of(settings)
    if plan is not None and plan not in knowledge.plans:
        raise InputError(f"--plan {plan}: is no plan; there are {', '.join(sorted(knowledge.plans))}")
    if post and (domain or plan):
        raise InputError("--post: sends the whole report; leave out --domain and --plan")
    desk = desk_of(settings)
    reporter = reporter_of(settings, desk, knowledge)
    period = _period(reporter, settings, week, since, until)
    poster = report_post_of(settings, desk, reporter) if post else None
    if recount:
        StoredReports(desk.database).recount()
    _catch_up(reporter)
    report = reporter.report(period, Filter(domain.strip().lower() if domain else None, plan))
    if poster is not None:
        new = poster.post(report)
        for place in poster.places:
            sys.stdout.write(
                f"{report.label}: {place}: {'will be sent by the worker' if place in new else 'was sent already, or waits'}\n"
            )
        return
    _write(report, format, out)


def note_fix(cause: str, owner: str, since: str | None, note: str) -> None:
    """Keep what was done against a cause. Raises InputError."""
    settings = read_settings()
    knowledge = knowledge_of(settings)
    if cause not in knowledge.checks and cause not in knowledge.others:
        raise InputError(f"{cause}: is no cause; triage knowledge list names them")
    desk = desk_of(settings)
    with desk.look() as view:
        day = day_named(since, "--since") if since else view.now.astimezone(settings.report_zone).date()
    StoredReports(desk.database).add_fix(
        cause, visible(owner, 100), midnight(day, settings.report_zone), visible(note, 500)
    )
    with desk.step("fix.audit") as step:
        step.people.audit(who(), "fix", cause, "", f"{day.isoformat()} {owner}")
    sys.stdout.write(f"{cause}: {visible(owner, 100)}, since {day.isoformat()}; the reports say whether it helps\n")


def _period(reporter: Reporter, settings: Settings, week: str | None, since: str | None, until: str | None) -> Period:
    if week and (since or until):
        raise InputError("--week: stands alone, or use --from and --to")
    if since or until:
        if not (since and until):
            raise InputError("--from and --to: belong together")
        return days_between(since, until, settings.report_zone)
    return week_named(week, settings.report_zone) if week else week_before(reporter.clock.now(), settings.report_zone)


def _catch_up(reporter: Reporter) -> None:
    """Take over what is new in the logs; on a terminal it says how far."""
    if not sys.stderr.isatty():
        reporter.catch_up()
        return
    with Console(stderr=True).status("reading what is new in the logs") as status:
        reporter.catch_up(lambda lines: status.update(f"reading what is new in the logs: {lines} lines"))


def _write(report: Report, format: str, out: Path | None) -> None:
    if format == "text" and out is None:
        show(report)
        return
    data = _bytes(report, format)
    if out is None:
        if format == "png" and sys.stdout.isatty():
            raise InputError("--format png: is not for a terminal; name a file with --out")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error.strerror})") from error


def _bytes(report: Report, format: str) -> bytes:
    if format == "json":
        return (json.dumps(report.to_json(), ensure_ascii=False) + "\n").encode()
    if format == "csv":
        return to_csv(report).encode()
    if format == "text":
        from bot.core.report.post import to_text

        return to_text(report).encode()
    from bot.adapters.chart.vega import png_of, svg_of  # the chart engine takes a moment to load

    return (
        png_of(chart(report))
        if format == "png"
        else svg_of(chart(report)).encode()
        if format == "svg"
        else to_html(report, svg_of(chart(report))).encode()
    )


def show(report: Report) -> None:
    """The page on a terminal, or as plain text in a pipe."""
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(Text(title_of_report(report), style="bold"))
    for line in headline(report)[1:]:
        console.print(Text(f"  {line}"))
    for section in sections(report):
        console.print()
        console.print(Text(section.title, style="bold"))
        for sentence in section.sentences:
            console.print(Text(f"  {sentence}"))
        if section.rows:
            console.print(_table(section))


def _table(section: Section) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    for number, column in enumerate(section.columns):
        counted = number > 0 and all(not r[number] or r[number][0].isdigit() for r in section.rows)
        table.add_column(Text(column), justify="right" if counted else "left", overflow="fold")
    for row in section.rows:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return table
