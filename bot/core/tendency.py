"""Evidence from all that a ticket speaks of, taken together.

A cue knows one thought that names a cause; many tickets hold none, and what they say is still telling: nine people,
a phone that works, a Monday, no panel. So the concepts of all thoughts are read as one bag, as in text
classification since Maron (1961): a multinomial logistic model with a ridge, fitted to the written tickets
(tests/eval/tendencies.py), says how much each concept leans to each cause. It is one more piece of evidence among
the others and the mildest of them, since it repeats what cues say of the same words.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import exp, log

from bot.core.posterior import priors
from bot.core.verdict import Evidence
from knowledge.model import Knowledge

TOGETHER = 0.56
"""Weight of this piece. The best on tickets of a hand that the fit had not seen; cross-validation over the others is
flat from 0.3 to 0.8."""
REF = "words-together"
OF_HOST, OF_PORT = frozenset({"server"}), frozenset({"port", "encryption"})
"""Concepts that name a setting. Where the setting is stated and right, that it is spoken of tells nothing."""
NAMED = 3


def of_traits(
    traits: Sequence[str], knowledge: Knowledge, judged: Set[str] = frozenset()
) -> tuple[Evidence, float] | None:
    """What tickets that speak of these things tend to be about, as shares of causes; None where nothing is spoken of.

    Causes without tendencies keep their prior: of them the piece says nothing. What is said in passing of ``judged``
    concepts is left out.
    """
    known = knowledge.tendencies.average
    telling = [trait for trait in traits if knowledge.tendencies.of(trait) and not _in_passing(trait, judged)]
    if not telling or not known:
        return None
    lean = {
        cause: sum(knowledge.tendencies.of(trait).get(cause, 0.0) for trait in telling) - usual
        for cause, usual in known.items()
    }
    prior = priors(knowledge)
    top = max(log(prior[cause]) + lean[cause] for cause in known)
    raw = {cause: exp(log(prior[cause]) + lean[cause] - top) for cause in known}
    whole = sum(prior[cause] for cause in known) / sum(raw.values())
    shares = {cause: share * whole for cause, share in raw.items()}
    leading = max(shares, key=lambda cause: shares[cause])
    most = sorted(telling, key=lambda trait: (-knowledge.tendencies.of(trait).get(leading, 0.0), trait))[:NAMED]
    return Evidence(
        "words", f"what the ticket speaks of, taken together ({', '.join(map(_shown, most))})", REF, shares
    ), TOGETHER


def _in_passing(trait: str, judged: Set[str]) -> bool:
    way, _, concept = trait.partition(" ")
    return concept in judged and way in ("spoken", "plain")


def _shown(trait: str) -> str:
    way, _, concept = trait.partition(" ")
    return {
        "works": f"{concept} works",
        "fails": f"{concept} fails",
        "guessed": f"{concept}?",
        "denied": f"no {concept}",
    }.get(way, concept)
