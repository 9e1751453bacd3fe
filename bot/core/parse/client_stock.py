"""The mail program that a system brings with it, named by what it is and where it runs: "the mail app of my Samsung",
"Mail (Mac)", "программа «Почта»" on a Mac mini.

Which family that is stands in knowledge/clients.toml (``stock``). A name of its own beats such a description.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

import regex

from bot.core.parse.client_index import Hit
from bot.core.parse.client_platforms import Platform
from bot.core.parse.client_search import all_of, first_of
from knowledge.gated import Gated
from knowledge.model import ClientFamily

_APART = 40
"""Most characters between the description and the system."""
_MOST = 8
_MAIL = r"(?:e-?mail|mail|messagerie|courrier|correo|correio|posta|poczt\w+|почт\w+)"
_APP = (
    r"(?:app|apps|application|appli|program(?:me|m|ma)?|programm|client|aplicación|aplicativo|aplicação|applicazione|"
    r"aplikacj\w|приложени\w|программ\w|logiciel|icon|icône|icono)"
)
_DESCRIBED = Gated(
    rf"(?<![\w@.-])(?:{_MAIL}[ -]?{_APP}|{_APP}(?: (?:de|di|do|da|van|voor|для))? [\"«„]?{_MAIL}[\"»“]?)(?![\w@-])"
    r"|(?<![\w@.-])почтов\w+ (?:программ\w|приложени\w|клиент\w*)"
    r"|メール(?:アプリ|ソフト)|(?:邮件|邮箱|電子郵件|郵件)(?:应用|客户端|程序|應用程式|軟體)",
    regex.IGNORECASE,
)
_PROPER = Gated(
    r"(?<![\w@.'-])(?:Mail|Courrier|Correo|Posta|Poczta|Почта)(?![\w@-])"
    r"(?= ?\(| (?:do|da|de|del|di|du|von|vom|of|van|on|no|na|auf|sur|en|su|op|w|z|на|в) "
    r"(?:[\w']{2,8} ){0,2}(?i:mac|imac|i ?phone|i ?pad|windows|samsung|galaxy|huawei|xiaomi))"
    r"|(?<=(?i:\biOS|\biPadOS|\bmacOS|\bOS X)(?: \d[\d.]*)? |の)Mail(?![A-Za-z@-])"
    r"|(?<=\" ?)(?:Mail|Courrier|Correo|Posta|Poczta|Почта|メール|邮件)(?= ?\")"
)
Stock = Sequence[tuple[ClientFamily, regex.Pattern[str]]]
"""Families that come with a system, and the names of such systems (:attr:`ClientIndex.stock`)."""
_BETWEEN = regex.compile(r"[.!?;:。！？]\s|\n\n")


def stock_programs(text: str, platforms: Sequence[Platform], named: Sequence[Hit], stock: Stock) -> Iterator[Hit]:
    """Programs of the plain ``text`` that come with the system they are said to run on. ``named`` are the programs
    that have a name: no description counts that overlaps one or has one between itself and the system."""
    if not platforms:
        return
    for start, end in (match.span() for pattern in (_DESCRIBED, _PROPER) for match in all_of(pattern, text, _MOST)):
        if any(hit.kind == "name" and hit.start < end and start < hit.end for hit in named):
            continue
        near = _systems_near(text, start, end, platforms, named)
        written = [text[one.start : one.end] for one in near if one.system == near[0].system]
        # a device tells more than its system: "my Samsung (Android 5)"
        family = next((family for family, runs in stock if any(runs.search(one) for one in written)), None)
        if family is not None:
            yield Hit(family, "name", start, end)


def _systems_near(
    text: str, start: int, end: int, platforms: Sequence[Platform], named: Sequence[Hit]
) -> list[Platform]:
    """The systems that are said of the description at [start, end), the nearest first."""

    def between(one: Platform) -> tuple[int, int]:
        return (end, one.start) if one.start >= end else (one.end, start)

    near = []
    for one in platforms:
        first, last = between(one)
        apart = max(0, last - first)
        taken = any(hit.kind == "name" and first <= hit.start < last for hit in named)
        if apart <= _APART and not taken and first_of(_BETWEEN, text[first:last]) is None:
            near.append((apart, one.start, one))
    return [one for _, _, one in sorted(near, key=itemgetter(0, 1))]
