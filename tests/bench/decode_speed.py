"""Lines a second of the plain decoder on one core: ``python tests/bench/decode_speed.py LOG[.gz] …``."""

from __future__ import annotations

import gzip
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bot.logs.decode import Decoder

ROUNDS = 3


def read(path: Path) -> list[str]:
    """All lines of a log, plain or gzipped."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
        return list(lines)


def best_rate(lines: list[str]) -> float:
    """The best of a few rounds, each with a decoder that has learned nothing yet."""
    rates = []
    for _ in range(ROUNDS):
        decoder = Decoder(reference=datetime(2026, 11, 22, tzinfo=UTC))
        decode = decoder.decode
        started = time.process_time()
        for line in lines:
            decode(line)
        rates.append(len(lines) / (time.process_time() - started))
    return max(rates)


def main(arguments: list[str]) -> int:
    """Print one row a file and one for all of them together."""
    if not arguments:
        print("usage: decode_speed.py LOG[.gz] …", file=sys.stderr)
        return 2
    everything: list[str] = []
    for name in arguments:
        lines = read(Path(name))
        everything += lines
        print(f"{Path(name).name:<24} {len(lines):>8} lines {best_rate(lines):>10,.0f} lines/s")
    print(f"{'all':<24} {len(everything):>8} lines {best_rate(everything):>10,.0f} lines/s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
