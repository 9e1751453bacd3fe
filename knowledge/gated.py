"""A regular expression behind the cheap test of :mod:`knowledge.literals`.

For expressions that list the words of many languages: a ticket holds few of them, and asking for each word costs
a tenth of searching for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import regex

from knowledge.literals import alternatives, required_literals, squeezed
from knowledge.sieve import Needs, meets


class Gated:
    """Searches as the compiled expression would. It is compiled when a text first passes the test.

    Unless ``flags`` ignore case, texts are expected in lower case (:func:`knowledge.rules.fold`): one in upper case
    is not found, as the expression itself would not find it where its words are written in lower case.
    """

    def __init__(self, expression: str, flags: int = 0) -> None:
        self.expression = expression
        self.flags = flags

    @cached_property
    def compiled(self) -> regex.Pattern[str]:
        """The expression, compiled once."""
        return regex.compile(self.expression, self.flags)

    @cached_property
    def _needs(self) -> tuple[Needs, ...]:
        return tuple(map(required_literals, alternatives(self.expression)))

    def may_match(self, text: str) -> bool:
        """False where every alternative lacks a literal that it needs."""
        where = squeezed(text.lower())
        return any(meets(where, needs) for needs in self._needs)

    def search(self, text: str, *, timeout: float) -> regex.Match[str] | None:
        """As Pattern.search. Raises TimeoutError after ``timeout`` seconds."""
        return self.compiled.search(text, timeout=timeout) if self.may_match(text) else None

    def finditer(self, text: str, *, timeout: float) -> Iterator[regex.Match[str]]:
        """As Pattern.finditer. Raises TimeoutError after ``timeout`` seconds."""
        return self.compiled.finditer(text, timeout=timeout) if self.may_match(text) else iter(())
