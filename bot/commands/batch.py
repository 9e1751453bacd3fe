"""Many tickets on all cores, the answers in the order of the tickets."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any, TypeVar

from bot.errors import WorkerLost

Item = TypeVar("Item")
Answer = TypeVar("Answer")
MANY = 16
"""From so many tickets on it pays to start processes."""
_CHUNK = 4


def in_order(
    work: Callable[[Item], Answer], items: Iterable[Item], ready: Callable[[Sequence[Item]], None] | None = None
) -> Iterator[Answer]:
    """``work`` of each item, on all cores where there are many: forked processes share what is loaded.

    ``ready`` gets the first items before that, to build what work on such items needs; it opens nothing.
    Call it while no thread runs and no database is open. ``work`` itself reports what is wrong with an item; what
    it raises is raised here. Raises WorkerLost where a process was killed.
    """
    coming = iter(items)
    first = list(islice(coming, MANY))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(first) < MANY or cores < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, chain(first, coming))
        return
    if ready is not None:
        ready(first)
    # under fork the work reaches the processes as it is: it need not be pickled
    with ProcessPoolExecutor(cores, multiprocessing.get_context("fork"), _begin, (work,)) as pool:
        try:
            yield from pool.map(_work, chain(first, coming), chunksize=_CHUNK)
        except BrokenProcessPool as error:
            raise WorkerLost(
                "a process of the batch was killed (out of memory?); answers are missing, run it again"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_mine: list[Callable[[Any], Any]] = []


def _begin(work: Callable[[Any], Any]) -> None:
    _mine.append(work)


def _work(item: Any) -> Any:
    return _mine[0](item)
