"""Rows of the decoded-error table -> rules that a text can be searched for. A rule's regular expression is made
only when the rule becomes a candidate."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex

from knowledge.literals import alternatives, required_literals
from knowledge.model import DecodedError
from knowledge.sieve import Needs
from knowledge.signs import Signs

_QUOTES = "‘’‚‛′´`＇"
_DOUBLE = "“”„‟«»″＂‹›「」『』"
_DASHES = "‐‑‒–—―−"
_FOLD = Signs(
    {
        **dict.fromkeys(_QUOTES, "'"),
        **dict.fromkeys(_DOUBLE, '"'),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000\t\u2009", " "),
        "…": ".",
    }
    | {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
)
_PLACEHOLDER = regex.compile(r"\{([a-z_]+)\}")
_SHORT = r"[^\s]{0,24}?"
_LINE = r"[^\n]{0,120}?(?:\n[^\n]{0,80}?)??"
_RUNS = {"server_reply": r"[^\n]{0,400}?(?:\n[^\n]{0,80}?)??", "n": _SHORT, "port": _SHORT, "code": _SHORT}
"""What a placeholder stands for; a mail wraps long lines once."""
_BREAKS = Signs(dict.fromkeys("'\".…", "\n"))
_FLAGS = regex.IGNORECASE | regex.MULTILINE
NUMBER = 4
"""Literal characters that a pattern without a literal counts for."""


@cache
def compiled(expression: str) -> regex.Pattern[str]:
    """``expression`` as the table's patterns are meant, compiled once: the laws and the matcher ask for the same
    ones."""
    return regex.compile(expression, _FLAGS)


def fold(text: str) -> str:
    """``text`` with quotes, dashes and blanks made plain and letters lower-cased; offsets stay the same."""
    text = _FOLD(text)
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
    alternatives: tuple[Needs, ...]
    """What each way to match needs of a folded, squeezed text."""
    compiled: regex.Pattern[str] | None = None
    fixed_text: re.Pattern[str] | None = None

    def pattern(self) -> regex.Pattern[str]:
        """The compiled expression."""
        if self.compiled is None:
            self.compiled = (
                regex.compile(_expression(_plain(self.sample)), _FLAGS) if self.literal else compiled(self.sample)
            )
        return self.compiled

    def finditer(self, folded: str, timeout: float) -> Iterator[re.Match[str] | regex.Match[str]]:
        """The places in a folded text (:func:`fold`). Raises TimeoutError after ``timeout`` seconds.

        A text without placeholders has nothing to go back for; the standard library compiles it in a third of the time.
        """
        if not self.literal or "{" in self.sample:
            return self.pattern().finditer(folded, timeout=timeout)
        if self.fixed_text is None:
            self.fixed_text = re.compile(_expression(_plain(self.sample)))
        return self.fixed_text.finditer(folded)

    @property
    def fixed(self) -> int:
        """Literal characters that have to agree."""
        if self.literal:
            return sum(len(piece.strip()) for piece in _pieces(self.sample))
        return sum(min(map(len, words)) for words in required_literals(self.sample, phrases=False)) or NUMBER


def rules_of(row: DecodedError) -> Iterator[Rule]:
    """The rules of one row: its patterns, and each of its texts."""
    for pattern in row.patterns:
        yield Rule(row.id, pattern, False, tuple(map(required_literals, alternatives(pattern))))
    for texts in row.texts:
        for samples in texts.by_language.values():
            for sample in samples:
                yield text_rule(row.id, sample)


def text_rule(error_id: str, sample: str) -> Rule:
    """The rule of a literal text with placeholders (see :class:`knowledge.model.Texts`)."""
    needles = {" ".join(part.split()) for piece in _pieces(sample) for part in _BREAKS(piece).split("\n")}
    return Rule(error_id, sample, True, (tuple((n,) for n in sorted(needles, key=lambda n: (-len(n), n)) if n),))


def _pieces(sample: str) -> list[str]:
    """What a text says around its placeholders."""
    return _PLACEHOLDER.split(_plain(sample))[::2] if "{" in sample else [_plain(sample)]


def _plain(sample: str) -> str:
    return unicodedata.normalize("NFC", fold(sample)).strip().rstrip(".").strip()


def _expression(plain: str) -> str:
    """A text as a regular expression; a placeholder at its very start or end is dropped."""
    parts: list[str] = []
    position = 0
    for piece in _PLACEHOLDER.finditer(plain):
        parts.append(_literal(plain[position : piece.start()]))
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
