"""Shares combined: sums, order, and what evidence may and may not do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.posterior import FLOOR, agreement, posterior, priors, ratios
from bot.core.verdict import Evidence
from knowledge import load

KNOWLEDGE = load()
PRIORS = priors(KNOWLEDGE)
CAUSES = sorted(PRIORS)


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Evidence, float]:
    named = draw(st.lists(st.sampled_from(CAUSES), max_size=4, unique=True))
    left, supports = 1.0, {}
    for cause in named:
        supports[cause] = draw(st.floats(0, left))
        left -= supports[cause]
    refutes = draw(st.dictionaries(st.sampled_from(CAUSES), st.floats(0, 1), max_size=4))
    return Evidence("error", "x", "x", supports, refutes), draw(st.floats(0, 2))


def test_priors_are_shares_of_every_cause() -> None:
    assert set(PRIORS) == {*KNOWLEDGE.checks, *KNOWLEDGE.others}
    assert sum(PRIORS.values()) == pytest.approx(1) and min(PRIORS.values()) > 0


def test_without_evidence_the_priors_stand() -> None:
    assert posterior([], KNOWLEDGE) == pytest.approx(PRIORS)


@given(st.lists(pieces(), max_size=8))
@settings(max_examples=100, deadline=None)
def test_it_is_a_distribution_whatever_comes(evidence: list[tuple[Evidence, float]]) -> None:
    chances = posterior(evidence, KNOWLEDGE)
    assert set(chances) == set(PRIORS)
    assert sum(chances.values()) == pytest.approx(1) and all(0 <= c <= 1 for c in chances.values())


@given(st.lists(pieces(), min_size=2, max_size=5), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_evidence_does_not_matter(evidence: list[tuple[Evidence, float]], random: object) -> None:
    shuffled = list(reversed(evidence))
    assert posterior(evidence, KNOWLEDGE) == pytest.approx(posterior(shuffled, KNOWLEDGE))


@pytest.mark.parametrize("cause", CAUSES)
def test_one_piece_makes_its_cause_lead_with_about_its_share(cause: str) -> None:
    chances = posterior([(Evidence("error", "x", "x", {cause: 0.9}), 1.0)], KNOWLEDGE)
    assert max(chances, key=lambda c: chances[c]) == cause and 0.85 <= chances[cause] < 0.995


def test_support_raises_and_refutation_lowers() -> None:
    before = posterior([], KNOWLEDGE)
    up = posterior([(Evidence("error", "x", "x", {"mailbox-password": 0.9}), 1.0)], KNOWLEDGE)
    down = posterior([(Evidence("server", "x", "x", {}, {"mailbox-password": 0.05}), 1.0)], KNOWLEDGE)
    assert up["mailbox-password"] > before["mailbox-password"] > down["mailbox-password"]
    assert down["hostnames"] > before["hostnames"]


def test_weight_nought_says_nothing_and_more_weight_says_more() -> None:
    piece = Evidence("error", "x", "x", {"hostnames": 0.8})
    assert posterior([(piece, 0.0)], KNOWLEDGE) == pytest.approx(PRIORS)
    chances = [posterior([(piece, w)], KNOWLEDGE)["hostnames"] for w in (0.2, 0.5, 1.0, 1.4)]
    assert chances == sorted(chances) and len(set(chances)) == 4


@given(pieces())
@settings(max_examples=100, deadline=None)
def test_no_single_piece_kills_a_cause(piece: tuple[Evidence, float]) -> None:
    assert min(ratios(piece[0].supports, piece[0].refutes, PRIORS).values()) >= FLOOR


def test_evidence_that_states_only_a_prior_changes_nothing() -> None:
    one = {"hostnames": PRIORS["hostnames"]}
    assert posterior([(Evidence("error", "x", "x", one), 1.0)], KNOWLEDGE)["hostnames"] == pytest.approx(
        PRIORS["hostnames"], rel=0.05
    )


def test_agreement_is_high_for_what_is_expected_and_low_for_what_is_not() -> None:
    expected = posterior([(Evidence("error", "x", "x", {"mailbox-password": 0.9}), 1.0)], KNOWLEDGE)
    fits = agreement({"mailbox-password": 0.9}, expected, KNOWLEDGE)
    misses = agreement({"hostnames": 0.9}, expected, KNOWLEDGE)
    assert 0 <= misses < 0.3 < 0.8 < fits <= 1.0001
    assert agreement({}, expected, KNOWLEDGE) == 0
