"""Reading what vendors answer: JSON of which nothing is certain, times, header fields, files in base64; and writing
for them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from bot.core.note import visible
from bot.errors import SendRefused

Json = Any
T = TypeVar("T")


def header_fields(block: str) -> tuple[tuple[str, str], ...]:
    """Header fields of a mail, topmost first: one a line, folded ones indented; the first empty line ends them."""
    fields: list[tuple[str, str]] = []
    for line in block.splitlines()[:500]:
        if not line.strip():
            break
        if line[:1] in (" ", "\t") and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        elif ":" in line:
            name, _, value = line.partition(":")
            fields.append((name.strip(), value.strip()))
    return tuple(fields)


def segment(value: object) -> str:
    """One segment of a path."""
    return quote(str(value), safe="")


def moment(value: object) -> datetime:
    """A moment as vendors write it: ISO 8601, or seconds since 1970. Raises SendRefused for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), UTC)
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SendRefused(f"a time that cannot be read: {visible(str(value), 40)}") from error


def as_html(text: str) -> str:
    """Plain text for a vendor that wants HTML: everything escaped, lines kept."""
    return escape(text).replace("\n", "<br>\n")


def the(value: Json, *names: str) -> Json:
    """What stands under ``names`` in nested objects; None where one of them is missing or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def shaped(value: Json) -> dict[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def word(value: Json) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


def texts(value: Json) -> tuple[str, ...]:
    """The texts and numbers of a list, as texts; none of anything else."""
    return tuple(str(one) for one in value if isinstance(one, str | int)) if isinstance(value, list) else ()


def number(value: Json) -> float:
    """A number, also one in quotes; 0 for anything else."""
    try:
        return float(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        return 0.0


def whole(value: Json) -> int:
    """A number of bytes; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def decoded(value: Json, limit: int) -> bytes:
    """Bytes that a vendor gives in base64, at most ``limit``. Raises SendRefused for what is no base64 or more than
    that."""
    if not isinstance(value, str) or len(value) > limit * 3 // 2:
        raise SendRefused("a file that is too large, or none")
    try:
        return base64.b64decode(value)
    except ValueError as error:
        raise SendRefused("a file that is no base64") from error


class Kept(Generic[T]):
    """What never changes, asked for once; the oldest is forgotten."""

    def __init__(self, most: int = 2000) -> None:
        self._most, self._kept = most, dict[str, T]()

    def of(self, key: str, ask: Callable[[str], T]) -> T:
        """What ``ask`` once said of ``key``."""
        if key not in self._kept:
            found = ask(key)
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = found
        return self._kept[key]


def items(value: Json, *names: str) -> list[dict[str, Any]]:
    """The objects of the list under ``names``; empty where there is none."""
    found = the(value, *names) if names else value
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
