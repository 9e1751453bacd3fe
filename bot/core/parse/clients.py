"""Which mail programs a ticket names, with version and platform, the one that fails first.

Evidence, best first: a form's field, a program of which the ticket says that it fails, one that is named at
all, one given away by the shape of an error text, one that only a nickname suggests. A program that works
ranks last.
Signatures that programs add on their own and headers of quoted mails are no evidence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import regex

from bot.core.model import ClientMention, Reading
from bot.core.parse.client_index import MAX_CHARS, Hit, index_of, plain
from bot.core.parse.client_packages import package_version
from bot.core.parse.client_platforms import Platform, Span, find_platforms, neighbours, platform_of
from bot.core.parse.client_rank import WEBMAIL, WORKS, Found, settle
from bot.core.parse.client_roles import MEANS, role_of
from bot.core.parse.client_search import all_of
from bot.core.parse.client_stock import stock_programs
from bot.core.parse.client_unknown import find_unknown
from bot.core.parse.client_verdicts import VerdictReader
from bot.core.parse.client_version_lines import version_fields, version_moves, version_updated_to
from bot.core.parse.client_versions import version_near
from bot.core.parse.client_words import FIELD_LABELS, SENT_FROM
from knowledge.gated import Gated
from knowledge.model import ClientFamily

MAX_CLIENTS = 8
_IGNORED = frozenset({"signature", "disclaimer", "header"})
_FAINT = {"quoted": -9.0, "forwarded": -9.0, "attachment": -3.0, "picture": -3.0}
_BASE = {"name": 10.0, "error": 8.0, "weak": 3.0}
_FIELD_BONUS, _FAILS, _PAST, _VERSION, _DIRECT, _OPENS = 12.0, 5.0, -5.0, 2.0, 2.0, 7.0
_NO_PHONE = ("Windows", "macOS", "Linux")
_INTRODUCED = 30
"""Most characters that stand before a program with which the ticket opens ("I have a ")."""
_BLOCK = 400
"""How far (characters) below its heading a form's block reaches."""
_SENT_FROM = Gated(rf"^[ \t*_>-]*(?:{SENT_FROM})[^,;:\"\n]{{0,50}}$", regex.IGNORECASE | regex.MULTILINE)
_MAILER_LINE = Gated(
    r"^[ \t]*>?[ \t]*(?:X-Mailer|User-Agent|X-Originating-Client)\s*:.*$", regex.IGNORECASE | regex.MULTILINE
)
_FIELD = Gated(
    rf"^[ \t*>#•|_-]*(?P<label>{FIELD_LABELS})[ \t*_]*(?:[:=：|]|(?P<block>[*_]*\n))",
    regex.IGNORECASE | regex.MULTILINE,
)
_WORKING_LABEL = Gated(
    r"^[^:\n]{0,40}(?<!\w)(?:works?|working|ok|funktioniert|geht|fonctionne|marche|funciona|funzione?a|werkt|"
    r"działa|работает)(?!\w)[^:\n]{0,20}:(?P<value>[^\n]*)$",
    regex.IGNORECASE | regex.MULTILINE,
)
_ENDS = regex.compile(r"[.!?:;]\s")
_NOT_LABEL = regex.compile(r"not|n't|nicht|pas|no |non |niet|não|nie |не ", regex.IGNORECASE)


def find_clients(reading: Reading, families: Sequence[ClientFamily]) -> tuple[ClientMention, ...]:
    """The clients that the ticket names or whose error it shows, the failing one first.

    ``families`` is knowledge's own tuple (the index built from it is kept by identity). A client that is said
    to work has ``failing`` False; where all of them have, the failing one was not named.
    """
    text = plain(reading.text)
    ignored = _ignored(reading, text)
    index, platforms = index_of(families), find_platforms(text)
    hits = index.scan(text)
    hits = sorted([*hits, *stock_programs(text, platforms, hits, index.stock)], key=lambda hit: (hit.start, hit.end))
    hits = [hit for hit in hits if not _within(hit.start, ignored)]
    fields = _field_spans(text) if ":" in text or "#" in text or "：" in text or "=" in text else []
    found = _judge(reading, text, hits, fields, platforms)
    found += find_unknown(text, fields, found, ignored)
    ranked = settle(found)
    return tuple(one.mention for one in _with_versions(ranked, text))[:MAX_CLIENTS]


def _ignored(reading: Reading, text: str) -> list[tuple[int, int]]:
    spans = [segment.span for segment in reading.segments if segment.kind in _IGNORED]
    for pattern in (_SENT_FROM, _MAILER_LINE):
        spans += [match.span() for match in all_of(pattern, text)]
    return spans


def _within(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _field_spans(text: str) -> list[tuple[int, int]]:
    """Stretches that a form's label ("Program:", "### Environment") declares to be about the failing "
    "client."""
    spans = []
    for match in all_of(_FIELD, text[:MAX_CHARS]):
        if match["block"] is None:
            end = text.find("\n", match.end())
            spans.append((match.end(), len(text) if end < 0 else end))
        elif match.group().lstrip().startswith(("#", "*", "_")):
            end = text.find("\n\n", match.end())
            spans.append((match.end(), min(len(text) if end < 0 else end, match.end() + _BLOCK)))
    return spans


def _judge(
    reading: Reading, text: str, hits: list[Hit], fields: list[tuple[int, int]], written: tuple[Platform, ...]
) -> list[Found]:
    if not hits:
        return []
    platforms = _not_names(written, hits)
    verdicts = VerdictReader(text, reading.language, [(hit.start, hit.end) for hit in hits if hit.kind != "error"])
    nearest = neighbours(platforms, [(hit.start, hit.end) for hit in hits if hit.kind == "name"])
    working = [
        match.span("value")
        for match in all_of(_WORKING_LABEL, text)
        if not _NOT_LABEL.search(match.group()[: match.start("value") - match.start()])
    ]
    starts = [segment.span[0] for segment in reading.segments]
    errors = [hit.start for hit in hits if hit.kind == "error"]
    openings = _openings(reading, text, hits)
    named = [(hit.start, hit.end) for hit in hits if hit.kind == "name"]
    found = []
    for number, hit in enumerate(hits):
        at = bisect_right(starts, hit.start) - 1
        kind = reading.segments[at].kind if at >= 0 else "body"
        stop = next(
            (
                other.start
                for other in hits[number + 1 :]
                if other.start >= hit.end and other.kind != "error" and other.family.name != hit.family.name
            ),
            len(text),
        )
        one = _one(text, hit, kind, stop, fields, working, verdicts, platforms, nearest, errors, named)
        if hit in openings and one.mention.version and one.mention.failing is not False:
            one = replace(one, score=one.score + _OPENS)
        found.append(one)
    return found


def _openings(reading: Reading, text: str, hits: list[Hit]) -> list[Hit]:
    """The first programs of the subject and of the body, where a line begins with them: the one with its version is
    what the ticket is about, whatever is named below. Libraries are not: they are what that program uses."""
    found = []
    for kind in ("subject", "body"):
        start, end = next((s.span for s in reading.segments if s.kind == kind), (0, 0))
        first = next((hit for hit in hits if hit.kind == "name" and start <= hit.start < end), None)
        if first is None or first.family.kind == "library":
            continue
        before = text[start : first.start].rpartition("\n")[2]
        if len(before) <= _INTRODUCED and not _ENDS.search(before):
            found.append(first)
    return found


def _not_names(platforms: tuple[Platform, ...], hits: list[Hit]) -> list[Platform]:
    """The number in "Thunderbird for Android 15.0" is the program's: of such a platform only the system is "
    "known."""
    names = [hit for hit in hits if hit.kind == "name"]
    return [
        replace(one, label=one.system) if any(n.start <= one.start < n.end < one.end for n in names) else one
        for one in platforms
    ]


def _one(
    text: str,
    hit: Hit,
    segment: str,
    stop: int,
    fields: list[tuple[int, int]],
    working: list[tuple[int, int]],
    verdicts: VerdictReader,
    platforms: Sequence[Platform],
    nearest: Sequence[tuple[Span, int] | None],
    errors: list[int],
    named: list[Span],
) -> Found:
    family, span = hit.family, (hit.start, hit.end)
    score = _BASE[hit.kind] + _FAINT.get(segment, 0.0) - 2.0 * hit.start / (len(text) + 1)
    failing: bool | None = True if hit.kind == "error" else None
    version = package_version(text, hit.end) if hit.traced else None
    if hit.traced and version is None and text[hit.start - 1 : hit.start] == "/":
        version = version_near(text, hit.start, hit.end, family, stop)
    if hit.kind != "error":
        verdict = verdicts.of(span)
        failing = verdict.failing
        if _within(hit.start, working):
            failing = False
        in_field = _within(hit.start, fields)
        if family.id == WEBMAIL and not verdict.direct:
            failing = None
        if in_field and (failing is not False or not (verdict.direct or _within(hit.start, working))):
            failing, score = True, score + _FIELD_BONUS
        score += _FAILS if failing else 0.0
        score += _DIRECT if failing and verdict.direct else 0.0
        score += _PAST if verdict.past and not in_field else 0.0
        score -= 1.5 if verdict.also and failing else 0.0
        if failing is not False and hit.kind == "name":
            score += _role(text, hit, named)
        if any(0 <= at - hit.end < 60 and "\n\n" not in text[hit.end : at] for at in errors):
            score += 1.5
        version = version_near(text, hit.start, hit.end, family, stop)
    if failing is False:
        score += WORKS
    score += _VERSION if version else 0.0
    runs_on = family.platforms or (() if family.kind == "app" else _NO_PHONE)
    platform = platform_of(span, runs_on, platforms, nearest)
    return Found(ClientMention(family.name, version, platform, span, failing), score, hit.kind, family)


def _role(text: str, hit: Hit, named: list[Span]) -> float:
    role = role_of(text, hit.start, hit.end, named)
    return 0.0 if role == MEANS and hit.family.kind == "app" else role


def _with_versions(ranked: list[Found], text: str) -> list[Found]:
    """Versions in fields of their own go to the last client named before them, else to the first."""
    for field in version_fields(text):
        owners = [f for f in ranked if f.mention.failing is not False and f.mention.span[0] <= field.start]
        owner = max(owners, key=lambda f: f.mention.span[0], default=None) or (ranked[0] if ranked else None)
        if owner is not None and owner.mention.version is None and owner.mention.failing is not False:
            at = ranked.index(owner)
            ranked[at] = replace(owner, mention=replace(owner.mention, version=field.version))
    return _with_update(_with_moves(ranked, text), text)


def _with_moves(ranked: list[Found], text: str) -> list[Found]:
    """ "From 5.1 to 5.2" says of the program named nearest to it that it is at 5.2 now."""
    for move in version_moves(text):
        near = [f for f in ranked if f.kind == "name" and move.near(*f.mention.span)]
        owner = min(
            near,
            key=lambda f: min(abs(f.mention.span[0] - move.end), abs(move.start - f.mention.span[1])),
            default=None,
        )
        if owner is None or (owner.family is not None and owner.family.version == "(?!)"):
            continue
        if owner.mention.version in (None, move.old):
            ranked[ranked.index(owner)] = replace(owner, mention=replace(owner.mention, version=move.new))
    return ranked


def _with_update(ranked: list[Found], text: str) -> list[Found]:
    """A version that only "the update to 145" names is the program's where just one may be meant."""
    open_ = [one for one in ranked if one.mention.failing is not False]
    if len(open_) != 1 or open_[0].mention.version is not None or open_[0].kind != "name":
        return ranked
    family = open_[0].family
    version = version_updated_to(text) if family is None or family.version != "(?!)" else None
    if version is None:
        return ranked
    at = ranked.index(open_[0])
    ranked[at] = replace(open_[0], mention=replace(open_[0].mention, version=version))
    return ranked
