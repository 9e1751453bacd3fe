"""Error texts -> rows: what wins where rows compete, and that likeness is only a guess."""

from __future__ import annotations

import pytest

from bot.core.match import FuzzyTable, match
from bot.core.model import ErrorText, Match, Ticket
from bot.core.parse.errors import find_errors
from bot.core.parse.facts import scan
from bot.core.parse.reading import read
from knowledge import load
from knowledge.matcher import Matcher

KNOWLEDGE = load()
MATCHER = Matcher(KNOWLEDGE)
FUZZY = FuzzyTable(KNOWLEDGE)


def matches(body: str) -> tuple[Match, ...]:
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    hits = scan(reading, MATCHER)
    return match(find_errors(reading, hits), hits, reading.text, FUZZY)


def first(body: str) -> str | None:
    found = matches(body)
    return found[0].error_id if found else None


@pytest.mark.parametrize(
    ("body", "row"),
    [
        ("SASL LOGIN authentication failed: 535 5.7.8 Error: authentication failed", "smtp-auth-failed"),
        ("NO [AUTHENTICATIONFAILED] Authentication failed.", "auth-failed"),
        (
            "NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
            "too-many-connections",
        ),
        ("554 5.7.1 <x@y.example>: Relay access denied", "relay-access-denied"),
        ("553 5.7.1 <a@firm.example>: Sender address rejected: not owned by user b@firm.example", "sender-not-owned"),
        ("550 5.1.1 <x@y.example>: Recipient address rejected: User unknown", "recipient-refused"),
        ("552 5.3.4 Message size exceeds fixed limit", "message-too-large"),
        ("SSL routines::wrong version number", "tls-wrong-version"),
        ("getaddrinfo ENOTFOUND imap.trekmial.net", "host-not-found"),
        ("connect ECONNREFUSED 203.0.113.5:143", "connection-refused"),
        (
            "certificate verify failed: Hostname mismatch, certificate is not valid for 'mail.firm.example'.",
            "certificate-name-mismatch",
        ),
        ("x509: certificate has expired or is not yet valid", "certificate-expired"),
        ("530 5.7.0 Must issue a STARTTLS command first", "tls-required"),
    ],
)
def test_what_servers_and_libraries_say(body: str, row: str) -> None:
    claimed = [m.error_id for m in matches(f'The log says "{body}".')]
    assert row in claimed[:2], claimed


def test_the_server_reply_inside_a_clients_wrapping_decides() -> None:
    body = (
        'Thunderbird: "An error occurred while sending mail. The mail server responded: 5.7.1 <x@y.example>: Relay access denied. '
        "Please check the message recipient 'x@y.example' and try again.\""
    )
    assert first(body) == "relay-access-denied"


def test_words_beat_a_bare_code_beside_them() -> None:
    found = [m.error_id for m in matches('"452 4.3.1 Insufficient system storage"')]
    assert found and all(m != "sending-limit" for m in found[:1])


def test_a_question_about_a_thing_is_no_report_of_it() -> None:
    assert matches("Is there a maximum number of connections?") == ()


def test_what_stands_in_a_disclaimer_or_signature_is_not_matched() -> None:
    body = "My mail does not come in.\n\n-- \nAnna Kern\nAuthentication Failed (my band), live on Friday"
    assert all("authentication" not in m.text.lower() for m in matches(body))


def test_likeness_is_marked_and_below_one() -> None:
    found = matches('It says: "Lgoin to sevrer imap.mail.example with usernam anna@firm.example faild"')
    for one in found:
        assert one.method in ("pattern", "fuzzy", "words")
        assert (one.score == 1.0) == (one.method == "pattern")


def test_exact_rows_come_before_similar_ones() -> None:
    found = matches('"535 5.7.8 Error: authentication failed" and then "Teh conection to teh sever was intrupted"')
    methods = [m.method for m in found]
    assert methods == sorted(methods, key=lambda m: m != "pattern")


@pytest.mark.parametrize("body", ["", "Hello", "Please call me back.", "こんにちは", "x" * 5000, "123 456 789"])
def test_nothing_is_claimed_where_nothing_is_said(body: str) -> None:
    assert matches(body) == ()


def test_short_and_long_texts_are_never_compared_by_likeness() -> None:
    assert FUZZY.nearest("failed") is None and FUZZY.nearest("authentication failed " * 40) is None


def test_every_match_shows_the_words_that_it_claims() -> None:
    body = "🙂 é “535 5.7.8 Error: authentication failed” and «Relay access denied»"
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    for one in matches(body):
        assert reading.text[slice(*one.span)] == one.text


@pytest.mark.parametrize(
    ("said", "row"),
    [
        (
            "Server responded: 550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
            "recipient-refused",
        ),
        ("Error connecting to IMAP server: Connection refused.", "connection-refused"),
        ("The operation failed because the quota has been exceeded on the mail server.", "quota-full"),
        ("Operation failed due to a lack of a secure connection.", "tls-required"),
    ],
)
def test_what_says_little_gives_place_to_what_says_more(said: str, row: str) -> None:
    found = match((ErrorText(said, (0, len(said)), pasted=True),), MATCHER.scan(said), said, FUZZY)
    assert found[0].error_id == row


def test_what_a_program_gives_as_the_reason_of_something_else_is_not_claimed() -> None:
    assert first("Hello,\n\nI always get\n\nDecryption failed. Invalid password.\n\nRegards") is None
    assert first("Hello,\n\nI always get\n\nInvalid password.\n\nRegards") == "auth-failed"


def test_what_the_server_said_counts_whatever_failed_for_it() -> None:
    assert first('It says "Could not save the draft. 535 5.7.8 Error: authentication failed"') == "smtp-auth-failed"
    assert (
        first('It says "Unable to rename the folder. NO [AUTHENTICATIONFAILED] Authentication failed."')
        == "auth-failed"
    )


def test_a_customers_own_sentence_about_something_else_takes_nothing_away() -> None:
    assert first("I could not print yesterday, and today Outlook says invalid password all the time.") == "auth-failed"
