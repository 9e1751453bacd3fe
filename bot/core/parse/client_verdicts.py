"""Whether the ticket says of a client that it fails or that it works, read clause by clause.

"Works in Outlook, but Thunderbird asks for the password" is two clauses about two subjects. A verdict counts
for the client of its own clause; a clause without one takes that of its neighbours, unless a "but" stands
between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.core.parse.client_search import all_of, at_start, first_of
from bot.core.parse.client_words import PARTIAL, SUBJECTS, WORDS

Span = tuple[int, int]
_LIST_ITEM = 26
"""A clause with no more than this (characters) beside the name is an item of a list: "in Outlook, …"."""
_WINDOW = 600
"""How much of the text around a mention is read (characters to either side)."""
_CJK = ("ja", "zh")
_SENTENCE = regex.compile(r"[.!?…]+(?=\s|$)|[。！？]|\n\s*(?:\n|[-*•#>]\s|\d{1,2}[.)]\s)\s*|(?<=[:.;!?)])\n")
_COMMA = regex.compile(r"[,;:()，、；：（）]|\s-{1,2}\s|\n|->|=>")
_QUOTE = regex.compile(
    r'"[^"\n]{10,300}"|「[^」]{6,200}」|『[^』]{6,200}』|`[^`\n]{6,300}`|\'[^\'\n]{14,300}\''
)
_CODE = regex.compile(
    r"(?<![\w.])(?:[45]\d\d[ -]\d\.\d{1,3}\.\d|0x8\w{7}|5[35]\d|-98\d\d)(?!\w)|\[[A-Z]{5,}\]|"
    r"\b[A-Z]\w*(?:Exception|Error)\b"
)
_BEFORE_MENTION = regex.compile(
    r"^\s*(?:\w{1,14}\s){0,1}(?:in|with|on|mit|bei|auf|unter|im|am|sous|avec|dans|sur|con|en|nel|su|met|op|"
    r"com|no|na|w|z|ze|в|с|со|на|from|for|via|through|under)?"
    r"\s*(?:the|my|our|dem|der|meinem|mon|le|la|mi|el|il|mio|mijn|de|het|o|a|meu)?\s*$",
    regex.IGNORECASE,
)
_EARLIER = regex.compile(
    r"(?<!\w)(?:was|were|been|had|used to|until|till|war|lief|bis|était|marchait|jusqu\w*|iba|funcionaba|hasta|andava|funzionava|fino|"
    r"werkte|tot|funcionava|até|działał\w*|do|раньше|до)(?!\w)|まで|之前|以前",
    regex.IGNORECASE,
)
"""That something was well, or was until a day, says nothing about now."""
_CONJUNCTION = regex.compile(r"\b(?:and|und|et|y|e|en|i|и)\b|/|&|と|和", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a mention: ``failing`` as in ClientMention; ``past`` if it is about earlier days;
    ``direct`` if its own clause says so."""

    failing: bool | None
    past: bool = False
    direct: bool = False
    also: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    fails: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Clause:
    start: int
    end: int
    turned: bool
    """True where a "but" leads into it."""


@dataclass(frozen=True, slots=True)
class _Reader:
    works: regex.Pattern[str]
    fails: regex.Pattern[str]
    no: regex.Pattern[str]
    but: regex.Pattern[str]
    except_: regex.Pattern[str]
    past: regex.Pattern[str]
    also: regex.Pattern[str]
    only: regex.Pattern[str]


_PARTIAL = regex.compile(rf"(?<!\w)(?:{PARTIAL})", regex.IGNORECASE)
_SUBJECT = regex.compile(rf"(?<![A-Za-z])(?:{SUBJECTS})(?![A-Za-z])", regex.IGNORECASE)


@lru_cache(maxsize=16)
def _reader(language: str) -> _Reader:
    tongues = [WORDS[code] for code in dict.fromkeys((language[:2], "en")) if code in WORDS]

    def build(*parts: str) -> regex.Pattern[str]:
        # Scripts without spaces have no word boundaries; English words in such a text keep theirs.
        free = language[:2] in _CJK
        bound = "(?<![A-Za-z])(?:{})(?![A-Za-z])" if free else r"(?<!\w)(?:{})(?!\w)"
        sources = [part if free and n == 0 else bound.format(part) for n, part in enumerate(parts)]
        return regex.compile("|".join(sources), regex.IGNORECASE)

    return _Reader(
        works=build(*(w.works for w in tongues)),
        fails=build(*(w.fails for w in tongues)),
        no=build(*(w.no for w in tongues)),
        but=build(*(w.but for w in tongues)),
        except_=build(*(w.except_ for w in tongues)),
        past=build(*(w.past for w in tongues)),
        also=build(*(w.also for w in tongues)),
        only=build(*(w.only for w in tongues)),
    )


class VerdictReader:
    """Reads verdicts in one text. ``mentions`` are all the places where clients are named."""

    def __init__(self, text: str, language: str, mentions: Sequence[Span]) -> None:
        self._text = text
        self._words = _reader(language)
        self._mentions = sorted(mentions)
        self._gap = 0 if language[:2] in _CJK else 1
        self._ends = [match.end() for match in all_of(_SENTENCE, text)]
        self._sentences: dict[int, tuple[list[_Clause], list[_Token]]] = {}

    def of(self, mention: Span) -> Verdict:
        """What the ticket says of the client named at ``mention``."""
        start, end = self._sentence(mention)
        clauses, tokens = self._read(start, end)
        at = next((i for i, c in enumerate(clauses) if c.start <= mention[0] < c.end), None)
        if at is None:
            return Verdict(None)
        clause = clauses[at]
        own = self._text[clause.start : clause.end]
        past = first_of(self._words.past, own) is not None
        also = first_of(self._words.also, own) is not None
        verdict = self._in_clause(clause, tokens, mention)
        direct = verdict is not None
        if verdict is None:
            verdict = self._singled_out(clause, mention)
        if verdict is None:
            verdict = self._from_neighbours(clauses, at, tokens, mention, also)
        if verdict is None and also and end - start < 120:
            verdict = self._sentence_before(start)
        if verdict is False and self._overridden(clauses, at, tokens):
            verdict = True
        if verdict is False and past and direct:
            verdict = None
        return Verdict(verdict, past, direct, also)

    def _sentence(self, mention: Span) -> Span:
        start = max((e for e in self._ends if e <= mention[0]), default=0)
        end = min((e for e in self._ends if e >= mention[1]), default=len(self._text))
        return max(start, mention[0] - _WINDOW), min(end, mention[1] + _WINDOW)

    def _read(self, start: int, end: int) -> tuple[list[_Clause], list[_Token]]:
        if start not in self._sentences:
            body = self._text[start:end]
            quotes = [m.span() for m in all_of(_QUOTE, body) if not self._names(start, m.span())]
            hidden = _hide(body, quotes)
            self._sentences[start] = (self._clauses(hidden, start), self._tokens(hidden, start, quotes))
        return self._sentences[start]

    def _names(self, base: int, quote: Span) -> bool:
        """A quoted program name is no quoted error text."""
        return any(
            base + quote[0] <= s and e <= base + quote[1] and quote[1] - quote[0] < e - s + 8
            for s, e in self._mentions
        )

    def _clauses(self, body: str, base: int) -> list[_Clause]:
        cuts: list[tuple[int, bool]] = [(m.end(), False) for m in all_of(_COMMA, body) if m.end() < len(body)]
        for pattern in (self._words.but, self._words.except_):
            cuts += [(m.start(), True) for m in all_of(pattern, body)]
        inside = [(s - base, e - base) for s, e in self._mentions]
        cuts = [cut for cut in cuts if not any(s < cut[0] < e for s, e in inside)]
        clauses: list[_Clause] = []
        at, turned = 0, False
        for cut, turns in sorted(cuts):
            if cut > at and body[at:cut].strip(" ,;:\n"):
                clauses.append(_Clause(base + at, base + cut, turned))
                turned = False
            at, turned = max(at, cut), turned or turns
        clauses.append(_Clause(base + at, base + len(body), turned))
        return clauses

    def _tokens(self, body: str, base: int, quotes: list[Span]) -> list[_Token]:
        found = [_Token(True, base + s, base + e) for s, e in quotes]
        taken: list[Span] = list(quotes)
        for match in all_of(self._words.works, body):
            near = self._before(body, match.start(), 22)
            behind = body[match.end() : match.end() + 14].split(",")[0]
            near = near[max(near.rfind(mark) for mark in ",;:.\n，。；：、") + 1 :]
            if first_of(_EARLIER, near) or at_start(_EARLIER, behind.lstrip()):
                taken.append(match.span())
                continue
            if first_of(self._words.no, near) or self._negated_behind(behind):
                found.append(_Token(True, base + match.start(), base + match.end()))
            else:
                found.append(_Token(False, base + match.start(), base + match.end()))
            taken.append(match.span())
        for pattern in (self._words.fails, _CODE, self._words.except_):
            for match in all_of(pattern, body):
                if not any(s < match.end() and match.start() < e for s, e in taken):
                    found.append(_Token(True, base + match.start(), base + match.end()))
        return [t for t in sorted(found, key=lambda t: t.start) if not self._inside_mention(t)]

    def _before(self, body: str, at: int, reach: int) -> str:
        """Up to ``reach`` characters before ``at``, beginning with a whole word."""
        start = max(0, at - reach)
        while self._gap and 0 < start < at and body[start - 1].isalpha():
            start += 1
        return body[start:at]

    def _negated_behind(self, behind: str) -> bool:
        match = first_of(self._words.no, behind)
        return (
            match is not None
            and match.start() <= 8
            and match.group().lower() not in ("no", "was", "war", "до", "do", "tot", "ya", "had")
        )

    def _inside_mention(self, token: _Token) -> bool:
        return any(s < token.end and token.start < e for s, e in self._mentions)

    def _in_clause(self, clause: _Clause, tokens: list[_Token], mention: Span) -> bool | None:
        """The verdict that binds to the mention inside its clause; None where the clause has none."""
        own = [t for t in tokens if clause.start <= t.start < clause.end]
        before = [t for t in own if t.end <= mention[0]]
        after = [t for t in own if t.start >= mention[1]]
        if (
            before
            and at_start(_BEFORE_MENTION, self._text[before[-1].end : mention[0]])
            and not (after and before[-1].fails and not after[0].fails and after[0].start - mention[1] < 12)
        ):
            return before[-1].fails
        next_start = min((s for s, _ in self._mentions if s >= mention[1]), default=1 << 60)
        prev_end = max((e for _, e in self._mentions if e <= mention[0]), default=-1)
        direct = [t for t in after if t.end <= next_start]
        if direct:
            return direct[0].fails
        if after and first_of(_CONJUNCTION, self._text[mention[1] : after[0].start]):
            return after[0].fails
        between = [t for t in before if t.start >= prev_end]
        if between:
            return between[-1].fails
        if own:
            return min(own, key=lambda t: abs(t.start - mention[0])).fails
        return None

    def _singled_out(self, clause: _Clause, mention: Span) -> bool | None:
        near = self._before(self._text[clause.start : mention[0]], mention[0] - clause.start, 18)
        behind = self._text[mention[1] : min(clause.end, mention[1] + 4)]
        if first_of(self._words.only, near) or (self._gap == 0 and first_of(self._words.only, behind)):
            return True
        return None

    def _from_neighbours(
        self, clauses: list[_Clause], at: int, tokens: list[_Token], mention: Span, also: bool
    ) -> bool | None:
        behind = self._next_verdict(clauses, at, tokens, mention)
        before = self._earlier_verdict(clauses, at, tokens)
        first, second = (before, behind) if also else (behind, before)
        return first if first is not None else second

    def _next_verdict(self, clauses: list[_Clause], at: int, tokens: list[_Token], mention: Span) -> bool | None:
        clause = clauses[at]
        rest = (clause.end - clause.start) - (mention[1] - mention[0])
        lists = rest <= _LIST_ITEM and not self._text[clause.start : clause.end].rstrip().endswith((";", "；"))
        for later in clauses[at + 1 :]:
            if later.turned:
                return None
            if not lists and any(later.start <= s < later.end for s, _ in self._mentions):
                return None
            own = [t for t in tokens if later.start <= t.start < later.end]
            if own:
                return own[0].fails
        return None

    def _earlier_verdict(self, clauses: list[_Clause], at: int, tokens: list[_Token]) -> bool | None:
        for j in range(at - 1, -1, -1):
            if clauses[j + 1].turned:
                return None
            own = [t for t in tokens if clauses[j].start <= t.start < clauses[j].end]
            if own:
                return own[-1].fails
        return None

    def _sentence_before(self, start: int) -> bool | None:
        earlier = [e for e in self._ends if e < start] or [0]
        _, tokens = self._read(max(earlier[-1], start - _WINDOW), start)
        return tokens[-1].fails if tokens else None

    def _overridden(self, clauses: list[_Clause], at: int, tokens: list[_Token]) -> bool:
        """ "Outlook receives fine, but sending fails": the second half is still about Outlook."""
        partial = first_of(_PARTIAL, self._text[clauses[at].start : clauses[at].end]) is not None
        for clause in clauses[at + 1 :]:
            part = self._text[clause.start : clause.end]
            if any(clause.start <= s < clause.end for s, _ in self._mentions) or first_of(_SUBJECT, part):
                return False
            own = [t for t in tokens if clause.start <= t.start < clause.end]
            if own and own[0].fails and (clause.turned or partial) and (partial or first_of(_PARTIAL, part)):
                return True
        return False


def _hide(body: str, quotes: list[Span]) -> str:
    """``body`` with quoted texts blanked: their words are the error's, not the customer's."""
    for start, end in quotes:
        body = body[:start] + "\x01" * (end - start) + body[end:]
    return body
