"""Where client families are named, or given away by an error shape, in a text.

Families bring more than a thousand patterns. Each is searched only where a literal that it needs occurs, and the
literals are looked up by their first characters, so that a ticket of 2 kB costs well under a millisecond here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from bot.core.parse.literals import required_literals
from knowledge.model import ClientFamily

PATTERN_SECONDS = 0.05
"""Longest time that one pattern may take on one text."""
MAX_CHARS = 40_000
"""Clients are looked for in this much of a text."""
MAX_HITS = 40
"""Most places at which one pattern is followed up: a hostile text may repeat a name thousands of times."""
_GRAM = 3
_ENDING = regex.compile(
    # Genitives and cases: Thunderbirds, Outlook's, Thunderbirda, Outlookiem, Thunderbirdzie; German compounds.
    r"(?:'?s|'?a|u|em|iem|ie|zie|owi|ach|y|i|om|ami|ów|en|ban|ben|konto|programm|app|fehler|"
    r"а|у|ом|ем|е|и|ы|ой|ою|ам|ами|ах|ов|я|ю)(?![^\W_])",
    regex.IGNORECASE,
)
_LEAST_FOR_ENDINGS = 6
"""A short name with an ending is another word (curl, curly)."""
_ADDRESS_LIKE = regex.compile(
    r"[\w.+%*-]+@[\w.*-]+"  # an address
    r"|[a-z][a-z0-9+.-]{1,10}://\S+"  # a URL
    r"|(?<![\w/.])(?:/[\w.+@-]+){2,}/?"  # a path
    r"|(?<!\w)[A-Za-z]:\\\S+"
    r"|(?<![\w@.:-])(?:[\w-]+\.)+(?-i:[a-z]{2,14})(?![\w(]|::|\.[A-Z])",  # a host name; TLDs are lower case
    regex.IGNORECASE,
)
_PLAIN = str.maketrans(
    {**dict.fromkeys("‘’‚‛′´`", "'"), **dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
    | dict.fromkeys("\u00a0\u2007\u202f\u3000\t\u2009", " ")
    | {0xFF01 + i: chr(0x21 + i) for i in range(94) if chr(0xFF01 + i) not in "，：；！？（）"}
)


def plain(text: str) -> str:
    """``text`` (its first :data:`MAX_CHARS`) with quotes, dashes and blanks made plain. Offsets stay the same."""
    return text[:MAX_CHARS].translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Hit:
    """A family that a stretch of text names (``name``, ``weak``) or gives away (``error``)."""

    family: ClientFamily
    kind: str
    start: int
    end: int


@dataclass(slots=True)
class _Rule:
    family: ClientFamily
    kind: str
    source: str
    compiled: regex.Pattern[str] | None = None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the rule matches. A pattern that runs out of time finds nothing more."""
        if self.compiled is None:
            self.compiled = regex.compile(self.source, regex.IGNORECASE)
        found = 0
        try:
            for match in self.compiled.finditer(text, timeout=PATTERN_SECONDS):
                if match.end() > match.start():
                    yield match.span()
                    found += 1
                if found >= MAX_HITS:
                    return
        except TimeoutError:
            return


class ClientIndex:
    """The patterns of all families, ready to be searched. Build it once; see :func:`index_of`."""

    def __init__(self, families: Sequence[ClientFamily]) -> None:
        self._always: list[_Rule] = []
        self._by_literal: dict[str, list[_Rule]] = {}
        self._by_gram: dict[str, list[str]] = {}
        for family in families:
            for rule in _rules(family):
                self._add(rule)
        self._grams = frozenset(self._by_gram)

    def _add(self, rule: _Rule) -> None:
        # A literal is compared with lower-cased text, so the scoped (?-i:…) asks for nothing more here.
        literals = required_literals(rule.source.replace("(?-i:", "(?:").replace("(?m:", "(?:"))
        if not literals:
            self._always.append(rule)
        for literal in literals:
            if literal not in self._by_literal:
                self._by_gram.setdefault(literal[:_GRAM], []).append(literal)
            self._by_literal.setdefault(literal, []).append(rule)

    def scan(self, text: str) -> list[Hit]:
        """All hits in ``text`` (already :func:`plain`), overlapping ones resolved, in order of their place."""
        hits = [
            Hit(rule.family, rule.kind, start, end)
            for rule in self._due(text.lower())
            for start, end in rule.spans(text)
            if rule.kind in ("error", "unlike") or _stands_alone(text, start, end)
        ]
        unlike = [hit for hit in hits if hit.kind == "unlike"]
        addresses = [match.span() for match in _ADDRESS_LIKE.finditer(text, timeout=1.0)] if hits else []
        kept = [hit for hit in hits if hit.kind != "unlike" and not _denied(hit, unlike, addresses)]
        return sorted(_longest(kept), key=lambda hit: (hit.start, hit.end))

    def _due(self, lowered: str) -> Iterable[_Rule]:
        grams = {lowered[i : i + _GRAM] for i in range(len(lowered))}
        grams |= {lowered[i : i + 2] for i in range(len(lowered)) if lowered[i] > "\u2e80"}
        due: dict[int, _Rule] = {id(rule): rule for rule in self._always}
        for gram in grams & self._grams:
            for literal in self._by_gram[gram]:
                if literal in lowered:
                    due.update((id(rule), rule) for rule in self._by_literal[literal])
        return due.values()


_last: tuple[Sequence[ClientFamily], ClientIndex] | None = None


def index_of(families: Sequence[ClientFamily]) -> ClientIndex:
    """The index of ``families``; the one asked for last is kept, since knowledge is loaded once."""
    global _last
    if _last is None or _last[0] is not families:
        _last = (families, ClientIndex(families))
    return _last[1]


def _rules(family: ClientFamily) -> Iterator[_Rule]:
    names = dict.fromkeys((regex.escape(family.name), *family.names))
    for kind, sources in (
        ("name", names), ("weak", family.weak), ("error", family.errors), ("unlike", family.unlike)
    ):
        for source in sources:
            yield _Rule(family, kind, source)


def _script(char: str) -> str:
    """Latin or Cyrillic letters build words; scripts without spaces do not."""
    if char.isascii():
        return "L" if char.isalpha() or char == "_" else "D" if char.isdigit() else ""
    if not char.isalpha():
        return ""
    name = unicodedata.name(char, "")
    return "L" if name.startswith("LATIN") else "C" if name.startswith("CYRILLIC") else ""


def _stands_alone(text: str, start: int, end: int) -> bool:
    first, before = _script(text[start]), _script(text[start - 1]) if start else ""
    if first and (before == first or (before and first in "LD" and before in "LD")):
        return False
    last, after = _script(text[end - 1]), _script(text[end]) if end < len(text) else ""
    if not last or not after or (after == "D" and last != "D"):
        return True
    if last == "D":
        return after != "D"
    if after not in "LC":
        return True
    return end - start >= _LEAST_FOR_ENDINGS and _ENDING.match(text, end) is not None


def _denied(hit: Hit, unlike: list[Hit], addresses: list[tuple[int, int]]) -> bool:
    if hit.kind == "error":
        return False
    if any(no.family is hit.family and no.start < hit.end and hit.start < no.end for no in unlike):
        return True
    return any(
        start <= hit.start and hit.end <= end and end - start > hit.end - hit.start for start, end in addresses
    )


def _longest(hits: list[Hit]) -> list[Hit]:
    """Of names that overlap the longest stays; an error shape does not compete with a name."""
    rank = {"name": 0, "weak": 1, "error": 0}
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, rank[hit.kind])):
        rivals = [other for other in kept if (other.kind == "error") == (hit.kind == "error")]
        if not any(other.start < hit.end and hit.start < other.end for other in rivals):
            kept.append(hit)
    return kept
