"""The customer's prose -> thoughts: what each clause speaks of, and whether it says that something works or fails.

No grammar of a language is known here. A text is cut where a thought ends (punctuation, the words for "but"), its
words are looked up in the lexicon of the language, a word for "not" turns what it stands beside into its opposite,
and what is left is a small set of concepts with a sign. That is enough to tell "receiving is fine, sending is not" from
its reverse in any order of words, and it stays readable: the words are data (knowledge/lexicon).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise, takewhile

from bot.core.model import Span
from bot.core.parse.words import Token, Words, is_many, tokens
from knowledge.model import GRAMMAR, Lexicon

MAX_CHARACTERS = 12_000
"""More of a message is not read for what it says: the complaint stands in its first pages."""
NOT_REACHES = 5
"""A "not" reaches so many words ahead."""
NOT_REACHES_BACK = 3
"""And so many back, in languages that put it behind the verb."""
BESIDE = 2
"""Words apart, less than this: "the old mail server" still has its adjective beside it."""
LONG = 25
"""Words without a stop from which on every "and" ends a thought."""
LISTED = 4
"""So many clauses of circumstances before the one that judges are taken together with it."""
_SHORT = 4
"""A sentence of so few words that says neither works nor fails ("At home?") is about the next one."""
_ACTIONS = frozenset({"send", "receive", "connect"})
"""What one can be able to do with mail: "can send" says that it works, "cannot send" that it fails."""
_VERBS = _ACTIONS | {
    "works",
    "fails",
    "does",
    "able",
    "change",
    "enter",
    "close",
    "remove",
    "add",
    "restart",
    "update",
    "move",
    "ask",
    "save",
}
_DENIED_IS_GOOD = frozenset({"fails", "paused", "change", "wrong", "expired", "sudden"})
_PLACES = frozenset(
    {
        "phone",
        "computer",
        "printer",
        "webmail",
        "program",
        "wifi",
        "home",
        "office",
        "mobile-data",
        "public-place",
        "network",
    }
)
_UNDENIABLE = frozenset({"not", "neither", "without", "and", "but", "maybe", "past"})
_HARD = frozenset(".!?\n\u3002\uff01\uff1f\u2026;\uff1b")


@dataclass(frozen=True, slots=True)
class Thought:
    """One clause: its concepts, those that it denies, and what it says of them."""

    concepts: frozenset[str]
    denied: frozenset[str]
    works: bool
    fails: bool
    guessed: bool
    """The writer asks or supposes: no statement."""
    sentence: int
    span: Span
    beside: frozenset[tuple[str, str]] = frozenset()
    """Pairs of concepts that stand side by side, in the order of the alphabet: "old server", "serveur ancien"."""
    joined: bool = False
    """Two neighbouring clauses taken together."""


@dataclass(slots=True)
class _Hit:
    concepts: tuple[str, ...]
    at: int
    """Index of its first word in the clause."""
    end: int
    span: Span
    denied: bool = False

    def is_(self, concept: str) -> bool:
        return concept in self.concepts


@dataclass(frozen=True, slots=True)
class _Clause:
    hits: tuple[_Hit, ...]
    words: int
    sentence: int
    stop: str
    """What ended it."""


_ready: dict[int, tuple[Lexicon, Words]] = {}


def think(text: str, lexicon: Lexicon) -> tuple[Thought, ...]:
    """The thoughts of a text, in its order; a clause that says neither works nor fails is joined to its neighbour of
    the same sentence, and stands alone as well."""
    kept = _ready.get(id(lexicon))
    if kept is None or kept[0] is not lexicon:
        kept = _ready[id(lexicon)] = (lexicon, Words(lexicon))
    out: list[Thought] = []
    for clause in _clauses(text[:MAX_CHARACTERS], kept[1]):
        _deny(clause.hits, lexicon.negation, clause.words)
        out += _thoughts(clause)
    return tuple(out) + tuple(_joined(out))


# -- clauses -------------------------------------------------------------------------------------------


def _clauses(text: str, words: Words) -> Iterator[_Clause]:
    run: list[Token] = []
    sentence = 0
    row = (*tokens(text), Token(".", "stop", (len(text), len(text))))
    for i, token in enumerate(row):
        if token.kind != "stop" or (token.text == ":" and _answer_follows(row, i)):
            if token.kind != "stop":
                run.append(token)
            continue
        if run:
            hits = _hits(run, words)
            length = sum(1 if t.kind == "word" else max(len(t.text) // 2, 1) for t in run)
            for part, last in _at_contrasts(hits, length > LONG):
                yield _Clause(part, length, sentence, token.text if last else ",")
        run = []
        if _HARD & set(token.text):
            sentence += 1


def _answer_follows(row: Sequence[Token], at: int) -> bool:
    """True for the colon of a form's line: "VPN: none", "Sending: no"."""
    return any(token.kind == "stop" for token in row[at + 2 : at + 4])


def _at_contrasts(hits: Sequence[_Hit], long: bool) -> Iterator[tuple[tuple[_Hit, ...], bool]]:
    """The hits cut at every word for "but", True with the last part; of a run of words without stops, as people
    dictate, cut at every "and" too."""
    part: list[_Hit] = []
    for hit in hits:
        if hit.is_("but") or (long and hit.is_("and")):
            if part:
                yield tuple(part), False
            part = []
        else:
            part.append(hit)
    if part:
        yield tuple(part), True


def _hits(run: Sequence[Token], words: Words) -> list[_Hit]:
    out: list[_Hit] = []
    texts = [token.text for token in run]
    i = 0
    while i < len(run):
        token = run[i]
        if token.kind == "glued":
            # a run without spaces: half its characters stand for its number of words
            out += [
                _Hit(found, i + start // 2, i + end // 2, (token.span[0] + start, token.span[0] + end))
                for found, start, end in words.within(token.text)
            ]
            i += 1
            continue
        # an address is one, whatever its first letters mean: "rechnung@example.org" is no bill
        found, taken = (("mailbox", "address"), 1) if "@" in token.text[1:-1] else words.at(texts, i)
        if not taken and is_many(token.text, texts[i - 1] if i else ""):
            found, taken = ("many",), 1
        if taken and "skip" not in found:
            out.append(_Hit(found, i, i + taken, (token.span[0], run[i + taken - 1].span[1])))
        i += max(taken, 1)
    return out


# -- not -----------------------------------------------------------------------------------------------


def _deny(hits: Sequence[_Hit], order: str, words: int) -> None:
    """Let each "not" turn what it means: ahead of it a verb rather than a thing ("no device connects"), or the verb
    just behind it where the language says so ("Senden geht nicht")."""
    for i, hit in enumerate(hits):
        if not (hit.is_("not") or hit.is_("without")):
            continue
        if hit.is_("neither"):
            _deny_all(hits, i)
            continue
        ahead = list(takewhile(lambda h, end=hit.end: not h.is_("and") and h.at - end <= NOT_REACHES, hits[i + 1 :]))  # type: ignore[misc]
        ahead = [h for h in ahead if _can_be_denied(h)]
        nearest = next(iter(ahead), None)
        if hit.is_("without"):
            target = nearest
        else:
            verb = next((h for h in ahead if _is_verb(h)), None)
            if any(h.denied and _is_verb(h) for h in hits[:i]) and verb is None:
                continue  # a second "not" of the same statement: "no recibo nada", "nie dostaję nic"
            before = [h for h in hits[:i] if _can_be_denied(h)]
            behind = (
                next((h for h in reversed(before) if _is_verb(h) and hit.at - h.end <= NOT_REACHES), None)
                if order == "after"
                else None
            )
            behind = behind or next((h for h in reversed(before) if hit.at - h.end <= NOT_REACHES_BACK), None)
            target = verb or nearest
            if behind is not None and (
                target is None
                or (order == "after" and _is_verb(behind))
                or (order == "both" and _is_verb(behind) and verb is None)
            ):
                target = behind
        if order == "before" and target is not None and target.at < hit.at and not _is_verb(target) and hit.end < words:
            # what a "not" stands before is a verb that nobody knows here: "la cassa non comunica"
            hit.concepts = ("fails",)
        elif target is not None:
            target.denied = True


def _deny_all(hits: Sequence[_Hit], at: int) -> None:
    """Neither … nor: every verb that follows, or where none does the one before ("works neither here nor there")."""
    ahead = [h for h in takewhile(lambda h: not h.is_("and"), hits[at + 1 :]) if _is_verb(h) and not h.is_("fails")]
    for verb in ahead or [h for h in reversed(hits[:at]) if _is_verb(h) and not h.is_("fails")][:1]:
        verb.denied = True


def _is_verb(hit: _Hit) -> bool:
    return not _VERBS.isdisjoint(hit.concepts)


def _can_be_denied(hit: _Hit) -> bool:
    return not hit.denied and _UNDENIABLE.isdisjoint(hit.concepts)


# -- thoughts ------------------------------------------------------------------------------------------


def _thoughts(clause: _Clause) -> list[Thought]:
    thought = _thought(clause.hits, clause)
    if not (thought.works and thought.fails):
        return [thought]
    cut = _where_it_turns(clause.hits)
    halves = [part for part in (clause.hits[:cut], clause.hits[cut:]) if part]
    return [_thought(part, clause) for part in halves]


def _thought(hits: Sequence[_Hit], clause: _Clause) -> Thought:
    # what cannot be done is still spoken of
    held = {c for h in hits if not h.denied or not _ACTIONS.isdisjoint(h.concepts) for c in h.concepts}
    denied = {c for h in hits if h.denied for c in h.concepts}
    works, fails = _polarity(hits)
    if (
        clause.words <= _SHORT
        and not (works or fails)
        and any(h.is_("not") for h in hits)
        and _DENIED_IS_GOOD.isdisjoint(denied)
    ):
        fails = True  # "At work? Nothing.", "not on the tablet": the thing is still spoken of
        held |= denied & _PLACES
    if "past" in held:
        works = False
    return Thought(
        frozenset(held - GRAMMAR),
        frozenset(denied - GRAMMAR),
        works,
        fails,
        "maybe" in held or "?" in clause.stop or "\uff1f" in clause.stop,
        clause.sentence,
        (hits[0].span[0], max(h.span[1] for h in hits)),
        _beside(hits),
    )


def _beside(hits: Sequence[_Hit]) -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    for i, hit in enumerate(hits):
        pairs.update((min(a, b), max(a, b)) for a in hit.concepts for b in hit.concepts if a != b)
        for other in hits[i + 1 :]:
            if other.at - hit.end >= BESIDE:
                break
            if not (hit.denied or other.denied):
                pairs.update((min(a, b), max(a, b)) for a in hit.concepts for b in other.concepts if a != b)
    return frozenset(pairs)


def _polarity(hits: Sequence[_Hit]) -> tuple[bool, bool]:
    works = fails = can = does = acts = False
    for hit in hits:
        if hit.is_("fails"):
            fails = fails or not hit.denied
        elif hit.is_("works") or hit.is_("able") or hit.is_("does") or _ACTIONS & set(hit.concepts):
            fails = fails or hit.denied
            works = works or (hit.is_("works") and not hit.denied)
            can = can or (hit.is_("able") and not hit.denied)
            does = does or (hit.is_("does") and not hit.denied)
            acts = acts or not _ACTIONS.isdisjoint(hit.concepts)
    return works or (not fails and (does or (can and acts))), fails


def _where_it_turns(hits: Sequence[_Hit]) -> int:
    """Where a clause that says both is cut: "works at home fails at work" before the second word that judges, "at home
    works at work fails" after the first."""
    judging = [i for i, h in enumerate(hits) if any(_polarity([h]))]
    first, second = (
        judging[0],
        next((j for i, j in pairwise(judging) if _polarity([hits[i]]) != _polarity([hits[j]])), judging[-1]),
    )
    things_before = any(set(h.concepts) - GRAMMAR - _ACTIONS for h in hits[:first])
    return first + 1 if things_before else second


def _joined(thoughts: Sequence[Thought]) -> Iterator[Thought]:
    """Neighbours of one sentence of which one names the circumstances and the other what happens then; where the
    circumstances are listed clause by clause ("at my parents', with the same laptop, it works"), all of them."""
    for i, (before, after) in enumerate(pairwise(thoughts)):
        if before.sentence != after.sentence and not (
            len(before.concepts) <= _SHORT and not _judges(before) and after.sentence == before.sentence + 1
        ):
            continue
        if _judges(before) == _judges(after):
            continue
        yield _together(before, after)
        listed: list[Thought] = []
        for thought in thoughts[i::-1]:
            if len(listed) == LISTED or thought.sentence != after.sentence or _judges(thought):
                break
            listed.append(thought)
        if after.works and len(listed) > 1:
            yield reduce(_together, listed, after)


def _judges(thought: Thought) -> bool:
    return thought.works or thought.fails


def _together(one: Thought, other: Thought) -> Thought:
    """Two clauses taken as one thought; it is a guess where the one that judges is, or both stand in one guessed
    sentence."""
    before, after = (one, other) if one.span <= other.span else (other, one)
    return replace(
        after,
        concepts=before.concepts | after.concepts,
        denied=before.denied | after.denied,
        works=before.works or after.works,
        fails=before.fails or after.fails,
        beside=before.beside | after.beside,
        guessed=(before.guessed and before.sentence == after.sentence) or after.guessed,
        span=(before.span[0], after.span[1]),
        joined=True,
    )
