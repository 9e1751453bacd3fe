"""``triage ticket``: tickets in, triages out, one after the other; a bad one is reported and the rest goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

from bot.bootstrap import desk_of, triager_of
from bot.commands.show import print_triage
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.core.verdict import Triage
from bot.errors import InputError
from bot.settings import read_settings
from bot.triage import Triager

MANY = 24
"""From so many tickets on it pays to start processes."""


def run(files: Iterable[str], *, format: str, as_json: bool, language: str | None, save: bool, verified: bool) -> None:
    """Triage every ticket of ``files``. Raises InputError at the end where one could not be read (status 2)."""
    settings = read_settings()
    triager = triager_of(settings)
    if language is not None and language not in triager.knowledge.replies:
        known = ", ".join(sorted(triager.knowledge.replies))
        raise InputError(f"--lang {language}: no replies in that language; there are {known}")
    keep = None
    if save:
        keep = desk_of(settings)
    if as_json and keep is None:
        bad = _print_json(_tickets(files, format), triager, verified, language)
        if bad:
            sys.exit(2)
        return
    bad = 0
    for item in _tickets(files, format):
        if isinstance(item, BadTicket):
            bad += 1
            sys.stderr.write(f"triage: {item.reason}\n")
            continue
        triage = triager.triage(item, verified=verified, language=language)
        if keep is not None:
            with keep.step("ticket.saved") as step:
                step.cases.save(triage)
        if as_json:
            sys.stdout.write(_line(triage))
        else:
            print_triage(triage, triager.knowledge)
    if bad:
        sys.exit(2)


def _line(triage: Triage) -> str:
    return json.dumps(to_json(triage), ensure_ascii=False) + "\n"


def _print_json(items: Iterator[Ticket | BadTicket], triager: Triager, verified: bool, language: str | None) -> int:
    """Print in order, on all cores where there are many tickets; returns how many could not be read."""
    first = list(islice(items, MANY))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(first) < MANY or cores < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return _print_all(map(partial(_answer, triager, verified, language), chain(first, items)))
    # forked processes share the loaded knowledge; no thread runs and no database is open yet
    global _worker
    _worker = partial(_answer, triager, verified, language)
    with multiprocessing.get_context("fork").Pool(cores) as pool:
        return _print_all(pool.imap(_work, chain(first, items), chunksize=8))


_worker: Callable[[Ticket | BadTicket], tuple[bool, str]] | None = None


def _work(item: Ticket | BadTicket) -> tuple[bool, str]:
    assert _worker is not None
    return _worker(item)


def _answer(triager: Triager, verified: bool, language: str | None, item: Ticket | BadTicket) -> tuple[bool, str]:
    """(read, text): a line of JSON, or why the ticket could not be read."""
    if isinstance(item, BadTicket):
        return False, item.reason
    return True, _line(triager.triage(item, verified=verified, language=language))


def _print_all(answers: Iterable[tuple[bool, str]]) -> int:
    bad = 0
    for read, text in answers:
        if read:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            bad += 1
            sys.stderr.write(f"triage: {text}\n")
    return bad


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
