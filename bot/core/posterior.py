"""Shares of causes, combined: naive Bayes over what each piece of evidence states.

Evidence states shares ("of tickets that show this, 60 % have that cause"); what is left over keeps the priors'
proportions. The likelihood ratio of a cause is its share over its prior. Pieces that say the same thing twice
are damped by weights, since they are not independent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp, log

from bot.core.verdict import Evidence
from knowledge.model import Knowledge

FLOOR = 0.02
"""No single piece may thin a cause out by more than this factor."""

SHARPEN = 1.25
"""Desk shares are cautious: on the tuning tickets probabilities between 0.4 and 0.8 were right more often than they
said, so the evidence counts this much more (`triage eval` prints the calibration error)."""


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
    prior = priors(knowledge)
    score = {c: log(p) for c, p in prior.items()}
    for piece, weight in evidence:
        for cause, ratio in ratios(piece.supports, piece.refutes, prior).items():
            score[cause] += SHARPEN * weight * log(ratio)
    top = max(score.values())
    raw = {c: exp(s - top) for c, s in score.items()}
    total = sum(raw.values())
    return {c: r / total for c, r in raw.items()}


def agreement(supports: Mapping[str, float], expected: Mapping[str, float], knowledge: Knowledge) -> float:
    """0..1: how well shares fit expected probabilities (Bhattacharyya coefficient over the causes stated)."""
    return float(sum((share * expected.get(cause, 0.0)) ** 0.5 for cause, share in supports.items()))
