"""Joining sibling lines: Dovecot sessions, smtpd connections, auth lines that Postfix asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.logs.decode import Decoder
from bot.logs.event import LogEvent
from bot.logs.link import Linker

SESSION = "QOjEMmFgGJ3AAAIH"


def linked(*lines: str, capacity: int = 100) -> list[LogEvent]:
    decoder = Decoder(reference=datetime(2026, 11, 22, tzinfo=UTC))
    linker = Linker(capacity=capacity)
    return [linker.feed(decoder.decode(line)) for line in lines]


def imap(second: int, text: str) -> str:
    return f"Nov 16 09:14:{second:02} imap1 dovecot: {text}"


def smtpd(second: int, text: str, pid: int = 31, service: str = "submission") -> str:
    return f"Nov 16 09:14:{second:02} smtp1 postfix/{service}/smtpd[{pid}]: {text}"


def test_a_session_carries_address_client_and_service() -> None:
    events = linked(
        imap(
            0,
            f"imap-login: ID sent: name=Thunderbird, version=128.5.0: user=<>, rip=192.0.2.7, lip=192.0.2.11, TLS, session=<{SESSION}>",
        ),
        imap(
            1,
            f"imap-login: Login: user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.11, mpid=9, TLS, session=<{SESSION}>",
        ),
        imap(2, f"imap(anna@example.com)<9><{SESSION}>: Disconnected: Logged out in=1 out=1"),
    )
    assert [(event.client, event.client_version) for event in events] == [("Thunderbird", "128.5.0")] * 3
    assert events[2].remote_ip == "192.0.2.7"


def test_an_auth_line_takes_its_service_from_the_login_line_of_the_session() -> None:
    events = linked(
        imap(0, f"imap-login: ID sent: name=x: user=<>, rip=192.0.2.7, lip=192.0.2.11, TLS, session=<{SESSION}>"),
        imap(1, f"auth: passwd-file(anna,192.0.2.7,<{SESSION}>): unknown user"),
    )
    assert (events[1].service, events[1].reason, events[1].client) == ("imap", "unknown_user", "x")


def test_a_tls_library_line_gets_the_address_of_its_connection() -> None:
    events = linked(
        smtpd(0, "connect from unknown[192.0.2.7]"),
        smtpd(
            1,
            "warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:a.c:1:SSL alert number 48:",
        ),
        smtpd(
            1,
            "warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:a.c:1:SSL alert number 48:",
            pid=32,
        ),
        smtpd(2, "disconnect from unknown[192.0.2.7] ehlo=1 starttls=0/1 commands=1/2"),
        smtpd(
            3,
            "warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:a.c:1:SSL alert number 48:",
        ),
    )
    assert [event.remote_ip for event in events] == ["192.0.2.7", "192.0.2.7", None, "192.0.2.7", None]


def test_a_reject_gets_the_login_of_its_connection_and_states_its_own_parties() -> None:
    events = linked(
        smtpd(0, "connect from unknown[192.0.2.7]"),
        smtpd(1, "ABCDEF1234: client=unknown[192.0.2.7], sasl_method=PLAIN, sasl_username=Anna@example.com"),
        smtpd(
            2,
            "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <f@b.example>: Recipient address rejected: Daily limit reached (9/day); "
            "from=<other@example.com> to=<f@b.example> proto=ESMTP helo=<x>",
        ),
        smtpd(3, "disconnect from unknown[192.0.2.7] ehlo=2 starttls=1 auth=1 mail=2 rcpt=1/2 commands=7/8"),
        smtpd(4, "connect from unknown[192.0.2.8]"),
        smtpd(5, "lost connection after EHLO from unknown[192.0.2.8]"),
    )
    assert (events[2].login, events[2].mailbox, events[2].sender) == (
        "Anna@example.com",
        "anna@example.com",
        "other@example.com",
    )
    assert (events[3].mailbox, events[3].tls, events[3].attempts) == ("anna@example.com", "tls", 1)
    assert events[5].mailbox is None


def test_an_accepted_login_is_not_overwritten_by_a_tried_one() -> None:
    events = linked(
        smtpd(0, "connect from unknown[192.0.2.7]"),
        smtpd(1, "ABCDEF1234: client=unknown[192.0.2.7], sasl_method=PLAIN, sasl_username=anna@example.com"),
        smtpd(2, "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: x, sasl_username=victim@example.com"),
        smtpd(3, "disconnect from unknown[192.0.2.7] ehlo=1 commands=1"),
    )
    assert [event.mailbox for event in events[2:]] == ["victim@example.com", "anna@example.com"]


def test_an_auth_line_without_a_session_gets_the_service_that_asked_and_gives_its_reason() -> None:
    events = linked(
        smtpd(0, "connect from unknown[192.0.2.7]", service="smtps"),
        "Nov 16 09:14:01 smtp1 dovecot: auth: passwd-file(Anna,192.0.2.7): unknown user",
        smtpd(
            3,
            "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=anna",
            service="smtps",
        ),
        smtpd(
            9,
            "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=anna",
            service="smtps",
        ),
    )
    assert events[1].service == "smtps"
    assert [event.reason for event in events[1:]] == ["unknown_user", "unknown_user", None]


def test_a_pid_that_serves_another_address_starts_afresh() -> None:
    events = linked(
        smtpd(0, "connect from unknown[192.0.2.7]"),
        smtpd(1, "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: x, sasl_username=anna@example.com"),
        smtpd(2, "lost connection after EHLO from unknown[192.0.2.8]"),
        smtpd(3, "warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:a.c:1:"),
    )
    assert (events[2].mailbox, events[3].remote_ip) == (None, "192.0.2.8")


def test_a_message_remembers_who_sent_it() -> None:
    events = linked(
        smtpd(0, "ABCDEF1234: client=unknown[192.0.2.7], sasl_method=PLAIN, sasl_username=anna@example.com"),
        "Nov 16 09:14:01 smtp1 postfix/qmgr[5]: ABCDEF1234: from=<anna@example.com>, size=1, nrcpt=1 (queue active)",
        "Nov 16 09:14:02 smtp1 postfix/smtp[6]: ABCDEF1234: to=<f@b.example>, relay=none, delay=1, delays=1/0/0/0, dsn=5.1.1, status=bounced (host x said: 550 no)",
        "Nov 16 09:14:02 smtp2 postfix/smtp[6]: ABCDEF1234: to=<f@b.example>, relay=none, delay=1, delays=1/0/0/0, dsn=5.1.1, status=bounced (host x said: 550 no)",
    )
    assert (events[2].mailbox, events[2].sender, events[2].remote_ip) == ("anna@example.com", "anna@example.com", None)
    assert events[3].mailbox is None


def test_memory_is_bounded() -> None:
    decoder = Decoder(year=2026)
    linker = Linker(capacity=50)
    for number in range(500):
        linker.feed(decoder.decode(smtpd(0, f"connect from unknown[192.0.2.{number % 250}]", pid=number)))
        linker.feed(
            decoder.decode(imap(0, f"imap(u{number})<9><synthetic{number:07}>: Disconnected: Logged out in=1 out=1"))
        )
    assert len(linker) <= 250
