"""The seam between reading logs and keeping them: whoever stores what a stretch of log comes to.

Reading cuts a file into chunks, each becomes a :class:`bot.adapters.logstore.digest.Batch`, and ``prepare`` turns that
into what the back-end stores. ``prepare`` runs where the reading runs, which may be another process, so it is a plain
function; the rest runs in the process that writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from bot.adapters.logstore.digest import Batch, gathered
from bot.logs.event import LogEvent

if TYPE_CHECKING:
    from bot.adapters.logstore.sqlite.marks import Identity, Mark


class Prepared(Protocol):
    """A batch as one back-end stores it; reading looks at nothing but the counts."""

    read: int
    undated: int
    kept: int


Prepare = Callable[[Batch], Prepared]


class LogSink(Protocol):
    """Stores batches, and with each how far its file was read: both or neither.

    A back-end without transactions over several tables says by ``Identity.stop`` that a write was interrupted: the
    reader then hands in that very part of the file again, and the back-end leaves out what it has of it.
    """

    def identify(self, head: bytes) -> Identity:
        """Which file begins with ``head``, and how far it was read. Raises StoreError."""
        ...

    def write(self, ready: Any, mark: Mark | None) -> int | None:
        """Store a prepared batch and how far its file was read; returns the mark's id. Raises StoreError."""
        ...

    def refresh_gaps(self) -> None:
        """Work out anew where the logs that were written to have gaps. Raises StoreError."""
        ...


def add_events(sink: LogSink, prepare: Prepare, events: Iterable[LogEvent]) -> int:
    """Store decoded, linked events that come from no file; returns how many lines were kept verbatim. Raises
    StoreError."""
    ready = prepare(gathered(events))
    sink.write(ready, None)
    sink.refresh_gaps()
    return ready.kept
