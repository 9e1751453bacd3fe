"""A ticket's text with what was read out of it marked: cut at every edge, each piece named after the narrowest span
that covers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text and what it is. ``kind`` is one word for its colour, ``label`` says it in words."""

    start: int
    end: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the text; ``kind`` and ``label`` are empty where nothing was found in it."""

    text: str
    kind: str = ""
    label: str = ""


def stretches(text: str, marks: Sequence[Mark]) -> tuple[Stretch, ...]:
    """The whole text in order. Spans that are empty or reach outside the text are left aside; joined, the pieces are
    the text again."""
    inside = [m for m in marks if 0 <= m.start < m.end <= len(text)]
    edges = sorted({0, len(text), *(m.start for m in inside), *(m.end for m in inside)})
    out: list[Stretch] = []
    for start, end in pairwise(edges):
        over = [m for m in inside if m.start <= start and end <= m.end]
        best = min(over, key=lambda m: (m.end - m.start, m.start), default=None)
        piece = Stretch(text[start:end], best.kind, best.label) if best else Stretch(text[start:end])
        if out and (out[-1].kind, out[-1].label) == (piece.kind, piece.label):
            piece = Stretch(out.pop().text + piece.text, piece.kind, piece.label)
        out.append(piece)
    return tuple(out)
