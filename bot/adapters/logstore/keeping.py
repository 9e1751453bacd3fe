"""Which server lines a log store keeps verbatim, sums up, or only counts. One rule for every back-end.

Kept verbatim is what can explain a failure: every failure and refusal, TLS trouble, a connection that left
without a login, bans, client IDs, faults of the server. Successes are summed, sessions kept as intervals; the
rest only counts for coverage.
"""

from __future__ import annotations

from typing import Final

from bot.logs.event import LogEvent

EXPLAINING: Final = frozenset(
    {
        "auth_failed",
        "no_auth_attempts",
        "cleartext_refused",
        "connection_limit",
        "tls_failed",
        "auth_unavailable",
        "login_disabled",
        "sender_rejected",
        "recipient_rejected",
        "relay_denied",
        "plan_rejected",
        "rate_limited",
        "message_too_large",
        "quota_exceeded",
        "client_rejected",
        "lost_connection",
        "too_many_errors",
        "deferred",
        "bounced",
        "server_error",
        "ban",
        "unban",
        "client_id",
    }
)
"""Events that are kept whatever their outcome."""

SESSION_SERVICES: Final = frozenset({"imap", "pop3"})
"""Services whose login opens a session that is counted; Postfix only authenticates."""

FACES: Final = frozenset({"imap", "pop3", "smtp", "submission", "smtps"})
"""Services that a host's coverage names."""

TROUBLE: Final = ("error", "fatal", "panic", "warning", "reject", "denied", "fail", "refused", "exceeded")
"""Words that make a line worth keeping though nothing recognises it."""

FAMILIES: Final = ("dovecot", "postfix", "fail2ban")


def family(program: str | None) -> str | None:
    """The program family whose log a line belongs to: dovecot, postfix, fail2ban; None for any other."""
    for name in FAMILIES:
        if program is not None and program.startswith(name):
            return name
    return None


def is_troubled(line: str) -> bool:
    """True where the line's words are worth keeping though nothing recognises it."""
    text = line[:2000].lower()
    for word in TROUBLE:  # noqa: SIM110 - one line in five is asked, and any() takes twice as long
        if word in text:
            return True
    return False


def is_kept(event: LogEvent) -> bool:
    """True where the line may explain a failure and is kept verbatim."""
    if event.outcome == "failure" or event.event in EXPLAINING:
        return True
    if event.event == "disconnect":
        return _left_without_login(event)
    if event.event in ("other", "unknown") and (event.event == "unknown" or event.outcome != "success"):
        return is_troubled(event.raw)
    return False


def _left_without_login(event: LogEvent) -> bool:
    """A disconnect that tells something: no login in it, or commands that were refused.

    Postfix counts commands as ok/total (smtpd.c): ``ehlo=1 auth=0/1 commands=1/2``. On port 25 other mail
    servers come and go without a login, so there only refused commands count.
    """
    if event.program is None or not event.program.startswith("postfix"):
        return event.login is None
    _, _, counts = event.raw[:2000].rpartition("] ")
    if "/" in counts:
        return True
    return event.service != "smtp" and "auth=" not in counts


def is_login(event: LogEvent) -> bool:
    """True for a login that succeeded under a name that is known: it is summed."""
    return event.event == "login" and event.outcome == "success" and bool(event.mailbox or event.login)


def ends_session(event: LogEvent) -> bool:
    """True for the line that ends an IMAP or POP3 session (logged out, or the connection went away)."""
    if event.service not in SESSION_SERVICES or event.session is None:
        return False
    return event.event == "logout" or (event.event == "disconnect" and event.login is not None)


def is_probe_like(event: LogEvent) -> bool:
    """True for a connection that came and left without a login: what health probes look like."""
    if event.remote_ip is None:
        return False
    return event.event == "no_auth_attempts" or (event.event in ("disconnect", "lost_connection") and not event.login)


def face_of(event: LogEvent) -> str:
    """Under which service a login is summed. ``secured`` without TLS is a login from the host's own machines: the
    webmail. It proves the password and says nothing of the customer's address or program."""
    return "webmail" if event.tls == "secured" else event.service or ""
