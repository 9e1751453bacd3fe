"""Rows turned into rules, and the sieve that names the candidates of a text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import load
from knowledge.literals import squeezed
from knowledge.rules import Rule, fold, rules_of, text_rule
from knowledge.sieve import Sieve

KNOWLEDGE = load()


def sieve_of(rules: list[Rule]) -> Sieve[Rule]:
    return Sieve((rule, rule.alternatives) for rule in rules)


def test_every_row_has_rules() -> None:
    rules = {row.id: list(rules_of(row)) for row in KNOWLEDGE.errors.values()}
    assert all(rules.values()) and all(rule.error_id == row_id for row_id, found in rules.items() for rule in found)


def test_expressions_are_made_when_they_are_needed_and_once() -> None:
    rule = text_rule("r", "Login to {host} failed")
    assert rule.compiled is None
    first = rule.pattern()
    assert rule.pattern() is first and rule.compiled is first


def test_placeholders_do_not_count_as_agreement() -> None:
    assert text_rule("r", "Login to {host} failed").fixed == len("Login to") + len("failed")
    assert text_rule("r", "{any}").fixed == 0


@pytest.mark.parametrize(
    "sample", ["a(b", "50% of [x]", "a+b*c?", "back\\slash", "x{1}y", "^start$", "a|b", "x {host} (?:x)"]
)
def test_a_text_is_never_an_expression(sample: str) -> None:
    rule = text_rule("r", sample)
    literal = sample.replace("{host}", "imap.mail.example")
    assert rule.pattern().search(fold(literal))


@given(st.text(alphabet="abc {}[]()*+?.\\|^$'\"-é接 ", min_size=1, max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_makes_a_rule_that_claims_it(sample: str) -> None:
    rule = text_rule("r", sample)
    if "{" in sample or not fold(sample).strip(" ."):
        return
    assert rule.pattern().search(fold(sample)), rule.pattern().pattern
    assert sieve_of([rule]).candidates(squeezed(fold(sample))) == [rule]


def test_the_sieve_names_every_rule_that_matches() -> None:
    rules = [rule for row in KNOWLEDGE.errors.values() for rule in rules_of(row)]
    sieve = sieve_of(rules)
    samples = [s for row in KNOWLEDGE.errors.values() for s in row.must_match][::19]
    assert len(samples) >= 20
    for sample in samples:
        folded = fold(sample)
        named = {id(rule) for rule in sieve.candidates(squeezed(folded))}
        missed = [
            rule.sample for rule in rules[::11] if id(rule) not in named and rule.pattern().search(folded, timeout=1)
        ]
        assert missed == [], sample


def test_each_candidate_is_named_once_and_in_order_and_strangers_are_not() -> None:
    rules = [text_rule("c", "no"), text_rule("b", "certificate expired"), text_rule("a", "login failed again")]
    sieve = sieve_of(rules)
    assert [r.error_id for r in sieve.candidates(squeezed("login failed again login failed again no"))] == ["c", "a"]
    assert sieve.candidates("") == []


_words = st.lists(
    st.sampled_from(["login", "logins", "in", "n", "no", "failed", "接続", "拒", "é"]), min_size=1, max_size=4
).map(" ".join)


@given(
    st.lists(
        st.lists(st.lists(st.tuples(_words, _words).map(tuple), max_size=2).map(tuple), min_size=1, max_size=3),
        max_size=8,
    ),
    _words,
)
@settings(max_examples=300, deadline=None)
def test_the_sieve_says_what_asking_each_entry_would_say(
    table: list[list[tuple[tuple[str, ...], ...]]], words: str
) -> None:
    text = squeezed(words)
    plainly = [
        at
        for at, alternatives in enumerate(table)
        if any(all(any(literal in text for literal in literals) for literals in needs) for needs in alternatives)
    ]
    assert Sieve(enumerate(table)).candidates(text) == plainly
