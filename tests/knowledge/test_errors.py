"""The decoded-error table: its laws, what it must not claim, and texts of real clients in eleven languages."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from knowledge.laws import laws_of_errors, leading
from knowledge.literals import required_literals
from knowledge.loader import load
from knowledge.matcher import Matcher
from knowledge.model import DecodedError, Knowledge

HERE = Path(__file__).parent
LONGEST_PATTERN = 200
ARTICLE_ROWS = {
    "Authentication failed": "auth-failed",
    "Maximum connections exceeded": "too-many-connections",
    "Connection timed out": "connection-timed-out",
    "Server certificate not trusted": "certificate-untrusted",
    "Sending failed: 554/550": "send-refused-55x",
    "Unable to verify hostname": "certificate-name-mismatch",
}
"""The six decoded errors of the article, in its order."""
TOLD = {
    "452 4.3.1 Insufficient system storage": "server-temporary",
    "452 4.3.1 Hourly limit of messages reached": "sending-limit",
    "450 4.7.1 Message submission rate for this mailbox exceeded (500/hour)": "sending-limit",
    "550 5.7.1 <anna@firm.example>: Sender address rejected: domain not verified": "domain-not-verified",
    "Die Nachricht konnte nicht gesendet werden, weil die Verbindung mit dem SMTP-Server smtp.example.com"
    " ihre Ablaufzeit (Timeout) überschritten hat": "connection-timed-out",
    "PHPMailer: SSL operation failed with code 1. OpenSSL Error messages: error:0A000086:SSL routines::"
    "certificate verify failed": "certificate-untrusted",
}
"""Texts of tickets that were once read wrongly -> the row that leads."""
LANGUAGES = {"en", "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "ja", "zh"}


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load()


@pytest.fixture(scope="session")
def matcher(knowledge: Knowledge) -> Matcher:
    return Matcher(knowledge)


def claimed_by(text: str, matcher: Matcher, knowledge: Knowledge) -> str | None:
    """The row that leads for ``text``; words come before bare codes, as in a ticket."""
    hits = matcher.scan(text)
    winner = leading([hit for hit in hits if not hit.bare_code] or hits, knowledge)
    return winner.error_id if winner else None


def leading_causes(row: DecodedError) -> set[str]:
    """The causes that a row points to first: the greatest share, and any that comes near it."""
    shares = {**row.checks, **row.others}
    most = max(shares.values(), default=0.0)
    return {cause for cause, share in shares.items() if share >= 0.6 * most}


def test_every_row_keeps_the_laws(knowledge: Knowledge) -> None:
    assert laws_of_errors(knowledge) == []


def test_every_pattern_is_short_and_names_a_literal(knowledge: Knowledge) -> None:
    for row in knowledge.errors.values():
        for pattern in row.patterns:
            assert len(pattern) <= LONGEST_PATTERN, f"{row.id}: {pattern}"
            assert required_literals(pattern), f"{row.id}: {pattern}"


@pytest.mark.parametrize(("text", "row"), [*ARTICLE_ROWS.items(), *TOLD.items()])
def test_texts_are_claimed_by_their_row(text: str, row: str, matcher: Matcher, knowledge: Knowledge) -> None:
    assert claimed_by(text, matcher, knowledge) == row


def test_certificate_words_never_lead_to_the_host_row(matcher: Matcher) -> None:
    text = "Impossibile verificare: il certificato del server non è valido: firmato da un'autorità sconosciuta"
    assert "host-not-found" not in {hit.error_id for hit in matcher.scan(text)}


def test_ordinary_sentences_are_claimed_by_no_row(matcher: Matcher) -> None:
    sentences = tomllib.loads((HERE / "ordinary.toml").read_text(encoding="utf-8"))
    assert set(sentences) == LANGUAGES
    assert sum(len(group) for group in sentences.values()) >= 150
    claims = [
        f"{hit.error_id} claims {text!r} by {hit.sample!r}"
        for group in sentences.values()
        for text in group
        for hit in matcher.scan(text)
    ]
    assert claims == []


def test_texts_of_real_clients_lead_to_an_acceptable_cause(matcher: Matcher, knowledge: Knowledge) -> None:
    lines = (HERE / "client_samples.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    assert {sample["language"] for sample in samples} == LANGUAGES
    missed = []
    for sample in samples:
        row = claimed_by(sample["text"], matcher, knowledge)
        if row is None or not leading_causes(knowledge.errors[row]) & set(sample["acceptable"]):
            missed.append(f"{sample['language']} {row}: {sample['text']} -> {sample['acceptable']}")
    assert len(missed) <= 0.05 * len(samples), "\n".join(missed)
