"""Is the ticket about connecting to the mail service at all? Spam, billing and ideas get no diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.model import Facts, Finding, Match
from knowledge.model import Knowledge

ELSEWHERE_FROM = 1.0
"""Below this a sign of another topic is too weak to silence us."""
ROLE_POINTS = {"specific": 2.0, "generic": 1.5, "wrapper": 1.0}


def is_about_connecting(facts: Facts, findings: Sequence[Finding], matches: Sequence[Match], knowledge: Knowledge) -> bool:
    """Signs of a failing connection weighed against signs of another topic. With no sign at all: True, since a
    customer who only writes "it does not work" deserves a question and not silence."""
    connection, elsewhere = 0.0, 0.0
    for row in {m.error_id: m for m in matches}.values():
        points = ROLE_POINTS[knowledge.errors[row.error_id].role] * (1.0 if row.method == "pattern" else 0.5)
        connection += points * (0.4 if row.quoted else 1.0)
    connection += 1.2 * len({f.id for f in findings})
    for cue in facts.cues:
        rule = knowledge.cues[cue.id]
        if rule.topic == "elsewhere":
            elsewhere += 2.0 * rule.supports.get("not_ours", 0.4)
        elif rule.supports:
            connection += 0.8
    connection += 0.3 * sum(1 for e in facts.errors[:3] if e.pasted and not e.quoted)
    connection += 0.5 * any(c.failing for c in facts.clients)
    return connection >= elsewhere or elsewhere < ELSEWHERE_FROM
