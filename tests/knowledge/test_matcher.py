"""Texts of the table found in what customers paste: other quotes, blanks, cases, scripts, and hostile lengths."""

from __future__ import annotations

import time
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import Knowledge, load
from knowledge.matcher import MAX_SCAN_CHARS, Matcher, fold
from knowledge.model import DecodedError, Texts

BASE = load()


def knowledge_with(*rows: DecodedError) -> Knowledge:
    return replace(BASE, errors={row.id: row for row in rows})


def row(row_id: str = "r", *texts: str, patterns: tuple[str, ...] = (), language: str = "en") -> DecodedError:
    return DecodedError(
        row_id,
        "t",
        "m",
        "s",
        patterns=patterns,
        texts=(Texts("c", "s", MappingProxyType({language: texts})),) if texts else (),
    )


def claims(sample: str, text: str) -> bool:
    return bool(Matcher(knowledge_with(row("r", sample))).scan(text))


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        ("Cannot open mailbox", "CANNOT OPEN MAILBOX"),
        ("Cannot open mailbox.", "cannot open mailbox"),
        ("Cannot open mailbox", "He said: Cannot open mailbox!"),
        ("Cannot open mailbox", "Cannot\nopen   mailbox"),
        ("Cannot open mailbox", "Cannot\u00a0open\u202fmailbox"),
        ('Cannot open "INBOX" now', "Cannot open “INBOX” now"),
        ('Cannot open "INBOX" now', "Cannot open «INBOX» now"),
        ('Cannot open "INBOX" now', "Cannot open 'INBOX' now"),
        ('Cannot open "INBOX" now', "Cannot open INBOX now"),
        ("Can't open it today", "Can’t open it today"),
        ("time – out of order", "time - out of order"),
        ("Please wait…", "Please wait..."),
        ("Please wait... loading", "Please wait… loading"),
        ("Login failed", "Ｌｏｇｉｎ ｆａｉｌｅｄ"),
        ("Größe überschritten", "GRÖSSE ÜBERSCHRITTEN".replace("SS", "ß")),
        ("Échec de la connexion", "échec de la connexion"),
        ("Не удалось войти", "НЕ УДАЛОСЬ ВОЙТИ"),
        ("接続できません", "サーバーに接続できませんでした"),
        ("无法连接服务器", "错误：无法连接服务器。"),
        ("Login to {host} failed", "Login to imap.mail.example failed"),
        ("Login to {host} failed for {user}", "Login to imap.mail.example failed for anna@firm.example"),
        ("Too many ({n}) connections", "Too many (15) connections"),
        ("{user}: login refused", "anna@firm.example: login refused"),
        ("The server said: {server_reply}", "The server said: 535 5.7.8 Error"),
        (
            "Server said {server_reply}. Try again.",
            "Server said 535 5.7.8 authentication failed: bad\nwrapped reply. Try again.",
        ),
    ],
)
def test_it_is_claimed(sample: str, text: str) -> None:
    assert claims(sample, text)


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        ("Login failed", "Login succeeded"),
        ("Login failed", "logins failed"),
        ("error 51", "error 510"),
        ("timeout", "no timeouts"),
        ("Login to {host} failed", "Login to " + "x" * 600 + " failed"),
        ("Login to {host} failed", "Login to imap.mail.example\n\n\nsomething failed"),
        ("No such user here", "No such luck, user is here"),
    ],
)
def test_it_is_left_alone(sample: str, text: str) -> None:
    assert not claims(sample, text)


def test_spans_count_in_the_text_as_given() -> None:
    text = "🙂 İstanbul é: „Login failed“"
    (hit,) = Matcher(knowledge_with(row("r", "Login failed"))).scan(text)
    assert text[slice(*hit.span)] == "Login failed"


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_longest_agreement_comes_first_and_a_row_claims_a_place_once() -> None:
    rows = (row("short", "failed to connect"), row("long", "failed to connect to the incoming server"))
    hits = Matcher(knowledge_with(*rows)).scan("Failed to connect to the incoming server.")
    assert [h.error_id for h in hits] == ["long", "short"]
    twice = Matcher(knowledge_with(row("r", "login failed", "login failed again"))).scan("login failed again")
    assert len(twice) == 1 and twice[0].fixed >= len("login failed again") - 2


def test_patterns_search_the_folded_text() -> None:
    matcher = Matcher(knowledge_with(row("p", patterns=(r"can't\s+connect", r"^5\d\d\b"))))
    assert (
        matcher.scan("Can’t\u00a0CONNECT") and matcher.scan("first line\n535 no") and not matcher.scan("in 535 lines")
    )


def test_a_bare_code_is_told_from_words() -> None:
    matcher = Matcher(knowledge_with(row("p", patterns=(r"\b452\s+4\.3\.1\b", r"insufficient\s+storage"))))
    assert {h.sample: h.bare_code for h in matcher.scan("452 4.3.1 insufficient storage")} == {
        r"\b452\s+4\.3\.1\b": True,
        r"insufficient\s+storage": False,
    }


def test_a_row_without_rules_is_harmless() -> None:
    assert Matcher(knowledge_with(row("empty"))).scan("anything") == []
    assert Matcher(knowledge_with()).scan("anything") == []


def test_a_pattern_that_stalls_is_no_match_and_the_rest_goes_on() -> None:
    matcher = Matcher(knowledge_with(row("evil", patterns=(r"(?:a+)+\d$",)), row("good", "Login failed")))
    began = time.monotonic()
    hits = matcher.scan("a" * 5000 + " login failed")
    assert [h.error_id for h in hits] == ["good"] and time.monotonic() - began < 3


@pytest.mark.parametrize(
    "text",
    [
        " " * 100_000,
        "a" * 100_000,
        "\n" * 100_000,
        "login failed " * 8_000,
        "5.7.8 " * 20_000,
        '"' * 100_000,
        "(" * 100_000,
        "错误" * 50_000,
        "error: " * 15_000,
        "\u202e\u200b" * 50_000,
        "cannot connect to " + "x" * 100_000,
        "a b " * 25_000,
        "Login to server " * 7_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_texts_cost_a_bounded_time(matcher: Matcher, text: str) -> None:
    began = time.process_time()
    matcher.scan(text, seconds=1.0)
    assert time.process_time() - began < 2.0


def test_what_is_beyond_the_cap_is_not_looked_at() -> None:
    matcher = Matcher(knowledge_with(row("r", "Login failed")))
    assert (
        not matcher.scan("x" * MAX_SCAN_CHARS + " login failed")
        and matcher.scan("login failed" + "x" * 10 + " y" * MAX_SCAN_CHARS) == []
    )
    assert matcher.scan("login failed " + " y" * MAX_SCAN_CHARS)


def test_no_time_left_finds_nothing_rather_than_waiting(matcher: Matcher) -> None:
    assert matcher.scan("login failed", seconds=-1.0) == []
