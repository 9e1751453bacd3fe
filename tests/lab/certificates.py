"""Certificate authorities and certificates for the service's names, made with openssl's own command."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.places import CA, OTHER_CA, TLS, WILDCARD


def make_certificates() -> None:
    """Write ca.pem, other-ca.pem, and server, expired and untrusted (.pem, .key), all for *.trekmail.net.

    Raises RuntimeError with openssl's words.
    """
    TLS.mkdir()
    _authority("Lab Root CA", TLS / "ca.key", CA)
    _authority("Old Provider CA", TLS / "other-ca.key", OTHER_CA)
    _authority("Unlisted CA", TLS / "unlisted-ca.key", TLS / "unlisted-ca.pem")
    _certificate("server", "ca")
    _certificate("expired", "ca", "-startdate", "20260101000000Z", "-enddate", "20260401000000Z")
    _certificate("untrusted", "unlisted-ca")


def _certificate(name: str, issuer: str, *dates: str) -> None:
    key, request, made = (TLS / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
    _openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-subj", f"/CN={WILDCARD}", "-out", str(request)
    )
    config = TLS / f"{name}.cnf"
    index = TLS / f"{name}.index"
    index.write_text("")
    config.write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={index}\nnew_certs_dir={TLS}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
        f"x509_extensions=names\ndefault_days=60\n[any]\ncommonName=supplied\n"
        f"[names]\nsubjectAltName=DNS:{WILDCARD}\nextendedKeyUsage=serverAuth\n"
    )
    _openssl(
        "ca",
        "-batch",
        "-notext",
        "-config",
        str(config),
        "-cert",
        str(TLS / f"{issuer}.pem"),
        "-keyfile",
        str(TLS / f"{issuer}.key"),
        "-in",
        str(request),
        "-out",
        str(made),
        *dates,
    )


def _authority(name: str, key: Path, certificate: Path) -> None:
    _openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(key),
        "-subj",
        f"/CN={name}",
        "-days",
        "60",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=keyCertSign,cRLSign",
        "-out",
        str(certificate),
    )


def _openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr}")
