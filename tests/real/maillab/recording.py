"""What a run of the lab leaves behind: what each client said and when, and the servers' logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from maillab.places import DOVECOT_LOG, POSTFIX_LOG, RECORDING

_SMTPD = re.compile(r"postfix/[a-z/]*smtpd\[(\d+)\]: ")
_QUEUE = re.compile(r"postfix/[a-z/]+\[\d+\]: ([0-9A-F]{6,}): ")
_LOGIN = re.compile(r"^[A-Z][a-z]{2} [ \d]\d [\d:]{8} imap\(([^)]+)\)")


@dataclass(frozen=True)
class Visit:
    """One scenario's client: where it came from, what it said, and when (aware, UTC)."""

    name: str
    address: str
    said: str
    started: datetime
    ended: datetime


@dataclass(frozen=True)
class Recording:
    """A whole run. ``background`` lists the addresses of the people to whom nothing happened."""

    visits: dict[str, Visit]
    background: tuple[str, ...]
    folder: Path

    @property
    def dovecot(self) -> list[str]:
        """Dovecot's lines, in order."""
        return (self.folder / DOVECOT_LOG).read_text("utf-8").splitlines()

    @property
    def postfix(self) -> list[str]:
        """Postfix' lines, in order."""
        return (self.folder / POSTFIX_LOG).read_text("utf-8").splitlines()

    def lines_of(self, address: str, mailbox: str = "") -> list[str]:
        """The lines about one client, without any help of the decoder: they hold its address or its mailbox, or
        were written by the smtpd that served it, or about the message that it took."""
        return [*_mine(self.dovecot, address, mailbox), *_mine(self.postfix, address, mailbox)]


def save(folder: Path, visits: Iterable[Visit], background: Iterable[str]) -> None:
    """Write the recording beside the logs."""
    rows = [{**asdict(v), "started": v.started.isoformat(), "ended": v.ended.isoformat()} for v in visits]
    text = json.dumps({"visits": rows, "background": list(background)}, indent=1)
    (folder / RECORDING).write_text(text, encoding="utf-8")


def load_recording(folder: Path) -> Recording:
    """Read back what ``save`` wrote."""
    data = json.loads((folder / RECORDING).read_text("utf-8"))
    visits = (
        Visit(r["name"], r["address"], r["said"], datetime.fromisoformat(r["started"]), datetime.fromisoformat(r["ended"]))
        for r in data["visits"]
    )
    return Recording({v.name: v for v in visits}, tuple(data["background"]), folder)


def _mine(lines: list[str], address: str, mailbox: str) -> Iterator[str]:
    whole = re.compile(rf"(?<![\d.]){re.escape(address)}(?![\d.])")
    serving: set[str] = set()
    queue: set[str] = set()
    for line in lines:
        smtpd = _SMTPD.search(line)
        message = _QUEUE.search(line)
        login = _LOGIN.search(line)
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
