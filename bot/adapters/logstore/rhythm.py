"""Where a log has gaps, judged by the host's own rhythm of lines: a gap is never announced.

What is known of a log is, for each minute in which it wrote at all, how many lines, the first and the last.
A *silence* is a stretch of two minutes or more between two lines. Two independent witnesses may call it a
gap:

Rate. Lines come in bursts (one connection writes three to eight), so lines are no fair unit; minutes with any
line are. Were bursts to fall at random with rate r a minute, a share exp(-r) of the minutes would stay empty.
So ``r = -ln(empty share)`` is read from the log before the silence and after it (three hours, or as much as
the silence is long), and the *lower* of the two counts: at dawn, at dusk and at the end of office hours the
quiet side decides. From a silence of three hours on, the same clock time on other days (of the same weekday
where the log goes back that far) may lower the rate further: an office that sleeps every night has no gap
each night. The silence of L minutes is a gap where ``r * L`` exceeds :data:`UNLIKELY`: by chance one silence
in e**12 (160,000) would be as long. Real traffic is burstier than chance: ``r * L`` is first divided by how
much longer than chance this host's own silences are (their 95th percentile against that of chance, 3). A log
with fewer than a hundred such minutes has no rhythm yet. tests/unit/adapters measures false and missed gaps.
The empty share is smoothed by half a minute, so a host that writes each minute of six hours reaches r = 5.9
and its shortest gap is the floor of two minutes.

Beat. Many hosts are visited by a health probe at a fixed interval. An address that connects without logging
in, again and again at one interval, is a beat; a silence longer than one and a half of its interval, with
beats before and after, is a gap however quiet the host is otherwise. This is what sees an hour's outage at
night.

Where neither witness can speak (a host that writes three lines a day) nothing is called a gap, and the
reader of the coverage sees how few lines there are. The first weekend of a host that is silent at weekends
and has no probe is called a gap: a false gap costs a proof of absence, a missed one makes a false proof.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

MICROSECONDS: Final = 1_000_000
MINUTE: Final = 60 * MICROSECONDS
FLOOR: Final = 2 * MINUTE
"""No silence shorter than this is a gap: syslog daemons restart, disks sync."""
UNLIKELY: Final = 12.0
SIDE: Final = 180
"""Minutes of log on each side of a silence from which its rate is read."""
RHYTHM: Final = 100
"""Minutes with lines that a log needs before its rate is heard."""
TAIL: Final = 0.95
CHANCE_TAIL: Final = 3.0
"""-ln(1 - 0.95): what ``r * L`` reaches by chance in one silence of twenty."""
ENOUGH: Final = 30
"""Minutes of log that a side needs to be heard at all."""
LONG: Final = 180
"""From this many minutes on, other days at the same clock time are heard too."""
DAY: Final = 1440
BEAT_SLACK: Final = 1.5


class Minute(NamedTuple):
    """One minute in which a log wrote: minutes since 1970, lines, first and last line in microseconds."""

    minute: int
    lines: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Beat:
    """An address that visits at a fixed interval: period and the stretch in which it was seen, microseconds;
    ``hits`` is how many of its visits came when they were due."""

    period: int
    first: int
    last: int
    hits: int


Gap = tuple[int, int]


def gaps(activity: Sequence[Minute], beats: Iterable[Beat] = ()) -> list[Gap]:
    """The gaps in ``activity`` (in order of time), as (last line before, first line after) in
    microseconds."""
    marks = [minute.minute for minute in activity]
    silences = [
        (before.last, after.first) for before, after in pairwise(activity) if after.first - before.last >= FLOOR
    ]
    known = tuple(beats)
    burstiness = _burstiness(silences, marks)
    found: list[Gap] = []
    # The longest first: a gap that is known no longer dilutes the rate by which its neighbours are judged.
    for silence in sorted(silences, key=lambda pair: pair[0] - pair[1]):
        if _beat_missed(silence, known) or _expected(silence, marks, found) > UNLIKELY * burstiness:
            insort(found, silence)
    return found


def _burstiness(silences: Sequence[Gap], marks: Sequence[int]) -> float:
    """By what factor this log's ordinary silences are longer than chance would make them; at least 1."""
    if len(marks) < RHYTHM:
        return math.inf
    if len(silences) < 20:
        return 1.0
    expected = sorted(_expected(silence, marks, ()) for silence in silences)
    return max(1.0, expected[int(TAIL * (len(expected) - 1))] / CHANCE_TAIL)


def _beat_missed(silence: Gap, beats: Sequence[Beat]) -> bool:
    start, end = silence
    return any(
        end - start > BEAT_SLACK * beat.period + MINUTE and beat.first <= start and beat.last >= end for beat in beats
    )


def _expected(silence: Gap, marks: Sequence[int], found: Sequence[Gap]) -> float:
    """How many bursts the silence would have held at the rate around it; 0 where no rate is known."""
    start, end = silence[0] // MINUTE + 1, silence[1] // MINUTE
    if end <= start:
        return 0.0
    length = (silence[1] - silence[0]) / MINUTE
    begin, stop = marks[0], marks[-1] + 1
    reach = max(SIDE, end - start)
    rates = [
        _rate([(max(begin, start - reach), start)], marks, found),
        _rate([(end, min(stop, end + reach))], marks, found),
    ]
    if length >= LONG:
        for shifts in ((-14, -7, 7, 14), (*range(-7, 0), *range(1, 8))):
            windows = [(start + shift * DAY, end + shift * DAY) for shift in shifts]
            inside = [window for window in windows if window[0] >= begin and window[1] <= stop]
            rates.append(_rate(inside, marks, found))
    heard = [rate for rate in rates if rate is not None]
    return min(heard) * length if heard else 0.0


def _rate(windows: Sequence[tuple[int, int]], marks: Sequence[int], found: Sequence[Gap]) -> float | None:
    """Bursts a minute in ``windows`` (minutes), known gaps (in order) left out; None where too little is
    covered."""
    total = active = 0
    for low, high in windows:
        total += high - low
        active += bisect_left(marks, high) - bisect_left(marks, low)
        at = max(0, bisect_left(found, (low * MINUTE,)) - 1)
        while at < len(found) and found[at][0] < high * MINUTE:
            start, end = found[at]
            total -= max(0, min(high, end // MINUTE) - max(low, start // MINUTE + 1))
            at += 1
    if total < ENOUGH:
        return None
    return -math.log((total - active + 0.5) / (total + 1))


class BeatFinder:
    """Finds, among addresses that connect without logging in, those that come at a fixed interval.

    Visits are fed in order of time. Bounded: at most :data:`WATCHED` addresses, the longest unseen go first.
    """

    WATCHED: Final = 2048
    HITS: Final = 6
    STEADY: Final = 0.6
    """Share of the visits due that must have come: a scanner's or a laptop's retries are a beat for hours
    only."""
    TOGETHER: Final = 90 * MICROSECONDS
    """Visits closer than this are one (a probe tries several ports)."""

    def __init__(self) -> None:
        self._watch: dict[str, _Visits] = {}

    def visit(self, address: str, time: int) -> None:
        """Take note that ``address`` was here at ``time`` (microseconds)."""
        visits = self._watch.pop(address, None)
        if visits is None:
            if len(self._watch) >= self.WATCHED:
                del self._watch[next(iter(self._watch))]
            visits = _Visits(time)
        else:
            visits.again(time, self.TOGETHER)
        self._watch[address] = visits

    def beats(self) -> dict[str, Beat]:
        """The addresses that beat, each with its period and the stretch in which it was seen."""
        return {
            address: Beat(visits.period, visits.first, visits.last, visits.hits)
            for address, visits in self._watch.items()
            if visits.hits >= self.HITS
            and visits.hits >= 3 * visits.misses
            and visits.hits * visits.period >= self.STEADY * (visits.last - visits.first)
        }

    def resume(self, address: str, beat: Beat) -> None:
        """Go on with a beat that was found earlier."""
        visits = _Visits(beat.first)
        visits.last, visits.period, visits.hits = beat.last, beat.period, beat.hits
        self._watch[address] = visits


class _Visits:
    """The visits of one address: period so far, how often it was kept and broken."""

    __slots__ = ("first", "hits", "last", "misses", "period")

    def __init__(self, time: int) -> None:
        self.first = self.last = time
        self.period = self.hits = self.misses = 0

    def again(self, time: int, together: int) -> None:
        pause = time - self.last
        if pause < 0:  # an older file of the same host: what is known stays, the stretch grows
            self.first = min(self.first, time)
            return
        if pause <= together:
            self.last = time
            return
        self.last = time
        if not self.period:
            self.period = pause
            return
        beats = round(pause / self.period)
        if beats >= 1 and abs(pause - beats * self.period) <= self.period * 0.1:
            self.hits += beats == 1  # a whole number of periods is a beat that was missed, not a broken one
        else:
            self.misses += 1
            if self.hits < 3 or self.misses > self.hits:  # another interval from here on
                self.first, self.period, self.hits, self.misses = time - pause, pause, 0, 0
