"""A gated expression finds what the expression itself finds."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import egress_patterns
from bot.core.parse import endpoints, facts, logins, times
from knowledge.gated import Gated
from knowledge.literals import alternatives, required_literals
from knowledge.rules import fold


def _gated(value: object) -> list[Gated]:
    if isinstance(value, Gated):
        return [value]
    return (
        [one for item in (value.values() if isinstance(value, dict) else value) for one in _gated(item)]
        if isinstance(value, tuple | dict)
        else []
    )


ALL = [
    one
    for module in (egress_patterns, endpoints, facts, logins, times)
    for value in vars(module).values()
    for one in _gated(value)
]
WORDS = sorted(
    {
        word
        for one in ALL
        for part in alternatives(one.expression)
        for literals in required_literals(part)
        for word in literals
    }
)
_texts = st.lists(
    st.sampled_from(WORDS) | st.sampled_from(["25", ":", "=", "\n", "a", "9:30", '"x"', "yes", "server", "(", "  "]),
    max_size=12,
).map(" ".join)


def test_there_are_gated_expressions_and_they_sort_out() -> None:
    assert len(ALL) >= 20 and len(WORDS) >= 200
    assert not any(one.may_match("zzz") for one in ALL)


@given(_texts, st.sampled_from(ALL))
@settings(max_examples=600, deadline=None)
def test_it_finds_what_the_expression_finds(text: str, gated: Gated) -> None:
    folded = text if gated.flags & regex.IGNORECASE else fold(text)
    plain = regex.compile(gated.expression, gated.flags)
    assert [m.span() for m in gated.finditer(folded, timeout=1)] == [m.span() for m in plain.finditer(folded)]
    first, found = plain.search(folded), gated.search(folded, timeout=1)
    assert (first and first.span()) == (found and found.span())


def test_it_is_compiled_when_a_text_first_passes() -> None:
    gated = Gated(r"\brelay\s+access|zugriff\b")
    assert gated.search("nothing of it", timeout=1) is None and "compiled" not in vars(gated)
    assert gated.search("relay \n access", timeout=1) and "compiled" in vars(gated)


def test_an_expression_that_runs_away_is_stopped() -> None:
    with pytest.raises(TimeoutError):
        Gated(r"(?:a|aa|a?)+b\d").search("a" * 4000 + "b", timeout=0.01)
