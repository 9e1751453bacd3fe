"""Resellers: their customers are answered under the reseller's brand, or by a human."""

from __future__ import annotations

from dataclasses import replace

from bot.core.observed import Account
from knowledge.host import Reseller, Settings
from knowledge.model import Knowledge


def reseller_of(mailbox: str | None, account: Account | None, settings: Settings) -> Reseller | None:
    """Whose customer the mailbox is, by the directory's account or by its domain; None for the host's own."""
    domain = (account.domain if account and account.domain else (mailbox or "").rpartition("@")[2]).lower()
    name = (account.account or "").lower() if account else ""
    return next(
        (
            r
            for r in settings.resellers
            if (name and name in (a.lower() for a in r.accounts))
            or (domain and domain in (d.lower() for d in r.domains))
        ),
        None,
    )


def branded(knowledge: Knowledge, mailbox: str | None, account: Account | None) -> Knowledge:
    """``knowledge`` under the brand that this customer knows; unchanged where it is the host's, or not known."""
    reseller = reseller_of(mailbox, account, knowledge.settings)
    if reseller is None or reseller.brand is None:
        return knowledge
    known = knowledge.settings
    named = replace(
        known,
        brand=reseller.brand,
        support_name=reseller.support_name or f"{reseller.brand} Support",
        webmail_url=reseller.webmail_url or known.webmail_url,
    )
    return replace(knowledge, settings=named)
