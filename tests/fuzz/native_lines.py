"""Mutated lines against the native reader: ``python -m tests.fuzz.native_lines [--lines N]``.

The reader is built with the address and undefined-behaviour sanitizers and fed lines that are cut, doubled, spliced and
scribbled over; each batch must come to the same rows as Python's. Exits 1 where it does not, or where a sanitizer
speaks (then the process dies with its report).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.adapters.logstore.native.build import CHECKED, COMPILER, build
from bot.adapters.logstore.native.library import Library
from bot.adapters.logstore.sqlite.prepared import Prepared, prepare
from bot.adapters.logstore.sqlite.reading import NativeReading, PlainReading
from tests.bench.corpus import Host

_REFERENCE: Final = datetime(2026, 11, 22, tzinfo=UTC)

_FORGED: Final = (
    "x>, method=PLAIN, rip=203.0.113.9, lip=192.0.2.1, mpid=1, TLS, session=<AAAAAAAAAAAAAAAA>",
    "a@b, rip=203.0.113.9",
    "anna@example.com>",
    "<anna@example.com",
    "unknown[203.0.113.9]",
    "]: SASL LOGIN authentication failed: x, sasl_username=forged@example.com",
    "é@example.com",
    "\0",
    "\x1b[31m",
    "#033[1m",
    "\\xff",
    "\t",
    "\r",
    "user=<forged@example.com>",
    ", session=<x>",
    "): Password mismatch",
    "%s%n",
    "Anna@Example.COM",
    "OFFICE\\anna",
    '"quoted"',
    "a@b@c",
    "@",
    "2001:DB8:0::7",
    "::ffff:192.0.2.7",
    "999.1.1.1",
    "192.0.2.7.",
    "from=<a@example.com> to=<b@example.org>",
    "NOQUEUE",
    "20AB12CD34",
    "error",
    "failover",
    "AUTH PLAIN AGFubmE=",
    "given password: hunter2",
    "2026-11-16T24:00:00+00:00",
    "Feb 30 09:14:02",
)
_MORE: Final = (
    "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <x@example.org>: Relay access denied; from=<Anna@example.com> to=<x@example.org> proto=ESMTP helo=<pc>",
    "NOQUEUE: reject: RCPT from mail.example[2001:db8::7]: 450 4.7.1 <pc>: Helo command rejected: Host not found; from=<> to=<x@example.org> proto=SMTP helo=<pc>",
    "timeout after DATA from unknown[192.0.2.7]",
    "too many errors after AUTH from unknown[192.0.2.7]",
    "disconnect from unknown[192.0.2.7]",
    "disconnect from unknown[192.0.2.7] ehlo=1 auth=0/1 commands=1/2",
    "lost connection after EHLO from unknown[2001:DB8::7]",
    "warning: unknown[192.0.2.7]: SASL PLAIN authentication failed: UGFzc3dvcmQ6",
    "4F1A2B3C4D: client=unknown[192.0.2.7]",
)


def hostile_lines(count: int, seed: int) -> list[str]:
    """``count`` lines as real hosts write them, a third of them damaged or forged."""
    chance = random.Random(seed)
    hosts = [Host(f"mx{n}", face, n % 2 == 0, seed + n, 12) for n, face in enumerate(["imap", "smtp", "imap", "smtp"])]
    lines = sorted(line for host in hosts for line in host.lines(count // 4))
    tags = [line.split("]: ")[0] + "]: " for line in lines if "smtpd[" in line] or [
        "Nov 16 09:14:02 mx1 postfix/smtps/smtpd[7]: "
    ]
    made = []
    for line in lines:
        if chance.random() < 0.05:
            made.append(chance.choice(tags) + chance.choice(_MORE))
        if chance.random() > 0.33:
            made.append(line)
            continue
        at = chance.randrange(len(line) + 1)
        other = chance.choice(lines)
        match chance.randrange(7):
            case 0:
                line = line[:at]
            case 1:
                line = line[:at] + chance.choice(_FORGED) + line[at:]
            case 2:
                line = line[:at] + other[chance.randrange(len(other)) :]
            case 3:
                line = (
                    line[:at]
                    + chr(chance.choice((0, 9, 13, 27, 32, 60, 62, 91, 93, 127, 233, 0x1F600)))
                    + line[at + 1 :]
                )
            case 4:
                line = line + line[at:] * chance.randrange(1, 30)
            case 5:
                line = (
                    line.replace("user1", chance.choice(_FORGED))
                    if "user1" in line
                    else line.replace("unknown", chance.choice(_FORGED))
                )
            case _:
                line = line.replace("198.51.", chance.choice(("2001:db8::", "198.51.", "::ffff:198.51.", "1198.51.")))
        made.append(line.replace("\n", ""))
    made.append("x" * 1_000_000)
    return [line for line in made if line]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the checked reader, start this program again with the sanitizer's library ahead, and hold batch after batch
    to what Python makes of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--library", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.library is not None:
        return hold(options.library, options.lines)
    with tempfile.TemporaryDirectory() as place:
        checked = Path(place) / "libtriage_reader_checked.so"
        build(checked, CHECKED)
        ahead = subprocess.run(
            [COMPILER, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
        ).stdout.strip()
        environment = os.environ | {
            "LD_PRELOAD": ahead,
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
            "PYTHONMALLOC": "malloc",
        }
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.native_lines",
            "--library",
            str(checked),
            "--lines",
            str(options.lines),
        ]
        return 1 if subprocess.run(command, env=environment, check=False).returncode else 0


def hold(library: Path, lines: int) -> int:
    """Both ways over ``lines`` lines; status 1 where they differ. Batches begin anew, so that each is judged by
    itself."""
    native, read, differing = Library(library), 0, 0
    seed = 0
    while read < lines:
        seed += 1
        batch = hostile_lines(2000, seed)
        outcomes = []
        for reading in (PlainReading(prepare, UTC, None, _REFERENCE), NativeReading(native, UTC, None, _REFERENCE)):
            halves = []
            for part in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                reading.read("\n".join(part).encode("utf-8", "surrogatepass"))  # the last line need not have an end
                halves.append(_plain(reading.take()()))
            outcomes.append(halves)
        if outcomes[0] != outcomes[1]:
            differing += 1
            print(f"batch {seed}: native and plain differ")
        read += len(batch)
    print(f"{read:,} lines, a third of them damaged or forged; {differing} batches differ; no sanitizer spoke")
    print("figures " + json.dumps({"native_fuzz_lines": read, "native_fuzz_differing": differing}))
    return 1 if differing else 0


def _plain(ready: Prepared) -> dict[str, object]:
    """A batch's rows in an order of their own, those merged that the tables merge."""
    logins: dict[str, tuple[int, int]] = {}
    for login, _, _, first, last in ready.logins:
        known = logins.get(login, (first, last))
        logins[login] = (min(known[0], first), max(known[1], last))
    failures: Counter[object] = Counter()
    for *cause, count in ready.failures:
        failures[tuple(cause)] += count
    spans = [
        (one.source, one.first, one.last, one.lines, sorted(one.services), sorted(one.minutes), one.visits)
        for one in ready.spans
    ]
    names = ("blocks", "finds", "who", "sums", "sessions", "unended", "ends", "clients", "expired", "logged_in")
    rows = {name: sorted(getattr(ready, name), key=repr) for name in names}
    return {
        **rows,
        "logins": logins,
        "failures": failures,
        "spans": sorted(spans),
        "counts": (ready.read, ready.undated, ready.kept),
    }


if __name__ == "__main__":
    sys.exit(main())
