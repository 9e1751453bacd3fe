"""By what a kept line is found in a back-end with columns: one main name, the few others, and its address.

Nearly every line names one person, so the main name stands in a column of its own, by which lines are ordered; other
names of the same line (the one behind a Windows domain) and domains of theirs stand in a list that is nearly always
empty. The same reading as :mod:`bot.adapters.logstore.selection`, as columns.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final

from bot.adapters.logstore.selection import Selection, domain_of, is_anonymous, names_of
from bot.core.networks import network_of
from bot.logs.draft import FIELDS, event_of
from bot.logs.event import LogEvent

LONGEST: Final = 320
"""Bytes of the longest address that RFC 5321 allows (64, the @, 255). A longer name is found by its digest: indexes
refuse long entries, and a log can hold a name of any length."""
TEXTS: Final = tuple(field.name for field in fields(LogEvent) if "str" in str(field.type))
NUMBERS: Final = tuple(field.name for field in fields(LogEvent) if "int" in str(field.type))
COLUMNS: Final = TEXTS + NUMBERS
"""The fields of a line, in the order of columns; its time is apart."""
_values = attrgetter(*COLUMNS)
_ORDER: Final = tuple(-1 if name == "time" else COLUMNS.index(name) for name in FIELDS)
_LARGEST: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is found. ``who`` is empty where it names nobody; ``also`` holds further names, and further domains
    with an ``@`` before them."""

    who: str
    domain: str
    network: str
    also: tuple[str, ...]
    anonymous: bool


def place_of(event: LogEvent) -> Place:
    """By what ``event`` is found."""
    names = names_of(event)
    main = next(
        (name.casefold() for name in (event.mailbox, event.login, event.sender) if name and name.casefold() in names),
        "",
    )
    domain = domain_of(main) or ""
    others = sorted(names - {main})
    domains = sorted({found for name in others if (found := domain_of(name)) and found != domain})
    also = (*(key(name) for name in others), *("@" + key(found) for found in domains))
    return Place(key(main), key(domain), network(event.remote_ip), also, is_anonymous(event))


@lru_cache(maxsize=50_000)
def key(name: str) -> str:
    """``name`` as columns hold it to be found by: itself, or a digest where it is longer than any address."""
    data = name.encode("utf-8", "backslashreplace")
    if len(data) > LONGEST:
        return "#" + blake2b(data, digest_size=16).hexdigest()
    return data.decode("utf-8").replace("\0", "\ufffd")


@lru_cache(maxsize=50_000)
def network(address: str | None) -> str:
    """The network by which an address is found; empty where there is none."""
    return (network_of(address) if address else None) or ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A selection as values of columns."""

    who: tuple[str, ...]
    domains: tuple[str, ...]
    networks: tuple[str, ...]
    also: tuple[str, ...]
    anonymous: bool

    @classmethod
    def of(cls, selection: Selection) -> Wanted:
        """What columns have to hold for a line to be selected."""
        who = tuple(sorted(map(key, selection.names)))
        domains = tuple(sorted(map(key, selection.domains)))
        return cls(
            who,
            domains,
            tuple(sorted(selection.networks)),
            (*who, *("@" + domain for domain in domains)),
            selection.anonymous,
        )


def columns_of(event: LogEvent) -> list[Any]:
    """The values of :data:`COLUMNS`; a number beyond 64 bits is left out."""
    values = list(_values(event))
    for place in range(len(TEXTS), len(values)):
        number = values[place]
        if number is not None and not -_LARGEST <= number <= _LARGEST:
            values[place] = None
    return values


def event_from(time: Any, values: list[Any]) -> LogEvent:
    """The event of a row: its time (aware) and the values of :data:`COLUMNS`."""
    return event_of([time if place < 0 else values[place] for place in _ORDER])
