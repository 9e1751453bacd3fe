"""A copy of the database while it is in use, and the way back. A copy that comes back sends nothing until somebody
releases it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import make_url, text

from bot.adapters.store.database import Database
from bot.adapters.store.upgrade import upgrade
from bot.core.desk.rules import RESTORED
from bot.errors import InputError, StoreBusy, StoreCorrupt

PG_SECONDS: Final = 3_600


def backup(url: str, target: Path) -> int:
    """Copy the database of ``url`` into the file ``target``; returns its size. SQLite's online backup, or pg_dump's
    custom format.

    Raises InputError where the file is there already or cannot be written, StoreBusy where the database cannot be read.
    """
    if target.exists():
        raise InputError(f"{target}: is there already; name another file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # it holds customers' data: nobody else reads it
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from error
    try:
        if url.startswith("sqlite:///"):
            _copy(Path(url.removeprefix("sqlite:///")), target)
        else:
            _postgres("pg_dump", url, "--format=custom", f"--file={target}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target.stat().st_size


def restore(url: str, file: Path, *, force: bool) -> Path | None:
    """Put a backup in the place of ``url``'s database; returns where the old one was moved to (SQLite, with ``force``).

    The copy is marked before it stands in its place: nothing is sent from it, and what was waiting to be sent is
    looked for outside first, since the original may have sent it after the backup. Raises InputError, StoreCorrupt,
    StoreBusy.
    """
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    if not url.startswith("sqlite:///"):
        _postgres("pg_restore", url, "--clean", "--if-exists", "--no-owner", "--single-transaction", str(file))
        _hold(url)
        return None
    place = Path(url.removeprefix("sqlite:///"))
    moved = None
    if place.exists() and not force:
        raise InputError(f"{place}: is there already; stop triage and add --force, then it is moved aside")
    _check(file)
    fresh = place.with_name(place.name + ".restoring")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise InputError(
            f"{place}: cannot be written ({error.strerror or error}); choose another DATABASE_URL"
        ) from error
    _copy(file, fresh)
    _hold(f"sqlite:///{fresh}")
    if place.exists():
        moved = place.with_name(f"{place.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        with closing(sqlite3.connect(place, timeout=5)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        place.rename(moved)
    for tail in ("-wal", "-shm"):
        place.with_name(place.name + tail).unlink(missing_ok=True)
    fresh.rename(place)
    return moved


def _hold(url: str) -> None:
    """Bring the copy to this program's version and mark it as one that must not send."""
    database = Database(url)
    try:
        upgrade(database)
        with database.write("restore.hold") as session:
            now = datetime.now(UTC).replace(tzinfo=None)
            connection = session.connection()
            connection.execute(text("DELETE FROM setting WHERE name = 'pause'"))
            connection.execute(
                text("INSERT INTO setting (name, value, at) VALUES ('pause', :value, :at)"),
                {"value": RESTORED, "at": now},
            )
            connection.execute(
                text(
                    "UPDATE delivery SET state = 'unsure', not_before = :at, lease_until = NULL WHERE state IN ('queued', 'sending')"
                ),
                {"at": now},
            )
        if database.sqlite:
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.engine.dispose()


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise InputError(f"{source}: no such database")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            if new.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise StoreCorrupt(f"{source}: is damaged; the copy was thrown away")
    except sqlite3.OperationalError as error:
        raise StoreBusy(f"{source}: could not be copied ({error})") from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"{source}: is no database or is damaged ({error})") from error


def _check(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as found:
            known = found.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'delivery')"
            ).fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise InputError(f"{file}: is no SQLite database ({error})") from error
    if known != 2:
        raise InputError(f"{file}: is no backup of triage's database")


def _postgres(tool: str, url: str, *arguments: str) -> None:
    """Run a tool of PostgreSQL; the password goes through the environment, where no process list shows it."""
    program = shutil.which(tool)
    if program is None:
        raise InputError(f"{tool}: is not installed here; install postgresql-client (of the server's version or later)")
    target = make_url(url)
    plain = target.set(drivername="postgresql", password=None).render_as_string()
    ran = subprocess.run(
        [program, f"--dbname={plain}", *arguments],
        env={**os.environ, **({"PGPASSWORD": str(target.password)} if target.password else {})},
        capture_output=True,
        text=True,
        timeout=PG_SECONDS,
        check=False,
    )
    if ran.returncode:
        raise StoreBusy(f"{tool}: {(ran.stderr or 'failed').strip().splitlines()[-1]}")
