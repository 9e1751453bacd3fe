"""What Dovecot 2.3 writes for one connection; the wording is that of a real 2.3.19 behind syslog."""

from __future__ import annotations

from datetime import datetime

from tests.eval.joined.journal import HOSTS, Journal, later

CLOSED = "Connection closed"
LOGOUT = "Aborted login by logging out"
ALERTS = {
    "bad_certificate": "error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42",
    "certificate_unknown": "error:0A000416:SSL routines::sslv3 alert certificate unknown: SSL alert number 46",
    "certificate_expired": "error:0A000415:SSL routines::sslv3 alert certificate expired: SSL alert number 45",
    "unknown_ca": "error:0A000418:SSL routines::tlsv1 alert unknown ca: SSL alert number 48",
    "unsupported_protocol": "error:0A000102:SSL routines::unsupported protocol",
    "no_shared_cipher": "error:0A0000C1:SSL routines::no shared cipher",
    "http_request": "error:0A00009C:SSL routines::http request",
    "wrong_version": "error:0A00010B:SSL routines::wrong version number",
}
ENDINGS = (
    "Logged out",
    "Connection closed (No commands sent)",
    "Connection closed (IDLE running for 0.001 + waiting input for 720.991 secs, 2 B in + 41 B out, state=wait-input)",
    "Connection closed (UID FETCH finished 54.695 secs ago)",
    "Connection closed (SELECT finished 60.372 secs ago)",
)


def login(journal: Journal, host: str, at: datetime, user: str, rip: str, *, hold: float | None = None) -> list[str]:
    """A session that works: ``Login:`` and, after ``hold`` seconds, the end."""
    begun, pid = later(at, -0.2), journal.pid(at)
    session = journal.session(begun, rip)
    lines = [
        journal.write(
            host,
            at,
            f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={rip}, lip={HOSTS[host].local(rip)}, "
            f"mpid={pid}, TLS, session=<{session}>",
        )
    ]
    ending = journal.rng.choice(ENDINGS)
    into, out = journal.rng.randint(30, 3000), journal.rng.randint(400, 240_000)
    length = hold if hold is not None else journal.rng.choice((1, 3, 31, 95, 1800))
    journal.write(
        host,
        later(at, length + journal.rng.random()),
        f"dovecot: imap({user})<{pid}><{session}>: Disconnected: {ending} in={into} out={out} deleted={journal.rng.randint(0, 2)} "
        f"expunged={journal.rng.randint(0, 1)} trashed=0 hdr_count={journal.rng.randint(0, 30)} hdr_bytes={journal.rng.randint(0, 40000)} "
        f"body_count={journal.rng.randint(0, 5)} body_bytes={journal.rng.randint(0, 200000)}",
    )
    return [line for line in lines if line]


def _end(
    journal: Journal,
    host: str,
    at: datetime,
    head: str,
    why: str,
    user: str,
    rip: str,
    session: str,
    *,
    tls: str = "TLS",
) -> str | None:
    method = "method=PLAIN, " if user else ""
    return journal.write(
        host,
        at,
        f"dovecot: imap-login: Disconnected: {head} ({why}): user=<{user}>, {method}rip={rip}, "
        f"lip={HOSTS[host].local(rip)}, {tls}, session=<{session}>",
    )


def auth_failed(
    journal: Journal,
    host: str,
    at: datetime,
    user: str,
    rip: str,
    reason: str,
    *,
    attempts: int = 1,
    head: str = CLOSED,
) -> list[str]:
    """Attempts that a passdb refuses: one auth line each (``auth_verbose``), one login line at the end."""
    session, lines = journal.session(at, rip), []
    moment = later(at, 0.15)
    for _ in range(attempts):
        lines.append(journal.write(host, moment, f"dovecot: auth: passwd-file({user},{rip},<{session}>): {reason}"))
        moment = later(moment, 2.01)
    plural = f"auth failed, {attempts} attempts in {2 * attempts} secs"
    lines.append(
        _end(journal, host, moment, head, plural, user, rip, session, tls="TLS" if head == LOGOUT else f"TLS: {CLOSED}")
    )
    return [line for line in lines if line]


def refused(
    journal: Journal, host: str, at: datetime, user: str, rip: str, why: str, *, note: str | None = None
) -> list[str]:
    """A login that ends for another reason: user disabled, internal failure, temporary failure."""
    session, lines = journal.session(at, rip), []
    if note:
        lines.append(journal.write(host, later(at, 0.1), f"dovecot: auth: {note}"))
    lines.append(
        _end(journal, host, later(at, 2.1 if note else 0.4), CLOSED, why, user, rip, session, tls=f"TLS: {CLOSED}")
    )
    return [line for line in lines if line]


def connection_limit(journal: Journal, host: str, at: datetime, user: str, rip: str, cap: int) -> list[str]:
    """The cap for one user from one address (``mail_max_userip_connections``)."""
    line = journal.write(
        host,
        at,
        "dovecot: imap-login: Disconnected: Maximum number of connections from user+IP exceeded "
        f"(mail_max_userip_connections={cap}): user=<{user}>, method=PLAIN, rip={rip}, lip={HOSTS[host].local(rip)}, "
        f"TLS, session=<{journal.session(later(at, -0.2), rip)}>",
    )
    return [line] if line else []


def total_limit(journal: Journal, host: str, at: datetime, user: str, rip: str) -> list[str]:
    """The cap over all addresses, enforced by a post-login script: the login succeeds first."""
    session, pid = journal.session(later(at, -0.2), rip), journal.pid(at)
    lines = [
        journal.write(
            host,
            at,
            f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={rip}, lip={HOSTS[host].local(rip)}, mpid={pid}, "
            f"TLS, session=<{session}>",
        ),
        journal.write(
            host,
            later(at, 0.05),
            f"dovecot: imap-postlogin: Fatal: master: service(imap-postlogin): child {pid + 1} returned error 1",
        ),
        journal.write(
            host,
            later(at, 0.06),
            f"dovecot: imap({user}): Error: Post-login script denied access to user {user} (connection created 21 "
            f"msecs ago, client created 21 msecs ago: session={session}, rip={rip}, auth_pid=1150, client-pid={pid - 8}, "
            "client-id=1, post-login script /usr/local/bin/imap-postlogin started 21 msecs ago)",
        ),
    ]
    return [line for line in lines if line]


def tls_alert(journal: Journal, host: str, at: datetime, rip: str, alert: str) -> list[str]:
    """A handshake that one side ends with an alert or a protocol error."""
    error = f"SSL_accept() failed: {ALERTS[alert]}"
    line = _end(
        journal,
        host,
        later(at, 0.1),
        f"{CLOSED}: {error}",
        "no auth attempts in 0 secs",
        "",
        rip,
        journal.session(at, rip),
        tls=f"TLS handshaking: {error}",
    )
    return [line] if line else []


def reset_by_peer(journal: Journal, host: str, at: datetime, rip: str) -> list[str]:
    """A client that drops the connection once it has read our certificate."""
    error = "read(size=620) failed: Connection reset by peer"
    line = _end(
        journal,
        host,
        later(at, 0.2),
        f"{CLOSED}: {error}",
        "no auth attempts in 0 secs",
        "",
        rip,
        journal.session(at, rip),
        tls=f"TLS: {error}",
    )
    return [line] if line else []


def left(
    journal: Journal, host: str, at: datetime, rip: str, *, seconds: int = 0, handshaking: bool = False
) -> list[str]:
    """A connection without a login: a probe, plain text on the TLS port (``handshaking``, 12 s and more)."""
    written = later(at, seconds + 0.1)
    session = journal.session(written if seconds >= 2 else at, rip)
    line = _end(
        journal,
        host,
        written,
        CLOSED,
        f"no auth attempts in {seconds} secs",
        "",
        rip,
        session,
        tls=f"TLS handshaking: {CLOSED}" if handshaking else f"TLS: {CLOSED}",
    )
    return [line] if line else []
