"""``triage learn``: calibration and confusion, candidate entries, blind grades; weights and shadow runs in modules
of their own. Nothing is changed without being named."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from bot.adapters.store.learning import StoredLearning
from bot.adapters.store.reports import StoredReports
from bot.bootstrap import desk_of, knowledge_of
from bot.commands.learn_shadow import shadow
from bot.commands.learn_weights import weigh
from bot.commands.operator import who
from bot.commands.overlay import Overlay
from bot.core.learning import Lesson, lesson
from bot.core.note import visible
from bot.core.report.build import named
from bot.core.report.clusters import UnknownError, clusters
from bot.core.report.wording import share
from bot.errors import InputError
from bot.settings import Settings, read_settings
from knowledge.laws import broken_laws
from knowledge.model import Knowledge

ACTIONS = ("show", "candidates", "accept", "weights", "apply", "shadow", "back", "grade")


def run(action: str, subject: str | None, cause: str | None, *, as_json: bool) -> None:
    """Do one action. Raises InputError."""
    if action not in ACTIONS:
        raise InputError(f"{action}: is none of {', '.join(ACTIONS)}")
    settings = read_settings()
    knowledge = knowledge_of(settings)
    store = StoredLearning(desk_of(settings).database)
    if action == "show":
        _show(lesson(store.labels()), lesson(store.outcomes()), knowledge, as_json=as_json)
    elif action == "grade":
        _grade(settings, store, knowledge, subject, cause)
    elif action == "back":
        sys.stdout.write(Overlay(settings, store).back() + "\n")
    elif action in ("weights", "apply"):
        weigh(settings, store, knowledge, subject, apply=action == "apply", as_json=as_json)
    elif action == "shadow":
        shadow(settings, knowledge, subject, as_json=as_json)
    else:
        StoredReports(desk_of(settings).database).fill()
        found = clusters(store.unknown())
        if action == "candidates":
            _candidates(found, as_json=as_json)
        else:
            _accept(settings, store, found, subject, knowledge)


def _show(learnt: Lesson, outcomes: Lesson, knowledge: Knowledge, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({**asdict(learnt), "outcomes": asdict(outcomes)}, ensure_ascii=False) + "\n")
        return
    _bins("judged answers", learnt)
    for wrong, right, count in learnt.confused:
        sys.stdout.write(f"taken for {named(wrong, knowledge)}\twas {named(right, knowledge)}\t{count}\n")
    _bins("answers judged by what came after them (a login, or another letter)", outcomes)


def _bins(what: str, learnt: Lesson) -> None:
    sys.stdout.write(
        f"{learnt.labels} {what}; calibration error {'unknown' if learnt.ece is None else f'{learnt.ece:.3f}'}\n"
    )
    for one in learnt.bins:
        sys.stdout.write(
            f"stated {share(one.low)} to {share(one.high)}\t{one.count} answers\tmean {share(one.stated)}\tright {share(one.right)} "
            f"({share(one.interval[0])} to {share(one.interval[1])})\n"
        )


def _candidates(found: tuple[UnknownError, ...], *, as_json: bool) -> None:
    for error in found:
        if as_json:
            sys.stdout.write(json.dumps(asdict(error), ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(
                f"{error.id}\t{error.mailboxes} mailboxes\t{error.tickets} tickets\t{visible(error.text, 200)}\n"
            )


def _grade(
    settings: Settings, store: StoredLearning, knowledge: Knowledge, ticket: str | None, cause: str | None
) -> None:
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


def _accept(
    settings: Settings, store: StoredLearning, found: tuple[UnknownError, ...], name: str | None, knowledge: Knowledge
) -> None:
    """Write a candidate into the overlay; its texts are its tests, and the laws are held over the whole before it
    stays."""
    overlay = Overlay(settings, store)
    error = next((e for e in found if e.id == name), None)
    if error is None:
        raise InputError(f"{name or 'learn accept'}: is no candidate; triage learn candidates lists them")
    if error.id in knowledge.errors:
        raise InputError(f"{error.id}: an entry of that name exists; add the text to it (docs/add-an-error.md)")
    file = overlay.put(
        f"errors/{error.id}.toml",
        error.entry,
        knowledge.version,
        lambda known: [fault for fault in broken_laws(known) if error.id in fault],
    )
    sys.stdout.write(f"{file}: written; say in it what it means. triage learn back takes it away\n")
