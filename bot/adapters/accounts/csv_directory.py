"""Accounts that were imported from a CSV file, kept in an SQLite table until the next import."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import local
from typing import Final

from bot.adapters.accounts.table import read_accounts
from bot.adapters.accounts.values import aged, near
from bot.core.observed import Account, AccountView
from bot.errors import StoreBusy, StoreCorrupt, StoreError

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS account_entry (address TEXT PRIMARY KEY, mailbox TEXT NOT NULL,"
    " domain TEXT NOT NULL, entry TEXT) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS account_entry_domain ON account_entry (domain, address)",
    "CREATE TABLE IF NOT EXISTS account_import (as_of TEXT NOT NULL, file TEXT NOT NULL, accounts INTEGER NOT NULL)",
)
"""``account_entry`` holds mailboxes (with ``entry``) and aliases (without), by address, case-folded."""

FRESH: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AccountImport:
    """What was imported last: when, from where, how many mailboxes."""

    as_of: datetime
    file: str
    accounts: int


class CsvAccountDirectory:
    """An AccountDirectory over the last import.

    ``max_age`` is how long an import is believed: after it, what may have changed is unknown and absence is
    unproven. None believes it for ever (an export that is evaluated together with the tickets of its day).
    """

    def __init__(
        self,
        path: Path | str,
        *,
        max_age: timedelta | None = FRESH,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = Path(path)
        self._max_age = max_age
        self._now = now
        self._kept = local()
        """This thread's connection for looking up, and whose it is: a look-up takes less time than opening does."""

    def import_csv(self, file: Path | str, *, plans: Collection[str] = (), as_of: datetime | None = None) -> int:
        """Replace all accounts by those of ``file``; returns how many mailboxes there are now.

        ``as_of`` is the moment the table was true (default: now). All or nothing: raises TableError naming
        file, line and column, or StoreError, and the earlier import stays as it was.
        """
        accounts = read_accounts(Path(file), plans)
        moment = (as_of or self._now()).astimezone(UTC)
        rows: dict[str, tuple[str, str, str, str | None]] = {
            alias: (alias, account.mailbox, alias.rpartition("@")[2], None)
            for account in accounts
            for alias in account.aliases
        }
        # a mailbox wins over an alias of the same name
        rows |= {
            account.mailbox: (account.mailbox, account.mailbox, account.mailbox.rpartition("@")[2], _packed(account))
            for account in accounts
        }
        with self._opened(write=True) as db:
            db.execute("BEGIN IMMEDIATE")
            for statement in TABLES:
                db.execute(statement)
            db.execute("DELETE FROM account_entry")
            db.execute("DELETE FROM account_import")
            db.executemany("INSERT INTO account_entry VALUES (?, ?, ?, ?)", [rows[address] for address in sorted(rows)])
            db.execute("INSERT INTO account_import VALUES (?, ?, ?)", (moment.isoformat(), str(file), len(accounts)))
            db.execute("COMMIT")
        return len(accounts)

    def last_import(self) -> AccountImport | None:
        """What was imported last; None where nothing was. Raises StoreError."""
        if not self.path.is_file():
            return None
        with self._opened() as db:
            return _last(db)

    def lookup(self, address: str) -> AccountView:
        """The account of a mailbox or alias; see AccountView for what absence takes."""
        wanted = address.strip().casefold()
        if not self.path.is_file():
            return AccountView()
        try:
            with self._opened() as db:
                imported = _last(db)
                if imported is None:
                    return AccountView()
                fresh = self._max_age is None or self._now() - imported.as_of <= self._max_age
                row = db.execute(
                    "SELECT m.entry, a.entry IS NULL FROM account_entry AS a"
                    " JOIN account_entry AS m ON m.address = a.mailbox WHERE a.address = ?",
                    (wanted,),
                ).fetchone()
                if row is not None:
                    account = replace(_unpacked(row[0]), as_of=imported.as_of)
                    if row[1]:
                        account = replace(account, alias_of=account.mailbox)
                    return AccountView(account if fresh else aged(account), domain_known=True)
                known = _in_domain(db, wanted.rpartition("@")[2])
        except StoreError as error:
            return AccountView(failed=str(error))
        domain_known = True if known else (False if fresh else None)
        return AccountView(absent=fresh, domain_known=domain_known, near=near(wanted, known))

    def in_domain(self, domain: str) -> Sequence[str]:
        """Mailboxes of ``domain`` in order; empty where it is not known or we could not look."""
        if not self.path.is_file():
            return ()
        try:
            with self._opened() as db:
                return _in_domain(db, domain.strip().casefold()) if _last(db) is not None else ()
        except StoreError:
            return ()

    @contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if write:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
            else:
                db = self._reading()
            try:
                yield db
            finally:
                if write:
                    db.close()  # rolls back what was not committed
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise StoreBusy(f"{self.path}: another process is writing to it; try again") from error
            raise StoreError(f"{self.path}: accounts cannot be used ({error}); check the path") from error
        except sqlite3.DatabaseError as error:
            raise StoreCorrupt(f"{self.path}: no usable database ({error}); move it away, import anew") from error
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be made ({error.strerror or error}); check the path") from error

    def _reading(self) -> sqlite3.Connection:
        """The connection kept for this thread; a new one in a forked process and where the file is another one."""
        file = self.path.stat()
        owner = (os.getpid(), file.st_dev, file.st_ino)
        if getattr(self._kept, "owner", None) != owner:
            uri = self.path.absolute().as_uri() + "?mode=ro"
            self._kept.db = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None)
            self._kept.owner = owner
        db: sqlite3.Connection = self._kept.db
        return db


def _last(db: sqlite3.Connection) -> AccountImport | None:
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'account_import'").fetchone() is None:
        return None
    row = db.execute("SELECT as_of, file, accounts FROM account_import").fetchone()
    return None if row is None else AccountImport(datetime.fromisoformat(row[0]), row[1], row[2])


def _in_domain(db: sqlite3.Connection, domain: str) -> tuple[str, ...]:
    found = db.execute(
        "SELECT address FROM account_entry WHERE domain = ? AND entry IS NOT NULL ORDER BY address", (domain,)
    )
    return tuple(row[0] for row in found)


_WORDS: Final = ("mailbox", "account", "domain", "plan", "paused_reason")
_TIMES: Final = ("password_changed_at", "created_at")


def _packed(account: Account) -> str:
    entry: dict[str, object] = {name: getattr(account, name) for name in (*_WORDS, "paused", "domain_verified")}
    for name in _TIMES:
        moment: datetime | None = getattr(account, name)
        entry[name] = moment.isoformat() if moment is not None else None
    entry["aliases"], entry["admins"] = account.aliases, account.admins
    return json.dumps({name: value for name, value in entry.items() if value not in (None, ())})


def _unpacked(text: str) -> Account:
    entry = json.loads(text)
    for name in _TIMES:
        if name in entry:
            entry[name] = datetime.fromisoformat(entry[name])
    for name in ("aliases", "admins"):
        entry[name] = tuple(entry.get(name, ()))
    return Account(**entry)
