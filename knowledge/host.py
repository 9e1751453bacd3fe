"""The frozen types of what is true of one mail host: its settings, its plans, who resells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a mail service and what is spoken on it."""

    port: int
    protocol: str
    tls: str
    """implicit, starttls, or none."""
    supported: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reseller:
    """Somebody who sells the host's mailboxes under a name of their own; their customers never hear the host's."""

    accounts: tuple[str, ...] = ()
    """Accounts of the directory that are theirs."""
    domains: tuple[str, ...] = ()
    """Domains of their customers."""
    brand: str | None = None
    """None: no brand is known, and their customers are answered by humans only."""
    support_name: str | None = None
    webmail_url: str | None = None
    """None: replies that name webmail name the host's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a customer must enter, and the host's own names and addresses."""

    brand: str
    imap_host: str
    smtp_host: str
    pop3_host: str | None = None
    ports: tuple[Port, ...]
    username: str
    authentication: str
    webmail_url: str
    support_name: str
    article_url: str | None = None
    """Where the help article is; None: citations carry number and title only."""
    own_domains: tuple[str, ...]
    """Domains whose addresses and hosts are the mail host's own, never a customer's."""
    staff_localparts: tuple[str, ...]
    server_addresses: tuple[str, ...]
    customer_hosts: tuple[str, ...] = ()
    """Further host names under which customers may connect (brands, CNAMEs)."""
    paused_by: tuple[str, ...] = ()
    """How this host pauses a mailbox, in words of the log: nologin, deny, allow_nets, locked, removed."""
    imap_idle_minutes: int = 30
    webmail_addresses: tuple[str, ...] = ()
    dkim_selectors: tuple[str, ...] = ()
    """Under which names customers' DKIM keys stand as a rule; ``triage probe`` looks there where no other is named."""
    resellers: tuple[Reseller, ...] = ()

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """Every name under which a mail program may connect."""
        pop3 = (self.pop3_host,) if self.pop3_host else ()
        return (self.imap_host, self.smtp_host, *self.customer_hosts, *pop3)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan's limits; None means that the article states none."""

    id: str
    name: str
    can_send: bool
    imap_per_ip: int
    imap_total: int
    mailbox_per_day: int | None = None
    account_per_day: int | None = None
    smtp_per_hour: int | None = None
    names: tuple[str, ...] = ()
    source: str = ""
