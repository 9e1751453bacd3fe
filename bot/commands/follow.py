"""``triage logs follow``: live logs into the store, until it is told to stop."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from bot.bootstrap import follow_of
from bot.core.note import visible
from bot.settings import read_settings


def follow(paths: list[str], *, once: bool) -> None:
    """Follow until SIGTERM or SIGINT; with ``once`` until nothing is new. Messages go to standard error, one line
    each."""

    def say(text: str) -> None:
        sys.stderr.write(f"triage: {visible(text, 1000)}\n")
        sys.stderr.flush()

    work = follow_of(read_settings(), paths, say)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        work.stop()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop)
    work.run(once=once)
    sys.stdout.write(f"{work.lines:,} lines read\n")
