"""Writes a made-up evaluation set: ``python -m tests.eval.joined.make OUTDIR --tickets 150 --seed 7``."""

from __future__ import annotations

import argparse
import json
import random
from datetime import timedelta
from pathlib import Path

from tests.eval.joined.background import everyday, noise, probes
from tests.eval.joined.cases import Case, Studio
from tests.eval.joined.causes import CAUSES, Cause
from tests.eval.joined.journal import HOSTS, START, Journal
from tests.eval.joined.people import People


def order(rng: random.Random, count: int) -> list[Cause]:
    """Every cause at least once where ``count`` allows it, the rest by weight."""
    causes = list(CAUSES) if count >= len(CAUSES) else rng.sample(CAUSES, count)
    weights = [c.weight for c in CAUSES]
    causes += rng.choices(CAUSES, weights, k=count - len(causes))
    rng.shuffle(causes)
    return causes


def build(count: int, seed: int) -> tuple[list[Case], People, Journal]:
    """The whole world: everybody's mail, attacks, and ``count`` customers whose failure we know."""
    rng = random.Random(seed)
    day = timedelta(days=1)
    silences = [
        ("imap1", START + day + timedelta(hours=14, minutes=5), START + day + timedelta(hours=18, minutes=10)),
        ("smtp2", START + day + timedelta(hours=15, minutes=40), START + day + timedelta(hours=19, minutes=20)),
    ]
    journal = Journal(rng, silences, {"imap2"} if seed % 2 else set())
    people = People(rng)
    people.crowd(400)
    studio = Studio(journal, people, rng)
    cases = [studio.case(cause) for cause in order(rng, count)]
    everyday(journal, people)
    probes(journal)
    noise(journal, people)
    cases.sort(key=lambda case: case.ticket["received_at"])
    return cases, people, journal


def write(out: Path, cases: list[Case], people: People, journal: Journal) -> None:
    """tickets.jsonl, gold.jsonl, accounts.csv, one log a host and fail2ban.log."""
    out.mkdir(parents=True, exist_ok=True)
    with (
        (out / "tickets.jsonl").open("w", encoding="utf-8") as tickets,
        (out / "gold.jsonl").open("w", encoding="utf-8") as gold,
    ):
        for number, case in enumerate(cases, 1):
            tickets.write(json.dumps({"id": f"s{number:03d}", "ticket": case.ticket}, ensure_ascii=False) + "\n")
            gold.write(json.dumps({"id": f"s{number:03d}", **case.gold}, ensure_ascii=False) + "\n")
    (out / "accounts.csv").write_text(people.csv(), "utf-8")
    for host in HOSTS:
        (out / f"{host}.log").write_text(journal.text(host), "utf-8")
    (out / "fail2ban.log").write_text("".join(line + "\n" for _, _, line in sorted(journal.bans)), "utf-8")


def main() -> None:
    """Read the command line, make the set, say what was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--tickets", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    cases, people, journal = build(options.tickets, options.seed)
    write(options.outdir, cases, people, journal)
    lines = sum(len(rows) for rows in journal.rows.values())
    print(f"{len(cases)} tickets, {lines} lines of log in {options.outdir}")


if __name__ == "__main__":
    main()
