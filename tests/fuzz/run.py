"""``python -m tests.fuzz.run``: hostile texts in Slack's messages, and automatic answers under attack, in full
numbers; the suite runs the same in short.

Generated tickets (who may read what), planted leaks, machines, hostile headers, forged tickets through the real
desk, a peer that answers everything, another copy of the bot. Prints a table and one line of figures; exits 1 where
one promise is broken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.core.desk.values import Envelope
from bot.core.egress import leaks
from bot.core.policy.loops import reason_not_to_answer
from bot.core.policy.tiers import sender_of
from bot.triage import Triager
from knowledge import load
from tests.fuzz.slack_texts import fuzz
from tests.policy.cases import case
from tests.policy.hostile import MALLORY, VICTIM, header_sets
from tests.policy.laws import broken
from tests.policy.leaks import planted
from tests.policy.machines import MACHINES, PEOPLE, samples
from tests.policy.office import AUTHSERV, Clock, Helpdesk, open_helpdesk
from tests.policy.simulations import bot_meets_bot, forged_tickets, peer_that_answers_everything

SLICES = 20
LIMITS = {
    "controls": 0,
    "facts_to_unverified": 0,
    "canaries_out": 0,
    "wrong_recipients": 0,
    "other_faults": 0,
    "planted_missed": 0,
    "machines_answered": 0,
    "people_refused": 0,
    "hostile_wrong": 0,
    "forged_one_victim_mails": 3,
    "forged_many_victims_mails": 30,
    "peer_24h_mails": 3,
    "two_bots_mails": 2,
    "two_bots_stripped_mails": 2,
}
"""The most that each may be."""


def generated(seed: int, number: int) -> tuple[Counter[str], Counter[str], list[str]]:
    """(what was looked at, faults by kind, the first faults in words) of so many generated tickets."""
    knowledge, dice = load(), random.Random(seed)
    count, kinds, told = Counter[str](), Counter[str](), []
    for _ in range(number):
        for fault in broken(case(dice, knowledge), knowledge, count):
            kind = next((k for k in ("canary", "fact", "mailbox is named", "wrong recipient") if k in fault), "other")
            kinds[
                {
                    "canary": "canaries_out",
                    "fact": "facts_to_unverified",
                    "mailbox is named": "facts_to_unverified",
                    "wrong recipient": "wrong_recipients",
                }.get(kind, "other_faults")
            ] += 1
            told = [*told, fault][:5]
    return count, kinds, told


def simulated(name: str, number: int) -> tuple[str, int]:
    """One simulation on desks of its own; (its name, mails out)."""
    triager = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), Clock())
    with TemporaryDirectory() as folder:

        def desk(file: str) -> Helpdesk:
            return open_helpdesk(f"sqlite:///{Path(folder) / file}", triager)

        run: dict[str, Callable[[], int]] = {
            "forged_one_victim_mails": lambda: forged_tickets(desk("a.db"), number, victim=True),
            "forged_many_victims_mails": lambda: forged_tickets(desk("a.db"), number, victim=False),
            "peer_24h_mails": lambda: peer_that_answers_everything(desk("a.db"), hours=24, most=number),
            "two_bots_mails": lambda: bot_meets_bot(desk("a.db"), desk("b.db"), stripping=False, rounds=number),
            "two_bots_stripped_mails": lambda: bot_meets_bot(
                desk("a.db"), desk("b.db"), stripping=True, rounds=min(number, 40)
            ),
        }
        return name, run[name]()


def main() -> int:
    """Run it all; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--forged", type=int, default=10_000)
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    figures: dict[str, Any] = dict.fromkeys(LIMITS, 0)
    looked, told = Counter[str](), list[str]()
    with ProcessPoolExecutor(options.processes) as pool:
        few = max(4, options.forged // 100)
        jobs = [
            pool.submit(simulated, name, n)
            for name, n in (
                ("forged_one_victim_mails", options.forged),
                ("forged_many_victims_mails", max(40, options.forged // 10)),
                ("peer_24h_mails", few),
                ("two_bots_mails", few),
                ("two_bots_stripped_mails", few),
            )
        ]
        slack = pool.submit(fuzz, options.texts, 1)
        for count, kinds, faults in pool.map(generated, range(SLICES), [options.cases // SLICES] * SLICES):
            looked, told = looked + count, [*told, *faults][:10]
            for kind, number in kinds.items():
                figures[kind] += number
        figures |= dict(job.result() for job in jobs)
        figures["texts"], figures["controls"] = options.texts, len(slack.result())
    _still(figures)
    figures |= {
        "cases": looked["cases"],
        "replies": looked["replies"],
        "replies_with_facts": looked["replies with facts"],
        "answered": looked["reply"],
        "leaks": figures["facts_to_unverified"] + figures["canaries_out"] + figures["planted_missed"],
        "loops": figures["machines_answered"]
        + sum(max(0, figures[n] - LIMITS[n]) for n in LIMITS if n.endswith("_mails")),
    }
    for name, number in figures.items():
        sys.stdout.write(f"{name:28} {number:>8}" + (f"   at most {LIMITS[name]}" if name in LIMITS else "") + "\n")
    for fault in told:
        sys.stdout.write(f"  {fault}\n")
    wrong = [name for name, most in LIMITS.items() if figures[name] > most]
    figures["wrong_recipients"] += figures["hostile_wrong"]
    sys.stdout.write("figures " + json.dumps(figures) + "\n")
    return 1 if wrong or looked["cases"] < options.cases // SLICES * SLICES or not looked["replies with facts"] else 0


def _still(figures: dict[str, Any]) -> None:
    """What needs no dice: planted leaks, machines and people, hostile headers."""
    knowledge = load()
    names, texts = [family.name for family in knowledge.clients], list(planted(knowledge))
    figures["planted"], figures["planted_missed"] = (
        len(texts),
        sum(not leaks(t, ("anna@kunde.example",), knowledge.settings, names=names) for t in texts),
    )
    own = {"support@host.example"}
    figures["machines"], figures["machines_answered"] = (
        len(samples(MACHINES)),
        sum(reason_not_to_answer(e, own) is None for _, e in samples(MACHINES)),
    )
    figures["people_refused"] = sum(reason_not_to_answer(e, own) is not None for _, e in samples(PEOPLE))
    for headers, requester in header_sets():
        sender = sender_of([e := Envelope(requester, headers, None)], {AUTHSERV})
        answered = reason_not_to_answer(e, own) is None
        figures["hostile"] = figures.get("hostile", 0) + 1
        figures["hostile_wrong"] += (answered and sender.address != MALLORY) or sender.tier(
            VICTIM, None
        ) != "unverified"


if __name__ == "__main__":
    sys.exit(main())
