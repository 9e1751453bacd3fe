"""Records that shippers push as JSON (rsyslog's omhttp, Vector, Fluent Bit, journald's export), as lines that the
decoder reads.

Pure. A record's line holds only what the decoder asks for, with secrets masked: shippers and journald add a kilobyte
of fields to each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from bot.logs import envelope
from bot.logs.jsonline import HOSTS, MESSAGES, PIDS, PROGRAMS, TIMES, nested, text_of
from bot.logs.secrets import mask

_JOURNAL_TIMES: Final = ("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP")
_KEPT: Final = frozenset((*TIMES, *_JOURNAL_TIMES, *HOSTS, *PROGRAMS, *PIDS))
_LONGEST: Final = 60_000
_decoder: Final = json.JSONDecoder()


def lines_of(body: str, received: datetime) -> Iterator[str]:
    """The lines of a pushed body: JSON objects one a line or one behind the other, one JSON array of them, or plain
    lines of log.

    Raises ValueError for an array that is no JSON.
    """
    start = len(body) - len(body.lstrip())
    if body[start : start + 1] == "[":
        found = json.loads(body)
        yield from (line for record in found if (line := _line(record, received)) is not None)
        return
    for text in body.split("\n"):
        text = text.strip()
        if text[:1] != "{":
            if text:
                yield mask(text[:_LONGEST])
            continue
        at = 0
        while at < len(text):
            try:
                record, at = _decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                yield mask(text[at:][:_LONGEST])
                break
            line = _line(record, received)
            if line is not None:
                yield line
            while text[at : at + 1] in (" ", ",", "\t"):
                at += 1


def _line(record: object, received: datetime) -> str | None:
    return line_of(record, received) if isinstance(record, dict) else None


def line_of(record: Mapping[str, Any], received: datetime) -> str | None:
    """A record as one line of JSON; None where it holds no message. One without a time gets that of its receipt."""
    key = next((name for name in MESSAGES if text_of(record.get(name)) is not None), None)
    if key is None:
        return None
    record = {**record, **nested(record)}
    kept: dict[str, Any] = {
        name: value
        for name, value in record.items()
        if name in _KEPT and isinstance(value, (str, int, float)) and len(str(value)) <= 255
    }
    # daemons write one line a message: the rest is not theirs
    message = (text_of(record[key]) or "").strip("\r\n").split("\n", 1)[0]
    if (
        not any(name in kept for name in (*TIMES, *_JOURNAL_TIMES))
        and envelope.split(envelope.clean(message)).time is None
    ):
        kept["timestamp"] = received.isoformat()
    return json.dumps({**kept, key: mask(message[:_LONGEST])}, ensure_ascii=False)
