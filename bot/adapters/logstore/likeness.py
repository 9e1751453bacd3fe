"""Logins that look like a mailbox: a customer who misspells the domain in the user name is seen in the log
only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein

SLIP: Final = 2
"""Edits (a letter more, less, other, or two swapped) that a typing slip may take."""
MOST: Final = 50


def alike(mailbox: str, logins: Iterable[str]) -> list[str]:
    """Those of ``logins`` (case-folded) that are a slip away from ``mailbox``, the closest first.

    A slip is the same local part with another domain, or at most :data:`SLIP` edits over the whole address.
    The mailbox itself is not among them; at most :data:`MOST` are returned.
    """
    wanted = mailbox.casefold()
    local = wanted.rpartition("@")[0]
    near: list[tuple[int, str]] = []
    for login in set(logins):
        if login == wanted:
            continue
        same_local = bool(local) and login.rpartition("@")[0] == local
        distance = DamerauLevenshtein.distance(wanted, login, score_cutoff=None if same_local else SLIP)
        if same_local or distance <= SLIP:
            near.append((distance, login))
    return [login for _, login in sorted(near)[:MOST]]
