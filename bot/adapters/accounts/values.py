"""One account from a row of words, wherever the row comes from: a CSV file, a SQL query or JSON.

An empty or missing value is unknown (None), never false.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein

from bot.core.observed import Account

COLUMNS: Final = (
    "mailbox",
    "account",
    "domain",
    "plan",
    "paused",
    "paused_reason",
    "domain_verified",
    "aliases",
    "admins",
    "password_changed_at",
    "created_at",
)
"""Every column that a row may have; only the first is required."""

SLIP: Final = 2
"""Edits that a typing slip may take; one where the local part has four letters or fewer."""

_YES: Final = frozenset({"1", "yes", "y", "true", "t", "ja", "j", "on", "oui", "si", "sí", "x"})
_NO: Final = frozenset({"0", "no", "n", "false", "f", "nein", "off", "non"})
_ADDRESS: Final = re.compile(r"[^\s@<>,;|\"\x00-\x1f\x7f]{1,128}@[^\s@<>,;|\"\x00-\x1f\x7f]{1,255}")
_SEPARATOR: Final = re.compile(r"[\s,;|]+")


class BadValue(ValueError):
    """A value that cannot be read: ``column`` names it, the text says what was expected."""

    def __init__(self, column: str, text: str) -> None:
        super().__init__(text)
        self.column = column


def account_of(row: Mapping[str, object], plans: Collection[str] = ()) -> Account:
    """The account that ``row`` (column name -> value) describes.

    ``plans`` are the plan names there are, lower-case; empty takes any name. Raises BadValue for a value that
    cannot be read, for a missing mailbox and for a column that nobody knows.
    """
    for column in row:
        if column not in COLUMNS and column != "as_of":
            raise BadValue(column, f"unknown column; known are {', '.join(COLUMNS)}")
    mailbox = _word(row, "mailbox")
    if mailbox is None:
        raise BadValue("mailbox", "missing; every row needs a full address")
    mailbox = _address("mailbox", mailbox)
    plan = _word(row, "plan")
    if plan is not None:
        plan = plan.casefold()
        if plans and plan not in plans:
            raise BadValue("plan", f"{_shown(plan)} is no plan; known are {', '.join(sorted(plans))}")
    domain = _word(row, "domain")
    return Account(
        mailbox=mailbox,
        account=_word(row, "account"),
        domain=domain.casefold().strip(".") if domain else mailbox.rpartition("@")[2],
        plan=plan,
        paused=_flag(row, "paused"),
        paused_reason=_word(row, "paused_reason"),
        domain_verified=_flag(row, "domain_verified"),
        aliases=_addresses(row, "aliases"),
        admins=_addresses(row, "admins"),
        password_changed_at=_moment(row, "password_changed_at"),
        created_at=_moment(row, "created_at"),
        as_of=_moment(row, "as_of"),
    )


def aged(account: Account) -> Account:
    """``account`` as an old table knows it: what may have changed since is unknown."""
    return replace(account, plan=None, paused=None, paused_reason=None, domain_verified=None, password_changed_at=None)


def near(address: str, mailboxes: Iterable[str]) -> tuple[str, ...]:
    """Those of ``mailboxes`` a typing slip away from ``address``, the closest first; at most ten."""
    wanted = address.casefold()
    most = SLIP if len(wanted.rpartition("@")[0]) > 4 else 1
    found = []
    for mailbox in mailboxes:
        distance = DamerauLevenshtein.distance(wanted, mailbox, score_cutoff=most)
        if 0 < distance <= most:
            found.append((distance, mailbox))
    return tuple(mailbox for _, mailbox in sorted(found)[:10])


def _word(row: Mapping[str, object], column: str) -> str | None:
    value = row.get(column)
    if value is None:
        return None
    if not isinstance(value, str | int):
        raise BadValue(column, "expected text")
    return str(value).strip() or None


def _flag(row: Mapping[str, object], column: str) -> bool | None:
    value = row.get(column)
    if isinstance(value, bool):
        return value
    word = _word(row, column)
    if word is None:
        return None
    if word.casefold() in _YES:
        return True
    if word.casefold() in _NO:
        return False
    raise BadValue(column, f"{_shown(word)} is neither yes nor no; write 1 or 0, and nothing where it is unknown")


def _moment(row: Mapping[str, object], column: str) -> datetime | None:
    value = row.get(column)
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        word = _word(row, column)
        if word is None:
            return None
        try:
            moment = datetime.fromisoformat(word)
        except ValueError:
            raise BadValue(column, f"{_shown(word)} is no date; write 2026-11-20 or 2026-11-20T09:14:00Z") from None
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _addresses(row: Mapping[str, object], column: str) -> tuple[str, ...]:
    value = row.get(column)
    if isinstance(value, list | tuple):
        words = [word for word in value if isinstance(word, str) and word.strip()]
        if len(words) != len(value):
            raise BadValue(column, "expected a list of addresses")
    else:
        words = [word for word in _SEPARATOR.split(_word(row, column) or "") if word]
    return tuple(dict.fromkeys(_address(column, word.strip()) for word in words))


def _address(column: str, text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise BadValue(column, f"{_shown(text)} is no full address such as anna@example.com")
    return text.casefold()


def _shown(text: str) -> str:
    """Foreign text in a message: short, and nothing that a terminal would obey."""
    return ascii(text if len(text) <= 60 else text[:60] + "…") if not text.isprintable() else repr(text[:60])
