"""Which language the customer writes.

Function words and endings decide between languages of one script, scripts decide the rest. What stands in
quotes, in log lines or in pasted error text speaks for the mail program, not for its user, and hardly counts:
a German ticket about an English error is German.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import regex

from knowledge.model import Language

MAX_TEXT: Final = 12_000
"""Characters that are looked at; a language shows itself long before."""
OPENING: Final = 700
"""Characters of the author's own that are tried first."""
ASIDE: Final = 0.12
"""Weight of words in quotes and in lines that a program wrote."""
FEW_WORDS: Final = 3
"""Up to so many words without a function word say nothing of their language."""
FALLBACK: Final = "en"

_WORD: Final = regex.compile(r"[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+){0,3}")
_QUOTED: Final = regex.compile(
    r"\"[^\"\n]{2,400}+\"|“[^”“\n]{2,400}+[”“]|„[^“”„\n]{2,400}+[“”]|«[^»\n]{2,400}+»|»[^«\n]{2,400}+«|"
    r"「[^」\n]{2,400}+」|『[^』\n]{2,400}+』"
    r"|‘[^’\n]{6,400}+’|`[^`\n]{2,400}+`|《[^》\n]{2,200}+》|(?<![\w'])'[^'\n]{8,300}+'(?!\w)|"
    r"\([^()\n]{30,400}\)"
)
_TECHNICAL: Final = regex.compile(
    r"\S{1,200}@\S{1,200}|https?://\S{1,300}|\b(?:[\w-]{1,60}\.){1,8}[a-z]{2,20}\b|"
    r"\b\w{0,40}\d\w{0,40}\b|\[[^\]\n]{1,80}\]",
    regex.IGNORECASE,
)
_CODE_LIKE: Final = regex.compile(r"[@\d_\\=]|\w[./:]\w|://")
_PROGRAM: Final = regex.compile(
    r"^\s{0,8}(?:[<>$#*|+~=-]|\d{3}[ -]|\d{4}-\d\d-\d\d|\[|at [\w.$]+\(|[A-Z][a-z]{2} [ \d]\d \d\d:|"
    r"File \"|Traceback|[\w.]+(?:Error|Exception)\b)|"
    r"\b(?:error|failed|failure|authentication|refused|denied|unable|cannot connect|could not|timed out|"
    r"rejected|invalid|certificate|"
    r"incorrect|not responding|5\d\d \d\.\d)\b",
    regex.IGNORECASE,
)
_SENTENCE: Final = regex.compile(r"(?<=[.!?:;])[ \t]+|\n")
_SCRIPTS: Final = regex.compile(
    r"(?P<Kana>[\p{Hiragana}\p{Katakana}])|(?P<Han>\p{Han})|(?P<Hangul>\p{Hangul})|"
    r"(?P<Cyrillic>\p{Cyrillic})|(?P<Greek>\p{Greek})|(?P<Latin>\p{Latin})"
)
_FOREIGN: Final = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Han}\p{Hangul}\p{Cyrillic}\p{Greek}]")
_SCRIPT_WEIGHT: Final = {"Kana": 2.5, "Han": 2.5, "Hangul": 2.5, "Cyrillic": 1.2, "Greek": 1.2, "Latin": 1.0}
"""What a letter tells compared with a Latin one: a syllable or a word in the scripts of East Asia."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The knowledge turned round: word, ending or inner letters -> (language, weight)."""

    words: dict[str, tuple[tuple[str, float], ...]]
    endings: dict[str, tuple[tuple[str, float], ...]]
    inner: dict[str, tuple[tuple[str, float], ...]]
    scripts: dict[str, tuple[str, ...]]
    latin: tuple[str, ...]


def detect(text: str, languages: Sequence[Language]) -> str:
    """The id of the language in which ``text``'s author writes; ``en`` where nothing speaks.

    Raises nothing; a language without an entry in ``languages`` cannot be found.
    """
    if not languages:
        return FALLBACK
    table = _table(languages)
    parts = _weighed(text[:MAX_TEXT])
    script = _script(parts)
    if script == "Latin":
        candidates = table.latin
    else:
        candidates = table.scripts.get("Hiragana" if script == "Kana" else script, ())
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            return FALLBACK
    opening = _scores(_counts(_opening(parts)), table, candidates, shapes=False)
    if _clear(opening):
        return max(opening, key=lambda language: opening[language])
    counts = _counts(parts)
    scores = _scores(counts, table, candidates, shapes=False)
    if not scores and sum(counts.values()) <= FEW_WORDS and script == "Latin":
        return FALLBACK  # endings of two or three words ("see picture") tell nothing
    if not _clear(scores):
        scores = _scores(counts, table, candidates, shapes=True)
    if not scores:
        return candidates[0] if script != "Latin" else FALLBACK
    return max(scores, key=lambda language: scores[language])


def _weighed(text: str) -> list[tuple[str, float]]:
    """``text`` in pieces, each with its weight: 1 the author, ASIDE a quotation, in between a program."""
    quotes: list[str] = []

    def aside(match: regex.Match[str]) -> str:
        quotes.append(match.group())
        return " . "

    parts: list[tuple[str, float]] = []
    for sentence in _SENTENCE.split(_QUOTED.sub(aside, text)):
        if sentence and not sentence.isspace():
            parts.append((sentence, 0.35 if _PROGRAM.search(sentence) else 1.0))
    parts.extend((quote, ASIDE) for quote in quotes)
    return parts


def _script(parts: list[tuple[str, float]]) -> str:
    """The script that carries the text: where another one than Latin holds a fair share, it does."""
    totals: defaultdict[str, float] = defaultdict(float)
    if not any(_FOREIGN.search(text) for text, _ in parts):
        return "Latin"
    for text, weight in parts:
        if text.isascii():
            totals["Latin"] += weight * sum(char.isalpha() for char in _TECHNICAL.sub(" ", text))
            continue
        for match in _SCRIPTS.finditer(_TECHNICAL.sub(" ", text) if weight == 1.0 else text):
            name = match.lastgroup or "Latin"
            totals[name] += weight * _SCRIPT_WEIGHT[name]
    latin = totals.pop("Latin", 0.0)
    if not totals:
        return "Latin"
    if totals.get("Kana", 0.0) > 0.08 * totals.get("Han", 0.0):
        totals["Kana"] += totals.pop("Han", 0.0)
    best = max(totals, key=lambda name: totals[name])
    return best if totals[best] > 0.35 * latin else "Latin"


def _clear(scores: dict[str, float]) -> bool:
    """True where function words alone decide, so that endings need not be looked at."""
    ranked = sorted(scores.values(), reverse=True)
    return (len(ranked) == 1 and ranked[0] >= 8) or (
        len(ranked) > 1 and ranked[0] >= 10 and ranked[0] >= 1.7 * ranked[1]
    )


def _opening(parts: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The author's own first sentences: mostly they decide, and the rest need not be read."""
    opening: list[tuple[str, float]] = []
    length = 0
    for text, weight in parts:
        if weight == 1.0 and length < OPENING:
            opening.append((text, weight))
            length += len(text)
    return opening


def _counts(parts: list[tuple[str, float]]) -> dict[str, float]:
    """Each word of the text with the sum of its weights; addresses, host names and codes are no words."""
    counts: defaultdict[str, float] = defaultdict(float)
    for text, weight in parts:
        words = [word for word in text.lower().replace("’", "'").split() if not _CODE_LIKE.search(word)]
        for word in _WORD.findall(" ".join(words)):
            counts[word] += weight
    return counts


def _scores(counts: dict[str, float], table: _Table, candidates: tuple[str, ...], *, shapes: bool) -> dict[str, float]:
    scores: defaultdict[str, float] = defaultdict(float)
    for word, weight in counts.items():
        hits = table.words.get(word)
        if hits is None and ("'" in word or "-" in word):
            hits = table.words.get(regex.split("['-]", word)[-1])
        if hits is not None:
            for language, share in hits:
                scores[language] += weight * share
        elif shapes:
            for language, share in _shapes(word, table):
                scores[language] += 0.3 * weight * share
    return {language: scores[language] for language in candidates if scores.get(language)}


def _shapes(word: str, table: _Table) -> list[tuple[str, float]]:
    """What the endings and letters of a word tell; one voice for each language."""
    best: dict[str, float] = {}
    for size in range(1, min(6, len(word))):
        for language, share in table.endings.get(word[-size:], ()):
            best[language] = max(best.get(language, 0.0), share)
    for size in (1, 2):
        for at in range(len(word) - size + 1):
            for language, share in table.inner.get(word[at : at + size], ()):
                best[language] = max(best.get(language, 0.0), share)
    return list(best.items())


_last: tuple[Sequence[Language], _Table] | None = None
"""The table that was asked for last: knowledge is loaded once, and comparing it would cost more than the look-up."""


def _table(languages: Sequence[Language]) -> _Table:
    global _last
    if _last is None or _last[0] is not languages:
        _last = (languages, _turned(languages))
    return _last[1]


def _turned(languages: Sequence[Language]) -> _Table:
    words: defaultdict[str, list[str]] = defaultdict(list)
    endings: defaultdict[str, list[str]] = defaultdict(list)
    inner: defaultdict[str, list[str]] = defaultdict(list)
    scripts: defaultdict[str, list[str]] = defaultdict(list)
    for language in languages:
        for entry in language.words:
            if len(entry) > 2 and entry.startswith("-") and entry.endswith("-"):
                inner[entry.strip("-")].append(language.id)
            elif len(entry) > 1 and entry.startswith("-"):
                endings[entry[1:]].append(language.id)
            else:
                words[entry].append(language.id)
        for script in language.scripts:
            scripts[script].append(language.id)
    return _Table(
        _shared(words),
        _shared(endings),
        _shared(inner),
        {script: tuple(ids) for script, ids in scripts.items()},
        tuple(language.id for language in languages if not language.scripts),
    )


def _shared(entries: dict[str, list[str]]) -> dict[str, tuple[tuple[str, float], ...]]:
    """Each entry's weight for its languages: 1 where it is one language's own, less where several share it.

    Close variants (pt and pt-br, zh and zh-tw) count as one, so that they do not thin each other out.
    """
    shared: dict[str, tuple[tuple[str, float], ...]] = {}
    for entry, ids in entries.items():
        families = {language.partition("-")[0] for language in ids}
        shared[entry] = tuple((language, 1.0 / len(families)) for language in dict.fromkeys(ids))
    return shared
