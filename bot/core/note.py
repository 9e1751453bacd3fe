"""The agent's note: everything that the customer's draft must not show, in the order an agent reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import regex

from bot.core.model import Facts, Finding, Match, Reading
from bot.core.observed import AccountView, ServerLine, ServerView
from bot.core.verdict import WHICH_SERVICE, Diagnosis, RankedCause
from knowledge.model import Knowledge

MAX_LINES_SHOWN = 8
MAX_NOTE_CHARS = 12_000
_INVISIBLE = regex.compile(r"[\p{Cc}\p{Cf}\p{Co}\p{Cs}--[\n]]", regex.V1)


def visible(text: str, limit: int = 500) -> str:
    """Foreign text made safe to show: control, zero-width and direction characters as ``\\x..``, cut at ``limit``."""
    shown = _INVISIBLE.sub(lambda m: f"\\x{ord(m[0]):02x}", text[: limit + 1])
    return shown if len(text) <= limit else shown[:limit] + "…"


def title_of(cause: str, knowledge: Knowledge) -> str:
    """How a cause is named to agents: number and title for a check, the title for another cause."""
    if cause in knowledge.checks:
        return f"Check {knowledge.checks[cause].number}: {knowledge.checks[cause].title}"
    return knowledge.others[cause].title


def write_note(
    reading: Reading,
    facts: Facts,
    findings: Sequence[Finding],
    matches: Sequence[Match],
    server: ServerView,
    account: AccountView,
    diagnosis: Diagnosis,
    knowledge: Knowledge,
) -> str:
    """Plain text, one statement a line."""
    lines = [
        *_headline(diagnosis, knowledge),
        *_who(facts, account),
        *_said(reading, facts, findings, matches, knowledge),
        *_server(server),
        *_causes(diagnosis, knowledge),
        *(f"Note: {n}" for n in reading.notes),
    ]
    if reading.masked:
        lines.append(f"Masked in the ticket: {', '.join(sorted(set(reading.masked)))}.")
    return "\n".join(lines)[:MAX_NOTE_CHARS]


def _headline(diagnosis: Diagnosis, knowledge: Knowledge) -> Iterator[str]:
    if diagnosis.verdict == "none":
        yield "Not about connecting to us; no reply is drafted."
        return
    if not diagnosis.causes:
        yield "Nothing found."
        return
    lead = diagnosis.causes[0]
    yield f"{title_of(lead.cause, knowledge)} · {diagnosis.confidence.upper()} · {lead.probability:.0%} · {diagnosis.verdict}"
    if diagnosis.question == WHICH_SERVICE:
        yield f"May be about something else than mail with us ({diagnosis.other_topic:.0%})."
    if diagnosis.undecided:
        yield "Cannot be told apart so far from: " + "; ".join(title_of(c, knowledge) for c in diagnosis.undecided)
    if diagnosis.question:
        yield f"The question that decides: {knowledge.questions[diagnosis.question].why}"
    if diagnosis.also:
        yield "At the same time: " + "; ".join(title_of(c, knowledge) for c in diagnosis.also)
    if diagnosis.missing:
        yield "Missing: " + ", ".join(diagnosis.missing)


def _who(facts: Facts, account: AccountView) -> Iterator[str]:
    known = account.account
    mailbox = visible(facts.mailbox) if facts.mailbox else "mailbox unknown"
    if known is None:
        state = (
            f"account not looked up ({visible(account.failed)})"
            if account.failed
            else "no such mailbox in the directory"
            if account.absent
            else "account unknown"
        )
        yield f"{mailbox} · {state}"
    else:
        paused = {True: "paused", False: "active", None: "pause unknown"}[known.paused]
        reason = f" ({visible(known.paused_reason)})" if known.paused and known.paused_reason else ""
        verified = {True: "domain verified", False: "DOMAIN NOT VERIFIED", None: "domain unknown"}[
            known.domain_verified
        ]
        alias = f" · alias of {visible(known.mailbox)}" if known.alias_of else ""
        age = f" · as of {_stamp(known.as_of)}" if known.as_of else ""
        changed = f" · password changed {_stamp(known.password_changed_at)}" if known.password_changed_at else ""
        yield f"{mailbox} · {known.plan or 'plan unknown'}, {paused}{reason} · {verified}{alias}{changed}{age}"
    if account.near:
        yield "Near it in the directory: " + ", ".join(visible(a) for a in account.near[:3])
    if facts.login:
        yield f"Login as typed: {visible(facts.login)}"
    others = [visible(m.address) + f" ({m.role})" for m in facts.mailboxes if m.address != facts.mailbox]
    if others:
        yield "Other addresses: " + ", ".join(dict.fromkeys(others[:6]))


def _said(
    reading: Reading, facts: Facts, findings: Sequence[Finding], matches: Sequence[Match], knowledge: Knowledge
) -> Iterator[str]:
    for client in facts.clients[:3]:
        state = {True: "fails", False: "works", None: ""}[client.failing]
        yield "Client: " + " ".join(
            p
            for p in (
                visible(client.name),
                client.version,
                client.platform and f"on {client.platform}",
                state and f"({state})",
            )
            if p
        )
    for error in facts.errors[:3]:
        yield f"Error: {visible(error.text, 240)}" + (
            " (read from the picture)" if reading.pictured(error.span) else ""
        )
    for match in matches[:3]:
        how = "" if match.method == "pattern" else f" (only similar, {match.score:.0%})"
        yield f"Decoded: {knowledge.errors[match.error_id].title}{how}"
    for finding in findings:
        yield f"Setting: {visible(finding.text)}"
    if facts.webmail_works is not None:
        yield f"Webmail: {'works' if facts.webmail_works else 'fails too'}"


def _server(server: ServerView) -> Iterator[str]:
    if server.failed:
        yield f"Logs: could not look ({visible(server.failed)})."
        return
    window = f"{_stamp(server.since)} to {_stamp(server.until)}" if server.since and server.until else ""
    yield (
        f"Logs: {server.coverage} coverage {window}, {len(server.hosts)} host logs."
        if server.hosts
        else "Logs: none loaded."
    )
    if server.matching:
        yield f"The line ({server.matching.why}):"
        yield "  " + _line(server.matching)
        rest = [line for line in server.lines if line is not server.matching and line.weight > 0][:MAX_LINES_SHOWN]
        if rest:
            yield f"Others of theirs ({sum(1 for line in server.lines if line.weight > 0) - 1}):"
            yield from ("  " + _line(line) for line in rest)
    elif server.absence_proven:
        yield "Nothing of theirs reached the servers in that time, and every host of that protocol logged throughout."
    elif server.hosts:
        yield "No line of theirs found; that proves nothing here" + (
            " (no known address of theirs, and TLS failures name no mailbox)."
            if not server.known_ips
            else " (the window is not wholly covered)."
        )
    if server.known_ips:
        yield f"Their known addresses: {', '.join(server.known_ips[:6])}."
    if server.ignored:
        yield f"Ignored: {server.ignored} lines from addresses that are not theirs."
    gaps = [(h.host, a, b) for h in server.hosts for a, b in h.gaps]
    for host, start, end in gaps[:3]:
        yield f"Gap in the log of {visible(host)}: {_stamp(start)} to {_stamp(end)}."
    good = sorted(server.successes, key=lambda s: s.last)[-3:]
    for success in good:
        client = f", {visible(success.client)}" if success.client else ""
        yield f"Logged in: {success.service} from {success.remote_ip}, {success.count}x, last {_stamp(success.last)}{client}."


def _line(line: ServerLine) -> str:
    return visible(line.event.raw, 400)


def _causes(diagnosis: Diagnosis, knowledge: Knowledge) -> Iterator[str]:
    for ranked in diagnosis.causes[:3]:
        yield f"{title_of(ranked.cause, knowledge)} {ranked.probability:.0%}"
        yield from _reasons(ranked)


def _reasons(ranked: RankedCause) -> Iterator[str]:
    for piece, supports in ranked.evidence[:6]:
        yield f"  {'+' if supports else '-'} {piece.kind}: {visible(piece.text, 200)}"


def _stamp(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "?"
