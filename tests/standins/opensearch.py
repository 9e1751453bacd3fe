"""An OpenSearch as far as we use one: _search and _msearch over a list of documents.

Written from https://docs.opensearch.org/latest/api-reference/search-apis/search/, …/multi-search/ and …/query-dsl/. The
standard analyzer is read as Unicode's word boundaries, as its documentation has it, lower-cased.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import httpx
import regex

MAX_BUCKETS = 65_535
MAX_RESULT_WINDOW = 10_000


@lru_cache(maxsize=50_000)
def words(text: str) -> tuple[str, ...]:
    """The terms that the standard analyzer makes of a text."""
    return tuple(found.lower() for found in regex.findall(r"\w+(?:[.']\w+)*", text))


def at(source: dict[str, Any], name: str) -> Any:
    """A field of a document, flat or nested."""
    if name in source:
        return source[name]
    first, dot, rest = name.partition(".")
    return at(source[first], rest) if dot and first in source else None


class OpenSearch:
    """Answers from ``documents``, each with ``@timestamp`` in milliseconds. ``careless`` takes every phrase for found;
    ``partial`` makes a shard fail."""

    def __init__(self, documents: Sequence[dict[str, Any]], *, careless: bool = False, partial: bool = False) -> None:
        self.documents = documents
        self.careless = careless
        self.partial = partial
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[httpx.Headers] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request."""
        self.headers.append(request.headers)
        if request.url.path == "/_msearch":
            lines = request.content.decode().split("\n")
            assert lines[-1] == "" and request.headers["Content-Type"] == "application/x-ndjson"
            return httpx.Response(
                200, json={"took": 1, "responses": [self._search(json.loads(body)) for body in lines[1::2]]}
            )
        assert (
            regex.fullmatch(r"/[^/]+/_search", request.url.path)
            and request.url.params["allow_partial_search_results"] == "false"
        )
        return httpx.Response(200, json=self._search(json.loads(request.content)))

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(body)
        assert body["size"] <= MAX_RESULT_WINDOW and body["timeout"].endswith("ms")
        found = [one for one in self.documents if self._takes(body["query"], one)]
        answer: dict[str, Any] = {
            "took": 1,
            "timed_out": False,
            "_shards": {"total": 2, "successful": 2 - self.partial, "skipped": 0, "failed": int(self.partial)},
        }
        hits = sorted(found, key=lambda one: -one["@timestamp"])[: body["size"]] if body["size"] else []
        answer["hits"] = {
            "max_score": None,
            "hits": [
                {"_index": "mail", "_id": str(n), "_source": one, "sort": [one["@timestamp"]]}
                for n, one in enumerate(hits)
            ],
        }
        if "aggs" in body:
            answer["aggregations"] = {name: self._counted(asked, found) for name, asked in body["aggs"].items()}
        return answer

    def _takes(self, query: dict[str, Any], one: dict[str, Any]) -> bool:
        ((kind, body),) = query.items()
        if kind == "bool":
            assert set(body) <= {"filter", "should", "minimum_should_match"}
            return all(self._takes(part, one) for part in body.get("filter", [])) and (
                "should" not in body or any(self._takes(part, one) for part in body["should"])
            )
        ((name, value),) = body.items()
        if kind == "range":
            assert value["format"] == "epoch_millis"
            return bool(value["gte"] <= at(one, name) <= value["lte"])
        if kind == "term":
            return bool(at(one, name) == value["value"])
        if kind == "prefix":
            return str(at(one, name) or "").startswith(value)
        assert kind == "match_phrase", kind
        asked, there = words(value["query"]), words(str(at(one, name) or ""))
        if self.careless:
            return True
        return bool(asked) and any(
            there[start : start + len(asked)] == asked for start in range(len(there) - len(asked) + 1)
        )

    def _counted(self, asked: dict[str, Any], found: Sequence[dict[str, Any]]) -> dict[str, Any]:
        inner = asked.get("aggs", {})

        def bucket(part: list[dict[str, Any]], **key: Any) -> dict[str, Any]:
            return {**key, "doc_count": len(part), **{name: self._counted(more, part) for name, more in inner.items()}}

        if "filters" in asked:
            return {
                "buckets": {
                    name: bucket([one for one in found if self._takes(query, one)])
                    for name, query in asked["filters"]["filters"].items()
                }
            }
        groups: dict[Any, list[dict[str, Any]]] = {}
        for one in found:
            if "terms" in asked:
                key = at(one, asked["terms"]["field"])
            else:
                assert asked["date_histogram"]["fixed_interval"] == "1m"
                key = one["@timestamp"] // 60_000 * 60_000
            groups.setdefault(key, []).append(one)
        assert len(groups) <= MAX_BUCKETS
        return {"buckets": [bucket(part, key=key) for key, part in sorted(groups.items())]}
