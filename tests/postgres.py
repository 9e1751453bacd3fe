"""A PostgreSQL server of our own: the distribution's binaries, an unprivileged user, a socket in a temporary folder,
gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

MISSING = "PostgreSQL's server is not installed: run bash tests/lab/packages.sh"


def binaries() -> Path | None:
    """The folder with initdb and postgres, the newest version; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server; yields the URL of its database. Raises RuntimeError where it cannot start."""
    folder = binaries()
    if folder is None:
        raise RuntimeError(MISSING)
    home = Path(tempfile.mkdtemp(prefix="triage-pg-", dir="/tmp"))
    user = _unprivileged(home)
    data = home / "data"
    run = {
        "cwd": home,
        "capture_output": True,
        "text": True,
        "user": user,
        "group": pwd.getpwnam(user).pw_gid if user else None,
        "extra_groups": [] if user else None,
    }
    made = subprocess.run(
        [folder / "initdb", "-D", data, "-A", "trust", "-U", "triage", "-E", "UTF8", "--locale=C"], check=False, **run
    )  # type: ignore[call-overload]
    if made.returncode:
        shutil.rmtree(home, ignore_errors=True)
        raise RuntimeError(made.stderr)
    start = [
        folder / "pg_ctl",
        "-D",
        data,
        "-l",
        home / "log",
        "-w",
        "-o",
        f"-c listen_addresses='' -k {home} -c max_connections=60",
    ]
    started = subprocess.run(
        [*start, "start"], check=False, **{**run, "capture_output": False, "stdout": subprocess.DEVNULL}
    )  # type: ignore[call-overload]
    try:
        if started.returncode:
            raise RuntimeError((home / "log").read_text("utf-8", errors="replace"))
        yield f"postgresql://triage@/postgres?host={home}"
    finally:
        subprocess.run([folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, **run)  # type: ignore[call-overload]
        shutil.rmtree(home, ignore_errors=True)


def empty(url: str) -> None:
    """Throw everything in the database away."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _unprivileged(home: Path) -> str | None:
    """Whoever may run a server: ourselves, or for root the first user that is none."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next(name for name in ("postgres", "nobody") if name in known)
    os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return user
