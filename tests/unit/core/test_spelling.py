"""Slips put right by the table's words, and nothing else touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.spelling import MAX_CHARS, Spelling

SPELLING = Spelling(
    [
        "The certificate has expired",
        "Connection to server failed",
        "Verbindung zum Server fehlgeschlagen",
        "Mecanismo de autenticación desconocido",
    ]
)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Conection to sevrer failed", "connection to server failed"),
        ("C0nnection to server faiIed", "connection to server failed"),
        ("Mecanismo de autenticación desc…", "mecanismo de autenticacion desconocido"),
        ("Verbindnug zum Server fehlgeschlagen", "verbindung zum server fehlgeschlagen"),
    ],
)
def test_slips_and_cut_endings_are_put_right(text: str, right: str) -> None:
    assert SPELLING.corrected(text) == right


@pytest.mark.parametrize(
    "text",
    [
        "Connection to server failed",
        "The garden is green",
        "",
        "12345 67890",
        "接続に失敗しました",
        "Conection " * MAX_CHARS,
    ],
)
def test_what_is_right_unknown_or_too_long_is_left_alone(text: str) -> None:
    assert SPELLING.corrected(text) is None


@given(st.text(max_size=120))
def test_putting_right_never_fails(text: str) -> None:
    corrected = SPELLING.corrected(text)
    assert corrected is None or corrected.strip() == corrected
