"""Programs that no family knows: named by a form's field, or in prose by a name with its version."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from bot.core.model import ClientMention
from bot.core.parse.client_platforms import find_platforms
from bot.core.parse.client_rank import Found
from bot.core.parse.client_search import all_of, at_start
from bot.core.parse.client_versions import version_near
from knowledge.model import ClientFamily

IN_FIELD, IN_PROSE = 22.0, 9.0
"""What a program is worth that only a field, or only prose, names."""
_NEAR = 1500
"""A program named in passing far down (characters) is not the ticket's subject."""
_FIELD_NAME = regex.compile(
    r"\s*(?P<name>[\p{L}][\p{L}\p{N}.+!&'-]{1,24}(?: (?-i:\p{Lu})[\p{L}\p{N}.+!-]{1,20}){0,2})"
    r"(?=[\s,(/]+v?\d|\s*$|\s*\n|\s*[,(])"
)
_NO_NAME = regex.compile(
    r"(?:none|n/?a|unknown|unbekannt|no|nein|yes|ja|see|siehe|the|my|mein|various|all|alle|production|"
    r"staging|docker|local|custom|version|build)\b",
    regex.IGNORECASE,
)
_PROSE = regex.compile(
    # A name that is written like a product's (an inner capital, or capitals only), then a version.
    r"(?<![\w./@:<-])(?P<name>(?:\p{Lu}\p{Ll}+\p{Lu}\w{1,20}|\p{Lu}{3,10}\w{0,8})(?: \p{Lu}\p{L}{1,15}){0,2})"
    r"(?:,? ?\(?(?:v|version |ver\.? |wersja |versión |versione |versão |версия )?)(?=\d{1,4}\.\d{1,4})"
    # Any capitalised name where a word says that the number is a version.
    r"|(?<![\w./@:<-])(?P<name>\p{Lu}\p{L}{2,20}(?: \p{Lu}\p{L}{1,15}){0,2})"
    r"(?: |, | \()(?:v(?=\d)|version |versión |versione |versão |wersja |версия )(?=\d)"
)
_OTHER_THINGS = regex.compile(
    r"(?:php|python|ruby|perl|java|jdk|jre|openjdk|openssl|libressl|gnutls|tls\w*|ssl\w*|https?|smtps?|imaps?|"
    r"e?smtp|pop3s?|mysql|mariadb|postgres\w*|sqlite|nginx|apache|iis|docker|kubernetes|helm|cpanel|plesk|"
    r"directadmin|dovecot|firefox|chrome|safari|edge|opera|ubuntu|debian|fedora|centos|rhel|macos|ios|ipados|"
    r"windows|android|linux|kernel|firmware|driver|bios|ipv[46]|rfc|nat|vpn|vlan|dns|dkim|spf|dmarc|dane|"
    r"openwrt|openvpn|wireguard|virtualbox|vmware|proxmox|hyper-?v|wsl\d?|powershell|bash|curl|utf|iso|cve|"
    r"usb|ram|cpu|ssd|pdf|eur|usd|gbp|gmt|utc|cet|error|code|port|version|build|protocol|"
    r"the|this|our|since|from|after|with|update|upgrade|new|app|client|server)(?:[- ]\w+)?",
    regex.IGNORECASE,
)


def find_unknown(text: str, fields: Sequence[tuple[int, int]], found: Sequence[Found]) -> list[Found]:
    """Programs of the plain ``text`` that ``found`` lacks, as written: of ``fields``, else, where nothing that
    may be the failing one is named, of prose."""
    named = _in_fields(text, fields, found)
    known = any(one.kind == "name" and one.mention.failing is not False for one in found)
    return named if named or known else _in_prose(text)


def _in_fields(text: str, fields: Sequence[tuple[int, int]], found: Sequence[Found]) -> list[Found]:
    for start, end in fields:
        if "\n" in text[start:end] or any(start <= one.mention.span[0] < end for one in found):
            continue
        match = at_start(_FIELD_NAME, text[start:end])
        if match is None or _NO_NAME.match(match["name"]) or find_platforms(match["name"]):
            continue
        return [_unknown(text, match["name"], start + match.start("name"), end, IN_FIELD, True)]
    return []


def _in_prose(text: str) -> list[Found]:
    for match in all_of(_PROSE, text[:_NEAR], 20):
        name = match["name"]
        if _OTHER_THINGS.fullmatch(name) or _NO_NAME.match(name) or find_platforms(name):
            continue
        one = _unknown(text, name, match.start("name"), len(text), IN_PROSE, None)
        if one.mention.version is not None:
            return [one]
    return []


def _unknown(text: str, name: str, start: int, stop: int, score: float, failing: bool | None) -> Found:
    end = start + len(name)
    version = version_near(text, start, end, ClientFamily(id="unknown", name=name), stop)
    return Found(ClientMention(name, version, None, (start, end), failing), score, "name", None)
