"""Every line that the real daemons wrote is understood, and each failure's own line says what it must."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from maillab.judging import is_line
from maillab.recording import Recording
from maillab.scenarios import SCENARIOS, Scenario

from bot.logs.decode import Decoder
from bot.logs.event import EVENTS, OUTCOMES, LogEvent

WITHOUT_ADDRESS = frozenset({"message_accepted", "sent"})
"""qmgr and the delivery agents do not log the client's address."""


def decoded(lines: list[str]) -> list[LogEvent]:
    """The events of one file's lines."""
    return list(Decoder(reference=datetime.now(UTC)).decode_lines(lines))


@pytest.mark.parametrize("program", ["dovecot", "postfix"])
def test_every_line_is_understood(recording: Recording, program: str) -> None:
    lines = recording.dovecot if program == "dovecot" else recording.postfix
    events = decoded(lines)
    assert len(events) == len(lines) > 100
    assert [e.raw for e in events if e.event == "unknown" or e.event not in EVENTS or e.outcome not in OUTCOMES] == []
    started = min(v.started for v in recording.visits.values())
    assert [e.raw for e in events if e.time is None or abs((e.time - started).total_seconds()) > 120] == []
    failures = [e for e in events if e.outcome == "failure"]
    assert len(failures) > 20


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[s.name for s in SCENARIOS])
def test_the_line_of_the_failure(recording: Recording, scenario: Scenario) -> None:
    visit = recording.visits[scenario.name]
    assert scenario.text in visit.said and bool(scenario.text) == bool(visit.said), visit.said
    lines = recording.lines_of(visit.address, scenario.mailbox)
    events = decoded(lines)
    assert [e.raw for e in events if e.event == "unknown"] == []
    for line in scenario.lines:
        found = [e for e in events if is_line(e, line, scenario)]
        assert found, f"no line is {line}:\n" + "\n".join(f"{e.event} {e.reason} | {e.raw}" for e in events)
        addresses = {e.remote_ip for e in found} - {None}
        assert addresses == {visit.address} or (not addresses and line.event in WITHOUT_ADDRESS), found
    if not scenario.lines and scenario.before is None:
        assert lines == []


def test_addresses_are_the_clients_own(recording: Recording) -> None:
    """No line of one client is read as another's."""
    owners = {v.address for v in recording.visits.values()} | set(recording.background) | {"192.0.2.10", "192.0.2.11"}
    seen = {e.remote_ip for e in decoded(recording.dovecot) + decoded(recording.postfix) if e.remote_ip}
    assert seen <= owners and len(seen) > 40
