"""Kept lines as the embedded store holds them: a few in order, compressed together.

Lines of one log are alike, so a block takes a fourth of its text; a larger one would take less, but a search opens a
block for nearly every line that it shows. A line's number is its block's id times :data:`LINES`, plus its place in
the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import zstandard

LINES: Final = 8
"""Lines of a block."""
LEVEL: Final = 3
"""Of zstd."""

Block = tuple[int, int, int, bytes]
"""Number, first and last time (microseconds), data."""


def write_blocks(lines: Sequence[tuple[int, str]]) -> list[Block]:
    """``lines``, each its time and what :func:`bot.adapters.logstore.sqlite.rows.pack` made of it, as blocks
    numbered from 0. JSON has no line end in it, so lines are parted by one."""
    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    made = []
    for number, start in enumerate(range(0, len(lines), LINES)):
        part = lines[start : start + LINES]
        times = [time for time, _ in part]
        text = "\n".join([packed for _, packed in part])
        made.append((number, min(times), max(times), compress(text.encode("utf-8", "surrogatepass"))))
    return made


class BlockReader:
    """Opens blocks; for one thread, since making a decompressor costs more than using it."""

    def __init__(self) -> None:
        self._decompress = zstandard.ZstdDecompressor().decompress

    def lines(self, data: bytes) -> list[str]:
        """The packed lines of a block."""
        return self._decompress(data).decode("utf-8", "surrogatepass").split("\n")
