"""The lab's syslog: one socket that every daemon writes to, one file in rsyslog's own form (RFC 3339, host, tag)."""

from __future__ import annotations

import os
import re
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

from tests.lab.places import HOSTS, LOGS, MAIL_LOG, ROOT
from tests.lab.shell import run

MAIL_FACILITY, FIRST_LOCAL = 2, 16
FACILITIES = {name: f"local{n}" for n, name in enumerate(HOSTS.values())}
"""A datagram does not say which host wrote it: each instance of Dovecot has a facility of its own."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_FORM = re.compile(r"<(\d{1,3})>[A-Z][a-z]{2} [ \d]\d [\d:]{8} (.*)", re.DOTALL)
_NAMES = {FIRST_LOCAL + n: name for n, name in enumerate(HOSTS.values())} | {MAIL_FACILITY: "smtp1"}


def serve_syslog() -> None:
    """Put a /dev with our own ``log`` over the machine's and write what arrives there, from a thread."""
    dev = ROOT / "dev"
    dev.mkdir()
    for name in DEVICES:
        real = Path("/dev") / name
        (dev / name).touch()
        run("mount", "--bind", str(real), str(dev / name))
    (dev / "pts").mkdir()  # terminals of our own, for programs that want one
    run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", str(dev / "pts"))
    (dev / "shm").mkdir(mode=0o1777)
    (dev / "shm").chmod(0o1777)
    for name, target in {
        "ptmx": "pts/ptmx",
        "fd": "/proc/self/fd",
        "stdin": "fd/0",
        "stdout": "fd/1",
        "stderr": "fd/2",
    }.items():
        (dev / name).symlink_to(target)
    inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    inbox.bind(str(dev / "log"))
    (dev / "log").chmod(0o666)
    inbox.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
    run("mount", "--rbind", str(dev), "/dev")
    threading.Thread(target=_write, args=(inbox, LOGS / MAIL_LOG), daemon=True).start()


def line_of(datagram: bytes, at: datetime) -> str:
    """The line that a datagram becomes. Raises ValueError for what is no syslog of this lab."""
    found = _FORM.fullmatch(datagram.decode("utf-8", "replace").rstrip("\n\0"))
    if not found:
        raise ValueError(f"no syslog datagram: {datagram!r}")
    host = _NAMES[int(found[1]) >> 3]
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00 {host} {found[2]}"


def _write(inbox: socket.socket, path: Path) -> None:
    with path.open("a", encoding="utf-8") as log:
        while True:
            try:
                line = line_of(inbox.recv(65_536), datetime.now(UTC))
            except (ValueError, KeyError) as error:
                os.write(2, f"syslog: {error}\n".encode())
                continue
            log.write(line + "\n")
            log.flush()
