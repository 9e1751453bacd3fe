"""Literals that every match of a regular expression must contain: a cheap test before the search.

Searching a thousand patterns in a ticket costs far more than asking whether a word of each is in it at all.
The rule is the one of RE2's prefilter: a sequence needs the best of what its parts need, an alternation needs
one of what each of its branches needs, and what may be left out needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_MOST = 24
"""Exact sets larger than this are not multiplied out any further."""
_LEAST = 3
"""A literal lighter than this sorts out too little. An ideograph or kana weighs two."""
_NEUTRAL = frozenset({""})
_ZERO_WIDTH = "bBAZzmMG"
_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")


class _UnsupportedSyntax(Exception):
    """A construct that we do not reason about: the pattern is searched without a test before it."""


@dataclass(frozen=True, slots=True)
class _Need:
    """What a part of a pattern matches (``exact``, where that is a small set) and what it needs."""

    exact: frozenset[str] | None = None
    needs: frozenset[str] | None = None

    def best(self) -> frozenset[str] | None:
        return _better(self.needs, self.exact)


def _weight(text: str) -> int:
    return sum(2 if char >= "\u3040" else 1 for char in text)


def _better(one: frozenset[str] | None, two: frozenset[str] | None) -> frozenset[str] | None:
    """The set that sorts out more: its lightest literal is heavier, then it is the smaller one."""
    best: frozenset[str] | None = None
    best_score = (0, 0)
    for candidate in (one, two):
        if not candidate:
            continue
        lightest = min(_weight(literal) for literal in candidate)
        score = (min(lightest, 8), -len(candidate))
        if lightest >= _LEAST and (best is None or score > best_score):
            best, best_score = candidate, score
    return best


class _Reader:
    """A recursive descent over the small grammar that our patterns use."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def whole(self) -> _Need:
        need = self.alternation()
        if self.at != len(self.pattern):
            raise _UnsupportedSyntax
        return need

    def alternation(self) -> _Need:
        branches = [self.sequence()]
        while self.pattern.startswith("|", self.at):
            self.at += 1
            branches.append(self.sequence())
        if len(branches) == 1:
            return branches[0]
        exact: frozenset[str] | None = frozenset()
        needs: frozenset[str] | None = frozenset()
        for branch in branches:
            exact = None if exact is None or branch.exact is None else exact | branch.exact
            best = branch.best()
            needs = None if needs is None or best is None else needs | best
        if exact is not None and len(exact) > _MOST:
            exact = None
        return _Need(exact, needs)

    def sequence(self) -> _Need:
        run, best, whole = _NEUTRAL, None, True
        for part in self.parts():
            if part.exact is not None and len(run) * len(part.exact) <= _MOST:
                run = frozenset(head + tail for head in run for tail in part.exact)
                best = _better(best, part.needs)
                continue
            whole = False
            best = _better(_better(best, run), part.needs)
            run = part.exact if part.exact is not None else _NEUTRAL
        return _Need(run, best) if whole else _Need(None, _better(best, run))

    def parts(self) -> Iterator[_Need]:
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            yield self.quantified(self.atom())

    def atom(self) -> _Need:
        char = self.pattern[self.at]
        if char == "(":
            return self.group()
        if char == "[":
            return self.char_class()
        self.at += 1
        if char == "\\":
            return self.escape()
        if char == ".":
            return _Need()
        if char in "^$":
            return _Need(_NEUTRAL)
        if char in "*+?{":
            raise _UnsupportedSyntax
        return _Need(frozenset({char.lower()}))

    def escape(self) -> _Need:
        char = self.pattern[self.at] if self.at < len(self.pattern) else ""
        self.at += 1
        if char and char in _ZERO_WIDTH:
            return _Need(_NEUTRAL)
        if char and char in "wWdDsS":
            return _Need()
        if char and not char.isalnum():
            return _Need(frozenset({char}))
        raise _UnsupportedSyntax

    def group(self) -> _Need:
        looks = self.pattern.startswith(_LOOKAROUND, self.at)
        if looks:
            self.at = self.pattern.index(next(c for c in "=!" if self._opens(c)), self.at)
        elif self.pattern.startswith("(?:", self.at):
            self.at += 2
        elif self.pattern.startswith("(?", self.at):
            raise _UnsupportedSyntax
        self.at += 1
        inner = self.alternation()
        if not self.pattern.startswith(")", self.at):
            raise _UnsupportedSyntax
        self.at += 1
        return _Need(_NEUTRAL) if looks else inner

    def _opens(self, sign: str) -> bool:
        return self.pattern.startswith((f"(?{sign}", f"(?<{sign}"), self.at)

    def char_class(self) -> _Need:
        start = self.at + 1
        self.at = start + (2 if self.pattern.startswith("^]", start) else 1)
        while self.at < len(self.pattern) and self.pattern[self.at] != "]":
            self.at += 2 if self.pattern[self.at] == "\\" else 1
        if self.at >= len(self.pattern):
            raise _UnsupportedSyntax
        inner = self.pattern[start : self.at]
        self.at += 1
        if len(inner) > 6 or inner.startswith("^") or any(sign in inner for sign in "\\[") or "-" in inner[1:-1]:
            return _Need()
        return _Need(frozenset(inner.lower()))

    def quantified(self, part: _Need) -> _Need:
        least = self.quantifier()
        if least is None:
            return part
        if least >= 1:
            return _Need(None, part.best())
        return _Need(part.exact | _NEUTRAL) if part.exact is not None and least == 0 else _Need()

    def quantifier(self) -> int | None:
        """The least count: None without a quantifier, 0 for ``?``, -1 for any other that allows none."""
        sign = self.pattern[self.at : self.at + 1]
        least: int | None = None
        if sign and sign in "?*+":
            least = {"?": 0, "*": -1, "+": 1}[sign]
            self.at += 1
        elif sign == "{":
            end = self.pattern.find("}", self.at)
            low = self.pattern[self.at + 1 : end].split(",")[0] if end > 0 else ""
            if not low.isdecimal():
                raise _UnsupportedSyntax
            least = int(low) or -1
            self.at = end + 1
        if least is not None and self.pattern[self.at : self.at + 1] in ("?", "+"):
            self.at += 1
        return least


@lru_cache(maxsize=20_000)
def required_literals(pattern: str) -> tuple[str, ...]:
    """Literals (lower case) of which every match of ``pattern`` contains at least one.

    Empty where nothing can be said (a construct outside the small grammar, or only short literals): the
    pattern has to be searched. Holds for a text that is lower-cased.
    """
    try:
        needs = _Reader(pattern).whole().best()
    except _UnsupportedSyntax:
        return ()
    return tuple(sorted(needs)) if needs else ()
