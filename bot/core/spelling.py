"""Slips of typing, of reading a screenshot by machine, and cut-off endings, put right by the table's own words.

Only for a program's text that nothing claims. A word that the table does not know is replaced by the one nearest to
it, where one is near enough: swapped, missing and mistaken letters ("conection", "serveп", "C0nnection").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge.wording import plain

MIN_LETTERS = 5
LONG_LETTERS = 9
"""From here on two slips are allowed in a word, before that one."""
MIN_CUT_LETTERS = 3
MAX_CHARS = 400
MAX_WORDS = 12
"""Unknown words that are looked up; a text with more of them is not in our words."""
_FIRST_CJK = "\u2e80"
_ELLIPSES = ("…", "...")


class Spelling:
    """The words of the table's texts, ready to put others right."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts = Counter(
            word
            for word in plain("\n".join(texts)).split()
            if len(word) >= MIN_LETTERS and word < _FIRST_CJK and word.isalpha()
        )
        self._counts = counts
        self._by_length: dict[int, list[str]] = {}
        for word, _ in counts.most_common():
            self._by_length.setdefault(len(word), []).append(word)

    def corrected(self, text: str) -> str | None:
        """``text`` in plain words with slips put right, None where there is nothing to put right."""
        if len(text) > MAX_CHARS:
            return None
        words = plain(text).split()
        unknown = [w for w in words if self._is_unknown(w)]
        cut = text.rstrip(" \"'»”").endswith(_ELLIPSES) and words
        if len(unknown) > MAX_WORDS or not (unknown or cut):
            return None
        better = {w: self._nearest(w) for w in unknown}
        if cut and words[-1] not in self._counts:
            better[words[-1]] = self._completed(words[-1])
        fixed = " ".join(better.get(w, w) for w in words)
        return fixed if fixed != " ".join(words) else None

    def _is_unknown(self, word: str) -> bool:
        return (
            len(word) >= MIN_LETTERS
            and word < _FIRST_CJK
            and word not in self._counts
            and sum(ch.isalpha() for ch in word) >= len(word) - 2
        )

    def _nearest(self, word: str) -> str:
        slips = 2 if len(word) >= LONG_LETTERS else 1
        near = [
            w for length in range(len(word) - slips, len(word) + slips + 1) for w in self._by_length.get(length, ())
        ]
        found = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=slips)
        return found[0] if found else word

    def _completed(self, start: str) -> str:
        """The most frequent word that begins with ``start``: the end of the text was cut off."""
        if len(start) < MIN_CUT_LETTERS:
            return start
        return max((w for w in self._counts if w.startswith(start)), key=self._counts.__getitem__, default=start)
