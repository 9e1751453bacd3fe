"""Fit knowledge/tendencies.toml to the written tickets: ``python -m tests.eval.tendencies [TICKETS.jsonl ...]``.

A multinomial logistic model over the traits of each ticket (:func:`bot.core.parse.traits.traits_of`) with a ridge,
by AdaGrad (Duchi and others 2011) in a fixed order, so that the same tickets give the same file. Held-out tickets are
refused. Prints the five-fold share of right first causes of the words alone, which is far below that of all evidence
together: most tickets say more by a program's text or a setting.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import exp, sqrt
from pathlib import Path
from typing import Any

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.bootstrap import SystemClock
from bot.core.model import Ticket
from bot.core.parse.tickets import read_tickets
from bot.triage import Triager
from knowledge import load
from knowledge.tendencies import WAYS

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "knowledge" / "tendencies.toml"
SAME = {"other": "not_ours", "server_side_outage": "server_side"}
"""Gold's names of causes that knowledge calls otherwise."""
FEWEST_TICKETS, FEWEST_OF_A_CAUSE = 6, 5
RIDGE = 6.0
ROUNDS, STEP = 40, 0.3
LEAST = 0.1
HEAD = """# How much a ticket that speaks of a concept (thoughts.toml) leans to each cause, in log odds: fitted to the written tickets by
# `make tendencies`, one table for each way of speaking of it. Written by that command: mend the tickets or the lexicons and fit again.
# [average] is what a usual ticket adds up to; it is taken off, so that only what is unusual counts.
"""

Row = tuple[tuple[str, ...], str]
Weights = dict[str, list[float]]


def tuning_files() -> list[Path]:
    """The written tickets that rules may be improved on."""
    return sorted(f for f in HERE.glob("tuning*.jsonl") if not f.stem.endswith("-gold"))


def read_with_gold(file: Path) -> Iterator[tuple[Triager, Ticket, Mapping[str, Any]]]:
    """The tickets of a file, each with its gold answer and who reads it. Raises SystemExit for held-out tickets."""
    if "heldout" in file.name:
        raise SystemExit(f"{file}: held-out tickets are measured only; leave it out")
    triager = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), SystemClock())
    told = map(json.loads, file.with_name(f"{file.stem}-gold.jsonl").read_text("utf-8").splitlines())
    gold = {answer["id"]: answer for answer in told}
    for ticket in read_tickets(file.read_bytes(), format="jsonl", name=str(file)):
        yield triager, ticket, gold[ticket.id]


def rows_of(files: Sequence[Path]) -> list[Row]:
    """Traits and right cause of each ticket whose gold names a cause that knowledge has."""
    knowledge = load()
    numbered = {check.number: check.id for check in knowledge.checks.values()}
    rows: list[Row] = []
    for file in files:
        for triager, ticket, told in read_with_gold(file):
            cause = numbered.get(told["check"]) or SAME.get(told["cause"], told["cause"])
            if told["should_ask"] and told["check"] is None:
                cause = "unknown"  # too little is said: such words lean to no cause, nor to another topic
            if cause in knowledge.checks or cause in knowledge.others:
                rows.append((triager.told(ticket).facts.traits, cause))
    return rows


def fit(rows: Sequence[Row]) -> tuple[list[str], Weights, list[float]]:
    """The causes, trait -> leanings in their order, the causes' offsets (which the posterior's priors stand for)."""
    sizes = Counter(cause for _, cause in rows)
    causes = sorted(cause for cause, count in sizes.items() if count >= FEWEST_OF_A_CAUSE)
    seen = Counter(trait for traits, _ in rows for trait in traits)
    weights: Weights = {trait: [0.0] * len(causes) for trait, count in sorted(seen.items()) if count >= FEWEST_TICKETS}
    squares: Weights = {trait: [1e-8] * len(causes) for trait in weights}
    offsets, offset_squares = [0.0] * len(causes), [1e-8] * len(causes)
    usable = [([t for t in traits if t in weights], causes.index(cause)) for traits, cause in rows if cause in causes]
    for _ in range(ROUNDS):
        for traits, right in usable:
            errors = _chances(traits, weights, offsets)
            errors[right] -= 1.0
            for trait in traits:
                own, sums, pull = weights[trait], squares[trait], RIDGE / seen[trait]
                for n, error in enumerate(errors):
                    slope = error + pull * own[n]
                    sums[n] += slope * slope
                    own[n] -= STEP * slope / sqrt(sums[n])
            for n, error in enumerate(errors):
                offset_squares[n] += error * error
                offsets[n] -= STEP * error / sqrt(offset_squares[n])
    return causes, weights, offsets


def _chances(traits: Sequence[str], weights: Weights, offsets: Sequence[float]) -> list[float]:
    scores = [sum(column) for column in zip(offsets, *(weights[t] for t in traits if t in weights), strict=True)]
    top = max(scores)
    raw = [exp(score - top) for score in scores]
    total = sum(raw)
    return [value / total for value in raw]


def text_of(causes: Sequence[str], weights: Weights, rows: Sequence[Row]) -> str:
    """The file: leanings around their mean over causes, two decimals, those near nothing left out."""
    centred = {trait: [w - sum(own) / len(own) for w in own] for trait, own in weights.items()}
    rounded = {
        trait: {cause: round(w, 2) for cause, w in zip(causes, own, strict=True) if abs(w) >= LEAST}
        for trait, own in centred.items()
    }
    average = dict.fromkeys(causes, 0.0)
    for traits, _ in rows:
        for trait in traits:
            for cause, number in rounded.get(trait, {}).items():
                average[cause] += number / len(rows)
    lines = [HEAD, "[average]", *(f"{cause} = {number:.2f}" for cause, number in average.items())]
    for way in WAYS:
        lines += ["", f"[{way}]"]
        for trait, by_cause in rounded.items():
            if trait.startswith(f"{way} ") and by_cause:
                lines.append(
                    f"{trait.partition(' ')[2]} = {{ {', '.join(f'{cause} = {number}' for cause, number in by_cause.items())} }}"
                )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Fit, print the five-fold figure, write the file."""
    rows = rows_of([Path(a) for a in arguments] or tuning_files())
    right = 0
    for fold in range(5):
        causes, weights, offsets = fit([row for n, row in enumerate(rows) if n % 5 != fold])
        for traits, cause in rows[fold::5]:
            chances = _chances(traits, weights, offsets)
            right += causes[chances.index(max(chances))] == cause
    causes, weights, _ = fit(rows)
    TARGET.write_text(text_of(causes, weights, rows), "utf-8")
    figures = {
        "tickets": len(rows),
        "causes": len(causes),
        "traits": len(weights),
        "words_alone_right": round(right / len(rows), 4),
    }
    print(f"figures {json.dumps(figures)}")


if __name__ == "__main__":
    main(sys.argv[1:])
