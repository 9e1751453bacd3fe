"""Whether the ticket says of a client that it fails or that it works, read clause by clause.

"Works in Outlook, but Thunderbird asks for the password" is two clauses about two subjects. A verdict counts
for the client of its own clause; a clause without one takes that of its neighbours, unless a "but" stands
between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from bot.core.parse.client_clauses import Clause, Sentences, Span, Token
from bot.core.parse.client_search import at_start, first_of
from bot.core.parse.client_words import PARTIAL, SUBJECTS

_LIST_ITEM = 16
"""A clause with no more than this (characters) beside the name is an item of a list: "in Outlook, …"."""
_BEFORE_MENTION = regex.compile(
    r"^\s*(?:\w{1,14}\s){0,1}(?:in|with|on|mit|bei|auf|unter|im|am|sous|avec|dans|sur|con|en|nel|su|met|op|"
    r"com|no|na|w|z|ze|в|с|со|на|from|for|via|through|under)?"
    r"\s*(?:the|my|our|dem|der|meinem|mon|le|la|mi|el|il|mio|mijn|de|het|o|a|meu)?\s*$",
    regex.IGNORECASE,
)
_BARE_NEGATION = regex.compile(
    r"\s*(?:(?:and|und|et|y|e|en|i|и|but|aber|mais|pero|ma|maar|mas|ale|но|а)\s+)?(?:(?:in|im|mit|with|on|"
    r"sur|avec|dans|en|con|su|op|met|no|na|com|w|z|в|на|с)\s+)?"
    r"(?:the|der|die|das|dem|my|mein|meinem|le|la|el|il|de|het|o|a)?\s*"
    r"(?:nicht|not|does ?n't|does not|do ?n't|is ?n't|non|no|pas|ne .{0,12} pas|niet|não|nao|nie|нет|не|"
    r"ではだめ|"
    r"不行)\s*[.!,;]?\s*$",
    regex.IGNORECASE,
)
_CONJUNCTION = regex.compile(r"\b(?:and|und|et|y|e|en|i|и)\b|/|&|と|和", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a mention: ``failing`` as in ClientMention; ``past`` if it is about earlier days;
    ``direct`` if its own clause says so."""

    failing: bool | None
    past: bool = False
    direct: bool = False
    also: bool = False


_PARTIAL = regex.compile(rf"(?<!\w)(?:{PARTIAL})", regex.IGNORECASE)
_SUBJECT = regex.compile(rf"(?<![A-Za-z])(?:{SUBJECTS})(?![A-Za-z])", regex.IGNORECASE)


class VerdictReader:
    """Reads verdicts in one text. ``mentions`` are all the places where clients are named."""

    def __init__(self, text: str, language: str, mentions: Sequence[Span]) -> None:
        self._text = text
        self._sentences = Sentences(text, language, mentions)
        self._words = self._sentences.words
        self._mentions = self._sentences.mentions

    def of(self, mention: Span) -> Verdict:
        """What the ticket says of the client named at ``mention``."""
        start, end = self._sentences.span_of(mention)
        clauses, tokens = self._sentences.read(start, end)
        at = next((i for i, c in enumerate(clauses) if c.start <= mention[0] < c.end), None)
        if at is None:
            return Verdict(None)
        clause = clauses[at]
        own = self._text[clause.start : clause.end]
        past = first_of(self._words.past, own) is not None
        also = first_of(self._words.also, own) is not None
        verdict = self._elliptic(clauses, at, tokens, mention)
        if verdict is None:
            verdict = self._in_clause(clause, tokens, mention)
        direct = verdict is not None
        if verdict is None:
            verdict = self._singled_out(clause, mention)
        if verdict is None:
            verdict = self._from_neighbours(clauses, at, tokens, mention, also)
        if verdict is None and also and end - start < 120:
            verdict = _last(self._sentences.previous(start))
        if verdict is False and self._overridden(clauses, at, tokens):
            verdict = True
        if verdict is False and past and direct:
            verdict = None
        return Verdict(verdict, past, direct, also)

    def _elliptic(self, clauses: list[Clause], at: int, tokens: list[Token], mention: Span) -> bool | None:
        """ "Outlook works, Thunderbird doesn't": a bare negation turns round what the clause before says."""
        clause = clauses[at]
        rest = self._text[clause.start : mention[0]] + " " + self._text[mention[1] : clause.end]
        if at_start(_BARE_NEGATION, rest) is None:
            return None
        earlier = [t for t in tokens if t.end <= clause.start]
        return not earlier[-1].fails if earlier else None

    def _in_clause(self, clause: Clause, tokens: list[Token], mention: Span) -> bool | None:
        """The verdict that binds to the mention inside its clause; None where the clause has none."""
        own = [t for t in tokens if clause.start <= t.start < clause.end]
        before = [t for t in own if t.end <= mention[0]]
        if before and self._excepts(before[-1]) and mention[0] - before[-1].end < 12:
            return True
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

    def _excepts(self, token: Token) -> bool:
        return first_of(self._words.except_, self._text[token.start : token.end]) is not None

    def _singled_out(self, clause: Clause, mention: Span) -> bool | None:
        near = self._sentences.before(self._text[clause.start : mention[0]], mention[0] - clause.start, 18)
        behind = self._text[mention[1] : min(clause.end, mention[1] + 4)]
        if first_of(self._words.only, near) or (not self._sentences.spaced and first_of(self._words.only, behind)):
            return True
        return None

    def _from_neighbours(
        self, clauses: list[Clause], at: int, tokens: list[Token], mention: Span, also: bool
    ) -> bool | None:
        behind = self._next_verdict(clauses, at, tokens, mention)
        before = self._earlier_verdict(clauses, at, tokens)
        first, second = (before, behind) if also else (behind, before)
        return first if first is not None else second

    def _next_verdict(self, clauses: list[Clause], at: int, tokens: list[Token], mention: Span) -> bool | None:
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

    def _earlier_verdict(self, clauses: list[Clause], at: int, tokens: list[Token]) -> bool | None:
        for j in range(at - 1, -1, -1):
            if clauses[j + 1].turned:
                return None
            own = [t for t in tokens if clauses[j].start <= t.start < clauses[j].end]
            if own:
                return own[-1].fails
        return None

    def _overridden(self, clauses: list[Clause], at: int, tokens: list[Token]) -> bool:
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


def _last(tokens: list[Token]) -> bool | None:
    return tokens[-1].fails if tokens else None
