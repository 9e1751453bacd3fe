"""Lines as Dovecot 2.3 and Postfix 3.7 write them, wrapped as each mail host's syslog does.

The shapes are those of real daemons (Debian 12). Session ids agree with the line's time, port and address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.logs.session import encode

TLS = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256"
COUNTS = "deleted=0 expunged=0 trashed=0 hdr_count=0 hdr_bytes=0 body_count=0 body_bytes=0"

Line = tuple[datetime, str]


@dataclass(frozen=True)
class Host:
    """A mail host: its short name, its address and how it stamps its lines."""

    name: str
    address: str
    stamps: str

    def line(self, moment: datetime, message: str) -> Line:
        """``message`` as this host's syslog would write it at ``moment`` (UTC)."""
        if self.stamps == "rfc3164":
            return moment, f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S} {self.name} {message}"
        return moment, f"{moment:%Y-%m-%dT%H:%M:%S.%f}+00:00 {self.name} {message}"


HOSTS = {
    h.name: h
    for h in (
        Host("imap1", "192.0.2.11", "rfc3164"),
        Host("imap2", "192.0.2.12", "rfc3339"),
        Host("smtp1", "192.0.2.21", "rfc3339"),
        Host("smtp2", "192.0.2.22", "rfc3164"),
    )
}


def later(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)


def imap_refused(
    host: Host,
    at: datetime,
    user: str,
    ip: str,
    port: int,
    reason: str = "Password mismatch",
    *,
    wait: int = 2,
    verbose: bool = True,
) -> Iterator[Line]:
    """One refused IMAP login: the auth line with its reason (``auth_verbose``) and the login process's line."""
    session = encode(at, port, ip)
    if verbose:
        yield host.line(at, f"dovecot: auth: passwd-file({user},{ip},<{session}>): {reason}")
    yield host.line(
        later(at, wait),
        f"dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in {wait} secs): "
        f"user=<{user}>, method=PLAIN, rip={ip}, lip={host.address}, TLS, session=<{session}>",
    )


def imap_session(
    host: Host, at: datetime, user: str, ip: str, port: int, seconds: float | None = 20.0, pid: int = 0
) -> Iterator[Line]:
    """A good IMAP login and, after ``seconds``, its end (None: it stays open)."""
    session, pid = encode(at, port, ip), pid or 600_000 + port
    yield host.line(
        at,
        f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={ip}, lip={host.address}, mpid={pid}, TLS, session=<{session}>",
    )
    if seconds is not None:
        yield host.line(
            later(at, seconds),
            f"dovecot: imap({user})<{pid}><{session}>: Disconnected: Logged out in=312 out=9120 {COUNTS}",
        )


def imap_tls_failed(host: Host, at: datetime, ip: str, port: int, error: str) -> Iterator[Line]:
    """A TLS handshake that failed: ``error`` is OpenSSL's text. The line names no mailbox."""
    yield host.line(
        at,
        f"dovecot: imap-login: Disconnected: Connection closed: SSL_accept() failed: {error} (no auth attempts in 0 secs): "
        f"user=<>, rip={ip}, lip={host.address}, TLS handshaking: SSL_accept() failed: {error}, session=<{encode(at, port, ip)}>",
    )


def smtp_visit(
    host: Host, at: datetime, ip: str, pid: int, middle: Sequence[str], counts: str, face: str = "submission"
) -> Iterator[Line]:
    """One connection to a submission port: connect, TLS, the lines of ``middle``, disconnect with ``counts``."""
    program = f"postfix/{face}/smtpd[{pid}]:"
    texts = [
        f"connect from unknown[{ip}]",
        f"Anonymous TLS connection established from unknown[{ip}]: {TLS}",
        *middle,
        f"disconnect from unknown[{ip}] {counts}",
    ]
    for number, text in enumerate(texts):
        yield host.line(later(at, 0.3 * number), text if text.startswith("dovecot: ") else f"{program} {text}")


def smtp_refused(
    host: Host,
    at: datetime,
    user: str,
    ip: str,
    pid: int,
    reason: str = "Password mismatch",
    *,
    face: str = "submission",
    verbose: bool = True,
    method: str = "PLAIN",
) -> Iterator[Line]:
    """One refused SMTP login, with Dovecot's reason (``auth_verbose``) or without."""
    middle = [f"dovecot: auth: passwd-file({user},{ip}): {reason}"] if verbose else []
    middle += [
        f"warning: unknown[{ip}]: SASL {method} authentication failed: (reason unavailable), sasl_username={user}",
        f"lost connection after AUTH from unknown[{ip}]",
    ]
    hello = "ehlo=1" if face == "smtps" else "ehlo=2 starttls=1"
    yield from smtp_visit(
        host, at, ip, pid, middle, f"{hello} auth=0/1 commands={'1/2' if face == 'smtps' else '3/4'}", face
    )
