"""journald's journal, through ``journalctl -o json --follow``: one JSON object a line (systemd.journal-fields(7),
journalctl(1)), each with the ``__CURSOR`` behind which reading goes on after a restart. Cursor and rows are
committed together."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Final

from bot.adapters.logstore.digest import from_micros
from bot.adapters.logstore.follow.feed import Say
from bot.adapters.logstore.follow.pushed import Parcel, PushedFeed
from bot.adapters.logstore.follow.stream import Stream
from bot.logs.records import line_of

PROGRAM: Final = "journalctl"
BLOCK: Final = 1 << 18
LONGEST: Final = 1 << 22
"""Bytes of one entry that are read; a longer one is passed over."""
AGAIN: Final = 2.0
"""Seconds until journalctl is started again after it ended."""


class JournalFeed(PushedFeed):
    """The journal's entries of some units; ``all`` is every unit."""

    def __init__(self, units: Sequence[str], stream: Stream, say: Say) -> None:
        super().__init__("journal", stream, say)
        self._units = [] if "all" in units else list(units)
        self._cursor: str | None = None
        self._time = 0
        self._by_time = False
        """True while the entries up to the last one's time are passed over, since its cursor is of no use."""
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.on_open = self._begin
        self.on_end = self._end

    def _begin(self) -> None:
        if self.cursor is not None:
            self._cursor, self._time = self.cursor
        self._thread.start()

    def _command(self) -> list[str]:
        command = [
            PROGRAM,
            "-o",
            "json",
            "--follow",
            "--no-tail",
            *(word for unit in self._units for word in ("-u", unit)),
        ]
        if self._by_time:
            return [*command, f"--since=@{self._time // 1_000_000}"]
        return [*command, f"--after-cursor={self._cursor}"] if self._cursor is not None else command

    def _run(self) -> None:
        """Keep the program running; what it complains of is said once."""
        said = ""
        while not self._stop.is_set():
            before = self._cursor
            try:
                why = self._follow()
            except OSError as error:
                why = error.strerror or str(error)
            if self._stop.is_set():
                return
            if self._cursor is not None and self._cursor == before and "cursor" in why.lower() and not self._by_time:
                self._by_time = True
                self.missing(f"{PROGRAM}: {why}: it goes on by time; lines may be missing, which counts as a gap")
                continue
            if why != said:
                said = why
                self._say(f"{PROGRAM}: {why}; it is started again")
            self._stop.wait(AGAIN)

    def _follow(self) -> str:
        """Read until the program ends; returns why it did. Raises OSError where it cannot be started."""
        with subprocess.Popen(
            self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            self._process = process
            out, errors = process.stdout, process.stderr
            if out is None or errors is None:
                return "it has no output"
            complaint: list[bytes] = []

            def listen() -> None:
                for line in errors:
                    complaint[:] = [line]

            listener = threading.Thread(target=listen, daemon=True)
            listener.start()
            carry = b""
            while block := os.read(out.fileno(), BLOCK):
                *whole, carry = (carry + block).split(b"\n")
                if len(carry) > LONGEST:
                    carry = b""  # the rest of it is no JSON and is passed over as well
                if whole and not self._hand_over(whole):
                    process.kill()
            process.wait()
            listener.join(1.0)
            last = b"".join(complaint).decode("utf-8", "replace").strip()
            return last or f"it ended with status {process.returncode}"

    def _hand_over(self, entries: Sequence[bytes]) -> bool:
        """Offer some entries together, however long they have to wait; False where the feed ends meanwhile."""
        lines = []
        for entry in entries:
            try:
                record = json.loads(entry)
                moment = int(record["__REALTIME_TIMESTAMP"])
                cursor = str(record["__CURSOR"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            if self._by_time and moment <= self._time:
                continue
            self._by_time = False
            self._cursor, self._time = cursor, moment
            line = line_of(record, from_micros(moment))
            if line is not None:
                lines.append(line + "\n")
        if not lines:
            return True
        parcel = Parcel("".join(lines), cursor=self._cursor, time=self._time)
        while not self.offer(parcel):
            if self._stop.is_set():
                return False
            time.sleep(0.05)
        return not self._stop.is_set()

    def _end(self) -> bool:
        self._stop.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        return True  # what it had read and not handed over is read again behind the cursor
