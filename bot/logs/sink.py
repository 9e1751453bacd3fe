"""Who takes what a log tells."""

from __future__ import annotations

from typing import Protocol

from bot.logs.event import LogEvent


class Sink(Protocol):
    """Who takes what a log tells. Times are microseconds since 1970."""

    def add(self, event: LogEvent) -> None:
        """A line that was decoded and linked."""

    def passed(self, lines: int) -> None:
        """So many lines were passed over."""

    def cover(self, host: str, family: str | None, service: str | None, times: list[int]) -> None:
        """Lines of ``host`` that were passed over."""

    def succeed(self, host: str, service: str, login: str, address: str, session: str | None, time: int) -> None:
        """A login; ``session`` is that of IMAP and POP3."""

    def end(self, host: str, session: str, time: int) -> None:
        """A session ended."""

    def visit(self, host: str, family: str | None, address: str, time: int) -> None:
        """Somebody came and left without a login."""
