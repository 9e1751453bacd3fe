"""One customer at a time: their past, the failure in the logs, the neighbours' noise, and then the ticket."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.eval.joined import dovecot_lines as dovecot
from tests.eval.joined import postfix_lines as postfix
from tests.eval.joined.background import BOTS, attack, moment, usual
from tests.eval.joined.causes import MISMATCH, Cause, Victim
from tests.eval.joined.journal import END, PROTOCOL_HOSTS, START, Journal, later
from tests.eval.joined.letters import Letter, write_letter
from tests.eval.joined.people import PARTNERS, Domain, Mailbox, People

CAPS = {"Nano": 10, "Starter": 25, "Pro": 50, "Agency": 50}
KNOWN_SHARE = 0.7
FIRST_TICKET, LAST_TICKET = START + timedelta(hours=26), END - timedelta(hours=4)
"""Failures lie on the second day, so that every zone a customer may live in is covered by the logs."""


@dataclass(frozen=True)
class Case:
    """A ticket as it comes in and the right answer."""

    ticket: dict[str, Any]
    gold: dict[str, Any]


@dataclass
class Studio:
    """Makes cases in one world. ``letters`` write what the customer says."""

    journal: Journal
    people: People
    rng: random.Random

    def case(self, cause: Cause) -> Case:
        """Play ``cause`` for a new customer and write their ticket."""
        domain = self.people.domain(self._plan(cause))
        box = self.people.mailbox(domain, quiet=True)
        box.paused, domain.verified = cause.paused, cause.verified
        for _ in range(self.rng.randint(0, 2)):
            self.people.mailbox(domain)
        failed, host = self._moment(cause)
        victim = self._victim(cause, box)
        lines, last = self._fail(cause, host, failed, victim)
        received = min(
            later(last, self.rng.randint(7200, 10800) if cause.past == "after" else self.rng.randint(900, 9000)),
            END - timedelta(minutes=2),
        )
        known = self._past(cause, box, failed, last)
        self._neighbours(cause, domain, box, failed)
        if cause.name == "outage":
            self._outage(failed)
        letter = write_letter(
            self.rng, cause, victim, domain.name, failed, received, told_ip=cause.nameless and not known
        )
        return Case(letter.ticket, self._gold(cause, box, lines, letter))

    def _plan(self, cause: Cause) -> str:
        if cause.plans:
            return self.rng.choice(cause.plans)
        return self.rng.choice(
            ("Starter", "Pro", "Agency") if cause.protocol == "SMTP" else ("Nano", "Starter", "Starter", "Pro")
        )

    def _moment(self, cause: Cause) -> tuple[datetime, str]:
        """When and on which host it happens; never in a silence, except where the silence is the point."""
        hosts = PROTOCOL_HOSTS[cause.protocol]
        if cause.trap == "gap":
            host, since, until = self.rng.choice([s for s in self.journal.silences if s[0] in hosts])
            return since + (until - since) * self.rng.uniform(0.35, 0.7), host
        while True:
            at, host = moment(self.rng, FIRST_TICKET, LAST_TICKET), self.rng.choice(hosts)
            wide = timedelta(hours=4) if cause.absence == "proven" else timedelta(minutes=20)
            around = [at + wide * step / 4 for step in range(-4, 5)]
            checked = hosts if cause.absence == "proven" else (host,)
            if not any(self.journal.silent(h, moment_) for h in checked for moment_ in around):
                return at, host

    def _victim(self, cause: Cause, box: Mailbox) -> Victim:
        local, _, domain = box.address.partition("@")
        middle = self.rng.randint(1, max(2, len(domain) - 3))
        typo = (
            domain[:middle] + domain[middle + 1 :]
            if self.rng.random() < 0.6
            else domain[:middle] + domain[middle + 1] + domain[middle] + domain[middle + 2 :]
        )
        if typo == domain:
            typo = domain[:-1]
        login = {"full": box.address, "bare": local, "typo": f"{local}@{typo}", "bad": f"{box.address};x"}[cause.login]
        to = f"jonathan@{domain}" if cause.story == "own_domain" else self.rng.choice(PARTNERS)
        colleague = f"office@{domain}"
        reply = (
            cause.reply.format(mailbox=box.address, to=to, rip=box.home, colleague=colleague) if cause.reply else None
        )
        return Victim(box.address, login, box.home, to, CAPS[box.domain.plan], reply, colleague)

    def _fail(self, cause: Cause, host: str, failed: datetime, victim: Victim) -> tuple[list[str], datetime]:
        """The failing lines with their repeats, and the moment of the last one."""
        if cause.name == "banned":
            return self._ban(failed, victim), failed
        if cause.play is None:
            return [], failed
        lines, at = list(cause.play(self.journal, host, failed, victim)), failed
        repeats = self.rng.randint(8, 20) if cause.steady else self.rng.choice((0, 0, 1, 1, 2, 4))
        step = self.rng.randint(300, 1200) if cause.steady else 0
        for _ in range(repeats):
            at = later(at, step + self.rng.uniform(-20, 20) if cause.steady else self.rng.uniform(40, 500))
            if at > END - timedelta(minutes=40):
                break
            where = self.rng.choice(PROTOCOL_HOSTS[cause.protocol]) if cause.steady or self.rng.random() < 0.4 else host
            if cause.trap == "gap":
                where = host
                if not self.journal.silent(host, at):
                    break
            lines += cause.play(self.journal, where, at, victim)
        if cause.trap == "two_causes":
            lines += postfix.tls_error(
                self.journal, self.rng.choice(PROTOCOL_HOSTS["SMTP"]), later(at, 200), victim.rip, None
            )
        return lines, at

    def _ban(self, failed: datetime, victim: Victim) -> list[str]:
        """Somebody in the office mistypes until fail2ban shuts the address out."""
        at = later(failed, -2400)
        for _ in range(6):
            dovecot.auth_failed(
                self.journal, self.rng.choice(PROTOCOL_HOSTS["IMAP"]), at, victim.colleague, victim.rip, MISMATCH
            )
            at = later(at, self.rng.uniform(20, 90))
        return [self.journal.ban(later(at, 3), victim.rip)]

    def _past(self, cause: Cause, box: Mailbox, failed: datetime, last: datetime) -> bool:
        """Earlier (or later) sessions of the same mailbox. True where the failing device's address can be known by
        them."""
        j, rng = self.journal, self.rng
        known = cause.past in ("before", "around", "many") or (cause.past == "any" and rng.random() < KNOWN_SHARE)
        if cause.nameless and rng.random() < 0.2:
            known = False
        if cause.past == "after":
            for n in range(rng.randint(2, 8)):
                at = later(last, 900 + n * 1500)
                open_hosts = [h for h in PROTOCOL_HOSTS["IMAP"] if not j.silent(h, at)]
                dovecot.login(j, rng.choice(open_hosts), at, box.address, box.home)
            return True
        if known:
            reads = rng.randint(3, 9)
            until = END if cause.past == "around" or cause.protocol == "SMTP" else later(failed, -120)
            usual(j, box, START, until, reads=reads, sends=0)
            if cause.protocol == "IMAP":
                usual(
                    j,
                    box,
                    START,
                    END if cause.past != "before" else later(failed, -120),
                    reads=0,
                    sends=rng.randint(0, 3),
                )
            elif cause.past == "before":
                usual(j, box, START, later(failed, -120), reads=0, sends=rng.randint(1, 4))
            usual(
                j,
                box,
                later(failed, -5 * 3600) if failed - START > timedelta(hours=6) else START,
                later(failed, -60),
                reads=1,
                sends=0,
            )
        if cause.past == "many":
            for _ in range(CAPS[box.domain.plan]):
                dovecot.login(
                    j,
                    rng.choice(PROTOCOL_HOSTS["IMAP"]),
                    later(failed, -rng.uniform(60, 5400)),
                    box.address,
                    box.home,
                    hold=rng.uniform(5500, 9000),
                )
        if cause.steady and rng.random() < 0.7:
            usual(j, box, failed, min(END, last), reads=rng.randint(2, 6), sends=0, rip=self.people.address())
        return known

    def _neighbours(self, cause: Cause, domain: Domain, box: Mailbox, failed: datetime) -> None:
        """A colleague behind the same address, somebody with nearly the same name, a botnet: none of it is the
        customer's."""
        j, rng = self.journal, self.rng
        local = box.address.partition("@")[0]
        near = later(failed, rng.uniform(-1800, 1800))
        if rng.random() < 0.25 and cause.name != "banned":
            colleague = self.people.mailbox(domain, quiet=True)
            if rng.random() < 0.6:
                dovecot.auth_failed(j, rng.choice(PROTOCOL_HOSTS["IMAP"]), near, colleague.address, box.home, MISMATCH)
            else:
                postfix.auth_failed(
                    j,
                    rng.choice(PROTOCOL_HOSTS["SMTP"]),
                    near,
                    colleague.address,
                    box.home,
                    MISMATCH,
                    methods=("PLAIN", "LOGIN"),
                )
            usual(j, colleague, START, END, reads=rng.randint(1, 3), sends=0, rip=box.home)
        if rng.random() < 0.2:
            twin = self.people.mailbox(
                domain,
                local[:-1] + ("o" if local[-1] != "o" else "a") if rng.random() < 0.5 else local + local[-1],
                quiet=True,
            )
            dovecot.auth_failed(
                j, rng.choice(PROTOCOL_HOSTS["IMAP"]), later(near, 60), twin.address, self.people.address(), MISMATCH
            )
        if rng.random() < 0.2:
            bot, at = rng.choice(BOTS), later(failed, rng.uniform(-5400, 2400))
            for _ in range(rng.randint(2, 8)):
                attack(j, at, box.address, bot, [] if cause.name in ("paused-removed", "unverified") else [box.address])
                at = later(at, rng.uniform(10, 300))

    def _outage(self, failed: datetime) -> None:
        """Everybody else who tries to log in during our own fault fails too."""
        others = [m for d in self.people.domains for m in d.mailboxes if not m.quiet]
        for _ in range(25):
            someone = self.rng.choice(others)
            dovecot.refused(
                self.journal,
                self.rng.choice(PROTOCOL_HOSTS["IMAP"]),
                later(failed, self.rng.uniform(-240, 420)),
                someone.address,
                someone.home,
                "auth service reported temporary failure",
            )

    def _gold(self, cause: Cause, box: Mailbox, lines: list[str], letter: Letter) -> dict[str, Any]:
        return {
            "mailbox": box.address,
            "mailbox_acceptable": [box.address],
            "client": letter.client,
            "client_version": letter.version,
            "os": None,
            "error_texts": list(letter.errors),
            "hosts": list(letter.hosts),
            "ports": list(letter.ports),
            "tls": letter.tls,
            "protocol": cause.protocol,
            "webmail_works": letter.webmail,
            "cause": cause.cause,
            "check": cause.check,
            "acceptable_checks": cause.accepted,
            "should_ask": cause.ask,
            "matching_lines": lines,
            "absence": cause.absence,
            "requester_is_owner": letter.owner,
            "trap": cause.trap,
            "lang": letter.lang,
            "why": f"{cause.name}: {cause.why}",
            "hard_negative": False,
        }
