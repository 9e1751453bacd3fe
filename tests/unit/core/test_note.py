"""The agent's note: what it must say, in plain lines, and what foreign text may do to it (nothing)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import ClientMention, ErrorText, Facts, Finding, Match, Reading
from bot.core.note import MAX_NOTE_CHARS, title_of, visible, write_note
from bot.core.observed import Account, AccountView, HostCoverage, ServerLine, ServerView, SuccessSum
from bot.core.verdict import Diagnosis, Evidence, RankedCause
from bot.logs.event import LogEvent
from knowledge import load

KNOWLEDGE = load()
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FACTS = Facts(
    mailbox="anna@firm.example",
    login="anna",
    clients=(ClientMention("Thunderbird", "128.4", "Windows", failing=True),),
    errors=(ErrorText("Login failed", (0, 5)),),
    webmail_works=True,
)
DIAGNOSIS = Diagnosis(
    "answer",
    "confirmed",
    (
        RankedCause(
            "imap-connection-limit",
            6,
            0.97,
            (
                (Evidence("server", "ten connections are open", "raw"), True),
                (Evidence("words", "only one device", "x"), False),
            ),
        ),
    ),
)
LINE = ServerLine(
    LogEvent(
        "Nov 20 08:59:01 imap1 dovecot: imap-login: Maximum number of connections", event="connection_limit", time=NOW
    ),
    "own",
    "their mailbox, from an address of theirs",
    True,
    3.0,
)
VIEW = ServerView(
    "full",
    NOW - timedelta(hours=2),
    NOW,
    (LINE,),
    LINE,
    hosts=(HostCoverage("imap1", "dovecot", NOW, NOW, 5),),
    known_ips=("192.0.2.7",),
)


def note(**parts: Any) -> str:
    given_parts: dict[str, Any] = {
        "reading": Reading("x", (), "en"),
        "facts": FACTS,
        "findings": (),
        "matches": (),
        "server": VIEW,
        "account": AccountView(),
        "diagnosis": DIAGNOSIS,
        "knowledge": KNOWLEDGE,
    }
    return write_note(**(given_parts | parts))


def test_the_first_line_says_it_all() -> None:
    first = note().splitlines()[0]
    assert "Check 6" in first and "CONFIRMED" in first and "97%" in first and "answer" in first


@pytest.mark.parametrize(
    "part",
    [
        "anna@firm.example",
        "Login as typed: anna",
        "Thunderbird 128.4 on Windows (fails)",
        "Login failed",
        "Webmail: works",
        "Nov 20 08:59:01 imap1 dovecot",
        "their mailbox, from an address of theirs",
        "192.0.2.7",
        "+ server: ten connections are open",
        "- words: only one device",
    ],
)
def test_it_shows_what_was_found(part: str) -> None:
    assert part in note()


def test_what_is_not_ours_is_said_in_one_line() -> None:
    assert (
        note(diagnosis=Diagnosis("none", "likely", (), "not_ours")).splitlines()[0].startswith("Not about connecting")
    )


def test_nothing_found_proves_nothing_unless_it_does() -> None:
    silent = replace(VIEW, lines=(), matching=None)
    assert "proves nothing" in note(server=silent)
    assert "logged throughout" in note(server=replace(silent, absence_proven=True))
    assert "none loaded" in note(server=ServerView())
    failed = note(server=ServerView(failed="the store is locked"))
    assert "could not look (the store is locked)" in failed and "proves nothing" not in failed


def test_gaps_ignored_lines_and_successes_are_told() -> None:
    host = HostCoverage("imap2", "dovecot", NOW, NOW, 5, gaps=((NOW - timedelta(hours=1), NOW),))
    good = SuccessSum("anna@firm.example", "192.0.2.9", "imap", "imap1", NOW, 4, NOW, NOW, "Thunderbird")
    text = note(server=replace(VIEW, hosts=(host,), ignored=46, successes=(good,)))
    assert "Gap in the log of imap2" in text and "46 lines" in text and "192.0.2.9, 4x" in text


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (AccountView(), "account unknown"),
        (AccountView(absent=True), "no such mailbox"),
        (AccountView(failed="timed out"), "not looked up (timed out)"),
        (
            AccountView(
                Account("anna@firm.example", plan="nano", paused=True, paused_reason="unpaid", domain_verified=False)
            ),
            "nano, paused (unpaid) · DOMAIN NOT VERIFIED",
        ),
        (AccountView(Account("anna@firm.example", paused=None)), "pause unknown"),
        (AccountView(near=("anne@firm.example",)), "anne@firm.example"),
    ],
)
def test_the_account_and_what_is_unknown_of_it(account: AccountView, words: str) -> None:
    assert words in note(account=account)


def test_rivals_questions_second_faults_and_gaps_in_the_ticket() -> None:
    text = note(
        diagnosis=replace(
            DIAGNOSIS,
            undecided=("stale-client-profile",),
            question="webmail",
            also=("port-and-tls",),
            missing=("client",),
        )
    )
    assert title_of("stale-client-profile", KNOWLEDGE) in text and title_of("port-and-tls", KNOWLEDGE) in text
    assert "Missing: client" in text and KNOWLEDGE.questions["webmail"].why in text


def test_masked_secrets_are_named_by_kind_only() -> None:
    assert "Masked in the ticket: key, password" in note(
        reading=Reading("x", (), "en", masked=("password", "key", "password"))
    )


HOSTILE = "\u202egnp.exe\u200b\x1b[31mred\x00\r\n{{7*7}} %s {0} </pre><script>"


def test_foreign_text_cannot_steer_the_note() -> None:
    facts = replace(
        FACTS,
        mailbox="anna@firm.example",
        login=HOSTILE,
        errors=(ErrorText(HOSTILE, (0, 5)),),
        clients=(ClientMention(HOSTILE),),
    )
    line = replace(LINE, event=replace(LINE.event, raw=HOSTILE))
    text = note(
        facts=facts,
        findings=(Finding("x", HOSTILE, None),),
        server=replace(VIEW, matching=line, lines=(line,)),
        account=AccountView(failed=HOSTILE),
        matches=(Match("auth-failed", HOSTILE, 1.0, "pattern"),),
    )
    assert not any(c in text for c in "\u202e\u200b\x1b\x00\r") and "{{7*7}}" in text


@given(st.text(max_size=80), st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_visible_shows_everything_as_plain_characters(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert all(c == "\n" or c.isprintable() or not c.isascii() for c in shown)
    assert not any(
        0x200B <= ord(c) <= 0x200F or 0x202A <= ord(c) <= 0x202E or 0xD800 <= ord(c) <= 0xDFFF for c in shown
    )


def test_a_note_is_never_endless() -> None:
    many = tuple(replace(LINE, event=replace(LINE.event, raw="x" * 5000 + str(n))) for n in range(500))
    assert (
        len(note(server=replace(VIEW, lines=many), reading=Reading("x", (), "en", notes=("n" * 500,) * 200)))
        <= MAX_NOTE_CHARS
    )


def test_every_cause_has_a_title() -> None:
    for cause in (*KNOWLEDGE.checks, *KNOWLEDGE.others):
        assert title_of(cause, KNOWLEDGE)
    assert title_of("hostnames", KNOWLEDGE).startswith("Check 3: ")
