"""What a look at a server means, and when somebody is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.probe import SAID, ProbeResult, Seen, Server, Standing, judge, own_servers, standing_of, step, worst
from knowledge import Knowledge

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
IMAP = Server("imap.example.net", 993, "imap", True)
WELL = Seen(
    IMAP, 0.12, address="192.0.2.1", banner="* OK ready", tls="TLSv1.3", expires=NOW + timedelta(days=60, hours=5)
)


def test_our_own_servers_are_the_ports_that_customers_are_told_to_use(knowledge: Knowledge) -> None:
    assert [(s.port, s.protocol, s.implicit) for s in own_servers(knowledge.settings)] == [
        (993, "imap", True),
        (465, "smtp", True),
        (587, "smtp", False),
    ]
    assert {s.host for s in own_servers(knowledge.settings)} == {
        knowledge.settings.imap_host,
        knowledge.settings.smtp_host,
    }


def test_a_server_that_is_well_says_for_how_long() -> None:
    result = judge(WELL, NOW)
    assert (result.ok, result.fault, result.days_left, result.said) == (
        True,
        None,
        60,
        "TLSv1.3, certificate for 60 days",
    )


@pytest.mark.parametrize(
    ("left", "ok", "fault", "days"),
    [
        (timedelta(days=14), True, None, 14),
        (timedelta(days=14, seconds=-1), False, "soon", 13),
        (timedelta(hours=3), False, "soon", 0),
        (timedelta(0), False, "expired", 0),
        (timedelta(hours=-1), False, "expired", -1),
    ],
)
def test_a_certificate_is_soon_over_within_fourteen_days(
    left: timedelta, ok: bool, fault: str | None, days: int
) -> None:
    result = judge(Seen(IMAP, 0.1, expires=NOW + left), NOW)
    assert (result.ok, result.fault, result.days_left) == (ok, fault, days)


def test_what_a_server_says_is_shown_and_never_obeyed() -> None:
    result = judge(Seen(IMAP, 0.1, "protocol", "\x1b[2Jno mail here\u202e", "greeting", banner="\x07" + "x" * 999), NOW)
    assert "\x1b" not in result.said and "\u202e" not in result.said and "at greeting" in result.said
    assert result.banner is not None and "\x07" not in result.banner and len(result.banner) < 210


def fails(fault: str) -> ProbeResult:
    return judge(Seen(IMAP, 5.0, fault), NOW)


def test_a_server_is_told_of_the_second_time_and_once_and_again_when_it_is_well() -> None:
    told, standing = [], Standing()
    for minute, result in enumerate(
        [fails("timeout"), fails("refused"), fails("timeout"), fails("closed"), judge(WELL, NOW), judge(WELL, NOW)]
    ):
        standing, tell = step(standing, result, NOW + timedelta(minutes=minute))
        told.append(tell.text if tell else "")
    assert [bool(t) for t in told] == [False, True, False, False, True, False]
    assert "since 2026-11-23T09:00:00Z" in told[1] and "refuses the connection" in told[1] and "well again" in told[4]


def test_one_failed_look_is_nothing() -> None:
    standing, first = step(Standing(), fails("timeout"), NOW)
    standing, second = step(standing, judge(WELL, NOW), NOW)
    assert first is None and second is None and standing.fails == 0


@pytest.mark.parametrize("fault", ["expired", "untrusted", "wrong_name", "soon"])
def test_a_certificate_is_told_of_at_once(fault: str) -> None:
    standing, tell = step(Standing(), fails(fault), NOW)
    assert tell is not None and standing.told
    assert step(standing, fails(fault), NOW)[1] is None


def test_a_certificate_that_ends_soon_is_told_of_again_when_it_has_ended() -> None:
    standing, _ = step(Standing(), fails("soon"), NOW)
    assert step(standing, fails("expired"), NOW)[1] is not None


def test_a_second_outage_of_the_same_day_has_a_key_of_its_own() -> None:
    keys, standing = [], Standing()
    for hour, fault in enumerate(["timeout", "timeout", "", "timeout", "timeout", ""]):
        standing, tell = step(standing, fails(fault) if fault else judge(WELL, NOW), NOW + timedelta(hours=hour))
        keys += [tell.key] if tell else []
    assert len(keys) == len(set(keys)) == 4


@given(st.lists(st.sampled_from(["", *SAID])))
def test_nobody_hears_that_it_is_well_who_has_not_heard_of_a_fault(faults: list[str]) -> None:
    standing, open_ = Standing(), False
    for minute, fault in enumerate(faults):
        standing, tell = step(
            standing_of(standing.to_text()),
            fails(fault) if fault else judge(WELL, NOW),
            NOW + timedelta(minutes=minute),
        )
        if tell and "well again" in tell.text:
            assert open_ and not fault
            open_ = False
        elif tell:
            assert fault
            open_ = True
    assert standing_of(standing.to_text()) == standing


@pytest.mark.parametrize("text", ["", "x", "[]", "3", '{"fails": "x"}', '{"fails": null}'])
def test_a_standing_that_makes_no_sense_is_a_new_one(text: str) -> None:
    assert standing_of(text) == Standing()


def test_what_cannot_tell_has_not_failed() -> None:
    unknown = ProbeResult("firm.example", "dkim", None, "", 0.1)
    assert not worst([unknown, judge(WELL, NOW)]) and worst([unknown, fails("tls")])
