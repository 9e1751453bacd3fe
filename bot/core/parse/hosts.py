"""Host names and addresses in a line of a ticket that are, or could be, the servers of a mail program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex
from rapidfuzz.distance import DamerauLevenshtein

from bot.core.model import Span
from knowledge.gated import Gated
from knowledge.host import Settings

PATTERN_SECONDS = 0.2
_HOST = regex.compile(
    # letters of alphabets only: Chinese and Japanese words stand right beside a host name without a blank
    r"(?<![\p{Latin}\p{Cyrillic}\p{N}_@.-])(?P<host>(?:[\p{Latin}\p{Cyrillic}\p{N}_](?:[\p{Latin}\p{Cyrillic}\p{N}_-]{0,61}[\p{Latin}\p{Cyrillic}\p{N}])?\.){1,6}"
    r"\p{Latin}{2,24})(?P<dot>\.)?(?![\p{Latin}\p{Cyrillic}\p{N}_@-])(?!\.\w)"
)
_COMMA_HOST = regex.compile(r"(?<![\w@.-])(?P<host>(?:imap|smtp|mail|pop3?)[,;][a-z0-9-]{2,63}\.[a-z]{2,24})(?![\w@-])")
"""A comma typed for the first full stop."""
_NOT_MAIL = frozenset(
    {
        "caldav",
        "carddav",
        "dav",
        "webdav",
        "ftp",
        "sftp",
        "git",
        "api",
        "cloud",
        "calendar",
        "ldap",
        "ns1",
        "ns2",
        "cpanel",
        "status",
    }
)
"""First labels of names that no mail program is given: a question about them is not a mistyped mail server."""
_AFTER_LOGIN = regex.compile(r"@[\w-]+(?:\.[\w-]+)+@(?P<host>[\w-]+(?:\.[\w-]+)+)")
"""fetchmail's user@firm@host: the login holds an @ of its own."""
_OF_URL = regex.compile(r"\b(?:imap|smtp|pop3?)s?(?:\+\w+)?://[^\n/]{1,160}@(?P<host>[\w-]+(?:\.[\w-]+)+)")
"""The server of a URL that holds the login too (RFC 3986 3.2.1: userinfo@host)."""
_IP = regex.compile(
    r"(?<![\w.:])(?P<host>(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})(?![\w]|\.\d)"
)
_MAIL_LABEL = regex.compile(
    r"(?:imaps?|imap4|smtps?|pop3?s?|mail\d*|e-?mail|mx\d*|in|out|incoming|outgoing|inbound|outbound|relay|mta|"
    r"posteingang|postausgang|eingang|ausgang|entrada|salida|saida|entrant|sortant|securemail|secure|ssl\d*|posta|correo|courriel|poczta|auth|send|asmtp|exim|mailserver|mailout|mailgate)\d*"
)
_HOST_LABEL = regex.compile(
    r"(?:server\w*|host\w*|serveur\w*|servidor\w*|serwer\w*|сервер\w*|サーバー?\w*|伺服器|服务器|主机名?|hôte|"
    r"incoming|outgoing|eingang\w*|ausgang\w*|entrant\w*|sortant\w*|entrante|saliente|entrata|uscita|inkomend\w*|uitgaand\w*|"
    r"imap|smtp|pop3?|mx)\s*(?:name|address|adresse)?\s*(?:is|ist|est|es|è)?\s*[:=：>»]*\s*[\"'\[(<«]*\s*$"
)
FILE_ENDINGS = frozenset(
    {
        "php",
        "py",
        "js",
        "ts",
        "rb",
        "log",
        "txt",
        "conf",
        "cfg",
        "ini",
        "exe",
        "dll",
        "java",
        "go",
        "cs",
        "eml",
        "html",
        "htm",
        "xml",
        "enable",
        "auth",
        "trust",
        "required",
        "timeout",
        "debug",
        "json",
        "yml",
        "yaml",
        "toml",
        "png",
        "jpg",
        "jpeg",
        "pdf",
        "sh",
        "md",
        "c",
        "h",
        "so",
    }
)
_SERVER_FIELD = Gated(
    r"server|serveur|servidor|serwer|сервер|サーバ|服务器|伺服器|host|incoming|outgoing|eingang|ausgang|entrant|sortant|entrada|sa[ií]da|inkomend|uitgaand|przychodz|wychodz|входящ|исходящ|受信|送信"
)

_SCHEME = regex.compile(r"https?://$")
_AS_SERVER = regex.compile(
    r"[\"'`>»”)]?\s*(?:as|for|into|in|als|für|bei|comme|pour|como|para|come|per|voor|jako|dla|w|как|для|в)\s+(?:\p{L}+\s+){0,3}?(?:server|serveur|servidor|serwer|сервер|host|incoming|outgoing|"
    r"eingang|ausgang|entrant|sortant|inkomend|uitgaand|przychodz|wychodz|imap|smtp)|\s*(?:を|作为|填)"
)
_ENTERING = Gated(
    r"\b(?:put|enter\w*|typed?|set|fill\w*|wrote|used?|eingetragen|eingegeben|gesetzt|trage|mis|saisi|entré|indiqué|rempli|puse|pongo|puesto|escrib\w+|messo|inserit\w+|ingevuld|"
    r"ingevoerd|gezet|pus|coloquei|inseri|preenchi|wpisa\w*|poda\w+)\b|ввел|ввёл|указал|вписал|поставил|入力|設定|填|输入|輸入|设置"
)

_OF_A_MAIL_PROGRAM = regex.compile(
    r"\bimap|\bsmtp|\b(?:993|465|587)\b|\bby\s+mail\b|server\s+identity|serveridentität|identité\s+du\s+serveur|outlook|thunderbird"
)
"""A message about the webmail's name that no browser shows."""


@dataclass(slots=True)
class Token:
    """A piece of a line and whether an endpoint has taken it."""

    value: str
    span: Span
    used: bool = False


def hosts_in(line: str, settings: Settings, error_spans: Sequence[Span]) -> list[Token]:
    """The hosts of a line in their order. Files, web pages and names of other services are none."""
    found: list[Token] = []
    webmail = webmail_host(settings)
    for match in _HOST.finditer(line, timeout=PATTERN_SECONDS):
        host, (start, end) = match["host"], match.span("host")
        before, after = line[max(0, start - 48) : start], line[end : end + 12]
        in_error = any(a <= start < b for a, b in error_spans)
        last = host.rpartition(".")[2]
        if last in FILE_ENDINGS or (before.endswith(("@", "/")) and "//" not in before[-9:]):
            continue
        if host == webmail:
            if _entered(line, start, end) or (
                in_error and _OF_A_MAIL_PROGRAM.search(line, max(0, start - 130), end + 130, timeout=PATTERN_SECONDS)
            ):
                found.append(Token(host, (start, end)))
            continue
        if host.removeprefix("www.") in settings.own_domains and _entered(line, start, end):
            found.append(Token(host, (start, end)))
            continue
        in_url = before.endswith("://")
        labels = host.split(".")
        mail_label = _MAIL_LABEL.fullmatch(labels[0]) is not None
        own = near_own_host(host, settings)
        labelled = _HOST_LABEL.search(before, timeout=PATTERN_SECONDS) is not None
        with_port = regex.match(r"\s?:\s?\d{2,5}\b", after) is not None
        if in_url and not (labelled or mail_label or with_port):
            continue
        if labels[0] in _NOT_MAIL or (labels[0] in ("webmail", "www", "autodiscover", "autoconfig") and not labelled):
            continue
        if (mail_label and len(labels) > 2) or (own and len(labels) > 2) or labelled or with_port or (own and in_error):
            found.append(Token(host, (start, end)))
    for match in _COMMA_HOST.finditer(line, timeout=PATTERN_SECONDS):
        found.append(Token(match["host"], match.span("host")))
    for pattern in (_AFTER_LOGIN, _OF_URL):
        for match in pattern.finditer(line, timeout=PATTERN_SECONDS):
            if not any(t.span[0] < match.end("host") and match.start("host") < t.span[1] for t in found):
                found.append(Token(match["host"], match.span("host")))
    for match in _IP.finditer(line, timeout=PATTERN_SECONDS):
        before = line[max(0, match.start() - 40) : match.start()]
        if regex.search(
            r"(?:our|my|public|client|unsere|meine|notre|mon|nuestra|mi|nostro|mio|ons|mijn|nasz|moj\w*|наш|мой)\s+(?:\w+\s+)?(?:ip|address|adresse)?\W*$",
            before,
        ):
            continue
        in_error = any(a <= match.start() < b for a, b in error_spans)
        near_label = _HOST_LABEL.search(before, timeout=PATTERN_SECONDS) or regex.search(
            r"(?:host|server)\w*\W[^.!?]{0,20}\bip\b\W*$", before
        )
        if (near_label or in_error) and not any(t.span[0] <= match.start() < t.span[1] for t in found):
            found.append(Token(match["host"], match.span("host")))
    return sorted(found, key=lambda t: t.span)


def _entered(line: str, start: int, end: int) -> bool:
    """True where the words around the name of one of our web pages say that it was entered as a server: right behind
    the name of such a field, behind a field and a verb of entering ("I put as incoming server …"), or before "as
    incoming server"."""
    before = _SCHEME.sub("", line[max(0, start - 130) : start])
    if _HOST_LABEL.search(before[-48:], timeout=PATTERN_SECONDS):
        return True
    if _AS_SERVER.match(line[end : end + 40], timeout=PATTERN_SECONDS):
        return True
    return (
        _SERVER_FIELD.search(before, timeout=PATTERN_SECONDS) is not None
        and _ENTERING.search(before, timeout=PATTERN_SECONDS) is not None
    )


def webmail_host(settings: Settings) -> str:
    """The host name of the webmail's address."""
    return settings.webmail_url.partition("//")[2].partition("/")[0]


def near_own_host(host: str, settings: Settings) -> str | None:
    """The service host that ``host`` is, or is a typing slip away from; None where it is neither.

    A slip is at most two edits (Damerau-Levenshtein) over the whole name, or over its registered part.
    """
    best: tuple[int, str] | None = None
    for own in settings.own_hosts:
        distance = DamerauLevenshtein.distance(host, own, score_cutoff=3)
        if distance <= 2 and (best is None or distance < best[0]):
            best = (distance, own)
    if best:
        return best[1]
    for own in settings.own_hosts:
        tail, own_tail = host.partition(".")[2], own.partition(".")[2]
        if tail and DamerauLevenshtein.distance(tail, own_tail, score_cutoff=3) <= 2:
            return own
        if host == own_tail or DamerauLevenshtein.distance(host, own_tail, score_cutoff=2) <= 1:
            return own
        stem = own_tail.partition(".")[0]
        if len(stem) >= 6 and stem in host.split("."):
            return own
    return None


def protocol_of_host(host: str) -> str | None:
    """imap, smtp or pop3 where a host's first label says so, else None."""
    first = host.partition(".")[0]
    for name, shape in (("imap", r"imap"), ("smtp", r"smtp"), ("pop3", r"pop(?:3?s?|mail)(?![a-z])")):
        if regex.match(shape, first):
            return name
    return None
