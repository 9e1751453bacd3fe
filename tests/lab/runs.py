"""The runs of one recording: which program plays which scenario, as whom and from where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.eval.joined.people import FIRST, LAST, THINGS, TRADES
from tests.lab.accounts import Person
from tests.lab.scenarios import SCENARIOS, Scenario

ENDINGS = (".example", ".test")
V4 = (
    tuple(f"192.0.2.{n}" for n in range(20, 64))
    + tuple(f"192.0.2.{n}" for n in range(130, 200))
    + tuple(f"198.51.100.{n}" for n in range(1, 200))
    + tuple(f"203.0.113.{n}" for n in range(1, 62))
)
MOST = 5
SLOW = frozenset({"thunderbird"})
"""Played only when asked for by name, but for a few."""
SAMPLED = frozenset({"panel-imap-known/thunderbird", "own-host-587/thunderbird", "port-143-starttls/thunderbird"})
RATED = tuple(f"192.0.2.{n}" for n in range(65, 126))
"""Addresses in the net that Postfix' own rate limit is switched on for."""


@dataclass(frozen=True)
class Run:
    """One program, one scenario, one person."""

    number: int
    scenario: Scenario
    program: str
    person: Person
    address: str

    @property
    def id(self) -> str:
        """Its name among the cases."""
        return f"{self.scenario.name}/{self.program}"

    @property
    def names(self) -> dict[str, str]:
        """Host names that mean something else at this person's place."""
        return {self.filled(name): ip for name, ip in self.scenario.hosts.items()}

    def filled(self, text: str) -> str:
        """``text`` with this person's names in it."""
        local, _, domain = self.person.mailbox.partition("@")
        middle = len(domain) // 2
        typo = domain[:middle] + domain[middle + 1 :]
        return text.format(local=local, domain=domain, mailbox=self.person.mailbox, typo=typo)


def plan(each: int, *, only: frozenset[str] = frozenset()) -> list[Run]:
    """``each`` programs a scenario (MOST at most), or the named ones alone (programs, or runs as
    scenario/program). Who plays a run and from where does
    not depend on the arguments, so that a fresh run can be held against a recorded one."""
    ranks: Counter[str] = Counter()
    chosen = []
    for run in _all():
        ranks[run.scenario.name] += run.program not in SLOW
        if {run.program, run.id} & only or (
            not only and (run.id in SAMPLED or (run.program not in SLOW and ranks[run.scenario.name] <= each))
        ):
            chosen.append(run)
    return chosen


def _turns(scenario: Scenario) -> list[str]:
    """The programs that play a scenario; another start for each, so that all programs get their share."""
    able = [name for name in scenario.programs if name not in SLOW]
    start = SCENARIOS.index(scenario)
    return [able[(start + n) % len(able)] for n in range(min(MOST, len(able)))] + [
        name for name in scenario.programs if name in SLOW
    ]


def _all() -> Iterator[Run]:
    # every second one comes from IPv6, where nothing of the scenario is bound to IPv4
    four, rated = iter(V4), iter(RATED)
    number = 0
    for scenario in SCENARIOS:
        for program in _turns(scenario):
            number += 1
            local = f"{FIRST[number % len(FIRST)]}.{LAST[number % len(LAST)]}"
            domain = (
                f"{THINGS[number % len(THINGS)]}-{TRADES[number // len(THINGS) % len(TRADES)]}{ENDINGS[number // 600]}"
            )
            free = not scenario.hosts and not scenario.hook and not scenario.hold[1] and scenario.state != "networks"
            if scenario.hook == "rate":
                address = next(rated)
            elif free and number % 2:
                address = f"2001:db8:{0x4000 + number:x}:{number % 250 + 1:x}::{0x100 + number:x}"
            else:
                address = next(four)
            yield Run(number, scenario, program, Person(f"{local}@{domain}", scenario.plan, scenario.state), address)
