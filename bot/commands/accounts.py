"""``triage accounts``: import and show."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.bootstrap import accounts_of, knowledge_of
from bot.errors import InputError
from bot.logs.event import rfc3339
from bot.settings import read_settings


def import_file(file: Path) -> None:
    """Replace the imported accounts, all or nothing."""
    settings = read_settings()
    path = settings.database_path
    path.parent.mkdir(parents=True, exist_ok=True)
    count = CsvAccountDirectory(path).import_csv(file, plans=list(knowledge_of(settings).plans))
    sys.stdout.write(f"{count:,} mailboxes imported\n")


def show(address: str, *, as_json: bool) -> None:
    """Print what the directory knows; status 1 where it holds no such address. Raises InputError where it cannot be
    asked."""
    settings = read_settings()
    view = accounts_of(settings, knowledge_of(settings)).lookup(address)
    if view.failed:
        raise InputError(f"accounts show {address}: could not look: {view.failed}")
    if as_json:
        sys.stdout.write(json.dumps(asdict(view), default=_plain, ensure_ascii=False) + "\n")
    elif view.account is not None:
        for name, value in asdict(view.account).items():
            shown = "unknown" if value is None else _plain(value) if isinstance(value, datetime) else value
            sys.stdout.write(f"{name:<20} {', '.join(shown) if isinstance(shown, tuple | list) else shown}\n")
    else:
        why = "the directory holds no such address" if view.absent else "unknown: nothing fresh was imported"
        near = f"; near it: {', '.join(view.near)}" if view.near else ""
        sys.stdout.write(f"{address}: {why}{near}\n")
    if view.account is None:
        sys.exit(1)


def _plain(value: object) -> object:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
