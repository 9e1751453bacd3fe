"""What belongs to one person or one key, packed into one row: a batch stores thousands of rows, not a hundred thousand.

finds      the lines found by one key: records of time and the line's number within its batch; a row holds at most
           :data:`FINDS`, so that a search for the newest reads few of a key that many lines have
successes  the sums of one person: how many, then records of hour (since 1970), count, first and last (within the hour),
           then, where a client is known, a JSON list with [client, version] or null for each
sessions   the sessions of one person: how many, then records of start, length (-1: its end is not seen yet) and size of
           the id, then the ids one after the other, then, where a client is known, a JSON list of clients or null

Numbers are little-endian, times microseconds since 1970. The twin in C is native/pack.c. The functions at the end
change rows where they lie; :func:`teach` makes them known to SQL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Final, NamedTuple

FINDS: Final = 256
"""Records of a row of finds."""
_FIND: Final = Struct("<qi")
_COUNT: Final = Struct("<i")
_SUM: Final = Struct("<iiII")
_SESSION: Final = Struct("<qqi")
_START: Final = Struct("<q")
_OPEN: Final = -1
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Find = tuple[int, int]
"""Time, and the line's number within its batch."""


class HourSum(NamedTuple):
    """Successes of one person within one hour."""

    hour: int
    logins: int
    first: int
    last: int
    client: str | None = None
    version: str | None = None


class Seen(NamedTuple):
    """A session of one person; ``length`` is None until its end is seen."""

    start: int
    length: int | None
    session: str
    client: str | None = None


def pack_finds(finds: Iterable[Find]) -> bytes:
    """``finds`` in the order of their times as a row."""
    return b"".join([_FIND.pack(*one) for one in finds])


def finds_in(packed: bytes) -> list[Find]:
    """The finds of a row."""
    return list(_FIND.iter_unpack(packed))


def pack_sums(sums: Sequence[HourSum]) -> bytes:
    """``sums`` as a row."""
    records = b"".join([_SUM.pack(one.hour, one.logins, one.first, one.last) for one in sums])
    return (
        _COUNT.pack(len(sums))
        + records
        + _clients([None if one.client is None else [one.client, one.version] for one in sums])
    )


def sums_in(packed: bytes) -> list[HourSum]:
    """The sums of a row."""
    end = _COUNT.size + _COUNT.unpack_from(packed)[0] * _SUM.size
    records = _SUM.iter_unpack(packed[_COUNT.size : end])
    if len(packed) == end:
        return [HourSum(*record) for record in records]
    return [
        HourSum(*record, *(client or ()))
        for record, client in zip(records, json.loads(packed[end:].decode("utf-8", "surrogatepass")), strict=True)
    ]


def pack_sessions(sessions: Sequence[Seen]) -> bytes:
    """``sessions`` as a row."""
    ids = [one.session.encode("utf-8", "surrogatepass") for one in sessions]
    records = [
        _SESSION.pack(one.start, _OPEN if one.length is None else one.length, len(name))
        for one, name in zip(sessions, ids, strict=True)
    ]
    return b"".join([_COUNT.pack(len(sessions)), *records, *ids, _clients([one.client for one in sessions])])


def sessions_in(packed: bytes) -> list[Seen]:
    """The sessions of a row."""
    at = _COUNT.size + _COUNT.unpack_from(packed)[0] * _SESSION.size
    found = []
    for start, length, size in _SESSION.iter_unpack(packed[_COUNT.size : at]):
        found.append(
            Seen(start, None if length == _OPEN else length, packed[at : at + size].decode("utf-8", "surrogatepass"))
        )
        at += size
    if at == len(packed):
        return found
    clients = json.loads(packed[at:].decode("utf-8", "surrogatepass"))
    return [one._replace(client=client) for one, client in zip(found, clients, strict=True)]


def _clients(clients: Sequence[object]) -> bytes:
    known = any(client is not None for client in clients)
    return _encode(clients).encode("utf-8", "surrogatepass") if known else b""


# -- rows that change where they lie ---------------------------------------------------------------------------------


def add_sums(old: Iterable[HourSum], new: Iterable[HourSum]) -> list[HourSum]:
    """Both together, each hour once; of two clients the new one counts."""
    merged = {one.hour: one for one in old}
    for one in new:
        known = merged.get(one.hour)
        merged[one.hour] = (
            one
            if known is None
            else HourSum(
                one.hour,
                known.logins + one.logins,
                min(known.first, one.first),
                max(known.last, one.last),
                known.client if one.client is None else one.client,
                known.version if one.version is None else one.version,
            )
        )
    return list(merged.values())


def add_sessions(old: Iterable[Seen], new: Iterable[Seen]) -> list[Seen]:
    """Both together, each session once; one whose end was seen stays ended."""
    merged = {(one.start, one.session): one for one in old}
    for one in new:
        known = merged.setdefault((one.start, one.session), one)
        if known.length is None and one.length is not None:
            merged[one.start, one.session] = one
    return list(merged.values())


def _end(packed: bytes, start: int, session: str, end: int) -> bytes:
    """Only the length of its record changes, so the rest of the row is not looked into: its start finds it."""
    name, begun = session.encode("utf-8", "surrogatepass"), _COUNT.size
    names = begun + _COUNT.unpack_from(packed)[0] * _SESSION.size
    wanted = _START.pack(start)
    place = packed.find(wanted, begun, names)
    while place >= 0:
        if (place - begun) % _SESSION.size == 0:
            at = names + sum([size for _, _, size in _SESSION.iter_unpack(packed[begun:place])])
            size = _SESSION.unpack_from(packed, place)[2]
            if packed[at : at + size] == name:
                return packed[:place] + _SESSION.pack(start, end - start, size) + packed[place + _SESSION.size :]
        place = packed.find(wanted, place + 1, names)
    return packed


def _name(packed: bytes, start: int, session: str, client: str) -> bytes:
    return pack_sessions(
        [
            one._replace(client=client) if (one.start, one.session) == (start, session) else one
            for one in sessions_in(packed)
        ]
    )


def _name_sum(packed: bytes, hour: int, client: str, version: str | None) -> bytes:
    return pack_sums(
        [one._replace(client=client, version=version) if one.hour == hour else one for one in sums_in(packed)]
    )


def _later_finds(packed: bytes, cut: int) -> bytes:
    return pack_finds([one for one in finds_in(packed) if one[0] >= cut])


def _later_sums(packed: bytes, hour: int) -> bytes:
    return pack_sums([one for one in sums_in(packed) if one.hour >= hour])


def _later_sessions(packed: bytes, cut: int) -> bytes:
    return pack_sessions([one for one in sessions_in(packed) if one.start >= cut])


def _has_hour(packed: bytes, low: int, high: int) -> bool:
    return any(low <= one.hour <= high for one in sums_in(packed))


def teach(connection: sqlite3.Connection) -> None:
    """Make the functions that change or look into packed rows known to SQL."""
    functions: dict[str, tuple[int, Callable[..., bytes | bool]]] = {
        "log_add_sums": (2, lambda old, new: pack_sums(add_sums(sums_in(old), sums_in(new)))),
        "log_add_sessions": (2, lambda old, new: pack_sessions(add_sessions(sessions_in(old), sessions_in(new)))),
        "log_end_session": (4, _end),
        "log_name_session": (4, _name),
        "log_name_sum": (4, _name_sum),
        "log_later_finds": (2, _later_finds),
        "log_later_sums": (2, _later_sums),
        "log_later_sessions": (2, _later_sessions),
        "log_has_hour": (3, _has_hour),
    }
    for name, (arguments, function) in functions.items():
        connection.create_function(name, arguments, function, deterministic=True)
