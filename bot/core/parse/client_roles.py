"""What part a named program plays: what sends the mail, a plugin, or only the place where another one runs."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from bot.core.parse.client_search import at_start, first_of
from knowledge.gated import Gated

MEANS, PLUGIN, PLACE, LEFT = 10.0, 5.0, -4.0, -9.0
_REACH = 60
_MEANS = Gated(
    r"(?:\b(?:sen[dt]\w*|mails?|mailed|mailing|deliver\w*|goe?s? out|going out|relay\w*|route[sd]?|verschick\w*|"
    r"versend\w*|versandt?|send\w*|gesendet|läuft|laufen|envo\w+|envi\w+|expédi\w+|pass\w+|invi\w+|spedi\w+|"
    r"manda\w*|verzend\w*|verstu\w+|stuur\w*|verloopt|sai|saem|wysył\w*|wysła\w*|отправ\w+|рассыл\w+|шл[её]\w*|"
    r"уход\w+)\b[^.!?;\n]{0,30}?\b"
    r"(?:via|through|using|with|by|über|mit|mittels|per|durch|par|avec|por|con|mediante|tramite|attraverso|met|"
    r"através d[eoa]|com|przez|poprzez|za pomocą|через|с помощью|посредством)"
    r"(?: (?:the|our|a|an|den|die|das|dem|unser\w*|le|la|notre|el|nuestro|il|de|het|onze|o|nosso|a))?"
    r"|通过|使用|経由)\W{0,3}$",
    regex.IGNORECASE,
)
_PLUGIN = Gated(
    r"(?:plug-?ins?|modules?|moduł\w*|modul|módulo|modulo|moduł|extension|extensión|extensão|estensione|add-?on|"
    r"erweiterung|complemento|wtyczk\w|плагин\w*|модул\w*|расширени\w|librar(?:y|ies)|bibliothek|bibliothèque|"
    r"librería|libreria|biblioteca|bibliotek\w|библиотек\w*|package|paket|paquet|paquete|pacote|пакет\w?|"
    r"プラグイン|モジュール|ライブラリ|插件|模块|扩展)[\s:=\"'«»„`*]{0,3}$",
    regex.IGNORECASE,
)
_IN_BRACKETS = regex.compile(
    r"\(\s*(?:on|in|under|auf|unter|sur|sous|en|su|op|na|w|на|в|for|für|pour|para)?\s*$", regex.IGNORECASE
)
_FROM = regex.compile(
    r"(?<!\w)(?:from|von|vom|de|du|dal?|do|van|z|ze|od|с|со|от|desde|从|由)(?: (?:the|der|dem|el|il))?\s?$",
    regex.IGNORECASE,
)
_INTO = regex.compile(
    r"[\s\w.()]{0,20}?(?:\s(?:to|auf|zu|à|al?|naar|para|do|na|на)\s|->|から|换到|換到|到)(?:(?:the|el|il|o|new) )?$",
    regex.IGNORECASE,
)


def role_of(text: str, start: int, end: int, named: Sequence[tuple[int, int]]) -> float:
    """What the words around the name at [start, end) of the plain ``text`` add to its worth.

    "We send through X" and "module X" name the program that talks to the server; "Y 5 (X)" says where Y runs;
    "moved from X to Y" leaves X behind.
    ``named`` are all the places where programs are named.
    """
    ahead = text[max(0, start - _REACH) : start]
    if first_of(_PLUGIN, ahead) is not None:
        return PLUGIN
    bracket = first_of(_IN_BRACKETS, ahead)
    if bracket is not None and text[end : end + 1] in ")" and text[end : end + 1]:
        opened = start - len(ahead) + bracket.start()
        if any(e <= opened and opened - e <= 10 for _, e in named):
            return PLACE
    behind = next((s for s, _ in named if s >= end), None)
    if behind is not None and behind - end <= 30 and first_of(_FROM, ahead) and at_start(_INTO, text[end:behind]):
        return LEFT
    return MEANS if first_of(_MEANS, ahead) is not None else 0.0
