"""Reading files in other processes: Python reads with one core each.

A process of ours is started anew, not forked, and talks over its own pipes: pickled jobs in, pickled chunks
out. It ends when its input does, so that a parent that was killed leaves nothing behind.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import bot
from bot.adapters.logstore.sink import Prepared
from bot.adapters.logstore.sqlite.reading import Chunk, End, Job, read_chunks
from bot.adapters.logstore.sqlite.sources import UNREADABLE, OpenLog, reason_of

WORTH_IT: Final = 4 << 20
"""Bytes on the disk from which on a second process pays for its start."""
AHEAD: Final = 2
"""Chunks that a process may be ahead of the writer."""

RARELY: Final = (200_000, 20, 50)
"""Thresholds of the garbage collector while reading: hundreds of thousands of small values are made that no
cycle holds, and looking through them again and again costs a tenth of the time."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ReadingProcess:
    """One process that reads files, one after the other."""

    def __init__(self) -> None:
        package = str(Path(next(iter(bot.__path__))).parent)
        paths = [package, os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def start(self, job: Job) -> None:
        """Begin with a file. Raises OSError where the process is gone."""
        pipe = self._process.stdin
        if pipe is not None:
            pickle.dump(job, pipe)
            pipe.flush()

    def results(self) -> Iterator[Chunk | End]:
        """The chunks of the file that was begun, and its end. Raises OSError where it could not be read."""
        pipe = self._process.stdout
        while pipe is not None:
            try:
                result = pickle.load(pipe)  # from our own process
            except (EOFError, pickle.UnpicklingError) as error:
                raise OSError("the process that read it has ended") from error
            if isinstance(result, str):
                raise OSError(result)
            yield result
            if isinstance(result, End):
                return

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        self._process.wait()


def serve(jobs: BinaryIO, results: BinaryIO) -> None:
    """Read what ``jobs`` asks for until it ends."""
    ready: queue.Queue[Chunk | End | str] = queue.Queue(AHEAD)

    def send() -> None:
        while True:
            try:
                pickle.dump(ready.get(), results, protocol=pickle.HIGHEST_PROTOCOL)
                results.flush()
            except OSError:  # nobody listens any more
                os._exit(1)

    threading.Thread(target=send, daemon=True).start()
    while True:
        try:
            job: Job = pickle.load(jobs)  # from the process that started this one
        except EOFError:
            return
        try:
            with OpenLog(job.file) as log:
                for result in read_chunks(job, log, log.read_head()):
                    ready.put(_made(result))
        except UNREADABLE as error:
            ready.put(reason_of(error))


def _made(result: Chunk | End) -> Chunk | End:
    """With its rows made, so that they can be sent."""
    return Chunk(partial(_itself, result.rows()), result.behind, result.done) if isinstance(result, Chunk) else result


def _itself(rows: Prepared) -> Prepared:
    return rows


def main() -> None:
    """Serve on the standard streams; what the code prints goes to standard error."""
    gc.set_threshold(*RARELY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, results)
