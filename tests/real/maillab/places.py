"""Names, addresses and paths of the lab, the same inside the namespaces and outside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path("/mnt")
"""Inside, a file system of its own is mounted here: every user can get at it, and it goes with the lab."""
LOGS: Final = ROOT / "log"
DOVECOT_LOG: Final = "dovecot.log"
POSTFIX_LOG: Final = "postfix.log"
RECORDING: Final = "recording.json"

IMAP_HOST: Final = "imap.trekmail.net"
SMTP_HOST: Final = "smtp.trekmail.net"
OWN_DOMAIN_HOST: Final = "imap.startco.example"
"""Resolves to our server, as a customer's CNAME might: the certificate does not name it."""
IMAP_IP: Final = "192.0.2.10"
SMTP_IP: Final = "192.0.2.11"

DOMAIN: Final = "startco.example"
PASSWORD: Final = "Mailbox-pass-1"
POLICY_PORT: Final = 10040
CA: Final = ROOT / "tls" / "ca.pem"
OTHER_CA: Final = ROOT / "tls" / "other-ca.pem"
