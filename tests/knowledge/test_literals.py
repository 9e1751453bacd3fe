"""The cheap test before the search never turns away a text that matches."""

from __future__ import annotations

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from knowledge import load
from knowledge.literals import alternatives, leading_literals, required_literals, squeezed
from knowledge.rules import compiled, fold
from knowledge.sieve import meets

KNOWLEDGE = load()
Pair = tuple[str, str]
"""A pattern and a text that it matches whole."""

_letters = st.text(alphabet="abcdeäßłж接続サ 5.'-", min_size=1, max_size=6)
_literal = _letters.map(lambda t: (regex.escape(t, literal_spaces=True), t))
_class = st.lists(st.sampled_from("abc接х5"), min_size=1, max_size=8, unique=True).flatmap(
    lambda chars: st.sampled_from(chars).map(lambda c: ("[" + "".join(chars) + "]", c))
)
_fixed = st.sampled_from(
    [
        (r"\s+", "  "),
        (r"\s*", ""),
        (r"\s?", "\n"),
        (r"[\s-]?", " "),
        (r"[\s-]", "-"),
        (r"\s{1,4}", " \n "),
        (r"\n", "\n"),
        (r"\d+", "42"),
        (r"\w+", "wort"),
        (r".{0,5}", "x y"),
        (r"[^\n]{0,9}?", "zz"),
        (r"\b", ""),
        (r"(?:)", ""),
        (r"[^a]", "q"),
        (r"[a-z]", "m"),
        (r"(?!zzz)", ""),
        (r"(?<!zzz)", ""),
    ]
)


def _wrap(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda ps: ("".join(p for p, _ in ps), "".join(t for _, t in ps))),
        st.lists(inner, min_size=2, max_size=4).flatmap(
            lambda ps: st.sampled_from(ps).map(lambda chosen: ("(?:" + "|".join(p for p, _ in ps) + ")", chosen[1]))
        ),
        st.tuples(inner, st.booleans()).map(lambda x: (f"(?:{x[0][0]})?", x[0][1] if x[1] else "")),
        st.tuples(inner, st.integers(0, 3)).map(lambda x: (f"(?:{x[0][0]})*", x[0][1] * x[1])),
        st.tuples(inner, st.integers(1, 3)).map(lambda x: (f"(?:{x[0][0]})+", x[0][1] * x[1])),
        st.tuples(inner, st.integers(0, 2)).map(lambda x: (f"(?:{x[0][0]}){{0,2}}?", x[0][1] * x[1])),
        st.tuples(inner, st.integers(2, 3)).map(lambda x: (f"({x[0][0]}){{2,3}}", x[0][1] * x[1])),
    )


pairs = st.recursive(st.one_of(_literal, _literal, _class, _fixed), _wrap, max_leaves=14)


def holds(pattern: str, text: str) -> bool:
    lowered = text.lower()
    return all(
        any(literal in where for literal in literals)
        for phrases, where in ((True, squeezed(lowered)), (False, lowered))
        for literals in required_literals(pattern, phrases=phrases)
    )


@given(pairs)
@settings(max_examples=300, deadline=None)
def test_a_text_that_matches_holds_one_literal_of_each_set(pair: Pair) -> None:
    pattern, text = pair
    assume(regex.fullmatch(pattern, text, regex.IGNORECASE) is not None)
    assert holds(pattern, text), required_literals(pattern)
    assert not (leads := leading_literals(pattern)) or text.lower().startswith(leads)


@given(pairs, st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_wherever_the_match_stands(pair: Pair, before: str, after: str) -> None:
    pattern, text = pair
    whole = before + text.upper() + after
    assume(len(whole.lower()) == len(whole))
    if regex.search(pattern, whole, regex.IGNORECASE):
        assert holds(pattern, whole), required_literals(pattern)


@pytest.mark.parametrize(
    ("pattern", "texts", "wrong"),
    [
        (
            r"\brelay\s+access\s+denied\b",
            ["relay access denied", "relay \n access  denied"],
            "access was denied by the relay",
        ),
        (r"(?:timed?\s+out|timeout)", ["timed out", "time out", "timeout"], "error"),
        (r"colou?r", ["color", "colour"], "flavour"),
        (r"(?:接続|连接)でき", ["接続でき", "连接でき"], "拒否"),
    ],
)
def test_what_literals_are_good_for(pattern: str, texts: list[str], wrong: str) -> None:
    assert required_literals(pattern)
    assert all(holds(pattern, text) for text in texts) and not holds(pattern, wrong)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ".*",
        r"\d{3}",
        "a?",
        "(?:abc)?",
        "[a-z]+",
        "a|",
        "(?i)abc",
        "(?P<x>abc)(?P=x)",
        r"\p{L}+",
        "(",
        "a{",
        "*a",
        "[abc",
    ],
)
def test_where_nothing_can_be_said_the_pattern_is_searched(pattern: str) -> None:
    # what is odd or broken must not raise here; a pattern that does not compile is another law's business
    required_literals(pattern)
    assert holds("a?", "") and holds("(?:abc)?", "") and holds("[a-z]+", "q") and holds("a|", "")


def test_every_pattern_of_the_table_lets_its_own_samples_through() -> None:
    seen = 0
    rows = [(p, s) for row in KNOWLEDGE.errors.values() for p in row.patterns for s in row.must_match[::3]]
    rows += [
        (p, s)
        for cue in KNOWLEDGE.cues.values()
        for lang, ps in cue.patterns.items()
        for p in ps
        for s in (*cue.must_match.get(lang, ()), *cue.must_match.get("any", ()))
    ]
    needs = {pattern: [required_literals(one) for one in alternatives(pattern)] for pattern, _ in rows}
    for pattern, sample in rows:
        folded = fold(sample)
        if compiled(pattern).search(folded):
            seen += 1
            assert any(meets(squeezed(folded), need) for need in needs[pattern]), (pattern, sample)
    assert seen >= 300


def test_most_patterns_can_be_ruled_out_cheaply() -> None:
    patterns = [p for row in KNOWLEDGE.errors.values() for p in row.patterns]
    assert sum(bool(required_literals(p)) for p in patterns) >= 0.8 * len(patterns)
