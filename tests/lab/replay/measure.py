"""How well triage does on the recorded cases: ``python -m tests.lab.replay.measure``.

Prints the table check by check for the scenarios that rules were tuned on and for those only ever measured, and ends
with one line ``figures {json}`` of the latter. Exits 1 below the bars.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.lab.cases import Case, read_cases
from tests.lab.places import CASES
from tests.lab.replay.split import split
from tests.lab.replay.world import build, write_world

ROUNDS, SEED, CROWD = 3, 41, 3000
BARS = {"line": 0.85, "top1": 0.75}
"""Below these `make lab` fails; what is aimed at stands in the README."""
COLUMNS = ("check", "n", "first", "of", "in three", "both named", "of", "line", "of", "wrong likely", "wrong confirmed")


def measured(
    cases: list[Case], part: str, folder: Path, *, rounds: int = ROUNDS, seed: int = SEED, crowd: int = CROWD
) -> dict[str, Any]:
    """What `triage eval` says of one part of the split (its misses included). The recorded successes belong to both
    parts."""
    parts = split()
    world = build([c for c in cases if parts.get(c.scenario, part) == part], rounds, seed, crowd)
    logs = write_world(folder, world)
    words = [
        sys.executable,
        "-m",
        "bot",
        "eval",
        str(folder / "tickets.jsonl"),
        str(folder / "gold.jsonl"),
        "--accounts",
        str(folder / "accounts.csv"),
        "--json",
        "--misses",
    ]
    for path in logs:
        words += ["--logs", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"triage eval ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(figures: dict[str, Any]) -> str:
    """One row a check, for people."""
    rows = [COLUMNS]
    for key, row in figures["per_check"].items():
        cells = [
            row.get(name, 0)
            for name in (
                "n",
                "top1",
                "top1_n",
                "top3",
                "either",
                "either_n",
                "line",
                "line_n",
                "wrong_likely",
                "wrong_confirmed",
            )
        ]
        rows.append((key, *map(str, cells)))
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def main() -> None:
    """Read the command line, measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("tuning", "test", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--misses", action="store_true", help="list what was wrong (of the tuning part only)")
    parser.add_argument("--keep", type=Path, help="write tickets, answers, accounts and logs here")
    options = parser.parse_args()
    cases = read_cases(CASES)
    figures: dict[str, Any] = {}
    tuning: dict[str, Any] = {}
    for part in ("tuning", "test") if options.part == "both" else (options.part,):
        with tempfile.TemporaryDirectory(prefix="lab-") as scratch:
            folder = options.keep / part if options.keep else Path(scratch)
            figures = measured(cases, part, folder, rounds=options.rounds, seed=options.seed)
        misses = figures.pop("misses")
        print(f"\n{part} scenarios: {figures['tickets']} tickets\n{table(figures)}")
        print(
            "  ".join(
                f"{name} {figures[name]}"
                for name in (
                    "mailbox",
                    "client",
                    "version",
                    "error_span",
                    "line",
                    "top1",
                    "top3",
                    "both_named",
                    "absence",
                    "ece",
                    "likely",
                    "wrong_likely",
                    "confirmed",
                    "wrong_confirmed",
                    "tickets_per_s",
                )
            )
        )
        if options.misses and part == "tuning":
            answers = (
                {row["id"]: row for row in map(json.loads, (folder / "gold.jsonl").read_text("utf-8").splitlines())}
                if options.keep
                else {}
            )
            for miss in misses:
                print(
                    f"{miss['what']:<12} {miss['id']} {answers.get(miss['id'], {}).get('scenario', '')}  {str(miss['detail'])[:300]}"
                )
        if part == "tuning":
            tuning = {name: value for name, value in figures.items() if name != "per_check"}
    print("figures " + json.dumps({**figures, "tuning": tuning or None}))
    if any((figures[name] or 0) < bar for name, bar in BARS.items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
