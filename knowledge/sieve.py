"""An index that finds the few patterns of a table that a text may match, however large the table is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
Needs = tuple[tuple[str, ...], ...]
"""One literal of each set must occur; the set that sorts out most comes first. Empty: nothing is known."""
GRAM = 4


class Sieve(Generic[T]):
    """Entries by the rarest short piece (gram) of a literal that they need, so that a text names its candidates
    by its own grams: a text that lacks the gram lacks the literal, and a common one ("mai") would bring in
    hundreds."""

    def __init__(self, entries: Iterable[tuple[T, Iterable[Needs]]]) -> None:
        """Each entry comes with what each of its alternatives needs: it is a candidate where one has all."""
        self._entries: list[T] = []
        self._always: list[int] = []
        self._due: dict[str, list[tuple[int, Needs]]] = {}
        for at, (entry, alternatives) in enumerate(entries):
            self._entries.append(entry)
            for needs in alternatives:
                if not needs:
                    self._always.append(at)
                for literal in needs[0] if needs else ():
                    self._due.setdefault(literal, []).append((at, needs[1:]))
        grams = {literal: _grams(literal) for literal in self._due}
        shared = Counter(gram for some in grams.values() for gram in some)
        self._short = [literal for literal, some in grams.items() if not some]
        self._by_gram: dict[str, list[str]] = {}
        for literal, some in grams.items():
            if some:
                self._by_gram.setdefault(min(some, key=shared.__getitem__), []).append(literal)

    def candidates(self, text: str) -> list[T]:
        """Entries whose needs ``text`` (lower-cased, :func:`knowledge.literals.squeezed`) meets, each once and in
        order. Entries that are not returned match nowhere in it."""
        literals = [one for gram in self._by_gram.keys() & _grams(text) for one in self._by_gram[gram]]
        found = set(self._always)
        for literal in (*literals, *self._short):
            if literal in text:
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


@lru_cache(maxsize=16)
def _grams(text: str) -> frozenset[str]:
    return frozenset(text[at : at + GRAM] for at in range(len(text) - GRAM + 1))
