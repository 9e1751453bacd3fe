"""samples/: what `make run` loads, made of recorded cases: ``python -m tests.lab.replay.samples``.

Writes accounts, the logs of four hosts and the first twelve tickets; the other two are written by hand and stay.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.lab.cases import Case, read_cases
from tests.lab.places import CASES, HERE
from tests.lab.replay.world import build, write_world

SAMPLES = HERE.parents[1] / "samples"
SHOWN = (
    "bare-imap/imaplib",
    "panel-imap-known/fetchmail",
    "own-mail-host-imap/curl",
    "implicit-587/nodemailer",
    "dropped-993/thunderbird",
    "cap-address-known/mbsync",
    "nano-sender-587/thunderbird",
    "hourly/msmtp",
    "paused-nologin/thunderbird",
    "old-password/offlineimap",
    "untrusted-465/thunderbird",
    "not-owned-587/thunderbird",
)
"""One case a check and two of other causes; where a program did not play it, another one's stands in."""
SEED, CROWD = 20, 90
HAND_WRITTEN = re.compile(r"1[34]-")


def chosen(cases: list[Case]) -> list[Case]:
    """The cases that are shown, and the successes that make up people's pasts."""
    failed = {c.id: c for c in cases if c.cause and c.failed and c.text}
    shown = [
        failed.get(name) or next(c for c in failed.values() if c.scenario == name.partition("/")[0]) for name in SHOWN
    ]
    return [*shown, *(c for c in cases if c.scenario.startswith("right-"))]


def mail(number: int, ticket: dict[str, Any]) -> bytes:
    """The ticket as the mail that it came as."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = ticket["requester"], "support@trekmail.net", ticket["subject"]
    message["Date"] = format_datetime(datetime.fromisoformat(ticket["received_at"]))
    message["Message-ID"] = f"<sample-{number:02d}@{ticket['requester'].rpartition('@')[2]}>"
    message.set_content(
        ticket["body"], subtype="html" if ticket["format"] == "html" else "plain", cte="quoted-printable"
    )
    return message.as_bytes().replace(b"\r\n", b"\n")


def write_samples(out: Path, cases: list[Case]) -> None:
    """Write accounts, logs and tickets into ``out``; tickets of an earlier making go, hand-written ones stay."""
    world = build(chosen(cases), 1, SEED, CROWD)
    for name in ("logs", "tickets"):
        (out / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="samples-") as scratch:
        for path in write_world(Path(scratch), world):
            with gzip.GzipFile(out / "logs" / f"{path.name}.gz", "wb", mtime=0) as packed:
                packed.write(path.read_bytes())
        (out / "accounts.csv").write_bytes((Path(scratch) / "accounts.csv").read_bytes())
    for path in (out / "tickets").iterdir():
        if not HAND_WRITTEN.match(path.name):
            path.unlink()
    for number, row in enumerate(sorted(world.tickets, key=lambda row: str(row["ticket"]["received_at"])), 1):
        ticket = row["ticket"]
        name = f"{number:02d}-" + (re.sub(r"[^a-z0-9]+", "-", ticket["subject"].lower()).strip("-") or "ticket")
        if ticket["channel"] == "portal":
            text = json.dumps({"id": f"sample-{number:02d}", **ticket}, ensure_ascii=False, indent=1) + "\n"
            (out / "tickets" / f"{name}.json").write_text(text, "utf-8")
        else:
            (out / "tickets" / f"{name}.eml").write_bytes(mail(number, ticket))


if __name__ == "__main__":
    write_samples(SAMPLES, read_cases(CASES))
