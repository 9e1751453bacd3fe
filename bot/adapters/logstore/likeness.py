"""Logins that look like a mailbox: a customer who misspells the user name is seen in the log only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SLIP: Final = 2
"""Edits (a letter more, less, other, or two swapped) that a typing slip may take."""
MOST: Final = 50


def parted(login: str) -> tuple[str, str | None]:
    """Local part and domain of a login; the domain is None where it has no ``@``."""
    local, at, domain = login.rpartition("@")
    return (local, domain) if at else (login, None)


def alike(mailbox: str, logins: Iterable[str]) -> list[str]:
    """Those of ``logins`` (case-folded) that are a slip away from ``mailbox``, the closest first.

    A slip is the same local part with any other domain; or at most :data:`SLIP` edits in a local part of the
    same domain, or in an address that lost its ``@``. The mailbox itself is not among them; at most
    :data:`MOST` are returned.
    """
    # only who asks pays for loading it: whoever takes logs in needs parted() alone
    from rapidfuzz.distance import DamerauLevenshtein

    wanted = mailbox.casefold()
    local, domain = parted(wanted)
    near: list[tuple[int, str]] = []
    for login in set(logins):
        if login == wanted:
            continue
        its_local, its_domain = parted(login)
        if its_domain is not None and its_local == local:
            near.append((DamerauLevenshtein.distance(wanted, login), login))
        elif its_domain is None or its_domain == domain:
            distance = DamerauLevenshtein.distance(wanted, login, score_cutoff=SLIP)
            if distance <= SLIP:
                near.append((distance, login))
    return [login for _, login in sorted(near)[:MOST]]
