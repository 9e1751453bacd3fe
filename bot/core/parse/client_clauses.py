"""A sentence cut into clauses, with the words in them that say "works" or "fails"."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.core.parse.client_search import all_of, at_start, first_of
from bot.core.parse.client_words import WORDS
from knowledge.gated import Gated

Span = tuple[int, int]
_WINDOW = 600
"""How much of the text around a mention is read (characters to either side)."""
_CJK = ("ja", "zh")
_SENTENCE = regex.compile(r"[.!?…]+(?=\s|$)|[。！？]|\n\s*(?:\n|[-*•#>]\s|\d{1,2}[.)]\s)\s*|(?<=[:.;!?)])\n")
_COMMA = regex.compile(r"[,;:()，、；：（）]|\s-{1,2}\s|\n|->|=>")
_QUOTE = regex.compile(
    r'"[^"\n]{10,300}"|「[^」]{6,200}」|『[^』]{6,200}』|`[^`\n]{6,300}`|(?<!\w)\'[^\'\n]{14,300}\'(?!\w)'
)
_CODE = regex.compile(
    r"(?<![\w.])(?:[45]\d\d[ -]\d\.\d{1,3}\.\d|0x8\w{7}|5[35]\d|-98\d\d)(?!\w)|\[[A-Z]{5,}\]|"
    r"\b[A-Z]\w*(?:Exception|Error)\b|\bE(?:CONN[A-Z]+|TIMEDOUT|AUTH|SOCKET|NOTFOUND|PIPE|HOSTUNREACH)\b"
)
_EARLIER = regex.compile(
    r"(?<!\w)(?:was|were|been|had|used to|until|till|war|lief|bis|était|marchait|jusqu\w*|iba|funcionaba|"
    r"hasta|andava|funzionava|fino|"
    r"werkte|funcionava|até|działał\w*|раньше)(?!\w)|まで|之前|以前",
    regex.IGNORECASE,
)
"""That something was well, or was until a day, says nothing about now."""
_SUBJECT_ROOM = 10


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a quoted error text, that says "fails" (or "works")."""

    fails: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a sentence about one subject."""

    start: int
    end: int
    turned: bool
    """True where a "but" leads into it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The words of a language (and of English), compiled."""

    works: Gated
    fails: Gated
    no: regex.Pattern[str]
    but: Gated
    except_: Gated
    past: Gated
    also: Gated
    only: Gated


@lru_cache(maxsize=16)
def _reader(language: str) -> Reader:
    tongues = [WORDS[code] for code in dict.fromkeys((language[:2], "en")) if code in WORDS]

    def build(*parts: str) -> Gated:
        # Scripts without spaces have no word boundaries; English words in such a text keep theirs.
        free = language[:2] in _CJK
        bound = "(?<![A-Za-z])(?:{})(?![A-Za-z])" if free else r"(?<!\w)(?:{})(?!\w)"
        sources = [part if free and n == 0 else bound.format(part) for n, part in enumerate(parts)]
        return Gated("|".join(sources), regex.IGNORECASE)

    return Reader(
        works=build(*(w.works for w in tongues)),
        fails=build(*(w.fails for w in tongues)),
        no=build(*(w.no for w in tongues)).compiled,  # asked of a few words only
        but=build(*(w.but for w in tongues)),
        except_=build(*(w.except_ for w in tongues)),
        past=build(*(w.past for w in tongues)),
        also=build(*(w.also for w in tongues)),
        only=build(*(w.only for w in tongues)),
    )


class Sentences:
    """Sentences of one text, read on demand. ``mentions`` are all the places where clients are named."""

    def __init__(self, text: str, language: str, mentions: Sequence[Span]) -> None:
        self.text = text
        self.words = _reader(language)
        self.mentions = sorted(mentions)
        self.spaced = language[:2] not in _CJK
        self._ends = [match.end() for match in all_of(_SENTENCE, text) if not self._in_name(match.start(), match.end())]
        self._known: dict[int, tuple[list[Clause], list[Token]]] = {}

    def _in_name(self, start: int, end: int) -> bool:
        """The mark in "The Bat! 10.5" ends no sentence."""
        at = bisect_right(self.mentions, (start, 1 << 60)) - 1
        behind = self.text[end : end + 12].lstrip()
        return at >= 0 and self.mentions[at][1] > start and (behind[:1].isdigit() or behind[:1].islower())

    def span_of(self, mention: Span) -> Span:
        """The sentence around a mention, at most :data:`_WINDOW` characters to either side."""
        start = max((e for e in self._ends if e <= mention[0]), default=0)
        end = min((e for e in self._ends if e >= mention[1]), default=len(self.text))
        return max(start, mention[0] - _WINDOW), min(end, mention[1] + _WINDOW)

    def read(self, start: int, end: int) -> tuple[list[Clause], list[Token]]:
        """The clauses of the sentence [start, end) and its verdict words."""
        if start not in self._known:
            body = self.text[start:end]
            quotes = [m.span() for m in all_of(_QUOTE, body) if not self._names(start, m.span())]
            hidden = _hide(body, quotes)
            self._known[start] = (self._clauses(hidden, start), self._tokens(hidden, start, quotes))
        return self._known[start]

    def _names(self, base: int, quote: Span) -> bool:
        """A quoted program name is no quoted error text."""
        return any(
            base + quote[0] <= s and e <= base + quote[1] and quote[1] - quote[0] < e - s + 8 for s, e in self.mentions
        )

    def _clauses(self, body: str, base: int) -> list[Clause]:
        cuts: list[tuple[int, bool]] = [(m.end(), False) for m in all_of(_COMMA, body) if m.end() < len(body)]
        for pattern in (self.words.but, self.words.except_):
            cuts += [(self._subject_start(body, base, m.start(), cuts), True) for m in all_of(pattern, body)]
        inside = [(s - base, e - base) for s, e in self.mentions]
        cuts = [cut for cut in cuts if not any(s < cut[0] < e for s, e in inside)]
        clauses: list[Clause] = []
        at, turned = 0, False
        for cut, turns in sorted(cuts):
            if cut > at and body[at:cut].strip(" ,;:\n"):
                clauses.append(Clause(base + at, base + cut, turned))
                turned = False
            at, turned = max(at, cut), turned or turns
        clauses.append(Clause(base + at, base + len(body), turned))
        return clauses

    def _subject_start(self, body: str, base: int, at: int, cuts: list[tuple[int, bool]]) -> int:
        """Where the turn at ``at`` begins: "Thunderbird invece chiede …" turns before its subject."""
        start = max((cut for cut, _ in cuts if cut < at), default=0)
        named = sum(e - s for s, e in self.mentions if base + start <= s and e <= base + at)
        return start if named and at - start - named <= _SUBJECT_ROOM else at

    def _tokens(self, body: str, base: int, quotes: list[Span]) -> list[Token]:
        found = [Token(True, base + s, base + e) for s, e in quotes]
        taken: list[Span] = list(quotes)
        for match in all_of(self.words.works, body):
            near = self.before(body, match.start(), 22)
            behind = body[match.end() : match.end() + 14].split(",")[0]
            near = near[max(near.rfind(mark) for mark in ",;:.\n，。；：、") + 1 :]
            if first_of(_EARLIER, near) or at_start(_EARLIER, behind.lstrip()):
                taken.append(match.span())
                continue
            if first_of(self.words.no, near) or self._negated_behind(behind):
                found.append(Token(True, base + match.start(), base + match.end()))
            else:
                found.append(Token(False, base + match.start(), base + match.end()))
            taken.append(match.span())
        for pattern in (self.words.fails, _CODE, self.words.except_):
            for match in all_of(pattern, body):
                if not any(s < match.end() and match.start() < e for s, e in taken):
                    found.append(Token(True, base + match.start(), base + match.end()))
        return [t for t in sorted(found, key=lambda t: t.start) if not self._inside_mention(t)]

    def before(self, body: str, at: int, reach: int) -> str:
        """Up to ``reach`` characters before ``at``, beginning with a whole word."""
        start = max(0, at - reach)
        while self.spaced and 0 < start < at and body[start - 1].isalpha():
            start += 1
        return body[start:at]

    def _negated_behind(self, behind: str) -> bool:
        match = first_of(self.words.no, behind)
        return (
            match is not None
            and match.start() <= 8
            and match.group().lower() not in ("no", "was", "war", "до", "do", "tot", "ya", "had")
        )

    def _inside_mention(self, token: Token) -> bool:
        return any(s < token.end and token.start < e for s, e in self.mentions)

    def previous(self, start: int) -> list[Token]:
        """What is said in the sentence that ends where this one begins."""
        earlier = [e for e in self._ends if e < start] or [0]
        return self.read(max(earlier[-1], start - _WINDOW), start)[1]


def _hide(body: str, quotes: list[Span]) -> str:
    """``body`` with quoted texts blanked: their words are the error's, not the customer's."""
    for start, end in quotes:
        body = body[:start] + "\x01" * (end - start) + body[end:]
    return body
