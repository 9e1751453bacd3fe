"""The decoded form of one mail-server log line, and the closed lists of words it may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

EVENTS: Final = frozenset(
    {
        "login",
        "auth_failed",
        "no_auth_attempts",
        "cleartext_refused",
        "connection_limit",
        "tls_failed",
        "auth_unavailable",
        "login_disabled",
        "connect",
        "disconnect",
        "logout",
        "message_accepted",
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
        "sent",
        "deferred",
        "bounced",
        "server_error",
        "other",
        "unknown",
        "ban",
        "unban",
        "client_id",
    }
)
"""Every value of :attr:`LogEvent.event` (docs: the contract's closed list)."""

OUTCOMES: Final = frozenset({"success", "failure", "neutral"})


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One server line, decoded. Fields that the line does not state are None; nothing is guessed.

    ``time`` is an aware UTC datetime (microseconds where the line has them), or None where the line has no
    time that can be read. ``login`` is the user name exactly as the server logged it; ``mailbox`` is its
    lower-cased form where it is a full address (one ``@`` with text on both sides), else None. ``raw`` is
    the line as read, with secrets masked. ``reason`` is Dovecot 2.4's login_aborted code (2.2 and 2.3 texts
    are mapped to it) or, for an auth line, one of: password_mismatch, unknown_user, user_disabled,
    password_expired, not_allowed_from_here, invalid_credentials, mechanism_unsupported, temp_fail.
    """

    raw: str
    event: str = "unknown"
    outcome: str = "neutral"
    time: datetime | None = None
    host: str | None = None
    program: str | None = None
    """The daemon as logged: ``dovecot``, ``postfix/smtps/smtpd``, ``fail2ban.actions``."""
    service: str | None = None
    """The protocol face: imap, pop3, smtp (port 25), submission, smtps, sieve, lmtp, auth, ban; else None."""
    pid: int | None = None
    session: str | None = None
    queue_id: str | None = None
    reason: str | None = None
    mailbox: str | None = None
    login: str | None = None
    remote_ip: str | None = None
    remote_port: int | None = None
    local_ip: str | None = None
    tls: str | None = None
    """``tls`` (established), ``none`` (plaintext), ``handshake`` (not finished), ``secured`` (local or
    proxied without TLS) or a protocol version such as ``TLSv1.3``; None where the line does not say."""
    mechanism: str | None = None
    reply_code: int | None = None
    enhanced_status: str | None = None
    format: str | None = None
    """The envelope: rfc3164, rfc3339, rfc5424, dovecot, journald, fail2ban, tai64n, bare."""
    detail: str | None = None
    """The part of the message that says what happened: TLS reason, reject text, banner of a limit."""
    sender: str | None = None
    recipient: str | None = None
    client: str | None = None
    """Client name from an IMAP ID line."""
    client_version: str | None = None
    attempts: int | None = None
    seconds: int | None = None
    limit: int | None = None
    """The number that a cap names, for example mail_max_userip_connections=10."""

    def to_json(self) -> dict[str, Any]:
        """This event as the contract's JSON object (``time`` as RFC 3339 in UTC with ``Z``)."""
        out = asdict(self)
        out["time"] = rfc3339(self.time)
        return out


def rfc3339(moment: datetime | None) -> str | None:
    """``moment`` in UTC with a ``Z``, milliseconds only where there are any; None stays None."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat(timespec="microseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
