"""Secrets are masked, error texts about secrets are not (threats row 11)."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
import secret_corpus as corpus
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parse.plain import plain
from bot.core.parse.secrets import find_secrets, mask

EVAL = Path(__file__).parents[3] / "eval"


def test_recall_over_a_thousand_secrets_of_more_than_forty_kinds() -> None:
    missed: Counter[str] = Counter()
    kinds = set()
    total = 0
    for kind, secret, text in corpus.secrets(1000):
        total += 1
        kinds.add(kind)
        if secret in mask(text)[0]:
            missed[f"{kind}: {text[:90]}"] += 1
    assert len(kinds) >= 40
    assert sum(missed.values()) <= 0.02 * total, missed.most_common(30)


def test_every_card_number_is_masked() -> None:
    import random

    rng = random.Random(3)
    for number in range(1000):
        secret = corpus.card(rng)
        text = ["my card {} was charged", "Karte: {}", "{}", "paid with {}, thanks", "カード番号は {} です"][
            number % 5
        ].format(secret)
        masked, found = mask(text)
        assert secret not in masked, text
        assert found == ("card",)


def test_false_masking_of_clean_sentences() -> None:
    damaged = Counter(text for text in corpus.clean(10_000) if mask(text)[0] != text)
    assert sum(damaged.values()) <= 50, damaged.most_common(20)


@pytest.mark.parametrize("name", ["tuning", "tuning2"])
def test_no_error_text_of_the_evaluation_is_damaged(name: str) -> None:
    gold = [json.loads(line) for line in (EVAL / f"{name}-gold.jsonl").read_text("utf-8").splitlines()]
    texts = [text for row in gold for text in row["error_texts"]]
    assert texts
    assert [text for text in texts if mask(text)[0] != text] == []


def test_the_marker_never_tells_the_length() -> None:
    assert mask("Passwort: kurz1")[0] == mask("Passwort: sehr-viel-laenger-und-geheim-123")[0]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "1234567890123456",
        "+49 3012 3456 7890 12",
        "Message-ID: <4111111111111111@example.com>",
        "0000 0000 0000 0000",
        "2026-11-20 09:14:02.123456",
    ],
)
def test_numbers_that_are_no_cards_stay(text: str) -> None:
    assert mask(text) == (text, ())


def test_placeholders_stay() -> None:
    for text in (
        "a1 LOGIN anna ****",
        "password: ********",
        "pw=xxx",
        "https://anna:***@example.com",
        '{"password": "<hidden>"}',
    ):
        assert mask(text) == (text, ())


@given(st.text(max_size=300))
def test_masking_is_idempotent_and_never_raises(text: str) -> None:
    once = mask(plain(text))[0]
    assert mask(once)[0] == once


@given(st.text(alphabet="pasword: =\"'@/\n1aA.", max_size=200))
def test_spans_are_in_order_and_inside(text: str) -> None:
    at = 0
    for start, end, _ in find_secrets(text):
        assert at <= start < end <= len(text)
        at = end


@pytest.mark.parametrize(
    "hostile",
    [
        "password: " * 6_000,
        "password for a b c " * 3_000,
        "password=" * 7_000,
        "a@" * 30_000,
        "1234 " * 12_000,
        "4" * 64_000,
        "QUJD" * 16_000,
        "UGFzc3dvcmQ6\n" * 5_000,
        "-----BEGIN PRIVATE KEY-----\n" * 2_000,
        "a LOGIN " * 8_000,
        "a://b:" * 10_000,
        "key " * 16_000,
        "token " * 10_000,
        "card 1" * 10_000,
        "PASS " * 12_000,
        "密码" * 30_000,
        "pin" * 20_000,
        "-u a:" * 12_000,
        "eyJ" * 20_000,
        "AB12 " * 12_000,
    ],
)
def test_hostile_text_is_cheap(hostile: str) -> None:
    start = time.process_time()
    mask(hostile)
    assert time.process_time() - start < 1.0
