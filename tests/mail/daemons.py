"""Real Dovecot and Postfix with three mailboxes, on the real ports of a namespace of their own; the customers' mail
comes in on port 25."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

from tests.lab.certificates import make_certificates
from tests.lab.places import CA, IMAP_HOST, ROOT, SMTP_HOST, TLS
from tests.lab.shell import run
from tests.mail.post import AGENTS, ANNA, OWN

ETC, MAIL, LOG = ROOT / "etc", ROOT / "mail", ROOT / "log"
PASSWORD = "Support-pass-1"
_DOVECOT = f"""
protocols = imap
listen = 127.0.0.1
base_dir = {ROOT}/run/dovecot
state_dir = {ROOT}/lib/dovecot
log_path = {LOG}/dovecot.log
mail_location = maildir:{MAIL}/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{TLS}/server.pem
ssl_key = <{TLS}/server.key
passdb {{
  driver = passwd-file
  args = {ETC}/users
}}
userdb {{
  driver = passwd-file
  args = {ETC}/users
  default_fields = home={MAIL}/%u
}}
namespace inbox {{
  inbox = yes
  mailbox "Sent Messages" {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = 143
  }}
  inet_listener imaps {{
    port = 993
    ssl = yes
  }}
}}
service auth {{
  unix_listener {ROOT}/spool/private/auth {{
    mode = 0666
  }}
}}
"""
_MAIN = f"""
compatibility_level = 3.6
myhostname = {SMTP_HOST}
mydestination =
local_recipient_maps =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
queue_directory = {ROOT}/spool
data_directory = {ROOT}/lib/postfix
maillog_file = {LOG}/postfix.log
maillog_file_prefixes = {ROOT}
alias_maps =
alias_database =
virtual_mailbox_domains = example.net, example.com
virtual_mailbox_base = {MAIL}
virtual_mailbox_maps = texthash:{ETC}/mailboxes
virtual_uid_maps = static:8
virtual_gid_maps = static:8
virtual_minimum_uid = 1
smtpd_tls_cert_file = {TLS}/server.pem
smtpd_tls_key_file = {TLS}/server.key
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sender_login_maps = texthash:{ETC}/owners
"""
_MASTER = """
25 inet n - n - - smtpd
587 inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_sender_restrictions=reject_sender_login_mismatch
465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes -o smtpd_sender_restrictions=reject_sender_login_mismatch
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def boot() -> None:
    """Mount, name and start everything; returns once both answer. Must run as root of namespaces that are thrown
    away."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "mail", str(ROOT))
    for name in ("etc", "mail", "log", "run", "lib", "spool"):
        (ROOT / name).mkdir()
    shutil.chown(MAIL, "mail", "mail")
    (ROOT / "lib" / "postfix").mkdir()
    shutil.chown(ROOT / "lib" / "postfix", "postfix")
    run("ip", "link", "set", "lo", "up")
    hosts = ETC / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {IMAP_HOST} {SMTP_HOST}\n")
    run("mount", "--bind", str(hosts), "/etc/hosts")
    make_certificates()
    (ETC / "users").write_text("".join(f"{one}:{{PLAIN}}{PASSWORD}::::::\n" for one in (OWN, AGENTS, ANNA)))
    (ETC / "mailboxes").write_text("".join(f"{one} {one}/\n" for one in (OWN, AGENTS, ANNA)))
    (ETC / "owners").write_text("".join(f"{one} {one}\n" for one in (OWN, AGENTS, ANNA)))
    (ETC / "dovecot.conf").write_text(_DOVECOT)
    (ETC / "main.cf").write_text(_MAIN)
    (ETC / "master.cf").write_text(_MASTER)
    run("postfix", "-c", str(ETC), "start")
    start_dovecot()
    for port in (25, 465, 587):
        _answers(port)


def start_dovecot() -> None:
    """Start it and wait for its port."""
    run("dovecot", "-c", str(ETC / "dovecot.conf"))
    _answers(993)


def stop_dovecot() -> None:
    """Stop it, with every connection that it has."""
    run("doveadm", "-c", str(ETC / "dovecot.conf"), "stop")


def mails_of(address: str) -> list[bytes]:
    """What lies in somebody's inbox."""
    folder = MAIL / address
    return (
        [path.read_bytes() for sub in ("new", "cur") for path in sorted((folder / sub).glob("*"))]
        if folder.is_dir()
        else []
    )


def environment() -> dict[str, str]:
    """The channel's settings, as an administrator writes them."""
    return {
        "MAILBOX_ADDRESS": OWN,
        "MAILBOX_PASSWORD": PASSWORD,
        "MAILBOX_IMAP": f"imaps://{IMAP_HOST}",
        "MAILBOX_SMTP": f"smtp://{SMTP_HOST}:587",
        "MAILBOX_CA": str(CA),
        "MAILBOX_AGENTS": AGENTS,
        "DATABASE_URL": f"sqlite:///{ROOT}/triage.db",
        "LOG_STORE_URL": f"sqlite:///{ROOT}/logs.db",
    }


def logs() -> str:
    """The ends of the servers' logs."""
    return "\n".join(
        subprocess.run(["tail", "-n", "15", str(path)], capture_output=True, text=True, check=False).stdout
        for path in LOG.iterdir()
    )


def _answers(port: int) -> None:
    for _ in range(150):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}: {logs()}")
