"""A customer's place: a network namespace with their own address, a hosts file and a home folder of their own.

Programs need not be told which address to use, so real ones run unchanged. What stands between a customer and the
servers (a firewall that drops, one that refuses, a box that eats data) is rules of the kernel at the customer's side.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.places import ETC, IMAP_HOST, MAIN, MAIN6, ROOT, SMTP, SMTP6, SMTP_HOST
from tests.lab.shell import run

UID = 1717
HOME = Path("/srv/kim")
BLOCKS = {
    "": "",
    "drop": "tcp dport {port} drop",
    "reset": "meta l4proto tcp tcp dport {port} reject with tcp reset",
    "prohibited": "tcp dport {port} reject with icmpx type admin-prohibited",
    "eat": "tcp dport {port} tcp flags & (syn|ack|psh) == (ack|psh) drop",
}
"""Firewalls: packets vanish, are answered by a reset or by ICMP, or only those with data vanish."""


@dataclass(frozen=True)
class Seat:
    """Where one customer sits. ``folder`` is the home as seen from the servers' side."""

    number: int
    address: str
    folder: Path
    holder: subprocess.Popen[bytes]

    def start(self, argv: list[str], *, env: Mapping[str, str], stdin: str = "") -> subprocess.Popen[bytes]:
        """Start a program here, as an ordinary user in their home; standard error goes where output goes."""
        inside = [
            "nsenter",
            f"--target={self.holder.pid}",
            "--net",
            "--mount",
            f"--wdns={HOME}",
            "--",
            "setpriv",
            f"--reuid={UID}",
            f"--regid={UID}",
            "--clear-groups",
            "--",
        ]
        words = [
            "env",
            "-i",
            f"HOME={HOME}",
            "USER=kim",
            "LOGNAME=kim",
            "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LC_ALL=C.UTF-8",
            "TERM=vt100",
            "TZ=UTC",
        ]
        words += [f"{name}={value}" for name, value in env.items()]
        process = subprocess.Popen(
            [*inside, *words, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        except BrokenPipeError:  # it ended without reading
            pass
        process.stdin = None
        return process

    def block(self, kind: str, port: int) -> None:
        """Put a firewall of ``BLOCKS`` between this seat and a port."""
        rules = f"table inet own {{\n chain out {{\n type filter hook output priority 0;\n {BLOCKS[kind].format(port=port)}\n }}\n}}\n"
        run("nsenter", f"--target={self.holder.pid}", "--net", "--", "nft", "-f", "-", feed=rules)

    def resolve(self, names: Mapping[str, str]) -> None:
        """From now on the service's names mean what they mean to everybody, except ``names``."""
        _write_hosts(self.number, self.address, names)

    def leave(self) -> None:
        """Free the place: whatever still runs there ends, and its address is gone from the servers' side."""
        mine = Path(f"/proc/{self.holder.pid}/ns/net").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if (process / "ns" / "net").readlink() == mine:
                    os.kill(int(process.name), signal.SIGKILL)
        self.holder.wait()


def take_seat(number: int, address: str, names: Mapping[str, str]) -> Seat:
    """Make place ``number`` (unique in a run) with ``address``; ``names`` are host names that mean something else
    here."""
    folder = ROOT / "seats" / str(number)
    folder.mkdir()
    shutil.chown(folder, UID, UID)
    six = ":" in address
    _write_hosts(number, address, names)
    (ETC / f"passwd-{number}").write_text(
        Path("/etc/passwd").read_text() + f"kim:x:{UID}:{UID}:Kim,,,:{HOME}:/bin/bash\n"
    )
    holder = subprocess.Popen(["unshare", "--net", "--mount", "sleep", "infinity"], stdin=subprocess.DEVNULL)
    _in_own_namespace(holder.pid)
    width = 128 if six else 32
    run(
        "ip",
        "-batch",
        "-",
        feed=(
            f"link add v{number} type veth peer name eth0 netns {holder.pid}\nlink set v{number} up\n"
            f"address add fe80::1/64 dev v{number} nodad\nroute add {address}/{width} dev v{number}\n"
        ),
    )
    default = f"-6 route add default via fe80::1 dev eth0 src {address}" if six else "route add default dev eth0"
    run(
        "nsenter",
        f"--target={holder.pid}",
        "--net",
        "--",
        "ip",
        "-batch",
        "-",
        feed=(
            f"link set lo up\nlink set eth0 up\naddress add {address}/{width} dev eth0 {'nodad' if six else ''}\n{default.removeprefix('-6 ')}\n"
        ),
    )
    script = (
        f"mount --bind {ETC}/hosts-{number} /etc/hosts && mount --bind {ETC}/passwd-{number} /etc/passwd && "
        f"mount -t tmpfs -o mode=1777 tmp /tmp && mount -t tmpfs -o mode=755 home /srv && mkdir {HOME} && mount --bind {folder} {HOME}"
    )
    run("nsenter", f"--target={holder.pid}", "--mount", "--", "sh", "-c", script)
    return Seat(number, address, folder, holder)


def _write_hosts(number: int, address: str, names: Mapping[str, str]) -> None:
    six = ":" in address
    hosts = {
        "localhost": "127.0.0.1",
        "mailhost": "127.0.1.1",
        IMAP_HOST: MAIN6 if six else MAIN,
        SMTP_HOST: SMTP6 if six else SMTP,
        **names,
    }
    (ETC / f"hosts-{number}").write_text("".join(f"{ip} {name}\n" for name, ip in hosts.items()))


def _in_own_namespace(pid: int) -> None:
    """Wait until the holder has left our network namespace."""
    ours = Path("/proc/self/ns/net").readlink()
    for _ in range(500):
        if Path(f"/proc/{pid}/ns/net").readlink() != ours and Path(f"/proc/{pid}/comm").read_text().strip() == "sleep":
            return
        time.sleep(0.01)
    raise RuntimeError("a seat's namespace was not made within 5 s")
