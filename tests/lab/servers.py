"""Dovecot, Postfix and fail2ban, set up like the article and started on the real ports."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from string import Template

from tests.lab.accounts import Person, tables
from tests.lab.certificates import make_certificates
from tests.lab.places import (
    BUNDLE,
    CA,
    DENYING,
    DOWN,
    ETC,
    EXPIRED,
    HERE,
    HOSTS,
    IMAP_HOST,
    LOGS,
    LOST,
    MAIN,
    MAIN6,
    PER_ADDRESS,
    POLICY_PORT,
    ROOT,
    SMTP,
    SMTP6,
    SMTP_HOST,
    SMTP_TERSE,
    TOTAL,
    UNTRUSTED,
)
from tests.lab.policy import serve_policy
from tests.lab.shell import run
from tests.lab.syslog import FACILITIES, serve_syslog

CONFIG = HERE / "config"
SMTPD = {
    SMTP: ("imap1", "server"),
    SMTP_TERSE: ("imap2", "server"),
    DOWN: ("imap3", "server"),
    DENYING: ("imap4", "server"),
    EXPIRED: ("imap1", "expired"),
    UNTRUSTED: ("imap1", "untrusted"),
}
"""Postfix by address: whose Dovecot it asks, and which certificate it shows."""
QUIET_DENYING = "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}"
"""Failures from one address would be stretched to 17 s."""
USERS = f"passdb {{\n  driver = passwd-file\n  args = {ETC}/users\n}}"
PASSDBS = {
    "imap3": "passdb {\n  driver = imap\n  args = host=127.0.0.1 port=1\n}",
    "imap4": f"passdb {{\n  driver = passwd-file\n  args = {ETC}/denied\n  deny = yes\n}}\n{USERS}",
}
"""How an instance knows passwords: imap3 asks another server, which is down; imap4 has a list of denied users first."""
RATED = "192.0.2.64/26"
"""Only clients of this net feel Postfix' own rate limit."""
BAN_AFTER = 16
"""Each failure leaves two lines that fail2ban counts."""


def boot(people: Iterable[Person]) -> None:
    """Mount, name, address and start everything. Returns once all servers answer; raises RuntimeError where one
    does not. Must run as root of namespaces that are thrown away."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "lab", str(ROOT))
    for name in ("log", "etc", "mail", "run", "spool", "lib", "seats"):
        (ROOT / name).mkdir()
    shutil.chown(ROOT / "mail", "mail", "mail")
    (ROOT / "lib" / "postfix").mkdir()
    shutil.chown(ROOT / "lib" / "postfix", "postfix")
    _network()
    make_certificates()
    run("mount", "--bind", str(CA), str(BUNDLE))
    found = tables(people)
    for name, text in found.files.items():
        (ETC / name).write_text(text)
    serve_syslog()
    serve_policy(found.limits)
    _configure()
    run("postfix", "-c", str(ETC), "start")  # first: it makes the folder of Dovecot's sockets
    for name in HOSTS.values():
        run("dovecot", "-c", str(ETC / f"{name}.conf"))
    for ip in HOSTS:
        _answers(ip, 993)
    for ip in SMTPD:
        _answers(ip, 587)
    run(
        "fail2ban-server",
        "-c",
        str(ETC / "fail2ban"),
        "-s",
        str(ROOT / "run" / "fail2ban.sock"),
        "-p",
        str(ROOT / "run" / "fail2ban.pid"),
        "-b",
        "start",
    )


def stop_dovecot(name: str) -> None:
    """Stop one instance, as a restart in working hours does."""
    run("doveadm", "-c", str(ETC / f"{name}.conf"), "stop")


def stop() -> None:
    """Stop the servers and wait for Postfix; the log is complete then."""
    os.kill(int((ROOT / "run" / "fail2ban.pid").read_text()), signal.SIGKILL)  # its bans go with the namespaces
    subprocess.run(["postfix", "-c", str(ETC), "stop"], check=False, timeout=20)
    for name in HOSTS.values():
        pid = ROOT / "run" / name / "master.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)


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


def _network() -> None:
    """The servers' addresses on the loopback interface, names from a hosts file, and no resolver at all."""
    run("ip", "link", "set", "lo", "up")
    for address in sorted({*HOSTS, *SMTPD, EXPIRED, UNTRUSTED, LOST}):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in (MAIN6, SMTP6):
        run("ip", "address", "add", f"{address}/128", "dev", "lo", "nodad")
    for n in range(1, 30):  # where a mailbox's other devices are, for connections that are only held
        run("ip", "address", "add", f"192.0.2.{200 + n}/32", "dev", "lo")
    run("hostname", "mailhost")
    names = {"localhost": "127.0.0.1", "mailhost": "127.0.1.1", IMAP_HOST: MAIN, SMTP_HOST: SMTP}
    for path, text in {
        "/etc/hosts": "".join(f"{ip} {name}\n" for name, ip in names.items()),
        "/etc/resolv.conf": "nameserver 127.0.0.1\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
    }.items():
        own = ETC / f"system-{Path(path).name}"
        own.write_text(text)
        run("mount", "--bind", str(own), path)


def _configure() -> None:
    """Fill config/ in: one dovecot.conf an instance, Postfix' two files, fail2ban's folder."""
    values = {
        "root": ROOT,
        "policy": POLICY_PORT,
        "smtp_host": SMTP_HOST,
        "total": TOTAL,
        "per_address": PER_ADDRESS,
        "rated": RATED,
        "retries": BAN_AFTER,
    }
    for ip, name in HOSTS.items():
        variants = "".join(
            f"local {address} {{\n  ssl_cert = <{ROOT}/tls/{kind}.pem\n  ssl_key = <{ROOT}/tls/{kind}.key\n}}\n"
            for address, kind in ((EXPIRED, "expired"), (UNTRUSTED, "untrusted"))
        )
        first = name == "imap1"
        own = {
            **values,
            "name": name,
            "facility": FACILITIES[name],
            "listen": f"{ip}, {MAIN6}, {EXPIRED}, {UNTRUSTED}" if first else ip,
            "verbose": "no" if name == "imap2" else "yes",
            "ident": "" if name == "imap2" else "imap_id_log = *",
            "certificates": variants if first else "",
            "passdbs": PASSDBS.get(name, USERS),
            "penalty": "" if name == "imap4" else QUIET_DENYING,
            "ciphers": "ECDHE+AESGCM:!aNULL",
        }
        (ETC / f"{name}.conf").write_text(_filled("dovecot.conf", own))
    script = ETC / "total-cap"
    script.write_text(_filled("total-cap", values))
    script.chmod(0o755)
    (ETC / "main.cf").write_text(_filled("main.cf", values))
    (ETC / "master.cf").write_text(_filled("master.cf", {"services": "\n".join(_smtpd(*row) for row in SMTPD.items())}))
    bans = ETC / "fail2ban"
    bans.mkdir()
    for source in Path("/etc/fail2ban").iterdir():
        if source.name not in ("jail.d", "fail2ban.d"):
            (bans / source.name).symlink_to(source)
    for name in ("jail.local", "fail2ban.local"):
        (bans / name).write_text(_filled(name, values))


def _smtpd(ip: str, how: tuple[str, str]) -> str:
    """Submission and smtps on one address (and its IPv6 twin, where it has one)."""
    dovecot, certificate = how
    common = f"  -o smtpd_sasl_path=private/auth-{dovecot}\n  -o smtpd_tls_cert_file={ROOT}/tls/{certificate}.pem\n  -o smtpd_tls_key_file={ROOT}/tls/{certificate}.key\n"
    rows = ""
    for place in (ip, f"[{SMTP6}]") if ip == SMTP else (ip,):
        rows += (
            f"{place}:587 inet n - n - - smtpd\n  -o syslog_name=postfix/submission\n  -o smtpd_tls_security_level=encrypt\n"
            f"  -o smtpd_sender_restrictions=$submission_sender\n{common}"
            f"{place}:465 inet n - n - - smtpd\n  -o syslog_name=postfix/smtps\n  -o smtpd_tls_wrappermode=yes\n"
            f"  -o smtpd_sender_restrictions=$smtps_sender\n{common}"
        )
    return rows


def _filled(name: str, values: dict[str, object]) -> str:
    return Template((CONFIG / name).read_text("utf-8")).substitute(values)


def _answers(ip: str, port: int) -> None:
    for _ in range(100):
        try:
            with socket.create_connection((ip, port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(
        f"nothing answers on {ip}:{port}: {' '.join(p.read_text('utf-8', 'replace')[-1500:] for p in LOGS.iterdir())}"
    )
