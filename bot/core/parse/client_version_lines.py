"""Versions that stand apart from the name: in a field of their own, or in "after the update to 145"."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from bot.core.parse.client_search import all_of, first_of
from bot.core.parse.client_versions import DOTTED, SYSTEM_BEHIND, WHOLE, WORD, credible
from knowledge.gated import Gated

_FIELD = Gated(
    r"^[ \t*>#•|-]*(?P<label>(?:(?:app|apps|client|klient|mail ?client|mail|e-?mail|program|programm|"
    r"programa|programme|software|application|"
    r"anwendung|aplicación|aplicação|applicazione|aplikacj\w|приложени\w|программ\w|アプリ(?:の)?|软件|客户端|your|"
    r"used|installed)[ -]?(?:app |'s )?)?"
    + r"(?:(?:num[ée]ro d[ei] (?:la )?|numero della |número da |номер |numer |nummer van )?"
    + WORD
    + r"|номер версии)(?: (?:app|mail|client|of the app|der app|de la app|de l'application|del programa|do aplicativo|dell'app|van de app|"
    r"aplikacji|программы|приложения))?)"
    r"\s*(?:[:=：|]|is|ist)?\s*[*]*\s*(?P<version>" + DOTTED + "|" + WHOLE + r")(?![A-Za-z0-9_@]|[.:/]\d)",
    regex.IGNORECASE | regex.MULTILINE,
)
_UPDATED = Gated(
    r"(?:upda\w+|upgrad\w+|aktualisier\w*|aktualisierung|mise à jour|mis à jour|actuali[sz]a\w*|aggiorna\w*|"
    r"bijgewerkt|bijwerken|atualiza\w*|aktualizac\w*|обновлени\w+|обновил\w*|更新|アップデート|升级)"
    r"(?: (?:to|auf|vers|en|à|a|al?la|naar|para(?: a)?|do|на|de|met|version|die|la|der|op))*"
    r"(?: (?:version|versión|versione|versão|versie|wersji|версии))?\s?(?P<version>v?(?:\d{2,3}(?:\.\d{1,3}){0,3}(?:esr)?|\d{1,2}(?:\.\d{1,4}){1,3}))"
    r"(?![\w%]|[.:,/-]\d)",
    regex.IGNORECASE,
)
_FROM_TO = regex.compile(
    r"(?:(?P<from>(?<!\w)(?:from|von|vom|de|du|dal?|della|van|z|ze|od|с|со|от|desde)|従来の|从|由)\s?(?:(?:the|der|la|a|wersji|version|"
    r"versión|versione|versão|versie|версии)\s){0,2})?"
    r"(?<![A-Za-z0-9_.])(?P<old>v?\d{1,4}(?:\.\d{1,5}){0,4}(?:esr)?)\s?"
    r"(?:(?P<arrow>->|=>|→|»)|(?:back )?(?:to|auf|zu|vers|à|a|al?la?|naar|para(?: a)?|do|na|на|до)(?= )|升级到|升級到|更新到|升到|から|到|升级至)\s?"
    r"(?:(?:the|version|die|la|a|o|wersji|versión|versione|versão|versie|версии)\s){0,2}"
    r"(?P<new>v?\d{1,4}(?:\.\d{1,5}){0,4}(?:esr)?)(?![A-Za-z0-9_%]|[.:,/-]\d)",
    regex.IGNORECASE,
)
_RANGE = 90
"""An update stands at most this far (characters) from the name of what was updated."""
_CHANGED = regex.compile(
    r"upda|upgr|downgr|aktual|actuali|aggiorn|bijgewerkt|bijwerk|atuali|обнов|更新|アップ|升级|升級|mis à jour|mise à jour|"
    r"umst[ei]|wechsel|gewechselt|moved|bump|went|going|migr|pass[éao]|pas[óo]|gegaan|cambi|overgest|przesz|przej|перешл?|->|→|=>",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A "Version: …" line: the version and where it stands."""

    version: str
    start: int


def version_fields(text: str) -> tuple[Field, ...]:
    """Versions in fields of their own ("App version: 5.600"), in order."""
    return tuple(
        Field(match["version"], match.start())
        for match in all_of(_FIELD, text[:8000])
        if credible(match["version"], text[match.end("version") :], sure="." in match["version"])
    )


def version_updated_to(text: str) -> str | None:
    """The version in "after the update to 145": the program's where the ticket is about one."""
    match = first_of(_UPDATED, text[:8000])
    if match is None or SYSTEM_BEHIND.search(text[: match.start("version")][-30:]):
        return None
    found: str = match["version"]
    sure = len(found) < 5 or "." in found
    return found if sure and credible(found, text[match.end() :], sure=True) else None


@dataclass(frozen=True, slots=True)
class Move:
    """ "From 5.1 to 5.2": what it was, what it is now, and where that stands."""

    old: str
    new: str
    start: int
    end: int

    def near(self, start: int, end: int) -> bool:
        """True where the name at [start, end) stands close by."""
        return 0 <= self.start - end <= _RANGE or 0 <= start - self.end <= _RANGE


def version_moves(text: str) -> tuple[Move, ...]:
    """Changes of version ("from 5.1 to 5.2", "5.1 -> 5.2") in the plain ``text``, in order; those of operating
    systems, and pairs of bare numbers that no word ties together, are left out."""
    return tuple(
        Move(match["old"], match["new"], match.start(), match.end())
        for match in all_of(_FROM_TO, text[:8000])
        if (match["from"] or match["arrow"] or "." in match["old"])
        and ("." in match["new"] or (match["from"] and len(match["new"]) < 4))
        and not SYSTEM_BEHIND.search(text[: match.start("old")][-30:])
        and credible(match["new"].lstrip("vV"), text[match.end() :], sure=True)
        and first_of(_CHANGED, text[max(0, match.start() - _RANGE) : match.end() + _RANGE]) is not None
    )
