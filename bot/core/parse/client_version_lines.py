"""Versions that stand apart from the name: in a field of their own, or in "after the update to 145"."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from bot.core.parse.client_search import all_of, first_of
from bot.core.parse.client_versions import DOTTED, SYSTEM_BEHIND, WHOLE, WORD, credible

_FIELD = regex.compile(
    r"(?m:^)[ \t*>#•|-]*(?P<label>(?:(?:app|apps|client|klient|mail ?client|mail|e-?mail|program|programm|"
    r"programa|programme|software|application|"
    r"anwendung|aplicación|aplicação|applicazione|aplikacj\w|приложени\w|программ\w|アプリ(?:の)?|软件|客户端|your|"
    r"used|installed)[ -]?(?:app |'s )?)?"
    + WORD
    + r"(?: (?:of the app|der app|de la app|de l'application|del programa|do aplicativo|dell'app|van de app|"
    r"aplikacji|программы|приложения))?)"
    r"\s*(?:[:=：]|is|ist)?\s*[*]*\s*(?P<version>" + DOTTED + "|" + WHOLE + r")(?![A-Za-z0-9_@]|[.:/]\d)",
    regex.IGNORECASE,
)
_UPDATED = regex.compile(
    r"(?:upda\w+|upgrad\w+|aktualisier\w*|aktualisierung|mise à jour|mis à jour|actuali[sz]a\w*|aggiorna\w*|"
    r"bijgewerkt|bijwerken|atualiza\w*|aktualizac\w*|обновлени\w+|обновил\w*|更新|アップデート|升级)"
    r"(?: (?:to|auf|vers|en|à|a|al?la|naar|para(?: a)?|do|на|de|met|version|die|la|der|op))*"
    r"(?: (?:version|versión|versione|versão|versie|wersji|версии))?\s?(?P<version>v?(?:\d{2,3}(?:\.\d{1,3}){0,3}(?:esr)?|\d{1,2}(?:\.\d{1,4}){1,3}))"
    r"(?![\w%]|[.:,/-]\d)",
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
