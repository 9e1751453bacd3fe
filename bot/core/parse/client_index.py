"""Where client families are named, or given away by an error shape, in a text.

Families bring more than a thousand patterns. Each is searched only where the literals that it needs occur, so
that a ticket of 2 kB costs about a millisecond.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from bot.core.parse.client_search import all_of, at_start
from knowledge.literals import alternatives, required_literals, squeezed
from knowledge.model import ClientFamily
from knowledge.sieve import Needs, Sieve
from knowledge.signs import Signs

MAX_CHARS = 40_000
"""Clients are looked for in this much of a text."""
MAX_HITS = 8
"""Most places at which one pattern is followed up: a hostile text may repeat a name thousands of times."""
MAX_ALL_HITS = 60
_JOINTS = frozenset("./:_\\")
"""What joins the parts of an identifier in a stack trace or an import."""
_ENDING = regex.compile(
    # Genitives and cases: Thunderbirds, Outlook's, Thunderbirda, Outlookiem; German compounds.
    r"(?:'?s|'?a|u|em|iem|ie|zie|owi|ach|y|i|om|ami|ów|en|ban|ben|konto|programm|app|fehler|"
    r"а|у|ом|ем|е|и|ы|ой|ою|ам|ами|ах|ов|я|ю)(?![^\W_])",
    regex.IGNORECASE,
)
_CASED = regex.compile(r"\(\?-i:([A-Za-z][\w ]*)\)(?![?*{|])(?:[^|()]|\((?:[^()]|\([^()]*\))*\))*+$")
"""A source that begins with a word in that case only, and has no other way to match."""
_TOKEN = 200
"""A token is looked at this far to either side of a name."""
_LEAST_FOR_ENDINGS = 6
"""A short name with an ending is another word (curl, curly)."""
_ADDRESS_LIKE = regex.compile(
    r"[\w.+%*-]+@(?![~^]?v?\d[\d.]*+(?!\w))[\w.*-]+"  # an address; nodemailer@6.9.16 is a package
    r"|[a-z][a-z0-9+.-]{1,10}://\S+"  # a URL
    r"|(?<![\w/.])(?:/[\w.+@-]+){2,}/?"  # a path
    r"|(?<!\w)[A-Za-z]:\\\S+"
    r"|(?<![\w@.:-])(?:[\w-]+\.)+(?-i:[a-z]{2,14})(?![\w(]|::|\.[A-Z])",  # a host name; TLDs are lower case
    regex.IGNORECASE,
)
_PLAIN = Signs(
    {**dict.fromkeys("‘’‚‛′´`", "'"), **dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
    | dict.fromkeys("\u00a0\u2007\u202f\u3000\t\u2009®™", " ")
    | {chr(0xFF01 + i): chr(0x21 + i) for i in range(94) if chr(0xFF01 + i) not in "，：；！？（）"}
)


def plain(text: str) -> str:
    """``text`` (its first :data:`MAX_CHARS`) with quotes, dashes and blanks made plain. Offsets stay the "
    "same."""
    return _PLAIN(text[:MAX_CHARS])


@dataclass(frozen=True, slots=True)
class Hit:
    """A family that a stretch of text names (``name``, ``weak``) or gives away (``error``)."""

    family: ClientFamily
    kind: str
    start: int
    end: int
    traced: bool = False
    """True for an error shape that is the program's own name inside an identifier."""


@dataclass(slots=True)
class _Rule:
    family: ClientFamily
    kind: str
    source: str
    compiled: regex.Pattern[str] | None = None

    @property
    def cased(self) -> str:
        """What every match begins with, as written."""
        cased = _CASED.match(self.source)
        return cased[1] if cased is not None else ""

    def alternatives(self) -> list[Needs]:
        """What each way to match needs of a lower-cased, squeezed text."""
        # there the scoped (?-i:…) asks for nothing more than (?:…) does
        return [
            required_literals(part.replace("(?-i:", "(?:").replace("(?m:", "(?:")) for part in alternatives(self.source)
        ]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the rule matches."""
        if self.compiled is None:
            self.compiled = regex.compile(self.source, regex.IGNORECASE)
        for match in all_of(self.compiled, text, MAX_HITS):
            if match.end() > match.start():
                yield match.span()


class ClientIndex:
    """The patterns of all families, ready to be searched. Build it once; see :func:`index_of`."""

    def __init__(self, families: Sequence[ClientFamily]) -> None:
        rules = [rule for family in families for rule in _rules(family)]
        self._sieve = Sieve(((rule, rule.cased), rule.alternatives()) for rule in rules)
        self.stock = tuple((f, regex.compile(f.stock, regex.IGNORECASE)) for f in families if f.stock)
        """Families that systems bring with them, and the names of those systems."""

    def scan(self, text: str) -> list[Hit]:
        """All hits in ``text`` (already :func:`plain`), overlapping ones resolved, in order of their "
        "place."""
        hits: list[Hit] = []
        due = sorted(self._due(text), key=lambda rule: rule.kind == "unlike")
        seen: set[str] = set()
        for rule in due:
            if rule.kind == "unlike" and rule.family.id not in seen:
                continue
            for start, found_end in rule.spans(text):
                end = found_end if rule.kind in ("error", "unlike") else _end_of_name(text, start, found_end)
                if end is not None:
                    hits.append(Hit(rule.family, rule.kind, start, end))
                    seen.add(rule.family.id)
        unlike = [hit for hit in hits if hit.kind == "unlike"]
        kept = [
            _in_trace(text, hit)
            for hit in hits
            if hit.kind == "error" or (hit.kind != "unlike" and not _denied(text, hit, unlike))
        ]
        return sorted(_longest(kept), key=lambda hit: (hit.start, hit.end))[:MAX_ALL_HITS]

    def _due(self, text: str) -> list[_Rule]:
        return [rule for rule, cased in self._sieve.candidates(squeezed(text.lower())) if cased in text]


_last: tuple[Sequence[ClientFamily], ClientIndex] | None = None


def index_of(families: Sequence[ClientFamily]) -> ClientIndex:
    """The index of ``families``; the one asked for last is kept, since knowledge is loaded once."""
    global _last
    if _last is None or _last[0] is not families:
        _last = (families, ClientIndex(families))
    return _last[1]


def _rules(family: ClientFamily) -> Iterator[_Rule]:
    yield _own_name(family)
    for kind, sources in (
        ("name", dict.fromkeys(family.names)),
        ("weak", family.weak),
        ("error", family.errors),
        ("unlike", family.unlike),
    ):
        for source in sources:
            yield _Rule(family, kind, source)


def _own_name(family: ClientFamily) -> _Rule:
    """The rule for the family's own name: as nicknames are where one of them says the same, and in this case
    only where a pattern asks for the case ("NAS" is no Portuguese "nas")."""
    own = regex.escape(family.name).replace("\\ ", " ").replace(" ", "[ -]")
    strict = any(f"(?-i:{own})" in source for source in (*family.names, *family.weak))
    faint = not any(f"(?-i:{own})" in source for source in family.names) and any(
        regex.fullmatch(source, family.name, regex.IGNORECASE) for source in family.weak
    )
    return _Rule(family, "weak" if faint else "name", f"(?-i:{own})" if strict else own)


def _in_trace(text: str, hit: Hit) -> Hit:
    """A library's name inside a longer identifier (``smtplib.SMTPDataError``, ``nodemailer/lib``) is a trace,
    not something that the customer says."""
    if hit.kind != "name" or hit.family.kind != "library":
        return hit
    behind, ahead = text[hit.end : hit.end + 2], text[max(0, hit.start - 2) : hit.start]
    inside = (
        "::" in text[hit.start : hit.end + 2]
        or "_" in text[hit.start : hit.end + 1]
        or behind[:1] == "("
        or (len(behind) == 2 and behind[0] in _JOINTS and behind[1].isalpha())
        or (len(ahead) == 2 and ahead[1] in _JOINTS and ahead[0].isalnum())
    )
    return Hit(hit.family, "error", hit.start, hit.end, traced=True) if inside else hit


def _script(char: str) -> str:
    """Latin or Cyrillic letters build words; scripts without spaces do not."""
    if char.isascii():
        return "L" if char.isalpha() or char == "_" else "D" if char.isdigit() else ""
    if not char.isalpha():
        return ""
    name = unicodedata.name(char, "")
    return "L" if name.startswith("LATIN") else "C" if name.startswith("CYRILLIC") else ""


def _end_of_name(text: str, start: int, end: int) -> int | None:
    """Where the name at [start, end) ends, its case ending included; None where it is part of another "
    "word."""
    first, before = _script(text[start]), _script(text[start - 1]) if start else ""
    if first and before and (before == first or (first in "LD" and before in "LD")):
        return None
    last, after = _script(text[end - 1]), _script(text[end]) if end < len(text) else ""
    if not last or not after or (after == "D") != (last == "D"):
        return end
    if last == "D":
        return None
    ending = at_start(_ENDING, text[end : end + 12]) if end - start >= _LEAST_FOR_ENDINGS else None
    return end + ending.end() if ending is not None else None


def _denied(text: str, hit: Hit, unlike: list[Hit]) -> bool:
    """True for a name in a context where it means something else, or inside an address, a host name, a "
    "path."""
    if any(no.family is hit.family and no.start < hit.end and hit.start < no.end for no in unlike):
        return True
    start, end = hit.start, hit.end
    while start and not text[start - 1].isspace() and hit.start - start < _TOKEN:
        start -= 1
    while end < len(text) and not text[end].isspace() and end - hit.end < _TOKEN:
        end += 1
    if end - start == hit.end - hit.start:
        return False
    for match in all_of(_ADDRESS_LIKE, text[start:end]):
        inside = start + match.start() <= hit.start and hit.end <= start + match.end()
        if inside and match.end() - match.start() > hit.end - hit.start:
            return True
    return False


def _longest(hits: list[Hit]) -> list[Hit]:
    """Of names that overlap the longest stays, and a nickname ("Mail tells me") yields to a name ("K-9 Mail"); an error
    shape does not compete with either."""
    rank = {"name": 0, "weak": 1, "error": 0}
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (rank[hit.kind], hit.start - hit.end)):
        rivals = [other for other in kept if (other.kind == "error") == (hit.kind == "error")]
        if not any(other.start < hit.end and hit.start < other.end for other in rivals):
            kept.append(hit)
    return kept
