"""A day of mail log as four busy hosts write it, made anew from a seed: nothing real, nothing large in the tree.

Shares of the line kinds follow two days of log of a small mail host: half are IMAP logins and logouts, a seventh
explains a failure. Two hosts stamp in RFC 3164, two in RFC 3339.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.logs.session import encode

DAY = datetime(2026, 11, 16, tzinfo=UTC)
Line = tuple[datetime, str]
HOSTS = (
    ("imap1", "imap", False, 0.32),
    ("imap2", "imap", True, 0.31),
    ("smtp1", "smtp", True, 0.19),
    ("smtp2", "smtp", False, 0.18),
)
"""Name, what it does, whether it stamps in RFC 3339, and its share of the lines."""


def person(number: int, domains: int) -> tuple[str, str]:
    """A mailbox and the address from which it is used."""
    return f"user{number}@shop{number % domains}.example", f"198.51.{number // 250 % 256}.{number % 250}"


class Host:
    """One host's traffic over a day."""

    def __init__(
        self, name: str, face: str, rfc3339: bool, seed: int, mailboxes: int, *, domains: int = 97, bare: float = 0.0
    ) -> None:
        """``bare`` is the share of refused logins that leave the domain out."""
        self.name, self.face, self.rfc3339 = name, face, rfc3339
        self.chance = random.Random(seed)
        self.people = [person(number, domains) for number in range(mailboxes)]
        self.bare = bare
        self.begin, self.seconds = DAY, 86_000.0
        self.pid = 1000

    def stamp(self, time: datetime) -> str:
        """``time`` as this host's syslog writes it."""
        return time.isoformat(timespec="microseconds") if self.rfc3339 else time.strftime("%b %e %H:%M:%S")

    def lines(self, wanted: int) -> Iterator[str]:
        """About ``wanted`` lines in order of time."""
        made: list[Line] = []
        kinds = (
            [self.session, self.wrong_password, self.probe]
            if self.face == "imap"
            else [self.mail, self.sasl, self.knock]
        )
        weights = [92, 5, 3] if self.face == "imap" else [70, 12, 18]
        while len(made) < wanted:
            time = self.begin + timedelta(
                seconds=self.chance.random() * self.seconds, microseconds=self.chance.randrange(10**6)
            )
            (kind,) = self.chance.choices(kinds, weights)
            made.extend(kind(time))
        made.sort(key=lambda line: line[0])
        for time, text in made:
            yield f"{self.stamp(time)} {self.name} {text}"

    def between(self, begin: datetime, seconds: float) -> Host:
        """Have the next lines fall into that stretch."""
        self.begin, self.seconds = begin, seconds
        return self

    def refused(self) -> tuple[str, str]:
        """Who mistypes: a login and an address."""
        user, address = self.chance.choice(self.people)
        if self.bare and self.chance.random() < self.bare:
            user = user.partition("@")[0]
        return user, address

    def session(self, time: datetime) -> Iterator[Line]:
        """Somebody fetches mail."""
        user, address = self.chance.choice(self.people)
        self.pid += 1
        key = encode(time, self.chance.randrange(1024, 65535), address)
        later = time + timedelta(seconds=self.chance.random() * 900)
        yield (
            time,
            (
                f"dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.11, "
                f"mpid={self.pid}, TLS, session=<{key}>"
            ),
        )
        yield (
            later,
            (
                f"dovecot: imap({user})<{self.pid}><{key}>: Disconnected: Logged out in={self.pid % 977} out=8812 "
                "deleted=0 expunged=0 trashed=0 hdr_count=12 hdr_bytes=4711 body_count=1 body_bytes=2048"
            ),
        )

    def wrong_password(self, time: datetime) -> Iterator[Line]:
        """Somebody, or a botnet, is refused."""
        user, address = self.refused()
        address = address if self.chance.random() < 0.4 else f"203.0.113.{self.chance.randrange(256)}"
        key = encode(time, self.chance.randrange(1024, 65535), address)
        yield time, f"dovecot: auth: passwd-file({user},{address},<{key}>): Password mismatch"
        yield (
            time + timedelta(seconds=2),
            (
                "dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
                f"user=<{user}>, method=PLAIN, rip={address}, lip=192.0.2.11, TLS, session=<{key}>"
            ),
        )

    def probe(self, time: datetime) -> Iterator[Line]:
        """A scanner, or a client that does not trust the certificate."""
        address = f"203.0.113.{self.chance.randrange(256)}"
        key = encode(time, self.chance.randrange(1024, 65535), address)
        how = self.chance.choice(
            (
                "Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, rip={0}, lip=192.0.2.11, TLS, session=<{1}>",
                "Disconnected: Connection closed: SSL_accept() failed: error:0A000412:SSL routines::sslv3 alert bad certificate: "
                "SSL alert number 42 (no auth attempts in 0 secs): user=<>, rip={0}, lip=192.0.2.11, TLS handshaking: SSL_accept() "
                "failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42, session=<{1}>",
            )
        )
        yield time, "dovecot: imap-login: " + how.format(address, key)

    def _opened(self, time: datetime, address: str) -> tuple[str, list[Line]]:
        self.pid += 1
        tag = f"postfix/{self.chance.choice(('smtps', 'submission'))}/smtpd[{self.pid}]"
        return tag, [
            (time, f"{tag}: connect from unknown[{address}]"),
            (
                time,
                f"{tag}: Anonymous TLS connection established from unknown[{address}]: TLSv1.3 with cipher "
                "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) "
                "server-digest SHA256",
            ),
        ]

    def mail(self, time: datetime) -> Iterator[Line]:
        """Somebody sends a message."""
        user, address = self.chance.choice(self.people)
        tag, opened = self._opened(time, address)
        queue = f"{self.chance.randrange(16**10, 16**11):X}"
        yield from opened
        yield time, f"{tag}: {queue}: client=unknown[{address}], sasl_method=PLAIN, sasl_username={user}"
        yield time, f"postfix/cleanup[77]: {queue}: message-id=<{queue}@client.example>"
        yield time, f"postfix/qmgr[78]: {queue}: from=<{user}>, size=2342, nrcpt=1 (queue active)"
        yield time, f"{tag}: disconnect from unknown[{address}] ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6"
        later = time + timedelta(seconds=1)
        yield (
            later,
            (
                f"postfix/smtp[79]: {queue}: to=<orders@bigcorp.example>, relay=mx.bigcorp.example[203.0.113.56]:25, "
                "delay=2.2, delays=0.12/0/0.6/1.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 87B7F5B0DF8)"
            ),
        )
        yield later, f"postfix/qmgr[78]: {queue}: removed"

    def sasl(self, time: datetime) -> Iterator[Line]:
        """A wrong password at the submission port."""
        user, address = self.refused()
        tag, opened = self._opened(time, address)
        yield from opened
        yield time, f"dovecot: auth: passwd-file({user},{address}): Password mismatch"
        after = time + timedelta(seconds=2)
        yield (
            after,
            f"{tag}: warning: unknown[{address}]: SASL LOGIN authentication failed: (reason unavailable), sasl_username={user}",
        )
        yield after, f"{tag}: lost connection after AUTH from unknown[{address}]"
        yield after, f"{tag}: disconnect from unknown[{address}] ehlo=1 auth=0/1 commands=1/2"

    def knock(self, time: datetime) -> Iterator[Line]:
        """A health probe or a scanner."""
        tag, opened = self._opened(time, f"203.0.113.{self.chance.randrange(256)}")
        yield from opened
        address = opened[0][1].rpartition("[")[2][:-1]
        yield time, f"{tag}: disconnect from unknown[{address}] ehlo=1 quit=1 commands=2"


def write_logs(place: Path, lines: int, *, mailboxes: int = 3000) -> int:
    """Write the logs of four hosts into ``place``, about ``lines`` in all; returns how many there are."""
    place.mkdir(parents=True, exist_ok=True)
    written = 0
    for seed, (name, face, rfc3339, share) in enumerate(HOSTS):
        with (place / f"{name}.log").open("w", encoding="utf-8") as file:
            for line in Host(name, face, rfc3339, seed, mailboxes).lines(int(lines * share)):
                file.write(line + "\n")
                written += 1
    return written
