"""Gaps from a host's own rhythm: how many are missed, how many are false, measured on made traffic.

The traffic is harder than chance: bursts of several lines, a rate that wanders by half around a day and night
curve (weekends at a third), sessions that end a while after they began.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest

from bot.adapters.logstore.rhythm import MICROSECONDS, MINUTE, Beat, BeatFinder, Gap, Minute, gaps

PROBE = "192.0.2.250"


@dataclass(frozen=True)
class Host:
    """Connections an hour at noon and at night, the probe's interval (seconds, 0: none), days of log."""

    noon: float
    night: float
    probe: int
    days: int


HOSTS = {
    "two days of a small host": Host(40, 3, 1800, 2),
    "three days of a middling host": Host(150, 10, 1800, 3),
    "a busy host": Host(1500, 150, 1800, 2),
    "probes and little else": Host(3, 1, 1800, 2),
    "probes alone": Host(0, 0, 1800, 2),
    "a middling host without probes": Host(150, 10, 0, 3),
}


def traffic(rng: random.Random, host: Host) -> list[tuple[float, bool]]:
    """Lines as (second, is a probe's), in order."""
    lines: list[tuple[float, bool]] = []
    mood = 0.0
    start = rng.randrange(7)
    for minute in range(host.days * 1440):
        curve = math.exp(-(((((minute / 60) % 24) - 13) / 4) ** 2))
        weekend = 0.35 if (start + minute // 1440) % 7 >= 5 else 1.0
        if minute % 10 == 0:
            mood = 0.9 * mood + rng.gauss(0, 0.22)
        rate = (host.night + (host.noon - host.night) * curve * weekend) / 60 * math.exp(mood - 0.125)
        number, chance, floor = 0, rng.random(), math.exp(-rate)
        while chance > floor:
            number += 1
            chance *= rng.random()
        for _ in range(number):
            second = minute * 60 + rng.random() * 60
            for _ in range(1 + int(rng.expovariate(0.25))):
                lines.append((second, False))
                second += rng.expovariate(0.5) if rng.random() < 0.8 else rng.expovariate(1 / 90)
    if host.probe:
        second = rng.random() * host.probe
        while second < host.days * 86_400:
            lines.append((second, True))
            second += host.probe + rng.gauss(1, 1)
    return sorted(lines)


def found(lines: list[tuple[float, bool]]) -> list[Gap]:
    minutes: dict[int, Minute] = {}
    finder = BeatFinder()
    for second, is_probe in lines:
        time = int(second * MICROSECONDS)
        known = minutes.get(time // MINUTE, Minute(time // MINUTE, 0, time, time))
        minutes[time // MINUTE] = Minute(known.minute, known.lines + 1, known.first, time)
        if is_probe:
            finder.visit(PROBE, time)
    return gaps([minutes[minute] for minute in sorted(minutes)], finder.beats().values())


@pytest.mark.parametrize("name", HOSTS)
def test_false_and_missed_gaps(name: str, record_property: pytest.FixtureRequest) -> None:
    host = HOSTS[name]
    rng = random.Random(name)
    runs = 3 if host.noon > 1000 else 10
    false = hours_false = 0.0
    caught: dict[int, int] = {30: 0, 60: 0, 120: 0, 300: 0}
    for _ in range(runs):
        lines = traffic(rng, host)
        clean = found(lines)
        false += len(clean)
        hours_false += sum(end - start for start, end in clean) / MINUTE / 60
        for length in caught:
            begin = rng.uniform(3 * 3600, host.days * 86_400 - 3 * 3600 - length * 60)
            end = begin + length * 60
            left = [entry for entry in lines if not begin <= entry[0] < end]
            caught[length] += any(
                gap[0] <= (begin + 1) * MICROSECONDS and gap[1] >= (end - 1) * MICROSECONDS for gap in found(left)
            )
    share_false = hours_false / (runs * host.days * 24)
    print(
        f"\n{name}: {false / runs / host.days:.2f} false gaps a day ({share_false:.2%} of the time);"
        " found of " + ", ".join(f"{length} min {hits / runs:.0%}" for length, hits in caught.items())
    )
    assert share_false < 0.01
    assert caught[300] == runs and caught[120] >= 0.9 * runs
    assert caught[60] >= (0.9 if host.probe else 0.6) * runs


def minutes(*times: int) -> list[Minute]:
    return [Minute(time, 1, time * MINUTE, time * MINUTE) for time in times]


def test_nothing_and_next_to_nothing_have_no_gaps() -> None:
    assert gaps([]) == []
    assert gaps(minutes(5)) == []
    assert gaps(minutes(0, 700, 1400, 9000)) == []


def test_a_host_that_writes_each_minute_has_a_gap_after_three() -> None:
    every = [minute for minute in range(600) if minute not in (300, 301, 302)]
    assert gaps(minutes(*every)) == [(299 * MINUTE, 303 * MINUTE)]
    assert gaps(minutes(*(minute for minute in range(600) if minute != 300))) == []


def test_an_office_that_sleeps_every_night_has_no_gap_at_night() -> None:
    days = [day * 1440 + minute for day in range(21) for minute in range(480, 1080, 4) if day % 7 < 5]
    nights = gaps(minutes(*days))
    assert [gap for gap in nights if gap[1] - gap[0] < 24 * 60 * MINUTE] == []
    outage = [time for time in days if not 9 * 1440 + 600 <= time < 9 * 1440 + 720]
    assert (9 * 1440 + 596) * MINUTE in [start for start, _ in gaps(minutes(*outage))]


def test_a_missing_beat_is_a_gap_only_while_the_beat_lives() -> None:
    beat = Beat(30 * MINUTE, 0, 300 * MINUTE, 10)
    times = (*range(0, 301, 30), 400, 500)
    assert gaps(minutes(*times), [beat]) == []
    assert gaps(minutes(*(time for time in times if time != 120)), [beat]) == [(90 * MINUTE, 150 * MINUTE)]


def test_a_beat_needs_one_interval_kept_for_long() -> None:
    finder = BeatFinder()
    rng = random.Random(3)
    for number in range(40):
        finder.visit("192.0.2.250", int((number * 1800 + rng.gauss(0, 5)) * MICROSECONDS))
        finder.visit("192.0.2.1", int(number * 1800 * rng.random() * MICROSECONDS))
    for number in range(10):  # retries of one hour, and the same address again a week later
        finder.visit("192.0.2.2", (number * 300) * MICROSECONDS)
    finder.visit("192.0.2.2", 7 * 86_400 * MICROSECONDS)
    (beat,) = finder.beats().values()
    assert set(finder.beats()) == {"192.0.2.250"}
    assert abs(beat.period - 1800 * MICROSECONDS) < 30 * MICROSECONDS


def test_a_beat_survives_an_outage_and_a_restart_and_takes_a_new_interval() -> None:
    finder = BeatFinder()
    for number in (*range(20), *range(25, 45)):
        finder.visit("192.0.2.250", number * 1800 * MICROSECONDS)
    beat = finder.beats()["192.0.2.250"]
    assert beat.period == 1800 * MICROSECONDS
    later = BeatFinder()
    later.resume("192.0.2.250", beat)
    for number in range(200):
        later.visit("192.0.2.250", beat.last + (number + 1) * 300 * MICROSECONDS)
    assert later.beats()["192.0.2.250"].period == 300 * MICROSECONDS


def test_memory_for_beats_is_bounded() -> None:
    finder = BeatFinder()
    for number in range(BeatFinder.WATCHED * 3):
        finder.visit(f"2001:db8::{number:x}", number * MINUTE)
    assert len(finder._watch) == BeatFinder.WATCHED
