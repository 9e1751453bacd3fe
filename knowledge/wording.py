"""Texts that no pattern claims, read by the words in them: which concepts stand in one sentence, in any order.

The table's patterns know how programs put things; a translation that nobody has seen puts them otherwise. What it
names stays the same: a host and "not found", a certificate and "expired". knowledge/concepts.toml has the words of
each concept in each language, knowledge/wordings.toml says what they mean together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from knowledge import topic
from knowledge.han import SIMPLIFIED
from knowledge.model import Concept, Wording
from knowledge.rules import fold
from knowledge.scanner import Scanner
from knowledge.signs import Signs

MAX_CHARS = 1_500
"""A program's words are short; of a longer text only the beginning is read."""
MAX_SENTENCES = 12
GAP = 40
ENDING = 4
"""Letters that the ending of a word may have."""
INFLECTED = 4
"""Letters from which on a word inside an entry may have another ending."""
_VOWELS = "aeiouyаеиоуыэюяйь"
_BLANK = regex.compile(" ")
KEPT = 200
"""Sentences whose concepts are remembered: every hit of the table in a line asks for that line's."""
LONGEST_SENTENCE = 40
"""Words of a sentence that is still an error and no explanation."""
_START = "\x01"
_FIRST_CJK = "\u2e80"
_QUESTION = ("?", "？")
_SENTENCE = regex.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n\s*\n|\\n")
_NOT_WORD = regex.compile(r"[^\w]+")
_NAMED_HOST = regex.compile(r"(?<![\w.@-])(?:imap|smtp|pop3?|mail|mx)\d?(?:\.[a-z0-9-]+)+")
"""The name of a mail server: its words (imap, mail) say nothing of what the sentence around it is about."""
_INVISIBLE = regex.compile(r"\p{Cf}+")
"""Soft hyphens, zero-width blanks and marks of direction."""
_PLAIN_NEGATIVE = regex.compile("(?:(?<=[いきしちにみりえけせてねべめれげ])|([かさたなまらわがば]))な(?:かった|い)")
_I_ROW = dict(zip("かさたなまらわがば", "きしちにみりいぎび", strict=True))
_LETTERS = Signs(
    {
        letter: base
        for letter in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)))
        if (base := unicodedata.normalize("NFD", letter)[0]).isascii()
    }
    | {"ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ё": "е"}
    | SIMPLIFIED
)
"""Latin letters without their accents, Chinese characters in their simplified form."""


@dataclass(frozen=True, slots=True)
class _Word:
    """One entry of a concept: its parts must follow one another, each within its gap of the one before.

    A gap is a number of characters; ENDING means the very next word, whatever ending the one before has.
    """

    parts: tuple[str, ...]
    gaps: tuple[int, ...]

    def stands_in(self, sentence: str) -> bool:
        start = sentence.find(self.parts[0])
        while start >= 0:
            end = start + len(self.parts[0])
            if self._rest(sentence, end):
                return True
            start = sentence.find(self.parts[0], end)
        return False

    def _rest(self, sentence: str, end: int) -> bool:
        for part, gap in zip(self.parts[1:], self.gaps, strict=True):
            if gap == ENDING:
                at = sentence.find(" ", end, end + ENDING + 1)
                if at < 0 or not sentence.startswith(part, at):
                    return False
            else:
                at = sentence.find(part, max(0, end - 1), end + gap + len(part))
                if at < 0:
                    return False
            end = at + len(part)
        return True


class WordingTable:
    """Concepts and wordings, ready to read texts with."""

    def __init__(self, concepts: Mapping[str, Concept], wordings: Sequence[Wording]) -> None:
        self._wordings = tuple(wordings)
        languages = sorted({language for concept in concepts.values() for language in concept.words} - {"any"})
        self._words = {
            language: {
                c.id: tuple(_word(w) for w in (*c.words.get(language, ()), *c.words.get("any", ())))
                for c in concepts.values()
            }
            for language in languages
        }
        begun: dict[str, list[tuple[int, str, _Word]]] = {}
        for number, words in enumerate(self._words.values()):
            for concept, entries in words.items():
                for entry in entries:
                    if entry.parts[0]:
                        begun.setdefault(entry.parts[0], []).append((number, concept, entry))
        self._scanner, self._begun = Scanner(begun), list(begun.values())
        """First parts of entries, and for each the language (by number), the concept and the entry."""
        self._named = lru_cache(maxsize=KEPT)(self._concepts)
        self.refinable = frozenset(row for wording in wordings for row in wording.refines)
        """Rows that a reading by words may replace."""

    def read(self, text: str) -> Wording | None:
        """What the words of ``text`` speak of, None where they are of nothing we know or of another service.

        Each sentence is read by itself, in the language that most of its words are of; of several readings the
        one that stands first in the table counts.
        """
        best = len(self._wordings)
        if self.is_elsewhere(text) or self.fails_aside(text):
            return None
        for sentence in _sentences(text):
            best = min(best, self._first(sentence))
        return self._wordings[best] if best < len(self._wordings) else None

    def concepts_in(self, text: str) -> frozenset[str]:
        """All that the words of ``text`` name, in any language."""
        return _all(self._named(f"{_START} {plain(text[:MAX_CHARS])} "))

    def is_elsewhere(self, line: str) -> bool:
        """:func:`knowledge.topic.is_elsewhere` of one line."""
        return topic.is_elsewhere(self.concepts_in(line))

    def is_beside(self, line: str) -> bool:
        """:func:`knowledge.topic.is_beside` of one line."""
        return topic.is_beside(self.concepts_in(line))

    def is_aside(self, text: str) -> bool:
        """True where every sentence of ``text`` is about something else in a mail program: a draft, a contact, a
        key."""
        return all(topic.is_aside(_all(self._named(sentence))) for sentence in _sentences(text))

    def fails_aside(self, text: str) -> bool:
        """:func:`knowledge.topic.fails_aside` of the sentences of a text."""
        return topic.fails_aside(map(self._named, _sentences(text)))

    def _concepts(self, sentence: str) -> tuple[frozenset[str], ...]:
        """The concepts of a sentence by language; only entries whose first part stands in it are looked for."""
        named: list[set[str]] = [set() for _ in self._words]
        for first in self._scanner.found(sentence):
            for language, concept, entry in self._begun[first]:
                if concept not in named[language] and (len(entry.parts) == 1 or entry.stands_in(sentence)):
                    named[language].add(concept)
        return tuple(map(frozenset, named))

    def _first(self, sentence: str) -> int:
        named = self._named(sentence)
        everywhere = _all(named)
        if topic.is_aside(everywhere):
            return len(self._wordings)
        for concepts in sorted(named, key=len, reverse=True):
            for at, wording in enumerate(self._wordings):
                if everywhere.isdisjoint(wording.unless) and any(concepts.issuperset(group) for group in wording.sets):
                    return at
        return len(self._wordings)


def _all(named: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*named)


def plain(text: str) -> str:
    """``text`` in lower case, Latin letters without accents, Chinese simplified, names of mail servers the word mxhost,
    every run of other signs one blank."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    if "な" in composed:
        composed = _PLAIN_NEGATIVE.sub(_polite, composed)
    return _NOT_WORD.sub(" ", _NAMED_HOST.sub(" mxhost ", _LETTERS(fold(composed)))).strip()


def _polite(negative: regex.Match[str]) -> str:
    """A Japanese verb's plain negative as the polite one that programs use more: 見つからない as 見つかりません."""
    return _I_ROW.get(negative[1], "") + ("ませんでした" if negative[0].endswith("かった") else "ません")


def _sentences(text: str) -> Iterator[str]:
    text = text[:MAX_CHARS]
    parts = [p for p in _SENTENCE.split(text) if p and p.strip()][:MAX_SENTENCES]
    told = [p for p in parts if not p.rstrip().endswith(_QUESTION)]
    for part in (*told, *([text] if len(parts) == len(told) == 2 else ())):
        sentence = plain(part)
        if sentence.count(" ") < LONGEST_SENTENCE:
            yield f"{_START} {sentence} "


def _word(entry: str) -> _Word:
    parts = [(part, ENDING if number else GAP) for p in entry.split("*") for number, part in enumerate(_parts(p))]
    return _Word(tuple(part for part, _ in parts), tuple(gap for _, gap in parts[1:]))


def _parts(piece: str) -> Iterator[str]:
    """A piece of an entry cut where a word of it may have another ending: "адрес сервера" finds "адреса сервера"."""
    whole, begun = _part(piece), 0
    if whole.startswith(" "):
        for at in (m.start() for m in _BLANK.finditer(whole, 1, len(whole.rstrip()))):
            word = whole[whole.rindex(" ", 0, at) + 1 : at]
            if len(word) >= INFLECTED:
                yield whole[begun:at].rstrip(_VOWELS)
                begun = at
    yield whole[begun:]


def _part(piece: str) -> str:
    """A piece of an entry as it stands in a plain sentence: a blank before it unless it may stand inside a word."""
    piece = piece.strip()
    inside, ends = piece.startswith("-"), piece.endswith(".")
    text = plain(piece)
    if piece.startswith("^"):
        return f"{_START} {text}" + (" " if ends else "")
    if text[:1] >= _FIRST_CJK:
        return text
    return ("" if inside else " ") + text + (" " if ends else "")
