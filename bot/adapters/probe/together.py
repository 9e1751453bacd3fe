"""Several looks at once, and an end to all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, TypeVar

LIMIT: Final = 5.0
"""Seconds that one look may take."""
ALL: Final = 20.0
"""Seconds after which nobody waits any more."""
T = TypeVar("T")


def together(looks: Sequence[Callable[[], T]], limit: float = ALL) -> list[T | None]:
    """What each returns, in their order; None for one that is not back within ``limit`` seconds.

    Their threads are daemons: the system's name resolution takes no time limit, and a command must be able to end
    without it. What a look raises is shown by its thread, and it counts as not back.
    """
    done: SimpleQueue[tuple[int, T]] = SimpleQueue()

    def run(number: int, look: Callable[[], T]) -> None:
        done.put((number, look()))

    for number, look in enumerate(looks):
        Thread(target=run, args=(number, look), name=f"probe-{number}", daemon=True).start()
    found: list[T | None] = [None] * len(looks)
    end = time.monotonic() + limit
    for _ in looks:
        try:
            number, value = done.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        found[number] = value
    return found
