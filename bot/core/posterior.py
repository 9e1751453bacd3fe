"""Shares of causes, combined: naive Bayes over what each piece of evidence states.

Evidence states shares ("of tickets that show this, 60 % have that cause"); what is left over keeps the priors'
proportions. The likelihood ratio of a cause is its share over its prior. Pieces that say the same thing twice
are damped by weights, since they are not independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import exp, log

from bot.core.verdict import Evidence
from knowledge.model import Knowledge

FLOOR = 0.02
"""No single piece may thin a cause out by more than this factor."""

Leanings = Mapping[str, Mapping[str, float]]
"""kind of evidence -> cause -> the sum of its log likelihood ratios, each by its piece's own weight. Only
differences between causes mean anything."""


def priors(knowledge: Knowledge) -> dict[str, float]:
    """cause -> prior, adding up to 1."""
    raw = {c.id: c.prior for c in knowledge.checks.values()} | {o.id: o.prior for o in knowledge.others.values()}
    total = sum(raw.values())
    return {cause: share / total for cause, share in raw.items()}


def ratios(supports: Mapping[str, float], refutes: Mapping[str, float], prior: Mapping[str, float]) -> dict[str, float]:
    """cause -> likelihood ratio of one piece of evidence."""
    stated = {c: s for c, s in supports.items() if s > 0}
    out: dict[str, float] = {}
    if stated:
        rest = max(1.0 - sum(stated.values()), 0.01) / max(1.0 - sum(prior[c] for c in stated), 0.05)
        out = {c: (stated[c] / prior[c] if c in stated else rest) for c in prior}
    else:
        out = dict.fromkeys(prior, 1.0)
    for cause, factor in refutes.items():
        out[cause] *= factor
    return {c: max(r, FLOOR) for c, r in out.items()}


def posterior(evidence: Iterable[tuple[Evidence, float]], knowledge: Knowledge) -> dict[str, float]:
    """cause -> probability, from pieces of evidence with their weights (exponents, 0..2)."""
    return chances(leanings(evidence, knowledge), knowledge)


def leanings(evidence: Iterable[tuple[Evidence, float]], knowledge: Knowledge) -> dict[str, dict[str, float]]:
    """What each kind of evidence says, added up, before the kinds are weighed against each other."""
    prior = priors(knowledge)
    out: dict[str, dict[str, float]] = {}
    for piece, weight in evidence:
        said = out.setdefault(piece.kind, dict.fromkeys(prior, 0.0))
        for cause, ratio in ratios(piece.supports, piece.refutes, prior).items():
            said[cause] += weight * log(ratio)
    return out


def chances(said: Leanings, knowledge: Knowledge) -> dict[str, float]:
    """cause -> probability: priors times what every kind says, each kind and cause by its weight of the knowledge."""
    score = {c: log(p) + log(knowledge.weights.causes.get(c, 1.0)) for c, p in priors(knowledge).items()}
    for kind, by_cause in said.items():
        weight = knowledge.weights.kinds.get(kind, 1.0)
        for cause, lean in by_cause.items():
            if cause in score:
                score[cause] += weight * lean
    return softmax(score)


def softmax(score: Mapping[str, float]) -> dict[str, float]:
    """Scores in logarithms as probabilities."""
    top = max(score.values())
    raw = {c: exp(s - top) for c, s in score.items()}
    total = sum(raw.values())
    return {c: r / total for c, r in raw.items()}


def sparse(said: Leanings) -> dict[str, dict[str, float]]:
    """The same leanings in few words: the value that most causes of a kind share is taken off all of them, and what
    is left of nothing is left out."""
    out = {}
    for kind, by_cause in sorted(said.items()):
        rounded = {cause: round(lean, 4) for cause, lean in by_cause.items()}
        usual = Counter(rounded.values()).most_common(1)[0][0] if rounded else 0.0
        kept = {cause: round(lean - usual, 4) for cause, lean in sorted(rounded.items()) if lean != usual}
        if kept:
            out[kind] = kept
    return out


def agreement(supports: Mapping[str, float], expected: Mapping[str, float], knowledge: Knowledge) -> float:
    """0..1: how well shares fit expected probabilities (Bhattacharyya coefficient over the causes stated)."""
    return float(sum((share * expected.get(cause, 0.0)) ** 0.5 for cause, share in supports.items()))
