"""A certificate authority and a certificate for the service's names, made with openssl's own command."""

from __future__ import annotations

import subprocess
from pathlib import Path

from maillab.places import CA, IMAP_HOST, OTHER_CA, SMTP_HOST


def make_certificates() -> None:
    """Write ca.pem, other-ca.pem (which signed nothing here), server.pem and server.key. Raises
    RuntimeError with openssl's words."""
    folder = CA.parent
    folder.mkdir()
    _authority("Lab CA", folder / "ca.key", CA)
    _authority("Other CA", folder / "other-ca.key", OTHER_CA)
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "server.key"), "-subj", f"/CN={IMAP_HOST}", "-out", str(folder / "server.csr"))
    names = folder / "names"
    names.write_text(f"subjectAltName=DNS:{IMAP_HOST},DNS:{SMTP_HOST}\nextendedKeyUsage=serverAuth\n")
    _openssl("x509", "-req", "-in", str(folder / "server.csr"), "-CA", str(CA), "-CAkey", str(folder / "ca.key"), "-CAcreateserial",
             "-days", "30", "-extfile", str(names), "-out", str(folder / "server.pem"))


def _authority(name: str, key: Path, certificate: Path) -> None:
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-subj", f"/CN={name}", "-days", "30",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign", "-out", str(certificate))


def _openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr}")
