"""What a card says, drawn from a triage once and kept: the same for Slack, a helpdesk's note and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from bot.core.note import title_of, visible
from bot.core.observed import AccountView, ServerLine, ServerView
from bot.core.verdict import Diagnosis, RankedCause, Triage
from bot.logs.event import LogEvent
from knowledge.model import Knowledge

MAX_LINES = 20
MAX_EVIDENCE = 8
MAX_REASONS = 3
LINE_CHARS = 300


@dataclass(frozen=True, slots=True)
class CardContent:
    """Texts in the order an agent reads them; foreign parts have no control characters but are not escaped for any
    medium."""

    title: str
    cause: str | None = None
    confidence: str = "unknown"
    by_agent: bool = False
    """An agent chose the cause: that counts, not what the evidence makes of it."""
    probability: float = 0.0
    verdict: str = "ask"
    who: str = ""
    """Mailbox, plan and state, with the age of that knowledge."""
    client: str = ""
    mailbox: str | None = None
    deciding: tuple[str, ...] = ()
    """The server's lines that decide: time, protocol, reason, whose address, program."""
    because: tuple[str, ...] = ()
    """What else speaks for it, where no server's line decides."""
    against: tuple[str, ...] = ()
    ignored: str = ""
    coverage: str = ""
    evidence: tuple[str, ...] = ()
    """The leading cause and its rivals with all that speaks for and against each."""
    lines: tuple[str, ...] = ()
    """The raw lines, for the button that shows them."""
    missing: tuple[str, ...] = ()
    draft: str = ""
    language: str = "en"
    signature: str = ""
    """Same error and same server: tickets of one incident share it. Empty where nothing is common."""
    summary: str = ""
    """For a human who takes over: what was tried in which round."""
    by_itself: str = ""
    """What the bot would do, or has done, without a click, and why."""

    def to_json(self) -> dict[str, Any]:
        """As kept in the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CardContent:
        """The inverse of :meth:`to_json`; keys of another version are left aside."""
        known = {f.name for f in fields(cls)}
        kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items() if k in known}
        return cls(**kept)


def content_of(triage: Triage, knowledge: Knowledge, now: datetime, tried: Sequence[str] = ()) -> CardContent:
    """The card of a triage. ``now`` gives the age of the account's data."""
    diagnosis = triage.diagnosis
    lead = diagnosis.causes[0] if diagnosis.causes else None
    server = triage.server
    if diagnosis.verdict == "none":
        title = "Not about connecting to us"
    else:
        title = title_of(lead.cause, knowledge) if lead and diagnosis.other != "unknown" else "No cause found yet"
    client = triage.facts.clients[0] if triage.facts.clients else None
    return CardContent(
        title=title,
        cause=lead.cause if lead else None,
        confidence=diagnosis.confidence,
        probability=lead.probability if lead else 0.0,
        verdict=diagnosis.verdict,
        who=_who(triage.facts.mailbox, triage.account, now),
        client=" ".join(visible(p, 60) for p in (client.name, client.version, client.platform) if p) if client else "",
        mailbox=triage.facts.mailbox,
        deciding=tuple(_deciding(server)),
        because=tuple(dict.fromkeys(visible(e.text, 160) for e, supports in lead.evidence if supports))[:MAX_REASONS]
        if lead and server.matching is None
        else (),
        against=tuple(visible(e.text, 200) for e, supports in lead.evidence if not supports)[:3] if lead else (),
        ignored=f"{server.ignored} lines from addresses that are not theirs" if server.ignored else "",
        coverage=_coverage(server),
        evidence=tuple(_evidence(diagnosis.causes[:3], knowledge)),
        lines=tuple(visible(line.event.raw, LINE_CHARS) for line in server.lines if line.weight > 0)[:MAX_LINES],
        missing=diagnosis.missing,
        draft=triage.reply.text if triage.reply else "",
        language=triage.reply.language if triage.reply else triage.facts.language,
        signature=_signature(triage, diagnosis),
        summary=_summary(tried, knowledge) if tried else "",
    )


def _who(mailbox: str | None, view: AccountView, now: datetime) -> str:
    named = visible(mailbox, 100) if mailbox else "mailbox unknown"
    known = view.account
    if known is None:
        state = "account not looked up" if view.failed else "no such mailbox" if view.absent else "account unknown"
        return f"{named} · {state}"
    paused = {True: "paused", False: "active", None: "pause unknown"}[known.paused]
    parts = [named, f"{known.plan or 'plan unknown'}, {paused}"]
    if known.domain_verified is False:
        parts.append("DOMAIN NOT VERIFIED")
    if known.password_changed_at:
        parts.append(f"password changed {known.password_changed_at:%a %d %b %H:%M} UTC")
    if known.as_of:
        parts.append(f"known {age(now, known.as_of)} ago")
    return " · ".join(parts)


def age(now: datetime, then: datetime) -> str:
    """How long ago, in minutes, hours from two hours on, days from two days on."""
    minutes = max(0, int((now - then).total_seconds() // 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"


def _deciding(server: ServerView) -> list[str]:
    if server.matching is None:
        return []
    out = [f"{_event(server.matching.event)} ({_whose(server.matching)})"]
    same = sum(
        1
        for line in server.lines
        if line.weight > 0
        and line.event.reason == server.matching.event.reason
        and line.event.event == server.matching.event.event
    )
    if same > 1:
        out[0] += f" x{same}"
    for success in sorted(server.successes, key=lambda s: s.last)[-1:]:
        program = f", {visible(success.client, 60)}" if success.client else ""
        out.append(f"{success.last:%H:%M} {success.service} login OK, {success.remote_ip}{program}")
    return out


def _event(event: LogEvent) -> str:
    said = event.reason or event.event
    reply = f" {event.reply_code} {event.enhanced_status or ''}".rstrip() if event.reply_code else ""
    stamp = f"{event.time:%d %b %H:%M} UTC" if event.time else "time unknown"
    return visible(
        f"{stamp} {event.service or event.program or ''} {said.replace('_', ' ')}{reply}, {event.remote_ip or 'no address'}",
        LINE_CHARS,
    )


def _whose(line: ServerLine) -> str:
    return {
        "own": "theirs",
        "mailbox": "their mailbox, address unknown",
        "address": "their address",
        "foreign": "not theirs",
    }.get(line.ownership, "whose is unknown")


def _coverage(server: ServerView) -> str:
    if server.failed:
        return "Logs: could not look"
    if not server.hosts or server.since is None or server.until is None:
        return "Logs: none loaded"
    gaps = sum(1 for host in server.hosts if host.gaps)
    whole = {"full": "complete", "partial": "incomplete", "none": "not there"}[server.coverage]
    proven = ", nothing of theirs arrived" if server.absence_proven else ""
    return (
        f"Logs {whole} {server.since:%d %b %H:%M} to {server.until:%H:%M} UTC, {len(server.hosts)} host logs"
        + (f", gaps in {gaps}" if gaps else "")
        + proven
    )


def _evidence(causes: Sequence[RankedCause], knowledge: Knowledge) -> list[str]:
    out = []
    for ranked in causes:
        out.append(f"{title_of(ranked.cause, knowledge)} {ranked.probability:.0%}")
        out += [
            f"  {'+' if supports else '-'} {piece.kind}: {visible(piece.text, 160)}"
            for piece, supports in ranked.evidence[:MAX_EVIDENCE]
        ]
    return out


def _signature(triage: Triage, diagnosis: Diagnosis) -> str:
    """Error and server, as far as both are known: the line's, else the decoded error's and the host that was typed."""
    if diagnosis.verdict == "none":
        return ""
    line = triage.server.matching
    if line is not None:
        return f"{line.event.event}/{line.event.reason or ''}@{line.event.host or ''}"
    if not triage.matches:
        return f"words/{diagnosis.causes[0].cause if diagnosis.causes else 'unknown'}"
    hosts = [e.host.lower() for e in triage.facts.endpoints if e.host]
    return f"{triage.matches[0].error_id}@{visible(hosts[0], 80) if hosts else ''}"


def _summary(tried: Sequence[str], knowledge: Knowledge) -> str:
    return "Tried without success: " + "; ".join(title_of(c, knowledge) for c in tried)
