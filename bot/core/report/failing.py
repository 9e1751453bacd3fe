"""Failures in the logs without tickets, by the same rules of knowledge/log as a ticket's own lines: who fails, of
what, since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.line_rules import rule_of
from bot.core.model import Facts
from bot.core.networks import network_of
from bot.core.report.masked import network_masked
from bot.core.whose import login_shape, name_in
from bot.logs.event import LogEvent
from knowledge.model import Knowledge

NOBODY = Facts()
QUIET = frozenset({"lost_connection", "disconnect", "unban", "deferred", "bounced"})
"""Events that repeat what another line has said, or that are about other servers."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failing line, classified. ``actor``: the mailbox, or the network where the line names none."""

    at: datetime
    cause: str
    actor: str
    is_mailbox: bool
    host: str
    service: str
    network: str
    client: str = ""
    own: tuple[str, str] = ("", "")
    """(mailbox or "", network as addresses are compared): what the log store is asked whether it has logged in."""
    guessable: bool = False
    """A refused login: strangers leave the same line."""


def failures(events: Iterable[LogEvent], knowledge: Knowledge) -> list[Failure]:
    """The failing lines that a rule explains and that name a mailbox or an address."""
    return [found for event in events if (found := failure_of(event, knowledge)) is not None]


def failure_of(event: LogEvent, knowledge: Knowledge) -> Failure | None:
    """One line's, by the rule's leading cause; None for lines that explain nothing, or happened to nobody."""
    if event.time is None or event.outcome != "failure" or event.event in QUIET:
        return None
    name = name_in(event)
    rule = rule_of(event, login_shape(name, NOBODY), knowledge)
    if rule is None or not rule.supports:
        return None
    mailbox = name.casefold() if name and "@" in name else ""
    unit = network_of(event.remote_ip) if event.remote_ip else None
    if not mailbox and unit is None:
        return None
    cause = max(rule.supports, key=lambda c: rule.supports[c])
    client = f"{event.client} {event.client_version or ''}".strip() if event.client else ""
    return Failure(
        event.time,
        cause,
        mailbox[:320] or str(unit),
        bool(mailbox),
        (event.host or "")[:255],
        (event.service or event.program or "")[:40],
        network_masked(event.remote_ip) or "",
        client,
        (mailbox, unit or ""),
        event.event == "auth_failed",
    )
