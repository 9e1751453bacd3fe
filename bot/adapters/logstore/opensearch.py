"""Server lines out of an OpenSearch or Elasticsearch that the host fills by itself; nothing is ever written there.

The API: https://docs.opensearch.org/latest/api-reference/search-apis/search/ and the query language:
https://docs.opensearch.org/latest/query-dsl/full-text/match-phrase/ (Elasticsearch's are alike in all that is used
here). Built and tested against responses written from these pages, not against a live server (docs/scale.md).

A query is JSON: foreign text is only ever the text of a ``match_phrase``, which has no operators. A phrase is compared
word by word as the field's analyzer cuts it, so a query may bring in lines with other signs between the words; they are
left out when the lines come back.
"""

from __future__ import annotations

import json
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
    picked,
)
from bot.adapters.logstore.http import Place
from bot.adapters.logstore.keeping import FAMILIES
from bot.core.networks import networks_of
from bot.core.observed import LogQuery
from bot.errors import SettingsError, StoreBusy, StoreError

OPTIONS: Final = frozenset({"message", "time", "host", "program", "pid"})
FIELDS: Final = {
    "message": "message",
    "time": "@timestamp",
    "host": "host.name",
    "program": "process.name",
    "pid": "process.pid",
}
"""Fields by the Elastic Common Schema; options of the URL name others."""
_FIELD: Final = regex.compile(r"[A-Za-z_@][A-Za-z0-9_.@-]{0,99}")
_INDEX: Final = regex.compile(r"[a-z0-9][a-z0-9_.,*-]{0,200}")
MOST_HOSTS: Final = 200


def phrase(field: str, text: str) -> dict[str, Any]:
    """The clause that selects what holds the words of ``text`` one after the other; none where it has no word. The
    one way by which foreign text gets into a query."""
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return {"match_phrase": {field: {"query": valid, "zero_terms_query": "none"}}}


def _any_of(clauses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def network_phrase(network: str) -> str:
    """The words that every way of writing an address of ``network`` begins with: an IPv4 address whole, of an IPv6
    /64 the groups before its first zero."""
    parsed = ip_network(network)
    if not isinstance(parsed, IPv6Network):
        return str(parsed.network_address)
    groups = []
    for group in parsed.network_address.exploded.split(":")[:4]:
        if group == "0000":
            break
        groups.append(group.lstrip("0"))
    return ":".join(groups)


class OpenSearchLogStore(ForeignLogStore[dict[str, Any]]):
    """A LogStore over OpenSearch or Elasticsearch. The URL's path is the index (or a pattern), its options name the
    fields. A user without a password is an API key. Raises SettingsError for a URL that makes no sense."""

    def __init__(
        self,
        url: str,
        *,
        zone: tzinfo = UTC,
        seconds: float = SEARCHES_WITHIN,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        product = "Elasticsearch" if url.startswith("elasticsearch") else "OpenSearch"
        place = Place.of(url, product, known=OPTIONS, port=9200)
        if not _INDEX.fullmatch(place.path, timeout=1):
            raise SettingsError("LOG_STORE_URL: the path must be the index that holds mail logs, such as /maillog-*")
        self._index = place.path
        self._fields = {name: place.options.get(name, field) for name, field in FIELDS.items()}
        for name, field in self._fields.items():
            if not _FIELD.fullmatch(field, timeout=1):
                raise SettingsError(f"LOG_STORE_URL: {name}: must be the name of a field")
        super().__init__(place, token="ApiKey", zone=zone, seconds=seconds, transport=transport)

    def query_of(self, query: LogQuery) -> dict[str, Any] | None:
        """The clause that finds every line that ``query`` selects, its time aside; None where there is nothing to
        ask for. Raises StoreError for a network that has no word by which it could be found."""
        networks = [network_phrase(network) for network in sorted(networks_of(query.ips))]
        if "" in networks:
            raise StoreError(f"{self.name}: cannot search for an address that begins with ::")
        texts = [*needles(query), *networks, *(NAMELESS if query.anonymous else ())]
        return self._holding(texts) if texts else None

    def _holding(self, texts: Sequence[str]) -> dict[str, Any]:
        return _any_of([phrase(self._fields["message"], text) for text in texts])

    def _lines(self, asked: dict[str, Any], since: datetime, until: datetime, ends: float) -> tuple[list[Entry], bool]:
        fields = self._fields
        found = self._ask(
            {
                "size": MOST_LINES,
                "track_total_hits": False,
                "sort": [{fields["time"]: {"order": "desc"}}],
                "_source": sorted(set(fields.values())),
                "query": self._within(since, until, asked),
            },
            ends,
        )
        entries = []
        try:
            for hit in found["hits"]["hits"]:
                line = picked(hit["_source"], fields["message"])
                if line is not None:
                    entries.append(
                        Entry(
                            int(hit["sort"][0]) * 1000,
                            line,
                            *(picked(hit["_source"], fields[name]) for name in ("host", "program", "pid")),
                        )
                    )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise self._strange() from error
        return entries, len(found["hits"]["hits"]) >= MOST_LINES

    def _probe(self, begin: datetime, end: datetime, ends: float) -> None:
        self._ask({"size": 0, "query": self._within(begin, end)}, ends)

    def _counted(self, begin: datetime, end: datetime, ends: float) -> tuple[list[Count], Mapping[str, Iterable[str]]]:
        """First which hosts there are and what they serve, then the minutes of each, so that one answer stays small."""
        fields = self._fields
        faces = {face: self._holding(words) for face, words in FACES.items()}
        hosts = {
            "terms": {"field": fields["host"], "size": MOST_HOSTS},
            "aggs": {"faces": {"filters": {"filters": faces}}},
        }
        found = self._ask({"size": 0, "query": self._within(begin, end), "aggs": {"hosts": hosts}}, ends)
        families = {
            family: _any_of([phrase(fields["message"], family), {"prefix": {fields["program"]: family}}])
            for family in FAMILIES
        }
        minutes = {"date_histogram": {"field": fields["time"], "fixed_interval": "1m", "min_doc_count": 1}}
        try:
            services = {
                str(one["key"]): [face for face, counted in one["faces"]["buckets"].items() if counted["doc_count"]]
                for one in found.get("aggregations", {}).get("hosts", {}).get("buckets", [])
            }
            names = sorted(services)
            counts: list[Count] = []
            for name, told in zip(
                names,
                self._ask_all(
                    [
                        {
                            "size": 0,
                            "query": self._within(begin, end, {"term": {fields["host"]: {"value": name}}}),
                            "aggs": {"families": {"filters": {"filters": families}, "aggs": {"minutes": minutes}}},
                        }
                        for name in names
                    ],
                    ends,
                ),
                strict=True,
            ):
                for family, part in told["aggregations"]["families"]["buckets"].items():
                    counts += [
                        Count(name, family, int(one["key"]) // 60_000, int(one["doc_count"]))
                        for one in part["minutes"]["buckets"]
                    ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._strange() from error
        return counts, services

    def _within(self, begin: datetime, end: datetime, *filters: dict[str, Any]) -> dict[str, Any]:
        window = {"gte": to_micros(begin) // 1000, "lte": to_micros(end) // 1000, "format": "epoch_millis"}
        return {"bool": {"filter": [{"range": {self._fields["time"]: window}}, *filters]}}

    def _ask(self, body: dict[str, Any], ends: float) -> dict[str, Any]:
        left = self._left(ends)
        got = self._server.ask(
            "POST",
            f"/{self._index}/_search",
            left,
            params={"allow_partial_search_results": "false", "ignore_unavailable": "true"},
            json={**body, "timeout": f"{max(1, int(left * 1000))}ms"},
        )
        return self._whole(self._read(got))

    def _ask_all(self, bodies: Sequence[dict[str, Any]], ends: float) -> list[dict[str, Any]]:
        """Several searches in one request:
        https://docs.opensearch.org/latest/api-reference/search-apis/multi-search/."""
        if not bodies:
            return []
        left = self._left(ends)
        head = json.dumps({"index": self._index, "allow_partial_search_results": False, "ignore_unavailable": True})
        lines = "".join(
            f"{head}\n{json.dumps({**body, 'timeout': f'{max(1, int(left * 1000))}ms'})}\n" for body in bodies
        )
        told = self._read(
            self._server.ask(
                "POST", "/_msearch", left, content=lines.encode(), headers={"Content-Type": "application/x-ndjson"}
            )
        )
        parts = told.get("responses")
        if not isinstance(parts, list) or len(parts) != len(bodies):
            raise self._strange()
        return [self._whole(part) for part in parts]

    def _whole(self, told: Any) -> dict[str, Any]:
        """An answer from every shard: what some did not answer must not pass for "not there"."""
        if not isinstance(told, dict) or "error" in told:
            raise StoreError(
                f"{self.name}: refused the search ({str(told.get('error') if isinstance(told, dict) else told)[:200]}); check the fields in LOG_STORE_URL"
            )
        shards = told.get("_shards", {})
        if told.get("timed_out") or (isinstance(shards, dict) and shards.get("failed")):
            raise StoreBusy(f"{self.name}: answered in part only; ask for less time, or see what keeps it busy")
        if not isinstance(told.get("hits"), dict) or not isinstance(told["hits"].get("hits", []), list):
            raise self._strange()
        return told
