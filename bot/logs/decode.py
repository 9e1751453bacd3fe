"""The public door of the decoder: one line in, one :class:`LogEvent` out, nothing dropped, nothing raised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from bot.logs import dovecot, envelope, fail2ban, jsonline, postfix, session
from bot.logs.draft import Draft
from bot.logs.envelope import Parts
from bot.logs.event import LogEvent
from bot.logs.secrets import MASK, mask
from bot.logs.timeline import Timeline

LINE_CAP: Final = 65_536
"""Characters (bytes, for byte input) of a line that are read; the rest is cut and replaced by a mark."""
CUT: Final = " …[cut]"
_PARSED: Final = 16_384
"""A message longer than any a daemon writes is not parsed for its parts."""


class Decoder:
    """Decodes a stream of lines. What it learns from one line (year, zone of a host) serves those after it.

    ``zone`` is the clock of lines that state none. ``year`` is the year of the first line without one;
    without it the newest year is taken that puts the line at most a day after ``reference`` (an aware
    datetime: the file's last change, or now). Where neither is given and no session id tells, such a line
    has no time.
    """

    def __init__(self, *, zone: tzinfo = UTC, year: int | None = None, reference: datetime | None = None) -> None:
        self.timeline = Timeline(zone, year, reference)
        """The clock of this stream; a reader that passes over lines tells it of their times."""

    def decode(self, line: str | bytes) -> LogEvent:
        """The event of one line, with or without its line end."""
        text = _readable(line)
        parts = envelope.quick(text) if "\x1b[" not in text and "#033[" not in text else None
        if parts is None:
            if text[:1] == "{" or text[-1:] == "}":
                record = jsonline.unwrap(text)
                if record is not None:
                    return self._event(record.raw, record.envelope)
            parts = envelope.split(envelope.clean(text))
        return self._event(mask(text), parts)

    def decode_lines(self, lines: Iterable[str | bytes]) -> Iterator[LogEvent]:
        """The event of each line, in order, one for one."""
        decode = self.decode
        for line in lines:
            yield decode(line)

    def recall(self, line: str, time: int) -> LogEvent:
        """The event of a plain line whose moment (microseconds since 1970) is known; nothing is learned from
        it."""
        text = _readable(line)
        parts = envelope.quick(text) or envelope.split(envelope.clean(text))
        anchor = self.timeline.anchor
        event = self._event(mask(text), (session.EPOCH + timedelta(microseconds=time), *parts[1:]))
        self.timeline.anchor = anchor
        return event

    def _event(self, raw: str, parts: Parts) -> LogEvent:
        time, year_known, host, program, pid, form, message = parts
        draft = Draft(raw)
        draft.host = host
        draft.program = program
        draft.pid = pid
        draft.format = form
        fresh = program is not None and bool(message) and parse(draft, program, message)
        if MASK in raw and draft.detail is not None:
            draft.detail = mask(draft.detail)
        self._moment(draft, time, year_known, fresh)
        return draft.finish()

    def _moment(self, draft: Draft, time: datetime | None, year_known: bool, fresh: bool) -> None:
        """The line's time in UTC, and what its session id says of port and address."""
        made = session.decode(draft.session) if draft.session is not None else None
        agrees = False
        if made is not None and draft.remote_ip is not None:
            agrees = session.same_address(made, draft.remote_ip)
        if time is not None:
            if time.tzinfo is not None:
                draft.time = time
                self.timeline.saw(time)
            else:
                proof = made if fresh and agrees else None
                draft.time = self.timeline.resolve(time, year_known, draft.host, proof)
        if made is None:
            return
        if agrees:
            if draft.remote_port is None:
                draft.remote_port = made.remote_port
        elif draft.remote_ip is None and draft.time is not None and made.plausible(draft.time):
            draft.remote_ip = made.remote_ip
            draft.remote_port = made.remote_port


def parse(draft: Draft, program: str, message: str) -> bool:
    """Fill ``draft`` with what a daemon's message says. True where its session id began just now."""
    if len(message) > _PARSED:
        draft.event = "other" if program == "dovecot" or postfix.is_postfix(program) else "unknown"
    elif program == "dovecot":
        return dovecot.parse(draft, message)
    elif "/" in program:
        if postfix.is_postfix(program):
            postfix.parse(draft, program, message)
    elif program[:8] == "fail2ban":
        fail2ban.parse(draft, message)
    return False


def _readable(line: str | bytes) -> str:
    """``line`` as storable text: no line end, no NUL, no half characters, not longer than the cap."""
    if isinstance(line, str) and len(line) <= LINE_CAP and line.isascii() and "\0" not in line:
        return line.rstrip("\r\n")
    if isinstance(line, bytes):
        cut = len(line) > LINE_CAP
        text = line[:LINE_CAP].decode("utf-8", "replace")
    else:
        cut = len(line) > LINE_CAP
        text = line[:LINE_CAP] if cut else line
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode("utf-8", "replace")
    if cut:
        text += CUT
    elif text[-1:] in ("\n", "\r"):
        text = text.rstrip("\r\n")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text
