"""Customers of the made-up host: domains, mailboxes, where they connect from, what they pay for."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST = (
    "anna",
    "ben",
    "carla",
    "dora",
    "emil",
    "fiona",
    "gus",
    "hanna",
    "igor",
    "julia",
    "kai",
    "lena",
    "marek",
    "nina",
    "olga",
    "pedro",
    "quinn",
    "rita",
    "samuel",
    "tara",
    "uwe",
    "victor",
    "wanda",
    "yuki",
    "zoe",
    "alicia",
    "bianca",
    "cleo",
    "devin",
    "erik",
    "helen",
    "irene",
    "jonas",
)
SHARED = (
    "info",
    "office",
    "sales",
    "kontakt",
    "billing",
    "support",
    "hello",
    "booking",
    "admin",
    "shop",
    "lab",
    "reception",
    "faktura",
    "accounts",
)
LAST = ("lind", "silva", "marsh", "rossi", "mueller", "jones", "petit", "novak", "singh", "costa", "berg", "carver")
THINGS = (
    "amber",
    "birch",
    "coral",
    "dune",
    "elm",
    "fjord",
    "grove",
    "harbor",
    "iris",
    "jasper",
    "knoll",
    "linden",
    "maple",
    "north",
    "onyx",
    "pine",
    "quartz",
    "ridge",
    "sable",
    "thistle",
    "umber",
    "vale",
    "willow",
    "xenon",
    "heath",
    "garnet",
    "kestrel",
    "meadow",
    "nimbus",
    "olive",
)
TRADES = (
    "books",
    "clinic",
    "data",
    "dental",
    "design",
    "energy",
    "foods",
    "garden",
    "labs",
    "legal",
    "logistics",
    "media",
    "print",
    "studio",
    "tools",
    "travel",
    "works",
    "tours",
    "motors",
    "yoga",
)
ENDINGS = (".example", ".example", ".example", ".test", ".example.com", ".example.net", ".example.org")
PARTNERS = (
    "orders@bigcorp.example.org",
    "kontakt@freemail.example",
    "support@partnerfirm.example",
    "john.doe@university.test",
    "peter@supplier.example.net",
)
PLANS = ("Nano", "Starter", "Starter", "Pro", "Agency")


@dataclass
class Domain:
    """One customer: the mailboxes share a plan and one or two office addresses."""

    name: str
    plan: str
    offices: list[str]
    verified: bool = True
    mailboxes: list[Mailbox] = field(default_factory=list)


@dataclass
class Mailbox:
    """One mailbox; ``quiet`` ones make no traffic of their own."""

    address: str
    domain: Domain
    home: str
    paused: bool = False
    quiet: bool = False
    created: str = "2025-01-01"


@dataclass
class People:
    """Everybody, with addresses handed out only once."""

    rng: random.Random
    domains: list[Domain] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _v4: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        pool = (
            [f"192.0.2.{n}" for n in range(20, 200)]
            + [f"198.51.100.{n}" for n in range(20, 200)]
            + [f"203.0.113.{n}" for n in range(62, 200)]
        )
        self.rng.shuffle(pool)
        self._v4 = pool

    def address(self) -> str:
        """An address that nobody else has; IPv6 in a third of the cases, and when IPv4 runs out."""
        if self._v4 and self.rng.random() < 0.65:
            return self._v4.pop()
        r = self.rng.randrange
        return f"2001:db8:{r(0x100, 0x7FFF):x}:{r(1, 0xFF):x}::{r(0x100, 0xFFFF):x}"

    def domain(self, plan: str | None = None) -> Domain:
        """A new customer without mailboxes."""
        while True:
            name = (
                self.rng.choice(THINGS)
                + self.rng.choice(("", "-"))
                + self.rng.choice(TRADES)
                + self.rng.choice(ENDINGS)
            )
            if name not in self._names:
                break
        self._names.add(name)
        made = Domain(name, plan or self.rng.choice(PLANS), [self.address()])
        self.domains.append(made)
        return made

    def mailbox(self, domain: Domain, local: str | None = None, *, quiet: bool = False) -> Mailbox:
        """A new mailbox; two of three are used from the office, the others from an address of their own."""
        taken = {m.address for m in domain.mailboxes}
        while local is None or f"{local}@{domain.name}" in taken:
            kind = self.rng.random()
            local = (
                self.rng.choice(SHARED)
                if kind < 0.3
                else self.rng.choice(FIRST)
                if kind < 0.75
                else f"{self.rng.choice(FIRST)}.{self.rng.choice(LAST)}"
            )
        home = domain.offices[0] if self.rng.random() < 0.67 else self.address()
        made = Mailbox(
            f"{local}@{domain.name}",
            domain,
            home,
            quiet=quiet,
            created=f"20{self.rng.randint(23, 25)}-{self.rng.randint(1, 12):02d}-{self.rng.randint(1, 28):02d}",
        )
        domain.mailboxes.append(made)
        return made

    def crowd(self, mailboxes: int) -> None:
        """Background customers, one to four mailboxes each."""
        while mailboxes > 0:
            domain = self.domain()
            for _ in range(min(mailboxes, self.rng.randint(1, 4))):
                self.mailbox(domain)
                mailboxes -= 1

    def csv(self) -> str:
        """accounts.csv."""
        rows = [
            f"{m.address},{d.name},{d.plan},{int(m.paused)},{int(d.verified)},{m.created}"
            for d in self.domains
            for m in d.mailboxes
        ]
        return "\n".join(["mailbox,domain,plan,paused,domain_verified,created_at", *sorted(rows)]) + "\n"
