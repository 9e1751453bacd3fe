"""What a line says apart from whom it is about: lines of one wording are parsed once, not each time.

A wording is learned from the grammar itself, by parsing it with two sets of made-up names. A field that comes out
alike both times is the wording's own; one that holds the names, whole or within a text, is put together from the
line's names from then on. A wording of which a field is neither is not learned, and its lines are always parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from bot.logs.decode import parse
from bot.logs.draft import Draft, mailbox_of, values_of
from bot.logs.session import canonical
from bot.logs.shapes import TELLING

KEPT: Final = 4096
LOWER: Final = 100
"""Added to a slot's number: its value in lower case, which is what a mailbox is."""
_IPS: Final = frozenset({"l_ip", "a_ip", "s_ip", "g_ip", "r_ip"})
_MADE_UP: Final = {
    # by what the value looks like: nothing, a full address, an IPv6 address, anything else
    "ip": ("192.0.2.{}", "2001:db8::{}"),
    "name": ("Zq{}Xw@Vk{}Jh.Example", "Zq{}Xw"),
}

Key = tuple[object, ...]


class Template(NamedTuple):
    """The fields of a wording, and those that are put together: index, and texts and numbers of slots in turn."""

    values: tuple[Any, ...]
    filled: tuple[tuple[int, tuple[str | int, ...]], ...]
    fresh: bool
    """True where its session id began just now."""


class Templates:
    """The wordings of one stream of lines; bounded."""

    def __init__(self) -> None:
        self._known: dict[Key, Template | None] = {}

    def parse(self, found: re.Match[str], shape: str, program: str) -> tuple[list[Any], bool] | None:
        """The fields of the line that ``found`` matches, as :func:`bot.logs.decode.parse` fills them in, and what
        that returns; None where the line has to be parsed. Time, host, pid, format and raw are left to the caller.
        """
        static, slots = TELLING[shape]
        own = found.group(*static)
        names: list[str | None] = list(found.group(*slots))
        kinds = 0
        for at, name in enumerate(slots):
            value = names[at]
            kind = 0
            if value is not None:
                if name in _IPS:
                    names[at] = canonical(value)
                    if names[at] is None:
                        return None
                    kind = 2 if ":" in value else 1
                elif value:
                    kind = 2 if "@" in value else 1
                    if kind == 2 and mailbox_of(value) is None:
                        return None
                else:
                    kind = 3
            kinds = kinds * 4 + kind
        key = (shape, program, kinds, own)
        if key not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            spans = [found.span(slot) for slot in slots]
            self._known[key] = learn(
                found.string[: found.end() - 1], slots, spans, names, program, found.start(static[0])
            )
        template = self._known[key]
        if template is None:
            return None
        values: list[Any] = list(template.values)
        for at, parts in template.filled:
            if len(parts) == 1:
                values[at] = _value(parts[0], names)
            else:
                values[at] = "".join([_value(part, names) for part in parts])
        return values, template.fresh


def _value(part: str | int, names: list[str | None]) -> str:
    if isinstance(part, str):
        return part
    return (names[part] or "") if part < LOWER else (names[part - LOWER] or "").lower()


def learn(
    text: str,
    slots: Sequence[str],
    spans: Sequence[tuple[int, int]],
    names: Sequence[str | None],
    program: str,
    start: int,
) -> Template | None:
    """The template of a wording, from two lines of it about people who do not exist; None where there is none.

    ``text`` ends where the line ends, its message begins at ``start``; ``spans`` are where its ``slots`` stand and
    ``names`` what they hold, addresses in their usual spelling.
    """
    made = []
    for turn in (1, 2):
        told, at, chosen = "", start, list[str | None]()
        for number, slot in enumerate(slots):
            value = names[number]
            if value:
                kind = "ip" if slot in _IPS else "name"
                like = _MADE_UP[kind][(":" in value) if kind == "ip" else ("@" not in value)]
                value = like.format(turn * 20 + number, turn * 20 + number)
                told += text[at : spans[number][0]] + value
                at = spans[number][1]
            chosen.append(value)
        draft = Draft("")
        fresh = parse(draft, program, told + text[at:])
        made.append((values_of(draft), chosen, fresh))
    (one, first, fresh), (other, second, also) = made
    if fresh != also:
        return None
    filled = []
    for place, (value_one, rival) in enumerate(zip(one, other, strict=True)):
        if value_one != rival:
            parts = _parts(value_one, first)
            if parts is None or parts != _parts(rival, second):
                return None
            filled.append((place, parts))
    return Template(tuple(one), tuple(filled), fresh)


def _parts(value: object, names: list[str | None]) -> tuple[str | int, ...] | None:
    """``value`` as texts and the numbers of the slots whose names stand between them; None for what is no text."""
    if not isinstance(value, str):
        return None
    parts: list[str | int] = [value]
    for number, name in enumerate(names):
        if name:
            parts = _cut(parts, name, number)
            if name.lower() != name:
                parts = _cut(parts, name.lower(), number + LOWER)
    return tuple(parts)


def _cut(parts: list[str | int], name: str, number: int) -> list[str | int]:
    cut: list[str | int] = []
    for part in parts:
        if isinstance(part, str):
            for place, text in enumerate(part.split(name)):
                if place:
                    cut.append(number)
                if text:
                    cut.append(text)
        else:
            cut.append(part)
    return cut
