"""``triage learn weights`` and ``apply``: proposed weights, what they would have done, and a lead's yes to exactly
these."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict

from bot.adapters.store.learning import StoredLearning
from bot.commands.overlay import Overlay
from bot.core.report.build import named
from bot.core.report.wording import share
from bot.core.weighing import FEWEST, Proposal, file_of, propose
from bot.errors import InputError
from bot.settings import Settings
from knowledge.model import Knowledge

SHOWN = 12
"""Pairs of causes that are listed."""


def weigh(
    settings: Settings, store: StoredLearning, knowledge: Knowledge, number: str | None, *, apply: bool, as_json: bool
) -> None:
    """Show the proposal, or write it where ``number`` is the one that was shown. Raises InputError."""
    overlay = Overlay(settings, store) if apply else None
    examples = store.examples()
    proposal = propose(examples, knowledge)
    if overlay is not None:
        _apply(overlay, proposal, number, knowledge)
    elif as_json:
        sys.stdout.write(
            json.dumps(
                {
                    "labels": len(examples),
                    "needed": FEWEST,
                    "id": id_of(proposal) if proposal else None,
                    **(asdict(proposal) if proposal else {}),
                },
                ensure_ascii=False,
            )
            + "\n"
        )
    else:
        _show(proposal, len(examples), knowledge)


def id_of(proposal: Proposal) -> str:
    """Eight hex digits of what would be written: the yes is to that and to nothing else."""
    return hashlib.sha256(file_of(proposal).encode()).hexdigest()[:8]


def _apply(overlay: Overlay, proposal: Proposal | None, number: str | None, knowledge: Knowledge) -> None:
    if proposal is None:
        raise InputError(f"learn apply: nothing is proposed; {FEWEST} decided tickets are needed")
    if not proposal.better:
        raise InputError("learn apply: the fitted weights are no better on the tickets held out; nothing is proposed")
    if number != id_of(proposal):
        raise InputError(
            f"learn apply {number or ''}: is not what is proposed now; triage learn weights shows it and its number"
        )
    file = overlay.put("weights.toml", file_of(proposal), knowledge.version, lambda _known: [])
    sys.stdout.write(
        f"{file}: written; restart what is running, then triage learn shadow shows the differences. triage learn back takes it away\n"
    )


def _show(proposal: Proposal | None, labels: int, knowledge: Knowledge) -> None:
    if proposal is None:
        sys.stdout.write(
            f"{labels} decided tickets whose right cause and evidence are known; {FEWEST} are needed before weights are proposed\n"
        )
        return
    before, after = proposal.before, proposal.after
    sys.stdout.write(
        f"Fitted to {proposal.fitted} decided tickets, measured on the {after.tickets} after them:\n"
        f"right cause first\t{share(before.right)} now\t{share(after.right)} then\n"
        f"log loss\t{before.log_loss:.3f} now\t{after.log_loss:.3f} then\n"
        f"calibration error\t{before.ece:.3f} now\t{after.ece:.3f} then\n"
    )
    for kind, value in sorted(proposal.weights.kinds.items()):
        if value != proposal.present.kinds.get(kind):
            sys.stdout.write(
                f"evidence of kind {kind}\t{proposal.present.kinds.get(kind, 1.0):.3f} now\t{value:.3f} then\n"
            )
    for cause, value in sorted(proposal.weights.causes.items()):
        if value != round(proposal.present.causes[cause], 3):
            sys.stdout.write(
                f"odds of {named(cause, knowledge)}\tx {proposal.present.causes[cause]:.3f} now\tx {value:.3f} then\n"
            )
    changed = sum(count for _, _, count, _ in proposal.changed)
    sys.stdout.write(
        f"{changed} of {proposal.labels} decided tickets would have another leading cause: {proposal.to_right} right then, {proposal.to_wrong} right until now\n"
    )
    for one, other, count, right in proposal.changed[:SHOWN]:
        sys.stdout.write(
            f"  {named(one, knowledge)} -> {named(other, knowledge)}\t{count}\t{right} of them right then\n"
        )
    if proposal.better:
        sys.stdout.write(f"Nothing is changed yet. A lead's yes:  triage learn apply {id_of(proposal)}\n")
    else:
        sys.stdout.write("On the tickets held out this is no better: nothing is proposed\n")
