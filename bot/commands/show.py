"""A triage for people: colours on a terminal, plain text in a pipe."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from bot.core.note import title_of, visible
from bot.core.verdict import Triage
from knowledge.model import Knowledge

CONFIDENCE_STYLE = {"confirmed": "bold green", "likely": "green", "guess": "yellow", "unknown": "red"}


def print_triage(triage: Triage, knowledge: Knowledge) -> None:
    """What was found, the check and why, the server's line, and the draft."""
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    diagnosis, facts = triage.diagnosis, triage.facts
    # the reading's subject and not the ticket's: there secrets are masked
    subject = (
        visible(
            next(
                (triage.reading.text[slice(*s.span)].strip() for s in triage.reading.segments if s.kind == "subject"),
                "",
            ),
            90,
        )
        or "(no subject)"
    )
    console.print(Text(f"── {visible(triage.ticket.id, 40)} · {subject}", style="bold"))
    found = [("mailbox", facts.mailbox or "not named")]
    if facts.clients:
        client = facts.clients[0]
        found.append(
            (
                "client",
                " ".join(p for p in (client.name, client.version, client.platform and f"on {client.platform}") if p),
            )
        )
    found += [("error", visible(e.text, 160)) for e in facts.errors[:2]]
    found += [("setting", visible(f.text, 160)) for f in triage.findings[:3]]
    for name, value in found:
        console.print(Text.assemble((f"  {name:<8} ", "dim"), visible(value, 200)))
    if diagnosis.verdict == "none":
        console.print(Text("  verdict  not about connecting to us: no reply", style="dim"))
        console.print()
        return
    lead = diagnosis.causes[0]
    console.print(
        Text.assemble(
            ("  cause    ", "dim"),
            (title_of(lead.cause, knowledge), "bold"),
            f"  {lead.probability:.0%} ",
            (diagnosis.confidence, CONFIDENCE_STYLE[diagnosis.confidence]),
            f" · {diagnosis.verdict}",
        )
    )
    for piece, supports in sorted(lead.evidence, key=lambda e: (not e[1], e[0].kind != "server"))[:4]:
        console.print(
            Text.assemble(
                ("  why      ", "dim"), ("+ " if supports else "- "), f"{piece.kind}: {visible(piece.text, 150)}"
            )
        )
    for rival in diagnosis.undecided:
        console.print(Text.assemble(("  or       ", "dim"), title_of(rival, knowledge)))
    if triage.server.matching:
        console.print(Text.assemble(("  server   ", "dim"), (visible(triage.server.matching.event.raw, 240), "cyan")))
    elif triage.server.absence_proven:
        console.print(Text.assemble(("  server   ", "dim"), "nothing of theirs, and every host logged throughout"))
    elif triage.server.hosts:
        console.print(Text.assemble(("  server   ", "dim"), f"no line of theirs ({triage.server.coverage} coverage)"))
    if triage.reply:
        console.print(Text("  draft", style="dim"))
        for line in triage.reply.text.splitlines():
            console.print(Text("  │ " + line))
    console.print()
