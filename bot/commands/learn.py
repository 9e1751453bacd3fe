"""``triage learn``: calibration and confusion, candidate entries, blind grades. Nothing is changed without being named."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from bot.adapters.store.learning import StoredLearning
from bot.adapters.store.reports import StoredReports
from bot.bootstrap import desk_of, knowledge_of
from bot.commands.operator import who
from bot.core.learning import Lesson, lesson
from bot.core.note import visible
from bot.core.report.build import named
from bot.core.report.clusters import UnknownError, clusters
from bot.core.report.wording import share
from bot.errors import InputError, KnowledgeFault
from bot.settings import Settings, read_settings
from knowledge import load
from knowledge.laws import broken_laws
from knowledge.model import Knowledge


def run(action: str, subject: str | None, cause: str | None, *, as_json: bool) -> None:
    """Do one action. Raises InputError."""
    if action not in ("show", "candidates", "accept", "back", "grade"):
        raise InputError(f"{action}: is none of show, candidates, accept, back, grade")
    settings = read_settings()
    knowledge = knowledge_of(settings)
    store = StoredLearning(desk_of(settings).database)
    if action == "show":
        _show(lesson(store.labels()), knowledge, as_json=as_json)
    elif action == "grade":
        _grade(settings, store, knowledge, subject, cause)
    elif action == "back":
        _back(settings, store)
    else:
        StoredReports(desk_of(settings).database).fill()
        found = clusters(store.unknown())
        if action == "candidates":
            _candidates(found, as_json=as_json)
        else:
            _accept(settings, store, found, subject, knowledge)


def _show(learnt: Lesson, knowledge: Knowledge, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(learnt), ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{learnt.labels} judged answers; calibration error {'unknown' if learnt.ece is None else f'{learnt.ece:.3f}'}\n")
    for one in learnt.bins:
        sys.stdout.write(f"stated {share(one.low)} to {share(one.high)}\t{one.count} answers\tmean {share(one.stated)}\tright {share(one.right)} "
                         f"({share(one.interval[0])} to {share(one.interval[1])})\n")
    for wrong, right, count in learnt.confused:
        sys.stdout.write(f"taken for {named(wrong, knowledge)}\twas {named(right, knowledge)}\t{count}\n")


def _candidates(found: tuple[UnknownError, ...], *, as_json: bool) -> None:
    for error in found:
        if as_json:
            sys.stdout.write(json.dumps(asdict(error), ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(f"{error.id}\t{error.mailboxes} mailboxes\t{error.tickets} tickets\t{visible(error.text, 200)}\n")


def _grade(settings: Settings, store: StoredLearning, knowledge: Knowledge, ticket: str | None, cause: str | None) -> None:
    if not ticket or not cause:
        raise InputError("learn grade: needs the ticket and its right cause; triage report draws the tickets")
    if cause not in knowledge.checks and cause not in knowledge.others:
        raise InputError(f"{cause}: is no cause; triage knowledge list names them")
    desk = desk_of(settings)
    with desk.look() as view:
        now = view.now
    right = store.grade(ticket, cause, who(), now)
    if right is None:
        raise InputError(f"{ticket}: no such ticket has been triaged")
    sys.stdout.write(f"{ticket}: kept; the bot had named {'the same cause' if right else 'another cause'}\n")


def _accept(settings: Settings, store: StoredLearning, found: tuple[UnknownError, ...], name: str | None, knowledge: Knowledge) -> None:
    """Write a candidate into the overlay; its texts are its tests, and the laws are held over the whole before it stays."""
    folder = settings.knowledge_dir
    if folder is None:
        raise InputError("KNOWLEDGE_DIR: is not set; accepted entries are written there (docs/your-own-host.md)")
    error = next((e for e in found if e.id == name), None)
    if error is None:
        raise InputError(f"{name or 'learn accept'}: is no candidate; triage learn candidates lists them")
    if error.id in knowledge.errors:
        raise InputError(f"{error.id}: an entry of that name exists; add the text to it (docs/add-an-error.md)")
    file = folder / "errors" / f"{error.id}.toml"
    before = _text_of(file)
    _write(file, error.entry)
    try:
        load.cache_clear()
        faults = [fault for fault in broken_laws(knowledge_of(settings)) if error.id in fault]
    except KnowledgeFault as fault:
        faults = [str(fault)]
    if faults:
        _restore(file, before)
        raise InputError(f"{error.id}: not written, since it breaks a law: {faults[0]}")
    desk = desk_of(settings)
    with desk.step("learn.accept") as step:
        now = step.now
        step.people.audit(who(), "knowledge.accept", error.id)
    store.changed(who(), f"errors/{file.name}", before, error.entry, knowledge.version, now)
    sys.stdout.write(f"{file}: written; say in it what it means. triage learn back takes it away\n")


def _back(settings: Settings, store: StoredLearning) -> None:
    """Take the latest accepted entry back, unless somebody has changed the file since."""
    change = store.last_change()
    if change is None or settings.knowledge_dir is None:
        raise InputError("learn back: nothing was accepted that could be taken back")
    number, name, before, after = change
    file = settings.knowledge_dir / name
    if _text_of(file) not in (after, None):
        raise InputError(f"{file}: was changed since it was accepted; edit it by hand")
    _restore(file, before)
    store.undo(number)
    with desk_of(settings).step("learn.back") as step:
        step.people.audit(who(), "knowledge.back", name)
    sys.stdout.write(f"{file}: {'is as it was' if before else 'is gone'}\n")


def _text_of(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from error


def _restore(file: Path, before: str | None) -> None:
    if before is None:
        file.unlink(missing_ok=True)
    else:
        _write(file, before)
