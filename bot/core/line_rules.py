"""What a server line means: the rule of knowledge/log that fits it."""

from __future__ import annotations

import regex

from bot.logs.event import LogEvent
from knowledge.model import Knowledge, LogRule

HANGING_SECONDS = 8
"""A handshake that takes longer was never begun: the program waits for a greeting (mail-lab: 12 to 20 s)."""


def rule_of(event: LogEvent, shape: str, knowledge: Knowledge) -> LogRule | None:
    """The rule of knowledge/log with the highest rank that fits a line, None where none does."""
    best: LogRule | None = None
    for rule in knowledge.log_rules:
        if event.event not in rule.events or (best is not None and rule.rank <= best.rank):
            continue
        if rule.reasons and event.reason not in rule.reasons:
            continue
        if rule.services and event.service not in rule.services:
            continue
        if rule.login != "any" and rule.login != shape:
            continue
        if rule.detail and not any(
            regex.search(p, _detail(event), regex.IGNORECASE, timeout=0.05) for p in rule.detail
        ):
            continue
        best = rule
    return best


_LEFT_EARLY = ("no_auth_attempts", "tls_handshake_not_finished")


def _detail(event: LogEvent) -> str:
    """The text that rules look at. A handshake that hung is told as such: it is check 4, a short one is not."""
    detail = event.detail or ""
    if event.reason in _LEFT_EARLY and event.tls == "handshake" and (event.seconds or 0) >= HANGING_SECONDS:
        return "hanging handshake " + detail
    if event.event == "no_auth_attempts" and event.tls == "handshake":
        return "TLS handshaking " + detail
    return detail
