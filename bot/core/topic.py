"""Is the ticket about connecting to the mail service at all? Spam, billing and ideas get no diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.model import Facts, Finding, Match
from knowledge.model import Knowledge

ROLE_POINTS = {"specific": 2.0, "generic": 1.5, "wrapper": 1.0}


def is_about_connecting(facts: Facts, findings: Sequence[Finding], matches: Sequence[Match], knowledge: Knowledge) -> bool:
    """Signs of a failing connection weighed against signs of another topic. With no sign at all: True, since a
    customer who only writes "it does not work" deserves a question and not silence."""
    connection, elsewhere = 0.0, 0.0
    for row in {m.error_id: m for m in matches}.values():
        connection += ROLE_POINTS[knowledge.errors[row.error_id].role] * (1.0 if row.method == "pattern" else 0.5)
    connection += 1.2 * len({f.id for f in findings})
    for cue in facts.cues:
        rule = knowledge.cues[cue.id]
        if rule.topic == "elsewhere":
            elsewhere += 0.5 + 2.0 * rule.supports.get("not_ours", 0.5)
        elif rule.supports:
            connection += 0.8
        else:
            connection += 0.3
    connection += 0.3 * len(facts.errors[:3])
    if not elsewhere:
        return True
    return connection > elsewhere
