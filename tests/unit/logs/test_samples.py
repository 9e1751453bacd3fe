"""Each sample line of the *.toml files here decodes to the fields it expects; "" expects None."""

from __future__ import annotations

import random
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.logs.decode import Decoder
from bot.logs.event import EVENTS, OUTCOMES, LogEvent
from bot.logs.link import Linker

HERE = Path(__file__).parent
REFERENCE = datetime(2026, 11, 22, tzinfo=UTC)
SUCCESSES = {"login", "message_accepted", "sent"}
NEUTRAL = {"connect", "disconnect", "logout", "client_id", "unban", "other", "unknown"}


def _cases() -> list[Any]:
    cases = []
    for path in sorted(HERE.glob("*.toml")):
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["case"]
        assert entries, path
        for number, entry in enumerate(entries, start=1):
            cases.append(pytest.param(entry, id=f"{path.stem}-{number}"))
    return cases


CASES = _cases()


def _line(entry: dict[str, Any]) -> str:
    if "line" in entry:
        return str(entry["line"])
    if "program" in entry:
        return f"Nov 16 09:14:02 smtp1 {entry['program']}[31]: {entry['text']}"
    return f"Nov 16 09:14:02 imap1 dovecot: {entry['text']}"


def _decode(line: str) -> LogEvent:
    return Decoder(reference=REFERENCE).decode(line)


def test_there_are_samples_of_every_kind() -> None:
    assert len(CASES) >= 200
    seen = {case.values[0]["expect"].get("event") for case in CASES}
    assert not EVENTS - seen


@pytest.mark.parametrize("entry", CASES)
def test_sample(entry: dict[str, Any]) -> None:
    event = _decode(_line(entry))
    got = event.to_json()
    for field, expected in entry["expect"].items():
        wanted = None if expected == "" else expected
        allowed = [wanted, entry.get("may", {}).get(field, wanted)]
        assert got[field] in allowed, (field, got[field], _line(entry))
    outcome = "success" if event.event in SUCCESSES else "neutral" if event.event in NEUTRAL else "failure"
    assert event.outcome == outcome
    assert event.event in EVENTS and event.outcome in OUTCOMES
    if "hides" in entry:
        assert entry["hides"] not in str(got)


@pytest.mark.parametrize("entry", CASES)
def test_no_line_of_a_daemon_we_know_is_unknown(entry: dict[str, Any]) -> None:
    event = _decode(_line(entry))
    if event.program is not None and (event.program == "dovecot" or "/" in event.program):
        assert event.event != "unknown"


@pytest.mark.parametrize("entry", CASES)
def test_bytes_and_text_decode_alike(entry: dict[str, Any]) -> None:
    line = _line(entry)
    assert _decode(line) == Decoder(reference=REFERENCE).decode(line.encode() + b"\r\n")


def test_samples_spliced_into_each_other_never_raise() -> None:
    chance = random.Random(20261122)
    lines = [_line(case.values[0]) for case in CASES]
    decoder, linker = Decoder(reference=REFERENCE), Linker(capacity=200)
    for _ in range(5000):
        line, other = chance.choice(lines), chance.choice(lines)
        for _ in range(chance.randint(1, 4)):
            at, start = chance.randint(0, len(line)), chance.randint(0, len(other))
            piece = other[start : start + chance.randint(0, 60)]
            line = line[:at] + piece + line[at + chance.randint(0, 30) :]
        assert linker.feed(decoder.decode(line)).event in EVENTS
