"""A triage as a page shows it: drawn from the contract's JSON object, so that one just made and one that was kept
look the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.desk.highlight import Mark, Stretch, stretches
from bot.core.note import title_of, visible
from knowledge.model import Knowledge

MAX_TEXT: Final = 20_000
"""Characters of a ticket that are shown; more helps nobody."""
MAX_LINES: Final = 40
VERDICTS: Final = {
    "answer": "The draft answers it",
    "ask": "Ask the customer first",
    "escalate": "For a human",
    "none": "Not about connecting to us",
}
_MASKED_AWAY: Final = "(removed: this is only kept for a time)"


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence, for a cause or against it."""

    kind: str
    text: str
    supports: bool


@dataclass(frozen=True, slots=True)
class ShownCause:
    """A cause with its probability in percent, at most 99: nothing here is certain."""

    id: str
    title: str
    percent: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A server line; ``matching`` is the one that decides."""

    stamp: str
    what: str
    raw: str
    matching: bool


@dataclass(frozen=True, slots=True)
class ShownTriage:
    """All that the page says of one triage. Texts are foreign: whoever draws them escapes them."""

    title: str
    confidence: str
    verdict: str
    causes: tuple[ShownCause, ...]
    facts: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]
    matches: tuple[tuple[str, str, str], ...]
    """(id, title, how) of the rows of the decoded-error table."""
    text: tuple[Stretch, ...]
    kinds: tuple[str, ...]
    """Which kinds of marks the text has, for the legend."""
    cut: bool
    lines: tuple[ShownLine, ...]
    hidden: int
    """Lines that are there and not shown, since nobody has looked them up yet."""
    logs: str
    reply: str
    language: str
    missing: tuple[str, ...]
    question: str
    note: str
    knowledge_version: str


def shown_of(document: Mapping[str, Any], knowledge: Knowledge) -> ShownTriage:
    """The page's view of a triage (schema ``triage/1``); ids that the knowledge no longer has are shown as they are."""
    diagnosis, facts, log = document["diagnosis"], document["facts"], document["log"]
    causes = _causes(diagnosis, knowledge)
    text = str(document.get("text") or "")
    marked = stretches(text[:MAX_TEXT], _marks(facts, knowledge))
    reply = document.get("reply") or {}
    return ShownTriage(
        title=causes[0].title
        if causes and diagnosis["verdict"] != "none"
        else VERDICTS["none"]
        if diagnosis["verdict"] == "none"
        else "No cause found yet",
        confidence=str(diagnosis["confidence"]),
        verdict=str(diagnosis["verdict"]),
        causes=causes,
        facts=tuple(_facts(facts)),
        findings=tuple(visible(str(f["text"]), 300) for f in document.get("findings", [])),
        matches=tuple(_matches(document.get("matches", []), knowledge)),
        text=tuple(Stretch(visible(s.text.replace("\t", "    "), MAX_TEXT), s.kind, s.label) for s in marked)
        if text
        else (Stretch(_MASKED_AWAY),),
        kinds=tuple(dict.fromkeys(s.kind for s in marked if s.kind)),
        cut=len(text) > MAX_TEXT,
        lines=tuple(_lines(log)),
        hidden=0,
        logs=_logs(log),
        reply=str(reply.get("text") or ""),
        language=str(reply.get("language") or facts.get("language") or ""),
        missing=tuple(str(m) for m in diagnosis.get("missing", [])),
        question=knowledge.questions[diagnosis["question"]].why
        if diagnosis.get("question") in knowledge.questions
        else "",
        note=str((document.get("note") or {}).get("text") or ""),
        knowledge_version=str(document.get("knowledge_version") or ""),
    )


def deciding_only(shown: ShownTriage) -> ShownTriage:
    """Without the lines beside the one that decides: seeing those is a look-up that is written down and counted."""
    kept = tuple(line for line in shown.lines if line.matching)
    return replace(shown, lines=kept, hidden=len(shown.lines) - len(kept))


def name_of(cause: str, knowledge: Knowledge) -> str:
    """A cause's title; a cause that this knowledge does not have (any more) by its id."""
    return title_of(cause, knowledge) if cause in knowledge.checks or cause in knowledge.others else cause


def _causes(diagnosis: Mapping[str, Any], knowledge: Knowledge) -> tuple[ShownCause, ...]:
    found = [(str(c["check"]), float(c["probability"]), c["evidence"]) for c in diagnosis.get("checks", [])]
    if diagnosis.get("other") and diagnosis["verdict"] != "none":
        found.insert(
            0,
            (
                str(diagnosis["other"]),
                float(diagnosis.get("other_probability") or 0.0),
                diagnosis.get("other_evidence", []),
            ),
        )
    return tuple(
        ShownCause(cause, name_of(cause, knowledge), min(99, round(share * 100)), tuple(_reasons(evidence)))
        for cause, share, evidence in found
    )


def _reasons(evidence: Sequence[Mapping[str, Any]]) -> list[Reason]:
    pieces = [Reason(str(e["kind"]), visible(str(e["text"]), 300), bool(e["supports"])) for e in evidence]
    return sorted(pieces, key=lambda r: (not r.supports, r.kind != "server"))


def _facts(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    out = [("Mailbox", str(facts.get("mailbox") or "not named"))]
    if facts.get("login"):
        out.append(("Login as typed", str(facts["login"])))
    for client in facts.get("clients", [])[:2]:
        parts = (client["name"], client["version"], client["platform"] and f"on {client['platform']}")
        out.append(("Program", " ".join(str(p) for p in parts if p)))
    out += [("Error", text) for text in list(dict.fromkeys(str(e["text"]) for e in facts.get("errors", [])))[:3]]
    for endpoint in facts.get("endpoints", [])[:4]:
        port = f":{endpoint['port']}" if endpoint["port"] else ""
        shown = " ".join(
            p for p in (f"{endpoint['host'] or ''}{port}", endpoint["protocol"] or "", endpoint["tls"] or "") if p
        )
        out.append(("Setting", shown))
    if facts.get("webmail_works") is not None:
        out.append(("Webmail", "works" if facts["webmail_works"] else "fails too"))
    if facts.get("plan"):
        out.append(("Plan", str(facts["plan"])))
    return [(name, visible(value, 240)) for name, value in out]


def _marks(facts: Mapping[str, Any], knowledge: Knowledge) -> list[Mark]:
    out = [
        Mark(m["span"][0], m["span"][1], "mailbox", f"address ({str(m['role']).replace('_', ' ')})")
        for m in facts.get("mailboxes", [])
    ]
    out += [Mark(e["span"][0], e["span"][1], "error", "error text") for e in facts.get("errors", [])]
    out += [
        Mark(c["span"][0], c["span"][1], "program", f"mail program: {c['name']}")
        for c in facts.get("clients", [])
        if "span" in c
    ]
    out += [
        Mark(e["span"][0], e["span"][1], "setting", "server setting") for e in facts.get("endpoints", []) if "span" in e
    ]
    return out + [
        Mark(c["span"][0], c["span"][1], "cue", knowledge.cues[c["id"]].note or c["id"])
        for c in facts.get("cues", [])
        if c["id"] in knowledge.cues
    ]


def _matches(matches: Sequence[Mapping[str, Any]], knowledge: Knowledge) -> list[tuple[str, str, str]]:
    out: list[tuple[str, str, str]] = []
    for match in {str(m["error_id"]): m for m in reversed(matches[:20])}.values():  # the best of each row
        error = knowledge.errors.get(str(match["error_id"]))
        how = "" if match["method"] == "pattern" else f"only similar, {float(match['score']):.0%}"
        out.insert(0, (str(match["error_id"]), error.title if error else str(match["error_id"]), how))
    return out[:5]


def _lines(log: Mapping[str, Any]) -> list[ShownLine]:
    deciding = log.get("matching_line")
    lines = [line for line in log.get("lines", []) if line != deciding][: MAX_LINES - 1]
    if deciding:
        lines.insert(0, deciding)
    return [
        ShownLine(
            str(line.get("time") or "time unknown")[:19].replace("T", " "),
            str(line.get("reason") or line.get("event") or "").replace("_", " "),
            visible(str(line.get("raw") or ""), 500),
            line is deciding,
        )
        for line in lines
    ]


def _logs(log: Mapping[str, Any]) -> str:
    if log.get("failed"):
        return "The logs could not be searched: " + visible(str(log["failed"]), 200)
    if log.get("absence_proven"):
        return "Nothing of theirs reached the servers, and every host logged throughout."
    window = (
        f" from {str(log['from'])[:16].replace('T', ' ')} to {str(log['to'])[:16].replace('T', ' ')} UTC"
        if log.get("from") and log.get("to")
        else ""
    )
    return {
        "full": f"The logs are complete{window}.",
        "partial": f"The logs are incomplete{window}.",
        "none": "No logs of that time are loaded.",
    }[str(log.get("coverage") or "none")]
