"""What a ticket speaks of, taken together: traits in any language, shares of causes, and what is said of nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parse.thoughts import think
from bot.core.parse.traits import traits_of
from bot.core.posterior import priors, ratios
from bot.core.tendency import OF_PORT, of_traits
from knowledge import load
from knowledge.tendencies import WAYS, Tendencies, faults

KNOWLEDGE = load()
TRAITS = [f"{way} {concept}" for way in WAYS for concept in getattr(KNOWLEDGE.tendencies, way)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Webmail works, the phone fails."),
        ("de", "Webmail geht, das Handy geht nicht."),
        ("fr", "Le webmail fonctionne, le téléphone ne marche pas."),
        ("es", "El webmail funciona, el móvil no funciona."),
    ],
)
def test_traits_are_the_same_in_every_language(language: str, text: str) -> None:
    assert {"works webmail", "fails phone", "spoken phone"} <= set(traits_of(think(text, KNOWLEDGE.lexicons[language])))


def test_a_guess_and_a_denial_are_other_ways_of_speaking() -> None:
    traits = traits_of(think("Could it be the firewall? No password was changed.", KNOWLEDGE.lexicons["en"]))
    assert "guessed filter" in traits and "fails filter" not in traits
    assert any(trait.startswith("denied ") for trait in traits)


@pytest.mark.parametrize("traits", [(), ("works no-such-concept",), ("spoken ",)])
def test_nothing_known_is_said_of_nothing(traits: tuple[str, ...]) -> None:
    assert of_traits(traits, KNOWLEDGE) is None


@given(st.sets(st.sampled_from(TRAITS), min_size=1, max_size=40))
def test_shares_are_shares_and_causes_without_tendencies_keep_their_prior(traits: set[str]) -> None:
    told = of_traits(sorted(traits), KNOWLEDGE)
    assert told is not None
    piece, weight = told
    assert 0 < weight < 1 and 0 < sum(piece.supports.values()) <= 1.0001 and min(piece.supports.values()) > 0
    prior = priors(KNOWLEDGE)
    by_cause = ratios(piece.supports, piece.refutes, prior)
    assert all(by_cause[cause] == pytest.approx(1.0) for cause in prior if cause not in KNOWLEDGE.tendencies.average)


def test_each_trait_raises_the_cause_that_it_leans_to_most() -> None:
    usual = of_traits(["spoken settings"], KNOWLEDGE)
    assert usual is not None
    for trait in TRAITS:
        leaning = dict(zip(KNOWLEDGE.tendencies.average, KNOWLEDGE.tendencies.rows.get(trait, ()), strict=False))
        if trait == "spoken settings" or not leaning:
            continue
        most = max(leaning, key=lambda cause: leaning[cause])
        with_it = of_traits(sorted({"spoken settings", trait}), KNOWLEDGE)
        assert with_it is not None
        if leaning[most] > 0:
            assert with_it[0].supports[most] > usual[0].supports[most], trait


def test_the_note_names_concepts_and_no_words_of_the_customer() -> None:
    told = of_traits(
        traits_of(think("Webmail works; secretive@mail.example fails.", KNOWLEDGE.lexicons["en"])), KNOWLEDGE
    )
    assert told is not None and "secretive" not in told[0].text and told[0].ref == "words-together"


def test_faults_name_file_and_key() -> None:
    wrong = Tendencies(
        average={"hostnames": 0.0, "no-cause": 0.1}, works={"no-concept": {"hostnames": 9.0, "port-and-tls": 0.1}}
    )
    told = "\n".join(faults(wrong, {"wifi"}, {"hostnames", "port-and-tls"}))
    assert "[works] no-concept: is no concept" in told and "hostnames = 9.0 is not between" in told
    assert "'port-and-tls' stands not under [average]" in told and "[average] no-cause" in told
    assert not list(faults(KNOWLEDGE.tendencies, KNOWLEDGE.thoughts, {*KNOWLEDGE.checks, *KNOWLEDGE.others}))


def test_settings_that_are_right_are_not_accused_by_being_named() -> None:
    spoken = ("plain encryption", "plain port", "spoken encryption", "spoken port", "works webmail")
    named = of_traits(spoken, KNOWLEDGE)
    judged = of_traits(spoken, KNOWLEDGE, OF_PORT)
    assert named is not None and judged is not None
    assert judged[0].supports["port-and-tls"] < named[0].supports["port-and-tls"] and "port" not in judged[0].text
    assert of_traits(spoken[:4], KNOWLEDGE, OF_PORT) is None
