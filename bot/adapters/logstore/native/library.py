"""The native reader as Python sees it: found, checked, its functions declared."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_bool, c_char_p, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from bot.logs.draft import FIELDS

HERE: Final = Path(__file__).parent
BUILT: Final = HERE / "libtriage_reader.so"
SLOTS: Final = 6
END, LOOK, PROGRAM, WORDING = range(4)
"""Why the reader stopped."""

Given = tuple[bytes | None, int]


class Text(Structure):
    """Bytes that belong to the library; ``at`` None: not stated."""

    _fields_ = (("at", c_void_p), ("size", c_size_t))


class Facts(Structure):
    """``known`` of native.h: service, login, mailbox, remote_ip, mechanism, tls, client, version."""

    _fields_ = (
        ("since", c_int64),
        ("port", c_int64),
        ("has_since", c_bool),
        ("has_port", c_bool),
        ("proven", c_bool),
        ("texts", Text * 8),
    )


class Recalled(Structure):
    """``recalled`` of reader.c."""

    _fields_ = (("kind", c_int32), ("lines", c_int32), ("facts", Facts), ("data", c_void_p), ("size", c_int64))


class Place(Structure):
    """``stop_place`` of reader.c."""

    _fields_ = (
        ("begin", c_int64),
        ("end", c_int64),
        ("year", c_int32),
        ("month", c_int32),
        ("shape", c_int32),
        ("slot_count", c_int32),
        ("slots", (c_int64 * 2) * SLOTS),
        ("program", c_int64 * 2),
        ("message", c_int64),
    )


_TEXT: Final = (c_char_p, c_size_t)
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "open": (c_void_p, (c_int64,)),
    "close": (None, (c_void_p,)),
    "fields": (c_char_p, ()),
    "read": (c_int32, (c_void_p, c_char_p, c_int64, c_int64, POINTER(Place))),
    "know_host": (None, (c_void_p, *_TEXT, c_int32, c_char_p, c_int64, c_int32, c_int32, c_int32)),
    "forget_hours": (None, (c_void_p,)),
    "know_program": (None, (c_void_p, *_TEXT, c_int32, c_int32, *_TEXT, *_TEXT)),
    "learn_number": (None, (c_void_p, c_int32, c_int64)),
    "learn_part": (None, (c_void_p, c_int32, c_int64, *_TEXT)),
    "learn": (None, (c_void_p, *[c_int32] * 6)),
    "count": (None, (c_void_p, c_int64)),
    "cover": (None, (c_void_p, *_TEXT * 3, c_int64)),
    "visit": (None, (c_void_p, *_TEXT * 3, c_int64)),
    "succeed": (None, (c_void_p, *_TEXT * 5, c_int64, *_TEXT * 2)),
    "end": (None, (c_void_p, *_TEXT * 2, c_int64)),
    "learn_client": (None, (c_void_p, *_TEXT * 4)),
    "keep": (c_int64, (c_void_p, c_int64, *_TEXT)),
    "key": (None, (c_void_p, c_int64)),
    "answer": (None, (c_void_p, c_int64, c_int64)),
    "keep_from": (None, (c_void_p, *_TEXT, c_int64)),
    "pack": (None, (c_void_p, c_int64, c_char_p, c_int64)),
    "lines": (c_int64, (c_void_p,)),
    "take": (None, (c_void_p,)),
    "table": (c_int64, (c_void_p, c_int32, POINTER(c_void_p))),
    "ends": (c_int64, (c_void_p, c_int32, POINTER(c_void_p))),
    "recall": (c_int32, (c_void_p, c_int32, *_TEXT, POINTER(Recalled))),
    "remember": (None, (c_void_p, c_int32, *_TEXT, POINTER(Facts))),
    "forget": (None, (c_void_p, c_int32, *_TEXT)),
    "remembered": (c_int64, (c_void_p, c_int32)),
}


class Library:
    """The functions of a built library, without their prefix. Raises OSError or AttributeError where ``path`` is
    none."""

    def __init__(self, path: Path) -> None:
        loaded = ctypes.CDLL(str(path))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(loaded, f"triage_{name}")
            function.restype, function.argtypes = result, list(arguments)
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the native reader has no function {name}")


def sources() -> list[Path]:
    """The files that the library is built from."""
    return sorted(HERE.glob("*.[ch]"))


def digest_of_sources() -> str:
    """What tells a library of other sources: it is not loaded."""
    digest = blake2b(digest_size=16)
    for path in sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def library() -> Library | None:
    """The library where it is built, from these sources, and loads; else None: then Python reads."""
    return _found()[0]


def state() -> str:
    """Who reads logs on this machine, in words for people."""
    return _found()[1]


@cache
def _found() -> tuple[Library | None, str]:
    without = "; Python reads, at a tenth of the speed (make builds it; it needs gcc)"
    try:
        built = Library(BUILT)
        fields = built.fields().decode()
    except OSError:
        missing = "is not built" if not BUILT.exists() else "cannot be loaded"
        return None, f"the native reader {missing}{without}"
    except AttributeError:
        return None, f"the native reader is of another version{without}"
    stamp = BUILT.with_suffix(".sources")
    stale = not stamp.is_file() or stamp.read_text("ascii").strip() != digest_of_sources()
    if stale or fields != ",".join(FIELDS):
        return None, f"the native reader is of another version{without}"
    return built, "the native reader reads logs"


def given(value: str | None) -> Given:
    """A text as the library takes it."""
    if value is None:
        return None, 0
    data = value.encode("utf-8", "surrogatepass")
    return data, len(data)


def taken(one: Any) -> str | None:
    """A text that the library holds."""
    return None if one.at is None else ctypes.string_at(one.at, one.size).decode("utf-8", "surrogatepass")
