"""The logs of four hosts while they are being written: envelopes, process ids, queue ids, session ids, gaps."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.logs.session import encode

START = datetime(2026, 11, 15, tzinfo=UTC)
END = START + timedelta(days=2)
FIRST_PID = 681_000
PIDS_A_SECOND = 1.31
PROBE = "192.0.2.250"


@dataclass(frozen=True)
class Host:
    """One server: its name, addresses and whether it writes RFC 3164 (``classic``) or RFC 3339."""

    name: str
    ipv4: str
    ipv6: str
    classic: bool

    def local(self, remote: str) -> str:
        """The address that a client of this family reaches."""
        return self.ipv6 if ":" in remote else self.ipv4


HOSTS = {
    "imap1": Host("imap1", "192.0.2.11", "2001:db8:25::11", True),
    "imap2": Host("imap2", "192.0.2.12", "2001:db8:25::12", False),
    "smtp1": Host("smtp1", "192.0.2.13", "2001:db8:25::13", False),
    "smtp2": Host("smtp2", "192.0.2.14", "2001:db8:25::14", True),
}
PROTOCOL_HOSTS = {"IMAP": ("imap1", "imap2"), "SMTP": ("smtp1", "smtp2")}


@dataclass
class Journal:
    """Collects lines in any order; ``text`` sorts them. ``silences`` are (host, since, until) that nobody announces."""

    rng: random.Random
    silences: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    reasonless: set[str] = field(default_factory=set)
    rows: dict[str, list[tuple[datetime, int, str]]] = field(default_factory=lambda: {name: [] for name in HOSTS})
    bans: list[tuple[datetime, int, str]] = field(default_factory=list)
    _count: int = 0

    def write(self, host: str, at: datetime, text: str) -> str | None:
        """Add ``text`` (program and message) at ``at``; gives the whole line, None where the host was silent."""
        if not START <= at < END or self.silent(host, at):
            return None
        if text.startswith("dovecot: auth: passwd-file(") and host in self.reasonless:
            return None
        if HOSTS[host].classic:
            line = (
                f"{at:%b %d %H:%M:%S} {host} {text}".replace(" 0", "  ", 1)
                if at.day < 10
                else f"{at:%b %d %H:%M:%S} {host} {text}"
            )
        else:
            line = f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00 {host} {text}"
        self._count += 1
        self.rows[host].append((at, self._count, line))
        return line

    def ban(self, at: datetime, address: str) -> str:
        """A line of fail2ban's own log (the ban of one address on both IMAP hosts)."""
        line = f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d} fail2ban.actions        [{self.rng.randint(700, 999)}]: NOTICE  [dovecot] Ban {address}"
        self._count += 1
        self.bans.append((at, self._count, line))
        return line

    def silent(self, host: str, at: datetime) -> bool:
        """True where the host was down or its log lost at that moment."""
        return any(h == host and since <= at < until for h, since, until in self.silences)

    def pid(self, at: datetime) -> int:
        """A process id that grows with time, as on a busy machine."""
        return FIRST_PID + int((at - START).total_seconds() * PIDS_A_SECOND) + self.rng.randint(-150, 150)

    def session(self, at: datetime, address: str) -> str:
        """Dovecot's session id of a connection that began at ``at``."""
        return encode(at, self.rng.randint(32768, 61000), address)

    def queue_id(self) -> str:
        """A short Postfix queue id."""
        return f"{self.rng.randrange(16**5, 16**6):06X}2{self.rng.randrange(16**4):04X}"

    def text(self, host: str) -> str:
        """All lines of a host in the order of time."""
        return "".join(line + "\n" for _, _, line in sorted(self.rows[host], key=lambda row: row[:2]))


def later(at: datetime, seconds: float) -> datetime:
    """``at`` plus so many seconds."""
    return at + timedelta(seconds=seconds)
