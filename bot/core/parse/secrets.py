"""Passwords, tokens, keys and card numbers are masked before anything is stored, logged or shown.

The marker never tells the length. What only talks about a password ("Password mismatch", "Password: Normal
password", the prompt UGFzc3dvcmQ6) stays: it is what the error rows are matched against.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import cache
from typing import Final

import regex

from bot.core.parse.secret_rules import LABEL, LABEL_STEMS, PASSWORD_RULES, TAILS
from bot.core.parse.secret_shapes import Rule, compiled
from bot.core.parse.secret_tokens import TOKEN_RULES
from knowledge.scanner import Scanner

TIMEOUT: Final = 0.2
"""Seconds that one pattern may take over a ticket's text; they are linear, this is the second lock."""

Found = tuple[int, int, str]
"""Start, end and kind of a secret."""

_TRAILING: Final = ").,;]}"


def mask(text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` with each secret replaced by ``[masked KIND]``, and the kinds found, sorted, each once.

    Kinds: password, token, key, card, iban, code. Masking twice changes nothing.
    """
    found = find_secrets(text)
    out: list[str] = []
    at = 0
    for start, end, kind in found:
        out.append(text[at:start])
        out.append(f"[masked {kind}]")
        at = end
    out.append(text[at:])
    return "".join(out), tuple(sorted({kind for _, _, kind in found}))


def find_secrets(text: str) -> list[Found]:
    """Where secrets stand in ``text``: half-open spans in order, without overlap."""
    lowered = text.lower()
    spans = list(_labelled(text, lowered))
    for rule in _due(lowered):
        spans.extend(_searched(rule, text))
    spans.extend(_base64_credentials(text))
    spans.sort(key=lambda found: (found[0], -found[1]))
    merged: list[Found] = []
    for start, end, kind in spans:
        if merged and start < merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end, merged[-1][2])
            continue
        merged.append((start, end, kind))
    return merged


_RULES: Final = (*PASSWORD_RULES, *TOKEN_RULES)


@cache
def _needed() -> tuple[Scanner, list[list[int]]]:
    """The words that rules need, and for each the rules that need it."""
    needed: dict[str, list[int]] = {}
    for number, rule in enumerate(_RULES):
        for word in rule.needs:
            needed.setdefault(word, []).append(number)
    return Scanner(needed), list(needed.values())


def _due(lowered: str) -> Iterator[Rule]:
    """The rules that may match, in their order."""
    scanner, rules = _needed()
    due = {number for word in scanner.found(lowered) for number in rules[word]}
    yield from (rule for number, rule in enumerate(_RULES) if not rule.needs or number in due)


def _labelled(text: str, lowered: str) -> Iterator[Found]:
    """What stands behind a word for a password. Labels are searched once, then each tail tried there."""
    if not any(stem in lowered for stem in LABEL_STEMS):
        return
    same = len(lowered) == len(text)
    pattern = compiled(LABEL, 0 if same else regex.IGNORECASE)
    try:
        for start, end in _lines_with_stems(lowered) if same else [(0, len(text))]:
            for label in pattern.finditer(lowered if same else text, start, end, timeout=TIMEOUT):
                for tail in TAILS:
                    match = tail.pattern().match(text, label.end(), timeout=TIMEOUT)
                    if match is not None and (tail.test is None or tail.test(match)):
                        yield _span(tail, match)
                        break
    except TimeoutError:
        return


def _lines_with_stems(lowered: str) -> Iterator[tuple[int, int]]:
    """Spans of the lines that can hold a label at all: words cost more to find than stems."""
    present = [stem for stem in LABEL_STEMS if stem in lowered]
    start = 0
    for line in lowered.split("\n"):
        end = start + len(line)
        if any(stem in line for stem in present):
            yield start, end
        start = end + 1


def _searched(rule: Rule, text: str) -> Iterator[Found]:
    try:
        for match in rule.pattern().finditer(text, timeout=TIMEOUT):
            if (rule.test is None or rule.test(match)) and match.end(rule.group) > match.start(rule.group):
                yield _span(rule, match)
    except TimeoutError:
        return


def _span(rule: Rule, match: regex.Match[str]) -> Found:
    """The secret itself; a bracket or a comma behind an unquoted one is the sentence's."""
    start, end = match.span(rule.group)
    value = match.string[start:end]
    if rule.group == "v" and value[-1:] in _TRAILING and not match.groupdict().get("q"):
        end = start + max(1, len(value.rstrip(_TRAILING)))
    return start, end, rule.kind


# -- credentials in base64 -------------------------------------------------------------------------------

_BASE64: Final = regex.compile(r"[A-Za-z0-9+/]{12,4000}+={0,2}")
_CRAM: Final = regex.compile(rb"[^\s\x00-\x1f]{1,200} [0-9a-f]{32}")


def _base64_credentials(text: str) -> Iterator[Found]:
    """Payloads of AUTH PLAIN, CRAM-MD5 and XOAUTH2 wherever they stand; prompts (334 UGFz…) are none."""
    for match in _BASE64.finditer(text):
        payload = match.group()
        try:
            raw = base64.b64decode(payload + "=" * (-len(payload) % 4))
        except (binascii.Error, ValueError):
            continue
        plain = raw.count(b"\0") == 2 and len(raw) > 4 and all(byte == 0 or byte >= 32 for byte in raw)
        if plain or _CRAM.fullmatch(raw.strip()) or b"auth=Bearer" in raw:
            yield match.start(), match.end(), "password" if plain else "token"
