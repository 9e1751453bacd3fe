"""Fit knowledge/other_topics.toml to the written tickets: ``python -m tests.eval.other_topics [TICKETS.jsonl ...]``.

The model of :mod:`tests.eval.tendencies` with two outcomes, over what a ticket holds together
(:func:`bot.core.topic.traits_of_topic`). The probability of another topic, by all evidence, is one of its traits, so
this is fitted after the tendencies. Prints the share of unrelated tickets and of ours that are asked about, each
ticket judged by a fit that has not seen its file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.core.diagnose import DOUBTFUL_FROM, of_no_answer, told_by_ticket
from bot.core.posterior import posterior
from bot.core.topic import traits_of_topic
from knowledge.other_topics import ALL_WAYS, OtherTopics
from tests.eval.tendencies import LEAST, Row, fit, read_with_gold, tuning_files

TARGET = Path(__file__).parents[2] / "knowledge" / "other_topics.toml"
OURS, ANOTHER = "ours", "another"
HEAD = """# How much what a ticket holds leans to another topic than mail with us, in log odds: fitted to the written tickets by
# `make tendencies`. Written by that command: mend the tickets, the lexicons or the concepts and fit again.
"""


def rows_of(file: Path) -> list[Row]:
    """What each ticket of a file holds, and whether it is ours."""
    rows: list[Row] = []
    for triager, ticket, gold in read_with_gold(file):
        told = triager.told(ticket)
        pieces = told_by_ticket(told.facts, told.findings, told.matches, triager.knowledge)
        silent = of_no_answer(posterior(pieces, triager.knowledge), triager.knowledge)
        traits = traits_of_topic(told.facts, told.matches, silent, triager.knowledge)
        rows.append((traits, ANOTHER if gold["hard_negative"] else OURS))
    return rows


def table_of(rows: Sequence[Row]) -> OtherTopics:
    """The fitted table; what leans to nothing is left out."""
    causes, weights, offsets = fit(rows)
    another = causes.index(ANOTHER)
    leanings = {trait: own[another] - own[1 - another] for trait, own in weights.items()}
    by_way: dict[str, dict[str, float]] = {way: {} for way in ALL_WAYS}
    for trait, number in leanings.items():
        way, _, name = trait.partition(" ")
        if abs(number) >= LEAST:
            by_way[way][name] = round(number, 2)
    return OtherTopics(offset=round(offsets[another] - offsets[1 - another], 2), **by_way)


def text_of(table: OtherTopics) -> str:
    """The file."""
    lines = [HEAD + f"offset = {table.offset}"]
    for way in ALL_WAYS:
        named = getattr(table, way).items()
        lines += [
            "",
            f"[{way}]",
            *(f"{json.dumps(name) if '.' in name else name} = {number}" for name, number in named),
        ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Fit, print how tickets of files that were left out are judged, write the file."""
    files = [Path(a) for a in arguments] or tuning_files()
    by_file = {file: rows_of(file) for file in files}
    asked, seen = {OURS: 0, ANOTHER: 0}, {OURS: 0, ANOTHER: 0}
    for left_out, rows in by_file.items():
        table = table_of([row for file in files if file != left_out for row in by_file[file]])
        for traits, topic in rows:
            seen[topic] += 1
            asked[topic] += table.chance_of(traits) >= DOUBTFUL_FROM
    table = table_of([row for rows in by_file.values() for row in rows])
    TARGET.write_text(text_of(table), "utf-8")
    figures = {
        "tickets": sum(seen.values()),
        "traits": len(table.rows),
        "unrelated_asked": round(asked[ANOTHER] / seen[ANOTHER], 4),
        "ours_asked": round(asked[OURS] / seen[OURS], 4),
    }
    print(f"figures {json.dumps(figures)}")


if __name__ == "__main__":
    main(sys.argv[1:])
