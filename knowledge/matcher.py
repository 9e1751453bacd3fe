"""Exact matching: text -> the rows of the decoded-error table that claim it, under a time limit.

Texts of the table are literal but for placeholders; patterns are regular expressions. Both are compiled only
when a literal part of theirs occurs in the text, since the table holds thousands and a ticket a handful.
"""

from __future__ import annotations

import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import regex

from knowledge.literals import required_literals
from knowledge.model import DecodedError, Knowledge

PATTERN_SECONDS = 0.05
"""Longest time that one pattern may take on one text."""
SCAN_SECONDS = 1.0
"""Longest time that one scan may take; what was found by then is returned."""
MAX_SCAN_CHARS = 100_000
MIN_LETTERS = 4
_QUOTES = "‘’‚‛′´`＇"
_DOUBLE = "“”„‟«»″＂‹›「」『』"
_DASHES = "‐‑‒–—―−"
_FOLD = str.maketrans(
    {**dict.fromkeys(_QUOTES, "'"), **dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_DASHES, "-"),
     **dict.fromkeys("\u00a0\u2007\u202f\u3000\t\u2009", " "), "…": "."}
    | {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
)
_PLACEHOLDER = regex.compile(r"\{([a-z_]+)\}")
_RUNS = {"server_reply": 400, "any": 160}


def fold(text: str) -> str:
    """``text`` with quotes, dashes and blanks made plain and letters lower-cased; offsets stay the same."""
    text = text.translate(_FOLD)
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := ch.lower()) == 1 else ch for ch in text)


@dataclass(frozen=True, slots=True)
class Hit:
    """A stretch of text that a row claims. ``fixed`` counts the literal characters that had to agree."""

    error_id: str
    span: tuple[int, int]
    fixed: int
    sample: str
    """The text or pattern of the row that matched."""
    bare_code: bool = False
    """True where what matched is a number such as 452 4.3.1 and no word."""


@dataclass(slots=True)
class _Rule:
    error_id: str
    source: str
    expression: str
    one_of: tuple[str, ...]
    """Any one of them must occur (folded, single blanks) before the expression is tried; empty: try always."""
    all_of: tuple[str, ...]
    """And all of these."""
    fixed: int
    compiled: regex.Pattern[str] | None = field(default=None)

    def pattern(self) -> regex.Pattern[str]:
        if self.compiled is None:
            self.compiled = regex.compile(self.expression, regex.IGNORECASE | regex.MULTILINE)
        return self.compiled


GRAM = 4


class _Index:
    """Rules by the rarest four-character gram of a literal that they need, so that a text names its candidates
    by its own grams, however large the table is."""

    def __init__(self, rules: list[_Rule]) -> None:
        counts = Counter(gram for rule in rules for needle in rule.one_of for gram in _grams(needle))
        self._by_gram: dict[str, list[_Rule]] = {}
        self._short: list[tuple[str, _Rule]] = []
        self._always = [rule for rule in rules if not rule.one_of]
        for rule in rules:
            for needle in rule.one_of:
                if len(needle) < GRAM:
                    self._short.append((needle, rule))
                else:
                    self._by_gram.setdefault(min(_grams(needle), key=lambda g: counts[g]), []).append(rule)

    def candidates(self, squeezed: str) -> Iterator[_Rule]:
        """Rules whose literals occur in ``squeezed``, each once."""
        found: dict[int, _Rule] = {id(rule): rule for rule in self._always}
        for gram in self._by_gram.keys() & set(_grams(squeezed)):
            for rule in self._by_gram[gram]:
                found[id(rule)] = rule
        for needle, rule in self._short:
            if needle in squeezed:
                found[id(rule)] = rule
        for rule in found.values():
            if (not rule.one_of or any(n in squeezed for n in rule.one_of)) and all(n in squeezed for n in rule.all_of):
                yield rule


def _grams(text: str) -> list[str]:
    return [text[i: i + GRAM] for i in range(len(text) - GRAM + 1)]


class Matcher:
    """The table, ready to be searched. Holds compiled patterns; safe to share within a process."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._rules: list[_Rule] = []
        for row in knowledge.errors.values():
            self._rules.extend(_rules_of(row))
        self._index = _Index(self._rules)

    def scan(self, text: str, seconds: float = SCAN_SECONDS) -> list[Hit]:
        """All rows that claim a part of ``text``, longest agreement first; at most one hit a row and place.

        ``text`` beyond MAX_SCAN_CHARS is not looked at. A pattern that runs into its time limit counts as no
        match: the table's own law test keeps such patterns out.
        """
        deadline = time.monotonic() + seconds
        folded = fold(text[:MAX_SCAN_CHARS])
        squeezed = " ".join(folded.split())
        hits: dict[tuple[str, int], Hit] = {}
        for rule in self._index.candidates(squeezed):
            if time.monotonic() > deadline:
                break
            for span in _spans(rule, folded):
                key = (rule.error_id, span[0])
                hit = Hit(rule.error_id, span, rule.fixed, rule.source, not any(c.isalpha() for c in folded[span[0]:span[1]]))
                if key not in hits or hits[key].fixed < hit.fixed:
                    hits[key] = hit
        return sorted(_outermost(hits.values()), key=lambda h: (-h.fixed, h.span))


def _spans(rule: _Rule, folded: str) -> Iterator[tuple[int, int]]:
    try:
        for count, found in enumerate(rule.pattern().finditer(folded, timeout=PATTERN_SECONDS)):
            if found.end() > found.start():
                yield found.span()
            if count >= 20:
                return
    except TimeoutError:
        return


def _outermost(hits: object) -> list[Hit]:
    """Drops a row's hit that lies inside another hit of the same row."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.error_id, h.span[0], -h.span[1])):  # type: ignore[call-overload]
        if kept and kept[-1].error_id == hit.error_id and hit.span[1] <= kept[-1].span[1]:
            continue
        kept.append(hit)
    return kept


# -- compiling rows ------------------------------------------------------------------------------------


def _rules_of(row: DecodedError) -> Iterator[_Rule]:
    for pattern in row.patterns:
        needles = required_literals(pattern)
        yield _Rule(row.id, pattern, pattern, needles, (), max((len(n) for n in needles), default=4))
    for texts in row.texts:
        for samples in texts.by_language.values():
            for sample in samples:
                yield text_rule(row.id, sample)


def text_rule(error_id: str, sample: str) -> _Rule:
    """Compile a literal text with placeholders (see :class:`knowledge.model.Texts`)."""
    plain = unicodedata.normalize("NFC", fold(sample)).strip().rstrip(".").strip()
    parts: list[str] = []
    needles: list[str] = []
    fixed, position = 0, 0
    pieces = list(_PLACEHOLDER.finditer(plain))
    for piece in pieces:
        literal = plain[position:piece.start()]
        position = piece.end()
        parts.append(_literal(literal))
        fixed += len(literal.strip())
        needles.append(_needle(literal))
        if piece.start() > 0 and piece.end() < len(plain):
            parts.append(rf"[^\n]{{0,{_RUNS.get(piece[1], 120)}}}?(?:\n[^\n]{{0,80}}?)??")
    tail = plain[position:]
    parts.append(_literal(tail))
    fixed += len(tail.strip())
    needles.append(_needle(tail))
    longest = max(needles, key=len)
    expression = "".join(parts)
    if expression[:1].isalnum() and ord(expression[0]) < 0x2E80:
        expression = r"(?<!\w)" + expression
    if plain and plain[-1].isalnum() and ord(plain[-1]) < 0x2E80 and not plain.endswith("}"):
        expression += r"(?!\w)"
    others = tuple(n for n in needles if n and n != longest)
    return _Rule(error_id, sample, expression, (longest,) if longest else (), others, fixed)


def _literal(text: str) -> str:
    """A literal as a pattern: any white space for a blank, optional quotes' kind, optional full stops."""
    out: list[str] = []
    for ch in text:
        if ch.isspace():
            if out and out[-1] == r"\s+":
                continue
            out.append(r"\s+")
        elif ch in "'\"":
            out.append("['\"]{0,2}")
        elif ch == ".":
            out.append(r"\.{0,3}")
        else:
            out.append(regex.escape(ch))
    return "".join(out)


def _needle(literal: str) -> str:
    """The longest stretch of a literal that must occur as it stands once blanks are single."""
    stretch = max((" ".join(s.split()) for s in regex.split(r"['\".…]", literal)), key=len, default="")
    return stretch.strip()
