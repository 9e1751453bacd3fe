"""ClickHouse over its HTTP interface: statements, selects and inserts, within bounds.

A select's text goes into the body. An insert's text goes into the address and its rows into the body, which the server
takes whole or not at all: with Content-Length set, a body that breaks off is an error. ``wait_end_of_query`` makes the
server state an error by its status instead of in the middle of an answer that began as a success.
https://clickhouse.com/docs/en/interfaces/http
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httpx

from bot.adapters.logstore.clickhouse.schema import DAYS
from bot.adapters.logstore.http import Answer, Place, Server
from bot.errors import SettingsError, StoreBusy, StoreCorrupt, StoreError, StoreMissing

OPTIONS: Final = frozenset({"days"})
_SAFE: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.-_:/")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

NO_TABLE: Final = frozenset({60, 81})
"""UNKNOWN_TABLE, UNKNOWN_DATABASE."""
TOO_SLOW: Final = frozenset({159, 160, 202, 241})
"""TIMEOUT_EXCEEDED, TOO_SLOW, TOO_MANY_SIMULTANEOUS_QUERIES, MEMORY_LIMIT_EXCEEDED."""
OTHER_TABLES: Final = frozenset({10, 16, 47})
"""NOT_FOUND_COLUMN_IN_BLOCK, NO_SUCH_COLUMN_IN_TABLE, UNKNOWN_IDENTIFIER."""


def quote(text: str) -> str:
    """``text`` as a string literal of ClickHouse's SQL. Whatever is no plain letter, digit or ``@.-_:/`` is written as
    ``\\xHH``, so nothing in it can end the literal. The one way by which foreign text gets into a query."""
    return (
        "'"
        + "".join(chr(byte) if byte in _SAFE else f"\\x{byte:02x}" for byte in text.encode("utf-8", "replace"))
        + "'"
    )


def listed(texts: Iterable[str]) -> str:
    """Texts as an array."""
    return "[" + ",".join(map(quote, texts)) + "]"


class ClickHouse:
    """One database on one server. Raises SettingsError for a URL that makes no sense."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        place = Place.of(url, "ClickHouse", known=OPTIONS, port=8443 if url.startswith("clickhouse+https:") else 8123)
        self.database = place.path or "default"
        if not (self.database.isascii() and self.database.isidentifier()):
            raise SettingsError("LOG_STORE_URL: a ClickHouse URL ends in /database, a name of letters, digits and _")
        self.name = f"{place.name}, database {self.database}"
        days = place.options.get("days", str(DAYS))
        if not days.isdecimal() or not 1 <= int(days) <= 40_000:
            raise SettingsError(f"LOG_STORE_URL: days={days}: must be a number of days, such as days=90")
        self.days = int(days)
        headers = {"X-ClickHouse-User": place.user or "default", "X-ClickHouse-Key": place.password or ""}
        self._server = Server(place, headers, transport)

    def select(self, query: str, seconds: float) -> list[list[Any]]:
        """The rows of a query. Raises StoreError."""
        settings = {
            "default_format": "JSONCompactEachRow",
            "output_format_json_quote_64bit_integers": 0,
            "max_execution_time": max(1, round(seconds)),
            "timeout_before_checking_execution_speed": 0,
        }
        answer = self._ask(settings, query.encode(), seconds + 1)
        try:
            return [json.loads(line) for line in answer.body.splitlines()]
        except ValueError as error:
            raise StoreError(f"{self.name}: answered what is no JSON; is this ClickHouse's HTTP port?") from error

    def run(self, statement: str, seconds: float, *, database: bool = True) -> None:
        """Run a statement that returns nothing. Raises StoreError."""
        self._ask({}, statement.encode(), seconds, database=database)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], seconds: float, *, token: str = ""
    ) -> None:
        """Insert rows as one block; a block with a ``token`` that the table has seen is left out. Raises StoreError."""
        if not rows:
            return
        settings: dict[str, Any] = {
            "query": f"INSERT INTO {table} ({', '.join(f'`{name}`' for name in columns)}) FORMAT JSONCompactEachRow",
            "async_insert": 0,
            "max_partitions_per_insert_block": 0,
            "input_format_parallel_parsing": 0,
            "max_insert_block_size": 10_000_000,
            "min_insert_block_size_rows": 10_000_000,
            "min_insert_block_size_bytes": 1 << 30,
        }
        if token:
            settings |= {
                "insert_deduplicate": 1,
                "insert_deduplication_token": token,
                "deduplicate_blocks_in_dependent_materialized_views": 1,
            }
        self._ask(settings, "\n".join(map(_encode, rows)).encode("utf-8", "replace"), seconds)

    def close(self) -> None:
        """Close its connections."""
        self._server.close()

    def _ask(self, settings: dict[str, Any], body: bytes, seconds: float, *, database: bool = True) -> Answer:
        params = {"wait_end_of_query": 1, **({"database": self.database} if database else {}), **settings}
        answer = self._server.ask("POST", "/", seconds, params=params, content=body)
        if answer.status == 200:
            return answer
        self._refuse(answer)
        raise StoreError(
            f"{self.name}: answered {answer.status} ({answer.first_line()[:200]}); check LOG_STORE_URL and the server"
        )

    def _refuse(self, answer: Answer) -> None:
        """Raise what an exception of ClickHouse means: its text begins with ``Code: N.``"""
        text = answer.first_line()
        digits = text.removeprefix("Code: ").partition(".")[0]
        code = int(digits) if digits.isdecimal() else 0
        if code in NO_TABLE:
            raise StoreMissing(f"{self.name}: no server log was ingested yet; run `triage logs ingest PATH` first")
        if code in TOO_SLOW:
            raise StoreBusy(
                f"{self.name}: took too long or is too busy (code {code}); ask for less time, or see what keeps it busy"
            )
        if code in OTHER_TABLES:
            raise StoreCorrupt(f"{self.name}: its tables are not this program's (code {code}); choose another database")
        if answer.status in (401, 403) or code in (192, 193, 194, 516):
            raise StoreError(f"{self.name}: refuses the user or the password; check LOG_STORE_URL")
