"""A LogEvent as a row of the embedded store and back, every field restored."""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from operator import attrgetter
from typing import Final

from bot.adapters.logstore.digest import from_micros
from bot.adapters.logstore.selection import domain_of
from bot.adapters.logstore.sqlite.schema import key_of
from bot.core.networks import network_of
from bot.logs.draft import FIELDS, Draft, event_of
from bot.logs.event import LogEvent

_NAMES: Final = tuple(name for name in FIELDS if name != "time")
_TIME: Final = FIELDS.index("time")
_NOTHING: Final = [None] * len(FIELDS)
_values = attrgetter(*_NAMES)
_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


ANONYMOUS: Final = key_of("a", "")
"""The key that all failures share that name nobody."""


def remember_order(connection: sqlite3.Connection) -> None:
    """Write down the order of fields that new rows use; rows of another order stay readable.

    Each order gets a number, the first element of an event as it is packed.
    """
    connection.execute("INSERT OR IGNORE INTO log_meta VALUES (?, ?)", (f"fields:{ORDER}", _encode(_NAMES)))


def pack(time: int, event: LogEvent) -> str:
    """The event as one line of JSON: order, time in microseconds, and its fields up to the last that it has."""
    values = list(_values(event))
    while values[-1] is None:
        values.pop()
    return _encode([ORDER, time, *values])


def orders(connection: sqlite3.Connection) -> dict[int, tuple[str, ...]]:
    """Every order of fields that rows of this store may have."""
    found = connection.execute("SELECT key, value FROM log_meta WHERE key LIKE 'fields:%'")
    return {int(key.partition(":")[2]): tuple(json.loads(value)) for key, value in found}


def unpack(packed: str, known: dict[int, tuple[str, ...]]) -> tuple[int, LogEvent]:
    """The time and the event of one packed line; a field that LogEvent no longer has is left out."""
    order, time, *values = _decode(packed)
    if order == ORDER:
        values.insert(_TIME, from_micros(time))
        values += _NOTHING[len(values) :]
        return time, event_of(values)
    draft = Draft("")
    draft.time = from_micros(time)
    for name, value in zip(known[order], values, strict=False):
        if value is not None and name in _KNOWN:
            setattr(draft, name, value)
    return time, draft.finish()


def find_keys(event: LogEvent, names: frozenset[str]) -> set[int]:
    """The keys by which the line is found; ``names`` are its :func:`names_of`."""
    keys = {ANONYMOUS} if not names and event.outcome == "failure" else set()
    for name in names:
        keys.update(_name_keys(name))
    if event.remote_ip is not None:
        found = network_key(event.remote_ip)
        if found is not None:
            keys.add(found)
    return keys


@lru_cache(maxsize=50_000)
def network_key(address: str) -> int | None:
    """The key of an address (of IPv6 its /64); None where it is none."""
    network = network_of(address) if address else None
    return None if network is None else key_of("i", network)


@lru_cache(maxsize=50_000)
def _name_keys(name: str) -> tuple[int, ...]:
    domain = domain_of(name)
    own = key_of("n", name)
    return (own,) if domain is None else (own, key_of("d", domain))


_KNOWN: Final = frozenset(_NAMES)
ORDER: Final = int.from_bytes(",".join(_NAMES).encode(), "big") % 99991
"""The number of the present order of fields."""
