"""Whether a decoded line is the one that a scenario asks for."""

from __future__ import annotations

from bot.logs.event import LogEvent
from maillab.scenarios import Line, Scenario


def names(event: LogEvent, scenario: Scenario) -> bool:
    """True where the line says whose failure it is: mailbox, login as typed, or the sender of a refusal."""
    if scenario.login:
        return event.login == scenario.login and event.mailbox is None
    return scenario.mailbox in (event.mailbox, event.sender)


def is_line(event: LogEvent, line: Line, scenario: Scenario) -> bool:
    """True where ``event`` is what ``line`` asks for."""
    return (
        event.event == line.event
        and (line.reason is None or (event.reason or "") == line.reason)
        and (line.client is None or event.client == line.client)
        and (not line.named or names(event, scenario))
    )
