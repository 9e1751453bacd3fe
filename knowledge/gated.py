"""A regular expression behind the cheap test of :mod:`knowledge.literals`.

For expressions that list the words of many languages: a ticket holds few of them, and one pass over a text tells for
all expressions at once which of their words stand in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from threading import Lock

import regex

from knowledge.literals import alternatives, required_literals, squeezed
from knowledge.scanner import Scanner

_Numbers = tuple[tuple[frozenset[int], ...], ...]
"""For each alternative the sets of literals, by number, of which a match holds one each."""


class Gated:
    """Searches as the compiled expression would. It is compiled when a text first passes the test.

    Unless ``flags`` ignore case, texts are expected in lower case (:func:`knowledge.rules.fold`): one in upper case
    is not found, as the expression itself would not find it where its words are written in lower case.
    """

    def __init__(self, expression: str, flags: int = 0) -> None:
        self.expression = expression
        self.flags = flags
        self.needs: _Numbers | None = None
        """Set when the expression is first asked for; empty where an alternative needs nothing."""
        _LITERALS.expect(self)

    @cached_property
    def compiled(self) -> regex.Pattern[str]:
        """The expression, compiled once."""
        return regex.compile(self.expression, self.flags)

    def may_match(self, text: str) -> bool:
        """False where every alternative lacks a literal that it needs."""
        needs = self.needs
        if needs is None:
            needs = _LITERALS.needs_of(self)
        if not needs:
            return True
        present = _present(_LITERALS.scanner, text)
        for sets in needs:
            for literals in sets:
                if literals.isdisjoint(present):
                    break
            else:
                return True
        return False

    def search(self, text: str, *, timeout: float) -> regex.Match[str] | None:
        """As Pattern.search. Raises TimeoutError after ``timeout`` seconds."""
        return self.compiled.search(text, timeout=timeout) if self.may_match(text) else None

    def finditer(self, text: str, *, timeout: float) -> Iterator[regex.Match[str]]:
        """As Pattern.finditer. Raises TimeoutError after ``timeout`` seconds."""
        return self.compiled.finditer(text, timeout=timeout) if self.may_match(text) else iter(())


class _Literals:
    """The literals of all expressions of this process, numbered, in one scanner."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._expected: list[Gated] = []
        self._numbers: dict[str, int] = {}
        self.scanner = Scanner(())

    def expect(self, gated: Gated) -> None:
        """Remember an expression for when the first one is asked for: a scanner is built for many at a time."""
        self._expected.append(gated)

    def needs_of(self, gated: Gated) -> _Numbers:
        """What an expression needs, the scanner knowing its literals. Those that came with it are read too."""
        with self._lock:
            read: list[tuple[Gated, _Numbers]] = []
            while self._expected:
                one = self._expected.pop()
                parts = [required_literals(part) for part in alternatives(one.expression)]
                read.append((one, tuple(tuple(map(self._numbered, sets)) for sets in parts) if all(parts) else ()))
            if read:
                self.scanner = Scanner(self._numbers)
            for one, needs in read:  # only now: who sees the needs finds a scanner that knows them
                one.needs = needs
        if gated.needs is None:
            raise AssertionError("an expression is expected from its making on")
        return gated.needs

    def _numbered(self, literals: tuple[str, ...]) -> frozenset[int]:
        return frozenset(self._numbers.setdefault(literal, len(self._numbers)) for literal in literals)


_LITERALS = _Literals()


@lru_cache(maxsize=32)
def _present(scanner: Scanner, text: str) -> set[int]:
    return scanner.found(squeezed(text.lower()))
