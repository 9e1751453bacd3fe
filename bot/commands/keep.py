"""``triage audit``, ``purge``, ``backup``, ``restore``: what is kept, how long, and how it comes back."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.adapters.store.backup import backup as make_backup
from bot.adapters.store.backup import restore as bring_back
from bot.adapters.store.erasure import erase
from bot.adapters.store.retention import Retention
from bot.bootstrap import SystemClock, desk_of, log_store_of
from bot.commands.operator import who
from bot.errors import InputError
from bot.settings import read_settings


def audit(*, limit: int, as_json: bool) -> None:
    """Print the audit log, the newest first."""
    with desk_of(read_settings()).look() as view:
        lines = view.views.audit(limit=limit)
    for line in lines:
        if as_json:
            sys.stdout.write(
                json.dumps({**asdict(line), "at": line.at.isoformat().replace("+00:00", "Z")}, ensure_ascii=False)
                + "\n"
            )
        else:
            change = f"\t{line.before} -> {line.after}" if line.before or line.after else ""
            sys.stdout.write(f"{line.at:%Y-%m-%d %H:%M:%S}\t{line.who}\t{line.action}\t{line.subject}{change}\n")


def purge(*, requester: str | None) -> None:
    """Let go what is over its time; or erase one requester everywhere."""
    settings = read_settings()
    desk = desk_of(settings)
    if requester is None:
        purged = Retention(desk.database, SystemClock().now()).purge()
        sys.stdout.write(
            f"words gone after 30 days: {purged.bodies} messages, {purged.triages} triages; persons gone after 13 months: {purged.persons} triages\n"
        )
        sys.stdout.write(f"messages of ours that the worker takes back outside: {purged.redacted}\n")
        for place in purged.by_hand:
            sys.stdout.write(f"by hand: {place}\n")
        return
    wanted = requester.strip()
    if not (wanted.count("@") == 1 and all(wanted.split("@"))) and not (
        wanted.startswith("slack:") and wanted.count(":") == 2
    ):
        raise InputError(f"--requester {wanted!r}: expected a mail address or slack:TEAM:USER")
    done = erase(desk.database, wanted, SystemClock().now(), who())
    sys.stdout.write(
        f"{done.cases} cases emptied, {done.rows} further rows changed; {done.redacted} messages of ours will be taken back by the worker\n"
    )
    by_hand = list(done.by_hand)
    store = log_store_of(settings)
    if "@" in wanted and not isinstance(store, SqliteLogStore):
        by_hand.append(f"the log lines in {store.name}")
    elif "@" in wanted and isinstance(store, SqliteLogStore) and store.path.is_file():
        blocks = store.erase(wanted, f"erased-{secrets.token_hex(8)}")
        sys.stdout.write(f"{store.path}: {blocks} blocks of log lines rewritten\n")
    for place in by_hand:
        sys.stdout.write(f"by hand: {place}\n")
    sys.stdout.write(
        "Not reached from here: backups made before, the servers' own log files, what the customer wrote in Slack or the helpdesk (docs/privacy.md)\n"
    )


def backup(file: Path | None) -> None:
    """Copy the database while everything goes on."""
    settings = read_settings()
    target = (
        file
        or Path("var")
        / "backup"
        / f"triage-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{'db' if settings.database_url.startswith('sqlite') else 'dump'}"
    )
    desk_of(settings).database.engine.dispose()
    size = make_backup(settings.database_url, target)
    sys.stdout.write(f"{target}: {size:,} bytes\n")


def restore(file: Path, *, force: bool) -> None:
    """Bring a backup back. The copy sends nothing until ``triage resume``."""
    moved = bring_back(read_settings().database_url, file, force=force)
    if moved:
        sys.stdout.write(f"what was there before is now {moved}\n")
    sys.stdout.write(
        f"{file}: restored. Nothing is sent from this copy until it is released: make sure that the original is off, then run: triage resume\n"
    )
