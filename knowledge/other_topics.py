"""What tells a ticket about something else from one about mail with us (other_topics.toml): the type, and what must
hold of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import exp

from knowledge.tendencies import STRONGEST, WAYS

SIGNS = frozenset(
    {
        "mailbox",
        "no-client",
        "reply",
        "response-code",
        "status",
        "setting",
        "imap",
        "pop3",
        "smtp",
        "kind-app",
        "kind-command",
        "kind-device",
        "kind-library",
        "kind-server",
        "kind-service",
        "kind-unknown",
        "kind-webmail",
    }
)
"""What a ticket may hold: a mailbox, a reply, status or response code of a mail server, a server or port of mail, a
protocol of mail, a program of a kind (knowledge/clients.toml) or none."""
STEPS = ("0.0003", "0.001", "0.003", "0.01", "0.03", "0.1", "0.2", "0.35", "0.55")
"""Probabilities of another topic, by all evidence, that are told apart."""
NEVER = -20.0
ALL_WAYS = (*WAYS, "shown", "claimed", "holds", "chance")

Leaning = Mapping[str, float]


@dataclass(frozen=True)
class OtherTopics:
    """trait -> how much a ticket with it leans to another topic (log odds), by the way in which it has the trait: the
    customer speaks of a concept of thoughts.toml, a program's text shows one of concepts.toml or is claimed by a row of
    errors/, the ticket holds one of :data:`SIGNS`, or the causes that mean another topic reach one of :data:`STEPS`."""

    offset: float = NEVER
    spoken: Leaning = field(default_factory=dict)
    works: Leaning = field(default_factory=dict)
    fails: Leaning = field(default_factory=dict)
    plain: Leaning = field(default_factory=dict)
    guessed: Leaning = field(default_factory=dict)
    denied: Leaning = field(default_factory=dict)
    shown: Leaning = field(default_factory=dict)
    claimed: Leaning = field(default_factory=dict)
    holds: Leaning = field(default_factory=dict)
    chance: Leaning = field(default_factory=dict)

    @cached_property
    def rows(self) -> Mapping[str, float]:
        """The leaning of each trait by its whole name: "fails printer", "shown secret", "holds reply"."""
        return {f"{way} {name}": number for way in ALL_WAYS for name, number in getattr(self, way).items()}

    def chance_of(self, traits: Iterable[str]) -> float:
        """The probability that a ticket with these traits is about another topic: a logistic model, so the traits'
        leanings are added up."""
        total = self.offset + sum(self.rows.get(trait, 0.0) for trait in traits)
        return 1.0 / (1.0 + exp(-min(max(total, NEVER), -NEVER)))


def faults(table: OtherTopics, spoken: Collection[str], shown: Collection[str], rows: Collection[str]) -> Iterator[str]:
    """What is wrong with the table: names that nobody knows, numbers that would drown everything else."""
    known = {**dict.fromkeys(WAYS, spoken), "shown": shown, "claimed": rows, "holds": SIGNS, "chance": STEPS}
    for way, names in known.items():
        for name, number in getattr(table, way).items():
            if name not in names:
                yield f"other_topics.toml: [{way}] {name}: nothing has this name"
            if abs(number) > STRONGEST:
                yield f"other_topics.toml: [{way}] {name} = {number} is not between -{STRONGEST:g} and {STRONGEST:g}"
