"""Laws under hostile input: one event a line, nothing raised, no forged address believed, no secret kept."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.logs.decode import LINE_CAP, Decoder
from bot.logs.draft import Draft
from bot.logs.event import EVENTS, OUTCOMES, LogEvent
from bot.logs.session import encode

REAL = "192.0.2.7"
FORGED = "203.0.113.66"
MOMENT = datetime(2026, 11, 16, 9, 14, tzinfo=UTC)
REFERENCE = datetime(2026, 11, 22, tzinfo=UTC)
SESSION = encode(MOMENT, 40000, REAL)
FORGED_SESSION = encode(MOMENT, 666, FORGED)

PIECES = st.sampled_from(
    [
        FORGED,
        f"<{FORGED_SESSION}>",
        f"session=<{FORGED_SESSION}>",
        f", rip={FORGED}",
        ", lip=192.0.2.1",
        ", method=PLAIN",
        ", TLS",
        ", mpid=1",
        ">",
        "<",
        "): ",
        "): user=<",
        ": user=<",
        f",{FORGED}",
        f",{FORGED}): unknown user",
        f",<{FORGED_SESSION}>): Password mismatch",
        f"[{FORGED}]",
        f"from mail[{FORGED}]: ",
        "; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>",
        " helo=<",
        " proto=ESMTP",
        " sasl_username=victim@example.com",
        " sasl_method=PLAIN",
        "warning: ",
        "NOQUEUE: reject: RCPT from ",
        "client=",
        "connect from ",
        "imap-login: Login: ",
        "x",
        " ",
        "@",
        "é",
        "\\",
        '"',
        "(given password: ",
        ")",
        " - trying the next passdb",
    ]
)
FORGERIES = st.lists(PIECES, max_size=12).map("".join)


def decode(line: str | bytes) -> LogEvent:
    return Decoder(reference=REFERENCE).decode(line)


def test_a_draft_has_the_slots_of_an_event() -> None:
    assert Draft.__slots__ == LogEvent.__slots__  # type: ignore[attr-defined]
    assert decode("x") == LogEvent(raw="x", format="bare")


@given(st.lists(st.text(max_size=300) | st.binary(max_size=300) | FORGERIES, max_size=6))
def test_one_event_a_line_and_nothing_raised(lines: list[str | bytes]) -> None:
    events = list(Decoder(reference=REFERENCE).decode_lines(lines))
    assert len(events) == len(lines)
    for event in events:
        assert event.event in EVENTS and event.outcome in OUTCOMES
        json.dumps(event.to_json()).encode()
        assert "\0" not in event.raw


@given(
    st.sampled_from(
        [
            "Nov 16 09:14:02 imap1 dovecot: {}",
            "2026-11-16T09:14:02Z smtp1 postfix/smtpd[1]: {}",
            "imap-login: Info: {}",
            "Nov 16 09:14:02 imap1 dovecot: auth: {}",
            "Nov 16 09:14:02 imap1 dovecot: imap-login: ID sent{}: user=<>, rip=192.0.2.7",
            "Nov 16 09:14:02 imap1 dovecot: imap(a)<1><b>: ID sent{}",
            "Nov 16 09:14:02 imap1 dovecot: imap-login: Login aborted: {}: user=<>",
            "Nov 16 09:14:02 smtp1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from u[192.0.2.7]: {}",
            "Nov 16 09:14:02 smtp1 postfix/smtpd[1]: warning: {}",
            "Nov 16 09:14:02 smtp1 postfix/postscreen[1]: {}",
            "Nov 16 09:14:02 smtp1 postfix/cleanup[1]: A1B2C3D4: {}",
            "Nov 16 09:14:02 smtp1 postfix/qmgr[1]: {}",
            "Nov 16 09:14:02 imap1 dovecot: master: Error: {}",
            "Nov 16 09:14:02 imap1 dovecot: auth: Error: sql({}",
            "Nov 16 09:14:02 imap1 dovecot: lmtp({}",
            "Nov 16 09:14:02 imap1 dovecot: imap({}",
            "2026-11-16 09:14:02,1 fail2ban.actions [1]: {}",
            '{{"MESSAGE":"{}","SYSLOG_IDENTIFIER":"dovecot"}}',
            "<22>1 {}",
            "@400000006a0d8b92077a9e94 {}",
            "mail | {}",
            "Nov {} 09:14:02 x",
        ]
    ),
    st.text(max_size=200) | FORGERIES,
)
def test_nothing_behind_an_envelope_raises(shape: str, text: str) -> None:
    assert decode(shape.format(text)).event in EVENTS


@settings(max_examples=300)
@given(FORGERIES)
@example(f"x>, method=PLAIN, rip={FORGED}, lip=192.0.2.1, TLS, session=<{FORGED_SESSION}")
@example(f"x, rip={FORGED}")
def test_a_user_name_forges_no_address_in_a_login_line(user: str) -> None:
    event = decode(
        "Nov 16 09:14:02 imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
        f"user=<{user}>, method=PLAIN, rip={REAL}, lip=192.0.2.11, TLS, session=<{SESSION}>"
    )
    assert (event.remote_ip, event.session, event.event) == (REAL, SESSION, "auth_failed")


_ELEMENTS = (
    "method=PLAIN",
    f"rip={REAL}",
    "lip=192.0.2.11",
    "mpid=4711",
    "TLS",
    f"session=<{SESSION}>",
    "ssl_ja3=771,4865-4866,0",
    "orig_user=<anna>",
)


@settings(max_examples=300)
@given(FORGERIES, st.permutations(_ELEMENTS), st.integers(0, len(_ELEMENTS)))
@example(f"x>, rip={FORGED}, method=PLAIN", list(_ELEMENTS), 0)
@example(f"x>, rip={FORGED}, lip=<y", list(_ELEMENTS), 3)
def test_a_user_name_forges_no_address_wherever_the_elements_stand(user: str, parts: list[str], place: int) -> None:
    """login_log_format_elements in any order, the user name anywhere among them."""
    elements = ", ".join([*parts[:place], f"user=<{user}>", *parts[place:]])
    event = decode(
        f"Nov 16 09:14:02 imap1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): {elements}"
    )
    assert event.remote_ip in (REAL, None) and event.session in (SESSION, None)
    assert event.event == "auth_failed"


@settings(max_examples=200)
@given(st.text("anbx.@-_", min_size=1, max_size=30), st.permutations(_ELEMENTS), st.integers(0, len(_ELEMENTS)))
def test_elements_are_read_in_any_order(user: str, parts: list[str], place: int) -> None:
    elements = ", ".join([*parts[:place], f"user=<{user}>", *parts[place:]])
    event = decode(f"Nov 16 09:14:02 imap1 dovecot: imap-login: Login: {elements}")
    assert (event.event, event.login, event.remote_ip, event.session) == ("login", user, REAL, SESSION)
    assert (event.tls, event.pid, event.mechanism, event.local_ip) == ("tls", 4711, "PLAIN", "192.0.2.11")


@settings(max_examples=300)
@given(FORGERIES)
@example(f"x,{FORGED},<{FORGED_SESSION}>): Password mismatch (given password: ")
def test_a_user_name_forges_no_address_in_an_auth_line(user: str) -> None:
    for line in (
        f"auth: passwd-file({user},{REAL},<{SESSION}>): unknown user",
        f"auth({user},{REAL},sasl:plain)<{SESSION}>: sql: unknown user",
        f"auth: passwd-file({user},{REAL}): Password mismatch",
    ):
        assert decode(f"Nov 16 09:14:02 imap1 dovecot: {line}").remote_ip in (REAL, None)


@settings(max_examples=300)
@given(FORGERIES)
@example(f"x,{FORGED},<{FORGED_SESSION}>): unknown user")
@example(f"x,{FORGED}): Password mismatch (given password: y")
def test_a_password_forges_nothing_and_is_not_kept(password: str) -> None:
    event = decode(
        f"Nov 16 09:14:02 imap1 dovecot: auth: sql(anna@example.com,{REAL},<{SESSION}>): Password mismatch "
        f"(given password: {password}secret99)"
    )
    assert event.remote_ip in (REAL, None)
    assert "secret99" not in str(event.to_json())


@settings(max_examples=300)
@given(FORGERIES)
def test_helo_and_addresses_forge_nothing_in_a_reject(text: str) -> None:
    for line in (
        f"NOQUEUE: reject: RCPT from unknown[{REAL}]: 554 5.7.1 <f@b.example>: Relay access denied; from=<a@b.example> to=<f@b.example> proto=ESMTP helo=<{text}>",
        f"NOQUEUE: reject: RCPT from unknown[{REAL}]: 550 5.1.1 <{text}>: Recipient address rejected: User unknown; from=<{text}> to=<{text}> proto=ESMTP helo=<{text}>",
    ):
        event = decode(f"Nov 16 09:14:02 smtp1 postfix/smtpd[31]: {line}")
        assert event.remote_ip == REAL
        assert event.mailbox != "victim@example.com"


@settings(max_examples=300)
@given(FORGERIES)
def test_a_sasl_user_name_forges_nothing(user: str) -> None:
    event = decode(
        f"Nov 16 09:14:02 smtp1 postfix/smtpd[31]: warning: unknown[{REAL}]: SASL PLAIN authentication failed: "
        f"(reason unavailable), sasl_username={user}"
    )
    assert event.remote_ip == REAL and event.event == "auth_failed"


HEADS = (
    "Nov 16 09:14:02 imap1 dovecot: imap-login: Disconnected: {}",
    "Nov 16 09:14:02 imap1 dovecot: imap-login: x: user=<{}",
    "Nov 16 09:14:02 imap1 dovecot: imap-login: ID sent: {}: user=<>, rip=192.0.2.7",
    "Nov 16 09:14:02 imap1 dovecot: auth: sql(a,{}",
    "Nov 16 09:14:02 imap1 dovecot: imap({}",
    "Nov 16 09:14:02 imap1 dovecot: imap(a): Post-login script denied access to user {}",
    "Nov 16 09:14:02 smtp1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from u[192.0.2.7]: 550 5.1.1 {}",
    "Nov 16 09:14:02 smtp1 postfix/smtpd[1]: {}",
    "Nov 16 09:14:02 smtp1 postfix/smtpd[1]: A1B2C3D4: client=u[192.0.2.7], sasl_method=X, sasl_username={}",
    "Nov 16 09:14:02 smtp1 postfix/smtpd[1]: warning: {}",
    "Nov 16 09:14:02 smtp1 postfix/smtp[1]: A1B2C3D4: to=<{}",
    "<22>1 {}",
    "{}",
    "Nov 16 09:14:02 smtp1 fail2ban.actions[1]: {}",
)
REPEATED = (
    "()",
    "((",
    "(a) ",
    ", rip=1.1.1.1",
    "; from=<> to=<",
    "; from=<",
    "> proto=ESMTP",
    "> sasl_method=a sasl_username=b",
    ",1.1.1.1): ",
    ", orig_queue_id=",
    " (username: ",
    "(given password: ",
    "session=a, ",
    " address 1.1.1.1.",
    "a=b, ",
    "<>",
    '[a="',
    '\\"',
    "x",
    " ",
    "1.",
    ", status=sent (",
    "hostname a address ",
    " after x from ",
    "{",
    ", session=<a>",
    " - trying the next passdb",
    "limit ",
    "sending mails ",
)


def test_no_line_costs_more_than_a_moment() -> None:
    for head in HEADS:
        for piece in REPEATED:
            line = head.replace("{}", piece * (16_000 // len(piece)))
            started = time.process_time()
            decode(line)
            assert time.process_time() - started < 1.0, (head, piece)


def test_a_long_line_is_cut_and_said_to_be() -> None:
    line = "Nov 16 09:14:02 smtp1 postfix/smtpd[31]: connect from " + "x" * 1_000_000
    for given_line in (line, line.encode()):
        event = decode(given_line)
        assert len(event.raw) < LINE_CAP + 40 and event.raw.endswith("[cut]")


def test_nul_and_broken_utf8_are_replaced() -> None:
    event = decode(b"Nov 16 09:14:02 smtp1 postfix/smtpd[31]: connect from unknown[192.0.2.7]\0\xff")
    assert event.raw.isprintable() and event.event == "connect"
    assert decode("\ud800 half").raw == "? half"
