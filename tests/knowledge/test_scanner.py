"""What looks through texts quickly finds what the plain way finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.scanner import Scanner
from knowledge.signs import Signs

_letters = st.text("ab \u00e9\u5bc6\ud800\U0001f600", min_size=1, max_size=4)


@given(st.lists(_letters, unique=True, max_size=12), st.text("ab \u00e9\u5bc6\ud800\U0001f600", max_size=60))
@settings(max_examples=300, deadline=None)
def test_a_scanner_finds_every_literal_that_stands_in_a_text(literals: list[str], text: str) -> None:
    assert Scanner(literals).found(text) == {number for number, literal in enumerate(literals) if literal in text}


@given(st.text("a\t\u2019\u00df\uff21\u5bc6\ud800`", max_size=60))
@settings(max_examples=200, deadline=None)
def test_signs_are_replaced_as_translate_does(text: str) -> None:
    table = {"\t": " ", "`": "'", "\u2019": "'", "\u00df": "ss", "\uff21": "A"}
    assert Signs(table)(text) == text.translate(str.maketrans(table))


@pytest.mark.parametrize("text", ["", "nothing", "\u5bc6" * 50])
def test_a_scanner_of_nothing_finds_nothing(text: str) -> None:
    assert Scanner(()).found(text) == set()
