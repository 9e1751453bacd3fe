"""``triage ticket``: tickets in, triages out, one after the other; a bad one is reported and the rest goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from bot.bootstrap import desk_of, triager_of
from bot.bootstrap_desk import attachment_reader_of
from bot.commands.batch import in_order
from bot.commands.show import print_triage
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.core.verdict import Triage
from bot.errors import InputError
from bot.settings import read_settings


def run(files: Iterable[str], *, format: str, as_json: bool, language: str | None, save: bool, verified: bool) -> None:
    """Triage every ticket of ``files``. Raises InputError at the end where one could not be read (status 2)."""
    settings = read_settings()
    triager = triager_of(settings)
    if language is not None and language not in triager.knowledge.replies:
        known = ", ".join(sorted(triager.knowledge.replies))
        raise InputError(f"--lang {language}: no replies in that language; there are {known}")
    if save:
        keep = desk_of(settings)
    reader = attachment_reader_of(settings)

    def triage(ticket: Ticket) -> Triage:
        return triager.triage(reader.read(ticket), verified=verified, language=language)

    answers: Iterator[BadTicket | Triage | str]
    if as_json and not save:  # nothing but lines is asked for: processes can make them
        answers = in_order(
            partial(_answer, triage, _line),
            _tickets(files, format),
            lambda first: triager.warm(t for t in first if isinstance(t, Ticket)),
        )
    else:
        answers = map(partial(_answer, triage, None), _tickets(files, format))
    bad = 0
    for answered in answers:
        if isinstance(answered, BadTicket):
            bad += 1
            sys.stderr.write(f"triage: {answered.reason}\n")
        elif isinstance(answered, str):
            _print(answered)
        else:
            if save:
                with keep.step("ticket.saved") as step:
                    step.cases.save(answered)
            if as_json:
                _print(_line(answered))
            else:
                print_triage(answered, triager.knowledge)
    if bad:
        sys.exit(2)


def _answer(
    triage: Callable[[Ticket], Triage], shown: Callable[[Triage], str] | None, item: Ticket | BadTicket
) -> BadTicket | Triage | str:
    """One ticket's triage, or the line that shows it where that is all that is asked for."""
    if isinstance(item, BadTicket):
        return item
    found = triage(item)
    return found if shown is None else shown(found)


def _line(triage: Triage) -> str:
    return json.dumps(to_json(triage), ensure_ascii=False) + "\n"


def _print(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


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
