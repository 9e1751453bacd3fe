"""Programs that no family knows: named by a form's field, or in prose by a name with its version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    r"(?=[\s,(/]+v?\d|\s*$|\s*\n|\s*[,(（]|\s(?:版本|バージョン|(?i:version)))"
)
_NO_NAME = regex.compile(
    r"(?:none|n/?a|unknown|unbekannt|no|nein|yes|ja|see|siehe|the|my|mein|various|all|alle|production|"
    r"staging|docker|mail|e-?mail|webmail|local|custom|version|build)\b",
    regex.IGNORECASE,
)
_VERSIONED = (
    r"(?:(?:in (?:der |de |la )?|w |en |na |в |dans sa |met )?(?i:v|version|ver\.?|versión|versione|versão|versie|wersj[aiąe]|верси[яию]|"
    r"バージョン|版本号?)[\s:：.]{0,2})"
)
_PROSE = regex.compile(
    # A name that is written like a product's (an inner capital, or capitals only), then a version.
    r"(?<![\w./@:<-])(?P<name>(?:\p{Lu}\p{Ll}+\p{Lu}\w{1,20}|\p{Lu}{3,10}\w{0,8})(?: \p{Lu}\p{L}{1,15}){0,2})"
    r"(?:(?:,? ?[(（]?" + _VERSIONED + r"?|/| here \()(?=\d{1,4}\.\d{1,4})"
    r"| (?=(?:from|von|de|da|van|z|с|od) \d{1,4}\.\d))"
    # Any capitalised name where a word says that the number is a version.
    r"|(?<![\w./@:<-])(?P<name>\p{Lu}\p{L}{2,20}(?: \p{Lu}\p{L}{1,15}){0,2})"
    r"(?: |, | ?[(（])" + _VERSIONED + r"(?=\d)"
    # A package or an image by its own notation, a program that opens a log, a quoted name.
    r"|(?<![\w.@])(?:[a-z0-9][\w-]{0,30}(?:\.[a-z]{2,6})?(?:/[\w-]{1,30}){0,2}/)?(?P<name>[A-Za-z][\w-]{2,30})(?:@|:)(?!\d{1,3}(?:\.\d{1,3}){3}(?!\d))(?=v?\d{1,4}\.\d{1,4}\.\d)"
    r"|(?m:^)\W{0,2}(?P<name>[A-Za-z][\w-]{3,20})[ /]v?(?=\d{1,3}\.\d{1,3}\.\d{1,5}(?![.\d]))"
    r"|[\"「『](?P<name>\p{L}[\p{L}\p{N}-]{2,24})[\"」』],? ?\(?" + _VERSIONED + r"?(?=\d{1,4}\.\d)"
    # A name that says what it is for.
    r"|(?<![\w./@:<-])(?P<name>(?:\p{Lu}\w{1,20} ){0,2}\p{Lu}\w{0,16}(?i:mail|mailer|smtp|post|desk|faktur\w{0,3}))"
    r"(?:/| | \()" + _VERSIONED + r"?(?=\d{1,4}\.\d{1,4})"
    r"|(?<!\w)version \d{1,3}(?:\.\d{1,4}){0,3} of (?P<name>\p{Lu}\p{L}{2,20}(?: \p{Lu}\p{L}{1,15}){0,2})"
    # "The software X".
    r"|(?i:software|program(?:ma|me|m|me de)?|app|application|client|tool|logiciel|aplicación|applicazione|gestionale|"
    r"aplicativo|sistema|aplikacja|программ[аыеу]|приложени[ея])(?: (?:called|named|namens|appelé|llamado))?,? [\"«„]?"
    r"(?P<name>\p{Lu}[\p{L}\p{N}-]{2,20}(?: \p{Lu}\p{L}{1,15}){0,2})[\"»“]?(?:,? ?[(（]?"
    + _VERSIONED
    + r"?)(?=\d{1,4}(?:\.\d|\)))"
)
_NUMBER = regex.compile(r"\d\.\d|(?<=[ v:：.本号ン])\d{1,3}(?![\d.])|(?<=ersion )\d")
_AHEAD, _MOST = 110, 60
"""How far (characters) ahead of its version a program's name begins, and how many numbers are looked at."""
_LEADING = regex.compile(
    r"(?:(?:unser\w*|mein\w*|euer|eure|die|das|der|dem|the|our|my|notre|mon|le|la|el|il|nuestr[oa]|het|onze|"
    r"наша?|используем|\w*software|\w*programm?a?|programme|logiciel|tool|app|anwendung|using|we|wir|in|on|with) )+",
    regex.IGNORECASE,
)
"""What stands before a product's name at the start of a sentence, or says what it is."""
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


def find_unknown(
    text: str, fields: Sequence[tuple[int, int]], found: Sequence[Found], ignored: Sequence[tuple[int, int]] = ()
) -> list[Found]:
    """Programs of the plain ``text`` that ``found`` lacks, as written: of ``fields``, else, where nothing that
    may be the failing one is named, of prose outside ``ignored``."""
    named = _in_fields(text, fields, found)
    known = any(one.kind == "name" and one.mention.failing is not False for one in found)
    return named if named or known else _in_prose(text, ignored)


def _in_fields(text: str, fields: Sequence[tuple[int, int]], found: Sequence[Found]) -> list[Found]:
    for start, end in fields:
        if "\n" in text[start:end] or any(start <= one.mention.span[0] < end for one in found):
            continue
        match = at_start(_FIELD_NAME, text[start:end])
        if match is None or _NO_NAME.match(match["name"]) or find_platforms(match["name"]):
            continue
        return [_unknown(text, match["name"], start + match.start("name"), end, IN_FIELD, True)]
    return []


def _in_prose(text: str, ignored: Sequence[tuple[int, int]]) -> list[Found]:
    for match in _near_numbers(text[:_NEAR]):
        if any(start <= match.start("name") < end for start, end in ignored):
            continue
        name = _LEADING.sub("", match["name"])
        if _OTHER_THINGS.fullmatch(name) or _NO_NAME.match(name) or find_platforms(name):
            continue
        one = _unknown(text, name, match.end("name") - len(name), len(text), IN_PROSE, None)
        if one.mention.version is not None:
            return [one]
    return []


def _near_numbers(text: str) -> Iterator[regex.Match[str]]:
    """Places where prose names a program: only the text in front of what may be a version is searched."""
    regions: list[tuple[int, int]] = []
    for number in all_of(_NUMBER, text, _MOST):
        start, end = max(0, number.start() - _AHEAD), number.end() + 40
        if regions and start <= regions[-1][1]:
            start = regions.pop()[0]
        regions.append((start, end))
    for start, end in regions:
        yield from all_of(_PROSE, text, 20, start, end)


def _unknown(text: str, name: str, start: int, stop: int, score: float, failing: bool | None) -> Found:
    end = start + len(name)
    version = version_near(text, start, end, ClientFamily(id="unknown", name=name), stop)
    return Found(ClientMention(name, version, None, (start, end), failing), score, "name", None)
