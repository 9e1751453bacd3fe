"""When it failed, in the customer's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Ticket, TimeHint
from bot.core.parse.reading import read
from bot.core.parse.times import find_time
from knowledge import load

LANGUAGES = load().languages
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def hint(body: str, *, received: datetime | None = FRIDAY, date: str | None = None) -> TimeHint | None:
    ticket = Ticket("t", body, received_at=received, headers={"date": date} if date else {})
    return find_time(ticket, read(ticket, LANGUAGES))


def found(body: str, **more: str) -> TimeHint:
    out = hint(body, **more)  # type: ignore[arg-type]
    assert out is not None, body
    return out


@pytest.mark.parametrize(
    ("body", "clock"),
    [
        ("It failed at 09:14 today.", 9 * 60 + 14),
        ("It failed today at 9:14 am.", 9 * 60 + 14),
        ("It failed at 2:05 pm", 14 * 60 + 5),
        ("at 12:10 am it stopped", 10),
        ("It stopped at 3pm", 15 * 60),
        ("Heute um 9.14 Uhr kam der Fehler", 9 * 60 + 14),
        ("gegen 14 Uhr ging nichts mehr", 14 * 60),
        ("Ce matin à 9h14 impossible de se connecter", 9 * 60 + 14),
        ("a las 9:14 dejó de funcionar", 9 * 60 + 14),
        ("alle 14:20 ha smesso di funzionare", 14 * 60 + 20),
        ("om 9.14 uur ging het mis", 9 * 60 + 14),
        ("às 14h20 parou", 14 * 60 + 20),
        ("Vers 9h30 plus rien", 9 * 60 + 30),
        ("o godz. 9:14 przestało działać", 9 * 60 + 14),
        ("в 9:14 перестало работать", 9 * 60 + 14),
        ("今日の9時14分に受信できなくなりました", 9 * 60 + 14),
        ("今天9点14分开始收不到邮件", 9 * 60 + 14),
        ("今朝9時半から受信できません", 9 * 60 + 30),
    ],
)
def test_a_clock_is_read_in_every_language(body: str, clock: int) -> None:
    assert found(body).clock == clock


def test_a_zone_that_is_named_is_counted() -> None:
    out = found("It failed at 10:14 CET today")
    assert out.zone_known
    assert out.earliest <= datetime(2026, 11, 20, 9, 14, tzinfo=UTC) <= out.latest
    assert out.latest - out.earliest < timedelta(hours=1)


def test_the_date_headers_zone_is_the_customers() -> None:
    out = found("It failed at 10:14 today", date="Fri, 20 Nov 2026 16:00:00 +0100")
    assert out.zone_known and out.earliest <= datetime(2026, 11, 20, 9, 14, tzinfo=UTC) <= out.latest


def test_a_header_in_utc_says_nothing_of_the_customers_zone() -> None:
    assert not found("It failed at 10:14 today", date="Fri, 20 Nov 2026 15:00:00 +0000").zone_known


def test_an_unknown_zone_keeps_the_whole_day_open() -> None:
    out = found("It failed at 10:14 today")
    assert not out.zone_known
    for utc_hour in (1, 9, 10, 14):
        moment = FRIDAY.replace(hour=utc_hour, minute=14)
        assert out.earliest <= moment <= out.latest


def test_a_log_line_with_its_own_zone_decides() -> None:
    out = found("Log:\n2026-11-20T08:14:31+02:00 imap: login failed\n(it is about 11:00 here)")
    assert out.zone_known and out.earliest <= datetime(2026, 11, 20, 6, 14, tzinfo=UTC) <= out.latest


@pytest.mark.parametrize(
    "body",
    [
        "You can reach me from 9:00 to 17:00.",
        "Ich bin bis 17:00 Uhr erreichbar.",
        "Office hours 8:00 - 16:00, tel 030 12",
        "Call me after 14:30 please",
    ],
)
def test_office_hours_are_no_failure(body: str) -> None:
    out = hint(body)
    assert out is None or out.clock is None


@pytest.mark.parametrize(
    "body",
    [
        "It does not work.",
        "Version 9.14 fails",
        "Thunderbird 115.10 cannot connect",
        "Outlook 16.30 on macOS 14.20",
        "imap.mail.example:993",
        "",
    ],
)
def test_what_names_no_time_gives_none(body: str) -> None:
    assert hint(body) is None


@pytest.mark.parametrize(
    ("body", "day"),
    [
        ("Since yesterday nothing arrives", 19),
        ("Seit gestern kommt nichts an", 19),
        ("depuis hier rien n'arrive", 19),
        ("desde ayer no llega nada", 19),
        ("da ieri non arriva nulla", 19),
        ("sinds gisteren komt er niets binnen", 19),
        ("desde ontem não chega nada", 19),
        ("od wczoraj nic nie przychodzi", 19),
        ("со вчерашнего дня, то есть вчера, ничего не приходит", 19),
        ("昨日から受信できません", 19),
        ("昨天开始收不到", 19),
        ("vorgestern ging es noch nicht", 18),
        ("since Monday it fails", 16),
        ("seit Dienstag geht nichts", 17),
    ],
)
def test_days_are_counted_back_from_the_ticket(body: str, day: int) -> None:
    out = found(body)
    noon = datetime(2026, 11, day, 12, tzinfo=UTC)
    assert out.earliest <= noon <= out.latest
    assert out.earliest >= noon - timedelta(hours=12 + 14)


@pytest.mark.parametrize(
    "body",
    [
        "Since 9:14 today nothing works",
        "Seit heute 9:14 Uhr geht nichts",
        "depuis ce matin 9h14 rien",
        "с 9:14 ничего не работает",
    ],
)
def test_since_means_it_still_failed_when_they_wrote(body: str) -> None:
    out = found(body)
    assert out.ongoing and out.latest == FRIDAY


@pytest.mark.parametrize(
    ("body", "minutes"),
    [
        ("It failed 20 minutes ago", 20),
        ("vor 2 Stunden ging es noch, dann Fehler", 120),
        ("il y a 3 heures", 180),
        ("hace 2 horas", 120),
    ],
)
def test_ago_is_counted_from_the_ticket(body: str, minutes: int) -> None:
    out = found(body)
    moment = FRIDAY - timedelta(minutes=minutes)
    assert out.earliest <= moment <= out.latest and out.zone_known


def test_without_a_date_of_receipt_only_full_stamps_count() -> None:
    assert hint("failed at 9:14 today", received=None) is None
    stamped = hint("2026-11-20T09:14:00Z login failed", received=None)
    assert stamped is not None and stamped.zone_known


def test_an_old_stamp_is_no_failure_of_today() -> None:
    out = hint("Log from 2024-01-05 10:00:00 shows nothing")
    assert out is None or out.latest > FRIDAY - timedelta(days=14)


@given(st.text(alphabet="0123456789:.ampAMPM hUhr時半点-TZ+ since yesterday", max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_a_sound_interval(body: str) -> None:
    out = hint(body)
    if out is not None:
        assert out.earliest <= out.latest
        assert out.earliest.tzinfo is not None and out.latest <= FRIDAY + timedelta(days=1)
        assert out.clock is None or 0 <= out.clock < 24 * 60
