"""A recorded line as it would have been written at another moment, about another person.

Stamps, Dovecot's session ids (which hold the connection's start, port and address), Postfix' queue ids and the names
of the person change together; nothing else does.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.logs import session
from tests.lab.cases import Case, stamp_of
from tests.lab.places import MAIN6

_SESSION = re.compile(r"(?<=<)[A-Za-z0-9+/]{16}(?:[A-Za-z0-9+/]{16})?(?=>)")
_LOCAL = re.compile(r"(?<=lip=)192\.0\.2\.\d+")
_CLOCK = re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b")
_QUEUE = re.compile(r"(?<=\]: )[0-9A-F]{6,}(?=: )|(?<=queued as )[0-9A-F]{6,}")


@dataclass(frozen=True)
class Persona:
    """Who a recorded case is told of: a mailbox and an address."""

    mailbox: str
    address: str

    def names(self) -> tuple[str, ...]:
        """Everything in lines and texts that is theirs, longest first; the same place means the same in everybody's."""
        local, _, domain = self.mailbox.partition("@")
        middle = len(domain) // 2
        return (self.mailbox, f"{local}@{domain[:middle]}{domain[middle + 1 :]}", domain, local, self.address)


@dataclass
class Retelling:
    """One case told of ``persona``. Queue ids are made anew each time."""

    case: Case
    persona: Persona
    rng: random.Random
    _queues: dict[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """What a program said, with the other person's names."""
        pairs = dict(zip(Persona(self.case.mailbox, self.case.address).names(), self.persona.names(), strict=True))
        found = "|".join(
            rf"(?<![\w.:-]){re.escape(old)}(?![\w:-])"
            if old != self.case.address
            else rf"(?<![\w.:]){re.escape(old)}(?![\w:]|\.\d)"
            for old in pairs
        )
        # an own host name (mail.<domain>) holds the domain after a dot
        domain = self.case.mailbox.partition("@")[2]
        found += rf"|(?<=\.|@|-){re.escape(domain)}(?![\w-])"
        return re.sub(found, lambda m: pairs[m[0]], text)

    def said(self, text: str, failed: datetime) -> str:
        """What a program said, with the other person's names and with its own clock at the failure."""
        by = failed - datetime.fromisoformat(self.case.started)
        moved = _CLOCK.sub(lambda m: f"{datetime.fromisoformat(m[0]).replace(tzinfo=UTC) + by:%Y-%m-%d %H:%M:%S}", text)
        return self.text(moved)

    def message(self, line: str, by: timedelta) -> tuple[datetime, str, str]:
        """When a line is written now, by which recorded host, and its program and message."""
        stamp, host, rest = line.split(" ", 2)
        at = datetime.fromisoformat(stamp)

        def session_moved(match: re.Match[str]) -> str:
            made = session.decode(match[0])
            return (
                match[0]
                if made is None
                else session.encode(
                    made.moment(at) + by,
                    made.remote_port,
                    self.persona.address if made.remote_ip == self.case.address else made.remote_ip,
                )
            )

        rest = _SESSION.sub(session_moved, rest)
        rest = _QUEUE.sub(
            lambda m: self._queues.setdefault(
                m[0], f"{self.rng.randrange(16**5, 16**6):06X}{self.rng.randrange(16**4):04X}"
            ),
            rest,
        )
        if ":" in self.persona.address and ":" not in self.case.address:
            rest = _LOCAL.sub(MAIN6, rest)
        return at + by, host, self.text(rest)

    def forget_queues(self) -> None:
        """From now on messages are other ones."""
        self._queues.clear()


def length(lines: tuple[str, ...]) -> timedelta:
    """From the first to the last of some lines."""
    return stamp_of(lines[-1]) - stamp_of(lines[0]) if lines else timedelta()
