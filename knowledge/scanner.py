"""Which of thousands of literals stand in a text: all of them in one pass over it (Aho and Corasick, 1975).

What a pass costs grows with the text alone, however large the tables become.
"""

from __future__ import annotations

from collections.abc import Iterable

import ahocorasick


class Scanner:
    """Literals, ready to be looked for. None of them may be empty."""

    def __init__(self, literals: Iterable[str]) -> None:
        """A literal is known by its number, in the order given; one that stands twice by its first."""
        self._trie = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for number, literal in enumerate(literals):
            if literal not in self._trie:
                self._trie.add_word(literal, number)
        self._trie.make_automaton()

    def found(self, text: str) -> set[int]:
        """The numbers of the literals that ``text`` holds."""
        if not len(self._trie):
            return set()
        return {number for _, number in self._trie.iter(text)}
