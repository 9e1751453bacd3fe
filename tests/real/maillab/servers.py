"""Dovecot and Postfix, set up like the article and started on the real ports."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from string import Template

from maillab.certificates import make_certificates
from maillab.places import (
    DOMAIN,
    IMAP_HOST,
    IMAP_IP,
    LOGS,
    OWN_DOMAIN_HOST,
    PASSWORD,
    POLICY_PORT,
    ROOT,
    SMTP_HOST,
    SMTP_IP,
)
from maillab.policy import serve_policy

CONFIG = Path(__file__).parent / "config"
PAUSES = {
    "paused.nologin": "nologin=y",
    "paused.networks": "allow_nets=192.0.2.200/32",
}
"""Extra fields of a passwd-file row that pause a mailbox, by local part."""
DENIED = ("paused.denied",)
NANO = {"check_sender_access": "nano.sender", "check_sasl_access": "nano.login"}


def boot(mailboxes: Iterable[str], addresses: Iterable[str]) -> None:
    """Mount, name, address and start everything. Returns once both servers answer; raises RuntimeError or
    CalledProcessError where one does not. Must run as root of namespaces that are thrown away."""
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "lab", str(ROOT))
    for name in ("log", "etc", "mail", "run", "spool", "lib"):
        (ROOT / name).mkdir()
    shutil.chown(ROOT / "mail", "mail", "mail")
    shutil.chown(ROOT / "lib", "postfix")
    _network(addresses)
    make_certificates()
    _accounts(sorted(set(mailboxes)))
    values = {"root": ROOT, "imap_ip": IMAP_IP, "smtp_ip": SMTP_IP, "policy": POLICY_PORT, "domain": DOMAIN, "smtp_host": SMTP_HOST}
    for source in CONFIG.iterdir():
        (ROOT / "etc" / source.name).write_text(Template(source.read_text("utf-8")).substitute(values))
    serve_policy()
    _run("postfix", "-c", str(ROOT / "etc"), "start")  # first: it makes the folder of Dovecot's socket
    _run("dovecot", "-c", str(ROOT / "etc" / "dovecot.conf"))
    for ip, port in ((IMAP_IP, 993), (SMTP_IP, 587), (SMTP_IP, 465)):
        _answers(ip, port)


def stop() -> None:
    """Stop both servers and wait for Postfix; their logs are complete then."""
    subprocess.run(["postfix", "-c", str(ROOT / "etc"), "stop"], check=False, timeout=20)
    subprocess.run(["doveadm", "-c", str(ROOT / "etc" / "dovecot.conf"), "stop"], check=False, timeout=20)


def wait_until_quiet(seconds: float, longest: float) -> None:
    """Return when no log has grown for ``seconds``: lines of a failure come two seconds and more late."""
    end = time.monotonic() + longest
    last, since = -1, time.monotonic()
    while time.monotonic() < end:
        size = sum(path.stat().st_size for path in LOGS.iterdir())
        if size != last:
            last, since = size, time.monotonic()
        elif time.monotonic() - since >= seconds:
            return
        time.sleep(0.1)
    raise RuntimeError(f"the logs were not quiet within {longest} s")


def _network(addresses: Iterable[str]) -> None:
    """Documentation addresses on the loopback interface, names from a hosts file, and no resolver at all."""
    _run("ip", "link", "set", "lo", "up")
    for address in sorted({*addresses, IMAP_IP, SMTP_IP}):
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    names = {"localhost": "127.0.0.1", IMAP_HOST: IMAP_IP, SMTP_HOST: SMTP_IP, OWN_DOMAIN_HOST: IMAP_IP}
    for path, text in {
        "/etc/hosts": "".join(f"{ip} {name}\n" for name, ip in names.items()),
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
    }.items():
        own = ROOT / "etc" / f"system-{Path(path).name}"
        own.write_text(text)
        _run("mount", "--bind", str(own), path)


def _accounts(mailboxes: list[str]) -> None:
    """The tables that both servers look users up in."""
    local = {mailbox: mailbox.partition("@")[0] for mailbox in mailboxes}
    rows = (f"{mailbox}:{{PLAIN}}{PASSWORD}::::::{PAUSES.get(name, '')}\n" for mailbox, name in local.items())
    tables = {
        "users": "".join(rows),
        "denied": "".join(f"{name}@{DOMAIN}:\n" for name in DENIED),
        "mailboxes": "".join(f"{mailbox} x\n" for mailbox in mailboxes),
        "owners": "".join(f"{mailbox} {mailbox}\n" for mailbox in mailboxes),
        "nano-senders": f"{NANO['check_sender_access']}@{DOMAIN} 550 5.7.1 Your plan does not include sending mail\n",
        "nano-logins": f"{NANO['check_sasl_access']}@{DOMAIN} 554 5.7.1 Sending is not available on the Nano plan\n",
    }
    for name, text in tables.items():
        (ROOT / "etc" / name).write_text(text)


def _answers(ip: str, port: int) -> None:
    for _ in range(100):
        try:
            with socket.create_connection((ip, port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers on {ip}:{port}: {' '.join(p.read_text('utf-8', 'replace')[-1500:] for p in LOGS.iterdir())}")


def _run(*words: str) -> None:
    """Daemons inherit no pipe of ours: one that they keep open would never end."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(words)}` ended with {done.returncode}")
