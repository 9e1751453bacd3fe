"""What a stretch of time adds up to: counts that can be added, so that a year is the sum of its days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Any

from bot.core.report.facts import NOT_OURS

DIMENSIONS = ("client", "plan", "host", "network")
SOLVED_WITHIN = timedelta(days=2)
"""A login of that mailbox so soon after the reply verifies it (mail-desk: that client logs in within 48 h)."""

Decision = tuple[str | None, str, str | None]
"""(the cause that the bot had named, what was decided, what was chosen instead)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A ticket whose first reply went out: for the response time and for what became of it."""

    ticket_id: str
    mailbox: str | None
    received: datetime
    replied: datetime
    automatic: bool
    wrote_again: bool
    verified: bool = False
    """The server has seen a login of that mailbox within :data:`SOLVED_WITHIN` after the reply."""


@dataclass(slots=True)
class Tally:
    """Counts of the tickets received, and of the decisions taken, in one stretch of time."""

    causes: Counter[str] = field(default_factory=Counter)
    """cause -> tickets; verdict none under not_ours."""
    details: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: {name: {} for name in DIMENSIONS})
    """client, plan, host, network -> cause -> value -> tickets."""
    steps: Counter[str] = field(default_factory=Counter)
    """received, parsed, matched, automatic, corrected (automatic answers that were), and what became of answers:
    verified, again, silent, open."""
    coverage: Counter[str] = field(default_factory=Counter)
    abstained: Counter[str] = field(default_factory=Counter)
    responses: Counter[int] = field(default_factory=Counter)
    """Whole seconds until the first reply -> tickets."""
    reviews: Counter[Decision] = field(default_factory=Counter)

    def ticket(
        self, cause: str, coverage: str, abstained: str | None, *, parsed: bool, matched: bool, count: int
    ) -> None:
        """Add ``count`` tickets that are alike."""
        self.causes[cause] += count
        self.steps.update({"received": count, "parsed": count * parsed, "matched": count * matched})
        if cause != NOT_OURS:
            self.coverage[coverage] += count
        if abstained is not None:
            self.abstained[abstained] += count

    def detail(self, dimension: str, cause: str, value: str, count: int) -> None:
        """Add what ``count`` tickets of a cause share."""
        self.details[dimension].setdefault(cause, Counter())[value] += count

    def answer(self, one: Answered, now: datetime) -> None:
        """Add an answered ticket: the customer wrote again, the server saw a login, nothing was heard, or it is too
        early to tell."""
        became = (
            "again"
            if one.wrote_again
            else "verified"
            if one.verified
            else "open"
            if now - one.replied < SOLVED_WITHIN
            else "silent"
        )
        self.steps.update({became: 1, "automatic": int(one.automatic)})
        self.responses[max(0, int((one.replied - one.received).total_seconds()))] += 1

    def add(self, other: Tally) -> None:
        """Take in what another stretch, or other tickets of the same one, add up to."""
        self.causes.update(other.causes)
        self.add_json(other.to_json())

    def add_json(self, kept: Mapping[str, Any]) -> None:
        """Take in what :meth:`to_json` wrote; a year has hundreds of these, so nothing is built on the way."""
        for name, by_cause in kept["details"].items():
            mine = self.details[name]
            for cause, values in by_cause.items():
                if cause in mine:
                    mine[cause].update(values)
                else:
                    mine[cause] = Counter(values)
        for counts, theirs in (
            (self.steps, kept["steps"]),
            (self.coverage, kept["coverage"]),
            (self.abstained, kept["abstained"]),
        ):
            counts.update(theirs)
        self.responses.update(dict(kept["responses"]))
        self.reviews.update({(cause, decision, chosen): n for cause, decision, chosen, n in kept["reviews"]})

    def top(self, dimension: str, many: int) -> dict[str, tuple[tuple[str, int], ...]]:
        """cause -> its most frequent values; equals in the order of their names."""
        return {
            cause: tuple(nsmallest(many, values.items(), key=lambda item: (-item[1], item[0])))
            for cause, values in self.details[dimension].items()
        }

    def to_json(self) -> dict[str, Any]:
        """As it is stored: without the causes, which are kept beside it."""
        return {
            "details": self.details,
            "steps": self.steps,
            "coverage": self.coverage,
            "abstained": self.abstained,
            "responses": list(self.responses.items()),
            "reviews": [[*key, n] for key, n in self.reviews.items()],
        }


def total(tallies: Iterable[Tally]) -> Tally:
    """Their sum."""
    whole = Tally()
    for one in tallies:
        whole.add(one)
    return whole
