"""A line of a known wording comes to the same fields as parsing it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.logs.decode import parse
from bot.logs.draft import Draft, values_of
from bot.logs.shapes import TELLING, lines
from bot.logs.template import Templates

USERS = st.one_of(
    st.sampled_from(
        [
            "anna@example.com",
            "Anna@Example.COM",
            "anna",
            "root",
            "unknown",
            "a@b@example.com",
            "@",
            "x-auth@secs.example",
        ]
    ),
    st.from_regex(r"\A[A-Za-z0-9_.+@-]{1,20}\Z"),
)
IPS = st.sampled_from(["192.0.2.7", "198.51.100.99", "2001:db8::7", "2001:DB8:0::7", "999.1.1.1"])
SESSIONS = st.sampled_from(["ywZhZ1pg3ArLAHEW", "AAAA", "G6gHAltgQ+/GMwUI"])
WORDINGS = (
    "dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{u}>, method=PLAIN, rip={i}, lip=192.0.2.1, TLS, session=<{s}>",
    "dovecot: pop3-login: Aborted login (tried to use disallowed plaintext auth): user=<>, rip={i}, lip=192.0.2.1, session=<{s}>",
    "dovecot: imap-login: Disconnected: Connection closed: SSL_accept() failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (no auth attempts in 0 secs): user=<>, rip={i}, lip=192.0.2.1, TLS handshaking: SSL_accept() failed, session=<{s}>",
    "dovecot: auth: passwd-file({u},{i},<{s}>): Password mismatch",
    "dovecot: auth: sql({u},{i}): unknown user",
    "dovecot: auth: ldap({u},{i},<{s}>): invalid credentials - trying the next passdb",
    "postfix/smtps/smtpd[7]: warning: {n}[{i}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username={u}",
    "postfix/submission/smtpd[7]: warning: {n}[{i}]: SASL PLAIN authentication failed: authentication failure",
    "postfix/smtpd[7]: lost connection after AUTH from {n}[{i}]",
    "postfix/smtpd[7]: timeout after EHLO from {n}[{i}]",
    "postfix/submission/smtpd[7]: disconnect from {n}[{i}] ehlo=1 auth=0/1 commands=1/2",
    "postfix/smtpd[7]: NOQUEUE: reject: RCPT from {n}[{i}]: 554 5.7.1 <{u}>: Relay access denied; from=<{v}> to=<{u}> proto=ESMTP helo=<{n}>",
    "postfix/smtps/smtpd[7]: NOQUEUE: reject: RCPT from {n}[{i}]: 553 5.7.1 <{v}>: Sender address rejected: not owned by user; from=<{v}> to=<{u}> proto=ESMTP helo=<{n}>",
)
NAMES = st.sampled_from(["unknown", "mail.example.org", "fail-over.example", "a_b.example"])


def check(templates: Templates, line: str) -> str | None:
    """Hold the templates to the grammar; returns the shape where the line was put together from one."""
    found = lines().match(f"2026-11-16T09:14:02.250000+00:00 mx1 {line}\n")
    assert found is not None
    shape = found.lastgroup or ""
    if shape not in TELLING:
        return None
    program = found["program"] or "dovecot"
    told = templates.parse(found, shape, program)
    if told is None:
        return None
    draft = Draft("")
    fresh = parse(draft, program, line.partition(": ")[2])
    assert (tuple(told[0]), told[1]) == (values_of(draft), fresh)
    return shape


@given(
    st.lists(
        st.builds(
            lambda wording, u, v, i, s, n: wording.format(u=u, v=v, i=i, s=s, n=n),
            st.sampled_from(WORDINGS),
            USERS,
            USERS,
            IPS,
            SESSIONS,
            NAMES,
        ),
        max_size=30,
    )
)
@settings(max_examples=200, deadline=None)
def test_a_wording_learned_from_the_grammar_says_what_the_grammar_says(lines: list[str]) -> None:
    templates = Templates()
    for line in lines:
        check(templates, line)


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_common_wordings_are_put_together(wording: str) -> None:
    line = wording.format(u="Anna@example.com", v="ben@example.org", i="192.0.2.7", s="ywZhZ1pg3ArLAHEW", n="unknown")
    assert check(Templates(), line) in TELLING
