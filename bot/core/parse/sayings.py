"""Cues that are written as thoughts (``says`` in knowledge/cues): do a ticket's thoughts hold them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.core.model import Span
from bot.core.parse.thoughts import Thought
from knowledge.model import CueRule

APART = 4
"""Thoughts of one saying stand within so many sentences of each other."""


@dataclass(frozen=True, slots=True)
class _Part:
    held: frozenset[str]
    beside: frozenset[tuple[str, str]]
    denied: frozenset[str]
    absent: frozenset[str]
    works: bool | None
    fails: bool | None
    guess: bool
    single: bool
    nowhere: bool

    def fits(self, thought: Thought) -> bool:
        return (
            self.held <= thought.concepts
            and self.beside <= thought.beside
            and self.denied <= thought.denied
            and not self.absent & thought.concepts
            and self.works in (None, thought.works)
            and self.fails in (None, thought.fails)
            and (self.guess or not thought.guessed)
            and not (self.single and thought.joined)
        )


@lru_cache(maxsize=4096)
def saying(text: str) -> tuple[_Part, ...]:
    """``says`` line -> its thoughts (the grammar stands at :attr:`knowledge.model.CueRule.says`)."""
    return tuple(_part(part.split()) for part in text.split(";"))


def _part(words: Sequence[str]) -> _Part:
    names = [w for w in words if w not in ("?", "=", "~")]
    judged = {w.lstrip("-"): not w.startswith("-") for w in names if w.lstrip("-") in ("works", "fails")}
    things = [w for w in names if w.lstrip("-") not in ("works", "fails")]
    return _Part(
        held=frozenset(name for w in things if w[0] not in "-!" for name in w.split("+")),
        beside=frozenset((min(a, b), max(a, b)) for a, _, b in (w.partition("+") for w in things if "+" in w)),
        denied=frozenset(w[1:] for w in things if w[0] == "!"),
        absent=frozenset(w[1:] for w in things if w[0] == "-"),
        works=judged.get("works"),
        fails=judged.get("fails"),
        guess="?" in words,
        single="=" in words,
        nowhere="~" in words,
    )


def said(thoughts: Sequence[Thought], rules: Mapping[str, CueRule]) -> dict[str, Span]:
    """Cue -> where it is said, for every cue of which a saying holds."""
    out: dict[str, Span] = {}
    spoken = frozenset[str]().union(*(t.concepts for t in thoughts))
    for cue, rule in rules.items():
        spans = [
            span
            for parts in map(saying, rule.says)
            if parts[0].held <= spoken and (span := _where(parts, thoughts)) is not None
        ]
        if spans:
            out[cue] = min(spans)
    return out


def _where(parts: Sequence[_Part], thoughts: Sequence[Thought]) -> Span | None:
    first, *others = parts
    if any(part.nowhere and any(part.fits(t) for t in thoughts) for part in others):
        return None
    others = [part for part in others if not part.nowhere]
    for thought in thoughts:
        if first.fits(thought) and all(
            any(part.fits(t) and t is not thought and abs(t.sentence - thought.sentence) <= APART for t in thoughts)
            for part in others
        ):
            return thought.span
    return None
