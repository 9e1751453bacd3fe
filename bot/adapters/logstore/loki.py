"""Server lines out of a Grafana Loki that the host fills by itself; nothing is ever written there.

The API: https://grafana.com/docs/loki/latest/reference/loki-http-api/ and the language:
https://grafana.com/docs/loki/latest/query/log_queries/. Built and tested against responses written from these pages,
not against a live server (docs/scale.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from ipaddress import IPv6Network, ip_network
from typing import Any, Final

import httpx
import regex

from bot.adapters.logstore.digest import to_micros
from bot.adapters.logstore.foreign import (
    FACES,
    MOST_LINES,
    NAMELESS,
    SEARCHES_WITHIN,
    Count,
    Entry,
    ForeignLogStore,
    needles,
)
from bot.adapters.logstore.http import Place
from bot.adapters.logstore.keeping import FAMILIES
from bot.adapters.logstore.keeping import family as family_of
from bot.core.networks import networks_of
from bot.core.observed import LogQuery
from bot.errors import SettingsError

OPTIONS: Final = frozenset({"selector", "tenant", "host", "program", "pid"})
_SELECTOR: Final = regex.compile(r"\{[^{}\r\n]{1,500}\}")
_LABEL: Final = regex.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def literal(text: str) -> str:
    """A regular expression of RE2's syntax that matches ``text`` and nothing else, letter case aside. What is no plain
    letter or digit is written as ``\\x{…}``, so nothing in it means anything. The one way by which foreign text gets
    into a query."""
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(sign if sign in _PLAIN else f"\\x{{{ord(sign):x}}}" for sign in valid)


def filtered(selector: str, ways: Iterable[str]) -> str:
    """A query for the lines of ``selector`` that match one of ``ways``, which :func:`literal` and
    :func:`network_way` made. In a string of LogQL the backslash is written twice."""
    return f'{selector} |~ "{("(?i)(?:" + "|".join(ways) + ")").replace(chr(92), chr(92) * 2)}"'


def network_way(network: str) -> str:
    """A regular expression that matches every way of writing an address of ``network``: an IPv4 address, or an IPv6 /64
    with or without its zeros; few others."""
    parsed = ip_network(network)
    if not isinstance(parsed, IPv6Network):
        return f"(?:^|[^0-9]){literal(str(parsed.network_address))}(?:[^0-9]|$)"
    groups = parsed.network_address.exploded.split(":")[:4]
    way, place = "(?:^|[^0-9a-f:])", 0
    while place < 4:
        zeros = place
        while zeros < 4 and groups[zeros] == "0000":
            zeros += 1
        if zeros > place:
            way += f"(?:(?:0{{1,4}}:){{{zeros - place}}}|{'::' if place == 0 else ':'})"
            place = zeros
        else:
            way += f"0{{0,3}}{groups[place].lstrip('0')}:"
            place += 1
    return way


class LokiLogStore(ForeignLogStore[str]):
    """A LogStore over Loki. Options of the URL: ``selector`` (which streams hold mail logs), ``tenant``, and the
    labels ``host``, ``program`` and ``pid``. A user without a password is a bearer token. Raises SettingsError for a
    URL that makes no sense."""

    def __init__(
        self,
        url: str,
        *,
        zone: tzinfo = UTC,
        seconds: float = SEARCHES_WITHIN,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        place = Place.of(url, "Loki", known=OPTIONS)
        self._selector = place.options.get("selector", '{job=~".+"}')
        if not _SELECTOR.fullmatch(self._selector, timeout=1):
            raise SettingsError(
                'LOG_STORE_URL: selector: must be a stream selector such as {job="mail"}, percent-encoded'
            )
        self._labels = {name: place.options.get(name, name) for name in ("host", "program", "pid")}
        if not all(_LABEL.fullmatch(label, timeout=1) for label in self._labels.values()):
            raise SettingsError("LOG_STORE_URL: host, program and pid: must be names of labels")
        self._by_program = "program" in place.options
        self._path = f"/{place.path}/loki/api/v1/query_range".replace("//", "/")
        headers = {"X-Scope-OrgID": place.options["tenant"]} if "tenant" in place.options else {}
        super().__init__(place, token="Bearer", zone=zone, seconds=seconds, transport=transport, headers=headers)

    def query_of(self, query: LogQuery) -> str | None:
        """The LogQL that finds every line that ``query`` selects, its time aside; None where there is nothing to ask
        for."""
        ways = [*map(literal, needles(query)), *map(network_way, sorted(networks_of(query.ips)))]
        ways += map(literal, NAMELESS) if query.anonymous else ()
        return filtered(self._selector, ways) if ways else None

    def _holding(self, texts: Sequence[str]) -> str:
        return filtered(self._selector, map(literal, texts))

    def _lines(self, asked: str, since: datetime, until: datetime, ends: float) -> tuple[list[Entry], bool]:
        entries = []
        for stream in self._ask(asked, since, until, ends, limit=MOST_LINES):
            labels = {name: stream["stream"].get(label) for name, label in self._labels.items()}
            for stamp, line, *_ in stream["values"]:
                entries.append(Entry(int(stamp) // 1000, line, **labels))
        return entries, len(entries) >= MOST_LINES

    def _probe(self, begin: datetime, end: datetime, ends: float) -> None:
        self._ask(self._selector, begin, end, ends, limit=1)

    def _counted(self, begin: datetime, end: datetime, ends: float) -> tuple[list[Count], Mapping[str, Iterable[str]]]:
        host, program = self._labels["host"], self._labels["program"]
        counts: list[Count] = []
        if self._by_program:
            counts = list(
                self._counts(
                    f"sum by ({host},{program}) (count_over_time({self._selector}[1m]))", begin, end, ends, None
                )
            )
        else:
            for family in FAMILIES:
                counts += self._counts(
                    f"sum by ({host}) (count_over_time({self._holding([family])}[1m]))", begin, end, ends, family
                )
        services: dict[str, set[str]] = {}
        seconds = int((end - begin).total_seconds())
        for face, words in FACES.items():
            for one in self._ask(
                f"sum by ({host}) (count_over_time({self._holding(words)}[{seconds}s]))", end, end, ends, step=60
            ):
                services.setdefault(one["metric"].get(host, "-"), set()).add(face)
        return counts, services

    def _counts(self, query: str, begin: datetime, end: datetime, ends: float, family: str | None) -> Iterable[Count]:
        host, program = self._labels["host"], self._labels["program"]
        for series in self._ask(query, begin, end, ends, step=60):
            of = family or family_of(series["metric"].get(program))
            for moment, lines in series["values"]:
                if of is not None:  # the value at a minute's end counts the minute before it
                    yield Count(series["metric"].get(host, "-"), of, int(float(moment)) // 60 - 1, int(float(lines)))

    def _ask(self, query: str, begin: datetime, end: datetime, ends: float, **params: Any) -> list[dict[str, Any]]:
        """The result of one query: streams or series. Raises StoreError."""
        asked = {
            "query": query,
            "start": to_micros(begin) * 1000,
            "end": to_micros(end) * 1000,
            "direction": "backward",
            **params,
        }
        told = self._read(self._server.ask("GET", self._path, self._left(ends), params=asked))
        try:
            if told["status"] != "success" or told["data"]["resultType"] not in ("streams", "matrix"):
                raise self._strange()
            return [_checked(one) for one in told["data"]["result"]]
        except (ValueError, KeyError, TypeError) as error:
            raise self._strange() from error


def _checked(one: dict[str, Any]) -> dict[str, Any]:
    """A stream or series whose parts are of the form that the API describes. Raises ValueError, KeyError, TypeError."""
    labels = one["stream"] if "stream" in one else one["metric"]
    if not all(isinstance(text, str) for text in labels.values()):
        raise TypeError("labels are texts")
    for moment, value, *_ in one["values"]:
        float(moment)
        if not isinstance(value, str):
            raise TypeError("values are texts")
    return one
