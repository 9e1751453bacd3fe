"""``python -m tests.fuzz.log_queries``: hostile mailbox names in queries of every language; none may select anything
else.

Each query is read by a parser of that language that knows nothing of how queries are made (LogQL:
tests/standins/loki.py; ClickHouse's literals: here; the query DSL is JSON), and what it selects must be the name
that was asked for. PostgreSQL gets names as parameters, beside its text.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import regex

from bot.adapters.logstore.clickhouse.client import quote
from bot.adapters.logstore.clickhouse.reader import _lines_query, _who
from bot.adapters.logstore.foreign import LONGEST
from bot.adapters.logstore.loki import LokiLogStore
from bot.adapters.logstore.opensearch import OpenSearchLogStore
from bot.adapters.logstore.placing import key
from bot.adapters.logstore.selection import Selection
from bot.core.observed import LogQuery
from tests.standins.loki import alternatives, log_query

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
PIECES = (
    '"',
    "'",
    "`",
    "\\",
    "\\\\",
    "\\'",
    '\\"',
    "\n",
    "\r",
    "\t",
    "\x00",
    "\x1b",
    "|",
    "||",
    "|=",
    "|~",
    '"} or {job="x',
    '" or "',
    "}",
    "{",
    "[5m]",
    "(",
    ")",
    ".*",
    ".+",
    "^",
    "$",
    "?",
    "*",
    "+",
    "(?-i)",
    "(?:",
    "[^a]",
    "\\E",
    "\\Q",
    "\\x41",
    "\\x{41}",
    "\\u0041",
    "x{7c}",
    "' OR 1=1 --",
    "'; DROP TABLE log_line; --",
    "/*",
    "*/",
    "--",
    "#",
    "%",
    "_",
    "%s",
    "{0}",
    "{who:String}",
    "$1",
    "NULL",
    "UNION ALL SELECT",
    '{"match_all":{}}',
    '"}}]}}',
    "AND",
    "OR",
    "NOT",
    "TO",
    "~2",
    "^9",
    "/x/",
    "@",
    "a@b.example",
    "anna",
    "example.com",
    "\u202e",
    "\u2028",
    "\u0130",
    "ß",
    "ſ",
    "\u212a",
    "é",
    "e\u0301",
    "漢字",
    "\U0001f600",
    "\ud800",
    "\udfff",
    "\ufeff",
    "\U000f0000",
    "A" * 400,
)
_LITERAL = regex.compile(r"'((?:[A-Za-z0-9@.\-_:/]|\\x[0-9a-f]{2})*)'")


def name(dice: random.Random) -> str:
    """One hostile name, never empty."""
    size = dice.choice((1, 1, 2, 3, 5, 8, 30))
    text = "".join(
        dice.choice(PIECES)
        if dice.random() < 0.75
        else chr(dice.choice((dice.randrange(0, 128), dice.randrange(0x80, 0xFFFF))))
        for _ in range(size)
    )
    return dice.choice((text, text + "@example.com", "anna@" + text)) or "x"


def clickhouse_texts(query: str) -> tuple[str, list[str]]:
    """A query with a mark in the place of each literal, and the literals as ClickHouse reads them. Raises
    ValueError."""
    found = [
        regex.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode()).decode()
        for text in _LITERAL.findall(query)
    ]
    frame = _LITERAL.sub("@", query)
    if "'" in frame or "\\" in frame:
        raise ValueError(frame)
    return frame, found


def valid(text: str) -> str:
    """A text as UTF-8 can carry it."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Fuzz:
    """Asks every back-end, and notes what is wrong."""

    def __init__(self) -> None:
        self.over_loki = LokiLogStore('loki+https://loki.example?selector={job%3D"mail"}')
        self.over_opensearch = OpenSearchLogStore("opensearch+https://search.example/mail")
        self.frames: dict[str, str] = {}
        self.wrong: list[str] = []

    def case(self, text: str) -> None:
        """Ask for ``text`` as mailbox, login and domain in every language."""
        for kind in ("mailboxes", "logins", "domains"):
            query = replace(LogQuery(NOON, NOON + timedelta(hours=1)), **{kind: (text,)})
            for language in (self._loki, self._opensearch, self._clickhouse):
                try:
                    language(kind, text, query)
                except (ValueError, AssertionError, KeyError, IndexError) as error:
                    self.wrong.append(f"{language.__name__} {kind} {text!r}: {error}")

    def _loki(self, kind: str, text: str, query: LogQuery) -> None:
        selector, expression = log_query(self.over_loki.query_of(query) or "")
        assert selector == '{job="mail"}' and expression is not None
        assert alternatives(expression) == [valid(self._needle(kind, text))], expression

    def _opensearch(self, kind: str, text: str, query: LogQuery) -> None:
        asked = self.over_opensearch.query_of(query)
        wanted = {"match_phrase": {"message": {"query": valid(self._needle(kind, text)), "zero_terms_query": "none"}}}
        assert asked == {"bool": {"should": [wanted], "minimum_should_match": 1}}, asked

    def _clickhouse(self, kind: str, text: str, query: LogQuery) -> None:
        selection = Selection.of(query)
        for built in (lambda: _lines_query(selection, 0, 1, 10), lambda: _who(selection)):
            frame, found = clickhouse_texts(built())
            plain = self.frames.setdefault(f"{kind}{frame.startswith('SELECT')}", frame)
            assert frame == plain, frame
            asked = valid(key(text.casefold()))
            assert all(
                one in (asked, "@" + asked, "") or asked.endswith("@" + one) or one == valid(key(_domain(text)))
                for one in found
            ), found
            assert asked in found or "@" + asked in found, found
        assert clickhouse_texts(quote(text)) == ("@", [valid(text)])

    @staticmethod
    def _needle(kind: str, text: str) -> str:
        return ("@" + text if kind == "domains" else text)[:LONGEST]


def _domain(text: str) -> str:
    return text.casefold().rpartition("@")[2]


def fuzz(cases: int, seed: int) -> list[str]:
    """What is wrong with the queries for so many names."""
    dice = random.Random(seed)
    run = Fuzz()
    for text in PIECES:
        run.case(text)
    for _ in range(cases - len(PIECES)):
        run.case(name(dice))
    return run.wrong


def main(given: Sequence[str] | None = None) -> int:
    """Run, print a table and the figures; 1 where a query selects anything else."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(given)
    wrong = fuzz(asked.cases, asked.seed)
    for one in wrong[:20]:
        print("  ", one[:300])
    figures: dict[str, Any] = {"log_queries": {"cases": asked.cases, "queries": asked.cases * 12, "wrong": len(wrong)}}
    print(
        f"{asked.cases:,} names, as mailbox, login and domain, in LogQL, the query DSL and ClickHouse's SQL: {len(wrong)} select anything else"
    )
    print("figures " + json.dumps(figures))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
