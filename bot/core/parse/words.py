"""Text -> words, and words -> the concepts that a language's lexicon gives them.

Entries of the lexicon are plain: a word, several words, a word with an open end ("fail*", "*netz"), or, in a script
without spaces, a run of characters. The longest entry wins, accents and hyphens do not matter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import regex

from bot.core.model import Span
from knowledge.model import Lexicon
from knowledge.signs import Signs

_GLUED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u3005\u30fc"
"""Kana and Han: scripts that put no space between words."""
_TOKEN = regex.compile(
    rf"(?P<glued>[{_GLUED}]+)|(?P<word>[^\W{_GLUED}]+(?:['.@][^\W{_GLUED}]+)*|@)"
    r"|(?P<stop>(?:[.!?]+(?!\w)|[;:,()\[\]\n\u3001\u3002\uff01\uff0c\uff1b\uff1a\uff1f\u2026\u2013\u2014])+|(?<=\s)-+(?=\s))"
)
_BARE = Signs({"_": " ", "/": " ", "\u2019": "'", "\u2018": "'", "`": "'", "\u00b4": "'", "\u00a0": " "})
MANY = 60
"""From this number on, things are many: the smallest hourly sending limits of the article stand above it."""
_NAMES_A_NUMBER = frozenset(
    {
        "port",
        "error",
        "fehler",
        "erreur",
        "code",
        "outlook",
        "version",
        "windows",
        "office",
        "puerto",
        "porta",
        "poort",
        "порт",
    }
)
_MIN_STEM = 2
_ELIDED = frozenset(
    {
        "l",
        "d",
        "qu",
        "n",
        "s",
        "c",
        "j",
        "m",
        "t",
        "un",
        "dell",
        "all",
        "nell",
        "sull",
        "dall",
        "quell",
        "nessun",
        "lorsqu",
        "jusqu",
        "puisqu",
    }
)
"""French and Italian words that lose their vowel before another one."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a run of a script without spaces, or a stop, and where it stands."""

    text: str
    kind: str
    """word, glued or stop."""
    span: Span


@lru_cache(maxsize=8192)
def fold_word(text: str) -> str:
    """Lower case without accents: people leave them out."""
    if text.isascii():
        return text.lower()
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain).replace("\u0142", "l").replace("\u00df", "ss").replace("\u0131", "i")


def tokens(text: str) -> Iterator[Token]:
    """The words of a text in order, a hyphen joining nothing ("wi-fi" is two words), an elided article or pronoun
    apart from its noun ("l'hotel")."""
    for match in _TOKEN.finditer(_BARE(text)):
        kind, (start, end) = match.lastgroup or "word", match.span()
        if kind != "word":
            yield Token(match[0], kind, (start, end))
            continue
        word = fold_word(match[0])
        head, mark, tail = word.partition("'")
        if mark and tail and head in _ELIDED:
            yield Token(head, kind, (start, start + len(head)))
            start, word = start + len(head) + 1, tail
        yield Token(word, kind, (start, end))


def is_many(word: str, before: str) -> bool:
    """True for a number that counts many things: not a year, not a port, not a reply code."""
    if not word.isdigit() or before in _NAMES_A_NUMBER:
        return False
    number = int(word[:9])
    return (
        number >= MANY and not (1990 <= number <= 2100) and not (400 <= number < 600) and number not in (993, 995, 2525)
    )


class Words:
    """One language's lexicon, made ready for look-up."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._alone: dict[str, list[str]] = {}
        self._before: dict[tuple[str, str], list[tuple[tuple[str, ...], str]]] = {}
        """first two words -> (the words that follow the first, concept)"""
        self._opening: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        """first word -> the same, for the few entries of which the second word is given by its beginning"""
        self._starts: dict[str, list[str]] = {}
        self._ends: dict[str, list[str]] = {}
        self._glued: dict[str, list[str]] = {}
        for concept, entries in lexicon.words.items():
            for entry in entries:
                for spelling in _spellings(entry):
                    self._add(spelling, concept)
        self._longest = max((len(word) for word in self._glued), default=0)

    def _add(self, entry: str, concept: str) -> None:
        found = [t for t in tokens(entry) if t.kind != "stop"]
        words = [t.text for t in found]
        if len(words) == 1 and found[0].kind == "glued":
            self._glued.setdefault(words[0], []).append(concept)
        elif len(words) == 1 and entry.endswith("*"):
            self._starts.setdefault(words[0], []).append(concept)
        elif len(words) == 1 and entry.startswith("*"):
            self._ends.setdefault(words[0], []).append(concept)
        elif len(words) == 1:
            self._alone.setdefault(words[0], []).append(concept)
        elif words:
            rest = (*words[1:-1], words[-1] + "*" if entry.endswith("*") else words[-1])
            if rest[0].endswith("*"):
                self._opening.setdefault(words[0], []).append((rest, concept))
            else:
                self._before.setdefault((words[0], rest[0]), []).append((rest, concept))

    def at(self, words: Sequence[str], i: int) -> tuple[tuple[str, ...], int]:
        """The concepts of the longest entry that begins at word ``i``, and how many words it takes (0: none)."""
        first = words[i]
        best, length = self._alone.get(first, []), 1
        if i + 1 < len(words):
            for rest, concept in chain(self._before.get((first, words[i + 1]), ()), self._opening.get(first, ())):
                if len(rest) + 1 >= length and _follows(words, i + 1, rest):
                    if len(rest) + 1 > length:
                        best, length = [], len(rest) + 1
                    best.append(concept)
        if best:
            return tuple(best), length
        part = self._part(words[i])
        return part, 1 if part else 0

    def _part(self, word: str) -> tuple[str, ...]:
        for size in range(len(word), _MIN_STEM - 1, -1):
            if found := self._starts.get(word[:size]):
                return tuple(found)
        for cut in range(1, len(word) - _MIN_STEM):
            if found := self._ends.get(word[cut:]):
                return tuple(found)
        return ()

    def within(self, run: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
        """(concepts, start, end) in a run of a script without spaces, from the left, longest entries first."""
        at = 0
        while at < len(run):
            for size in range(min(self._longest, len(run) - at), 0, -1):
                if found := self._glued.get(run[at : at + size]):
                    yield tuple(found), at, at + size
                    at += size
                    break
            else:
                at += 1


def _follows(words: Sequence[str], at: int, rest: Sequence[str]) -> bool:
    if at + len(rest) > len(words):
        return False
    return all(
        words[at + k] == part or (part.endswith("*") and words[at + k].startswith(part[:-1]))
        for k, part in enumerate(rest)
    )


def _spellings(entry: str) -> set[str]:
    """An entry as people may write it: as it is, and a German umlaut as two letters."""
    lowered = entry.lower()
    return {lowered, lowered.replace("\u00e4", "ae").replace("\u00f6", "oe").replace("\u00fc", "ue")}
