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
    known, rows = knowledge.tendencies.average, knowledge.tendencies.rows
    telling = [trait for trait in traits if trait in rows and not _in_passing(trait, judged)]
    if not telling or not known:
        return None
    sums = map(sum, zip(*(rows[trait] for trait in telling), strict=True))
    lean = {cause: total - usual for (cause, usual), total in zip(known.items(), sums, strict=True)}
    prior = priors(knowledge)
    top = max(log(prior[cause]) + lean[cause] for cause in known)
    raw = {cause: exp(log(prior[cause]) + lean[cause] - top) for cause in known}
    whole = sum(prior[cause] for cause in known) / sum(raw.values())
    shares = {cause: share * whole for cause, share in raw.items()}
    column = max(enumerate(known), key=lambda at: shares[at[1]])[0]
    most = dict.fromkeys(map(_shown, sorted(telling, key=lambda trait: (-rows[trait][column], trait))))
    return Evidence(
        "words", f"what the ticket speaks of, taken together ({', '.join(list(most)[:NAMED])})", REF, shares
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
