"""A Loki as far as we use one: query_range over a list of lines, and a parser of the queries of its own.

Written from https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time and
https://grafana.com/docs/loki/latest/query/. The parser knows nothing of how our queries are made: it reads a stream
selector, a line filter with a Go string, and RE2's syntax as far as literals, classes and repetitions go.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import httpx
import regex

MAX_ENTRIES = 5000


@dataclass
class Line:
    """A line, when it was filed (nanoseconds), and the labels of its stream."""

    time: int
    text: str
    labels: dict[str, str] = field(default_factory=dict)


def go_string(text: str) -> tuple[str, str]:
    """A Go string literal at the beginning of ``text``, read, and what follows it. Raises ValueError."""
    if not text.startswith('"'):
        raise ValueError(f"no string: {text[:40]!r}")
    out, place = [], 1
    while place < len(text):
        sign = text[place]
        if sign == '"':
            return "".join(out), text[place + 1 :]
        if sign in "\n\r":
            raise ValueError("a line ends inside a string")
        if sign == "\\":
            escaped = text[place + 1 : place + 2]
            if escaped not in ("\\", '"'):
                raise ValueError(f"unknown escape \\{escaped}")
            sign, place = escaped, place + 1
        out.append(sign)
        place += 1
    raise ValueError("the string does not end")


@lru_cache(maxsize=64)
def log_query(text: str) -> tuple[str, str | None]:
    """The stream selector and the line filter's expression of a log query. Raises ValueError where anything is left
    over."""
    close = text.index("}") + 1
    selector, rest = text[:close], text[close:].strip()
    if not rest:
        return selector, None
    if not rest.startswith("|~"):
        raise ValueError(f"no line filter: {rest[:40]!r}")
    expression, rest = go_string(rest[2:].strip())
    if rest.strip():
        raise ValueError(f"more than one filter: {rest[:40]!r}")
    return selector, expression


def alternatives(expression: str) -> list[str]:
    """The texts that ``(?i)(?:a|b)`` matches, where each is a literal. Raises ValueError for anything that has a
    meaning."""
    if not expression.startswith("(?i)(?:") or not expression.endswith(")"):
        raise ValueError(f"no list of alternatives: {expression[:40]!r}")
    body, place = expression[7:-1], 0
    found, text = [], ""
    while place < len(body):
        sign = body[place]
        if sign == "|":
            found.append(text)
            text = ""
        elif sign == "\\" and body[place + 1 : place + 3] == "x{":
            end = body.index("}", place)
            text += chr(int(body[place + 3 : end], 16))
            place = end
        elif sign.isascii() and sign.isalnum():
            text += sign
        else:
            raise ValueError(f"not a literal: {body[place : place + 20]!r}")
        place += 1
    return [*found, text]


@lru_cache(maxsize=64)
def compiled(expression: str) -> regex.Pattern[str]:
    """RE2's expression as one that Python runs: only the spelling of code points differs."""
    return regex.compile(
        regex.sub(r"\\x\{([0-9a-f]+)\}", lambda m: regex.escape(chr(int(m[1], 16)), special_only=False), expression)
    )


class Loki:
    """Answers from ``lines``. ``careless`` returns every line of the window, whatever is asked."""

    def __init__(self, lines: Sequence[Line], *, careless: bool = False) -> None:
        self.lines = lines
        self.careless = careless
        self.queries: list[str] = []
        self.headers: list[httpx.Headers] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request."""
        asked = dict(request.url.params)
        self.queries.append(asked["query"])
        self.headers.append(request.headers)
        begin, end = int(asked["start"]), int(asked["end"])
        if not asked["query"].startswith("{"):
            return self._counted(asked["query"], begin, end, int(asked["step"]))
        limit = int(asked.get("limit", "100"))
        if limit > MAX_ENTRIES:
            return httpx.Response(
                400, text=f"max entries limit per query exceeded, limit > max_entries_limit ({limit} > {MAX_ENTRIES})"
            )
        assert asked["direction"] == "backward"
        found = sorted(
            (one for one in self.lines if begin <= one.time < end and self._takes(asked["query"], one)),
            key=lambda one: -one.time,
        )
        streams: dict[str, list[list[str]]] = {}
        for one in found[:limit]:
            streams.setdefault(json.dumps(one.labels), []).append([str(one.time), one.text])
        return self._success(
            "streams", [{"stream": json.loads(labels), "values": values} for labels, values in streams.items()]
        )

    def _takes(self, query: str, line: Line) -> bool:
        selector, expression = log_query(query)
        for name, operator, value in regex.findall(r'(\w+)(=~|=)"([^"]*)"', selector):
            if not regex.fullmatch(value if operator == "=~" else regex.escape(value), line.labels.get(name, "")):
                return False
        return self.careless or expression is None or compiled(expression).search(line.text) is not None

    def _counted(self, query: str, begin: int, end: int, step: int) -> httpx.Response:
        read = regex.fullmatch(r"sum by \(([\w,]+)\) \(count_over_time\((.*)\[(\d+)([ms])\]\)\)", query)
        assert read is not None, query
        by, inner, reach = read[1].split(","), read[2], int(read[3]) * (60 if read[4] == "m" else 1) * 10**9
        taken = [one for one in self.lines if self._takes(inner, one)]
        series: dict[tuple[str, ...], list[list[object]]] = {}
        moment = begin
        points: dict[tuple[str, ...], dict[int, int]] = {}
        for one in taken:
            key = tuple(one.labels.get(name, "") for name in by)
            first = max(begin, begin + -(-(one.time - begin) // (step * 10**9)) * step * 10**9)
            moment = first
            while moment <= end and moment - reach < one.time:
                points.setdefault(key, {})[moment] = points.setdefault(key, {}).get(moment, 0) + 1
                moment += step * 10**9
        for key, counted in points.items():
            series[key] = [[at // 10**9, str(lines)] for at, lines in sorted(counted.items())]
            assert len(series[key]) <= 11_000
        return self._success(
            "matrix", [{"metric": dict(zip(by, key, strict=True)), "values": values} for key, values in series.items()]
        )

    @staticmethod
    def _success(kind: str, result: list[object]) -> httpx.Response:
        return httpx.Response(
            200, json={"status": "success", "data": {"resultType": kind, "result": result, "stats": {}}}
        )
