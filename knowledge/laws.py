"""The laws that every table entry obeys, ours and a host's own alike; tests and ``triage knowledge check`` use them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import regex

from knowledge.literals import alternatives, required_literals, squeezed
from knowledge.matcher import PATTERN_SECONDS, Hit, Matcher, fold
from knowledge.model import GRAMMAR, DecodedError, Knowledge
from knowledge.rules import compiled
from knowledge.sieve import meets
from knowledge.topic import ABOUT
from knowledge.wording import WordingTable

RESERVED = regex.compile(r"(?:^|\.)(?:example|test|invalid|localhost)$|(?:^|\.)example\.(?:com|org|net)$")
"""RFC 2606 and RFC 6761 names."""
_ADDRESS = regex.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", regex.ASCII)
_IPV4 = regex.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")
_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "0.0.0.0", "127.0.0.1")
_FILL = {
    "host": "imap.mail.example",
    "user": "anna@firm.example",
    "port": "993",
    "n": "10",
    "account": "Work",
    "folder": "INBOX",
    "server_reply": "reply of the server",
    "code": "5",
    "any": "something",
}
_PLACEHOLDER = regex.compile(r"\{([a-z_]+)\}")


def fill(text: str) -> str:
    """A text of the table with example values in place of its placeholders."""
    return _PLACEHOLDER.sub(lambda m: _FILL.get(m[1], "something"), text)


def samples_of(row: DecodedError) -> Iterator[str]:
    """Every sample that a row must claim: its must_match, and its texts filled with example values."""
    yield from row.must_match
    for texts in row.texts:
        for group in texts.by_language.values():
            yield from (fill(text) for text in group)


def broken_laws(knowledge: Knowledge) -> list[str]:
    """One line for each broken law, naming the entry and what to do; empty where all hold."""
    cues = ((f"cues/{cue.id}", p) for cue in knowledge.cues.values() for group in cue.patterns.values() for p in group)
    return [
        *_checks(knowledge),
        *laws_of_errors(knowledge),
        *_wordings(knowledge),
        *_cues(knowledge),
        *_lexicons(knowledge),
        *_stalls(cues),
    ]


def laws_of_errors(knowledge: Knowledge) -> list[str]:
    """The laws of :func:`broken_laws` that the rows of the decoded-error table obey."""
    patterns = ((f"errors/{row.id}", pattern) for row in knowledge.errors.values() for pattern in row.patterns)
    return [*_errors(knowledge), *_stalls(patterns)]


def _checks(knowledge: Knowledge) -> Iterator[str]:
    if not knowledge.errors:
        yield "errors: the table is empty"
    cited = {cause for row in knowledge.errors.values() for cause in (*row.checks, *row.others)}
    for check in knowledge.checks.values():
        if check.id not in cited:
            yield f"checks/{check.id}: no decoded error points to it"
        for question in check.questions:
            if question not in knowledge.questions:
                yield f"checks/{check.id}: question {question!r} does not exist"
    numbers = [check.number for check in knowledge.checks.values()]
    if len(set(numbers)) != len(numbers):
        yield "checks: two checks have the same number"
    if "en" not in knowledge.replies or not knowledge.replies["en"].complete:
        yield "replies/en.toml: must be complete, every other language falls back to it"


def _errors(knowledge: Knowledge) -> Iterator[str]:
    matcher = Matcher(knowledge)
    for row in knowledge.errors.values():
        if not row.source:
            yield f"errors/{row.id}: has no source"
        if not row.checks and not row.others and row.role != "wrapper":
            yield f"errors/{row.id}: points to no check and no other cause"
        if row.role not in ("specific", "generic", "wrapper"):
            yield f"errors/{row.id}: role {row.role!r} is none of specific, generic, wrapper"
        for rival in row.rivals:
            if rival not in knowledge.errors:
                yield f"errors/{row.id}: rival {rival!r} does not exist"
        if not row.patterns and not row.texts:
            yield f"errors/{row.id}: has neither patterns nor texts"
        for sample in samples_of(row):
            yield from _sample(row, sample, matcher, knowledge)
        for near in row.must_not_match:
            if any(hit.error_id == row.id for hit in matcher.scan(near)):
                yield f"errors/{row.id}: claims the near miss {near!r}"
        yield from _unneeded(row)


def _sample(row: DecodedError, sample: str, matcher: Matcher, knowledge: Knowledge) -> Iterator[str]:
    hits = matcher.scan(sample)
    if not any(hit.error_id == row.id for hit in hits):
        yield f"errors/{row.id}: does not claim its own {sample!r}"
        return
    winner = leading(hits, knowledge)
    if winner is not None and winner.error_id != row.id and not _rivals(winner.error_id, row.id, knowledge):
        yield f"errors/{row.id}: {winner.error_id} claims {sample!r} too and wins; name the rival or sharpen a pattern"
    if foreign := foreign_name(sample):
        yield f"errors/{row.id}: {sample!r} names {foreign}; use reserved domains and documentation addresses"


def leading(hits: list[Hit], knowledge: Knowledge) -> Hit | None:
    """Of all hits the one that decides: the more specific role, then the most agreement."""
    rank = {"specific": 0, "generic": 1, "wrapper": 2}
    return min(hits, key=lambda h: (h.bare_code, rank[knowledge.errors[h.error_id].role], -h.fixed), default=None)


def _rivals(one: str, other: str, knowledge: Knowledge) -> bool:
    if one in knowledge.errors[other].rivals or other in knowledge.errors[one].rivals:
        return True
    # a wrapper may carry a specific text inside: that is its nature
    return knowledge.errors[other].role == "wrapper" and knowledge.errors[one].role != "wrapper"


def _unneeded(row: DecodedError) -> Iterator[str]:
    """Patterns that no sample of the row needs: every pattern has a yes."""
    samples = [fold(s) for s in row.must_match]
    for pattern in row.patterns:
        try:
            expression = compiled(pattern)
        except regex.error as error:
            yield f"errors/{row.id}: pattern {pattern!r}: {error}"
            continue
        if not any(expression.search(sample) for sample in samples):
            yield f"errors/{row.id}: no sample in must_match needs the pattern {pattern!r}; add one or drop it"


def _wordings(knowledge: Knowledge) -> Iterator[str]:
    table = WordingTable(knowledge.concepts, knowledge.wordings)
    used = {concept for w in knowledge.wordings for group in (*w.sets, w.unless) for concept in group} | ABOUT
    for concept in sorted(knowledge.concepts.keys() ^ used):
        fault = "no wording uses it" if concept in knowledge.concepts else "a wording uses it, but it does not exist"
        yield f"concepts.toml: {concept}: {fault}"
    for wording in knowledge.wordings:
        for row in (wording.error_id, *wording.refines):
            if row not in knowledge.errors:
                yield f"wordings.toml: {wording.id}: {row!r} is no row of errors/"
        if not wording.must_match:
            yield f"wordings.toml: {wording.id}: no sample in must_match"
        for sample in wording.must_match:
            if (found := table.read(sample)) is None or found.id != wording.id:
                yield f"wordings.toml: {wording.id}: {sample!r} is read as {found.id if found else 'nothing'}"


def foreign_name(text: str) -> str | None:
    """A mail domain or IPv4 address in a sample that is not reserved for documentation, else None."""
    for match in _ADDRESS.finditer(text):
        if not RESERVED.search(match[1].lower()) and not match[1].lower().endswith("trekmail.net"):
            return str(match[1])
    for match in _IPV4.finditer(text):
        if not match[1].startswith(_DOCUMENTATION) and all(int(part) < 256 for part in match[1].split(".")):
            return str(match[1])
    return None


def _cues(knowledge: Knowledge) -> Iterator[str]:
    for cue in knowledge.cues.values():
        if not cue.source:
            yield f"cues/{cue.id}: has no source"
        if cue.topic not in ("connection", "elsewhere"):
            yield f"cues/{cue.id}: topic {cue.topic!r} is neither connection nor elsewhere"
        for killed in cue.kills:
            if killed not in knowledge.cues:
                yield f"cues/{cue.id}: kills {killed!r}, which does not exist"
        for language, patterns in cue.patterns.items():
            if patterns and language != "any" and not cue.must_match.get(language):
                yield f"cues/{cue.id}: patterns in {language!r} without a sample in that language"


_SAYING_MARKS = frozenset({"?", "=", "~"})


def _lexicons(knowledge: Knowledge) -> Iterator[str]:
    """Every language has words for every concept and no others; a saying is made of concepts that a thought can
    hold."""
    for lexicon in knowledge.lexicons.values():
        if lexicon.negation not in ("before", "after", "both"):
            yield f"lexicon/{lexicon.id}: negation {lexicon.negation!r} is none of before, after, both"
        for concept in sorted(set(knowledge.thoughts) - set(lexicon.words)):
            yield f"lexicon/{lexicon.id}: no words for {concept!r} ({knowledge.thoughts[concept]}); an empty list says that there are none"
        for concept in sorted(set(lexicon.words) - set(knowledge.thoughts)):
            yield f"lexicon/{lexicon.id}: {concept!r} is no concept of thoughts.toml"
    sayable = set(knowledge.thoughts) - GRAMMAR | {"works", "fails"}
    for cue in knowledge.cues.values():
        for saying in cue.says:
            for part in saying.split(";"):
                names = [
                    name for word in part.split() if word not in _SAYING_MARKS for name in word.lstrip("-!").split("+")
                ]
                if not names:
                    yield f"cues/{cue.id}: the saying {saying!r} has an empty thought"
                for name in names:
                    if name not in sayable:
                        yield f"cues/{cue.id}: the saying {saying!r} asks for {name!r}, which is no concept that a thought holds"


ATTACKS = (
    " " * 20_000,
    "a" * 20_000,
    "a " * 10_000,
    "\n" * 20_000,
    "5.7.8 " * 3_000,
    "((((" * 5_000,
    "error: " * 3_000,
    '"' * 20_000,
)
"""Texts on which badly made patterns stall."""
ATTACK_CHARS, OWN_ATTACKS = 4_000, 4


def _attacks(pattern: str) -> Iterator[str]:
    """The texts that can hurt a pattern: of the common ones those on which it is tried at all, and its own words
    over and over."""
    needs = [required_literals(one) for one in alternatives(pattern)]
    yield from (attack for attack in ATTACKS if any(meets(squeezed(attack), need) for need in needs))
    for words in {" ".join(literals[0] for literals in need) for need in needs[:OWN_ATTACKS]} - {""}:
        yield f"{words} " * (ATTACK_CHARS // (len(words) + 1))


def _stalls(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for where, pattern in rows:
        try:
            expression = compiled(pattern)
        except regex.error as error:
            yield f"{where}: pattern {pattern!r}: {error}"
            continue
        for attack in _attacks(pattern):
            started = time.monotonic()
            try:
                expression.search(attack, timeout=PATTERN_SECONDS * 4)
            except TimeoutError:
                yield f"{where}: pattern {pattern!r} stalls on {attack[:8]!r}… ({time.monotonic() - started:.2f} s)"
                break
