"""Error texts -> rows of the decoded-error table: exact hits first, fuzzy ones where nothing exact was found.

Exact matching is the table's (knowledge/matcher.py). Fuzzy matching is for slips and paraphrase: it compares an
error text with every text of the table by RapidFuzz and never counts for more than a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import regex
from rapidfuzz import fuzz, process

from bot.core.model import ErrorText, Match
from knowledge.matcher import Hit, fold
from knowledge.model import Knowledge

FUZZY_FROM = 86.0
MIN_FUZZY_CHARS = 14
MAX_FUZZY_TEXTS = 6
_ROLE_RANK = {"specific": 0, "generic": 1, "wrapper": 2}
_PLACEHOLDER = regex.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True)
class FuzzyTable:
    """The table's texts, plain, ready for comparison."""

    knowledge: Knowledge

    @cached_property
    def _choices(self) -> tuple[list[str], list[str]]:
        texts, rows = [], []
        for row in self.knowledge.errors.values():
            samples = [*row.must_match, *(s for t in row.texts for group in t.by_language.values() for s in group)]
            for sample in samples:
                plain = " ".join(_PLACEHOLDER.sub(" ", fold(sample)).split())
                if len(plain) >= MIN_FUZZY_CHARS:
                    texts.append(plain)
                    rows.append(row.id)
        return texts, rows

    def nearest(self, text: str) -> tuple[str, float] | None:
        """(row, score 0..1) of the nearest text, None below the threshold."""
        plain = " ".join(fold(text).split())
        if len(plain) < MIN_FUZZY_CHARS or len(plain) > 400:
            return None
        texts, rows = self._choices
        best = process.extractOne(plain, texts, scorer=fuzz.token_sort_ratio, score_cutoff=FUZZY_FROM)
        return (rows[best[2]], best[1] / 100) if best else None


def match(errors: Sequence[ErrorText], hits: Sequence[Hit], text: str, fuzzy: FuzzyTable) -> tuple[Match, ...]:
    """Rows that claim the error texts, best first: specific before generic before wrapper, then by how much of
    the text had to agree. A row that a rival claims at the same place, with more agreement, is dropped."""
    knowledge = fuzzy.knowledge
    out: list[Match] = []
    for hit in _without_rivals(hits, knowledge):
        quoted = any(e.quoted and e.span[0] <= hit.span[0] < e.span[1] for e in errors)
        out.append(Match(hit.error_id, text[hit.span[0]:hit.span[1]], 1.0, "pattern", hit.span, quoted))
    claimed = [m.span for m in out]
    for error in errors[:MAX_FUZZY_TEXTS]:
        if any(a < error.span[1] and error.span[0] < b for a, b in claimed):
            continue
        near = fuzzy.nearest(error.text)
        if near:
            out.append(Match(near[0], error.text, round(near[1], 3), "fuzzy", error.span, error.quoted))
    fixed = {(h.error_id, h.span): h.fixed for h in hits}
    return tuple(sorted(out, key=lambda m: (m.method != "pattern", _ROLE_RANK[knowledge.errors[m.error_id].role],
                                            -fixed.get((m.error_id, m.span), 0), m.span)))


def _without_rivals(hits: Sequence[Hit], knowledge: Knowledge) -> list[Hit]:
    """Of overlapping hits keep the more specific role, then the one with clearly more agreement."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (_ROLE_RANK[knowledge.errors[h.error_id].role], -h.fixed)):
        row = knowledge.errors[hit.error_id]
        beaten = False
        for other in kept:
            overlap = min(hit.span[1], other.span[1]) - max(hit.span[0], other.span[0])
            if overlap <= 0:
                continue
            named = other.error_id in row.rivals or hit.error_id in knowledge.errors[other.error_id].rivals
            inside = overlap >= 0.8 * (hit.span[1] - hit.span[0])
            if hit.error_id != other.error_id and (named or (inside and other.fixed >= hit.fixed)):
                beaten = True
                break
        if not beaten:
            kept.append(hit)
    return kept
