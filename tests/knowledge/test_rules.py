"""Rows turned into rules, and the index that names the candidates of a text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import load
from knowledge.rules import RuleIndex, fold, rules_of, text_rule

KNOWLEDGE = load()


def squeezed(text: str) -> str:
    return " ".join(fold(text).split())


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


@pytest.mark.parametrize("sample", ["a(b", "50% of [x]", "a+b*c?", "back\\slash", "x{1}y", "^start$", "a|b", "x {host} (?:x)"])
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
    assert rule in list(RuleIndex([rule]).candidates(squeezed(sample)))


def test_the_index_names_every_rule_that_matches() -> None:
    rules = [rule for row in KNOWLEDGE.errors.values() for rule in rules_of(row)]
    index = RuleIndex(rules)
    samples = [s for row in KNOWLEDGE.errors.values() for s in row.must_match][::19]
    assert len(samples) >= 20
    for sample in samples:
        folded = fold(sample)
        named = {id(rule) for rule in index.candidates(squeezed(sample))}
        missed = [rule.sample for rule in rules[::11] if id(rule) not in named and rule.pattern().search(folded, timeout=1)]
        assert missed == [], sample


def test_each_candidate_is_named_once_and_strangers_are_not() -> None:
    rules = [text_rule("a", "login failed again"), text_rule("b", "certificate expired"), text_rule("c", "no")]
    index = RuleIndex(rules)
    assert [r.error_id for r in index.candidates("login failed again login failed again")] == ["a"]
    assert list(index.candidates("")) == [] and [r.error_id for r in index.candidates("no")] == ["c"]
