"""Work that comes again by the clock: a job that is never finished, only put off. One worker does it at a time,
whoever is free."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.desk.values import Job
from bot.errors import StoreBusy, TriageError
from bot.ports import Desk


@dataclass(frozen=True)
class Chore:
    """``run`` is called with the moment, at most once in ``every``; what it raises is kept under ``trouble:KIND``
    and it is called again."""

    kind: str
    every: timedelta
    run: Callable[[datetime], object]


def workers_of(desk: Desk, chores: Sequence[Chore]) -> Mapping[str, Callable[[Job], None]]:
    """What the handler calls by kind; the jobs are written down where they are not there yet."""
    if chores:
        with desk.step("chores.begin") as step:
            for chore in chores:
                step.queues.schedule(f"chore:{chore.kind}", chore.kind, None, {}, priority=7)
    return {chore.kind: _worker(desk, chore) for chore in chores}


def _worker(desk: Desk, chore: Chore) -> Callable[[Job], None]:
    def work(job: Job) -> None:
        with desk.look() as view:
            now, known = view.now, view.people.setting(f"trouble:{chore.kind}")
        trouble = ""
        try:
            chore.run(now)
        except StoreBusy:
            raise
        except TriageError as error:
            trouble = str(error)
        with desk.step("chores.done") as step:
            step.queues.again(job, step.now + chore.every)
            if trouble != known:
                step.people.set(f"trouble:{chore.kind}", trouble)

    return work
