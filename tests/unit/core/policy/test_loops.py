"""What a machine may answer: nothing that a machine has written, everything that a person has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.desk.values import Envelope
from bot.core.policy.loops import reason_not_to_answer
from bot.core.policy.marks import headers_of, message_id_of
from tests.policy.machines import MACHINES, PEOPLE, samples

OWN = frozenset({"support@host.example"})


def test_there_are_enough_samples() -> None:
    assert len(samples(MACHINES)) >= 60 and len(samples(PEOPLE)) >= 15


@pytest.mark.parametrize(("name", "envelope"), samples(MACHINES))
def test_machines_are_not_answered(name: str, envelope: Envelope) -> None:
    assert reason_not_to_answer(envelope, OWN), name


@pytest.mark.parametrize(("name", "envelope"), samples(PEOPLE))
def test_people_are(name: str, envelope: Envelope) -> None:
    assert reason_not_to_answer(envelope, OWN) is None, name


@pytest.mark.parametrize(
    "requester",
    [
        None,
        "",
        "anna",
        "a@b.example, c@d.example",
        "Anna <anna@kunde.example>",
        "anna@kunde.example\r\nBcc: x@y.example",
        "ännä@kunde.example",
    ],
)
def test_a_requester_that_is_not_one_address_is_not_answered(requester: str | None) -> None:
    assert reason_not_to_answer(Envelope(requester), OWN)


def test_what_nobody_knows_or_nobody_can_read_is_not_answered() -> None:
    assert reason_not_to_answer(None, OWN)
    assert reason_not_to_answer(Envelope("a@kunde.example", (("X", "y"),) * 600), OWN) and reason_not_to_answer(
        Envelope("a@kunde.example", (("X", "y" * 300_000),)), OWN
    )
    assert (
        reason_not_to_answer(Envelope("any@our.example"), (), {"our.example"})
        and reason_not_to_answer(Envelope("any@our.example"), (), ()) is None
    )


def test_ours_are_never_answered_by_ours() -> None:
    for automatic in (True, False):
        ours = Envelope(
            "bot@other.example", tuple(headers_of("ab12", automatic=automatic).items()), "bot@other.example"
        )
        assert reason_not_to_answer(ours, ())
    assert headers_of("t", automatic=True)["Auto-Submitted"] == "auto-replied" and "Auto-Submitted" not in headers_of(
        "t", automatic=False
    )
    assert message_id_of("ab", "host.example") == "<triage.ab@host.example>"


@given(st.text(max_size=200), st.text(max_size=400), st.text(max_size=100))
def test_no_header_makes_it_fail(name: str, value: str, path: str) -> None:
    reason_not_to_answer(
        Envelope("a@kunde.example", ((name, value), ("From", value), ("Auto-Submitted", value)), path), OWN
    )
