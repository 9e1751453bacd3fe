"""Is it a secret, or does it only talk about one? The tests that the rules in :mod:`secret_rules` ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from bot.core.parse import secret_words as words


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape of secret: its expression, the group that is masked, and a test that may still say no."""

    kind: str
    source: str
    flags: int = 0
    group: str | int = 0
    test: Callable[[regex.Match[str]], bool] | None = None
    needs: tuple[str, ...] = ()
    """The rule is tried only where one of these (lower case) occurs in the text."""

    def pattern(self) -> regex.Pattern[str]:
        """The compiled expression: most tickets need few of the rules, and all together take 0.2 s."""
        return compiled(self.source, self.flags)


@lru_cache(maxsize=64)
def compiled(source: str, flags: int = 0) -> regex.Pattern[str]:
    """``source`` compiled on first use."""
    return regex.compile(source, flags)


# -- is it a secret, or does it talk about one? ----------------------------------------------------------

_MARKS: Final = "\"'`“”„‚‘’«»「」『』"
PLACEHOLDER: Final = regex.compile(
    r"[*•●·.xX#?_…\-–—=/\\]+|[\[<({].*|[*•●]{2,}.*|.*(?:\*\*\*|•••|…).*|%\w+%|"
    r"\$\{?\w+\}?|\{\w+\}"
)
_HARMLESS: Final = regex.compile(
    r"https?://.*|[^\s@]+@[^\s@]+\.[^\s@]+|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?|\d{1,3}(?:\.\d{1,3}){3}|"
    r"v?\d+(?:\.\d+)+\w*|"
    r"0x[0-9a-f]+|\d{3}[ -]?\d\.\d\.\d+|(?:x?oauth|imap|pop|tls|sslv?|sha|md|smtp|utf|ipv|windows|win|"
    r"office|outlook|"
    r"android|ios|macos|iphone|exchange|base|k|m)-?\d[\d.]*(?:rev1|bit)?(?:[:,;/].*)?|\d+(?:x|mal|st|nd|"
    r"rd|th|h|min|s|kb|mb|gb|times|er|\.)|"
    r"[45]\d\d|[a-z]+\d?/[a-z0-9/.]+|\(.*|cram-md5|scram-sha-\d+(?:-plus)?|digest-md5|ssl/tls|2fa|utf-8|"
    r"unix:.*|[\w]+\(\)?.*",
    regex.IGNORECASE,
)
_ENDS: Final = regex.compile(
    r"[ \t]*(?:$|[\n,;.)\]}>|/!]|\t|  |[\-–—(]|(?:and|und|et|y|e|en|i|и|but|"
    r"aber)\b)"
)


def _value(match: regex.Match[str], *, strict: bool) -> bool:
    """True where the group ``v`` reads as a secret. ``strict``: no colon or quote announces it."""
    value = match["v"].strip()
    quoted = "q" in match.re.groupindex and match["q"] is not None
    bare = value.strip(_MARKS + ".,;:!?)(]}")
    lowered = bare.lower()
    if len(bare) < 3 or PLACEHOLDER.fullmatch(value) or lowered in words.NOT_SECRET:
        return False
    if _HARMLESS.fullmatch(lowered) or _HARMLESS.fullmatch(value.lower().rstrip(".,;:)")):
        return False
    if " " in value:
        return quoted and not any(word.strip(".,;:!?").lower() in words.NOT_SECRET for word in value.split())
    if _strong(bare, value):
        return True
    if strict and not quoted:
        return False
    if quoted:
        return True
    if bare.isdigit():
        return len(bare) >= 4 and bool(_ENDS.match(match.string, match.end()))
    return bool(_ENDS.match(match.string, match.end("v")))


def _strong(bare: str, value: str) -> bool:
    """Shapes that words do not have: letters with digits, a symbol inside, capitals inside."""
    if len(bare) < 4 or ("=" in bare and bare.rstrip("=").isalpha() and bare[:-1].count("=")):
        return False
    has_letter = any(char.isalpha() for char in bare)
    has_digit = any(char.isdigit() for char in bare)
    if has_letter and has_digit:
        return True
    if has_letter and any(char in "!$%&*?^~#@+=€§" for char in value.rstrip("!?.")[1:]):
        return True
    inner = bare[1:]
    mixed = any(c.isupper() for c in inner) and any(c.islower() for c in inner)
    return mixed and bare.isascii() and bare.isalpha() and len(bare) >= 8 and not bare[0].isupper()


def loose(match: regex.Match[str]) -> bool:
    """A value that stands where a label announces a secret: little is needed to take it for one."""
    return _value(match, strict=False)


def firm(match: regex.Match[str]) -> bool:
    """A value after a word that may only speak of passwords: it must look like one."""
    return _value(match, strict=True)


def no_prose(match: regex.Match[str]) -> bool:
    """Four groups of four letters are an app password, unless they are words."""
    return not any(word.lower() in words.NOT_SECRET for word in regex.split("[ -]", match["v"]))


def long_key(match: regex.Match[str]) -> bool:
    """A long run beside the word for a key; a digit tells it from a word, and placeholders are none."""
    value = match["v"]
    return (
        any(c.isdigit() for c in value) and not _HARMLESS.fullmatch(value.lower()) and not PLACEHOLDER.fullmatch(value)
    )


def luhn(match: regex.Match[str]) -> bool:
    """A card number by its check digit (ISO/IEC 7812-1) and first digits that are issued to cards."""
    digits = [int(char) for char in match.group() if char.isdigit()]
    length = len(digits)
    if not 12 <= length <= 19 or len(set(digits)) == 1:
        return False
    if digits[0] not in {2, 3, 4, 5, 6, 9} or (length == 12 and digits[0] not in {5, 6}):
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if index % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def mod97(match: regex.Match[str]) -> bool:
    """An IBAN by its check digits (ISO 13616-1)."""
    compact = match.group().replace(" ", "").upper()
    if not 15 <= len(compact) <= 34:
        return False
    rotated = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in rotated)) % 97 == 1


def any_of(alternatives: tuple[str, ...]) -> str:
    """An alternation of ``alternatives``, the longest first."""
    return "|".join(sorted(set(alternatives), key=len, reverse=True))
