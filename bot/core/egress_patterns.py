"""The shapes of what must not leave in a customer's text. All are linear, and run under a time limit.

Sources: RFC 5322 (addresses), RFC 4291 (IPv6), RFC 3986 (links), Postfix's short and long queue ids and Exim's
message ids, Dovecot's session ids (base64 of time, port and address: 16 characters for IPv4, 32 for IPv6), the
makers' token prefixes, Dovecot's password schemes, and the field names of Dovecot's and Postfix's lines.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import regex

from knowledge.gated import Gated

_LETTER = r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{Hebrew}0-9_-]"
"""What a label of a host name is made of; Japanese and Chinese write without blanks and end a name, too."""
_CONSONANT = "[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]"
"""Postfix's alphabet for long queue ids: no vowels, so that they spell nothing."""


def _any_of(*alternatives: str) -> Gated:
    return Gated("|".join(alternatives), regex.IGNORECASE)


def _compile(expression: str) -> regex.Pattern[str]:
    return regex.compile(expression, regex.IGNORECASE)


_ADDRESS = _compile(  # found by its @ or its bracket: far cheaper than by its start
    r"(?<=[\w.!#$%&'*+/=?^`{|}~\"-])@[\w\[][\w.-]{0,254}"
    r"|(?<=[\w.+-] ?)[\[({] ?(?:at|ät|arroba) ?[\])}] ?[\w-]{1,63}"
)
_LINK = _any_of(r"[a-z][a-z0-9+.-]{1,15}://[\w\[%][^\s<>\"'|]{0,300}")
_IPV4 = _compile(r"(?<!\d)(?<!\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)")
_IPV6 = _compile(r"(?<![\w:.])[0-9a-f:]{2,45}(?:\.\d{1,3}){0,3}(?:%\w{1,15})?(?![\w:])")
_MAC = _compile(r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])")
_HOST = _compile(
    rf"(?<!{_LETTER})(?:{_LETTER}{{1,63}}\.){{1,10}}"
    rf"(?:[\p{{Latin}}\p{{Cyrillic}}\p{{Greek}}]{{2,24}}|xn--[a-z0-9-]{{2,59}})(?!{_LETTER})"
)
_MACHINE = regex.compile(
    r"(?<![\w./-])(?:mx|mta|mda|imap|smtp|pop|pop3|mail|node|backend|director|proxy|relay|db|ns|srv|web|host|ip)"
    r"(?:-[a-z]{1,12}){0,3}-?\d{1,4}(?!\w)|localhost|(?<!\w)ip(?:-\d{1,3}){4}",
    regex.ASCII,
)
_QUEUE_ID = regex.compile(
    r"(?<![\w-])(?:(?=[0-9A-F]{0,14}[A-F])(?=[0-9A-F]{0,14}[0-9])[0-9A-F]{6,15}|\d{10,15})(?![\w-])"
    rf"|(?<!\w){_CONSONANT}{{10,12}}z{_CONSONANT}{{3,14}}(?!\w)"
    r"|(?<![\w-])(?=[A-Za-z-]{0,20}\d)[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}(?![\w-])"
)
_UUID_OR_HASH = _compile(r"(?<!\w)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)|(?<!\w)[0-9a-f]{24,128}(?!\w)")
_BASE64_RUN = regex.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{14,120}={0,2}(?![A-Za-z0-9+/=])")
_SECRET = _any_of(
    r"xox[abeprs]-[\w-]{8,}",
    r"xapp-[\w-]{8,}",
    r"gh[opsu]_\w{20,}",
    r"github_pat_\w{20,}",
    r"glpat-[\w-]{16,}",
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"eyJ[\w-]{10,}(?:\.[\w-]{4,}){0,2}",
    r"AIza[\w-]{30,}",
    r"\bSG\.[\w-]{10,}",
    r"-----BEGIN",
    r"\b[srp]k[-_](?:live_|test_|proj-)?[\w-]{16,}",
    r"\{(?:PLAIN|CLEARTEXT|CRAM-MD5|ARGON2I?D?|SHA\d*|SSHA\d*|[\w-]{0,16}CRYPT)\}",
    r"\$(?:1|2[abxy]|5|6|y|argon2id?)\$[\w./$=,+-]{8,}",
    r"\b(?:bearer|basic)\s+(?=\S{0,200}[0-9+/=_-])[\w+/=.-]{12,}",
    r"(?<!\w)(?:password|passwd|pass|pwd|passwort|kennwort|contraseña|wachtwoord|hasło|senha|token|secret|api[_-]?key)"
    r"(?:\s?=\s?\S{3,}|\s?:\s?(?=\S{0,60}[\d!$%&*_+=#])\S{4,})",
)
_CODE = _compile(
    r"(?<![\w.,:/+-])\d{3}[ -]?\d{3,6}(?![\w:/]|[.,]\d)"
    r"|(?<![\w.,:/+-])\d{4,8}(?![\w:/]|[.,]\d)(?=[^\n\d]{1,40}?(?:\bcode|\bkod\b|código|codice|コード|码|碼|\bpin\b|\btan\b))"
)
"""One-time codes: six digits and more alone, or four and more with the word behind them. None of our sentences holds
such a number."""
_LOG_TEXT = _any_of(
    r"\b(?:rip|lip|rport|lport|mpid|session|sasl_username|sasl_method|sasl_sender|user|client|from|to|helo|proto|relay"
    r"|status|dsn|orig_to|method|auth|ssl|message-id)=\S",
    r"\bpostfix/",
    r"\bdovecot:",
    r"\b(?:imap|pop3|submission)-login\b",
    r"\bauth-worker\b",
    r"\bNOQUEUE\b",
    r"\bfail2ban\b",
    r"\bsyslog\b",
    r"\bpid\b\s*[=:]?\s*\d",
    r"\b(?:auth|imap|lmtp|smtpd|cleanup|qmgr)\([^)\s]{1,80}\)",
    r"\bauth failed, \d",
    r"\bno auth attempts\b",
    r"\bRCPT from\b",
    r"\bunknown\[",
)
_PROCESS = _compile(r"\w\[\d{2,7}\]")
_WORDS = regex.compile(
    r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}[a-z]?|\d{1,4}|[A-Z]?[a-z]+)(?:[/+](?:[A-Z]?[a-z]+|[A-Z]+|\d{1,4}))*"
)
"""Plain words joined by strokes (Benutzername/Kennwort), which base64 does not look like."""
_FILE = _compile(r"[\w-]{1,40}\.(?:conf|cfg|ini|toml|txt|eml|exe|plist|html?|pdf|png|jpe?g|rc)")
"""A file's name as a step may give it: one dot, and an ending that is no top-level domain."""


def _is_ipv6(part: str) -> bool:
    """True for an IPv6 address (RFC 4291, with or without a zone); a time of day or a pair of colons is none."""
    candidate = part if part.endswith("::") else part.rstrip(":")
    if candidate.count(":") < 2 or not candidate.strip(":"):
        return False
    try:
        ipaddress.IPv6Address(candidate.partition("%")[0])
    except ValueError:
        return False
    return True


def _always(_part: str) -> bool:
    return True


Kind = tuple[str, regex.Pattern[str] | Gated, Callable[[str], bool]]
"""What a leak is called, how it looks, and what confirms a hit."""
IN_A_LINE: tuple[Kind, ...] = (
    ("address", _ADDRESS, _always),
    ("link", _LINK, _always),
    ("ip", _IPV4, _always),
    ("ip", _IPV6, _is_ipv6),
    ("ip", _MAC, _always),
    ("host", _HOST, lambda part: not _FILE.fullmatch(part)),
    ("host", _MACHINE, _always),
    ("queue id", _QUEUE_ID, _always),
    ("session id", _UUID_OR_HASH, _always),
    ("session id", _BASE64_RUN, lambda part: not _WORDS.fullmatch(part)),
    ("code", _CODE, _always),
    ("log text", _PROCESS, _always),
)
"""Shapes without white space but blanks: a line can be looked through by itself."""
ACROSS_LINES: tuple[Kind, ...] = (("secret", _SECRET, _always), ("log text", _LOG_TEXT, _always))
