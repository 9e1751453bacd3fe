"""Years and zones of lines that state none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Digest
from bot.logs.decode import Decoder
from bot.logs.session import encode
from bot.logs.skim import Skimmer
from bot.logs.timeline import OFFSETS

CONNECT = "{stamp} mx1 postfix/smtpd[77]: connect from unknown[192.0.2.7]"
FAILED = (
    "{stamp} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
    "user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.11, TLS, session=<{session}>"
)
HELLO = "{stamp} imap1 dovecot: imap-login: Aborted login (no auth attempts in 0 secs): user=<>, rip=192.0.2.9, lip=192.0.2.11"


def stamp(moment: datetime) -> str:
    return f"{moment:%b} {moment.day:>2} {moment:%H:%M:%S}"


def test_without_any_clue_a_line_has_no_time() -> None:
    assert Decoder().decode(CONNECT.format(stamp="Nov 16 09:14:02")).time is None


def test_the_year_given_is_the_first_lines_year_and_rolls_over() -> None:
    decoder = Decoder(year=2025)
    lines = [
        CONNECT.format(stamp=text)
        for text in ("Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:58", "Jan  1 00:00:02")
    ]
    assert [event.time.year for event in decoder.decode_lines(lines) if event.time] == [2025, 2026, 2025, 2026]


def test_no_line_lies_more_than_a_day_after_the_reference() -> None:
    reference = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert str(Decoder(reference=reference).decode(CONNECT.format(stamp="Mar  2 11:00:00")).time)[:4] == "2026"
    assert str(Decoder(reference=reference).decode(CONNECT.format(stamp="Mar  2 13:00:00")).time)[:4] == "2025"
    assert str(Decoder(reference=reference).decode(CONNECT.format(stamp="Dec  2 13:00:00")).time)[:4] == "2025"


def test_a_line_with_a_year_anchors_those_without() -> None:
    decoder = Decoder()
    decoder.decode("2024-12-31T23:59:58Z mx1 postfix/smtpd[77]: connect from unknown[192.0.2.7]")
    assert decoder.decode(CONNECT.format(stamp="Jan  1 00:00:01")).time == datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_the_configured_zone_applies_to_zone_less_lines_only() -> None:
    decoder = Decoder(zone=ZoneInfo("Europe/Berlin"), year=2026)
    assert decoder.decode(CONNECT.format(stamp="Jul 16 09:14:02")).time == datetime(2026, 7, 16, 7, 14, 2, tzinfo=UTC)
    assert decoder.decode(CONNECT.format(stamp="Dec 16 09:14:02")).time == datetime(2026, 12, 16, 8, 14, 2, tzinfo=UTC)
    stated = decoder.decode("2026-12-16T09:14:02Z mx1 postfix/smtpd[77]: connect from unknown[192.0.2.7]")
    assert stated.time == datetime(2026, 12, 16, 9, 14, 2, tzinfo=UTC)


@given(
    st.datetimes(min_value=datetime(2012, 1, 2), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.sampled_from(sorted(OFFSETS)),
    st.integers(0, 180),
)
def test_a_session_id_tells_year_and_zone(began: datetime, quarters: int, seconds: int) -> None:
    began = began.replace(microsecond=0)
    offset = timedelta(minutes=15 * quarters)
    written = began + timedelta(seconds=seconds)
    decoder = Decoder(year=1999)
    line = FAILED.format(stamp=stamp(written + offset), session=encode(began, 40000, "192.0.2.7"))
    assert decoder.decode(line).time == written
    # The same host's next line needs no id.
    later = written + timedelta(minutes=1)
    assert decoder.decode(HELLO.format(stamp=stamp(later + offset))).time == later


def test_a_late_no_auth_attempts_line_holds_the_time_of_writing() -> None:
    written = datetime(2026, 11, 16, 9, 14, 2, tzinfo=UTC)
    line = (
        f"{stamp(written + timedelta(hours=1))} imap1 dovecot: imap-login: Disconnected: Inactivity (no auth attempts in "
        f"180 secs): user=<>, rip=192.0.2.7, lip=192.0.2.11, TLS, session=<{encode(written, 40000, '192.0.2.7')}>"
    )
    assert Decoder(year=1999).decode(line).time == written


def test_a_change_to_summer_time_is_followed() -> None:
    decoder = Decoder(year=2026)
    zone = ZoneInfo("Europe/Berlin")
    for moment in (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)):
        local = moment.astimezone(zone)
        line = FAILED.format(stamp=stamp(local), session=encode(moment - timedelta(seconds=2), 40000, "192.0.2.7"))
        assert decoder.decode(line).time == moment


def test_an_id_that_was_made_for_another_address_tells_nothing() -> None:
    decoder = Decoder(year=2026)
    line = FAILED.format(
        stamp="Nov 16 09:14:02", session=encode(datetime(2019, 1, 1, tzinfo=UTC), 4000, "203.0.113.66")
    )
    event = decoder.decode(line)
    assert event.time == datetime(2026, 11, 16, 9, 14, 2, tzinfo=UTC)
    assert event.remote_ip == "192.0.2.7" and event.remote_port is None


def test_the_zones_that_count_are_those_of_the_tz_database() -> None:
    found = set()
    for name in available_timezones():
        for year in range(2006, 2028):
            for month in (1, 7):
                away = datetime(year, month, 1, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
                assert away is not None
                found.add(away // timedelta(minutes=15))
    assert found <= OFFSETS


@pytest.mark.parametrize("skew", [timedelta(minutes=10), timedelta(minutes=-10)])
@pytest.mark.parametrize("hours", [-5, 0, 2])
def test_a_clock_that_is_ten_minutes_wrong_is_no_other_zone(skew: timedelta, hours: int) -> None:
    decoder = Decoder(year=2026)
    for minute in range(0, 180, 7):
        moment = datetime(2026, 6, 16, 9, 0, tzinfo=UTC) + timedelta(minutes=minute)
        line = FAILED.format(
            stamp=stamp(moment + skew + timedelta(hours=hours)),
            session=encode(moment - timedelta(seconds=2), 40000, "192.0.2.7"),
        )
        assert decoder.decode(line).time == moment + skew


@pytest.mark.parametrize("told", ["by the setting", "by session ids", "by the setting, skimmed"])
@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
def test_the_hour_that_comes_twice_is_told_apart(told: str, name: str) -> None:
    zone = ZoneInfo(name)
    set_back = {
        "Europe/Berlin": datetime(2026, 10, 25, 1, tzinfo=UTC),
        "America/New_York": datetime(2026, 11, 1, 6, tzinfo=UTC),
        "Australia/Sydney": datetime(2026, 4, 4, 16, tzinfo=UTC),
    }[name]
    moments = [set_back + timedelta(minutes=minute) for minute in range(-150, 150, 5)]
    session = (lambda moment: encode(moment, 40000, "192.0.2.7")) if "ids" in told else (lambda moment: "s")
    lines = [FAILED.format(stamp=stamp(moment.astimezone(zone)), session=session(moment)) for moment in moments]
    decoder = Decoder(year=2026, zone=ZoneInfo("UTC") if "ids" in told else zone)
    if "skimmed" in told:
        digest = Digest()
        skimmer = Skimmer(digest, family=keeping.family, trouble=keeping.is_troubled, zone=zone, year=2026)
        skimmer.feed("".join(line + "\n" for line in lines))
        assert [event.time for _, event in digest.take().kept] == moments
    else:
        assert [event.time for event in decoder.decode_lines(lines)] == moments
