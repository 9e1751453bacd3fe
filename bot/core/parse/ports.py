"""Numbers in a line of a ticket that are ports of mail, told from those that count things. All on folded text."""

from __future__ import annotations

import regex

from bot.core.parse.hosts import FILE_ENDINGS, Token
from knowledge.gated import Gated

PATTERN_SECONDS = 0.2
MAX_CHARS = 20_000
"""Ports named in one place and meant in another are looked for in this much of a ticket."""
HIGHEST = 65_535
PROTOCOL_OF = {
    993: "imap",
    143: "imap",
    465: "smtp",
    587: "smtp",
    25: "smtp",
    2525: "smtp",
    26: "smtp",
    995: "pop3",
    110: "pop3",
}
_DISTINCTIVE = frozenset({"993", "995", "465", "587", "143"})
_COMMON = frozenset({"25", "26", "110"})
"""Ports that are small numbers: where nothing beside them speaks of ports they count something."""
_WORD = r"(?:ports?|portas?|puertos?|porte|poort(?:en)?|porcie|порт[аеу]?|ポート(?:番号)?|端口|连接埠|連接埠)"
_PORT = regex.compile(
    rf"{_WORD}(?:\s+(?:is|ist|est|es|è|staat|steht|nr\.?|no\.?|number|nummer|set|auf|op|to|sur|en|su|na|на|のは|は)){{0,3}}\s*[:=：#\"'(\[]*\s*(?P<worded>\d{{2,5}})(?!\d|[.,]\d)"
    r"|(?<=[a-z0-9\]])\s?:\s?(?P<colon>\d{2,5})(?!\d|[.:]\d)"
    r"|(?<![a-z0-9_.:,/-])(?P<bare>993|995|465|587|143|110|25|2525|26)(?![a-z0-9_%]|[.,:/-]\d|[件通回人円封个条]|\s*(?:mb|kb|gb|mails?|e-?mails?|messages?|nachrichten|minutes?|min\b|hours?|users?|people|years?|€|\$|°))"
    r"|(?<=[a-z0-9])/(?P<slash>993|995|465|587|143|110|25)(?!\w)"
)
_AND = r"(?:\s*(?:,|/|\b(?:and|or|nor|und|oder|noch|et|ou|ni|y|o|e|en|of|i|lub|ani|que|как|и|или|ни)\b|[もと和或、]+)\s*){1,3}(?:(?:on|auf|al|el|en|in|a|sur|le|the|на)\s+){0,2}"
_TWO = regex.compile(rf"(?<![a-z0-9_.:,/-])(?<!\d )(?:993|465|587){_AND}(?:993|465|587)(?![a-z0-9_%]|[.,:/-]\d| \d)")
"""Two mail ports in one breath ("neither 993 nor 465 answers") need no word for port: no two counts of things stand
so."""
_CHANGE = regex.compile(
    r"\b(?:from|von|de|du|da|dal|van|z|ze|с|со)\s+(?:port\s+)?(?P<former>\d{2,5})\s+(?:by\s+itself\s+)?(?:to|auf|zu|à|a|para|naar|na|до|на|do)\s+(?:port\s+)?\d{2,5}\b"
    r"|(?P<former>\d{2,5})\s*(?:->|=>|\u2192)\s*\d{2,5}\b|(?P<former>\d{2,5})\s*(?:から|改成|改为|变成|變成|到)\s*\d{2,5}"
)
"""A port that was changed: the first number is the former one."""
_LIST = Gated(
    rf"(?:{_WORD}|open|offen)\D{{0,30}}(?P<list>\d{{2,5}}(?:\s*(?:,|/|and|und|et|y|e|en|i|и|or|oder|ou|o|of|lub|或|と|、|&|\+)\s*\d{{2,5}})+)"
)
_ON = regex.compile(r"(?<!\w)(?:on|auf|über|sur|su|op|na|на|via|over|using|through)\s$")
_CONTEXT = regex.compile(
    r"imap|smtp|pop3|ssl|tls|port|server|serveur|servidor|serwer|сервер|firewall|incoming|outgoing|ポート|端口|サーバ|服务器|"
    r"encrypt|verschlüssel|chiffr|cifrad|crittogra|versleutel|criptogra|szyfrow|шифров|暗号|加密"
)
_NEAR_COMMON = regex.compile(r"smtp|port|ssl|tls|pop|\b(?:993|465|587|143)\b|firewall")
_NUMBER = regex.compile(r"\d{2,5}")
_CLOCK = regex.compile(r"(?<![\d.])\d{1,2}\s?:\s?$")
"""Before the minutes of "since 09:25"."""
_COUNTED = regex.compile(
    r"\s+(?!(?:ssl|tls|starttls|and|und|et|or|oder|with|mit|is|no|on|without|ohne|does|gives|times|fails|hangs|works|also|"
    r"too|either|neither|(?:the\s+)?same|dasselbe|genauso|auch|aussi|pareil|igual|tampoco|anche|ook|też|тоже))[a-z]{3,}"
)
"""A word behind the number that may be what it counts."""
_FILE = regex.compile(r"\.([a-z]{1,5})\s?:\s?$")
_HOST = regex.compile(r"[a-z0-9-]\.[a-z]{2,24}\s?:\s?$|(?:\d{1,3}\.){3}\d{1,3}\s?:\s?$")


def names_several_ports(folded: str) -> bool:
    """True where a ticket names two ports of mail, one of them as a port ("…:587 times out", "on 993"): then the bare
    number is one too ("465 the same"). One number may count things; two that are ports hardly do."""
    if sum(number in folded for number in _DISTINCTIVE) < 2:
        return False
    named: set[str] = set()
    as_port = False
    try:
        for match in _PORT.finditer(folded[:MAX_CHARS], timeout=PATTERN_SECONDS):
            how = str(match.lastgroup)
            if match[how] in _DISTINCTIVE:
                named.add(match[how])
                as_port |= how != "bare" or _ON.search(folded, max(0, match.start() - 12), match.start()) is not None
    except TimeoutError:
        return False
    return as_port and len(named) > 1


def ports_in(line: str, in_context: bool) -> list[Token]:
    """The ports of a line in their order. ``in_context``: the line or the ticket speaks of servers or ports, so that a
    bare number may be one. Raises TimeoutError on a line that takes too long."""
    context = in_context or any(
        pattern.search(line, timeout=PATTERN_SECONDS) is not None for pattern in (_CONTEXT, _TWO)
    )
    found: list[Token] = []
    for match in _LIST.finditer(line, timeout=PATTERN_SECONDS):
        for number in _NUMBER.finditer(match["list"]):
            start = match.start("list") + number.start()
            found.append(Token(number[0], (start, start + len(number[0]))))
    former = {match.start("former") for match in _CHANGE.finditer(line, timeout=PATTERN_SECONDS)}
    for match in _PORT.finditer(line, timeout=PATTERN_SECONDS):
        how = str(match.lastgroup)
        value, (start, end) = match[how], match.span(how)
        if start in former or int(value) > HIGHEST or any(t.span[0] <= start < t.span[1] for t in found):
            continue
        if how == "colon" and not _follows_host(line, start, value):
            continue
        if how == "bare" and not (context and _is_no_count(line, end, value)):
            continue
        found.append(Token(value, (start, end)))
    return sorted(found, key=lambda t: t.span)


def _is_no_count(line: str, end: int, value: str) -> bool:
    if value not in _COMMON:
        return True
    return _NEAR_COMMON.search(line) is not None and _COUNTED.match(line, end) is None


def _follows_host(line: str, start: int, value: str) -> bool:
    """True for the number behind a colon that is a port: of mail, or behind a host or an address."""
    before = line[:start]
    if len(value) == 2 and _CLOCK.search(before):
        return False
    if int(value) in PROTOCOL_OF:
        return True
    file = _FILE.search(before)  # "manager.go:412" is a line of a program
    return not (file and file[1] in FILE_ENDINGS) and _HOST.search(before) is not None
