"""Which mail programs a ticket names, with version and platform, the one that fails first.

Evidence, best first: a form's field, a program of which the ticket says that it fails, one that is named at
all, one given away by the shape of an error text, one that only a nickname suggests. A program that works
ranks last.
Signatures that programs add on their own and headers of quoted mails are no evidence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import regex

from bot.core.model import ClientMention, Reading
from bot.core.parse.client_index import MAX_CHARS, Hit, index_of, plain
from bot.core.parse.client_platforms import Platform, Span, find_platforms, neighbours, platform_of
from bot.core.parse.client_search import all_of, at_start
from bot.core.parse.client_verdicts import VerdictReader
from bot.core.parse.client_versions import Field, version_fields, version_near
from bot.core.parse.client_words import FIELD_LABELS, SENT_FROM
from knowledge.model import ClientFamily

MAX_CLIENTS = 8
_IGNORED = frozenset({"signature", "disclaimer", "header"})
_FAINT = {"quoted": -9.0, "forwarded": -9.0, "attachment": -3.0}
_BASE = {"name": 10.0, "error": 8.0, "weak": 3.0}
_BEHIND = 20.0
_FIELD_BONUS, _FAILS, _WORKS, _PAST, _VERSION, _DIRECT = 12.0, 5.0, -25.0, -5.0, 2.0, 2.0
_WEBMAIL = "webmail"
_NO_PHONE = ("Windows", "macOS", "Linux")
_BLOCK = 400
"""How far (characters) below its heading a form's block reaches."""
_SENT_FROM = regex.compile(
    rf"^[ \t*_>-]*(?:{SENT_FROM})[^,;:\"\n]{{0,50}}$", regex.IGNORECASE | regex.MULTILINE
)
_MAILER_LINE = regex.compile(
    r"^[ \t]*>?[ \t]*(?:X-Mailer|User-Agent|X-Originating-Client)\s*:.*$", regex.IGNORECASE | regex.MULTILINE
)
_FIELD = regex.compile(
    rf"^[ \t*>#•|_-]*(?P<label>{FIELD_LABELS})[ \t*_]*(?:[:=：|]|(?P<block>[*_]*\n))",
    regex.IGNORECASE | regex.MULTILINE,
)
_WORKING_LABEL = regex.compile(
    r"^[^:\n]{0,40}(?<!\w)(?:works?|working|ok|funktioniert|geht|fonctionne|marche|funciona|funzione?a|werkt|"
    r"działa|работает)(?!\w)[^:\n]{0,20}:(?P<value>[^\n]*)$",
    regex.IGNORECASE | regex.MULTILINE,
)
_NOT_LABEL = regex.compile(r"not|n't|nicht|pas|no |non |niet|não|nie |не ", regex.IGNORECASE)
_UNKNOWN = regex.compile(
    r"\s*(?P<name>[\p{L}][\p{L}\p{N}.+!&'-]{1,24}(?: (?-i:\p{Lu})[\p{L}\p{N}.+!-]{1,20}){0,2})"
    r"(?=[\s,(/]+v?\d|\s*$|\s*\n|\s*[,(])"
)
_NO_NAME = regex.compile(
    r"(?:none|n/?a|unknown|unbekannt|no|nein|yes|ja|see|siehe|the|my|mein|various|all|alle|production|"
    r"staging|docker|local|custom)\b",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Found:
    mention: ClientMention
    score: float
    kind: str
    family: ClientFamily | None
    cleared: bool = False
    """Named once without a verdict, and said to work elsewhere in the ticket."""


def find_clients(reading: Reading, families: Sequence[ClientFamily]) -> tuple[ClientMention, ...]:
    """The clients that the ticket names or whose error it shows, the failing one first.

    ``families`` is knowledge's own tuple (the index built from it is kept by identity). A client that is said
    to work has ``failing`` False; where all of them have, the failing one was not named.
    """
    text = plain(reading.text)
    ignored = _ignored(reading, text)
    hits = [hit for hit in index_of(families).scan(text) if not _within(hit.start, ignored)]
    fields = _field_spans(text) if ":" in text or "#" in text or "：" in text or "=" in text else []
    found = _judge(reading, text, hits, fields)
    unknown = _unknown(text, fields, found)
    if unknown is not None:
        found.append(unknown)
    ranked = _settle(found)
    return tuple(one.mention for one in _with_versions(ranked, version_fields(text)))[:MAX_CLIENTS]


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


def _judge(reading: Reading, text: str, hits: list[Hit], fields: list[tuple[int, int]]) -> list[_Found]:
    if not hits:
        return []
    platforms = _not_names(find_platforms(text), hits)
    verdicts = VerdictReader(
        text, reading.language, [(hit.start, hit.end) for hit in hits if hit.kind != "error"]
    )
    nearest = neighbours(platforms, [(hit.start, hit.end) for hit in hits if hit.kind == "name"])
    working = [
        match.span("value")
        for match in all_of(_WORKING_LABEL, text)
        if not _NOT_LABEL.search(match.group()[: match.start("value") - match.start()])
    ]
    starts = [segment.span[0] for segment in reading.segments]
    errors = [hit.start for hit in hits if hit.kind == "error"]
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
        found.append(_one(text, hit, kind, stop, fields, working, verdicts, platforms, nearest, errors))
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
) -> _Found:
    family, span = hit.family, (hit.start, hit.end)
    score = _BASE[hit.kind] + _FAINT.get(segment, 0.0) - 2.0 * hit.start / (len(text) + 1)
    failing: bool | None = True if hit.kind == "error" else None
    version = None
    if hit.kind != "error":
        verdict = verdicts.of(span)
        failing = verdict.failing
        if _within(hit.start, working):
            failing = False
        in_field = _within(hit.start, fields)
        if family.id == _WEBMAIL and not verdict.direct:
            failing = None
        if in_field and (failing is not False or not (verdict.direct or _within(hit.start, working))):
            failing, score = True, score + _FIELD_BONUS
        score += _FAILS if failing else 0.0
        score += _DIRECT if failing and verdict.direct else 0.0
        score += _PAST if verdict.past and not in_field else 0.0
        score -= 1.5 if verdict.also and failing else 0.0
        if any(0 <= at - hit.end < 60 and "\n\n" not in text[hit.end : at] for at in errors):
            score += 1.5
        version = version_near(text, hit.start, hit.end, family, stop)
    if failing is False:
        score += _WORKS
    score += _VERSION if version else 0.0
    runs_on = family.platforms or (() if family.kind == "app" else _NO_PHONE)
    platform = platform_of(span, runs_on, platforms, nearest)
    return _Found(ClientMention(family.name, version, platform, span, failing), score, hit.kind, family)


def _unknown(text: str, fields: list[tuple[int, int]], found: list[_Found]) -> _Found | None:
    """A program that a field names and that no family knows, as written."""
    for start, end in fields:
        if "\n" in text[start:end] or any(start <= one.mention.span[0] < end for one in found):
            continue
        match = at_start(_UNKNOWN, text[start:end])
        if match is None or _NO_NAME.match(match["name"]) or find_platforms(match["name"]):
            continue
        family = ClientFamily(id="unknown", name=match["name"])
        name_end = start + match.end("name")
        version = version_near(text, start + match.start("name"), name_end, family, end)
        mention = ClientMention(match["name"], version, None, (start + match.start("name"), name_end), True)
        return _Found(mention, _BASE["name"] + _FIELD_BONUS, "name", None)
    return None


def _settle(found: list[_Found]) -> list[_Found]:
    """One entry a program, in order of rank; what only a nickname or an error suggests gives way."""
    merged: list[_Found] = []
    for one in sorted(found, key=lambda f: -f.score):
        same = next((i for i, kept in enumerate(merged) if _same(kept, one)), None)
        if same is None:
            merged.append(one)
        else:
            merged[same] = _merge(merged[same], one)
    open_ = [f for f in merged if f.mention.failing is not False and not _is_generic_webmail(f)]
    if len(open_) > 1:
        merged = [_works(f) if f.cleared and f.mention.failing is None else f for f in merged]
    better = [
        f
        for f in merged
        if f.kind != "weak" and f.mention.failing is not False and not _is_generic_webmail(f)
    ]
    merged = [f for f in merged if f.kind != "weak" or f.mention.failing is False or not better]
    merged = [f for f in merged if not _is_generic_webmail(f) or f.mention.failing]
    return sorted(merged, key=lambda f: -(f.score - (_BEHIND if _is_generic_webmail(f) else 0.0)))


def _same(one: _Found, two: _Found) -> bool:
    if one.mention.name != two.mention.name:
        return False
    apart = (
        one.mention.platform
        and two.mention.platform
        and one.mention.platform.split()[0] != two.mention.platform.split()[0]
    )
    return not (apart and (one.mention.failing is False) != (two.mention.failing is False))


def _merge(best: _Found, other: _Found) -> _Found:
    mention = best.mention
    if other.mention.failing is False and mention.failing is not False and other.mention.version:
        return replace(best, cleared=True)
    return replace(
        best,
        cleared=best.cleared or other.mention.failing is False,
        kind="name" if "name" in (best.kind, other.kind) else best.kind,
        mention=replace(
            mention,
            version=mention.version or other.mention.version,
            platform=mention.platform or other.mention.platform,
            failing=True if other.mention.failing and mention.failing is None else mention.failing,
        ),
    )


def _works(one: _Found) -> _Found:
    return replace(one, score=one.score + _WORKS, mention=replace(one.mention, failing=False))


def _is_generic_webmail(one: _Found) -> bool:
    """Webmail in passing ("webmail works", "see it in webmail") is no client, and it ranks behind any "
    "other."""
    return one.family is not None and one.family.id == _WEBMAIL


def _with_versions(ranked: list[_Found], fields: tuple[Field, ...]) -> list[_Found]:
    """Versions in fields of their own go to the last client named before them, else to the first."""
    for field in fields:
        owners = [f for f in ranked if f.mention.failing is not False and f.mention.span[0] <= field.start]
        owner = max(owners, key=lambda f: f.mention.span[0], default=None) or (ranked[0] if ranked else None)
        if owner is not None and owner.mention.version is None and owner.mention.failing is not False:
            at = ranked.index(owner)
            ranked[at] = replace(owner, mention=replace(owner.mention, version=field.version))
    return ranked
