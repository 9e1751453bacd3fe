"""Changed weights, proposed from what agents decided, with what they would have done on past tickets. Pure, and the
same every time.

The posterior is a multinomial logistic model already: its score of a cause is the log prior, plus each kind's
leanings times the kind's weight, plus the cause's own offset. So weights and offsets are fitted as there (maximum
likelihood), with a Gaussian prior around the present values (ridge; le Cessie and van Houwelingen 1992), which keeps
what labels say nothing about where it is. Ten labels a parameter at least (Peduzzi and others 1996); the later
labels are held out and only they say whether it has become better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, log

from bot.core.learning import expected_error
from bot.core.posterior import priors, softmax
from knowledge.model import Knowledge, Weights

FEWEST = 200
"""Labels with a known right cause before anything is proposed."""
A_PARAMETER = 10
"""Labels of a cause, or tickets that a kind of evidence speaks in, before its weight is moved (events per variable)."""
HELD_OUT = 0.25
KIND_SPREAD, CAUSE_SPREAD = 0.25, 0.5
"""Standard deviations of the prior: of a kind's weight, and of the logarithm of a cause's factor."""
MOST_LABELS = 3_000
ROUNDS = 60
SETTLED = 1e-5
KIND_BOUNDS, CAUSE_BOUNDS = (0.2, 4.0), (log(0.1), log(10.0))


@dataclass(frozen=True, slots=True)
class Example:
    """A decided ticket: what the evidence said, what the bot named, and the right cause."""

    ticket: str
    at: datetime
    leanings: Mapping[str, Mapping[str, float]]
    named: str
    right: str


@dataclass(frozen=True, slots=True)
class Measured:
    """How well weights do on some decided tickets."""

    tickets: int
    right: float
    """Share whose right cause leads."""
    log_loss: float
    """Mean of -log of the right cause's probability: lower is better."""
    ece: float
    """Expected calibration error of the leading probability, ten equal bins."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Weights to decide about. ``before`` and ``after`` are measured on the labels that the fit has not seen."""

    labels: int
    fitted: int
    weights: Weights
    present: Weights
    before: Measured
    after: Measured
    to_right: int
    to_wrong: int
    """Of all decided tickets: how many would have another leading cause, now right, or right until now; ``changed``
    lists them by pair."""
    changed: tuple[tuple[str, str, int, int], ...]
    """(leading cause now, then, tickets, of these right then)."""
    better: bool
    """The held-out log loss falls, and no fewer of the held-out tickets are right: what is proposed otherwise is
    nothing."""


def propose(examples: Sequence[Example], knowledge: Knowledge) -> Proposal | None:
    """Weights fitted to the earlier labels and measured on the later ones; None where there are fewer than
    :data:`FEWEST`."""
    known = priors(knowledge)
    usable = sorted((e for e in examples if e.leanings and e.right in known), key=lambda e: (e.at, e.ticket))[
        -MOST_LABELS:
    ]
    if len(usable) < FEWEST:
        return None
    cut = len(usable) - max(1, round(len(usable) * HELD_OUT))
    present = complete(knowledge)
    fitted = fit(usable[:cut], knowledge)
    before, after = measure(usable[cut:], present, knowledge), measure(usable[cut:], fitted, knowledge)
    moved = [(leading(e, present, knowledge), leading(e, fitted, knowledge), e.right) for e in usable]
    pairs = Counter((one, other) for one, other, _ in moved if one != other)
    right = Counter((one, other) for one, other, truth in moved if one != other and other == truth)
    return Proposal(
        len(usable),
        cut,
        fitted,
        present,
        before,
        after,
        sum(right.values()),
        sum(one == truth for one, other, truth in moved if one != other),
        tuple(
            (one, other, count, right[one, other])
            for (one, other), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
        ),
        better=after.log_loss < before.log_loss and after.right >= before.right and rounded(fitted) != rounded(present),
    )


def fit(examples: Sequence[Example], knowledge: Knowledge) -> Weights:
    """The weights of highest posterior probability: Newton steps along the diagonal, halved until the objective
    (which is convex) falls."""
    start = complete(knowledge)
    voiced = Counter(kind for e in examples for kind in e.leanings)
    seen = Counter(e.right for e in examples)
    kinds = [k for k in start.kinds if voiced[k] >= A_PARAMETER]
    causes = [c for c in start.causes if seen[c] >= A_PARAMETER]
    at = [start.kinds[k] for k in kinds] + [log(start.causes[c]) for c in causes]
    model = _Model(examples, kinds, causes, start, knowledge)
    loss, gradient, curvature = model.at(at)
    for _ in range(ROUNDS):
        step, scale = [g / c for g, c in zip(gradient, curvature, strict=True)], 1.0
        while scale > 1e-4:
            tried = [
                model.bounded(n, value - scale * move) for n, (value, move) in enumerate(zip(at, step, strict=True))
            ]
            found = model.at(tried)
            if found[0] < loss:
                break
            scale /= 2
        else:
            break
        settled = loss - found[0] < SETTLED * len(examples)
        at, (loss, gradient, curvature) = tried, found
        if settled:
            break
    size = len(kinds)
    return rounded(
        Weights(
            {**start.kinds, **dict(zip(kinds, at[:size], strict=True))},
            {**start.causes, **{c: exp(v) for c, v in zip(causes, at[size:], strict=True)}},
        )
    )


class _Model:
    """The penalised negative log likelihood of the labels, with its gradient and the diagonal of its curvature."""

    def __init__(
        self,
        examples: Sequence[Example],
        kinds: Sequence[str],
        causes: Sequence[str],
        start: Weights,
        knowledge: Knowledge,
    ) -> None:
        self._knowledge, self._start = knowledge, start
        self._kinds, self._causes, self._examples = kinds, causes, examples
        self._centre = [start.kinds[k] for k in kinds] + [log(start.causes[c]) for c in causes]
        self._precision = [1 / KIND_SPREAD**2] * len(kinds) + [1 / CAUSE_SPREAD**2] * len(causes)

    def bounded(self, number: int, value: float) -> float:
        low, high = KIND_BOUNDS if number < len(self._kinds) else CAUSE_BOUNDS
        return min(max(value, low), high)

    def at(self, where: Sequence[float]) -> tuple[float, list[float], list[float]]:
        size = len(self._kinds)
        weights = Weights(
            {**self._start.kinds, **dict(zip(self._kinds, where[:size], strict=True))},
            {**self._start.causes, **{c: exp(v) for c, v in zip(self._causes, where[size:], strict=True)}},
        )
        away = [value - centre for value, centre in zip(where, self._centre, strict=True)]
        loss = sum(p * a * a / 2 for p, a in zip(self._precision, away, strict=True))
        gradient, curvature = [p * a for p, a in zip(self._precision, away, strict=True)], list(self._precision)
        base = _base(weights, self._knowledge)
        for example in self._examples:
            chances = _chances(example, weights, base)
            loss -= log(max(chances[example.right], 1e-300))
            for n, kind in enumerate(self._kinds):
                said = example.leanings.get(kind)
                if said:
                    mean = sum(chances[c] * lean for c, lean in said.items() if c in chances)
                    gradient[n] += mean - said.get(example.right, 0.0)
                    curvature[n] += (
                        sum(chances[c] * lean * lean for c, lean in said.items() if c in chances) - mean * mean
                    )
            for n, cause in enumerate(self._causes, size):
                gradient[n] += chances[cause] - (cause == example.right)
                curvature[n] += chances[cause] * (1 - chances[cause])
        return loss, gradient, curvature


def measure(examples: Sequence[Example], weights: Weights, knowledge: Knowledge) -> Measured:
    """How well ``weights`` do on ``examples``."""
    base = _base(weights, knowledge)
    loss, judged = 0.0, []
    for example in examples:
        chances = _chances(example, weights, base)
        lead = max(chances, key=lambda c: chances[c])
        loss -= log(max(chances[example.right], 1e-300))
        judged.append((chances[lead], lead == example.right))
    return Measured(
        len(examples), sum(hit for _, hit in judged) / len(judged), loss / len(judged), expected_error(judged)
    )


def leading(example: Example, weights: Weights, knowledge: Knowledge) -> str:
    """The cause that leads with these weights."""
    chances = _chances(example, weights, _base(weights, knowledge))
    return max(chances, key=lambda c: chances[c])


def complete(knowledge: Knowledge) -> Weights:
    """The present weights with every cause named."""
    return Weights(dict(knowledge.weights.kinds), {c: knowledge.weights.causes.get(c, 1.0) for c in priors(knowledge)})


def rounded(weights: Weights) -> Weights:
    """As they are written."""
    return Weights(
        {k: round(v, 3) for k, v in weights.kinds.items()}, {c: round(v, 3) for c, v in weights.causes.items()}
    )


def file_of(proposal: Proposal) -> str:
    """weights.toml with the proposed values; factors of 1 are left out."""
    kinds = "".join(f"{kind} = {value:.3f}\n" for kind, value in sorted(proposal.weights.kinds.items()))
    causes = "".join(
        f"{cause} = {value:.3f}\n" for cause, value in sorted(proposal.weights.causes.items()) if round(value, 3) != 1.0
    )
    return (
        f"# Fitted to {proposal.fitted} of {proposal.labels} decided tickets (triage learn weights). Right on the later ones: {proposal.before.right:.3f} before, "
        f"{proposal.after.right:.3f} after.\n# triage learn back takes this file away again.\n\n[kinds]\n{kinds}\n[causes]\n{causes}"
    )


def _base(weights: Weights, knowledge: Knowledge) -> dict[str, float]:
    return {c: log(p) + log(weights.causes[c]) for c, p in priors(knowledge).items()}


def _chances(example: Example, weights: Weights, base: Mapping[str, float]) -> dict[str, float]:
    score = dict(base)
    for kind, said in example.leanings.items():
        weight = weights.kinds.get(kind, 1.0)
        for cause, lean in said.items():
            if cause in score:
                score[cause] += weight * lean
    return softmax(score)
