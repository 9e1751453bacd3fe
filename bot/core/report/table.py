"""The report as CSV (RFC 4180): one line a fact, safe to open in a spreadsheet."""

from __future__ import annotations

from bot.core.report.values import Report
from bot.core.report.wording import sections

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""OWASP, CSV Injection: what a spreadsheet takes for a formula at the beginning of a cell, full-width forms
included."""


def to_csv(report: Report) -> str:
    """section, row, column, value; each section of the page, cell by cell."""
    lines = [_line(("report", "section", "row", "column", "value"))]
    for section in sections(report):
        for row in section.rows:
            lines += [
                _line((report.label, section.key, row[0], column, cell))
                for column, cell in zip(section.columns, row, strict=True)
            ]
    return "".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    return ",".join(cell_of(c) for c in cells) + "\r\n"


def cell_of(text: str) -> str:
    """A quoted cell that no spreadsheet calculates: where it would, an apostrophe stands before it (OWASP's rule).
    Line ends become blanks."""
    flat = " ".join(text.splitlines())
    if text.lstrip(" ").startswith(_FORMULA):
        flat = "'" + flat
    return '"' + flat.replace('"', '""') + '"'
