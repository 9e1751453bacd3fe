"""An index that finds the few patterns of a table that a text may match, however large the table is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from knowledge.scanner import Scanner

T = TypeVar("T")
Needs = tuple[tuple[str, ...], ...]
"""One literal of each set must occur; the set that sorts out most comes first. Empty: nothing is known."""


class Sieve(Generic[T]):
    """Entries by the literals that they need most: one pass over a text finds those that stand in it, and only
    their entries are asked for the rest of what they need."""

    def __init__(self, entries: Iterable[tuple[T, Iterable[Needs]]]) -> None:
        """Each entry comes with what each of its alternatives needs: it is a candidate where one has all."""
        self._entries: list[T] = []
        self._always: list[int] = []
        due: dict[str, list[tuple[int, Needs]]] = {}
        for at, (entry, alternatives) in enumerate(entries):
            self._entries.append(entry)
            for needs in alternatives:
                if not needs:
                    self._always.append(at)
                for literal in needs[0] if needs else ():
                    due.setdefault(literal, []).append((at, needs[1:]))
        self._scanner = Scanner(due)
        self._due = list(due.values())

    def candidates(self, text: str) -> list[T]:
        """Entries whose needs ``text`` (lower-cased, :func:`knowledge.literals.squeezed`) meets, each once and in
        order. Entries that are not returned match nowhere in it."""
        found = set(self._always)
        for literal in self._scanner.found(text):
            for at, others in self._due[literal]:
                if at not in found and meets(text, others):
                    found.add(at)
        return [self._entries[at] for at in sorted(found)]


def meets(text: str, needs: Needs) -> bool:
    """True where ``text`` holds one literal of each set."""
    for literals in needs:
        for literal in literals:
            if literal in text:
                break
        else:
            return False
    return True
