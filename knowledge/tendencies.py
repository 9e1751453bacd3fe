"""What tickets that speak of a thing tend to be about (tendencies.toml): the type, and what must hold of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

STRONGEST = 4.0
"""No single thing that is spoken of may move a cause's log odds by more."""

WAYS = ("spoken", "works", "fails", "plain", "guessed", "denied")

ByConcept = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Tendencies:
    """concept -> cause -> how much a ticket whose thoughts hold the concept leans towards the cause (log odds): one
    table for each way of speaking of it. ``average`` is what all that is usually said adds up to, and is taken off."""

    average: Mapping[str, float] = field(default_factory=dict)
    """Its keys are the causes that tendencies are known of; of others nothing is said."""
    spoken: ByConcept = field(default_factory=dict)
    works: ByConcept = field(default_factory=dict)
    fails: ByConcept = field(default_factory=dict)
    plain: ByConcept = field(default_factory=dict)
    """In a thought that says neither works nor fails."""
    guessed: ByConcept = field(default_factory=dict)
    denied: ByConcept = field(default_factory=dict)

    @cached_property
    def rows(self) -> Mapping[str, tuple[float, ...]]:
        """The leanings of each trait as :func:`bot.core.parse.traits.traits_of` names it ("fails wifi"), in the order
        of ``average``."""
        return {
            f"{way} {concept}": tuple(by_cause.get(cause, 0.0) for cause in self.average)
            for way in WAYS
            for concept, by_cause in getattr(self, way).items()
        }


def faults(tendencies: Tendencies, concepts: Collection[str], causes: Collection[str]) -> Iterator[str]:
    """What is wrong with the table: concepts and causes that nobody knows, numbers that would drown everything else."""
    for way in WAYS:
        for concept, by_cause in getattr(tendencies, way).items():
            if concept not in concepts:
                yield f"tendencies.toml: [{way}] {concept}: is no concept of thoughts.toml"
            for cause, number in by_cause.items():
                if cause not in tendencies.average:
                    yield f"tendencies.toml: [{way}] {concept}: {cause!r} stands not under [average]"
                if abs(number) > STRONGEST:
                    yield f"tendencies.toml: [{way}] {concept}: {cause} = {number} is not between -{STRONGEST:g} and {STRONGEST:g}"
    for cause in tendencies.average:
        if cause not in causes:
            yield f"tendencies.toml: [average] {cause}: is neither a check nor another cause"
