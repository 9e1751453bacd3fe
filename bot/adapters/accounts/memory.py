"""Account directories without a database: one over given accounts, one that knows nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.adapters.accounts.values import near
from bot.core.observed import Account, AccountView


class MemoryAccountDirectory:
    """A directory over accounts that are at hand; complete and fresh, so absence is proven."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts = {account.mailbox.casefold(): account for account in accounts}
        self._aliases = {
            alias.casefold(): mailbox for mailbox, account in self._accounts.items() for alias in account.aliases
        }
        self._domains: dict[str, list[str]] = defaultdict(list)
        for mailbox in sorted(self._accounts):
            self._domains[mailbox.rpartition("@")[2]].append(mailbox)

    def lookup(self, address: str) -> AccountView:
        """The account of a mailbox or alias; ``absent`` where there is none."""
        wanted = address.strip().casefold()
        found = self._accounts.get(wanted)
        if found is not None:
            return AccountView(found, domain_known=True)
        mailbox = self._aliases.get(wanted)
        if mailbox is not None:
            return AccountView(replace(self._accounts[mailbox], alias_of=mailbox), domain_known=True)
        domain = wanted.rpartition("@")[2]
        return AccountView(
            absent=True, domain_known=bool(self._domains.get(domain)), near=near(wanted, self.in_domain(domain))
        )

    def in_domain(self, domain: str) -> Sequence[str]:
        """Mailboxes of ``domain``, lower-cased, in order."""
        return tuple(self._domains.get(domain.strip().casefold(), ()))


class EmptyAccountDirectory:
    """Where no accounts are configured: everything is unknown, nothing is absent."""

    def lookup(self, address: str) -> AccountView:
        """Unknown."""
        return AccountView()

    def in_domain(self, domain: str) -> Sequence[str]:
        """Nobody that we know of."""
        return ()
