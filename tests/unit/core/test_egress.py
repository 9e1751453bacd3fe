"""The last look: planted addresses, hosts, identifiers and secrets are seen; clean sentences pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.egress import MAX_CHARS, leaks
from knowledge import load

SETTINGS = load().settings
NAMES = tuple(family.name for family in load().clients)
OWN = "alice@example.com"

PLANTED = (
    # addresses, plain and dressed up
    "bob@example.org",
    "BOB@EXAMPLE.ORG",
    "info@mail.example.org",
    "o'neil@example.org",
    "a.b+c@example.co.test",
    "malice@example.com",
    "alice@example.com.test",
    "alice@example.community",
    "x-alice@example.com",
    "root@localhost",
    "bob＠example.org",
    "bob@\u200bexample.org",
    "b\u00adob@example.org",
    "bob [at] example.org",
    "bob(at)example",
    "postmaster@trekmail.net",
    "alice@[192.0.2.1]",
    "用户@例子.test",
    "иван@почта.example",
    "mailto:bob@example.org",
    # addresses of machines
    "192.0.2.1",
    "198.51.100.23:993",
    "[203.0.113.9]",
    "１９２.0.2.1",
    "2001:db8::1",
    "2001:DB8:0:0:0:0:0:1",
    "::1",
    "fe80::1%eth0",
    "::ffff:192.0.2.1",
    "[2001:db8::a]:993",
    "2001:db8:1:2::",
    "00:1a:2b:3c:4d:5e",
    # host names
    "mx1.trekmail.net",
    "imap-3.internal.trekmail.net",
    "evil-imap.trekmail.net",
    "imap.trekmail.net.example",
    "mail.example.org",
    "node7.cluster.local",
    "db.lan",
    "backend.internal",
    "xn--e1afmkfd.example",
    "пример.example",
    "bücher.example",
    "сервер.почта.рф",
    "1.2.0.192.in-addr.arpa",
    "mail01",
    "imap-backend-3",
    "mx12",
    "ip-192-0-2-1",
    "localhost",
    "mail.example.xn--p1ai",
    # links
    "https://webmail.trekmail.net.example/",
    "https://webmail.trekmail.net/?token=abc",
    "https://example.org/reset",
    "http://192.0.2.1/",
    "https://webmail.trekmail.net@example.org",
    "ftp://files",
    # queue ids
    "3F2A1B4C9D",
    "4V8jTq2pKcz1Yg",
    "A1B2C3D4E",
    "9C6D1F",
    "1rT4kZ-0003Qa-5x",
    "1234567890123",
    "4TzXbL3kJqzKpR",
    # session ids
    "Wm3lZ9+Lz8fAqAEB",
    "xY9/4mJtWOEKAAAAAAAAAAAAAAAAAAAB",
    "WmlZLzfAqAEBkTqP",
    "123e4567-e89b-12d3-a456-426614174000",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    # secrets
    "xoxb-123456789012-abcdefghij",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi",
    "-----BEGIN PRIVATE KEY-----",
    "sk-abcdefghijklmnopqrst",
    "{PLAIN}geheim",
    "{SHA512-CRYPT}x",
    "$2y$05$bvIG6Nmid91Mu9RcmmWZfO",
    "password=hunter",
    "Passwort: Sommer2024!",
    "Bearer abcdef0123456789",
    "AGFsaWNlAGh1bnRlcjI=",
    # words of the log
    "rip=192",
    "session=<abc>",
    "sasl_username=alice",
    "postfix/smtpd",
    "dovecot: imap-login",
    "NOQUEUE: reject",
    "auth-worker(123)",
    "pid 4711",
    "smtpd[1234]",
    "method=PLAIN",
    "auth failed, 3 attempts",
)
CLEAN = (
    "Incoming mail: imap.trekmail.net, port 993, encryption SSL/TLS.",
    "Server imap.trekmail.net:993 and smtp.trekmail.net.",
    "https://webmail.trekmail.net",
    "Webmail (https://webmail.trekmail.net/) works?",
    "サーバーimap.trekmail.netのポート993",
    "服务器：smtp.trekmail.net，端口465",
    f"Your user name is {OWN}.",
    f"({OWN})",
    f"{OWN}を入力",
    f"„{OWN}“",
    OWN.upper(),
    "At 2026-11-20 09:14 UTC it happened 14 times.",
    "Am 20.11.2026 um 09:14 Uhr (UTC)",
    "10:14:33",
    "1.000 Nachrichten, 6,000 a day",
    "IMAP/SMTP, SSL/TLS, STARTTLS, OAuth2, NTLM",
    "Benutzername/Kennwort",
    "Send/Receive > Work Offline",
    "Senden/Empfangen > Offline",
    "Edit the file ~/.muttrc or msmtprc.",
    "settings.ini and app.conf",
    "Donaudampfschifffahrtsgesellschaft",
    "TrekMail Support",
    "z. B. der Teil vor dem @.",
    "an @ sign",
    "It may also be the password: please test it.",
    "Mail & Newsgroups",
    "Thunderbird 128.4",
    "In Mail.ru app and Node.js and System.Net.Mail",
    "Ruby Net::SMTP",
    "MX, SPF und DKIM müssen grün sein.",
    "Check 4: The right port",
    "Windows 11, iOS 18, POP3, IMAP4",
    "https:// before the name",
    "Anmeldeinformationsverwaltung",
    "uwierzytelnianie",
)


def test_the_table_is_large_enough() -> None:
    assert len(set(PLANTED)) == len(PLANTED) >= 60


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("frame", ("{}", "We saw {}.", "Hello,\n\n1. See {}, please.\n", "記録は {} です。", "„{}“"))
def test_planted_text_is_a_leak(planted: str, frame: str) -> None:
    assert leaks(frame.replace("{}", planted), {OWN}, SETTINGS, names=NAMES), planted


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_passes(text: str) -> None:
    assert leaks(text, {OWN}, SETTINGS, names=NAMES) == []


def test_only_the_allowed_address_may_stand() -> None:
    assert leaks(f"User name: {OWN}", set(), SETTINGS)
    assert leaks(f"User name: {OWN}", {"bob@example.org"}, SETTINGS)
    assert not leaks(f"User name: {OWN}", {OWN}, SETTINGS)


def test_the_article_and_a_brand_of_the_host_may_stand() -> None:
    own = replace(
        SETTINGS, article_url="https://help.example.com/articles/Connect4You", customer_hosts=("mail.brand.example",)
    )
    assert not leaks("https://help.example.com/articles/Connect4You#check-4 at mail.brand.example", (), own)
    assert leaks("https://help.example.com/articles/Connect4You#check-4", (), SETTINGS)
    assert leaks("https://help.example.com/articles/Other", (), own)
    assert leaks("https://help.example.com/articles/Connect4You#bob@example.org", (), own)


def test_a_text_that_is_no_draft_does_not_leave() -> None:
    assert leaks("a " * MAX_CHARS, (), SETTINGS)


@settings(max_examples=200, deadline=None)
@given(st.ip_addresses(), st.sampled_from(("{}", "x {} y", "Port {}, bitte", "({}).")))
def test_every_ip_address_is_seen(address: object, frame: str) -> None:
    text = str(address)
    if text == "::":
        return
    assert leaks(frame.format(text), {OWN}, SETTINGS)


@settings(max_examples=200, deadline=None)
@given(st.emails())
def test_every_mail_address_is_seen(address: str) -> None:
    assert leaks(f"Write to {address} now", {OWN}, SETTINGS)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=1500))
def test_any_text_is_looked_through(text: str) -> None:
    assert isinstance(leaks(text, {OWN}, SETTINGS), list)
