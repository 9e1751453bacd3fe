"""Traffic that has nothing to do with any ticket: everybody's mail, the health probe, attacks, scanners, small
failures."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tests.eval.joined import dovecot_lines as dovecot
from tests.eval.joined import postfix_lines as postfix
from tests.eval.joined.journal import END, PROBE, PROTOCOL_HOSTS, START, Journal, later
from tests.eval.joined.people import PARTNERS, Mailbox, People

DAY_WEIGHTS = (1, 1, 1, 1, 1, 2, 4, 7, 10, 10, 9, 9, 8, 9, 9, 9, 8, 7, 5, 4, 3, 3, 2, 2)
SCANNERS = tuple(
    f"{net}.{n}"
    for net, n in (
        ("192.0.2", 230),
        ("192.0.2", 240),
        ("198.51.100", 225),
        ("198.51.100", 249),
        ("203.0.113", 220),
        ("203.0.113", 232),
    )
)
BOTS = tuple(
    f"{net}.{n}"
    for net, n in (
        ("192.0.2", 222),
        ("192.0.2", 247),
        ("198.51.100", 226),
        ("198.51.100", 248),
        ("203.0.113", 201),
        ("203.0.113", 235),
        ("203.0.113", 254),
    )
)


def moment(rng: random.Random, since: datetime = START, until: datetime = END) -> datetime:
    """A moment of office life: mornings and afternoons rather than nights."""
    while True:
        at = since + (until - since) * rng.random()
        if rng.random() * 10 <= DAY_WEIGHTS[at.hour]:
            return at


def everyday(journal: Journal, people: People) -> None:
    """Logins and messages of everybody who is not quiet."""
    for domain in people.domains:
        for box in domain.mailboxes:
            if not box.quiet:
                usual(journal, box, START, END, reads=journal.rng.randint(2, 10), sends=journal.rng.randint(0, 4))


def usual(
    journal: Journal, box: Mailbox, since: datetime, until: datetime, *, reads: int, sends: int, rip: str | None = None
) -> None:
    """Successful sessions of one mailbox between two moments; a Nano mailbox sends nothing."""
    rng = journal.rng
    for _ in range(reads):
        dovecot.login(
            journal, rng.choice(PROTOCOL_HOSTS["IMAP"]), moment(rng, since, until), box.address, rip or box.home
        )
    for _ in range(0 if box.domain.plan == "Nano" else sends):
        postfix.accepted(
            journal,
            rng.choice(PROTOCOL_HOSTS["SMTP"]),
            moment(rng, since, until),
            box.address,
            rip or box.home,
            rng.choice(PARTNERS),
            service=rng.choice(("submission", "smtps")),
        )


def probes(journal: Journal) -> None:
    """The health check visits every host each half hour."""
    for offset, host in ((5.4, "imap1"), (5.5, "imap2"), (14.5, "smtp1"), (13.9, "smtp2")):
        at = START + timedelta(minutes=offset)
        while at < END:
            if host.startswith("imap"):
                dovecot.left(journal, host, at, PROBE)
            else:
                postfix.probe(journal, host, at, PROBE)
            at = later(at, 1801 + journal.rng.random() * 2)


def noise(journal: Journal, people: People) -> None:
    """Botnets on well-known names, scanners, and failures of people who never write a ticket."""
    rng = journal.rng
    known = [m.address for d in people.domains for m in d.mailboxes]
    public = [a for a in known if a.partition("@")[0] in ("info", "admin", "office", "sales", "kontakt", "shop")]
    for bot in BOTS:
        victims = (
            rng.sample(public, min(6, len(public)))
            + [f"info@{d.name}" for d in rng.sample(people.domains, 6)]
            + ["test", "admin", "scan"]
        )
        for wave in (START + timedelta(hours=12 * rng.random()), moment(rng)):
            at = wave
            for _ in range(rng.randint(10, 22)):
                attack(journal, at, rng.choice(victims), bot, known)
                at = later(at, rng.randint(3, 900))
    for _ in range(60):
        scan(journal, moment(rng), rng.choice(SCANNERS))
    for _ in range(70):
        stumble(journal, moment(rng), rng.choice([m for d in people.domains for m in d.mailboxes if not m.quiet]))


def attack(journal: Journal, at: datetime, user: str, bot: str, known: list[str]) -> None:
    """One guess of a botnet, over IMAP or SMTP."""
    reason = "Password mismatch" if user in known else "unknown user"
    if journal.rng.random() < 0.6:
        dovecot.auth_failed(journal, journal.rng.choice(PROTOCOL_HOSTS["IMAP"]), at, user, bot, reason)
    else:
        postfix.auth_failed(
            journal,
            journal.rng.choice(PROTOCOL_HOSTS["SMTP"]),
            at,
            user,
            bot,
            reason,
            service=journal.rng.choice(("submission", "smtps")),
            methods=("LOGIN",),
        )


def scan(journal: Journal, at: datetime, rip: str) -> None:
    """A scanner: the same lines as a misconfigured client."""
    rng = journal.rng
    imap, smtp = rng.choice(PROTOCOL_HOSTS["IMAP"]), rng.choice(PROTOCOL_HOSTS["SMTP"])
    kind = rng.randrange(6)
    if kind == 0:
        dovecot.tls_alert(journal, imap, at, rip, "http_request")
    elif kind == 1:
        dovecot.tls_alert(journal, imap, at, rip, rng.choice(("unsupported_protocol", "no_shared_cipher")))
    elif kind == 2:
        dovecot.left(journal, imap, at, rip, seconds=rng.choice((0, 1, 15)), handshaking=True)
    elif kind == 3:
        postfix.tls_error(
            journal,
            smtp,
            at,
            rip,
            "error:0A00010B:SSL routines::wrong version number:../ssl/record/ssl3_record.c:354",
            service="smtps",
        )
    elif kind == 4:
        postfix.silent_leave(journal, smtp, at, rip, service=rng.choice(("submission", "smtps")))
    else:
        postfix.rejected(
            journal,
            smtp,
            at,
            rip,
            "spam@bulk.test",
            "orders@supplier.example.net",
            "554 5.7.1 <orders@supplier.example.net>: Recipient address rejected: Access denied",
            service="smtps",
            auth=False,
        )


def stumble(journal: Journal, at: datetime, box: Mailbox) -> None:
    """A failure of somebody who did not write: a typing error, a bare name, a wrong recipient, a limit."""
    rng = journal.rng
    imap, smtp = rng.choice(PROTOCOL_HOSTS["IMAP"]), rng.choice(PROTOCOL_HOSTS["SMTP"])
    kind = rng.randrange(5)
    if kind == 0:
        dovecot.auth_failed(journal, imap, at, box.address, box.home, "Password mismatch")
    elif kind == 1:
        dovecot.auth_failed(
            journal, imap, at, box.address.partition("@")[0], box.home, "unknown user", attempts=2, head=dovecot.LOGOUT
        )
    elif kind == 2:
        postfix.auth_failed(journal, smtp, at, box.address, box.home, "Password mismatch", methods=("PLAIN", "LOGIN"))
    elif kind == 3:
        wrong = f"{rng.choice(('laura', 'erik', 'fiona'))}x@{box.domain.name}"
        postfix.rejected(
            journal,
            smtp,
            at,
            box.home,
            box.address,
            wrong,
            f"550 5.1.1 <{wrong}>: Recipient address rejected: User unknown in virtual mailbox table",
        )
    else:
        dovecot.connection_limit(journal, imap, at, box.address, box.home, 10)
