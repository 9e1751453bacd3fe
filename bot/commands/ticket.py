"""``triage ticket``: tickets in, triages out, one after the other; a bad one is reported and the rest goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.bootstrap import triager_of
from bot.commands.show import print_triage
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.errors import InputError
from bot.settings import read_settings


def run(files: Iterable[str], *, format: str, as_json: bool, language: str | None, save: bool, verified: bool) -> None:
    """Triage every ticket of ``files``. Raises InputError at the end where one could not be read (status 2)."""
    settings = read_settings()
    triager = triager_of(settings)
    if language is not None and language not in triager.knowledge.replies:
        known = ", ".join(sorted(triager.knowledge.replies))
        raise InputError(f"--lang {language}: no replies in that language; there are {known}")
    keep = None
    if save:
        from bot.adapters.store.tickets import TicketStore

        keep = TicketStore(settings.database_url)
    bad = 0
    for item in _tickets(files, format):
        if isinstance(item, BadTicket):
            bad += 1
            sys.stderr.write(f"triage: {item.reason}\n")
            continue
        triage = triager.triage(item, verified=verified, language=language)
        if keep is not None:
            keep.save(triage)
        if as_json:
            sys.stdout.write(json.dumps(to_json(triage), ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            print_triage(triage, triager.knowledge)
    if bad:
        sys.exit(2)


def _tickets(files: Iterable[str], format: str) -> Iterator[Ticket | BadTicket]:
    for name in files:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            yield BadTicket(name, f"{name}: cannot be read ({error.strerror}); check the path")
            continue
        try:
            yield from read_tickets(data, format=format, name=name)
        except InputError as error:
            yield BadTicket(name, str(error))
