"""Plausible traffic of the other customers, so that a golden ticket's own log files can stay a few lines long.

Four hosts write it, the shapes are those of real daemons: imap1 and smtp2 traditional syslog, imap2 and smtp1
RFC 3339. There are logins and logouts, messages sent, other people's wrong passwords, strangers who guess, and
a health probe from 192.0.2.250 each half hour. Session ids agree with the line's time, port and address.

Addresses: other customers use 203.0.113.0/24, guessing strangers 192.0.2.128/26, the hosts 192.0.2.11 to .22.
A golden ticket's customer takes theirs from 198.51.100.0/24 or 2001:db8::/32, so that nothing can collide.

    python tests/golden/background.py session 2026-11-17T09:12:03Z 50123 198.51.100.7
    python tests/golden/background.py lines imap1 2026-11-17T09:00:00Z 2
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from daemon_lines import HOSTS, Host, Line, imap_refused, imap_session, imap_tls_failed, later, smtp_refused, smtp_visit

from bot.logs.session import encode

PROBE = "192.0.2.250"
DOMAINS = (
    "birch-optics.example",
    "harbour-dental.example",
    "kestrel-print.test",
    "mossgreen.example",
    "novak-metal.example",
    "otterburn.example",
    "plumtree-toys.test",
    "quayside-law.example",
)
"""Whose traffic this is. No golden ticket may be about one of them."""
NAMES = ("anna", "bookkeeping", "carl", "desk", "eva", "frank", "gina", "hello", "ivo", "jobs", "kim", "lars")
RECEIVERS = ("orders@bigshop.example.org", "mia@freemail.example.net", "claims@insurer.example.com")


@lru_cache(maxsize=64)
def background(name: str, since: datetime, until: datetime, seed: int = 1, scanners: bool = True) -> Sequence[Line]:
    """The lines of host ``name`` in [since, until) in time order. The same arguments give the same lines.

    ``scanners`` adds strangers' TLS failures, which name nobody: with them and without a known address of the
    customer, silence proves nothing.
    """
    host, random = HOSTS[name], Random(f"{seed} {name} {since.isoformat()}")
    out: list[Line] = []
    moment = since
    while (moment := moment + timedelta(seconds=random.expovariate(1 / _pace(name, moment)))) < until:
        out += (
            _imap(host, moment, random, scanners) if name.startswith("imap") else _smtp(host, moment, random, scanners)
        )
    offset = timedelta(minutes=random.uniform(1, 28))
    beat = since.replace(minute=0, second=0, microsecond=0) + offset
    while beat < until:
        if beat >= since:
            out += _probe(host, beat + timedelta(seconds=random.uniform(0, 3)), random)
        beat += timedelta(minutes=30)
    return sorted((line for line in out if line[0] < until), key=lambda line: line[0])


def _pace(name: str, moment: datetime) -> float:
    """Mean seconds between two visitors: office hours are busy, nights quiet; fewer send than read."""
    return (300.0 if 6 <= moment.hour < 18 else 600.0) * (1.0 if name.startswith("imap") else 1.8)


def _customer(random: Random) -> tuple[str, str, int]:
    address = f"{random.choice(NAMES)}@{random.choice(DOMAINS)}"
    return address, f"203.0.113.{sum(map(ord, address)) % 250 + 1}", random.randint(32768, 60999)


def _stranger(random: Random) -> tuple[str, int]:
    return f"192.0.2.{random.randint(128, 191)}", random.randint(1024, 60999)


# -- Dovecot -------------------------------------------------------------------------------------------


def _imap(host: Host, at: datetime, random: Random, scanners: bool) -> list[Line]:
    dice = random.random()
    if dice < 0.80:
        user, ip, port = _customer(random)
        return list(imap_session(host, at, user, ip, port, random.uniform(1, 90)))
    if dice < 0.86:
        user, ip, port = _customer(random)
        return list(imap_refused(host, at, user, ip, port))
    ip, port = _stranger(random)
    if dice < 0.97 or not scanners:
        name = random.choice(NAMES)
        user = name if random.random() < 0.3 else f"{name}@{random.choice(DOMAINS)}"
        return list(imap_refused(host, at, user, ip, port, "unknown user" if "@" not in user else "Password mismatch"))
    return list(imap_tls_failed(host, at, ip, port, "error:0A00010B:SSL routines::wrong version number"))


# -- Postfix -------------------------------------------------------------------------------------------


def _sent(host: Host, at: datetime, random: Random, face: str) -> list[Line]:
    user, ip, _ = _customer(random)
    queue, pid, to = (f"{random.getrandbits(44):011X}", random.randint(700_000, 900_000), random.choice(RECEIVERS))
    counts = (
        "ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6"
        if face == "smtps"
        else "ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8"
    )
    lines = list(
        smtp_visit(
            host, at, ip, pid, [f"{queue}: client=unknown[{ip}], sasl_method=PLAIN, sasl_username={user}"], counts, face
        )
    )
    relay = f"mx.{to.rpartition('@')[2]}"
    return [
        *lines,
        host.line(
            later(at, 1.0),
            f"postfix/qmgr[1187]: {queue}: from=<{user}>, size={random.randint(900, 90_000)}, nrcpt=1 (queue active)",
        ),
        host.line(
            later(at, 2.2),
            f"postfix/smtp[{pid + 3}]: {queue}: to=<{to}>, relay={relay}[203.0.113.253]:25, delay=2.2, "
            "delays=0.1/0/0.6/1.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 87B7F5B0DF8)",
        ),
        host.line(later(at, 2.3), f"postfix/qmgr[1187]: {queue}: removed"),
    ]


def _smtp(host: Host, at: datetime, random: Random, scanners: bool) -> list[Line]:
    dice, face = random.random(), random.choice(("submission", "smtps"))
    if dice < 0.84:
        return _sent(host, at, random, face)
    pid = random.randint(700_000, 900_000)
    if dice < 0.90:
        user, ip, _ = _customer(random)
        return list(smtp_refused(host, at, user, ip, pid, face=face))
    ip, _ = _stranger(random)
    if dice < 0.97 or not scanners:
        return list(
            smtp_refused(
                host, at, f"{random.choice(NAMES)}@{random.choice(DOMAINS)}", ip, pid, face=face, method="LOGIN"
            )
        )
    program = f"postfix/smtps/smtpd[{pid}]:"
    return [
        host.line(later(at, 0.1 * n), f"{program} {text}")
        for n, text in enumerate(
            (
                f"connect from unknown[{ip}]",
                f"SSL_accept error from unknown[{ip}]: -1",
                "warning: TLS library problem: error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:354:",
                f"lost connection after CONNECT from unknown[{ip}]",
                f"disconnect from unknown[{ip}] commands=0/0",
            )
        )
    ]


def _probe(host: Host, at: datetime, random: Random) -> list[Line]:
    if host.name.startswith("imap"):
        session = encode(at, random.randint(32768, 60999), PROBE)
        return [
            host.line(
                at,
                "dovecot: imap-login: Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, "
                f"rip={PROBE}, lip={host.address}, TLS: Connection closed, session=<{session}>",
            )
        ]
    return list(smtp_visit(host, at, PROBE, random.randint(700_000, 900_000), [], "ehlo=1 quit=1 commands=2", "smtps"))


def main(words: Sequence[str]) -> int:
    """Print a session id, or a stretch of background to look at."""
    if len(words) == 4 and words[0] == "session":
        print(encode(datetime.fromisoformat(words[1]), int(words[2]), words[3]))
    elif len(words) == 4 and words[0] == "lines" and words[1] in HOSTS:
        since = datetime.fromisoformat(words[2])
        print("\n".join(text for _, text in background(words[1], since, since + timedelta(hours=float(words[3])))))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
