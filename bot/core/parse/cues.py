"""What the customer says that bears on the cause: the cues of knowledge/cues found in a reading.

Only the customer's own words of this message are searched: subject and body. An earlier mail that is quoted,
a signature, a disclaimer and the output of programs say nothing about today, so a cue there is none. Where
the message is but the cover of a forwarded mail, the forwarded words are what the customer wants to say.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

import regex

from bot.core.model import Cue, Reading, Span
from bot.core.parse.sayings import said
from bot.core.parse.thoughts import Thought, think
from bot.core.parse.traits import traits_of
from knowledge.literals import alternatives, leading_literals, required_literals, squeezed
from knowledge.model import CueRule, Lexicon
from knowledge.sieve import Needs, Sieve
from knowledge.signs import Signs

PATTERN_SECONDS = 0.2
"""The longest that one pattern may search one stretch of text, by the clock on the wall: on a busy machine a good
pattern waits too, so that what hostile text costs is bounded by the time of all of them."""
_REACH = 240
"""What one cue says stands within so many characters; a longer match would be an accident."""
_SPOKEN = ("subject", "body")
_BREAK = regex.compile(r"\n(?=[ ]{0,8}\n|[ ]{0,8}(?:[-*\u2022]|\d{1,2}[.)])[ ]|[^\n:]{1,40}:[ ])")
"""A line end that ends a sentence too: before a blank line, a list item, or a ``Name: value`` line. It becomes
an exclamation mark, which no gap of a pattern crosses (and which no name or number contains)."""
_REPLY = regex.compile(
    r"\s{0,4}(?:re|aw|antw|sv|vs|odp|rif|res|ref|отв|ответ|回复|回覆|答复|返信)\s?(?:[\[(]\d{1,3}[\])])?\s?[:\uff1a]",
    regex.IGNORECASE,
)
"""What mail programs put before the subject of a reply, in the languages that we read."""
ELSEWHERE = "elsewhere"
"""The topic of cues whose words are not about connecting."""
_FEW_LETTERS = 40
"""Below so many letters of its own, a message is only the cover of what it forwards."""
_FEW_PLACES = 2

_PLAIN = Signs(
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
    """One alternative of one pattern of one cue."""

    cue: str
    needs: Needs
    leads: tuple[str, ...]
    """A match begins with one of these; empty: it may begin anywhere."""
    pattern: str


def plain(text: str) -> str:
    """The text as cue patterns want it, offset for offset: lower case, straight quotes, plain dashes."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters (the dotted capital I) grow when they are lowered
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return _BREAK.sub("!", _PLAIN(lowered))


@dataclass(frozen=True, slots=True)
class Heard:
    """What the customer's words say: cues that are held one by one, and all that is spoken of taken together."""

    cues: tuple[Cue, ...] = ()
    traits: tuple[str, ...] = ()


def find_cues(
    reading: Reading,
    rules: Mapping[str, CueRule],
    lexicons: Mapping[str, Lexicon] = MappingProxyType({}),
    *,
    seconds: float = 0.5,
) -> tuple[Cue, ...]:
    """The cues alone of :func:`listen`."""
    return listen(reading, rules, lexicons, seconds=seconds).cues


def listen(
    reading: Reading,
    rules: Mapping[str, CueRule],
    lexicons: Mapping[str, Lexicon] = MappingProxyType({}),
    *,
    seconds: float = 0.5,
) -> Heard:
    """The cues that the ticket holds, in the order of the text, each once at its first span; and what its thoughts
    speak of.

    Patterns of the ticket's language, of English and of ``any`` are searched. A pattern that takes longer than
    :data:`PATTERN_SECONDS` counts as not found; after ``seconds`` of searching in all, what was found so far is
    returned. Only this thread's own processor time counts, and not that of making patterns ready: what a ticket says
    must not depend on how busy the machine is, or on whether it is the first ticket. Cues that another one kills are
    left out. What is built from ``rules`` is kept, so that they must not be changed afterwards.
    """
    text = plain(reading.text)
    sieves = _sieves(rules, reading.language)
    spent = 0.0
    found: dict[str, Span] = {}
    thoughts: list[Thought] = []
    for kinds in _kinds(reading):
        thoughts = []
        for start, stop in _stretches(reading, kinds):
            stretch = text[start:stop]
            phrases = squeezed(stretch)
            places = _Places(stretch)
            inherited = _is_reply_subject(reading, (start, stop))
            for probe in chain.from_iterable(sieve.candidates(phrases) for sieve in sieves):
                if spent > seconds:
                    return Heard(_survivors(found, rules))
                if inherited and rules[probe.cue].topic == ELSEWHERE:
                    continue
                before = found[probe.cue][0] - start if probe.cue in found else len(stretch)
                pattern = _compiled(probe.pattern)
                begun = time.thread_time()
                span = _search(probe, pattern, places, before)
                spent += time.thread_time() - begun
                if span is not None:
                    here = (span[0] + start, span[1] + start)
                    found[probe.cue] = min(here, found.get(probe.cue, here))
            thoughts += _thoughts(stretch, start, thoughts, reading.language, lexicons)
        # subject and body are one message: a saying may begin in the one and end in the other
        for cue, span in said(thoughts, rules).items():
            found[cue] = min(span, found.get(cue, span))
        if found:
            break
    return Heard(_survivors(found, rules), traits_of(thoughts))


def _thoughts(
    text: str, start: int, before: Sequence[Thought], language: str, lexicons: Mapping[str, Lexicon]
) -> list[Thought]:
    """The thoughts of a stretch that begins at ``start``, behind those of the stretches before it."""
    lexicon = lexicons.get(language) or lexicons.get(language.partition("-")[0])
    if lexicon is None:
        return []
    sentences = max((t.sentence for t in before), default=-1) + 1
    return [
        replace(t, sentence=t.sentence + sentences, span=(t.span[0] + start, t.span[1] + start))
        for t in think(text, lexicon)
    ]


@lru_cache(maxsize=20_000)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.IGNORECASE)


class _Places:
    """Where literals stand in a text, each looked up once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._of: dict[tuple[str, bool], tuple[int, ...]] = {}

    def of(self, literal: str, edge: bool) -> tuple[int, ...]:
        """Offsets of the literal; with ``edge`` only those at which a word begins."""
        places = self._of.get((literal, edge))
        if places is None:
            at, found = self.text.find(literal), []
            while at >= 0:
                if not (edge and at and self.text[at - 1].isalnum()):
                    found.append(at)
                at = self.text.find(literal, at + 1)
            self._of[literal, edge] = places = tuple(found)
        return places


def _search(probe: _Probe, pattern: regex.Pattern[str], places: _Places, before: int) -> Span | None:
    """The first match that begins before the offset; tried only where one can begin, and near the rarest thing
    that it needs."""
    text = places.text
    if before <= 0:
        return None
    try:
        if not probe.leads:
            near = _rarest(probe, places)
            start, stop = (max(near[0] - _REACH, 0), near[-1] + _REACH) if near else (0, len(text))
            stop = min(stop, before + _REACH)
            match = pattern.search(text, start, stop, timeout=PATTERN_SECONDS)
            return match.span() if match and not _in_address(text, *match.span()) else None
        edge = probe.pattern.startswith("\\b")
        begins = sorted({at for lead in probe.leads for at in places.of(lead, edge) if at < before})
        near = _rarest(probe, places) if len(begins) > _FEW_PLACES else []
        for at in begins:
            following = bisect_left(near, at)
            if near and (following == len(near) or near[following] > at + _REACH):
                continue
            match = pattern.match(text, at, timeout=PATTERN_SECONDS)
            if match and not _in_address(text, *match.span()):
                return match.span()
    except TimeoutError:
        return None
    return None


def _rarest(probe: _Probe, places: _Places) -> list[int]:
    """Where the rarest of the sets that a match needs stands in the text, in order; of a phrase its longest word
    is looked for, since there may be more than one blank between two."""
    sets = [{at for phrase in need for at in places.of(_longest_word(phrase), False)} for need in probe.needs]
    return sorted(min(sets, key=len, default=()))


@lru_cache(maxsize=20_000)
def _longest_word(phrase: str) -> str:
    return max(phrase.split(), key=len)


def _in_address(text: str, start: int, end: int) -> bool:
    """True for a word that is but a part of an e-mail address: "billing" of billing@example.org."""
    return text.startswith("@", end) or (start > 0 and text[start - 1] == "@")


def _is_reply_subject(reading: Reading, stretch: Span) -> bool:
    """True for a subject that a reply took over from the mail before it ("Re: your automatic answer"): what it says of
    another topic are not this customer's words."""
    return (
        any(s.kind == "subject" and s.span == stretch for s in reading.segments)
        and _REPLY.match(reading.text, *stretch) is not None
    )


def _kinds(reading: Reading) -> Iterator[tuple[str, ...]]:
    """Which kinds of text to search, one set after the other until something is found: the customer's own words;
    of a cover that says nothing of the fault itself, the mail that it forwards too."""
    own = sum(
        sum(char.isalpha() for char in reading.text[s.span[0] : s.span[1]])
        for s in reading.segments
        if s.kind == "body"
    )
    forwards = any(s.kind == "forwarded" for s in reading.segments)
    if own >= _FEW_LETTERS or not forwards:
        yield _SPOKEN
    if forwards:
        yield (*_SPOKEN, "forwarded")


def _stretches(reading: Reading, kinds: tuple[str, ...]) -> list[Span]:
    """The stretches of these kinds; subject and body apart, neighbours joined."""
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


def _sieves(rules: Mapping[str, CueRule], language: str) -> list[Sieve[_Probe]]:
    """The patterns of the languages that count in a ticket, each language ready to be searched."""
    global _last
    if _last[0] is not rules:
        _last = (rules, {})
    kept = _last[1]
    spoken = dict.fromkeys((language, language.partition("-")[0], "en", "any"))
    for tongue in spoken.keys() - kept.keys():
        kept[tongue] = Sieve(
            (probe, [probe.needs]) for cue, rule in rules.items() for probe in _probes(cue, rule, tongue)
        )
    return [kept[tongue] for tongue in spoken]


def _probes(cue: str, rule: CueRule, tongue: str) -> Iterator[_Probe]:
    for pattern in rule.patterns.get(tongue, ()):
        for part in alternatives(pattern):
            yield _Probe(cue, required_literals(part), leading_literals(part), part)


_last: tuple[Mapping[str, CueRule], dict[str, Sieve[_Probe]]] = ({}, {})
"""The rules that were asked for last, with what each language searches: knowledge is loaded once."""


def _survivors(found: Mapping[str, Span], rules: Mapping[str, CueRule]) -> tuple[Cue, ...]:
    """The cues that no other found cue kills; one that is killed itself still kills (its words are there)."""
    killed = {victim for cue in found for victim in rules[cue].kills}
    return tuple(
        Cue(cue, span) for cue, span in sorted(found.items(), key=lambda item: (item[1], item[0])) if cue not in killed
    )
