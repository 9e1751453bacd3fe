"""One recorded case: who tried what with which program, what it said, and what the servers wrote about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_SMTPD = re.compile(r"postfix/[a-z/]*smtpd\[(\d+)\]: ")
_QUEUE = re.compile(r"postfix/[a-z/]+\[\d+\]: ([0-9A-F]{6,}): ")
_LOGIN = re.compile(r" dovecot: (?:imap|script-login)\(([^)]+)\)")
_STAMP = re.compile(r"(\S+?\d)(?: (\d\d:\d\d:\d\d),(\d{3}))? ")
"""RFC 3339, or what fail2ban writes: a date, a time of day, a comma and milliseconds (the lab's clock is UTC)."""


@dataclass(frozen=True)
class Case:
    """One run of one scenario. Times are ISO 8601 in UTC; lines are the servers' own, in rsyslog's RFC 3339 form."""

    id: str
    scenario: str
    check: int | None
    cause: str
    program: str
    version: str
    mailbox: str
    address: str
    plan: str
    state: str
    settings: dict[str, Any]
    """What the program was told: protocol, host, port, tls, user."""
    failed: bool
    text: str
    """What the program showed its user."""
    started: str
    ended: str
    before: tuple[str, ...]
    """Lines about the same person's earlier success."""
    lines: tuple[str, ...]
    right: tuple[int, ...]
    """Which of ``lines`` are the failure's own."""
    second_program: str = ""
    second_text: str = ""

    @property
    def right_lines(self) -> list[str]:
        """The lines any of which is the line of this failure."""
        return [self.lines[n] for n in self.right]


def stamp_of(line: str) -> datetime:
    """The moment of a recorded line."""
    found = _STAMP.match(line)
    assert found is not None
    return datetime.fromisoformat(f"{found[1]}T{found[2]}.{found[3]}+00:00" if found[2] else found[1])


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(asdict(c), ensure_ascii=False) + "\n" for c in cases), encoding="utf-8")


def read_cases(folder: Path) -> list[Case]:
    """Every case of a folder of JSONL files. Raises ValueError where there is none."""
    rows = [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    if not rows:
        raise ValueError(f"{folder}: no recorded case; `python -m tests.lab.record` makes them")
    tuples = ("before", "lines", "right")
    return [Case(**{k: tuple(v) if k in tuples else v for k, v in row.items()}) for row in rows]


def lines_of(log: Iterable[str], address: str, mailbox: str) -> Iterator[str]:
    """The lines about one client, without any help of the decoder: they hold its address or its mailbox, were
    written by the smtpd that served it, or are about the message that it took."""
    whole = re.compile(rf"(?<![\w.:]){re.escape(address)}(?![\w.:]*[\w:])")
    serving: set[str] = set()
    queue: set[str] = set()
    for line in log:
        smtpd, message, login = _SMTPD.search(line), _QUEUE.search(line), _LOGIN.search(line)
        hit = bool(whole.search(line)) or bool(login and login[1] == mailbox)
        if smtpd:
            if "]: connect from " in line:
                (serving.add if hit else serving.discard)(smtpd[1])
            hit = hit or smtpd[1] in serving
            if "]: disconnect from " in line:
                serving.discard(smtpd[1])
        if message:
            if hit:
                queue.add(message[1])
            hit = hit or message[1] in queue
        if hit:
            yield line
