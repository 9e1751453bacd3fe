"""Why a customer's mail fails: what the server writes for it, what the client shows, and what the right answer is.

The server lines are those that a lab of real daemons wrote for the same fault; ``play`` repeats them for one victim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tests.eval.joined import dovecot_lines as dovecot
from tests.eval.joined import postfix_lines as postfix
from tests.eval.joined.journal import HOSTS, Journal, later

MISMATCH, UNKNOWN = "Password mismatch", "unknown user"
WRONG_VERSION = "error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:350"
BAD_CERTIFICATE = (
    "error:0A000412:SSL routines::sslv3 alert bad certificate:../ssl/record/rec_layer_s3.c:1601:SSL alert number 42"
)
UNKNOWN_CA = "error:0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48"
OLD_TLS = "error:0A000102:SSL routines::unsupported protocol:../ssl/statem/statem_srvr.c:1664"


@dataclass(frozen=True)
class Victim:
    """Whose failure it is: the mailbox, the user name that the client sends, the address, the recipient, the plan's
    cap."""

    mailbox: str
    login: str
    rip: str
    to: str
    cap: int
    reply: str | None = None
    colleague: str = ""


Play = Callable[[Journal, str, datetime, Victim], list[str]]


@dataclass(frozen=True)
class Cause:
    """One scenario. ``symptom`` picks the client's text; ``past`` says whether the device's own earlier successes
    are seen: before, around (other devices keep working), never or any."""

    name: str
    cause: str
    check: int | None
    protocol: str
    symptom: str
    play: Play | None
    why: str
    acceptable: tuple[int, ...] = ()
    login: str = "full"
    reply: str | None = None
    plans: tuple[str, ...] = ()
    paused: bool = False
    verified: bool = True
    ask: bool = False
    trap: str | None = None
    absence: str | None = None
    past: str = "any"
    nameless: bool = False
    steady: bool = False
    story: str = ""
    host: str = ""
    port: int | None = None
    tls: str | None = None
    weight: int = 2

    @property
    def accepted(self) -> list[int]:
        """acceptable_checks of the gold answer."""
        return list(self.acceptable) or ([self.check] if self.check else [])


def _imap_auth(reason: str) -> Play:
    def play(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
        return dovecot.auth_failed(
            j,
            host,
            at,
            v.login,
            v.rip,
            reason,
            attempts=j.rng.choice((1, 1, 1, 2, 3)),
            head=j.rng.choice((dovecot.CLOSED, dovecot.LOGOUT)),
        )

    return play


def _smtp_auth(reason: str) -> Play:
    def play(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
        return postfix.auth_failed(
            j,
            host,
            at,
            v.login,
            v.rip,
            reason,
            service=j.rng.choice(("submission", "smtps")),
            methods=j.rng.choice((("PLAIN",), ("LOGIN",), ("PLAIN", "LOGIN"))),
        )

    return play


def _alert(alert: str) -> Play:
    return lambda j, host, at, v: dovecot.tls_alert(j, host, at, v.rip, alert)


def _smtp_tls(error: str | None, service: str) -> Play:
    return lambda j, host, at, v: postfix.tls_error(j, host, at, v.rip, error, service=service)


def _refused(why: str, note: str | None = None) -> Play:
    return lambda j, host, at, v: dovecot.refused(j, host, at, v.login, v.rip, why, note=note)


def _reject(*, auth: bool = True) -> Play:
    def play(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
        sender = v.colleague if v.reply and "not owned" in v.reply else v.mailbox
        return postfix.rejected(
            j, host, at, v.rip, sender, v.to, v.reply or "", service=j.rng.choice(("submission", "smtps")), auth=auth
        )

    return play


def _plain_on_tls(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
    return dovecot.left(j, host, at, v.rip, seconds=j.rng.randint(12, 20), handshaking=True)


def _plain_on_465(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
    return postfix.tls_error(j, host, at, v.rip, j.rng.choice((None, WRONG_VERSION)), service="smtps")


def _old_password(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
    return dovecot.auth_failed(j, host, at, v.login, v.rip, MISMATCH, head=dovecot.LOGOUT)


def _bad_character(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
    session, code = j.session(at, v.rip), f"0x{ord(';'):02x}"
    lines = [
        j.write(
            host,
            later(at, 0.1),
            f"dovecot: auth: plain(?,{v.rip},<{session}>): Username character disallowed by auth_username_chars: {code} (username: {v.login})",
        )
    ]
    lines.append(
        j.write(
            host,
            later(at, 2.1),
            f"dovecot: imap-login: Disconnected: {dovecot.CLOSED} (auth failed, 1 attempts in 2 secs): user=<{v.login}>, method=PLAIN, "
            f"rip={v.rip}, lip={HOSTS[host].local(v.rip)}, TLS: {dovecot.CLOSED}, session=<{session}>",
        )
    )
    return [line for line in lines if line]


def _quota(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
    dovecot.login(j, host, at, v.mailbox, v.rip, hold=1)
    return []  # a refused APPEND leaves no line of its own


def _sent_without_tls(j: Journal, host: str, at: datetime, v: Victim) -> list[str]:
    return postfix.silent_leave(j, host, at, v.rip, counters="ehlo=1 auth=0/1 quit=1 commands=2/3", after="EHLO")


CAUSES: tuple[Cause, ...] = (
    Cause(
        "bare-imap",
        "username_not_full_address",
        1,
        "IMAP",
        "imap_auth",
        _imap_auth(UNKNOWN),
        "IMAP username is the local part only",
        login="bare",
        weight=4,
    ),
    Cause(
        "bare-smtp",
        "username_not_full_address",
        1,
        "SMTP",
        "smtp_auth",
        _smtp_auth(UNKNOWN),
        "SMTP username is the local part only",
        login="bare",
        weight=3,
    ),
    Cause(
        "typo-imap",
        "username_not_full_address",
        1,
        "IMAP",
        "imap_auth",
        _imap_auth(UNKNOWN),
        "user name typed with a misspelt domain; only the log shows it",
        login="typo",
        weight=4,
    ),
    Cause(
        "typo-smtp",
        "username_not_full_address",
        1,
        "SMTP",
        "smtp_auth",
        _smtp_auth(UNKNOWN),
        "user name typed with a misspelt domain; only the log shows it",
        login="typo",
        past="before",
    ),
    Cause(
        "bad-character",
        "username_not_full_address",
        1,
        "IMAP",
        "imap_auth",
        _bad_character,
        "a character that user names cannot have",
        login="bad",
        weight=1,
    ),
    Cause(
        "wrong-imap",
        "wrong_or_dashboard_password",
        2,
        "IMAP",
        "imap_auth",
        _imap_auth(MISMATCH),
        "IMAP with the dashboard password",
        acceptable=(2, 10),
        past="never",
        weight=5,
    ),
    Cause(
        "wrong-smtp",
        "wrong_or_dashboard_password",
        2,
        "SMTP",
        "smtp_auth",
        _smtp_auth(MISMATCH),
        "SMTP with the dashboard password",
        acceptable=(2, 10),
        weight=4,
    ),
    Cause(
        "imap-ok-smtp-bad",
        "wrong_or_dashboard_password",
        2,
        "SMTP",
        "smtp_auth",
        _smtp_auth(MISMATCH),
        "IMAP works from the same address, SMTP refuses the password",
        acceptable=(2, 10),
        past="around",
        trap="imap_ok",
        story="receive_ok",
        weight=3,
    ),
    Cause(
        "contradiction",
        "wrong_or_dashboard_password",
        2,
        "IMAP",
        "imap_auth",
        _imap_auth(MISMATCH),
        "log shows successful sessions after the reported failure",
        acceptable=(2, 10),
        past="after",
        ask=True,
        trap="contradiction",
        weight=4,
    ),
    Cause(
        "name-imap",
        "wrong_hostname",
        3,
        "IMAP",
        "cert_name",
        _alert("bad_certificate"),
        "host name of the customer's own domain, certificate for another",
        nameless=True,
        past="around",
        host="own",
        weight=3,
    ),
    Cause(
        "name-imap-reset",
        "wrong_hostname",
        3,
        "IMAP",
        "cert_name",
        lambda j, h, at, v: dovecot.reset_by_peer(j, h, at, v.rip),
        "name mismatch, client resets",
        nameless=True,
        past="around",
        host="own",
    ),
    Cause(
        "name-smtp",
        "wrong_hostname",
        3,
        "SMTP",
        "cert_name_smtp",
        _smtp_tls(BAD_CERTIFICATE, "submission"),
        "name mismatch on 587",
        nameless=True,
        past="around",
        host="own",
    ),
    Cause(
        "dns-imap",
        "wrong_hostname",
        3,
        "IMAP",
        "imap_unknown_host",
        None,
        "host does not resolve",
        ask=True,
        trap="absence",
        absence="proven",
        host="typo",
        weight=4,
    ),
    Cause(
        "dns-smtp",
        "wrong_hostname",
        3,
        "SMTP",
        "smtp_unknown_host",
        None,
        "host does not resolve",
        trap="absence",
        absence="proven",
        ask=True,
        host="typo",
        weight=3,
    ),
    Cause(
        "starttls-993",
        "port_or_tls_mode",
        4,
        "IMAP",
        "imap_tls",
        _plain_on_tls,
        "STARTTLS or no TLS on 993",
        nameless=True,
        past="around",
        port=993,
        tls="STARTTLS",
        weight=3,
    ),
    Cause(
        "starttls-465",
        "port_or_tls_mode",
        4,
        "SMTP",
        "smtp_tls",
        _plain_on_465,
        "STARTTLS or plain text on 465",
        nameless=True,
        past="around",
        port=465,
        tls="STARTTLS",
        weight=3,
    ),
    Cause(
        "implicit-587",
        "port_or_tls_mode",
        4,
        "SMTP",
        "smtp_tls_wrongversion",
        lambda j, h, at, v: postfix.silent_leave(j, h, at, v.rip),
        "implicit TLS on 587",
        nameless=True,
        past="around",
        port=587,
        tls="SSL/TLS",
        weight=3,
    ),
    Cause(
        "no-tls-587",
        "port_or_tls_mode",
        4,
        "SMTP",
        "smtp_tls",
        _sent_without_tls,
        "no TLS on 587",
        nameless=True,
        past="around",
        port=587,
        tls="none",
    ),
    Cause(
        "two",
        "port_or_tls_mode",
        4,
        "IMAP",
        "imap_tls",
        _plain_on_tls,
        "two independent failures",
        nameless=True,
        past="around",
        port=993,
        tls="STARTTLS",
        trap="two_causes",
    ),
    Cause(
        "old-tls-993",
        "port_or_tls_mode",
        4,
        "IMAP",
        "old_tls",
        _alert("unsupported_protocol"),
        "client with TLS 1.0 only on 993",
        nameless=True,
        past="around",
        story="old_device",
    ),
    Cause(
        "old-tls-465",
        "port_or_tls_mode",
        4,
        "SMTP",
        "old_tls_smtp",
        _smtp_tls(OLD_TLS, "smtps"),
        "client with TLS 1.1 only on 465",
        nameless=True,
        past="around",
        story="old_device",
    ),
    Cause(
        "port-143",
        "port_or_tls_mode",
        4,
        "IMAP",
        "imap_refused",
        None,
        "port 143, closed",
        trap="absence",
        absence="proven",
        ask=True,
        port=143,
        tls="STARTTLS",
        host="right",
        acceptable=(4, 5),
        weight=3,
    ),
    Cause(
        "port-25",
        "port_or_tls_mode",
        4,
        "SMTP",
        "smtp_timeout",
        None,
        "port 25, closed",
        trap="absence",
        absence="proven",
        ask=True,
        port=25,
        host="right",
        acceptable=(4, 5),
    ),
    Cause(
        "blocked-imap",
        "network_block",
        5,
        "IMAP",
        "imap_timeout",
        None,
        "port 993 dropped by a firewall",
        trap="absence",
        absence="proven",
        acceptable=(5, 3),
        ask=True,
        port=993,
        host="right",
        weight=4,
    ),
    Cause(
        "blocked-smtp",
        "network_block",
        5,
        "SMTP",
        "smtp_timeout",
        None,
        "port 587 dropped by a firewall",
        trap="absence",
        absence="proven",
        acceptable=(5, 3),
        ask=True,
        port=587,
        host="right",
        weight=4,
    ),
    Cause(
        "cap-address",
        "imap_connection_limit",
        6,
        "IMAP",
        "imap_limit",
        lambda j, h, at, v: dovecot.connection_limit(j, h, at, v.mailbox, v.rip, v.cap),
        "per-address cap reached",
        past="many",
        weight=4,
    ),
    Cause(
        "cap-total",
        "imap_connection_limit",
        6,
        "IMAP",
        "imap_limit",
        lambda j, h, at, v: dovecot.total_limit(j, h, at, v.mailbox, v.rip),
        "total cap enforced by a post-login script",
        past="many",
        weight=2,
    ),
    Cause(
        "nano-554",
        "nano_plan_no_sending",
        7,
        "SMTP",
        "send_any",
        _reject(),
        "Nano mailbox, login name rejected",
        reply="554 5.7.1 <{mailbox}>: SASL login name rejected: Sending is not available on the Nano plan",
        plans=("Nano",),
        weight=3,
    ),
    Cause(
        "nano-550",
        "nano_plan_no_sending",
        7,
        "SMTP",
        "send_any",
        _reject(),
        "Nano mailbox, sender rejected",
        reply="550 5.7.1 <{mailbox}>: Sender address rejected: Outbound sending is disabled for this mailbox (Nano plan)",
        plans=("Nano",),
        weight=3,
    ),
    Cause(
        "day-mailbox",
        "sending_limit",
        8,
        "SMTP",
        "send_any",
        _reject(),
        "per-mailbox daily limit",
        reply="554 5.7.1 <{to}>: Recipient address rejected: Daily sending limit reached for this mailbox (1000/day)",
        plans=("Starter",),
        weight=3,
    ),
    Cause(
        "day-account",
        "sending_limit",
        8,
        "SMTP",
        "send_any",
        _reject(),
        "per-account daily limit",
        reply="554 5.7.1 <{to}>: Recipient address rejected: Daily sending limit reached for this account (15000/day)",
        plans=("Pro",),
    ),
    Cause(
        "hour",
        "sending_limit",
        8,
        "SMTP",
        "send_any",
        _reject(),
        "hourly limit",
        reply="450 4.7.1 <{to}>: Recipient address rejected: Hourly message limit exceeded (500/hour), try again later",
        plans=("Starter",),
        weight=3,
    ),
    Cause(
        "rate",
        "sending_limit",
        8,
        "SMTP",
        "send_reject",
        lambda j, h, at, v: postfix.rate_limited(j, h, at, v.rip, "Message delivery request", 6),
        "Postfix's message rate limit",
        reply="450 4.7.1 Error: too much mail from {rip}",
        plans=("Pro", "Starter"),
        nameless=True,
        past="around",
        weight=1,
    ),
    Cause(
        "paused-removed",
        "mailbox_paused_or_domain_unverified",
        9,
        "IMAP",
        "imap_auth",
        _imap_auth(UNKNOWN),
        "mailbox paused by removing it from the user database",
        paused=True,
        past="before",
        weight=3,
    ),
    Cause(
        "paused-hash",
        "mailbox_paused_or_domain_unverified",
        9,
        "SMTP",
        "smtp_auth",
        _smtp_auth(MISMATCH),
        "mailbox paused by locking its hash",
        paused=True,
        past="before",
        weight=2,
    ),
    Cause(
        "paused-nologin",
        "mailbox_paused_or_domain_unverified",
        9,
        "IMAP",
        "login_disabled",
        _refused("internal failure, 1 successful auths"),
        "mailbox paused: nologin",
        paused=True,
        past="before",
        weight=2,
    ),
    Cause(
        "paused-nets",
        "mailbox_paused_or_domain_unverified",
        9,
        "IMAP",
        "imap_auth",
        lambda j, h, at, v: dovecot.auth_failed(
            j, h, at, v.login, v.rip, f"allow_nets check failed: IP {v.rip} not in allowed networks"
        ),
        "mailbox paused: allow_nets",
        paused=True,
        past="before",
        weight=1,
    ),
    Cause(
        "paused-deny",
        "mailbox_paused_or_domain_unverified",
        9,
        "IMAP",
        "imap_auth",
        _refused("user disabled", "User found from deny passdb"),
        "mailbox paused: deny passdb",
        paused=True,
        past="before",
        weight=2,
    ),
    Cause(
        "unverified",
        "mailbox_paused_or_domain_unverified",
        9,
        "IMAP",
        "imap_auth",
        _imap_auth(UNKNOWN),
        "domain not verified yet",
        verified=False,
        past="never",
        weight=2,
    ),
    Cause(
        "steady",
        "stale_profile_or_cached_credentials",
        10,
        "IMAP",
        "imap_auth",
        _old_password,
        "profile still has the old password (cached credential)",
        past="before",
        steady=True,
        story="worked",
        weight=5,
    ),
    Cause(
        "pinned-ca",
        "stale_profile_or_cached_credentials",
        10,
        "IMAP",
        "pinned",
        _alert("unknown_ca"),
        "profile still pins the old provider's CA file",
        nameless=True,
        past="around",
        story="moved",
        weight=2,
    ),
    Cause(
        "old-host",
        "stale_profile_or_cached_credentials",
        10,
        "IMAP",
        "imap_refused",
        None,
        "profile still has the old provider's host",
        trap="absence",
        absence="proven",
        acceptable=(10, 3),
        ask=True,
        host="old",
        story="switched",
        weight=3,
    ),
    Cause(
        "outage",
        "server_outage",
        None,
        "IMAP",
        "temp_fail",
        _refused("auth service reported temporary failure"),
        "auth service down",
        story="all_fail",
        weight=4,
    ),
    Cause("quota", "quota_full", None, "IMAP", "quota", _quota, "mailbox over quota", weight=2),
    Cause(
        "size",
        "message_too_large",
        None,
        "SMTP",
        "send_reject",
        lambda j, h, at, v: postfix.too_big(j, h, at, v.mailbox, v.rip),
        "message over the limit",
        reply="552 5.3.4 Error: message file too big",
        plans=("Starter", "Pro"),
    ),
    Cause(
        "recipient",
        "recipient_unknown",
        None,
        "SMTP",
        "send_any",
        _reject(),
        "unknown local recipient",
        reply="550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
        plans=("Starter", "Pro"),
        story="own_domain",
        weight=3,
    ),
    Cause(
        "owner",
        "sender_not_owned",
        None,
        "SMTP",
        "send_any",
        _reject(),
        "From is another mailbox",
        reply="553 5.7.1 <{colleague}>: Sender address rejected: not owned by user {mailbox}",
        plans=("Starter", "Pro"),
        weight=3,
    ),
    Cause(
        "no-auth",
        "smtp_auth_off",
        None,
        "SMTP",
        "send_any",
        _reject(auth=False),
        "no SMTP AUTH configured",
        reply="554 5.7.1 <{to}>: Recipient address rejected: Access denied",
        plans=("Starter", "Pro"),
        weight=3,
    ),
    Cause(
        "expired",
        "certificate_expired",
        None,
        "IMAP",
        "cert_expired",
        _alert("certificate_expired"),
        "our certificate expired",
        nameless=True,
        past="around",
        weight=2,
    ),
    Cause(
        "untrusted",
        "server_cert_trust",
        None,
        "SMTP",
        "cert_untrusted_smtp",
        _smtp_tls(UNKNOWN_CA, "submission"),
        "issuer unknown to the client",
        nameless=True,
        past="around",
        acceptable=(10, 5),
        weight=2,
    ),
    Cause(
        "banned",
        "blocked_after_failures",
        None,
        "IMAP",
        "imap_timeout",
        None,
        "address banned after failures of the same office",
        acceptable=(5,),
        past="before",
        trap="ban",
        weight=4,
    ),
    Cause(
        "gap-auth",
        "wrong_or_dashboard_password",
        2,
        "IMAP",
        "imap_auth",
        _imap_auth(MISMATCH),
        "the host that saw it lost its log",
        acceptable=(1, 2, 9, 10),
        ask=True,
        trap="gap",
        absence="unknown",
        past="any",
        weight=3,
    ),
    Cause(
        "gap-timeout",
        "network_block",
        5,
        "IMAP",
        "imap_timeout",
        None,
        "nothing found, but one host lost its log",
        acceptable=(3, 4, 5),
        ask=True,
        trap="gap",
        absence="unknown",
        weight=3,
    ),
    Cause(
        "gap-smtp",
        "network_block",
        5,
        "SMTP",
        "smtp_timeout",
        None,
        "nothing found, but one host lost its log",
        acceptable=(3, 4, 5),
        ask=True,
        trap="gap",
        absence="unknown",
        weight=2,
    ),
)
