"""Error texts -> rows of the decoded-error table: exact hits first, fuzzy ones where nothing exact was found.

Exact matching is the table's (knowledge/matcher.py). Fuzzy matching is for slips and paraphrase: it compares an
error text with every text of the table by RapidFuzz and never counts for more than a guess.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

import regex
from rapidfuzz import fuzz, process

from bot.core.model import ErrorText, Match, Span
from bot.core.spelling import Spelling
from knowledge.matcher import Hit, fold
from knowledge.model import Knowledge, Wording
from knowledge.wording import WordingTable

FUZZY_FROM = 86.0
MIN_FUZZY_CHARS = 14
MAX_FUZZY_TEXTS = 6
NEAREST = 4
SLIP = 75.0
"""Likeness of two words that may be one, written badly."""
ODD_WORDS = 0.12
"""Share of words without a like that two texts of one meaning may have."""
_MARKS = ".,:;!?()[]\"'…。、，：；！？（）"
LINE_CHARS = 200
_STOPS = ("\n", ". ", "! ", "? ", "\u3002", '"', "\u201c", "\u201d", "\u201e", "\u00ab", "\u00bb")
_ENDS = (".", "!", "\u3002", "\uff01")
WORDS_SCORE = 0.8
"""What a reading by words alone (knowledge/wording.py) counts for beside likeness."""
_ROLE_RANK = {"specific": 0, "generic": 1, "wrapper": 2}
_IMAP_REPLY = regex.compile(
    r"\b(?:NO|BAD|BYE) \[[A-Z-]{3,30}\]|\[(?:AUTHENTICATIONFAILED|UNAVAILABLE|CONTACTADMIN|LIMIT|INUSE)\]"
)
"""RFC 3501 section 7.1: a status with a response code; RFC 5530 names the codes."""
_REPLY_REACH = 120
_SERVER_REPLY = regex.compile(r"(?<![\d.])[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3}(?!\d)|\[[A-Z]{5,30}\]")
"""RFC 5321 and 3463: a reply code with an enhanced status; RFC 5530: a response code."""
YIELDS_WITHIN = 200
"""Characters between two claims that are still about one refusal."""
_CODE = regex.compile(r"[\w.$]{1,60}\s?=\s?(?:new |await )?[\w.$]{1,80}\([^\n]{0,300}\);?")
WHOLE, NEARLY_ALL = 0.7, 0.9
"""Share of a text that a program's known words, or those of a pattern, must fill to be all that it says."""
_PLACEHOLDER = regex.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True)
class FuzzyTable:
    """The table's texts, plain, ready for comparison."""

    knowledge: Knowledge

    @cached_property
    def _choices(self) -> tuple[list[str], list[str]]:
        """The texts, each with its words in order (so that their order does not count), and their rows."""
        texts, rows = [], []
        for row in self.knowledge.errors.values():
            samples = [*row.must_match, *(s for t in row.texts for group in t.by_language.values() for s in group)]
            for sample in samples:
                plain = " ".join(_PLACEHOLDER.sub(" ", fold(sample)).split())
                if len(plain) >= MIN_FUZZY_CHARS:
                    texts.append(_sorted_words(plain))
                    rows.append(row.id)
        return texts, rows

    @cached_property
    def _wordings(self) -> WordingTable:
        return WordingTable(self.knowledge.concepts, self.knowledge.wordings)

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(
            [
                *self._choices[0],
                *(word for c in self.knowledge.concepts.values() for group in c.words.values() for word in group),
            ]
        )

    def by_words(self, text: str, *, slips: bool = False) -> Wording | None:
        """What the words of ``text`` speak of, in any order and language; None where they are of nothing known.

        With ``slips`` a text that says nothing is read once more with its spelling put right.
        """
        found = self._wordings.read(text)
        if found or not slips:
            return found
        corrected = self._spelling.corrected(text)
        return self._wordings.read(corrected) if corrected else None

    def concepts_in(self, errors: Sequence[ErrorText]) -> tuple[str, ...]:
        """The concepts (knowledge/concepts.toml) that programs' texts name, sorted."""
        return tuple(
            sorted(frozenset[str]().union(*(self._wordings.concepts_in(e.text) for e in errors[:MAX_FUZZY_TEXTS])))
        )

    def may_refine(self, row: str) -> bool:
        """True for a row that says so little that the words around it may replace it."""
        return row in self._wordings.refinable

    def says_more(self, row: str, than: str) -> bool:
        """True where what ``row`` says takes the place of what ``than`` says of the same text."""
        return any(w.error_id == row and than in w.refines for w in self.knowledge.wordings)

    def is_elsewhere(self, text: str, span: Span) -> bool:
        """True where the sentence around ``span``, or its line, is about a service that is not mail. The sentence
        alone decides first: "The database refuses the connection. Mail works.\""""
        return self._wordings.is_elsewhere(text[slice(*_sentence(text, span))]) or self._wordings.is_elsewhere(
            _line_around(text, span)
        )

    def is_beside(self, text: str, hit: Hit) -> bool:
        """True where a pattern of a row that says little hit words about a draft, a file or the like, and about no
        server."""
        row = self.knowledge.errors[hit.error_id]
        return (
            row.role != "specific"
            and hit.sample in row.patterns
            and self._wordings.is_beside(_line_around(text, hit.span))
        )

    def fails_aside(self, text: str) -> bool:
        """True where ``text`` reports that something else failed than reaching a server, and quotes no server."""
        return not _SERVER_REPLY.search(text) and self._wordings.fails_aside(text)

    def is_known(self, text: str, hit: Hit, shown: Span) -> bool:
        """True where ``hit`` is nearly all of the first sentence in ``shown``, which reports what failed: in a
        program's own words, in those of a row that says much, or in any to the last word."""
        row = self.knowledge.errors[hit.error_id]
        start, end = _sentence(text, (shown[0], shown[0]))
        share = (hit.span[1] - hit.span[0]) / max(1, min(end, shown[1]) - start)
        own = hit.sample not in row.patterns or row.role == "specific"
        return start <= hit.span[0] < end and share >= (WHOLE if own else NEARLY_ALL)

    def nearest(self, text: str) -> tuple[str, float] | None:
        """(row, score 0..1) of the nearest text, None below the threshold."""
        plain = " ".join(fold(text).split())
        if len(plain) < MIN_FUZZY_CHARS or len(plain) > 400:
            return None
        texts, rows = self._choices
        words = _sorted_words(plain)
        for sample, score, at in process.extract(
            words, texts, scorer=fuzz.ratio, score_cutoff=FUZZY_FROM, limit=NEAREST
        ):
            if _same_words(words, sample):
                other = self._wordings.is_aside(text) or self._wordings.is_elsewhere(text)
                return None if other else (rows[at], score / 100)
        return None


def _line_around(text: str, span: Span) -> str:
    start = text.rfind("\n", max(0, span[0] - LINE_CHARS), span[0]) + 1
    end = text.find("\n", span[1], span[1] + LINE_CHARS)
    return text[max(start, span[0] - LINE_CHARS) : end if end >= 0 else span[1] + LINE_CHARS]


def _sentence(text: str, span: Span) -> Span:
    """The sentence, or what stands between quotation marks, around ``span``."""
    before, behind = text[max(0, span[0] - LINE_CHARS) : span[0]], text[span[1] : span[1] + LINE_CHARS]
    head = max((at + len(stop) for stop in _STOPS if (at := before.rfind(stop)) >= 0), default=0)
    tail = min((at for stop in _STOPS if (at := behind.find(stop)) >= 0), default=len(behind))
    return span[0] - len(before) + head, span[1] + tail


def _shown(text: str, error: ErrorText) -> Span:
    """Where an error text begins with the sentence before it in its line ("Decryption failed." before "Invalid
    password."), and where it ends; empty where it is a part of the customer's own words: neither set apart nor a line
    of its own."""
    start, end = error.span
    line = text[max(text.rfind("\n", 0, start) + 1, start - LINE_CHARS) : start]
    before = line.rstrip()
    led = before.endswith(_ENDS)
    head = max((before[:-1].rfind(stop) for stop in _STOPS), default=-1) + 1 if led else len(line)
    alone = not before[:head].strip() and not text[end:].split("\n", 1)[0].strip()
    return (start - len(line) + head, end) if error.pasted or alone else (start, start)


def _same_words(one: str, other: str) -> bool:
    """True where two texts differ by slips of the pen only: nearly every word of each has its like in the other.

    "Message could not be saved" is near "Message could not be sent", and another thing.
    """
    ours, theirs = ({w.strip(_MARKS) for w in text.split()} for text in (one, other))
    ours, theirs = ours - {""}, theirs - {""}
    odd = sum(not _has_like(word, theirs) for word in ours - theirs) + sum(
        not _has_like(word, ours) for word in theirs - ours
    )
    return odd <= ODD_WORDS * (len(ours) + len(theirs))


def _has_like(word: str, words: set[str]) -> bool:
    return any(fuzz.ratio(word, other) >= SLIP for other in words)


def _sorted_words(plain: str) -> str:
    return " ".join(sorted(plain.split()))


def match(errors: Sequence[ErrorText], hits: Sequence[Hit], text: str, fuzzy: FuzzyTable) -> tuple[Match, ...]:
    """Rows that claim the error texts, best first: specific before generic before wrapper, then by how much of
    the text had to agree. A row that a rival claims at the same place, with more agreement, is dropped."""
    knowledge = fuzzy.knowledge
    out: list[Match] = []
    shown = {e.span: _shown(text, e) for e in errors}
    aside = {span: shown[span] for span in shown if fuzzy.fails_aside(text[slice(*shown[span])])}
    of_mail = [
        h
        for h in hits
        if not fuzzy.is_elsewhere(text, h.span)
        and not fuzzy.is_beside(text, h)
        and not any(a <= h.span[0] < b and not fuzzy.is_known(text, h, whole) for (a, b), whole in aside.items())
    ]
    for hit in _without_rivals(_of_the_protocol(of_mail, text, knowledge), knowledge):
        quoted = any(e.quoted and e.span[0] <= hit.span[0] < e.span[1] for e in errors)
        prose = not any(e.pasted and e.span[0] <= hit.span[0] < e.span[1] for e in errors)
        out.append(Match(hit.error_id, text[hit.span[0] : hit.span[1]], 1.0, "pattern", hit.span, quoted, prose))
    claimed = [m.span for m in out]
    for error in errors[:MAX_FUZZY_TEXTS]:
        if error.span in aside or any(a < error.span[1] and error.span[0] < b for a, b in claimed):
            continue
        if _CODE.fullmatch(error.text.strip()):
            continue  # the line of source code that failed names what it calls, not what went wrong
        near, wording = fuzzy.nearest(error.text), fuzzy.by_words(error.text, slips=error.pasted)
        if near and (wording is None or near[0] not in wording.refines):
            out.append(Match(near[0], error.text, round(near[1], 3), "fuzzy", error.span, error.quoted))
        elif wording:
            out.append(Match(wording.error_id, error.text, WORDS_SCORE, "words", error.span, error.quoted))
    fixed = {(h.error_id, h.span): h.fixed for h in hits}
    ranked = sorted(
        out,
        key=lambda m: (
            m.method != "pattern",
            m.prose and not all(o.prose for o in out),
            _ROLE_RANK[knowledge.errors[m.error_id].role],
            -fixed.get((m.error_id, m.span), 0),
            m.span,
        ),
    )
    verbatim = {(h.error_id, h.span) for h in hits if h.sample not in knowledge.errors[h.error_id].patterns}
    return tuple(_refined(ranked, errors, fuzzy, verbatim))


def _refined(
    ranked: list[Match], errors: Sequence[ErrorText], fuzzy: FuzzyTable, verbatim: Set[tuple[str, Span]]
) -> list[Match]:
    """``ranked`` with a first row that says little giving place to one that says more: another that claims a part of
    the same text, or the one that the words of the whole text speak of. What a program says word for word is left
    alone."""
    first = next((m for m in ranked if m.method == "pattern"), None)
    around = first and next((e for e in errors if e.pasted and e.span[0] <= first.span[0] < e.span[1]), None)
    if not first or not around or not fuzzy.may_refine(first.error_id):
        return ranked
    more = next(
        (
            m
            for m in ranked
            if fuzzy.says_more(m.error_id, first.error_id) and around.span[0] <= m.span[0] < around.span[1]
        ),
        None,
    )
    if more:
        return [more, *(m for m in ranked if m is not more)]
    if (first.error_id, first.span) in verbatim and first.span[1] - first.span[0] >= WHOLE * len(around.text):
        return ranked
    wording = fuzzy.by_words(around.text)
    if not wording or first.error_id not in wording.refines:
        return ranked
    return [
        replace(first, error_id=wording.error_id),
        *(m for m in ranked if m is not first and m.error_id != wording.error_id),
    ]


def _of_the_protocol(hits: Sequence[Hit], text: str, knowledge: Knowledge) -> list[Hit]:
    """Without the SMTP rows that claim words of an IMAP reply ("NO [AUTHENTICATIONFAILED] User does not exist")."""
    return [
        hit
        for hit in hits
        if knowledge.errors[hit.error_id].protocol != "smtp" or not _in_imap_reply(text, hit.span[0])
    ]


def _in_imap_reply(text: str, at: int) -> bool:
    line = text[max(text.rfind("\n", 0, at) + 1, at - _REPLY_REACH) : at]
    return _IMAP_REPLY.search(line) is not None


def _without_rivals(hits: Sequence[Hit], knowledge: Knowledge) -> list[Hit]:
    """Of overlapping hits keep the one that says most.

    The more specific role wins; in one role the words inside another text's {server_reply} win over their
    wrapping, else the hit with more agreement. A bare reply code gives way to words in the same line.
    """
    told = [h for h in hits if not any(_gives_way(h, other, knowledge) for other in hits)]
    kept: list[Hit] = []
    for hit in sorted(told, key=lambda h: _order(h, told, knowledge)):
        if not any(_beats(other, hit, knowledge) for other in kept):
            kept.append(hit)
    return kept


def _gives_way(hit: Hit, other: Hit, knowledge: Knowledge) -> bool:
    """True where ``hit``'s row leaves the words near ``other`` to the row of that one."""
    return (
        other.error_id in knowledge.errors[hit.error_id].yields
        and _apart(other, hit) < YIELDS_WITHIN
        and not (other.bare_code and not hit.bare_code)
    )


def _order(hit: Hit, hits: Sequence[Hit], knowledge: Knowledge) -> tuple[bool, int, bool, int]:
    wraps = "{server_reply}" in hit.sample and any(
        h is not hit and h.error_id != hit.error_id and hit.span[0] < h.span[0] and h.span[1] <= hit.span[1]
        for h in hits
    )
    return hit.bare_code, _ROLE_RANK[knowledge.errors[hit.error_id].role], wraps, -hit.fixed


def _apart(one: Hit, other: Hit) -> int:
    return max(one.span[0] - other.span[1], other.span[0] - one.span[1], 0)


def _beats(winner: Hit, loser: Hit, knowledge: Knowledge) -> bool:
    if winner.error_id == loser.error_id:
        return False
    overlap = min(winner.span[1], loser.span[1]) - max(winner.span[0], loser.span[0])
    near = _apart(winner, loser) < 120
    if loser.bare_code and not winner.bare_code and near:
        return True
    if overlap <= 0:
        return False
    row = knowledge.errors[loser.error_id]
    named = winner.error_id in row.rivals or loser.error_id in knowledge.errors[winner.error_id].rivals
    return named or overlap >= 0.8 * (loser.span[1] - loser.span[0])
