"""Reading files in other threads: where the native reader reads, Python's lock is free nearly all the time, and a
thread needs neither a start of its own nor its rows pickled (:mod:`bot.adapters.logstore.sqlite.processes` is the
same for Python's reading)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from functools import partial
from typing import Final

from bot.adapters.logstore.sqlite.reading import Chunk, End, Job, read_chunks
from bot.adapters.logstore.sqlite.sources import UNREADABLE, OpenLog

AHEAD: Final = 1
"""Chunks that wait for the writer, beside the one that is being read: more would only take memory."""
_LOOKS: Final = 0.2
"""Seconds after which a thread that waits looks whether anybody still wants its chunk."""


class ReadingThread:
    """Reads files in a thread, one after the other."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._ready: queue.Queue[Chunk | End | BaseException | None] = queue.Queue(AHEAD)

    def start(self, job: Job) -> None:
        """Begin with a file."""
        self._thread = threading.Thread(target=partial(self._read, job), name="reading")
        self._thread.start()

    def results(self) -> Iterator[Chunk | End]:
        """The chunks of the file that was begun, and its end. Raises what reading it raised (:data:`UNREADABLE`), at
        its end."""
        last: Chunk | End | BaseException | None = None
        while (result := self._ready.get()) is not None:
            last = result
            if not isinstance(result, BaseException):
                yield result
        if isinstance(last, BaseException):
            raise last
        if not isinstance(last, End):
            raise RuntimeError("the thread that read it has died of the fault shown above")

    def close(self) -> None:
        """End the thread, whatever it does; returns once it has."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _read(self, job: Job) -> None:
        try:
            with OpenLog(job.file) as log:
                for result in read_chunks(job, log, log.read_head()):
                    if not self._put(result):
                        return
        except UNREADABLE as error:
            self._put(error)
        finally:
            self._put(None)

    def _put(self, result: Chunk | End | BaseException | None) -> bool:
        """False where nobody wants results any more."""
        while not self._stopped.is_set():
            try:
                self._ready.put(result, timeout=_LOOKS)
            except queue.Full:
                continue
            return True
        return False
