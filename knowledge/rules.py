"""Rows of the decoded-error table -> rules that a text can be searched for, and an index that finds the few
candidates among thousands. A rule's regular expression is made only when the rule becomes a candidate."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from knowledge.literals import required_literals
from knowledge.model import DecodedError

_QUOTES = "‘’‚‛′´`＇"
_DOUBLE = "“”„‟«»″＂‹›「」『』"
_DASHES = "‐‑‒–—―−"
_FOLD = str.maketrans(
    {**dict.fromkeys(_QUOTES, "'"), **dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_DASHES, "-"),
     **dict.fromkeys("\u00a0\u2007\u202f\u3000\t\u2009", " "), "…": "."}
    | {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
)
_PLACEHOLDER = regex.compile(r"\{([a-z_]+)\}")
_SHORT = r"[^\s]{0,24}?"
_LINE = r"[^\n]{0,120}?(?:\n[^\n]{0,80}?)??"
_RUNS = {"server_reply": r"[^\n]{0,400}?(?:\n[^\n]{0,80}?)??", "n": _SHORT, "port": _SHORT, "code": _SHORT}
"""What a placeholder stands for; a mail wraps long lines once."""
_BREAKS = str.maketrans(dict.fromkeys("'\".…", "\n"))
GRAM = 4


def fold(text: str) -> str:
    """``text`` with quotes, dashes and blanks made plain and letters lower-cased; offsets stay the same."""
    text = text.translate(_FOLD)
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := ch.lower()) == 1 else ch for ch in text)


@dataclass(slots=True)
class Rule:
    """One pattern or one literal text of a row."""

    error_id: str
    sample: str
    literal: bool
    """True for a text with placeholders, False for a regular expression."""
    needs: tuple[tuple[str, ...], ...]
    """One literal of each set must occur (folded, single blanks) before the expression is tried; the set that
    sorts out most comes first. Empty: try always."""
    fixed: int
    """Literal characters that have to agree."""
    compiled: regex.Pattern[str] | None = None

    def pattern(self) -> regex.Pattern[str]:
        """The compiled expression."""
        if self.compiled is None:
            expression = _expression(_plain(self.sample)) if self.literal else self.sample
            self.compiled = regex.compile(expression, regex.IGNORECASE | regex.MULTILINE)
        return self.compiled


class RuleIndex:
    """Rules by the rarest four-character gram of a literal that they need, so that a text names its candidates
    by its own grams, however large the table is."""

    def __init__(self, rules: list[Rule]) -> None:
        counts = Counter(gram for rule in rules for needles in rule.needs[:1] for needle in needles for gram in _grams(needle))
        self._by_gram: dict[str, list[Rule]] = {}
        self._short: list[tuple[str, Rule]] = []
        self._always = [rule for rule in rules if not rule.needs]
        for rule in rules:
            for needle in rule.needs[0] if rule.needs else ():
                if len(needle) < GRAM:
                    self._short.append((needle, rule))
                else:
                    self._by_gram.setdefault(min(_grams(needle), key=counts.__getitem__), []).append(rule)

    def candidates(self, squeezed: str) -> Iterator[Rule]:
        """Rules whose literals occur in ``squeezed`` (folded text with single blanks), each once."""
        found: dict[int, Rule] = {id(rule): rule for rule in self._always}
        for gram in self._by_gram.keys() & set(_grams(squeezed)):
            for rule in self._by_gram[gram]:
                found[id(rule)] = rule
        for needle, rule in self._short:
            if needle in squeezed:
                found[id(rule)] = rule
        for rule in found.values():
            if all(any(needle in squeezed for needle in needles) for needles in rule.needs):
                yield rule


def _grams(text: str) -> list[str]:
    return [text[i: i + GRAM] for i in range(len(text) - GRAM + 1)]


def rules_of(row: DecodedError) -> Iterator[Rule]:
    """The rules of one row: its patterns, and each of its texts."""
    for pattern in row.patterns:
        needs = required_literals(pattern)
        yield Rule(row.id, pattern, False, needs, sum(min(map(len, needles)) for needles in needs) or GRAM)
    for texts in row.texts:
        for samples in texts.by_language.values():
            for sample in samples:
                yield text_rule(row.id, sample)


def text_rule(error_id: str, sample: str) -> Rule:
    """The rule of a literal text with placeholders (see :class:`knowledge.model.Texts`)."""
    pieces = _PLACEHOLDER.split(_plain(sample))[::2] if "{" in sample else [_plain(sample)]
    needles = [max((" ".join(part.split()) for part in piece.translate(_BREAKS).split("\n")), key=len) for piece in pieces]
    needs = tuple((n,) for n in sorted(set(needles), key=len, reverse=True) if n)
    return Rule(error_id, sample, True, needs, sum(len(p.strip()) for p in pieces))


def _plain(sample: str) -> str:
    return unicodedata.normalize("NFC", fold(sample)).strip().rstrip(".").strip()


def _expression(plain: str) -> str:
    """A text as a regular expression; a placeholder at its very start or end is dropped."""
    parts: list[str] = []
    position = 0
    for piece in _PLACEHOLDER.finditer(plain):
        parts.append(_literal(plain[position:piece.start()]))
        position = piece.end()
        if piece.start() > 0 and piece.end() < len(plain):
            parts.append(_RUNS.get(piece[1], _LINE))
    parts.append(_literal(plain[position:]))
    expression = "".join(parts).removeprefix(r"\s+").removesuffix(r"\s+")
    if expression[:1].isalnum() and ord(expression[0]) < _FIRST_CJK:
        expression = r"(?<!\w)" + expression
    if plain and plain[-1].isalnum() and ord(plain[-1]) < _FIRST_CJK:
        expression += r"(?!\w)"
    return expression


_FIRST_CJK = 0x2E80
"""From here on scripts are written without blanks, so that a word has no visible edge."""


def _literal(text: str) -> str:
    """A literal as a pattern: any white space for a blank, optional quotes of any kind, optional full stops."""
    out: list[str] = []
    for ch in text:
        if ch.isspace():
            if not out or out[-1] != r"\s+":
                out.append(r"\s+")
        elif ch in "'\"":
            out.append("['\"]{0,2}")
        elif ch == ".":
            out.append(r"\.{0,3}")
        else:
            out.append(regex.escape(ch))
    return "".join(out)
