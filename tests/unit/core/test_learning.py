"""Calibration and confusion from agents' decisions."""

from __future__ import annotations

import pytest

from bot.core.learning import Label, lesson


def test_the_calibration_error_as_reckoned_by_hand() -> None:
    learnt = lesson(
        [
            Label("a", 0.95, "send"),
            Label("a", 0.95, "edit"),
            Label("a", 0.95, "other_check", "b"),
            Label("b", 0.55, "graded_right", "b"),
            Label("b", 0.55, "escalate"),
        ]
    )
    assert learnt.labels == 4, "an escalation judges nothing"
    assert learnt.ece == pytest.approx(3 / 4 * abs(0.95 - 2 / 3) + 1 / 4 * abs(0.55 - 1))
    assert learnt.confused == (("a", "b", 1),) and [b.count for b in learnt.bins] == [1, 3]


def test_the_same_cause_chosen_again_is_right() -> None:
    assert lesson([Label("a", 1.0, "other_check", "a")]).bins[0].right == 1.0


def test_no_labels_teach_nothing() -> None:
    assert lesson([]).ece is None and lesson([]).bins == ()
