"""Syslog as it comes over the network: cutting a stream into messages (RFC 6587) and a message into a line that the
decoder reads.

Pure. RFC 6587 knows two framings and senders mix them up, so each frame says for itself: one that begins with a
count and a space is octet-counted (3.4.1), any other ends with a line feed (3.4.2). A message in either begins with
``<``, so the count is no guess.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot.logs import envelope
from bot.logs.secrets import mask

LONGEST: Final = 1 << 16
"""Bytes of one message that are read; the rest of a longer one is passed over."""
_COUNT: Final = re.compile(rb"([1-9][0-9]{0,8}) ")
_MAYBE_COUNT: Final = re.compile(rb"[1-9][0-9]{0,8}$")
_PRIORITY: Final = re.compile(r"<[0-9]{1,3}>")
_NO_TIME: Final = re.compile(r"(<[0-9]{1,3}>1) - ")
_BREAK: Final = re.compile(r"[\n\r\v\f]")


class Framing:
    """Cuts one connection's bytes into messages, however they arrive in pieces."""

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0
        """Bytes of an octet-counted message that are passed over; -1: up to the next line feed."""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now."""
        messages = []
        rest = self._rest + data
        while rest:
            if self._skip:
                if self._skip > 0:
                    passed = min(self._skip, len(rest))
                    rest, self._skip = rest[passed:], self._skip - passed
                else:
                    end = rest.find(b"\n")
                    rest, self._skip = (b"", -1) if end < 0 else (rest[end + 1 :], 0)
                continue
            counted = _COUNT.match(rest)
            if counted is not None:
                size, start = int(counted[1]), counted.end()
                whole = min(size, LONGEST)
                if len(rest) < start + whole:
                    break
                messages.append(rest[start : start + whole])
                rest, self._skip = rest[start + whole :], size - whole
                continue
            if _MAYBE_COUNT.match(rest):
                break
            end = rest.find(b"\n")
            if end < 0:
                if len(rest) > LONGEST:
                    messages.append(rest[:LONGEST])
                    rest, self._skip = b"", -1
                break
            messages.append(rest[:end][:LONGEST])
            rest = rest[end + 1 :]
        self._rest = rest
        return [message for message in messages if message.strip(b"\r\n\0 ")]

    def end(self) -> list[bytes]:
        """What the connection left behind when it closed: a last message without its line feed. A counted one that
        is cut short is none."""
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip(b"\r\n\0 ") and not _COUNT.match(rest) and not _MAYBE_COUNT.match(rest) else []


def line_of(message: bytes, received: datetime, sender: str) -> str:
    """A message as a line of log, secrets masked, without its line end.

    Mail daemons write one line a message, so what follows a line break is somebody else's words and is cut off. One
    that states no time was sent as RFC 3164 4.3 allows: it gets the time of its receipt, and its sender's address as
    the host.
    """
    text = message[:LONGEST].decode("utf-8", "backslashreplace").strip("\r\n\0 ")
    text = _BREAK.split(text, maxsplit=1)[0]
    numbered = _PRIORITY.match(text)
    if numbered is not None and text[numbered.end() : numbered.end() + 2] == "1 ":
        return mask(_NO_TIME.sub(lambda found: f"{found[1]} {received.isoformat()} ", text, count=1))
    bare = text[numbered.end() :] if numbered is not None else text
    if envelope.quick(bare) is None and envelope.split(bare).time is None:
        bare = f"{received.isoformat()} {sender} {bare}"
    return mask(bare)
