"""Two days of other people's traffic, out of the lines that the servers wrote about the background.

A lab that runs for half a minute covers half a minute: no absence could be proven and no rhythm be heard. The
real lines of one round are written again for each minute before the run, with the stamp and Dovecot's session
id (which holds the connection's start) moved by the same whole minutes; nothing else is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from bot.logs import session
from maillab.places import DOMAIN
from maillab.recording import Recording

HOURS = 48
_SESSION = re.compile(r"(?<=<)[A-Za-z0-9+/]{16}(?=>)")
_WIDTH = len("Nov 22 17:32:46")


def stamp_of(line: str, year: int) -> datetime:
    """The moment of a line of this lab (traditional stamp, UTC)."""
    return datetime.strptime(f"{year} {line[:_WIDTH]}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)


def moved(line: str, by: timedelta, year: int) -> str:
    """``line`` as it would have been written ``by`` later."""
    at = stamp_of(line, year)

    def id_moved(match: re.Match[str]) -> str:
        made = session.decode(match[0])
        return match[0] if made is None else session.encode(made.moment(at) + by, made.remote_port, made.remote_ip)

    later = at + by
    return f"{later:%b} {later.day:2d} {later:%H:%M:%S}{_SESSION.sub(id_moved, line[_WIDTH:])}"


def before(recording: Recording, lines: Iterable[str], year: int) -> list[str]:
    """The minutes before the run: each minute one person of the background, in turn, once."""
    rounds = [list(_first_round(recording, address, lines)) for address in recording.background]
    minutes = HOURS * 60
    return [
        moved(line, timedelta(minutes=-minute), year)
        for minute in range(minutes, 0, -1)
        for line in rounds[minute % len(rounds)]
    ]


def _first_round(recording: Recording, address: str, lines: Iterable[str]) -> Iterator[str]:
    """What one person did first: lines up to the end of their first connection, of one server."""
    person = f"crowd{address.rpartition('.')[2]}@{DOMAIN}"
    mine = set(recording.lines_of(address, person))
    began = ended = False
    for line in lines:
        if line not in mine:
            continue
        if ended and "postfix/" not in line:
            return
        if ended and "connect from" in line and "disconnect" not in line:
            return
        began = began or "connect from" in line or "imap-login" in line
        ended = ended or "disconnect from" in line or "Logged out" in line
        if began:
            yield line
