"""The report as it is sent: what each outlet needs to draw it, under a key by which it goes out once."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.desk.values import Send
from bot.core.report.html import to_html
from bot.core.report.values import Report
from bot.core.report.wording import Section, headline, sections, title_of_report

TOP_CAUSES = 8
LATEST = timedelta(hours=24)
"""How long after its time a report is still posted by itself: after an outage yes, days late no."""


def key_of(label: str, place: str) -> str:
    """Once for each period and place."""
    return f"report:{label}:{place}"


def sends_of(report: Report, place: str, png: bytes) -> Iterator[Send]:
    """The deliveries of a report to a place: the page and, in Slack, its picture in the thread below (two, since
    each must be found again by its own key)."""
    outlet, key = place.partition("/")[0], key_of(report.label, place)
    picture = {
        "name": f"report-{report.label.replace('/', '-')}",
        "title": title_of_report(report),
        "png": base64.b64encode(png).decode(),
    }
    if outlet == "slack":
        yield Send(
            key,
            outlet,
            "report",
            place,
            {"title": title_of_report(report), "lines": headline(report), "table": summary(report)},
            priority=6,
        )
        yield Send(f"{key}:picture", outlet, "report_picture", place, {"under": key, **picture}, priority=7)
    else:
        yield Send(
            key,
            outlet,
            "report",
            place,
            {
                "subject": title_of_report(report),
                "to": place.partition("/")[2],
                "text": to_text(report),
                "html": to_html(report),
                **picture,
            },
            priority=6,
        )


def summary(report: Report) -> list[str]:
    """The leading causes, one line each."""
    return [
        f"{c.tickets} ({c.tickets - c.last_week:+d}) {c.title}{' ' + c.mark if c.mark else ''}"
        + (f", {c.silent} more mailboxes silent in the logs" if c.silent else "")
        for c in report.causes[:TOP_CAUSES]
    ]


def to_text(report: Report) -> str:
    """The whole page as plain text."""
    lines = [title_of_report(report), ""]
    for section in sections(report):
        lines += [section.title, "-" * len(section.title), *section.sentences, *_table(section), ""]
    return "\n".join(lines)


def _table(section: Section) -> Iterator[str]:
    for row in section.rows:
        rest = "; ".join(f"{column} {cell}" for column, cell in zip(section.columns[1:], row[1:], strict=True) if cell)
        yield f"{row[0]}: {rest}" if rest else row[0]


def due(at: tuple[int, int, int], zone: ZoneInfo, now: datetime) -> bool:
    """Whether the weekly moment has passed, less than a day ago. ``at``: weekday, hour, minute in ``zone``."""
    here = now.astimezone(zone)
    weekday, hour, minute = at
    moment = (here - timedelta(days=(here.weekday() - weekday) % 7)).replace(
        hour=hour, minute=minute, second=0, microsecond=0
    )
    if moment > here:
        moment -= timedelta(days=7)
    return here - moment < LATEST
