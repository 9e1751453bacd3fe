"""What the customer says that bears on the cause: the cues of knowledge/cues found in a reading.

Only the customer's own words of this message are searched: subject and body. An earlier mail that is quoted,
a signature, a disclaimer and the output of programs say nothing about today, so a cue there is none. Where
the message is but a line above a forwarded mail, the forwarded words are what the customer wants to say.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.core.model import Cue, Reading, Span
from bot.core.parse.literals import required_literals
from knowledge.model import CueRule

PATTERN_SECONDS = 0.05
"""The longest that one pattern may search one stretch of text."""
_SPOKEN = ("subject", "body")
_FEW_WORDS = 40
"""Below so many letters of its own, a message is only the cover of what it forwards."""
_KEPT_TABLES = 48

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`\u02bc\uff07", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000\u2009\u200a\t\r", " "),
        # full-width letters and digits, as Japanese and Chinese keyboards write them
        **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94) if chr(0x21 + i).isalnum()},
    }
)


@dataclass(frozen=True, slots=True)
class _Probe:
    """One pattern of one cue, with the literals that must be there before it is worth a search."""

    cue: str
    literals: tuple[str, ...]
    pattern: str


_tables: dict[tuple[int, str], tuple[Mapping[str, CueRule], tuple[_Probe, ...]]] = {}


def plain(text: str) -> str:
    """The text as cue patterns want it, offset for offset: lower case, straight quotes, plain dashes."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters (the dotted capital I) grow when they are lowered
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return lowered.translate(_PLAIN)


def find_cues(reading: Reading, rules: Mapping[str, CueRule], *, seconds: float = 0.5) -> tuple[Cue, ...]:
    """The cues that the ticket holds, in the order of the text; each cue once, at its first span.

    Patterns of the ticket's language, of English and of ``any`` are searched. A pattern that takes longer
    than :data:`PATTERN_SECONDS` counts as not found; after ``seconds`` in all, what was found so far is
    returned. Cues that another one kills are left out. The compiled tables are kept per ``rules`` object,
    which therefore must not be changed afterwards.
    """
    text = plain(reading.text)
    probes = _probes(rules, reading.language)
    end = time.monotonic() + seconds
    found: dict[str, Span] = {}
    for start, stop in _spoken(reading):
        stretch = text[start:stop]
        for probe in probes:
            if probe.literals and not _holds(stretch, probe.literals):
                continue
            if time.monotonic() > end:
                return _survivors(found, rules)
            span = _search(probe.pattern, stretch)
            if span is not None:
                here = (span[0] + start, span[1] + start)
                found[probe.cue] = min(here, found.get(probe.cue, here))
    return _survivors(found, rules)


def _holds(text: str, literals: Iterable[str]) -> bool:
    for literal in literals:  # a plain loop: any() with a generator is three times slower here
        if literal in text:  # noqa: SIM110
            return True
    return False


@lru_cache(maxsize=20_000)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.IGNORECASE)


def _search(pattern: str, text: str) -> Span | None:
    try:
        match = _compiled(pattern).search(text, timeout=PATTERN_SECONDS)
    except TimeoutError:
        return None
    return match.span() if match else None


def _spoken(reading: Reading) -> list[Span]:
    """The stretches that are the customer's own words; subject and body apart, neighbours joined."""
    kinds: tuple[str, ...] = _SPOKEN
    own = sum(
        sum(char.isalpha() for char in reading.text[s.span[0] : s.span[1]])
        for s in reading.segments
        if s.kind == "body"
    )
    if own < _FEW_WORDS and any(s.kind == "forwarded" for s in reading.segments):
        kinds = (*_SPOKEN, "forwarded")
    stretches: list[Span] = []
    last_kind = ""
    for segment in reading.segments:
        if segment.kind not in kinds:
            continue
        if stretches and last_kind == segment.kind and stretches[-1][1] == segment.span[0]:
            stretches[-1] = (stretches[-1][0], segment.span[1])
        else:
            stretches.append(segment.span)
        last_kind = segment.kind
    return stretches


def _probes(rules: Mapping[str, CueRule], language: str) -> tuple[_Probe, ...]:
    key = (id(rules), language)
    kept = _tables.get(key)
    if kept is not None and kept[0] is rules:
        return kept[1]
    spoken = dict.fromkeys((language, language.partition("-")[0], "en", "any"))
    probes = tuple(
        _Probe(cue, required_literals(pattern), pattern)
        for cue, rule in rules.items()
        for tongue in spoken
        for pattern in rule.patterns.get(tongue, ())
    )
    if len(_tables) >= _KEPT_TABLES:
        _tables.pop(next(iter(_tables)))
    _tables[key] = (rules, probes)
    return probes


def _survivors(found: Mapping[str, Span], rules: Mapping[str, CueRule]) -> tuple[Cue, ...]:
    """The cues that no other found cue kills; one that is killed itself still kills (its words are there)."""
    killed = {victim for cue in found for victim in rules[cue].kills}
    return tuple(
        Cue(cue, span)
        for cue, span in sorted(found.items(), key=lambda item: (item[1], item[0]))
        if cue not in killed
    )
