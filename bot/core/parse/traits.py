"""What a ticket's thoughts speak of, taken together: a bag of concepts, each with the way in which it is spoken of."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.parse.thoughts import Thought


def traits_of(thoughts: Iterable[Thought]) -> tuple[str, ...]:
    """``way concept`` for each way of :data:`knowledge.tendencies.WAYS` that a thought speaks of a concept in,
    sorted: "works webmail", "denied receive". The same in every language, since concepts are."""
    found: set[str] = set()
    for thought in thoughts:
        way = _way(thought)
        found.update(f"{name} {concept}" for concept in thought.concepts for name in ("spoken", way))
        found.update(f"denied {concept}" for concept in thought.denied)
    return tuple(sorted(found))


def _way(thought: Thought) -> str:
    if thought.guessed:
        return "guessed"
    if thought.works == thought.fails:
        return "plain"
    return "works" if thought.works else "fails"
