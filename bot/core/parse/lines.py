"""A line of a ticket while it is being told what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_LINE: Final = 700
"""Characters of a line that the rules look at; a longer line is prose or a log, never a formula."""


@dataclass(slots=True)
class Line:
    """One line; ``kind`` is filled in by the rules in turn, empty: not decided yet."""

    text: str
    """Without quotation marks."""
    depth: int = 0
    kind: str = ""

    @property
    def blank(self) -> bool:
        return not self.text.strip()

    @property
    def head(self) -> str:
        return self.text[:MAX_LINE]


def next_text(lines: Sequence[Line], at: int) -> int | None:
    """Index of the first line with text from ``at`` on; None where only blank ones follow."""
    while at < len(lines) and lines[at].blank:
        at += 1
    return at if at < len(lines) else None
