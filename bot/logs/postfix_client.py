"""The client of a Postfix line, and the ways in which Postfix says that it went wrong or away.

Sources: smtpd/smtpd.c (the end of smtpd_proto), postscreen/*.c. The client stands before its own words.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.draft import Draft
from bot.logs.secrets import mask
from bot.logs.session import canonical

PEER: Final = r"([^\s\[\]]*)\[([0-9A-Fa-f:.]+|unknown)\](?::([0-9]+))?"
QUEUE_ID: Final = r"[0-9A-Z][0-9A-Za-z]{5,23}"
"""Hexadecimal, or time in base 52, which begins with a digit until 2090 (global/mail_queue.h); `warning` is none."""
QUEUE: Final = rf"(?:(NOQUEUE|{QUEUE_ID}): )?"
_LOST: Final = re.compile(
    QUEUE + r"(lost connection|timeout|too many errors|bare <LF> received|data error) after "
    r"(\S+(?: \(.*?\))?) from " + PEER
)
_FROM_PEER: Final = re.compile(
    QUEUE + r"(abort: TLS|improper command pipelining after \S+|non-SMTP command|Wrapper-mode request dropped"
    r"|Refusing (?:STARTTLS|TLS service) request|Illegal address syntax|too much BDAT content.*?"
    r"|malformed BDAT command syntax|null BDAT request|BDAT request|reject: ETRN \S+|bad ETRN \S+) from "
    + PEER
    + r"(.*)$",
    re.S,
)
_TOO_LONG: Final = re.compile(PEER + r": (request longer than [0-9]+)")
_NO_RECIPIENT: Final = re.compile(r"(?:DATA|BDAT) without valid RCPT from \[([0-9A-Fa-f:.]+)\]:([0-9]+)")
_RECORD: Final = ("\\026\\003", "\\x16\\x03", "\x16\x03", "#026#003")
"""How a TLS ClientHello's first bytes look once Postfix has made them printable."""
_SCREEN: Final = re.compile(
    r"(CONNECT|PASS NEW|PASS OLD|PREGREET|HANGUP|DNSBL|COMMAND [A-Z ]+|BARE NEWLINE|NON-SMTP COMMAND|"
    r"DISCONNECT|BLACKLISTED|DENYLISTED|WHITELISTED|ALLOWLISTED|WHITELIST VETO|ALLOWLIST VETO)"
    r"(?: [0-9]+| rank [0-9]+)?(?: after [0-9.]+)?(?: after \S+)?(?: from| for)? \[([0-9A-Fa-f:.]+)"
    r"\]:([0-9]+)"
)
_SCREEN_EVENTS: Final = {
    "CONNECT": ("connect", False),
    "DISCONNECT": ("disconnect", False),
    "HANGUP": ("lost_connection", True),
    "PASS NEW": ("other", False),
    "PASS OLD": ("other", False),
    "WHITELISTED": ("other", False),
    "ALLOWLISTED": ("other", False),
    "WHITELIST VETO": ("other", False),
    "ALLOWLIST VETO": ("other", False),
}


def take_peer(draft: Draft, address: str, port: str | None) -> None:
    """The address and, where it is logged, the port of the client."""
    draft.remote_ip = canonical(address)
    if port is not None:
        draft.remote_port = int(port[:5])


def take_queue(draft: Draft, queue_id: str | None) -> None:
    """The queue id, where the line has one."""
    if queue_id and queue_id != "NOQUEUE":
        draft.queue_id = queue_id


def departure(draft: Draft, message: str) -> bool:
    """Fill ``draft`` from a line about a client that left or spoke no SMTP; False for any other line."""
    found = _LOST.match(message)
    if found is not None:
        queue_id, what, after, _host, address, port = found.groups()
        take_queue(draft, queue_id)
        take_peer(draft, address, port)
        event = "too_many_errors" if what == "too many errors" else "lost_connection"
        draft.fail(event, detail=f"{what} after {after}")
        return True
    found = _FROM_PEER.match(message)
    if found is None:
        long = _TOO_LONG.match(message)
        if long is not None:
            take_peer(draft, long[2], long[3])
            draft.fail("client_rejected", detail=long[4])
        return long is not None
    queue_id, what, _host, address, port, rest = found.groups()
    take_queue(draft, queue_id)
    take_peer(draft, address, port)
    detail = mask(f"{what}{rest}")
    if what == "abort: TLS" or any(record in rest for record in _RECORD):
        draft.fail("tls_failed", detail=detail)
    elif what.startswith(("Wrapper-mode", "Refusing")):
        draft.fail("server_error" if "initialization failed" in rest else "rate_limited", detail=detail)
    elif what == "BDAT request" or what.startswith("too much BDAT"):
        draft.fail("message_too_large", detail=detail)
    elif what == "Illegal address syntax":
        draft.fail("sender_rejected" if " in MAIL " in rest[:40] else "recipient_rejected", detail=detail)
    else:
        draft.fail("client_rejected", detail=detail)
    return True


def screen(draft: Draft, message: str) -> bool:
    """Fill ``draft`` from one of postscreen's own lines; False for any other line."""
    found = _SCREEN.match(message)
    if found is None:
        bare = _NO_RECIPIENT.match(message)
        if bare is not None:
            take_peer(draft, bare[1], bare[2])
            draft.fail("client_rejected", detail=message[: bare.start(1) - 1].strip())
        return bare is not None
    take_peer(draft, found[2], found[3])
    event, quiet = _SCREEN_EVENTS.get(found[1], ("client_rejected", True))
    draft.event = event
    if quiet:
        draft.fail(event)
    draft.detail = message[: found.start(2) - 1].strip()
    return True
