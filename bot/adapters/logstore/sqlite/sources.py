"""Opening log files, compressed or not, and cutting them into lines that carry their position."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import zstandard

from bot.errors import LogFileError

HEAD: Final = 1024
"""Bytes, uncompressed, that tell a file from every other."""
BLOCK: Final = 1 << 18
"""Bytes that are read at a time: what the kernel has just copied is still in the processor's own memory when it is
looked at."""
LONGEST: Final = 1 << 16
"""Characters of one line that are read; the rest of a longer one is passed over."""
_OVERLONG: Final = 1 << 21
_MAGIC: Final = {b"\x1f\x8b": "gz", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bz2"}

UNREADABLE: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""What opening or reading a damaged or forbidden file may raise."""


def reason_of(error: BaseException) -> str:
    """Why a file could not be read, in words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file to read. ``path`` None is standard input; ``named`` is False for one found in a directory."""

    path: Path | None
    named: bool = True

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path is None else str(self.path)


class OpenLog:
    """A log file opened for reading: its head, its time, and its uncompressed bytes."""

    def __init__(self, file: LogFile) -> None:
        self.name = file.name
        self.named = file.named
        self._standard = file.path is None
        if file.path is None:
            self._file = _buffered(sys.stdin.buffer)
            status = None
        else:
            self._file = file.path.open("rb")
            status = file.path.stat()
        regular = status is not None and stat.S_ISREG(status.st_mode)
        self.size = status.st_size if status is not None and regular else None
        self.modified = datetime.fromtimestamp(status.st_mtime, UTC) if status is not None and regular else None
        """The year's witness: when the file was last written; None for a stream (it is being written now)."""
        magic = self._file.peek(8)[:8]
        self.compression = next((kind for start, kind in _MAGIC.items() if magic.startswith(start)), None)
        self._data = self._decompressed()
        self.growing = regular and self.compression is None
        """True where more may be appended, so that an unfinished last line is left for later."""
        self.left_over = False
        """True once :func:`blocks` has left an unfinished last line behind."""
        self._ahead = self._past_nuls() if regular else b""

    def _past_nuls(self) -> bytes:
        """Pass over the NULs with which a file begins that was truncated under a writer who kept his place: they are
        no part of its text and would make all such files alike. Returns what was read beyond them."""
        while block := self._data.read(HEAD):
            text = block.lstrip(b"\0")
            if text:
                return text
        return b""

    def _decompressed(self) -> BinaryIO:
        if self.compression == "gz":
            return gzip.GzipFile(fileobj=self._file)  # type: ignore[return-value]
        if self.compression == "xz":
            return lzma.LZMAFile(self._file)  # type: ignore[return-value]
        if self.compression == "bz2":
            return bz2.BZ2File(self._file)  # type: ignore[return-value]
        if self.compression == "zst":
            reader = zstandard.ZstdDecompressor(max_window_size=1 << 27)
            return reader.stream_reader(self._file, read_across_frames=True, closefd=False)
        return self._file

    def read(self, size: int) -> bytes:
        """Up to ``size`` uncompressed bytes; empty at the end."""
        if self._ahead:
            block, self._ahead = self._ahead[:size], self._ahead[size:]
            return block
        return self._data.read(size)

    def read_head(self) -> bytes:
        """The first :data:`HEAD` bytes, fewer only where the file is shorter."""
        head = b""
        while len(head) < HEAD:
            more = self.read(HEAD - len(head))
            if not more:
                break
            head += more
        return head

    def exactly(self, carry: bytes, count: int) -> tuple[bytes, bytes]:
        """The next ``count`` bytes, of which ``carry`` was read already, and what of ``carry`` is beyond them;
        fewer where the log ends."""
        part, beyond = carry[:count], carry[count:]
        while len(part) < count and (more := self.read(count - len(part))):
            part += more
        return part, beyond

    def skip(self, count: int) -> int:
        """Pass over ``count`` bytes; returns how many there were."""
        if self.growing and not self._ahead:
            here = self._data.tell()
            self._data.seek(min(here + count, max(here, self.size or 0)))
            return self._data.tell() - here
        left = count
        while left:
            passed = len(self.read(min(left, BLOCK)))
            if not passed:
                break
            left -= passed
        return count - left

    def done(self) -> int:
        """Bytes of the file as it lies on the disk that are read."""
        try:
            return self._file.tell()
        except OSError:  # a pipe has no position
            return 0

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if not self._standard:
            self._file.close()

    def __enter__(self) -> OpenLog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _buffered(stream: BinaryIO) -> io.BufferedReader:
    """``stream`` as a reader that can peek; tests put other streams in the place of standard input."""
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", stream))


def fingerprint(head: bytes) -> bytes:
    """What a file's first bytes are remembered by."""
    return blake2b(head, digest_size=16).digest()


class Readable(Protocol):
    """What :func:`blocks` cuts into lines."""

    left_over: bool
    """Set once an unfinished last line was left behind."""

    def read(self, size: int) -> bytes:
        """Up to ``size`` uncompressed bytes; empty at the end."""
        ...


def blocks(log: Readable, carry: bytes, position: int, *, finished: bool) -> Iterator[tuple[str, int]]:
    """The lines of ``log`` in blocks as text (:func:`lines_in`), and the position behind the last of each; as
    :func:`bodies`."""
    for body, behind in bodies(log, carry, position, finished=finished):
        yield lines_in(body), behind


def bodies(log: Readable, carry: bytes, position: int, *, finished: bool) -> Iterator[tuple[bytes, int]]:
    """The lines of ``log`` in blocks of bytes, and the position behind the last line of each.

    ``carry`` holds bytes already read, which begin at ``position``. A last line without its newline is left
    out unless ``finished``.
    """
    passing = False  # inside the rest of a line that is too long
    stub = b""
    more, carry = carry, b""
    while True:
        cut = more.rfind(b"\n") + 1
        if cut:
            body = b"".join((carry, memoryview(more)[:cut]))
            carry = more[cut:]
            position += len(body)
            if passing:
                rest = body.index(b"\n") + 1
                body, stub, passing = stub + b"\n" + body[rest:], b"", False
            yield body, position
        else:
            carry += more
        if len(carry) > _OVERLONG:
            if not passing:
                stub, passing = carry[:LONGEST], True
            position += len(carry)
            carry = b""
        more = log.read(BLOCK)
        if not more:
            break
    log.left_over = bool(carry or passing) and not finished
    if (carry or passing) and finished:
        yield stub if passing else carry, position + len(carry)


def is_plain(body: bytes) -> bool:
    """True where the bytes of ``body`` are its text: there is nothing in it that :func:`lines_in` would show
    otherwise, but lines that are empty or too long."""
    return body.isascii() and b"\r" not in body and b"\0" not in body


def lines_in(body: bytes) -> str:
    """The lines of ``body``, each with its end, also the last; empty lines are left out. Bytes that are no UTF-8 are
    shown as ``\\xff``; NULs before a line (what truncation under a writer leaves behind) are dropped."""
    text = body.removesuffix(b"\n").decode("utf-8", "backslashreplace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    if "\0" in text or _has_long_line(text):
        text = "\n".join([line.lstrip("\0")[:LONGEST] for line in text.split("\n")])
    while "\n\n" in text:
        text = text.replace("\n\n", "\n")
    text = text.removeprefix("\n").removesuffix("\n")
    return text + "\n" if text else ""


def _has_long_line(text: str) -> bool:
    """True wherever a line may be longer than :data:`LONGEST`: half of that without a line end. Looking into every
    line would take longer than reading it."""
    half = LONGEST // 2
    return any(text.find("\n", at, at + half) < 0 for at in range(0, len(text) - half, half))


def expand(paths: Iterable[str | Path]) -> Iterator[LogFile | LogFileError]:
    """The files that ``paths`` name: directories with all below them, ``-`` for standard input.

    A path that is not there comes out as the error that names it, in its place.
    """
    for path in paths:
        if str(path) == "-":
            yield LogFile(None)
            continue
        where = Path(path)
        try:
            if where.is_dir():
                inside = sorted(entry for entry in where.rglob("*") if entry.is_file())
                yield from (LogFile(entry, named=False) for entry in inside)
                if not inside:
                    yield LogFileError(f"{where}: no file in this directory; name one that holds server logs")
            elif where.exists():
                yield LogFile(where)
            else:
                yield LogFileError(f"{where}: no such file or directory; check the path")
        except OSError as error:
            yield LogFileError(f"{where}: cannot be read ({error.strerror or error}); check its permissions")
