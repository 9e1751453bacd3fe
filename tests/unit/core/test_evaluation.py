"""How triages are held against gold answers where more than one answer is right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.core.evaluation import Score, evaluate
from bot.core.model import Ticket
from bot.core.verdict import Triage
from bot.triage import Triager
from knowledge import Knowledge, load


class Noon:
    """A clock that stands."""

    def now(self) -> datetime:
        """Always the same moment."""
        return datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    """What the program ships with."""
    return load()


@pytest.fixture(scope="module")
def refused(knowledge: Knowledge) -> Triage:
    """A login that was refused, without any log."""
    body = "Thunderbird says: Login to server imap.trekmail.net with username anna@example.com failed."
    triage = Triager(knowledge, EmptyLogStore(), EmptyAccountDirectory(), Noon()).triage(
        Ticket("t1", body, requester="anna@example.com")
    )
    assert [c.number for c in triage.diagnosis.causes][:2] and triage.diagnosis.other is None
    return triage


def score_of(triage: Triage, knowledge: Knowledge, **gold: Any) -> Score:
    """The score of one triage against one answer."""
    return evaluate([(triage, {"id": "t1", "mailbox": "anna@example.com", **gold})], knowledge)


def numbers(triage: Triage) -> list[int]:
    """The checks as they were ranked."""
    return [c.number for c in triage.diagnosis.causes if c.number is not None]


def test_naming_all_of_what_cannot_be_told_apart_is_right(refused: Triage, knowledge: Knowledge) -> None:
    first, second, *_ = numbers(refused)
    score = score_of(refused, knowledge, check=second, either=[first, second], acceptable_checks=[first, second])
    assert score.counts["both_named"] == 1 and score.counts["top1_n"] == 0
    assert score.per_check[str(second)]["either"] == 1
    assert score.calibration == [(refused.diagnosis.causes[0].probability, False)]


def test_leaving_one_of_them_out_is_not(refused: Triage, knowledge: Knowledge) -> None:
    first = numbers(refused)[0]
    missing = next(n for n in range(1, 11) if n not in numbers(refused)[:3])
    score = score_of(refused, knowledge, check=first, either=[first, missing], acceptable_checks=[first, missing])
    assert score.counts["both_named"] == 0 and score.counts["both_named_n"] == 1


def test_of_two_faults_either_may_be_answered_first(refused: Triage, knowledge: Knowledge) -> None:
    first = numbers(refused)[0]
    other = next(n for n in range(1, 11) if n not in numbers(refused))
    assert score_of(refused, knowledge, check=other, one_of=[other, first]).counts["top1"] == 1
    assert score_of(refused, knowledge, check=other, one_of=[other, "smtp_auth_off"]).counts["top1"] == 0


def test_the_table_counts_a_check_in_every_column(refused: Triage, knowledge: Knowledge) -> None:
    wrong = next(n for n in range(1, 11) if n not in numbers(refused))
    row = score_of(refused, knowledge, check=wrong, acceptable_checks=[wrong], matching_lines=["a line"]).per_check[
        str(wrong)
    ]
    assert (row["n"], row["top1_n"], row["top1"], row["top3"], row["line_n"], row["line"]) == (1, 1, 0, 0, 1, 0)
    assert row["wrong_likely"] == (refused.diagnosis.confidence == "likely")
