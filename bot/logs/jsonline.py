"""Lines that are JSON objects: journald's export, Docker's json-file driver, and log shippers.

Sources: systemd.journal-fields(7) (``MESSAGE`` is an array of bytes where it is not clean UTF-8), Docker's
json-file driver (``log``, ``stream``, ``time``), the field names of rsyslog, Vector and Fluent Bit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from bot.logs import envelope, stamp
from bot.logs.envelope import Envelope
from bot.logs.secrets import mask

MESSAGES: Final = ("MESSAGE", "log", "message", "msg", "line")
TIMES: Final = ("time", "timestamp", "@timestamp", "timereported", "date")
HOSTS: Final = ("_HOSTNAME", "host", "hostname", "HOSTNAME", "source", "fromhost")
PROGRAMS: Final = ("SYSLOG_IDENTIFIER", "appname", "programname", "program", "ident", "app_name", "app-name", "tag")
PIDS: Final = ("SYSLOG_PID", "_PID", "procid", "pid", "proc_id")
_TAG: Final = re.compile(r"([^\[\]:\s]{1,200})(?:\[([0-9]{1,10})\])?:?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX: Final = 400
_UNITS: Final = (1, 1_000, 1_000_000, 1_000_000_000)
"""Shippers count seconds, milliseconds (Fluent Bit's epoch_ms), micro- or nanoseconds since 1970: which, the size
tells until 2096."""


class Record(NamedTuple):
    """The envelope of a JSON line, and the line as it may be kept."""

    raw: str
    envelope: Envelope


def unwrap(line: str) -> Record | None:
    """The record of a line that is a JSON object (also behind a container's prefix) with a message in it."""
    start = line.find("{", 0, _PREFIX)
    if start < 0:
        return None
    if start and not line[:start].rstrip().endswith(("|", " F", " P")) and line[:start].strip():
        return None
    try:
        fields = json.loads(line[start:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    key = next((name for name in MESSAGES if text_of(fields.get(name)) is not None), None)
    if key is None:
        return None
    message = text_of(fields[key]) or ""
    stated, found = fields, nested(fields)
    if found:
        fields = {**fields, **found}
    journal = key == "MESSAGE"
    identifier = _word(fields, PROGRAMS)
    time = _journal_time(fields) if journal else _stamped(fields)
    parts = envelope.from_fields(
        time,
        _word(fields, HOSTS),
        identifier,
        _number(fields),
        "journald" if journal else "bare",
        # rsyslog's msg begins with the space behind the tag's colon (RFC 3164 4.1.3)
        envelope.clean(message).lstrip(" "),
    )
    if journal:
        parts = parts._replace(format="journald")
    return Record(_kept(line, start, stated, key, message), parts)


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Host, program and pid where they stand nested (the Elastic Common Schema) or in one tag (rsyslog's syslogtag), by
    the names that they have in flat records."""
    found: dict[str, Any] = {}
    for outer, inner, name in (
        ("host", "hostname", "host"),
        ("host", "name", "host"),
        ("process", "name", "program"),
        ("process", "pid", "pid"),
    ):
        part = fields.get(outer)
        if isinstance(part, dict) and isinstance(part.get(inner), (str, int)):
            found[name] = part[inner]
    tag = fields.get("syslogtag")
    parts = _TAG.fullmatch(tag.strip()) if isinstance(tag, str) and len(tag) < 300 else None
    if parts is not None and not any(name in fields or name in found for name in PROGRAMS):
        found["program"] = parts[1]
        if parts[2] is not None and "pid" not in fields:
            found["pid"] = parts[2]
    return found


def _kept(line: str, start: int, fields: dict[str, Any], key: str, message: str) -> str:
    """The line with secrets masked; written anew only where there are any (they may be a byte array)."""
    masked = mask(message)
    if masked == message:
        again = mask(line)
        return line if again == line else again
    safe = {name: mask(value) if isinstance(value, str) else value for name, value in fields.items()}
    safe[key] = masked
    return line[:start] + json.dumps(safe, ensure_ascii=False)


def text_of(value: object) -> str | None:
    """A message: a string, or the array of bytes journald writes for one that is not clean UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list) and value and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace").replace("\0", "\ufffd")
    return None


def _word(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable():
            return value.removesuffix(":")
    return None


def _number(fields: dict[str, Any]) -> int | None:
    for name in PIDS:
        value = str(fields.get(name, ""))
        if value.isascii() and value.isdecimal() and len(value) <= 10:
            return int(value)
    return None


def _journal_time(fields: dict[str, Any]) -> datetime | None:
    for name in ("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP"):
        value = str(fields.get(name, ""))
        if value.isascii() and value.isdecimal() and len(value) <= 17:
            return _EPOCH + timedelta(microseconds=int(value))
    return _stamped(fields)


def _stamped(fields: dict[str, Any]) -> datetime | None:
    for name in TIMES:
        value = fields.get(name)
        if isinstance(value, str):
            got = stamp.iso(value)
            if got is not None and got[0] is not None:
                if got[0].tzinfo is not None:
                    return got[0]
                if name == "date":  # Fluent Bit's java_sql_timestamp is UTC and does not say so
                    return got[0].replace(tzinfo=UTC)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            unit = next((unit for unit in _UNITS if 0 < value < 4e9 * unit), None)
            if unit is not None:
                return _EPOCH + timedelta(seconds=value / unit)
    return None
