"""Who fails how, what the right answer is, and which lines are that failure's.

``line`` is a pattern over the raw lines, written by hand from what a failure means to the servers: it does not
ask the decoder that the lab tests. ``either`` names the checks that no evidence can tell apart (Dovecot's and
Postfix' sources write the same line and the same answer for both).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.lab.places import (
    DENYING,
    DOWN,
    EXPIRED,
    IMAP_HOST,
    LOST,
    MAIN,
    OTHER_CA,
    PANEL_PASSWORD,
    RESTARTED,
    SMTP,
    SMTP_HOST,
    SMTP_TERSE,
    TERSE,
    UNTRUSTED,
)

ALL = ("imaplib", "imapflow", "curl", "mbsync", "neomutt", "s-nail", "fetchmail", "offlineimap", "thunderbird")
SENDERS = ("smtplib", "nodemailer", "phpmailer", "curl", "swaks", "msmtp", "mutt", "s-nail", "thunderbird")
WITH_STARTTLS = ("imaplib", "imapflow", "curl", "mbsync", "fetchmail", "offlineimap", "neomutt", "thunderbird")
WITH_CERTIFICATE = (*ALL, "openssl")
SENDERS_CERTIFICATE = (*SENDERS, "openssl")
TERSE_SMTP = {SMTP_HOST: SMTP_TERSE}

REFUSED = r"Password mismatch|\(auth failed, \d+ attempts|SASL \w+ authentication failed"
NOBODY = r"unknown user|\(auth failed, \d+ attempts|SASL \w+ authentication failed"
TLS_FAILED = r"TLS handshaking|SSL_read failed|SSL_accept error|TLS library problem|no auth attempts|lost connection after|disconnected before auth"
LEFT = r"lost connection after|disconnect from|SSL_accept error|TLS library problem|improper command pipelining|non-SMTP command"


@dataclass(frozen=True)
class Scenario:
    """One way to fail. ``change`` is what differs from the article's settings; texts in it may hold {local} and
    {domain}."""

    name: str
    check: int | None
    cause: str
    """The check's cause, or another cause of the contract's list."""
    protocol: str
    programs: tuple[str, ...]
    line: str = ""
    """Pattern of the lines that are this failure's; empty: no line is to be found."""
    change: Mapping[str, object] = field(default_factory=dict)
    state: str = ""
    plan: str = "pro"
    verified: bool = True
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Names that resolve to another address here ({domain} is filled in)."""
    block: tuple[str, int] = ("", 0)
    before: bool = False
    """The same person's program worked earlier, from the same address."""
    hold: tuple[int, int] = (0, 0)
    """Connections of the same mailbox that are open meanwhile: from the same address, from others."""
    times: int = 1
    """How often the program tries, a while apart (a profile that polls)."""
    either: tuple[int, ...] = ()
    acceptable: tuple[int, ...] = ()
    second: tuple[str, str] = ("", "")
    """Another scenario that hits the same person too, and the program that shows it: either may be named first."""
    hook: str = ""
    """ban, restart, rate: what else the lab does to it."""
    story: str = ""
    told: bool = False
    """The customer tells host, port and security, without which nobody could name the cause."""


def _imap(
    name: str, check: int | None, cause: str, line: str = "", *, programs: tuple[str, ...] = ALL, **rest: object
) -> Scenario:
    return Scenario(name, check, cause, "imap", programs, line, **rest)  # type: ignore[arg-type]


def _smtp(
    name: str, check: int | None, cause: str, line: str = "", *, programs: tuple[str, ...] = SENDERS, **rest: object
) -> Scenario:
    return Scenario(name, check, cause, "smtp", programs, line, **rest)  # type: ignore[arg-type]


IMPLICIT_465 = {"port": 465, "tls": "implicit"}
PANEL = {"password": PANEL_PASSWORD}
CONFUSED = (2, 10)
"""A wrong password and a profile that keeps an old one: the server sees the same."""

SCENARIOS: tuple[Scenario, ...] = (
    # -- nobody complains --------------------------------------------------------------------------------------
    _imap("right-imap", None, "", programs=ALL[:-1]),
    _imap("right-imap-denying", None, "", programs=ALL[:-1], hosts={IMAP_HOST: DENYING}),
    _smtp("right-587", None, "", programs=SENDERS[:-1]),
    _smtp("right-465", None, "", programs=SENDERS[:-1], change=IMPLICIT_465),
    # -- 1: user name ------------------------------------------------------------------------------------------
    _imap("bare-imap", 1, "username", NOBODY, change={"user": "{local}"}),
    _imap("bare-imap-known", 1, "username", NOBODY, change={"user": "{local}"}, before=True),
    _imap("bare-imap-terse", 1, "username", NOBODY, change={"user": "{local}"}, hosts={IMAP_HOST: TERSE}),
    _smtp("bare-587", 1, "username", NOBODY, change={"user": "{local}"}),
    _smtp("bare-465", 1, "username", NOBODY, change={"user": "{local}", **IMPLICIT_465}),
    _imap("misspelt-domain", 1, "username", NOBODY, change={"user": "{local}@{typo}"}),
    _smtp("misspelt-domain-smtp", 1, "username", NOBODY, change={"user": "{local}@{typo}"}),
    _imap(
        "windows-domain",
        1,
        "username",
        r"Username character disallowed|\(auth failed",
        change={"user": "OFFICE\\{local}"},
        programs=("imaplib", "imapflow", "curl", "offlineimap", "thunderbird"),
    ),
    _imap(
        "bad-character",
        1,
        "username",
        r"Username character disallowed|\(auth failed",
        change={"user": "{mailbox};x"},
        programs=("imaplib", "imapflow", "offlineimap", "curl"),
    ),
    # -- 2: password -------------------------------------------------------------------------------------------
    _imap("panel-imap", 2, "password", REFUSED, change=PANEL, either=CONFUSED),
    _imap("panel-imap-known", 2, "password", REFUSED, change=PANEL, either=CONFUSED, before=True),
    _imap("panel-imap-terse", 2, "password", REFUSED, change=PANEL, acceptable=(2, 10, 1), hosts={IMAP_HOST: TERSE}),
    _smtp("panel-587", 2, "password", REFUSED, change=PANEL, either=CONFUSED),
    _smtp("panel-465", 2, "password", REFUSED, change={**PANEL, **IMPLICIT_465}, either=CONFUSED),
    _smtp("panel-587-terse", 2, "password", REFUSED, change=PANEL, acceptable=(2, 10, 1), hosts=TERSE_SMTP),
    _imap(
        "panel-penalty",
        2,
        "password",
        REFUSED,
        change=PANEL,
        either=CONFUSED,
        hosts={IMAP_HOST: DENYING},
        times=2,
        programs=("imaplib", "curl", "mbsync", "fetchmail"),
    ),
    # -- 3: host names -----------------------------------------------------------------------------------------
    _imap(
        "own-host-imap",
        3,
        "hostname",
        TLS_FAILED,
        change={"host": "imap.{domain}"},
        hosts={"imap.{domain}": MAIN},
        before=True,
        programs=WITH_CERTIFICATE,
    ),
    _imap(
        "own-mail-host-imap",
        3,
        "hostname",
        TLS_FAILED,
        change={"host": "mail.{domain}"},
        hosts={"mail.{domain}": MAIN},
        before=True,
        programs=WITH_CERTIFICATE,
    ),
    _smtp(
        "own-host-587",
        3,
        "hostname",
        TLS_FAILED,
        change={"host": "smtp.{domain}"},
        hosts={"smtp.{domain}": SMTP},
        before=True,
        programs=SENDERS_CERTIFICATE,
    ),
    _smtp(
        "own-host-465",
        3,
        "hostname",
        TLS_FAILED,
        change={"host": "mail.{domain}", **IMPLICIT_465},
        hosts={"mail.{domain}": SMTP},
        before=True,
        programs=SENDERS_CERTIFICATE,
    ),
    _imap(
        "bare-domain-host",
        3,
        "hostname",
        TLS_FAILED,
        change={"host": "trekmail.net"},
        hosts={"trekmail.net": MAIN},
        before=True,
        told=True,
    ),
    _imap("no-such-host-imap", 3, "hostname", change={"host": "imap.trekmial.net"}, told=True),
    _imap("no-such-own-host", 3, "hostname", change={"host": "imap.{domain}"}, told=True),
    _smtp("no-such-host-smtp", 3, "hostname", change={"host": "smpt.trekmail.net"}, told=True),
    # -- 4: ports and TLS --------------------------------------------------------------------------------------
    _imap(
        "starttls-993",
        4,
        "port",
        TLS_FAILED,
        change={"tls": "starttls"},
        before=True,
        told=True,
        programs=WITH_STARTTLS,
    ),
    _imap(
        "plain-993",
        4,
        "port",
        TLS_FAILED,
        change={"tls": "none"},
        before=True,
        told=True,
        programs=("imaplib", "imapflow", "curl", "mbsync", "fetchmail", "offlineimap", "thunderbird"),
    ),
    _smtp("starttls-465", 4, "port", TLS_FAILED, change={"port": 465, "tls": "starttls"}, before=True, told=True),
    _smtp("plain-465", 4, "port", TLS_FAILED, change={"port": 465, "tls": "none"}, before=True, told=True),
    _smtp("implicit-587", 4, "port", LEFT, change={"port": 587, "tls": "implicit"}, before=True, told=True),
    _smtp("plain-587", 4, "port", LEFT, change={"port": 587, "tls": "none"}, before=True, told=True),
    _smtp(
        "plain-587-no-login",
        4,
        "port",
        LEFT + r"|Must issue a STARTTLS",
        change={"port": 587, "tls": "none", "login": False},
        before=True,
        told=True,
    ),
    _imap(
        "port-143-starttls",
        4,
        "port",
        change={"port": 143, "tls": "starttls"},
        told=True,
        programs=WITH_STARTTLS,
        acceptable=(4, 5),
    ),
    _imap(
        "port-143-plain",
        4,
        "port",
        change={"port": 143, "tls": "none"},
        told=True,
        programs=("imaplib", "imapflow", "curl", "mbsync", "fetchmail", "offlineimap"),
        acceptable=(4, 5),
    ),
    _smtp("port-25", 4, "port", change={"port": 25}, told=True, acceptable=(4, 5)),
    _imap("old-tls-993", 4, "port", TLS_FAILED, change={"oldest_tls": True}, before=True, programs=("curl", "openssl")),
    _smtp(
        "old-tls-465",
        4,
        "port",
        TLS_FAILED,
        change={"oldest_tls": True, **IMPLICIT_465},
        before=True,
        programs=("curl", "swaks", "openssl"),
    ),
    _smtp(
        "old-tls-587",
        4,
        "port",
        TLS_FAILED,
        change={"oldest_tls": True},
        before=True,
        programs=("curl", "swaks", "openssl"),
    ),
    # -- 5: the network ----------------------------------------------------------------------------------------
    _imap("dropped-993", 5, "network", block=("drop", 993), told=True, acceptable=(5, 3)),
    _imap("prohibited-993", 5, "network", block=("prohibited", 993), told=True, acceptable=(5, 3)),
    _imap("eaten-993", 5, "network", block=("eat", 993), told=True, acceptable=(5, 4), before=True),
    _smtp("dropped-587", 5, "network", block=("drop", 587), told=True, acceptable=(5, 3)),
    _smtp("reset-465", 5, "network", block=("reset", 465), change=IMPLICIT_465, told=True, acceptable=(5, 3)),
    _smtp("prohibited-587", 5, "network", block=("prohibited", 587), told=True, acceptable=(5, 3)),
    # -- 6: connections ----------------------------------------------------------------------------------------
    _imap("cap-address", 6, "connections", r"Maximum number of connections", hold=(10, 0), plan="nano"),
    _imap(
        "cap-address-known", 6, "connections", r"Maximum number of connections", hold=(10, 0), plan="nano", before=True
    ),
    _imap("cap-total", 6, "connections", r"denied access|script-login", hold=(0, 15), plan="nano"),
    # -- 7: the plan -------------------------------------------------------------------------------------------
    _smtp("nano-sender-587", 7, "plan", r"reject: ", state="refused-sender", plan="nano"),
    _smtp("nano-login-587", 7, "plan", r"reject: ", state="refused-login", plan="nano"),
    _smtp("nano-login-465", 7, "plan", r"reject: ", change=IMPLICIT_465, state="refused-login", plan="nano"),
    # -- 8: limits ---------------------------------------------------------------------------------------------
    _smtp("hourly", 8, "limit", r"reject: ", state="hourly", plan="starter", before=True),
    _smtp("daily", 8, "limit", r"reject: ", state="daily", plan="starter", before=True),
    _smtp(
        "account-daily-465", 8, "limit", r"reject: ", change=IMPLICIT_465, state="account", plan="starter", before=True
    ),
    _smtp("message-rate", 8, "limit", r"Message delivery request rate limit", programs=SENDERS[:-1], hook="rate"),
    # -- 9: paused ---------------------------------------------------------------------------------------------
    _imap("paused-nologin", 9, "paused", r"internal failure|Login disabled|nologin", state="nologin", before=False),
    _imap("paused-denied", 9, "paused", r"deny passdb|user disabled", state="denied", hosts={IMAP_HOST: DENYING}),
    _smtp(
        "paused-denied-587",
        9,
        "paused",
        r"deny passdb|SASL \w+ authentication failed",
        state="denied",
        hosts={SMTP_HOST: DENYING},
    ),
    _imap("paused-networks", 9, "paused", r"allow_nets|\(auth failed", state="networks"),
    _smtp(
        "paused-networks-465",
        9,
        "paused",
        r"allow_nets|SASL \w+ authentication failed",
        change=IMPLICIT_465,
        state="networks",
    ),
    _imap("paused-hash", 9, "paused", REFUSED, state="hash"),
    _smtp("paused-hash-587", 9, "paused", REFUSED, state="hash"),
    _imap("paused-removed", 9, "paused", NOBODY, state="removed"),
    _smtp("paused-removed-587", 9, "paused", NOBODY, state="removed"),
    _imap("paused-terse", 9, "paused", NOBODY, state="removed", hosts={IMAP_HOST: TERSE}),
    _imap("unverified", 9, "paused", NOBODY, state="removed", verified=False),
    # -- 10: the old profile -----------------------------------------------------------------------------------
    _imap(
        "old-password",
        10,
        "stale",
        REFUSED,
        change={"password": "Winter-2024"},
        before=True,
        times=3,
        story="worked",
        either=CONFUSED,
    ),
    _smtp(
        "old-password-587",
        10,
        "stale",
        REFUSED,
        change={"password": "Winter-2024"},
        before=True,
        times=3,
        story="worked",
        either=CONFUSED,
    ),
    _imap(
        "pinned-authority",
        10,
        "stale",
        TLS_FAILED,
        change={"ca": OTHER_CA},
        before=True,
        story="moved",
        acceptable=(10,),
        programs=("imaplib", "imapflow", "curl", "mbsync", "fetchmail", "offlineimap"),
    ),
    _imap(
        "old-host",
        10,
        "stale",
        change={"host": "imap.oldhost.example"},
        hosts={"imap.oldhost.example": LOST},
        story="switched",
        told=True,
        acceptable=(10, 3),
    ),
    # -- other causes ------------------------------------------------------------------------------------------
    _imap(
        "expired-imap",
        None,
        "certificate_expired",
        TLS_FAILED,
        hosts={IMAP_HOST: EXPIRED},
        before=True,
        programs=WITH_CERTIFICATE,
    ),
    _smtp(
        "expired-587",
        None,
        "certificate_expired",
        TLS_FAILED,
        hosts={SMTP_HOST: EXPIRED},
        before=True,
        programs=SENDERS_CERTIFICATE,
    ),
    _imap(
        "untrusted-imap",
        None,
        "server_cert_trust",
        TLS_FAILED,
        hosts={IMAP_HOST: UNTRUSTED},
        before=True,
        acceptable=(10, 5),
        programs=WITH_CERTIFICATE,
    ),
    _smtp(
        "untrusted-465",
        None,
        "server_cert_trust",
        TLS_FAILED,
        change=IMPLICIT_465,
        hosts={SMTP_HOST: UNTRUSTED},
        before=True,
        acceptable=(10, 5),
        programs=SENDERS_CERTIFICATE,
    ),
    _imap(
        "backend-down-imap",
        None,
        "server_side",
        r"temporary failure|Disconnected from server",
        hosts={IMAP_HOST: DOWN},
        story="all_fail",
    ),
    _smtp(
        "backend-down-587",
        None,
        "server_side",
        r"authentication failed|Disconnected from server",
        hosts={SMTP_HOST: DOWN},
        story="all_fail",
    ),
    _imap(
        "restart",
        None,
        "server_side",
        r"[Ss]erver shutting down|shutting down|Connection closed|Shutting down",
        hosts={IMAP_HOST: RESTARTED},
        programs=("imaplib",),
        change={"mechanism": "idle"},
        hook="restart",
    ),
    _imap(
        "banned",
        None,
        "blocked_after_failures",
        r" Ban |Password mismatch|\(auth failed",
        hook="ban",
        acceptable=(5,),
        told=True,
    ),
    _imap(
        "no-mechanism",
        None,
        "auth_method",
        r"unsupported|no auth attempts|auth failed|Aborted",
        change={"mechanism": "CRAM-MD5"},
        before=True,
        programs=("imaplib", "curl"),
    ),
    _imap("quota", None, "quota_full", change={"size": 9000}, state="full", programs=("imaplib", "curl")),
    _smtp("too-large", None, "message_too_large", r"size|file too big|too big", change={"size": 40_000}),
    _smtp(
        "unknown-recipient",
        None,
        "recipient_refused",
        r"reject: ",
        change={"to": "jonathan@{domain}"},
        story="own_domain",
    ),
    _smtp("not-owned-587", None, "sender_not_owned", r"reject: ", change={"sender": "office@{domain}"}),
    _smtp("not-owned-465", None, "sender_not_owned", r"reject: ", change={"sender": "office@{domain}", **IMPLICIT_465}),
    _smtp("no-login-587", None, "smtp_auth_off", r"reject: ", change={"login": False}, before=True),
    _smtp("no-login-465", None, "smtp_auth_off", r"reject: ", change={"login": False, **IMPLICIT_465}, before=True),
    # -- two causes at once ------------------------------------------------------------------------------------
    _imap(
        "two-tls-and-password",
        4,
        "port",
        TLS_FAILED,
        change={"tls": "starttls"},
        before=True,
        told=True,
        second=("panel-587", "msmtp"),
        programs=WITH_STARTTLS,
    ),
    _imap("two-name-and-no-login", 1, "username", NOBODY, change={"user": "{local}"}, second=("no-login-587", "msmtp")),
)
BY_NAME = {s.name: s for s in SCENARIOS}


def one_of(scenario: Scenario) -> list[int | str]:
    """What may be named first where two things are wrong at once; empty where one is."""
    if not scenario.second[0]:
        return []
    both = (scenario, BY_NAME[scenario.second[0]])
    return [answer for s in both for answer in (s.either or (s.check or s.cause,))]


def line_of(scenario: Scenario) -> str:
    """The pattern of the lines that are the failure's (or either failure's); empty: there is none."""
    second = BY_NAME[scenario.second[0]].line if scenario.second[0] else ""
    return "|".join(pattern for pattern in (scenario.line, second) if pattern)


def own_lines(lines: Sequence[str], scenario: Scenario) -> tuple[int, ...]:
    """Which of a case's lines are its failure's."""
    pattern = line_of(scenario)
    return tuple(n for n, line in enumerate(lines) if pattern and re.search(pattern, line))
