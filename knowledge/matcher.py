"""Exact matching: text -> the rows of the decoded-error table that claim it, under a time limit."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

from knowledge.literals import squeezed
from knowledge.model import Knowledge
from knowledge.rules import fold, rules_of
from knowledge.sieve import Sieve

PATTERN_SECONDS = 0.2
"""Longest time that one pattern may take on one text, by the clock on the wall: on a busy machine a good one waits
too."""
SCAN_SECONDS = 1.0
"""Longest processor time that one scan may take, patterns that are made ready not counted; what was found by then is
returned."""
MAX_SCAN_CHARS = 100_000
MAX_HITS_A_RULE = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A stretch of text that a row claims. ``fixed`` counts the literal characters that had to agree."""

    error_id: str
    span: tuple[int, int]
    fixed: int
    sample: str
    """The text or pattern of the row that matched."""
    bare_code: bool = False
    """True where what matched is a number such as 452 4.3.1 and no word."""


class Matcher:
    """The table, ready to be searched. Holds compiled patterns; safe to share within a process."""

    def __init__(self, knowledge: Knowledge) -> None:
        rules = (rule for row in knowledge.errors.values() for rule in rules_of(row))
        self._sieve = Sieve((rule, rule.alternatives) for rule in rules)

    def scan(self, text: str, seconds: float = SCAN_SECONDS) -> list[Hit]:
        """All rows that claim a part of ``text``, longest agreement first; at most one hit a row and place.

        ``text`` beyond MAX_SCAN_CHARS is not looked at. A pattern that runs into its time limit counts as no
        match: the table's own law test keeps such patterns out.
        """
        spent = 0.0
        folded = fold(text[:MAX_SCAN_CHARS])
        hits: dict[tuple[str, int], Hit] = {}
        for rule in self._sieve.candidates(squeezed(folded)):
            if spent > seconds:
                break
            matches, begun = rule.finditer(folded, PATTERN_SECONDS), time.thread_time()  # compiled by now
            spans = list(_spans(matches))
            spent += time.thread_time() - begun
            for span in spans:
                key = (rule.error_id, span[0])
                hit = Hit(
                    rule.error_id,
                    span,
                    rule.fixed,
                    rule.sample,
                    not any(c.isalpha() for c in folded[span[0] : span[1]]),
                )
                if key not in hits or (hits[key].fixed, hits[key].span) < (hit.fixed, hit.span):
                    hits[key] = hit
        return sorted(_outermost(hits.values()), key=lambda h: (-h.fixed, h.span))


def _spans(matches: Iterator[re.Match[str] | regex.Match[str]]) -> Iterator[tuple[int, int]]:
    try:
        for count, found in enumerate(matches):
            if found.end() > found.start():
                yield found.span()
            if count >= MAX_HITS_A_RULE:
                return
    except TimeoutError:
        return


def _outermost(hits: Iterable[Hit]) -> list[Hit]:
    """Drops a row's hit that lies inside another hit of the same row."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.error_id, h.span[0], -h.span[1])):
        if kept and kept[-1].error_id == hit.error_id and hit.span[1] <= kept[-1].span[1]:
            continue
        kept.append(hit)
    return kept


__all__ = ["Hit", "Matcher", "fold"]
