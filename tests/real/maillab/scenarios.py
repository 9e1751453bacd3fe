"""Who fails how, which lines the servers must write about it, and what the triage must say.

A cause is right where it is one of ``causes`` (a check's number, or another cause's name). The choice of more
than one is where no evidence can tell them apart: docs of Dovecot and Postfix, and the lab's own lines, show
the same text and the same line for both.
"""

from __future__ import annotations

from dataclasses import dataclass

from maillab.clients import Client, bare_connect, colleague, imap, many_connections, s_client, several, smtp
from maillab.places import DOMAIN, IMAP_HOST, OTHER_CA, OWN_DOMAIN_HOST, SMTP_HOST

Cause = int | str


@dataclass(frozen=True)
class Line:
    """A line that must be among the scenario's own. ``named``: it names the mailbox (or the login, where
    that is no address). ``reason`` None: any; empty: the line states none."""

    event: str
    reason: str | None = None
    named: bool = True
    client: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One way to fail. ``name`` is the local part of the mailbox, too."""

    name: str
    client: Client
    lines: tuple[Line, ...]
    """Each must be there; the first is the line of the failure, which the triage must take."""
    causes: tuple[Cause, ...] = ()
    """What the triage may name; empty: nobody writes a ticket about it."""
    text: str = ""
    """What must stand in the client's own text, so that the scenario is known to have failed that way."""
    before: Client | None = None
    """What the same person did earlier, from the same address: it makes the address known."""
    also: tuple[Line, ...] = ()
    """Lines that may be taken for the first one as well: the same failure, said once more."""
    login: str | None = None
    """The user name as the client sends it, where it is not the mailbox."""
    words: str = ""
    """What the customer tells of their settings, before the client's text."""
    plan: str = "pro"
    paused: bool = False
    removed: bool = False

    @property
    def mailbox(self) -> str:
        """The mailbox in question."""
        return f"{self.name}@{DOMAIN}"


RIGHT = imap()
MISMATCH = Line("auth_failed", "password_mismatch")
FAILED = (Line("auth_failed", "auth_failed"), Line("auth_failed", ""))
"""The login process and Postfix say that it failed, not why."""
RELAYED = smtp(login=False)
TLS = Line("tls_failed", named=False)
LOST = Line("lost_connection", named=False)
GONE = Line("disconnect", named=False)

SCENARIOS: tuple[Scenario, ...] = (
    # -- all is well, or nobody complains -----------------------------------------------------------------
    Scenario("right.imap", imap(ident=True), (Line("login"), Line("client_id", named=False, client="Thunderbird"), Line("logout"))),
    Scenario("right.smtp587", smtp(587), (Line("message_accepted"), Line("sent", named=False))),
    Scenario("right.smtp465", smtp(465), (Line("message_accepted"), Line("sent", named=False))),
    Scenario("probe.imap", bare_connect(IMAP_HOST, 993), (Line("tls_failed", "no_auth_attempts", named=False),)),
    Scenario("probe.smtp", bare_connect(SMTP_HOST, 587), (Line("connect", named=False), LOST)),
    Scenario("probe.http", bare_connect(SMTP_HOST, 587, send=b"GET / HTTP/1.0\r\n\r\n"), (Line("client_rejected", named=False),)),
    Scenario("probe.garbage", s_client(IMAP_HOST, 993, "-quiet", "-ign_eof", send="a\r\n" * 30), (Line("too_many_errors", named=False),)),
    # -- user names and passwords -------------------------------------------------------------------------
    Scenario("wrong.imap", imap(password="my-panel-password"), (MISMATCH,), (2, 10), "AUTHENTICATIONFAILED", also=FAILED),
    Scenario("wrong.known", imap(password="my-panel-password"), (MISMATCH,), (2, 10), "AUTHENTICATIONFAILED", before=RIGHT, also=FAILED),
    Scenario("wrong.ident", imap(password="my-panel-password", ident=True), (MISMATCH, Line("client_id", named=False, client="Thunderbird")), (2, 10), "AUTHENTICATIONFAILED", also=FAILED),
    Scenario("wrong.smtp587", smtp(587, password="my-panel-password"), (MISMATCH,), (2, 10), "535", also=FAILED),
    Scenario("wrong.smtp465", smtp(465, password="my-panel-password"), (MISMATCH,), (2, 10), "535", also=FAILED),
    Scenario("bare.imap", imap(user="bare.imap"), (Line("auth_failed", "unknown_user"),), (1,), "AUTHENTICATIONFAILED", also=FAILED, login="bare.imap"),
    Scenario("bare.smtp", smtp(user="bare.smtp"), (Line("auth_failed", "unknown_user"),), (1,), "535", also=FAILED, login="bare.smtp"),
    Scenario("windows.domain", imap(user="STARTCO\\windows.domain"), (Line("auth_failed", "invalid_credentials"),), (1,), "AUTHENTICATIONFAILED", before=RIGHT, also=FAILED, login="STARTCO\\windows.domain"),
    Scenario("removed", imap(), (Line("auth_failed", "unknown_user"),), (9, 1), "AUTHENTICATIONFAILED", also=FAILED, removed=True),
    Scenario("mechanism", imap(mechanism="CRAM-MD5"), (Line("auth_failed", "invalid_mech", named=False),), ("auth_method",), "mechanism", before=RIGHT),
    # -- paused -------------------------------------------------------------------------------------------
    Scenario("paused.nologin", imap(), (Line("server_error", "internal_failure"),), (9,), "CONTACTADMIN", also=(Line("login_disabled"),), paused=True),
    Scenario("paused.denied", imap(), (Line("login_disabled", "user_disabled"),), (9,), "AUTHENTICATIONFAILED", also=FAILED, paused=True),
    Scenario("paused.networks", imap(), (Line("auth_failed", "not_allowed_from_here"),), (9,), "AUTHENTICATIONFAILED", also=FAILED, paused=True),
    # -- connections --------------------------------------------------------------------------------------
    Scenario("many", many_connections(4), (Line("connection_limit"),), (6,), "Maximum number of connections", plan="nano"),
    # -- ports and TLS ------------------------------------------------------------------------------------
    Scenario("plain.993", imap(tls=False), (Line("tls_failed", "no_auth_attempts", named=False),), (4,), "timed out", before=RIGHT, words="I set it to imap.trekmail.net, port 993, STARTTLS."),
    Scenario("plain.465", smtp(465, implicit=False), (TLS,), (4,), "closed", before=smtp(465), also=(LOST,), words="SMTP is smtp.trekmail.net, port 465 with STARTTLS."),
    Scenario("implicit.587", smtp(587, implicit=True), (LOST,), (4,), "WRONG_VERSION_NUMBER", before=RIGHT, also=(GONE, TLS), words="Outgoing server smtp.trekmail.net port 587 SSL."),
    Scenario("none.587", smtp(587, starttls=False), (GONE,), (4,), "not supported", before=RIGHT, words="Outgoing server smtp.trekmail.net port 587, encryption off."),
    Scenario("none.587.noauth", smtp(587, starttls=False, login=False), (GONE,), (4,), "STARTTLS", before=RIGHT, also=(Line("cleartext_refused", named=False), Line("sender_rejected", named=False))),
    Scenario("old.tls.imap", s_client(IMAP_HOST, 993, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), (TLS,), (4,), "SSL routines", before=RIGHT, words="It is a very old scanner that knows TLS 1.1."),
    Scenario("old.tls.smtp", s_client(SMTP_HOST, 465, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), (TLS,), (4,), "alert", before=smtp(465), also=(LOST,), words="It is a very old scanner that knows TLS 1.1."),
    Scenario("closed.143", imap(port=143, tls=False), (), (4,), "refused", before=RIGHT, words="Server imap.trekmail.net, port 143."),
    Scenario("closed.25", smtp(25), (), (4,), "refused", before=RIGHT, words="Server smtp.trekmail.net, port 25."),
    # -- names and certificates ---------------------------------------------------------------------------
    Scenario("untrusted.imap", imap(ca=OTHER_CA), (TLS,), ("server_cert_trust", 10), "CERTIFICATE_VERIFY_FAILED", before=RIGHT),
    Scenario("untrusted.smtp", smtp(465, ca=OTHER_CA), (TLS,), ("server_cert_trust", 10), "CERTIFICATE_VERIFY_FAILED", before=smtp(465), also=(LOST,)),
    Scenario("own.host", imap(host=OWN_DOMAIN_HOST), (TLS,), (3,), "Hostname mismatch", before=RIGHT),
    Scenario("mistyped.host", imap(host="imap.trekmial.net"), (), (3,), "Name or service not known", before=RIGHT, words="Server is imap.trekmial.net port 993."),
    # -- sending ------------------------------------------------------------------------------------------
    Scenario("relay.587", RELAYED, (Line("relay_denied"),), ("smtp_auth_off",), "Relay access denied", before=RIGHT),
    Scenario("relay.465", smtp(465, login=False), (Line("sender_rejected"),), ("smtp_auth_off",), "not logged in", before=RIGHT, also=(Line("relay_denied"),)),
    Scenario("not.owned", smtp(sender=colleague()), (Line("sender_rejected"),), ("sender_not_owned",), "not owned"),
    Scenario("nano.sender", smtp(), (Line("plan_rejected"),), (7,), "550", plan="nano", also=(Line("sender_rejected"),)),
    Scenario("nano.login", smtp(465), (Line("plan_rejected"),), (7,), "554", plan="nano", also=(Line("sender_rejected"),)),
    Scenario("hourly.limit", smtp(), (Line("rate_limited"),), (8,), "450", plan="starter"),
    Scenario("daily.limit", smtp(465), (Line("rate_limited"),), (8,), "554", plan="starter"),
    Scenario("unknown.to", smtp(to=f"nobody.here@{DOMAIN}"), (Line("recipient_rejected"),), ("recipient_refused",), "User unknown"),
    Scenario("too.large", smtp(size=40_000), (Line("message_too_large"),), ("message_too_large",), "size"),
    # -- a program that tries twice -------------------------------------------------------------------------
    Scenario("twice", several(imap(password="old-one"), imap(password="old-one")), (MISMATCH,), (2, 10), "AUTHENTICATIONFAILED", also=FAILED),
)
