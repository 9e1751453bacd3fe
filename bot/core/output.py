"""A triage as the contract's JSON object (schema ``triage/1``, docs/schema/triage.json)."""

from __future__ import annotations

from typing import Any

from bot.core.observed import ServerView
from bot.core.verdict import Diagnosis, RankedCause, Reply, Triage
from bot.logs.event import rfc3339


def to_json(triage: Triage) -> dict[str, Any]:
    """The object that ``triage ticket --json`` prints. Spans are code point offsets into ``text``."""
    facts = triage.facts
    return {
        "schema": "triage/1",
        "ticket_id": triage.ticket.id,
        "knowledge_version": triage.knowledge_version,
        "text": triage.reading.text,
        "notes": list(triage.reading.notes),
        "facts": {
            "mailbox": facts.mailbox,
            "mailboxes": [{"address": m.address, "role": m.role, "span": list(m.span)} for m in facts.mailboxes],
            "login": facts.login,
            "clients": [
                {"name": c.name, "version": c.version, "platform": c.platform, "span": list(c.span)}
                for c in facts.clients
            ],
            "errors": [
                {
                    "text": e.text,
                    "span": list(e.span),
                    **({"pictured": True} if triage.reading.pictured(e.span) else {}),
                }
                for e in facts.errors
            ],
            "endpoints": [
                {
                    "host": e.host,
                    "port": e.port,
                    "tls": e.tls,
                    "protocol": e.protocol,
                    "role": e.role,
                    "span": list(e.span),
                }
                for e in facts.endpoints
            ],
            "cues": [{"id": c.id, "span": list(c.span)} for c in facts.cues],
            "webmail_works": facts.webmail_works,
            "plan": facts.plan,
            "occurred_at": None
            if facts.occurred is None
            else {
                "earliest": rfc3339(facts.occurred.earliest),
                "latest": rfc3339(facts.occurred.latest),
                "zone_known": facts.occurred.zone_known,
                "ongoing": facts.occurred.ongoing,
            },
            "protocols": list(facts.protocols),
            "language": facts.language,
        },
        "findings": [{"id": f.id, "text": f.text, "check": f.check} for f in triage.findings],
        "matches": [
            {
                "error_id": m.error_id,
                "text": m.text,
                "score": m.score,
                "method": "pattern" if m.method == "pattern" else "fuzzy",
            }
            for m in triage.matches
        ],
        "log": _log(triage.server),
        "diagnosis": _diagnosis(triage.diagnosis),
        "reply": _reply(triage.reply),
        "note": {"text": triage.note},
    }


def _log(server: ServerView) -> dict[str, Any]:
    return {
        "coverage": server.coverage,
        "from": rfc3339(server.since),
        "to": rfc3339(server.until),
        "lines": [line.event.to_json() for line in server.lines],
        "matching_line": server.matching.event.to_json() if server.matching else None,
        "ownership": server.matching.ownership if server.matching else None,
        "absence_proven": server.absence_proven,
        "ignored": server.ignored,
        "failed": server.failed,
    }


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    checks = [_check(c) for c in diagnosis.causes if c.number is not None] if diagnosis.verdict != "none" else []
    return {
        "verdict": diagnosis.verdict,
        "confidence": diagnosis.confidence,
        "checks": checks,
        "other": diagnosis.other,
        "other_evidence": next((_evidence(c) for c in diagnosis.causes if c.cause == diagnosis.other), []),
        "other_probability": next((c.probability for c in diagnosis.causes if c.cause == diagnosis.other), None),
        "missing": list(diagnosis.missing),
        "undecided": list(diagnosis.undecided),
        "also": list(diagnosis.also),
        "question": diagnosis.question,
        "leanings": {kind: dict(by_cause) for kind, by_cause in diagnosis.leanings.items()},
    }


def _check(ranked: RankedCause) -> dict[str, Any]:
    return {
        "check": ranked.cause,
        "number": ranked.number,
        "probability": ranked.probability,
        "evidence": _evidence(ranked),
    }


def _evidence(ranked: RankedCause) -> list[dict[str, Any]]:
    return [{"kind": e.kind, "text": e.text, "supports": supports, "ref": e.ref} for e, supports in ranked.evidence]


def _reply(reply: Reply | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    return {
        "language": reply.language,
        "text": reply.text,
        "citations": [{"check": c.check, "number": c.number, "title": c.title, "url": c.url} for c in reply.citations],
    }
