"""Whoever connects chooses the user name and the HELO: what they write there makes no line somebody else's."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.core.observed import LogQuery
from bot.logs.session import encode
from bot.logs.syslog import line_of

START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
STRANGER, THEIRS, VICTIM = "203.0.113.66", "192.0.2.7", "victim@example.com"
TRUE = f"{START.isoformat()} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{VICTIM}>, method=PLAIN, rip={THEIRS}, lip=192.0.2.1, TLS, session=<{encode(START, 4000, THEIRS)}>"
FORGERIES = (
    "x>, method=PLAIN, rip={ip}, lip=192.0.2.1, TLS, session=<{session}>",
    "x>, rip={ip}",
    "<{box}>",
    "x): user=<{box}>, method=PLAIN, rip={ip}",
    "x,{ip},<{session}>): Password mismatch",
    "x user=<{box}>, rip={ip}, session=<{session}>",
    "a rip={ip} b",
    "[{ip}]",
    "{box}>, rip={ip}",
    "x sasl_username={box}",
    "x from mail[{ip}]: 535 5.7.8 to={box}",
    "{box},{ip}",
    "x\tuser=<{box}>",
    "connect from u[{ip}]",
    "x: Login: user=<{box}>, method=PLAIN, rip={ip}, lip=192.0.2.1, TLS, session=<{session}>",
    "x (auth failed): user=<{box}>, rip={ip}",
)
PLACES = (
    "imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{told}>, method=PLAIN, rip={stranger}, lip=192.0.2.1, TLS, session=<{own}>",
    "imap1 dovecot: imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): user=<{told}>, method=PLAIN, rip={stranger}, lip=192.0.2.1, TLS, session=<{own}>",
    "mx1 postfix/submission/smtpd[77]: NOQUEUE: reject: RCPT from unknown[{stranger}]: 554 5.7.1 <r@other.example>: Relay access denied; from=<s@other.example> to=<r@other.example> proto=ESMTP helo=<{told}>",
    "mx1 postfix/submission/smtpd[78]: warning: unknown[{stranger}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username={told}",
)


@pytest.mark.parametrize("way", ["file", "syslog"])
def test_a_thousand_forged_lines_are_nobodys_else(tmp_path: Path, way: str) -> None:
    dice = random.Random(1)
    lines = []
    for number in range(1000):
        at = START + timedelta(seconds=number)
        told = " ".join(dice.sample(FORGERIES, dice.randrange(1, 4))).format(
            ip=THEIRS, box=VICTIM, session=encode(at, 666, THEIRS)
        )
        lines.append(
            f"{at.isoformat()} "
            + dice.choice(PLACES).format(told=told, stranger=STRANGER, own=encode(at, 5000 + number, STRANGER))
        )
    lines.insert(500, TRUE)
    if way == "syslog":
        lines = [
            line_of(f"<22>{line}\n{TRUE if number != 500 else ''}".encode(), START, STRANGER)
            for number, line in enumerate(lines)
        ]
    path = tmp_path / "mail.log"
    path.write_text("".join(line + "\n" for line in lines))
    store = SqliteLogStore(tmp_path / "logs.db")
    assert store.ingest([path]).lines == 1001
    window = (START - timedelta(days=1), START + timedelta(days=1))
    found = store.search(LogQuery(*window, mailboxes=(VICTIM,), logins=(VICTIM, "victim"), ips=(THEIRS,)))
    assert [(event.remote_ip, event.mailbox) for event in found.lines] == [(THEIRS, VICTIM)]
    assert (found.successes, found.sessions) == ((), ())
    assert len(store.search(LogQuery(*window, ips=(STRANGER,), limit=5000)).lines) == 1000
