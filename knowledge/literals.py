r"""Literals that every match of a regular expression must contain: a cheap test before the search.

Searching a thousand patterns in a ticket costs far more than asking whether a phrase of each is in it at all.
The rule is the one of RE2's prefilter: a sequence needs what each of its parts needs, an alternation needs one
of what its branches need, and what may be left out needs nothing. A phrase sorts out far more than its words
do, so ``is\s+not\s+an`` needs "is not an": the text that is asked must be :func:`squeezed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_MOST = 24
"""Exact sets larger than this are not multiplied out any further."""
_MOST_LEADS = 400
_LEAST = 2
"""A literal lighter than this sorts out nothing. An ideograph or kana weighs two."""
_SETS = 3
_NEUTRAL = frozenset({""})
_BLANK = frozenset({" "})
_SOME_BLANK = frozenset({"", " "})
_ZERO_WIDTH = "bBAZzmMG"
_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")
_RUN = re.compile(r"[^\\\[\](){}.*+?|^$\s]+(?![*+?{])")
"""Plain characters in a row; one that a quantifier follows stands by itself."""
_STRUCTURE = re.compile(r"\\.|\[(?:\^?\])?(?:\\.|[^\]\\])*\]?|[()|]", re.DOTALL)
"""Escapes and character classes whole, and the signs that give a pattern its structure."""
_MEMBER = re.compile(r"\\?.", re.DOTALL)


@lru_cache(maxsize=16)
def squeezed(text: str) -> str:
    """``text`` with a single blank for any white space, and one at either end: what literals are looked for in."""
    return f" {' '.join(text.split())} "


class _UnsupportedSyntax(Exception):
    """A construct that we do not reason about: the pattern is searched without a test before it."""


class _Need(NamedTuple):
    """What a part of a pattern matches (``exact``, where that is a small set) and what it needs: one literal
    of each set in ``needs``. ``lead``: what it begins with; None where that is not known."""

    exact: frozenset[str] | None = None
    needs: tuple[frozenset[str], ...] = ()
    lead: frozenset[str] | None = None

    def begins(self) -> frozenset[str] | None:
        return self.exact if self.exact is not None else self.lead

    def all(self) -> tuple[frozenset[str], ...]:
        return (*self.needs, *_worth(self.exact))


_ANYTHING = _Need()
_EMPTY = _Need(_NEUTRAL)


def _weight(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if char >= "\u3040" else 1 for char in text)


@lru_cache(maxsize=20_000)
def _score(literals: frozenset[str]) -> tuple[int, int]:
    """How much a set sorts out: by its lightest literal, then by how few there are."""
    return (min(min(_weight(literal) for literal in literals), 8), -len(literals))


def _worth(literals: frozenset[str] | None) -> tuple[frozenset[str], ...]:
    return (literals,) if literals and _score(literals)[0] >= _LEAST else ()


def _joined(heads: frozenset[str], tails: frozenset[str]) -> frozenset[str]:
    """Every head with every tail behind it; where blanks meet they are one."""
    if heads is _NEUTRAL:
        return tails
    return frozenset(head + (tail[1:] if head[-1:] == " " == tail[:1] else tail) for head in heads for tail in tails)


class _Reader:
    """A recursive descent over the small grammar that our patterns use."""

    def __init__(self, pattern: str, phrases: bool) -> None:
        self.pattern = pattern
        self.phrases = phrases
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
            best = max(branch.all(), key=_score, default=None)
            needs = None if needs is None or best is None else needs | best
        lead: frozenset[str] | None = frozenset()
        for branch in branches:
            begins = branch.begins()
            lead = None if lead is None or begins is None else lead | begins
        if exact is not None and len(exact) > _MOST:
            exact = None
        return _Need(exact, (needs,) if needs else (), lead)

    def sequence(self) -> _Need:
        run, whole = _NEUTRAL, True
        lead: frozenset[str] | None = None
        needs: list[frozenset[str]] = []
        for part in self.parts():
            if part.exact is not None and len(run) * len(part.exact) <= _MOST:
                run = _joined(run, part.exact)
                continue
            if whole:
                begins = part.begins()
                fits = begins is not None and len(run) * len(begins) <= _MOST_LEADS
                lead = _joined(run, begins) if fits and begins is not None else run
            whole = False
            needs += [*_worth(run), *part.needs]
            run = part.exact if part.exact is not None else _NEUTRAL
        return _Need(run) if whole else _Need(None, (*needs, *_worth(run)), lead)

    def parts(self) -> Iterator[_Need]:
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if plain := _RUN.match(self.pattern, self.at):
                self.at = plain.end()
                yield _Need(frozenset({plain[0].lower()}))
            else:
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
            return _ANYTHING
        if char in "^$":
            return _EMPTY
        if char in "*+?{":
            raise _UnsupportedSyntax
        return _Need(_BLANK if char.isspace() and self.phrases else frozenset({char.lower()}))

    def escape(self) -> _Need:
        char = self.pattern[self.at] if self.at < len(self.pattern) else ""
        self.at += 1
        if char and char in _ZERO_WIDTH:
            return _EMPTY
        if self.phrases and char and char in "snt":
            return _Need(_BLANK)
        if char and char in "wWdDsS":
            return _ANYTHING
        if char and char in "pP" and self.pattern.startswith("{", self.at):
            self.at = self.pattern.index("}", self.at) + 1
            return _ANYTHING
        if char and not char.isalnum():
            return _Need(frozenset({char}))
        raise _UnsupportedSyntax

    def group(self) -> _Need:
        looks = self.pattern.startswith(_LOOKAROUND, self.at)
        if looks:
            self.at = self.pattern.index(next(c for c in "=!" if self._opens(c)), self.at)
        elif self.pattern.startswith("(?:", self.at):
            self.at += 2
        elif self.pattern.startswith("(?P<", self.at):
            self.at = self.pattern.index(">", self.at)
        elif self.pattern.startswith("(?", self.at):
            raise _UnsupportedSyntax
        self.at += 1
        inner = self.alternation()
        if not self.pattern.startswith(")", self.at):
            raise _UnsupportedSyntax
        self.at += 1
        return _EMPTY if looks else inner

    def _opens(self, sign: str) -> bool:
        return self.pattern.startswith((f"(?{sign}", f"(?<{sign}"), self.at)

    def char_class(self) -> _Need:
        start = self.at + 1
        self.at = start + (2 if self.pattern.startswith("^]", start) else self.pattern.startswith("]", start))
        while self.at < len(self.pattern) and self.pattern[self.at] != "]":
            self.at += 2 if self.pattern[self.at] == "\\" else 1
        if self.at >= len(self.pattern):
            raise _UnsupportedSyntax
        inner = self.pattern[start : self.at]
        self.at += 1
        members = [self.member(each) for each in _MEMBER.findall(inner)]
        if len(members) > 6 or inner.startswith("^") or "[" in inner or "-" in inner[1:-1].replace("\\-", ""):
            return _ANYTHING
        return _ANYTHING if None in members else _Need(frozenset(each for each in members if each))

    def member(self, written: str) -> str | None:
        """One character of a class; None where it stands for many."""
        if self.phrases and (written.isspace() or written in ("\\s", "\\n", "\\t")):
            return " "
        if written[0] != "\\":
            return written.lower()
        return written[1] if self.phrases and not written[1].isalnum() else None

    def quantified(self, part: _Need) -> _Need:
        least = self.quantifier()
        if least is None:
            return part
        if self.phrases and part.exact in (_BLANK, _SOME_BLANK):  # blanks in a row are one
            return part if least >= 1 else _Need(_SOME_BLANK)
        if least >= 1:
            return _Need(None, part.all(), part.begins())
        return _Need(part.exact | _NEUTRAL) if part.exact is not None and least == 0 else _ANYTHING

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
def _read(pattern: str, phrases: bool) -> _Need:
    try:
        return _Reader(pattern, phrases).whole()
    except _UnsupportedSyntax:
        return _ANYTHING


def required_literals(pattern: str, *, phrases: bool = True) -> tuple[tuple[str, ...], ...]:
    """Sets of literals (lower case): every match of ``pattern`` contains one of each set.

    The sets that sort out most come first, three at the most. Empty where nothing can be said (a construct
    outside the small grammar, or only short literals): the pattern has to be searched. Holds for a text that
    is lower-cased and :func:`squeezed`; without ``phrases`` no literal reaches over white space, and it holds
    for the lower-cased text as it is.
    """
    needs = _read(pattern, phrases).all()
    best = sorted(set(needs), key=lambda literals: (_score(literals), sorted(literals)), reverse=True)
    return tuple(tuple(sorted(literals)) for literals in best[:_SETS])


def leading_literals(pattern: str) -> tuple[str, ...]:
    """Literals (lower case) with one of which every match begins, up to its first white space; empty where that
    is not known. Holds for the lower-cased text as it is."""
    begins = {lead.partition(" ")[0] for lead in _read(pattern, True).begins() or ()}
    # one that begins with another is found with it
    shortest = {text for text in begins if not any(text != other and text.startswith(other) for other in begins)}
    return tuple(sorted(shortest)) if shortest and _score(frozenset(shortest))[0] >= _LEAST else ()


def alternatives(pattern: str) -> tuple[str, ...]:
    r"""Patterns that together match what ``pattern`` does: its outermost alternation taken apart.

    Understands ``a|b``, ``(?:a|b)`` and ``\b(?:a|b)\b``; anything else is returned as it is. Each part is
    easier to rule out, and cheaper to search, than the whole.
    """
    head = "\\b" if pattern.startswith("\\b") else ""
    tail = "\\b" if pattern.endswith("\\b") and len(pattern) > 4 and pattern[-3] == ")" else ""
    inner = pattern[len(head) : len(pattern) - len(tail)]
    wrapped = inner.startswith("(?:") and _closes(inner) == len(inner) - 1
    if wrapped:
        inner = inner[3:-1]
    elif head or tail:
        return (pattern,)
    parts = _split(inner)
    return tuple(f"{head}(?:{part}){tail}" for part in parts) if len(parts) > 1 else (pattern,)


def _depths(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Offset, sign and depth of parentheses and bars, outside escapes and character classes."""
    depth = 0
    for found in _STRUCTURE.finditer(pattern):
        sign = found[0]
        if sign in "()|":
            depth += (sign == "(") - (sign == ")")
            yield found.start(), sign, depth


def _closes(pattern: str) -> int:
    """Where the group that opens ``pattern`` ends, -1 where it does not."""
    return next((at for at, char, depth in _depths(pattern) if char == ")" and depth == 0), -1)


def _split(pattern: str) -> tuple[str, ...]:
    bars = [at for at, char, depth in _depths(pattern) if char == "|" and depth == 0]
    starts = [0, *(bar + 1 for bar in bars)]
    return tuple(pattern[start:end] for start, end in zip(starts, [*bars, len(pattern)], strict=True))
