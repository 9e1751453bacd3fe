"""Many tickets on all cores: the same answers in the same order, and no silence where a process dies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.bootstrap import SystemClock
from bot.commands.batch import MANY, in_order
from bot.core.evaluation import Score, evaluate
from bot.core.output import to_json
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.errors import WorkerLost
from bot.triage import Triager
from knowledge import load

TICKETS = Path(__file__).parents[1] / "eval" / "tuning3.jsonl"


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)


def slow_first(number: int) -> tuple[int, int]:
    for _ in range(200_000 if number == 0 else 0):
        pass
    return number, os.getpid()


def test_the_order_is_kept_and_other_processes_did_it() -> None:
    answers = list(in_order(slow_first, iter(range(3 * MANY))))
    assert [number for number, _ in answers] == list(range(3 * MANY))
    assert os.getpid() not in {pid for _, pid in answers}


def test_few_are_done_here() -> None:
    assert {pid for _, pid in in_order(slow_first, range(MANY - 1))} == {os.getpid()}
    assert list(in_order(slow_first, [])) == []


@pytest.mark.parametrize("count", [MANY - 1, 2 * MANY])
def test_what_the_work_raises_is_raised(count: int) -> None:
    def refuse(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(in_order(refuse, range(count)))


def test_a_process_that_is_killed_is_told() -> None:
    def die(number: int) -> int:
        if number == MANY:
            os._exit(9)
        return number

    with pytest.raises(WorkerLost, match="killed"):
        list(in_order(die, range(4 * MANY)))


def test_triages_are_those_of_one_process() -> None:
    triager = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), SystemClock())
    tickets = [t for t in read_tickets(TICKETS.read_bytes(), format="jsonl", name="t") if not isinstance(t, BadTicket)][
        : MANY + 4
    ]
    assert len(tickets) == MANY + 4 and all(t.received_at for t in tickets)
    work: Callable[..., dict[str, object]] = lambda ticket: to_json(triager.triage(ticket))  # noqa: E731
    assert list(in_order(work, tickets)) == [work(ticket) for ticket in tickets]


def test_scores_of_parts_add_up_to_the_score_of_all() -> None:
    triager = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), SystemClock())
    bodies = [
        ("Relay access denied", None, "smtp_auth_off"),
        ("My user name is anna, password wrong", 1, "x"),
        ("Rechnung bitte", None, "not_ours"),
    ]
    lines = "\n".join(f'{{"id": "{number}", "body": "{body}"}}' for number, (body, _, _) in enumerate(bodies))
    tickets = [t for t in read_tickets(lines.encode(), format="jsonl", name="t") if not isinstance(t, BadTicket)]
    pairs = [
        (
            triager.triage(ticket),
            {"check": check, "cause": cause, "mailbox": None, "hard_negative": cause == "not_ours"},
        )
        for ticket, (_, check, cause) in zip(tickets, bodies, strict=True)
    ]
    total = Score()
    for pair in pairs:
        total.add(evaluate([pair], triager.knowledge))
    assert total == evaluate(pairs, triager.knowledge) and total.tickets == 3
