"""Two days of a mail host in which recorded failures happen to new people, among everybody else's mail."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.eval.joined.background import everyday, moment, noise, probes
from tests.eval.joined.journal import END, HOSTS, PROTOCOL_HOSTS, START, Journal, later
from tests.eval.joined.people import People
from tests.lab.accounts import PAUSED
from tests.lab.cases import Case, stamp_of
from tests.lab.replay.letters import Occasion, write
from tests.lab.replay.moved import Persona, Retelling, length
from tests.lab.scenarios import BY_NAME, Scenario

FIRST_TICKET, LAST_TICKET = START + timedelta(hours=26), END - timedelta(hours=4)
HISTORY_OF_PAUSED = 0.8
"""How many of the paused worked before."""


@dataclass
class World:
    """What is being written: everybody's logs, the accounts, tickets and answers."""

    rng: random.Random
    journal: Journal
    people: People
    right: dict[str, list[Case]]
    """Recorded successes by protocol, for people whose own were not recorded."""
    tickets: list[dict[str, Any]] = field(default_factory=list)
    gold: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, case: Case, persona: Persona) -> None:
        """Let ``case`` happen to ``persona`` and write their ticket."""
        scenario = BY_NAME[case.scenario]
        telling = Retelling(case, persona, self.rng)
        failed = moment(self.rng, FIRST_TICKET, LAST_TICKET)
        steady = scenario.times > 1 and scenario.check == 10
        imap, smtp = (self.rng.choice(PROTOCOL_HOSTS[name]) for name in ("IMAP", "SMTP"))
        dovecot = smtp if case.settings["protocol"] == "smtp" and self.rng.random() < 0.5 else imap
        hosts = {"imap": dovecot, "smtp": smtp}
        known = self._history(case, scenario, persona, failed, hosts)
        matching, last = self._fail(telling, scenario, failed, hosts, steady)
        received = min(later(last, self.rng.randint(900, 9000)), END - timedelta(minutes=2))
        nameless = scenario.hook == "ban" or (
            bool(case.right)
            and not any(
                name in line for line in case.right_lines for name in (case.mailbox, case.mailbox.partition("@")[0])
            )
        )
        settings = {**case.settings, "host": telling.text(case.settings["host"])}
        occasion = Occasion(failed, last, received, steady, nameless and not known)
        ticket, gold = write(
            self.rng,
            case,
            scenario,
            persona,
            telling.said(case.text, last),
            telling.said(case.second_text, last),
            settings,
            occasion,
        )
        gold |= {"matching_lines": matching, "absence": None}
        name = f"{len(self.tickets) + 1:04d}"
        self.tickets.append({"id": name, "ticket": ticket})
        self.gold.append({"id": name, **gold})

    def _fail(
        self, telling: Retelling, scenario: Scenario, failed: datetime, hosts: dict[str, str], steady: bool
    ) -> tuple[list[str], datetime]:
        """The failure with its repeats: the right lines as they stand in the log, and the moment of the last one."""
        case = telling.case
        repeats = self.rng.randint(5, 12) if steady else 0 if scenario.hook else self.rng.choice((0, 0, 1, 1, 2))
        right, at = [], failed
        for n in range(repeats + 1):
            if n:
                at = later(at, self.rng.uniform(500, 900) if steady else self.rng.uniform(60, 500))
            if at > END - timedelta(minutes=40):
                break
            telling.forget_queues()
            by = at - datetime.fromisoformat(case.started)
            for number, line in enumerate(case.lines):
                if " fail2ban.actions " in line:
                    right.append(self.journal.ban(later(at, -1), telling.persona.address))
                    continue
                moved, host, message = telling.message(line, by)
                written = self.journal.write(hosts["smtp" if host.startswith("smtp") else "imap"], moved, message)
                if written and number in case.right:
                    right.append(written)
        return right, at + length(case.lines)

    def _history(
        self, case: Case, scenario: Scenario, persona: Persona, failed: datetime, hosts: dict[str, str]
    ) -> bool:
        """Earlier sessions that went well, from the same place; True where there were any."""
        lines, whose = case.before, case
        if not lines:
            if scenario.state not in PAUSED or not scenario.verified or self.rng.random() > HISTORY_OF_PAUSED:
                return False
            whose = self.rng.choice(self.right[case.settings["protocol"]])
            lines = whose.lines
            if ":" in whose.address and ":" not in persona.address:
                return False
        telling = Retelling(whose, persona, self.rng)
        for n in range(self.rng.randint(3, 8)):
            telling.forget_queues()
            at = (
                later(failed, -self.rng.uniform(600, 20_000))
                if n == 0
                else moment(self.rng, START, later(failed, -600))
            )
            by = at - stamp_of(lines[0])
            for line in lines:
                moved, host, message = telling.message(line, by)
                if moved < failed:
                    self.journal.write(hosts["smtp" if host.startswith("smtp") else "imap"], moved, message)
        return True


def build(cases: Iterable[Case], rounds: int, seed: int, crowd: int) -> World:
    """A world in which every failed case of ``cases`` happens ``rounds`` times: once to the person whom it was
    recorded of, then to new ones. ``crowd`` mailboxes have nothing to complain about."""
    rng = random.Random(seed)
    everything = list(cases)
    people = People(rng)
    taken = {c.address for c in everything}
    people._v4 = [a for a in people._v4 if a not in taken]
    people._names |= {c.mailbox.partition("@")[2] for c in everything}
    right: dict[str, list[Case]] = {"imap": [], "smtp": []}
    for case in everything:
        if case.scenario.startswith("right-") and not case.failed and case.scenario != "right-imap-denying":
            right[case.settings["protocol"]].append(case)
    world = World(rng, Journal(rng, [], {"imap2"} if seed % 2 else set()), people, right)
    people.crowd(crowd)
    told = [c for c in everything if c.cause and c.failed and c.text]
    domains = [Persona(c.mailbox, c.address) for c in told]
    for n in range(rounds):
        order = list(zip(told, domains, strict=True))
        rng.shuffle(order)
        for case, persona in order:
            world.tell(case, persona if n == 0 else _somebody(world, case))
    everyday(world.journal, people)
    probes(world.journal)
    noise(world.journal, people)
    return world


def _somebody(world: World, case: Case) -> Persona:
    """A new person with an address that is nobody else's. Who came over IPv6 does so again; there are more
    people than documentation addresses of IPv4."""
    box = world.people.mailbox(world.people.domain(case.plan.capitalize()), quiet=True)
    while box.home.count(".") == 3 and ":" in case.address:
        box.home = world.people.address()
    return Persona(box.address, box.home)


def write_world(out: Path, world: World) -> list[Path]:
    """tickets.jsonl, gold.jsonl, accounts.csv and the logs; returns the logs' paths."""
    out.mkdir(parents=True, exist_ok=True)
    order = sorted(range(len(world.tickets)), key=lambda n: world.tickets[n]["ticket"]["received_at"])
    for name, rows in (("tickets", world.tickets), ("gold", world.gold)):
        (out / f"{name}.jsonl").write_text(
            "".join(json.dumps(rows[n], ensure_ascii=False) + "\n" for n in order), "utf-8"
        )
    (out / "accounts.csv").write_text(accounts(world), "utf-8")
    paths = []
    for host in HOSTS:
        (out / f"{host}.log").write_text(world.journal.text(host), "utf-8")
        paths.append(out / f"{host}.log")
    (out / "fail2ban.log").write_text("".join(line + "\n" for _, _, line in sorted(world.journal.bans)), "utf-8")
    return [*paths, out / "fail2ban.log"]


def accounts(world: World) -> str:
    """accounts.csv: everybody's plan, pause and domain."""
    rows = {line.split(",", 1)[0]: line for line in world.people.csv().splitlines()[1:]}
    for gold in world.gold:
        scenario = BY_NAME[gold["scenario"]]
        domain = gold["mailbox"].partition("@")[2]
        paused = scenario.state in PAUSED and scenario.verified
        rows[gold["mailbox"]] = (
            f"{gold['mailbox']},{domain},{scenario.plan.capitalize()},{int(paused)},{int(scenario.verified)},2025-03-01"
        )
        rows.setdefault(
            f"office@{domain}",
            f"office@{domain},{domain},{scenario.plan.capitalize()},0,{int(scenario.verified)},2025-03-01",
        )
    return (
        "\n".join(["mailbox,domain,plan,paused,domain_verified,created_at", *(rows[key] for key in sorted(rows))])
        + "\n"
    )
