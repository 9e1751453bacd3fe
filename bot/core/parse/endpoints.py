"""Server settings in a ticket: hosts, ports and TLS modes as the customer has them, typos included.

Hosts, ports, modes and protocol words are found one by one and then joined by nearness inside a line, which is
how people write them in prose, in forms and in pasted configuration alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import regex

from bot.core.model import Endpoint, Reading, Span
from bot.core.parse.config_flags import with_flags
from bot.core.parse.endpoint_words import FORMER_CONTEXT, OTHER_CONTEXT, PROTOCOL, TLS
from bot.core.parse.hosts import Token, hosts_in, near_own_host, protocol_of_host
from bot.core.parse.ports import PROTOCOL_OF, names_several_ports, ports_in
from knowledge.host import Settings
from knowledge.matcher import fold

PATTERN_SECONDS = 0.2
MAX_ENDPOINTS = 40

_STARTTLS_REACH = 110
"""STARTTLS is named for one side only, so it may stand far before its port ("changed SSL into STARTTLS because …,
port 465")."""


def find_endpoints(reading: Reading, settings: Settings, error_spans: Sequence[Span]) -> tuple[Endpoint, ...]:
    """Settings in reading order. A line's hosts, ports and modes are joined by nearness; ports of a firewall
    list, a probe by hand or a former provider have role ``other``."""
    folded = fold(reading.text)
    several = names_several_ports(folded)
    endpoints: list[Endpoint] = []
    last_host: tuple[Token, int] | None = None
    offset = 0
    pending_protocol: str | None = None
    for line_number, line in enumerate(folded.split("\n")):
        if len(line) < 4:
            offset += len(line) + 1
            continue
        line = line[:4000]
        try:
            hosts = hosts_in(line, settings, [(a - offset, b - offset) for a, b in error_spans])
            ports = ports_in(line, bool(hosts) or several)
            modes = _modes(line)
            words = _protocol_words(line)
        except TimeoutError:
            offset += len(line) + 1
            continue
        segment = next((s.kind for s in reading.segments if s.span[0] <= offset < s.span[1]), "body")
        if segment in ("signature", "disclaimer", "header"):
            offset += len(line) + 1
            continue
        found = _join(line, hosts, ports, modes, words, last_host, line_number, pending_protocol)
        for endpoint in found:
            start, end = endpoint.span
            sentence = _sentence(line, start, end)
            probed = OTHER_CONTEXT.search(sentence, timeout=PATTERN_SECONDS) is not None
            former = FORMER_CONTEXT.search(sentence, timeout=PATTERN_SECONDS) is not None
            shown = _by_a_program(endpoint, (start + offset, end + offset), error_spans, settings)
            other = probed or shown or (former and not (endpoint.host and near_own_host(endpoint.host, settings)))
            endpoints.append(_placed(endpoint, (start + offset, end + offset), reading.text, offset, other))
        if hosts:
            last_host = (hosts[-1], line_number)
        pending_protocol = words[-1].value if words and not found else (None if found else pending_protocol)
        offset += len(line) + 1
        if len(endpoints) >= MAX_ENDPOINTS:
            break
    return _unique(_with_lone_mode(with_flags(endpoints, folded), folded))


_STOP = regex.compile(r"[.!?;](?=\s)|[\u3002\uff01\uff1f\uff1b]")


def _sentence(line: str, start: int, end: int) -> str:
    """The sentence of a line in which a setting stands: what is said of a firewall in the next one is not about it."""
    before = max((m.end() for m in _STOP.finditer(line, 0, start)), default=0)
    after = _STOP.search(line, end)
    return line[before : after.start() if after else len(line)]


def _with_lone_mode(endpoints: list[Endpoint], folded: str) -> list[Endpoint]:
    """A mode named far from the ticket's only port of a protocol ("… with STARTTLS … . Port is 465.") is its mode."""
    ports = {(e.port, e.protocol) for e in endpoints if e.port and e.role == "setting"}
    if any(e.tls for e in endpoints) or len(ports) != 1 or len({p for p, _ in ports}) != 1:
        return endpoints
    named = {
        name
        for name, pattern in TLS
        for m in pattern.finditer(folded, timeout=PATTERN_SECONDS)
        if not _SWITCHED_OFF.match(folded[m.end() : m.end() + 24], timeout=PATTERN_SECONDS)
    }
    if "starttls" not in named or "none" in named:
        return endpoints
    return [replace(e, tls="starttls") if e.port and e.role == "setting" else e for e in endpoints]


_SINGLE_SERVER = regex.compile(r"(?:imap|smtp|mx|mail|mta|pop)\d")


def _by_a_program(endpoint: Endpoint, span: Span, error_spans: Sequence[Span], settings: Settings) -> bool:
    """True for what a program's output names and nobody typed: a resolved address, a single server of ours."""
    if endpoint.host is None or not any(a <= span[0] < b for a, b in error_spans):
        return False
    if endpoint.host.replace(".", "").isdigit():
        return True
    own = any(endpoint.host.endswith("." + domain) for domain in settings.own_domains)
    return own and _SINGLE_SERVER.match(endpoint.host) is not None


def _modes(line: str) -> list[Token]:
    found: list[Token] = []
    for name, pattern in TLS:
        for match in pattern.finditer(line, timeout=PATTERN_SECONDS):
            if not any(
                a.span[0] < match.end() and match.start() < a.span[1] for a in found
            ) and not _SWITCHED_OFF.match(line[match.end() : match.end() + 24], timeout=PATTERN_SECONDS):
                found.append(Token(name, match.span()))
    found.sort(key=lambda t: t.span)
    # "TLS (STARTTLS)", "SSL/STARTTLS": the narrower word says what is set
    return [
        t
        for i, t in enumerate(found)
        if not (
            t.value == "implicit"
            and i + 1 < len(found)
            and found[i + 1].value == "starttls"
            and found[i + 1].span[0] - t.span[1] <= 3
        )
    ]


_SWITCHED_OFF = regex.compile(
    r"[\"'»”)\]]*\s*(?:[:=]|is|was|ist|est|es|está|è|staat|steht|stond|jest|zet|set\s+to|turned|switched|auf|op|na)?\s*(?:un(?:checked|ticked|selected)|off\b|disabled|false\b|deaktiviert|nicht\s+(?:aktiv|angehakt|gesetzt)|aus\b|décoché\w*|désactivé\w*|"
    r"desmarcad\w*|desactivad\w*|deselezionat\w*|disattivat\w*|uit\b|uitgeschakeld|desativad\w*|odznaczon\w*|wyłączon\w*|выключен\w*|отключен\w*|снят\w*|オフ|关闭|未勾选|無効)"
)


def _protocol_words(line: str) -> list[Token]:
    found = [
        Token(name, m.span()) for name, pattern in PROTOCOL for m in pattern.finditer(line, timeout=PATTERN_SECONDS)
    ]
    return sorted(found, key=lambda t: t.span)


def _join(
    line: str,
    hosts: list[Token],
    ports: list[Token],
    modes: list[Token],
    words: list[Token],
    last_host: tuple[Token, int] | None,
    line_number: int,
    pending_protocol: str | None,
) -> list[Endpoint]:
    out: list[Endpoint] = []
    for index, port in enumerate(ports):
        limit = ports[index - 1].span[1] if index else 0
        host = next((h for h in reversed(hosts) if limit <= h.span[0] < port.span[0]), None)
        if host is None and not index and len(ports) == 1:
            host = next((h for h in hosts if h.span[0] > port.span[1] and not h.used), None)
        if host is None and not hosts and last_host and line_number - last_host[1] <= 3 and not last_host[0].used:
            expected = PROTOCOL_OF.get(int(port.value))
            if expected is None or protocol_of_host(last_host[0].value) in (None, expected):
                host = last_host[0]
        if host:
            host.used = True
        mode = _mode_of(line, port, index, ports, modes)
        protocol = (
            (_role_of_host(line, host, words) if host else None)
            or _nearest_word(words, port)
            or PROTOCOL_OF.get(int(port.value))
            or pending_protocol
        )
        span = (
            port.span
            if host is None or host.span[0] > port.span[0] or (last_host and host is last_host[0])
            else (host.span[0], port.span[1])
        )
        out.append(Endpoint(host.value if host else None, int(port.value), mode, protocol, span))
    for host in hosts:
        if host.used and any(e.host == host.value for e in out):
            continue
        mode = None
        if not ports and len(modes) == 1 and abs(modes[0].span[0] - host.span[1]) < 60:
            mode = modes[0].value
        protocol = _role_of_host(line, host, words) or _nearest_word(words, host) or pending_protocol
        out.append(Endpoint(host.value, None, mode, protocol, host.span))
    if not hosts and not ports and len(modes) == 1 and modes[0].value != "implicit" and len(words) == 1:
        out.append(Endpoint(None, None, modes[0].value, words[0].value, modes[0].span))
    return out


def _mode_of(line: str, port: Token, index: int, ports: list[Token], modes: list[Token]) -> str | None:
    """The mode that belongs to a port: inside its own stretch of the line, nearest first."""
    left = ports[index - 1].span[1] if index else 0
    right = ports[index + 1].span[0] if index + 1 < len(ports) else port.span[1] + 60
    near = [m for m in modes if left <= m.span[0] and m.span[1] <= right and not m.used]
    after = [m for m in near if m.span[0] >= port.span[1]]
    before = [m for m in near if m.span[1] <= port.span[0]]
    choice = None
    # "SSL (993)" names the mode first, "993 with SSL/TLS" and "993, SSL/TLS" name it after
    if before and port.span[0] - before[-1].span[1] <= 3:
        choice = before[-1]
    elif after and after[0].span[0] - port.span[1] <= 45:
        choice = after[0]
    elif before and port.span[0] - before[-1].span[1] <= (_STARTTLS_REACH if before[-1].value == "starttls" else 40):
        choice = before[-1]
    if choice is None:
        return None
    choice.used = True
    # "587, TLS": many programs mean STARTTLS by TLS (PHPMailer's ENCRYPTION_STARTTLS is 'tls') and TLS from the first
    # byte by SSL
    return "starttls" if port.value in ("587", "2525") and line[slice(*choice.span)] == "tls" else choice.value


def _nearest_word(words: list[Token], to: Token) -> str | None:
    before = [w for w in words if w.span[0] <= to.span[0]]
    return before[-1].value if before else (words[0].value if words else None)


_LISTED = regex.compile(r"[/,;&+]|\b(?:and|und|et)\b")


def _role_of_host(line: str, host: Token, words: list[Token]) -> str | None:
    """The protocol for which a host is entered: the word right before it ("SMTP server imap.mail.example" is an
    IMAP host in the SMTP field), else what the host's name says."""
    named = protocol_of_host(host.value)
    before = [w for w in words if w.span[1] <= host.span[0]]
    if before and named and before[-1].value != named:
        between = line[before[-1].span[1] : host.span[0]]
        alone = len(before) < 2 or before[-2].value == before[-1].value or before[-1].span[0] - before[-2].span[1] > 6
        if len(between) <= 22 and alone and not _LISTED.search(between):
            return before[-1].value
    return named


def _placed(endpoint: Endpoint, span: Span, text: str, offset: int, other: bool) -> Endpoint:
    typed = None
    if endpoint.host:
        at = text.lower().find(endpoint.host, offset)
        if at >= 0:
            typed = _field(text, (at, at + len(endpoint.host)))
    return Endpoint(
        endpoint.host, endpoint.port, endpoint.tls, endpoint.protocol, span, typed, "other" if other else "setting"
    )


_WEB_SCHEME, _MAIL_SCHEME = regex.compile(r"https?://$"), regex.compile(r"(?:imap|smtp|pop3?)s?://$")
_OPENED, _CLOSED = regex.compile(r"([\[\"'`<„“(])(\s*)$"), regex.compile(r"(\s*)[\]\"'`>“”)]")
"""Brackets around a name. French sets blanks inside its quotes, so « host » is no typed blank."""


def _field(text: str, span: Span) -> str | None:
    """The field around a host where it holds more than the host: blanks between brackets, a scheme, a port."""
    before, after = text[max(0, span[0] - 10) : span[0]], text[span[1] : span[1] + 8]
    scheme = _WEB_SCHEME.search(before) or (_in_server_field(text, span) and _MAIL_SCHEME.search(before))
    open_bracket, close_bracket = _OPENED.search(before), _CLOSED.match(after)
    if open_bracket and close_bracket and (open_bracket[2] or close_bracket[1]):
        return open_bracket[2] + text[span[0] : span[1]] + close_bracket[1]
    if scheme:
        return scheme[0] + text[span[0] : span[1]]
    invisible = _INVISIBLE.match(after)
    return text[span[0] : span[1]] + invisible[0] if invisible else None


_INVISIBLE = regex.compile(r"\\r(?!\\n)|%20|%0d|\\(?:u200b|xa0|u00a0|ufeff)", regex.IGNORECASE)
"""How programs show a character at the end of a name that nobody sees: the line end of an edited file, a blank that
was pasted."""
_FIELD_BEFORE = regex.compile(
    r"(?:server|serveur|servidor|serwer|сервер|サーバ|服务器|伺服器|host|hôte)[^.!?\n=]{0,100}$", regex.IGNORECASE
)
_FIELD_AFTER = regex.compile(
    r"\S{0,80}\s+(?:as|als|comme|como|come|jako|как)\s+(?:\p{L}+\s+){0,2}(?:server|serveur|servidor|serwer|сервер|host)",
    regex.IGNORECASE,
)


def _in_server_field(text: str, span: Span) -> bool:
    """True where prose says that a URL was put into the field of the server; a setting of that form
    ("dsn=smtps://…") is none."""
    before = text[max(0, span[0] - 130) : span[0]]
    return (
        _FIELD_BEFORE.search(before, timeout=PATTERN_SECONDS) is not None
        or _FIELD_AFTER.match(text[span[1] : span[1] + 140], timeout=PATTERN_SECONDS) is not None
    )


def _unique(endpoints: list[Endpoint]) -> tuple[Endpoint, ...]:
    kept: list[Endpoint] = []
    for endpoint in endpoints:
        same = [
            k
            for k in kept
            if k.host == endpoint.host
            and k.port == endpoint.port
            and k.tls == endpoint.tls
            and k.protocol == endpoint.protocol
        ]
        if same:
            continue
        if endpoint.port is None and endpoint.tls is None and any(k.host == endpoint.host for k in kept):
            continue
        kept = [
            k
            for k in kept
            if not (
                k.host == endpoint.host
                and k.port is None
                and k.tls is None
                and endpoint.host is not None
                and k.typed is None
                and endpoint.role == k.role
            )
        ]
        kept.append(endpoint)
    return tuple(kept)
