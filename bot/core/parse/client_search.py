"""Searching foreign text under a time limit: a pattern that runs out of time has found what it found by "
"then."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from knowledge.gated import Gated

PATTERN_SECONDS = 0.05
"""Longest time that one pattern may take on one text."""


def all_of(
    pattern: regex.Pattern[str] | Gated, text: str, most: int = 400, start: int = 0, end: int | None = None
) -> Iterator[regex.Match[str]]:
    """Matches of ``pattern`` in ``text`` (from ``start`` to ``end``), at most ``most`` of them, as far as the
    time allows."""
    if isinstance(pattern, Gated):
        if not pattern.may_match(text):
            return
        pattern = pattern.compiled
    matches = pattern.finditer(text, start, len(text) if end is None else end, timeout=PATTERN_SECONDS)
    for _ in range(most):
        try:
            yield next(matches)
        except (StopIteration, TimeoutError):
            return


def first_of(pattern: regex.Pattern[str] | Gated, text: str) -> regex.Match[str] | None:
    """The first match of ``pattern`` in ``text``; None also where the time ran out."""
    try:
        return pattern.search(text, timeout=PATTERN_SECONDS)
    except TimeoutError:
        return None


def at_start(pattern: regex.Pattern[str], text: str) -> regex.Match[str] | None:
    """The match of ``pattern`` at the start of ``text``; None also where the time ran out."""
    try:
        return pattern.match(text, timeout=PATTERN_SECONDS)
    except TimeoutError:
        return None
