"""The peer that our ingest is held against: a plain script that reads mail logs into SQLite with a list of patterns.

It is what one writes in an afternoon: every line is stamped, tried against patterns in turn, and stored with its
fields, committed every ten thousand lines and found again by user and by address. It knows no sessions, sums
nothing, and has no idea of years, zones, gaps or hostile names.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

HEAD: Final = re.compile(
    r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (?P<host>\S+) (?P<program>[^\s\[:]+)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)"
)
EVENTS: Final = [
    (
        "login",
        re.compile(
            r"(?:imap|pop3)-login: (?:Info: )?Login: user=<(?P<user>[^>]*)>.*?rip=(?P<ip>[0-9a-f.:]+).*?session=<(?P<session>[^>]*)>"
        ),
    ),
    (
        "auth_failed",
        re.compile(
            r"-login: .*\(auth failed.*?user=<(?P<user>[^>]*)>.*?rip=(?P<ip>[0-9a-f.:]+).*?session=<(?P<session>[^>]*)>"
        ),
    ),
    ("tls_failed", re.compile(r"-login: .*SSL_accept\(\) failed.*?user=<(?P<user>[^>]*)>.*?rip=(?P<ip>[0-9a-f.:]+)")),
    ("no_auth", re.compile(r"-login: .*\(no auth attempts.*?user=<(?P<user>[^>]*)>.*?rip=(?P<ip>[0-9a-f.:]+)")),
    (
        "connection_limit",
        re.compile(r"Maximum number of connections.*?user=<(?P<user>[^>]*)>.*?rip=(?P<ip>[0-9a-f.:]+)"),
    ),
    (
        "logout",
        re.compile(
            r"(?:imap|pop3)\((?P<user>[^)]*)\)<\d+><(?P<session>[^>]*)>: (?:Disconnected|Logged out|Connection closed)"
        ),
    ),
    ("mismatch", re.compile(r"auth: .*?\((?P<user>[^,()]*),(?P<ip>[0-9a-f.:]+).*?(?:Password mismatch|unknown user)")),
    (
        "sasl_failed",
        re.compile(
            r"warning: \S*\[(?P<ip>[0-9a-f.:]+)\]: SASL \S+ authentication failed.*?sasl_username=(?P<user>\S+)"
        ),
    ),
    ("reject", re.compile(r"reject: \S+ from \S*\[(?P<ip>[0-9a-f.:]+)\]: \d{3}.*?from=<(?P<user>[^>]*)>")),
    ("client", re.compile(r"client=\S*\[(?P<ip>[0-9a-f.:]+)\](?:, sasl_method=\S+, sasl_username=(?P<user>\S+))?")),
    ("lost", re.compile(r"lost connection after \S+ from \S*\[(?P<ip>[0-9a-f.:]+)\]")),
    ("connect", re.compile(r"connect from \S*\[(?P<ip>[0-9a-f.:]+)\]")),
    ("tls", re.compile(r"TLS connection established from \S*\[(?P<ip>[0-9a-f.:]+)\]")),
    ("sent", re.compile(r"to=<(?P<user>[^>]*)>.*status=(?:sent|deferred|bounced)")),
    ("queued", re.compile(r"from=<(?P<user>[^>]*)>, size=")),
]
TABLES: Final = """
CREATE TABLE line (time INTEGER, host TEXT, program TEXT, event TEXT, user TEXT, ip TEXT, session TEXT, raw TEXT);
CREATE INDEX by_user ON line (user, time);
CREATE INDEX by_ip ON line (ip, time);
"""


def rows(lines: Iterable[str]) -> Iterator[tuple[object, ...]]:
    """One row a line."""
    for line in lines:
        head = HEAD.match(line)
        if head is None:
            continue
        stamp = head["time"]
        if stamp[0].isdigit():
            time = datetime.fromisoformat(stamp)
        else:
            time = datetime.strptime(f"2026 {stamp} +0000", "%Y %b %d %H:%M:%S %z")
        event = user = ip = session = None
        for name, pattern in EVENTS:
            found = pattern.search(head["message"])
            if found is not None:
                fields = found.groupdict()
                event, user, ip, session = name, fields.get("user"), fields.get("ip"), fields.get("session")
                break
        yield int(time.timestamp()), head["host"], head["program"], event, user, ip, session, line


def ingest_plainly(store: Path, logs: Path) -> int:
    """Read every file of ``logs`` into ``store``; returns the rows stored."""
    connection = sqlite3.connect(store)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + TABLES)
    stored = 0
    for file in sorted(logs.iterdir()):
        with file.open(encoding="utf-8", errors="replace") as text:
            pending: list[tuple[object, ...]] = []
            for row in rows(line.rstrip("\n") for line in text):
                pending.append(row)
                if len(pending) == 10_000:
                    stored += _commit(connection, pending)
                    pending = []
            stored += _commit(connection, pending)
    connection.close()
    return stored


def _commit(connection: sqlite3.Connection, pending: list[tuple[object, ...]]) -> int:
    with connection:
        connection.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?)", pending)
    return len(pending)


if __name__ == "__main__":
    print(ingest_plainly(Path(sys.argv[1]), Path(sys.argv[2])))
