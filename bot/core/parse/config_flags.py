"""TLS modes that a configuration file sets by switches, away from the port: EMAIL_USE_TLS, starttls.enable, secure."""

from __future__ import annotations

from dataclasses import replace

import regex

from bot.core.model import Endpoint
from knowledge.gated import Gated

PATTERN_SECONDS = 0.2
MAX_CHARACTERS = 40_000

_FLAG = Gated(
    # EMAIL_USE_TLS: "true", mail.smtp.starttls.enable=true, "secure": false, SMTPSecure = 'tls', encryption: starttls
    r"(?<![a-z])(?:[a-z0-9]+[._])*(?:(?P<starttls>use[._-]?(?:start[._-]?)?tls|start[._-]?tls(?:[._-](?:enable[d]?|required|auto))?|require[._-]?tls)"
    r"|(?P<implicit>use[._-]?ssl|ssl[._-]enable[d]?|(?:smtp[._-]?)?ssl|force[._-]?ssl|implicit[._-]?tls)|(?P<secure>secure))"
    r"[\"']?\s{0,3}(?:=>|[:=])\s{0,3}[\"'$]{0,2}(?P<value>true|yes|on|1|false|no|off|0)\b"
)
"""Switches of configuration files. Where a program has one switch for each mode, TLS means STARTTLS and SSL means
TLS from the first byte (Django's EMAIL_USE_TLS and EMAIL_USE_SSL, Jakarta Mail's starttls.enable and ssl.enable);
nodemailer's ``secure`` is true for TLS from the first byte (nodemailer.com/smtp)."""

_PLAIN_CLASS = Gated(
    r"\b(?:smtplib\.smtp|imaplib\.imap4)\(\s{0,3}(?:host\s{0,2}=\s{0,2})?[\"'][^\"'\n]{1,100}[\"']\s{0,3},\s{0,3}(?:port\s{0,2}=\s{0,2})?(?P<port>\d{2,5})\b"
)
"""Python's classes that begin without TLS, whatever the port is (docs.python.org: SMTP and IMAP4 beside SMTP_SSL and
IMAP4_SSL)."""


def with_flags(endpoints: list[Endpoint], folded: str) -> list[Endpoint]:
    """Endpoints for sending with the mode that the configuration's switches set, where none stands beside the port."""
    plain = {int(m["port"]) for m in _PLAIN_CLASS.finditer(folded[:MAX_CHARACTERS], timeout=PATTERN_SECONDS)}
    endpoints = [replace(e, tls="starttls") if e.port in plain and e.tls is None else e for e in endpoints]
    state: dict[str, bool] = {}
    for match in _FLAG.finditer(folded[:MAX_CHARACTERS], timeout=PATTERN_SECONDS):
        name = next(n for n in ("starttls", "implicit", "secure") if match[n])
        state.setdefault(name, match["value"] in ("true", "yes", "on", "1"))
    mode = None
    if state.get("implicit") or (state.get("secure") and not state.get("starttls")):
        mode = "implicit"
    elif state.get("starttls") or state.get("secure") is False:
        mode = "starttls"
    if mode is None or (state.get("implicit") and state.get("starttls")):
        return endpoints
    return [
        replace(e, tls=mode)
        if e.protocol == "smtp"
        and e.port
        and e.role == "setting"
        and e.tls in (None, "implicit", "starttls")
        and not _mode_beside(e, folded)
        else e
        for e in endpoints
    ]


def _mode_beside(endpoint: Endpoint, folded: str) -> bool:
    """True where a mode that is no switch of a file stands right behind the port ("465 SSL/TLS")."""
    return (
        endpoint.tls is not None
        and regex.match(r"[\s,/(]{1,4}(?:ssl|tls|start)", folded[endpoint.span[1] : endpoint.span[1] + 12]) is not None
    )
