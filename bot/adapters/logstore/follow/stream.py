"""The lines of one feed on their way into the store: what one block teaches (who is connected, the year, a host's
zone) serves the blocks after it, across rotations and, by reading the last lines again, across restarts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

from bot.adapters.logstore import keeping
from bot.adapters.logstore.digest import Batch, Digest, Source
from bot.logs.skim import Skimmer


class Stream:
    """One feed's reader and what it has read since the last :meth:`take`. ``now`` is asked for the year's witness."""

    def __init__(self, zone: tzinfo, now: Callable[[], datetime]) -> None:
        self.now = now
        self._digest = Digest()
        self._skimmer = Skimmer(
            self._digest, family=keeping.family, trouble=keeping.is_troubled, zone=zone, reference=now()
        )
        self.newest: dict[Source, int] = {}
        """The newest line of each host and program, microseconds."""
        self._broken: dict[Source, int] = {}
        self.lines = 0
        """Lines fed since the last :meth:`take`."""

    def warm(self, text: str) -> None:
        """Read lines that are stored already, for what they teach."""
        self._skimmer.feed(text)
        for source, last in newest_of(self._digest.take()).items():
            self.newest[source] = max(last, self.newest.get(source, last))

    def feed(self, text: str) -> None:
        """Read whole lines, each with its end."""
        self._skimmer.as_of(self.now())
        self._skimmer.feed(text)
        self.lines += text.count("\n")

    def broken(self) -> None:
        """Lines may be missing between those fed so far and the next."""
        self._broken = {**self.newest, **self._broken}

    def take(self) -> tuple[Batch, list[tuple[Source, int, int]]]:
        """What was fed, and the holes (source, last line before, first after) that its first lines have closed."""
        batch = self._digest.take()
        self.lines = 0
        holes: list[tuple[Source, int, int]] = []
        for source, minutes in batch.minutes.items():
            before = self._broken.pop(source, None)
            if before is not None:
                holes.append((source, before, min(minute.first for minute in minutes.values())))
        for source, last in newest_of(batch).items():
            self.newest[source] = max(last, self.newest.get(source, last))
        return batch, holes


def newest_of(batch: Batch) -> dict[Source, int]:
    """The newest line of each host and program in ``batch``, microseconds."""
    return {source: max(minute.last for minute in minutes.values()) for source, minutes in batch.minutes.items()}
