"""A card that changes is kept under its next revision and drawn again."""

from __future__ import annotations

from dataclasses import replace

from bot.core.desk.values import Card, Send
from bot.ports import Step


def change_card(step: Step, card: Card) -> Card:
    """Keep a changed card under its next revision and have it redrawn where it has been posted; returns it as it
    then is."""
    card = replace(card, revision=card.revision + 1)
    step.cases.put_card(card)
    redraw(step, card)
    return card


def redraw(step: Step, card: Card) -> None:
    """Have a card drawn again as it then is."""
    step.queues.send(
        Send(
            f"card:{card.id}:{card.revision}:{step.now.timestamp():.3f}",
            card.outlet,
            "card_update",
            f"{card.outlet}/update",
            {"card": card.id},
            card.case_id,
            priority=2,
            repeatable=True,
        )
    )
