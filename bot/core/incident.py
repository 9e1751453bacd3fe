"""Bursts: failures in the logs and tickets, counted together by what they have in common, against the same hour of
past weeks. Pure.

The unit is one mailbox (or network) in one minute, so a program that tries again and again counts once a minute. How
surprising a count is, is the log-likelihood ratio of a negative binomial: a Poisson count whose rate itself varies,
by as much as past weeks did. Surprises of logs and tickets add up, since by chance alone they are independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from statistics import median
from typing import Final

WINDOWS: Final = (5, 15, 60)
"""Minutes over which counts are held against normal: a jump, a ramp, a slow burn."""
KEPT: Final = timedelta(minutes=max(WINDOWS))
ALARM: Final = 18.0
"""Surprise from which on it is a burst: exp(-18) bounds the chance of one window by chance; some million windows a
month are looked at."""
PROBED: Final = ALARM / 2
"""What a failing probe of the same protocol adds to customers' failures: it alone is told of by itself
(bot/probing.py), and explains half a burst."""
COOL_DOWN: Final = timedelta(minutes=60)
FEWEST: Final = {"log": 6, "ticket": 4}
"""Below so many distinct customers nothing is an incident by that source alone."""
TOGETHER: Final = 5
"""Nor by both sources together."""
SHARED: Final = 0.8
"""From which share on a value counts as common to a burst."""
LEAST_RATE: Final = 0.04
"""Per minute: what has never been seen may be seen."""
VARIES: Final = 0.35
"""Standard deviation of a rate over its mean that is allowed for even where past weeks were steadier."""
FIRST_DAY: Final = 0.8
"""The same while past weeks are missing and today's own hours stand in for them."""
SOURCES: Final = ("log", "ticket")
DIMENSIONS: Final = ("cause", "host", "protocol", "client", "network")

Key = tuple[str, str, str]
"""Source (log, ticket), dimension, value."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One customer in one minute: from the logs, or with a ticket."""

    at: datetime
    source: str
    actor: str
    common: tuple[tuple[str, str], ...]
    """(dimension, value) of all that is known of it."""


@dataclass(frozen=True, slots=True)
class Normal:
    """What a minute usually brings, and how much that rate varies (standard deviation over mean)."""

    rate: float
    varies: float = VARIES


@dataclass(frozen=True, slots=True)
class Burst:
    """Something is wrong: what leads, what nearly all share, since when, how many, and how many there would be
    usually."""

    dimension: str
    value: str
    common: tuple[tuple[str, str], ...]
    since: datetime
    mailboxes: int
    tickets: int
    normal: float
    """Customers that would have come in the same time."""
    surprise: float

    @property
    def cause(self) -> str | None:
        """The cause that nearly all share."""
        return dict(self.common).get("cause")


def normal_of(weeks: Sequence[int], today: Sequence[int]) -> Normal:
    """``weeks``: the counts of this hour in past weeks; ``today``: of the hours just gone, which stand in while
    there are fewer than two weeks.

    Median and median absolute deviation: one past incident among the weeks changes nothing.
    """
    if len(weeks) >= 2:
        middle = median(weeks)
        spread = 1.4826 * median(abs(w - middle) for w in weeks)
        beyond = max(0.0, spread**2 - middle) ** 0.5 / middle if middle else 0.0
        return Normal(max(middle / 60, LEAST_RATE), max(VARIES, min(beyond, 1.5)))
    seen = [*weeks, *today]
    return Normal(max(1.5 * median(seen) / 60 if seen else 0.0, 4 * LEAST_RATE), FIRST_DAY)


def surprise(count: int, expected: float, varies: float) -> float:
    """Log-likelihood ratio of ``count`` against a negative binomial of that mean; 0 where it is not above it."""
    if count <= expected:
        return 0.0
    size = 1 / varies**2
    return count * log(count / expected) - (count + size) * log((count + size) / (expected + size))


def bursts(
    troubles: Iterable[Trouble],
    normals: Mapping[Key, Normal],
    now: datetime,
    cooling: Collection[tuple[str, str]] = (),
    unseen: Normal | None = None,
    failing: Collection[str] = (),
) -> list[Burst]:
    """The bursts of this moment, each told once: what fires together because it is the same customers is one burst.

    ``normals``: for keys that were seen before; ``unseen``: for those that were not (None: :data:`LEAST_RATE`).
    ``cooling``: (dimension, value) that have been told of lately. ``failing``: protocols at which our own probes
    fail just now.
    """
    recent = [t for t in troubles if now - KEPT < t.at <= now]
    by_pair: dict[tuple[str, str], list[Trouble]] = {}
    for trouble in recent:
        for pair in trouble.common:
            by_pair.setdefault(pair, []).append(trouble)
    never = unseen or Normal(LEAST_RATE)
    firing = []
    for pair in sorted(pair for pair, mine in by_pair.items() if len(mine) >= min(FEWEST.values())):
        usual = {source: normals.get((source, *pair), never) for source in SOURCES}
        weighed = [
            (_weigh([t for t in by_pair[pair] if t.at > now - timedelta(minutes=minutes)], usual, minutes), minutes)
            for minutes in WINDOWS
        ]
        most, minutes = max(weighed)
        if most and failing and dict(_common(by_pair[pair])).get("protocol") in failing:
            most += PROBED
        if most >= ALARM:
            firing.append(
                _burst(
                    pair,
                    [t for t in by_pair[pair] if t.at > now - timedelta(minutes=minutes)],
                    usual,
                    now,
                    minutes,
                    most,
                )
            )
    told: list[Burst] = []
    covered: set[tuple[str, str | None]] = set(cooling)
    for burst in sorted(firing, key=lambda b: (-b.surprise, b.dimension, b.value)):
        if covered.isdisjoint({(burst.dimension, burst.value), ("cause", burst.cause)}):
            told.append(burst)
        covered.update({(burst.dimension, burst.value), *burst.common})
    return told


def _weigh(inside: Sequence[Trouble], usual: Mapping[str, Normal], minutes: int) -> float:
    """The surprise of a window, both sources together; 0 where too few customers are in it."""
    actors = {source: {t.actor for t in inside if t.source == source} for source in SOURCES}
    if not (
        any(len(actors[source]) >= least for source, least in FEWEST.items())
        or (actors["ticket"] and len(actors["log"] | actors["ticket"]) >= TOGETHER)
    ):
        return 0.0
    total = 0.0
    for source in SOURCES:
        count = len({(t.at.replace(second=0, microsecond=0), t.actor) for t in inside if t.source == source})
        # one customer who fails minute after minute is one customer: what repeats counts as far as the customers do
        total += surprise(min(count, 3 * len(actors[source])), usual[source].rate * minutes, usual[source].varies)
    return total


def _burst(
    pair: tuple[str, str],
    inside: Sequence[Trouble],
    usual: Mapping[str, Normal],
    now: datetime,
    minutes: int,
    most: float,
) -> Burst:
    mailboxes, tickets = (len({t.actor for t in inside if t.source == source}) for source in SOURCES)
    expected = round(sum(normal.rate for normal in usual.values()) * minutes, 1)
    return Burst(
        pair[0],
        pair[1],
        _common(inside),
        _onset(inside, now - timedelta(minutes=minutes)),
        mailboxes,
        tickets,
        expected,
        most,
    )


def _common(troubles: Sequence[Trouble]) -> tuple[tuple[str, str], ...]:
    """What nearly all that know that dimension share."""
    out = []
    for dimension in DIMENSIONS:
        values = Counter(value for t in troubles for name, value in t.common if name == dimension)
        if values:
            value, count = values.most_common(1)[0]
            if count >= SHARED * values.total() and values.total() >= len(troubles) / 2:
                out.append((dimension, value))
    return tuple(out)


def _onset(troubles: Sequence[Trouble], since: datetime) -> datetime:
    """When it began: behind the longest silence in the first half of the window, else the first of it."""
    moments = sorted(t.at for t in troubles)
    if not moments:
        return since
    gaps = [(b - a, b) for a, b in zip([since, *moments], moments, strict=False)][: max(1, len(moments) // 2)]
    return max(gaps)[1]


def said(burst: Burst, titles: Mapping[str, str], zone_named: str, since: str) -> str:
    """One line: what is common, since when, how many, and what is usual. ``titles`` names causes for people."""
    common = dict(burst.common)
    cause = titles.get(common.get("cause", ""), "")
    lead = cause or f"Failures with {burst.dimension} {burst.value}"
    where = [
        f"{name} {common[name]}"
        for name in ("host", "protocol", "client", "network")
        if name in common and not (name == burst.dimension and not cause)
    ]
    return (
        f"{lead}{' on ' + ', '.join(where) if where else ''} since {since} {zone_named}: {burst.mailboxes} mailbox{'' if burst.mailboxes == 1 else 'es'} in the logs, "
        f"{burst.tickets} ticket{'' if burst.tickets == 1 else 's'}, normal {burst.normal:g}"
    )
