"""``triage learn shadow``: what the present knowledge, or that of another folder, changes on the last thousand
tickets."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bot.adapters.store.shadows import StoredShadows
from bot.bootstrap import accounts_of, desk_of, knowledge_of, log_store_of, logs_of
from bot.core.note import visible
from bot.core.report.build import named
from bot.core.shadow import Shadow
from bot.errors import InputError
from bot.settings import Settings
from bot.shadowing import Shadowing
from knowledge.model import Knowledge

TICKETS = 1_000
PORTION = 10
SHOWN = 20


def shadow(settings: Settings, knowledge: Knowledge, folder: str | None, *, as_json: bool) -> None:
    """Run it, keep it and print it; nothing is sent or saved of the triages themselves. Raises InputError for a
    folder that is none."""
    present = None
    if folder is not None:
        if not Path(folder).is_dir():
            raise InputError(
                f"{folder}: is no folder; name one that is laid out as KNOWLEDGE_DIR is (docs/your-own-host.md)"
            )
        present, knowledge = knowledge, knowledge_of(replace(settings, knowledge_dir=Path(folder)))
    desk = desk_of(settings)
    store = StoredShadows(desk.database)
    past = store.past(TICKETS)
    logs, accounts = logs_of(log_store_of(settings)), accounts_of(settings, knowledge)
    going = Shadowing(past, knowledge, logs, accounts, present)
    with Console(stderr=True).status("triaging past tickets") if sys.stderr.isatty() else nullcontext() as status:
        while left := going.go_on(PORTION):
            if status is not None:
                status.update(f"triaging past tickets: {left} left")
    found = going.result()
    with desk.look() as view:
        store.put_shadow(found, view.now)
    if as_json:
        sys.stdout.write(json.dumps(found.to_json(), ensure_ascii=False) + "\n")
    else:
        _show(found, knowledge)


def _show(found: Shadow, knowledge: Knowledge) -> None:
    unread = f"; the words of {found.unread} more are no longer kept" if found.unread else ""
    sys.stdout.write(
        f"version {found.version} on {found.looked} past tickets (said by {', '.join(found.earlier) or 'nobody'}){unread}: {found.changed} differ\n"
    )
    for one, other, count in found.causes:
        sys.stdout.write(f"  {named(one, knowledge)} -> {named(other, knowledge)}\t{count}\n")
    for one, other, count in found.verdicts:
        sys.stdout.write(f"  {one} -> {other}\t{count}\n")
    for pair in found.tickets[:SHOWN]:
        sys.stdout.write(
            f"{visible(pair.ticket, 100)}\t{pair.before.cause} {pair.before.verdict} {pair.before.confidence} {pair.before.probability:.2f}"
            f"\t{pair.after.cause} {pair.after.verdict} {pair.after.confidence} {pair.after.probability:.2f}\n"
        )
    if found.changed > SHOWN:
        sys.stdout.write(f"and {found.changed - SHOWN} more (--json lists up to {len(found.tickets)})\n")
