"""Exact matching: text -> the rows of the decoded-error table that claim it, under a time limit.

Texts of the table are literal but for placeholders; patterns are regular expressions. Both are compiled only
when a literal part of theirs occurs in the text, since the table holds thousands and a ticket a handful.
"""

from __future__ import annotations

import string
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import regex

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


@dataclass(slots=True)
class _Rule:
    error_id: str
    source: str
    expression: str
    needles: tuple[str, ...]
    """Any one of them must occur (folded, single blanks) before the expression is tried."""
    fixed: int
    compiled: regex.Pattern[str] | None = field(default=None)

    def pattern(self) -> regex.Pattern[str]:
        if self.compiled is None:
            self.compiled = regex.compile(self.expression, regex.IGNORECASE | regex.MULTILINE)
        return self.compiled


class Matcher:
    """The table, ready to be searched. Holds compiled patterns; safe to share within a process."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._rules: list[_Rule] = []
        for row in knowledge.errors.values():
            self._rules.extend(_rules_of(row))
        self._by_needle: dict[str, list[_Rule]] = {}
        self._always: list[_Rule] = []
        for rule in self._rules:
            if not rule.needles:
                self._always.append(rule)
            for needle in rule.needles:
                self._by_needle.setdefault(needle, []).append(rule)

    def scan(self, text: str, seconds: float = SCAN_SECONDS) -> list[Hit]:
        """All rows that claim a part of ``text``, longest agreement first; at most one hit a row and place.

        ``text`` beyond MAX_SCAN_CHARS is not looked at. A pattern that runs into its time limit counts as no
        match: the table's own law test keeps such patterns out.
        """
        deadline = time.monotonic() + seconds
        folded = fold(text[:MAX_SCAN_CHARS])
        squeezed = " ".join(folded.split())
        hits: dict[tuple[str, int], Hit] = {}
        tried: set[int] = set()
        for rule in self._candidates(squeezed):
            if id(rule) in tried:
                continue
            tried.add(id(rule))
            if time.monotonic() > deadline:
                break
            for span in _spans(rule, folded):
                key = (rule.error_id, span[0])
                hit = Hit(rule.error_id, span, rule.fixed, rule.source)
                if key not in hits or hits[key].fixed < hit.fixed:
                    hits[key] = hit
        return sorted(_outermost(hits.values()), key=lambda h: (-h.fixed, h.span))

    def _candidates(self, squeezed: str) -> Iterator[_Rule]:
        yield from self._always
        for needle, rules in self._by_needle.items():
            if needle in squeezed:
                yield from rules


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
        needles = literal_needles(pattern)
        yield _Rule(row.id, pattern, pattern, needles, max((len(n) for n in needles), default=4))
    for texts in row.texts:
        for samples in texts.by_language.values():
            for sample in samples:
                yield text_rule(row.id, sample)


def text_rule(error_id: str, sample: str) -> _Rule:
    """Compile a literal text with placeholders (see :class:`knowledge.model.Texts`)."""
    plain = unicodedata.normalize("NFC", fold(sample)).strip().rstrip(".").strip()
    parts: list[str] = []
    longest, fixed, position = "", 0, 0
    pieces = list(_PLACEHOLDER.finditer(plain))
    for piece in pieces:
        literal = plain[position:piece.start()]
        position = piece.end()
        parts.append(_literal(literal))
        fixed += len(literal.strip())
        longest = max(longest, _needle(literal), key=len)
        if 0 < piece.start() and piece.end() < len(plain):
            parts.append(rf"[^\n]{{0,{_RUNS.get(piece[1], 120)}}}?(?:\n[^\n]{{0,80}}?)??")
    tail = plain[position:]
    parts.append(_literal(tail))
    fixed += len(tail.strip())
    longest = max(longest, _needle(tail), key=len)
    expression = "".join(parts)
    if expression[:1].isalnum() and ord(expression[0]) < 0x2E80:
        expression = r"(?<!\w)" + expression
    if plain and plain[-1].isalnum() and ord(plain[-1]) < 0x2E80 and not plain.endswith("}"):
        expression += r"(?!\w)"
    return _Rule(error_id, sample, expression, (longest,) if longest else (), fixed)


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


_STOP = set("\\[](){}|?*+^$.")


def literal_needles(pattern: str) -> tuple[str, ...]:
    """Literals of which one must occur in any text that ``pattern`` matches; () where none is certain.

    Reads the pattern's top level: a plain run is certain; of a group with alternatives, one run each.
    """
    best: tuple[str, ...] = ()
    for candidate in _certain(pattern):
        if candidate and min(map(len, candidate)) >= 3 and (
            not best or min(map(len, candidate)) > min(map(len, best))
        ):
            best = candidate
    return best


def _certain(pattern: str) -> Iterator[tuple[str, ...]]:
    """Sets of literals at the top level of ``pattern``, each set holding one that must occur."""
    if _top_level_bar(pattern):
        return
    run = ""
    i = 0
    while i < len(pattern):
        ch = pattern[i]
        if ch == "\\":
            escape = pattern[i + 1: i + 2]
            width = 2
            if escape == "s" and pattern[i + 2: i + 3] == "+":
                run += " "  # the searched text has single blanks when needles are looked for
                i += 3
                continue
            if escape and escape in string.punctuation:
                if pattern[i + 2: i + 3] in ("?", "*", "{"):
                    yield (run.strip(),)
                    run = ""
                else:
                    run += escape
                i += width
                continue
            yield (run.strip(),)
            run = ""
            if escape in "pPxuNk":
                close = pattern.find("}", i)
                width = close - i + 1 if escape in "pPN" and close > 0 else {"x": 4, "u": 6}.get(escape, 2)
            i += width
        elif ch == "(":
            close = _closing(pattern, i)
            yield (run.strip(),)
            run = ""
            after = pattern[close + 1: close + 2]
            body = pattern[i + 1: close]
            if after not in ("?", "*", "{") and not body.startswith(("?!", "?<!", "?=", "?<=", "?i", "?m")):
                body = body[2:] if body.startswith("?:") else body[2:] if body.startswith("?>") else body
                yield _alternatives(body)
            i = close + 1
        elif ch == "[":
            yield (run.strip(),)
            run = ""
            i = _class_end(pattern, i) + 1
        elif ch in "?*{":
            yield (run[:-1].strip(),)
            run = ""
            i = pattern.find("}", i) + 1 if ch == "{" else i + 1
        elif ch in "+.^$|)":
            yield (run.strip(),)
            run = ""
            i += 1
        else:
            run += ch.lower()
            i += 1
    yield (run.strip(),)


def _alternatives(body: str) -> tuple[str, ...]:
    """The longest certain literal of each alternative of a group, or () where one has none."""
    out: list[str] = []
    for alternative in _split_bars(body):
        longest = max((c[0] for c in _certain(alternative) if len(c) == 1), key=len, default="")
        if len(longest) < 3:
            return ()
        out.append(longest)
    return tuple(out)


def _closing(pattern: str, start: int) -> int:
    depth, i = 0, start
    while i < len(pattern):
        if pattern[i] == "\\":
            i += 2
            continue
        if pattern[i] == "[":
            i = _class_end(pattern, i)
        elif pattern[i] == "(":
            depth += 1
        elif pattern[i] == ")":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    return len(pattern)


def _class_end(pattern: str, start: int) -> int:
    i = start + 1
    if pattern[i: i + 1] == "^":
        i += 1
    if pattern[i: i + 1] == "]":
        i += 1
    while i < len(pattern) and pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return i


def _split_bars(body: str) -> list[str]:
    parts, last, i, depth = [], 0, 0, 0
    while i < len(body):
        if body[i] == "\\":
            i += 2
            continue
        if body[i] == "[":
            i = _class_end(body, i)
        elif body[i] == "(":
            depth += 1
        elif body[i] == ")":
            depth -= 1
        elif body[i] == "|" and depth == 0:
            parts.append(body[last:i])
            last = i + 1
        i += 1
    parts.append(body[last:])
    return parts


def _top_level_bar(pattern: str) -> bool:
    return len(_split_bars(pattern)) > 1
