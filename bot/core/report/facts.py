"""What a report counts a ticket by, read off the contract's JSON of its triage: so old triages count as new ones do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.report.masked import mask, network_masked

LINE_CHARS = 240
TEXT_CHARS = 300
NOT_OURS = "not_ours"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TicketFact:
    """One ticket, by its latest triage. Texts are masked: no address, no host name, no full network stands in them."""

    cause: str
    confidence: str
    probability: float
    verdict: str
    mailbox: str | None
    domain: str | None
    plan: str | None
    client: str | None
    version: str | None
    host: str | None
    network: str | None
    protocol: str | None
    error_id: str | None
    unknown_text: str | None
    abstained: str | None
    coverage: str
    parsed: bool
    matched: bool
    line: str | None


def fact_of(document: Mapping[str, Any], plan: str | None = None) -> TicketFact:
    """The fact of a triage's JSON (docs/schema/triage.json). ``plan``: the account's, which the JSON does not hold."""
    facts, log, diagnosis = document["facts"], document["log"], document["diagnosis"]
    line = log.get("matching_line") or {}
    client: Mapping[str, Any] = next(iter(facts.get("clients") or ()), {})
    mailbox = facts.get("mailbox")
    errors = [str(e["text"]) for e in facts.get("errors") or () if e.get("text")]
    matches = document.get("matches") or ()
    hosts = [e["host"] for e in facts.get("endpoints") or () if e.get("host") and e.get("role", "setting") == "setting"]
    checks = diagnosis.get("checks") or ()
    if diagnosis["verdict"] == "none":
        cause, probability = NOT_OURS, float(diagnosis.get("other_probability") or 0.0)
    elif diagnosis.get("other") == NOT_OURS:  # asked about: it may be ours yet
        cause, probability = UNKNOWN, 0.0
    elif diagnosis.get("other"):
        cause, probability = str(diagnosis["other"]), float(diagnosis.get("other_probability") or 0.0)
    elif checks:
        cause, probability = str(checks[0]["check"]), float(checks[0]["probability"])
    else:
        cause, probability = UNKNOWN, 0.0
    protocols = facts.get("protocols") or ()
    return TicketFact(
        cause=cause,
        confidence=diagnosis["confidence"],
        probability=probability,
        verdict=diagnosis["verdict"],
        mailbox=mailbox,
        domain=mailbox.rpartition("@")[2] if mailbox else None,
        plan=plan or facts.get("plan"),
        client=client.get("name"),
        version=client.get("version"),
        host=line.get("host") or (str(hosts[0]).lower()[:253] if hosts else None),
        network=network_masked(line.get("remote_ip")),
        protocol=line.get("service") or (protocols[0] if protocols else None),
        error_id=matches[0]["error_id"] if matches else None,
        unknown_text=mask(errors[0])[:TEXT_CHARS] if errors and not matches else None,
        abstained=_abstained(diagnosis),
        coverage=log.get("coverage") or "none",
        parsed=bool(mailbox or facts.get("login") or client or errors or hosts),
        matched=bool(matches or document.get("findings") or line),
        line=mask(str(line["raw"]))[:LINE_CHARS] if line.get("raw") else None,
    )


def _abstained(diagnosis: Mapping[str, Any]) -> str | None:
    """Why no cause was answered; None where one was."""
    verdict = diagnosis["verdict"]
    if verdict == "answer":
        return None
    if verdict == "none":
        return "not about connecting"
    if verdict == "escalate":
        return "a human has to decide"
    if diagnosis.get("undecided"):
        return "two causes look the same"
    missing = diagnosis.get("missing") or ()
    return f"missing: {str(missing[0]).replace('_', ' ')}" if missing else "nothing decides"
