"""Names, addresses and paths of the lab, the same inside the namespaces and outside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path("/mnt")
"""Inside, a file system of its own is mounted here: every user can get at it, and it goes with the lab."""
ETC: Final = ROOT / "etc"
LOGS: Final = ROOT / "log"
MAIL_LOG: Final = "mail.log"
BAN_LOG: Final = "fail2ban.log"
HERE: Final = Path(__file__).resolve().parent
CASES: Final = HERE / "cases"
PROGRAMS: Final = HERE / "programs"

IMAP_HOST: Final = "imap.trekmail.net"
SMTP_HOST: Final = "smtp.trekmail.net"
WILDCARD: Final = "*.trekmail.net"

MAIN: Final = "192.0.2.11"
"""imap1: auth_verbose and imap_id_log on. And its IPv6 address."""
MAIN6: Final = "2001:db8:25::11"
TERSE: Final = "192.0.2.12"
"""imap2: the same without both."""
SMTP: Final = "192.0.2.13"
SMTP6: Final = "2001:db8:25::13"
SMTP_TERSE: Final = "192.0.2.14"
"""Postfix once more, asking imap2's Dovecot."""
DOWN: Final = "192.0.2.15"
"""imap3: its user database is gone; Postfix on this address asks it."""
EXPIRED: Final = "192.0.2.16"
"""imap1 and Postfix with a certificate that has run out."""
UNTRUSTED: Final = "192.0.2.17"
"""imap1 and Postfix with a certificate of an authority that nobody knows."""
DENYING: Final = "192.0.2.18"
"""imap4: a deny passdb comes first, and Dovecot's own delay after failures is on. Postfix on this address asks it."""
RESTARTED: Final = "192.0.2.19"
"""imap5: stopped in the middle of a scenario."""
LOST: Final = "192.0.2.9"
"""An old provider's server: nothing listens there any more."""
HOSTS: Final = {MAIN: "imap1", TERSE: "imap2", DOWN: "imap3", DENYING: "imap4", RESTARTED: "imap5"}
"""Dovecot's instances. The certificate variants belong to imap1."""

PASSWORD: Final = "Mailbox-pass-1"
PANEL_PASSWORD: Final = "Panel-secret-9"
"""What somebody types who takes the dashboard's password."""
POLICY_PORT: Final = 10040
TLS: Final = ROOT / "tls"
CA: Final = TLS / "ca.pem"
OTHER_CA: Final = TLS / "other-ca.pem"
BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
"""What every program trusts by itself; inside, the lab's authority stands there."""
PER_ADDRESS, TOTAL = 10, 15
"""The Nano plan's caps of IMAP connections."""
