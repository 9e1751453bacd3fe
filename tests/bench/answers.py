"""Whether a change of the engine changed an answer: ``python -m tests.bench.answers write FILE`` before it,
``… compare FILE`` after it, which exits 1 and names the tickets whose triage differs.

A change that is to make triage faster has to leave every answer as it was. Triaged are the written tickets (of those
held out only the hash of an answer is ever seen), the texts of programs, the shipped sample tickets over the shipped
logs and accounts, the golden tickets over their own, and texts made from all of these: quoted, joined, cut, upper
case, hostile. The file holds a ticket's name and a hash of its triage, as ``triage ticket --json`` prints it, in
each line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.core.verdict import Triage
from bot.triage import Triager
from knowledge import load

ROOT: Final = Path(__file__).parents[2]
NOW: Final = datetime(2026, 11, 16, 14, 0, tzinfo=UTC)
"""The sample logs end here."""
SEED: Final = 20261123
MADE: Final = 400


class StoppedClock:
    """The moment at which every ticket is triaged."""

    def now(self) -> datetime:
        """Always the same."""
        return NOW


def sample_triager(place: Path) -> Triager:
    """The pipeline over the shipped logs and accounts, both built in ``place``."""
    store = SqliteLogStore(place / "logs.sqlite")
    store.ingest([ROOT / "samples" / "logs"], year=NOW.year, finished=True)
    knowledge = load()
    accounts = CsvAccountDirectory(place / "accounts.db", now=lambda: NOW)
    accounts.import_csv(ROOT / "samples" / "accounts.csv", plans=list(knowledge.plans), as_of=NOW)
    return Triager(knowledge, store, accounts, StoppedClock())


def written_tickets(pattern: str = "*.jsonl") -> Iterator[tuple[str, Ticket]]:
    """(name, ticket) of the written tickets."""
    for file in sorted((ROOT / "tests" / "eval").glob(pattern)):
        if not file.stem.endswith("-gold"):
            yield from _read(file)


def sample_tickets() -> Iterator[tuple[str, Ticket]]:
    """(name, ticket) of the shipped tickets: mail, HTML, JSON, text."""
    for file in sorted((ROOT / "samples" / "tickets").iterdir()):
        yield from _read(file)


def program_texts() -> Iterator[tuple[str, Ticket]]:
    """(name, ticket) of what programs say, one text a ticket."""
    for file in sorted((ROOT / "tests" / "eval" / "client_texts").glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines()):
            for language, text in json.loads(line).get("texts", {}).items():
                yield f"{file.name}:{number}:{language}", Ticket(id="text", subject="", body=text)


def made_tickets(sources: Sequence[Ticket], count: int = MADE) -> Iterator[tuple[str, Ticket]]:
    """(name, ticket) of texts made from others: a long thread, two problems in one, a piece, capitals, a web form,
    nonsense."""
    dice = random.Random(SEED)
    for number in range(count):
        one, two, three = dice.choice(sources), dice.choice(sources), dice.choice(sources)
        quoted = "\n".join("> " + line for line in two.body.splitlines())
        cut = dice.randrange(len(one.body) + 1)
        bodies = (
            f"{one.body}\n\nOn Mon, 16 Nov 2026 at 09:14, Support <help@trekmail.net> wrote:\n{quoted}\n> > {three.body}",
            f"{one.body}\n\n{two.body}\n\n{three.body}",
            one.body[cut:] + one.body[:cut],
            one.body.upper() + "\n" + two.body.title(),
            "<html><body><p>"
            + one.body.replace("\n", "<br>")
            + f"</p><blockquote>{two.body}</blockquote><table><tr><td>Port<td>993</table></body></html>",
            "".join(
                dice.choice(one.body + two.body + " \n\t.@:<>[]()0123456789\u0130\u00df\u017f\u212a\u3000\u200b\ufb01")
                for _ in range(dice.randrange(3000))
            ),
            " ".join(
                dice.sample((one.body + " " + two.body).split(), min(60, len((one.body + " " + two.body).split())))
            ),
        )
        at = number % len(bodies)
        yield f"made:{number}", replace(one, id=f"made-{number}", body=bodies[at], format="html" if at == 4 else "text")


def hostile_tickets() -> Iterator[tuple[str, Ticket]]:
    """(name, ticket) of texts that are made to be slow to search."""
    for number, body in enumerate(
        (
            " " * 60_000,
            "a" * 60_000,
            "a@" * 30_000,
            "1.2.3.4:" * 8_000,
            "password " * 7_000,
            ("> " * 200 + "x\n") * 100,
            "((((" * 15_000,
            "not " * 15_000,
            "imap.\u0130" * 9_000,
            "\u5bc6\u7801" * 25_000,
            "<div>" * 20_000,
            "cannot connect to server, " * 2_500,
            "-- \n" * 9_000,
            "am 1.1. um 10:00 " * 3_000,
            "A" * 30 + "=" * 30_000,
            "http://" * 9_000,
            "\n" * 60_000,
            "the mailbox is full. " * 3_000,
        )
    ):
        yield f"hostile:{number}", Ticket(id=f"hostile-{number}", subject="", body=body)


def golden_triages() -> Iterator[tuple[str, Triage]]:
    """(name, triage) of the golden tickets, each over its own logs and accounts."""
    sys.path.insert(0, str(ROOT / "tests" / "golden"))
    from cases import Company, load_cases  # lies beside its data, outside the packages

    company = Company(load())
    for case in load_cases():
        with tempfile.TemporaryDirectory() as scratch:
            yield case.folder.name, case.triage(company, Path(scratch))


def answers(*, hostile: bool = True) -> Iterator[tuple[str, str]]:
    """(name, hash of the answer) of every ticket."""
    with tempfile.TemporaryDirectory() as place:
        triager = sample_triager(Path(place))
        written = list(written_tickets())
        seen = [ticket for name, ticket in written if not name.startswith("heldout")]
        own = [
            *written,
            *sample_tickets(),
            *program_texts(),
            *made_tickets(seen),
            *(hostile_tickets() if hostile else ()),
        ]
        for number, (name, ticket) in enumerate(own):
            yield name, _hash(triager.triage(ticket, verified=number % 2 == 0))
    yield from ((name, _hash(triage)) for name, triage in golden_triages())


def _hash(triage: Triage) -> str:
    return hashlib.sha256(
        json.dumps(to_json(triage), ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]


def _read(file: Path) -> Iterator[tuple[str, Ticket]]:
    for number, ticket in enumerate(read_tickets(file.read_bytes(), name=file.name)):
        if not isinstance(ticket, BadTicket):
            yield f"{file.name}:{number}", ticket


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the answers' hashes, or compare with those written before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("write", "compare"))
    parser.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    now = dict(answers())
    if options.do == "write":
        options.file.write_text("".join(f"{name}\t{answer}\n" for name, answer in now.items()), "utf-8")
        print(f"{len(now)} answers written")
        return 0
    before = dict(line.split("\t") for line in options.file.read_text("utf-8").splitlines())
    other = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    print(f"{len(now)} answers, {len(other)} differ: {' '.join(sorted(other)[:40])}")
    return 1 if other else 0


if __name__ == "__main__":
    raise SystemExit(main())
