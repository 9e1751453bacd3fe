"""``triage eval``: triages held against gold answers, with the figures at the end."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.bootstrap import SystemClock, knowledge_of
from bot.commands.batch import in_order
from bot.core.evaluation import Gold, Score, evaluate
from bot.core.model import Ticket
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.errors import InputError
from bot.ports import AccountDirectory, LogStore
from bot.settings import read_settings
from bot.triage import Triager


def run(
    tickets: Path, gold: Path, logs: list[str], accounts: Path | None, *, as_json: bool, misses: bool, bar: float | None
) -> None:
    """Print counts and rates; status 1 where ``bar`` is given and not reached. The logs are read into a store of
    their own that is thrown away; the accounts count as fresh, since they belong to the tickets' day."""
    settings = read_settings()
    knowledge = knowledge_of(settings)
    answers = _gold(gold)
    with tempfile.TemporaryDirectory(prefix="triage-eval-") as scratch:
        store: LogStore = EmptyLogStore()
        if logs:
            embedded = SqliteLogStore(Path(scratch) / "logs.db")
            report = embedded.ingest(logs, zone=settings.log_zone, finished=True)
            for failure in report.failed:
                raise InputError(failure)
            store = embedded
        directory: AccountDirectory = EmptyAccountDirectory()
        if accounts is not None:
            csv_directory = CsvAccountDirectory(Path(scratch) / "accounts.db", max_age=None)
            csv_directory.import_csv(accounts, plans=list(knowledge.plans))
            directory = csv_directory
        triager = Triager(knowledge, store, directory, SystemClock())
        triager.warm()
        started = time.perf_counter()
        known, bad = _with_gold(tickets, answers)
        score = Score()
        for one in in_order(partial(_score, triager), known, lambda first: triager.warm(ticket for ticket, _ in first)):
            score.add(one)
        seconds = time.perf_counter() - started
    figures = score.figures(seconds)
    if as_json:
        sys.stdout.write(
            json.dumps({**figures, **({"misses": score.misses} if misses else {})}, ensure_ascii=False) + "\n"
        )
    else:
        _print(score, figures, misses)
    if bad:
        sys.exit(2)
    if bar is not None and (figures["acceptable"] or 0) < bar:
        sys.exit(1)


def _gold(path: Path) -> dict[str, Gold]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text ({error}); gold is one JSON object a line") from error
    out: dict[str, Gold] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: line {number}: no JSON ({error.msg})") from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise InputError(f'{path}: line {number}: a gold answer is an object with a text "id"')
        out[row["id"]] = row
    return out


def _score(triager: Triager, pair: tuple[Ticket, Gold]) -> Score:
    ticket, gold = pair
    return evaluate([(triager.triage(ticket), gold)], triager.knowledge)


def _with_gold(path: Path, answers: dict[str, Gold]) -> tuple[list[tuple[Ticket, Gold]], int]:
    """The tickets that have an answer, and how many are bad or have none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    known: list[tuple[Ticket, Gold]] = []
    bad = 0
    for item in read_tickets(data, format="jsonl", name=str(path)):
        if isinstance(item, BadTicket):
            bad += 1
            sys.stderr.write(f"triage: {item.reason}\n")
        elif item.id in answers:
            known.append((item, answers[item.id]))
        else:
            bad += 1
            sys.stderr.write(f"triage: {path}: ticket {item.id} has no gold answer\n")
    return known, bad


def _print(score: Score, figures: dict[str, Any], misses: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("check or cause", "tickets", "first", "acceptable", box=None, pad_edge=False)
    for key, tally in figures["per_check"].items():
        table.add_row(key, str(tally["n"]), str(tally.get("top1", 0)), str(tally.get("acceptable", 0)))
    console.print(table)
    for name, value in figures.items():
        if name != "per_check" and value is not None:
            console.print(
                f"{name:<24} {value:.1%}"
                if isinstance(value, float) and name not in ("ece", "tickets_per_s")
                else f"{name:<24} {value}"
            )
    if misses:
        for miss in score.misses:
            console.print(f"{miss['what']:<12} {miss['id']}  {miss['detail']}", markup=False)
    sys.stdout.write("figures " + json.dumps(figures) + "\n")
