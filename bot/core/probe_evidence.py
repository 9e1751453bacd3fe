"""Probes as evidence: what a look at our own servers, or at the mailbox's own domain, says for and against the
causes. Pure.

A look is a fact with its age: stale is unknown, and so is one of a time that is not the failure's. A look from
outside can also be wrong about us: where nothing at all can be reached, it is the watcher whose network is broken,
and where a server has written a line of the customer's meanwhile, it was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.core.evidence import Weighted
from bot.core.model import Facts
from bot.core.observed import ServerView
from bot.core.probe import CERTIFICATE, SAID, TWICE
from bot.core.verdict import Evidence
from knowledge.model import Knowledge

FRESH: Final = timedelta(minutes=30)
"""A look at our own server that is older says nothing."""
FRESH_DOMAIN: Final = timedelta(hours=24)
"""The same for a customer's domain: its records are kept for hours by every resolver."""
EARLY: Final = timedelta(minutes=10)
"""How much earlier than the first failed look a customer may have met the same fault: looks come at intervals."""
OUR_SIDE: Final = frozenset({"unresolved", "unreachable", "timeout"})
"""Faults that a broken network of the watcher's own shows as well."""
WEIGHT: Final = 2.0
UNSURE_WEIGHT: Final = 0.5
"""Where the ticket does not say which protocol fails."""
FACES: Final = {
    "imap": frozenset({"imap"}),
    "smtp": frozenset({"smtp", "submission", "smtps"}),
    "pop3": frozenset({"pop3"}),
}
"""Names that logs have for what a probe calls by its protocol."""


@dataclass(frozen=True, slots=True)
class ProbeFact:
    """What was seen last. ``at``: when; ``since``: since when it fails."""

    target: str
    kind: str
    """server; or of a domain: mx, host."""
    at: datetime
    ok: bool | None
    fault: str = ""
    since: datetime | None = None
    fails: int = 0
    """Looks in a row that failed."""
    protocol: str = ""
    port: int = 0


def failing(facts: Sequence[ProbeFact], now: datetime) -> list[ProbeFact]:
    """Our own servers that fail at ``now``: seen lately, not once only, and not because the watcher itself reaches
    nothing."""
    servers = [f for f in facts if f.kind == "server" and abs(now - f.at) <= FRESH]
    if servers and all(f.ok is False and f.fault in OUR_SIDE for f in servers):
        return []
    return [f for f in servers if f.ok is False and f.fault != "soon" and (f.fault in CERTIFICATE or f.fails >= TWICE)]


def of_probes(
    probes: Sequence[ProbeFact], facts: Facts, server: ServerView, received: datetime, knowledge: Knowledge
) -> list[Weighted]:
    """Evidence of the probes that belong to the failing protocol and, where the ticket names one, its port."""
    latest = min(facts.occurred.latest, received) if facts.occurred else received
    down = failing(probes, received)
    out = [
        _weighted(fact, facts, knowledge)
        for fact in down
        if _concerns(fact, facts) and _of_that_time(fact, latest) and not _spoke_since(fact, server)
    ]
    if not out:
        well = [
            f
            for f in probes
            if f.kind == "server" and f.ok and abs(latest - f.at) <= FRESH and facts.protocols and _concerns(f, facts)
        ]
        out = [_piece("own-well", f, 1.0, knowledge) for f in well[:1]]
    return out[:1] + [
        piece
        for fact in probes
        if fact.kind != "server" and (piece := _of_domain(fact, facts, received, knowledge)) is not None
    ]


def _weighted(fact: ProbeFact, facts: Facts, knowledge: Knowledge) -> Weighted:
    rule = {
        "expired": "own-certificate-expired",
        "untrusted": "own-certificate-wrong",
        "wrong_name": "own-certificate-wrong",
        "starttls": "own-starttls-missing",
    }.get(fact.fault, "own-down")
    return _piece(rule, fact, WEIGHT if facts.protocols else UNSURE_WEIGHT, knowledge)


def _of_domain(fact: ProbeFact, facts: Facts, moment: datetime, knowledge: Knowledge) -> Weighted | None:
    if abs(moment - fact.at) > FRESH_DOMAIN or fact.ok is True:
        return None
    if (
        fact.kind == "host"
        and any(e.host == fact.target for e in facts.endpoints)
        and fact.fault in ("missing", "elsewhere")
    ):
        return _piece(f"domain-host-{fact.fault}", fact, 1.0, knowledge)
    return (
        _piece("domain-mx-elsewhere", fact, 0.4, knowledge) if fact.kind == "mx" and fact.fault == "elsewhere" else None
    )


def _concerns(fact: ProbeFact, facts: Facts) -> bool:
    if facts.protocols and fact.protocol not in facts.protocols:
        return False
    ports = {e.port for e in facts.endpoints if e.port is not None and e.protocol in (None, fact.protocol)}
    return not ports or fact.port in ports


def _of_that_time(fact: ProbeFact, moment: datetime) -> bool:
    return fact.since is not None and fact.since - EARLY <= moment


def _spoke_since(fact: ProbeFact, server: ServerView) -> bool:
    """Whether the server wrote a line of the customer's, of that protocol, after the failing began: then it took
    their connection, whatever we saw."""
    line = server.matching.event if server.matching is not None and server.matching.ownership == "own" else None
    return bool(
        line
        and line.time
        and fact.since
        and line.time >= fact.since
        and line.service in FACES[fact.protocol]
        and line.event in ("auth_failed", "connection_limit", "login_disabled")
    )


def _piece(rule_id: str, fact: ProbeFact, weight: float, knowledge: Knowledge) -> Weighted:
    rule = knowledge.probe_rules[rule_id]
    said = {
        "target": fact.target,
        "said": SAID.get(fact.fault, fact.fault),
        "since": f"{fact.since:%H:%M} UTC" if fact.since else "?",
        "at": f"{fact.at:%H:%M} UTC",
    }
    return Evidence("probe", rule.note.format(**said), rule.id, rule.supports, rule.refutes), weight
