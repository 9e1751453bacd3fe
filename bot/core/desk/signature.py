"""How senders of webhooks prove that a delivery is theirs: one rule, the vendors' differences as data. Pure.

Constant-time comparison, every secret that is configured (one may be on its way out), and a window of five minutes
where the scheme signs a time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import regex

WINDOW: Final = timedelta(minutes=5)
"""As Slack's and Standard Webhooks' own verifiers have it."""
_DIGITS: Final = regex.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Scheme:
    """One vendor's way. Header names are lower case."""

    header: str
    digest: str = "sha256"
    """sha1, sha256; "" where the header holds the secret itself."""
    encoding: str = "base64"
    """base64 or hex."""
    prefix: str = ""
    stamp: str = ""
    """The header that holds the time that is signed too."""
    stamp_unit: float = 1.0
    """Seconds; 0 where the time is ISO 8601."""
    joint: bytes = b""
    """Between the time and the body."""
    id: str = ""
    """The header that holds the sender's own id of the delivery."""
    standard: bool = False
    """Standard Webhooks: the id is signed as well, the header may hold several signatures, the secret is base64
    after ``whsec_``."""


def verified(
    scheme: Scheme, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> str | None:
    """None where the delivery is the sender's own; else in one word why not: unsigned, stale, forged. ``headers`` by
    lower-case name."""
    given = headers.get(scheme.header, "")
    if not given or not secrets:
        return "unsigned"
    if not scheme.digest:
        return None if any(hmac.compare_digest(given.encode(), s.encode()) for s in secrets) else "forged"
    stamp = headers.get(scheme.stamp, "") if scheme.stamp else ""
    if scheme.stamp:
        moment = _moment(stamp, scheme.stamp_unit)
        if moment is None or abs(now.timestamp() - moment) > WINDOW.total_seconds():
            return "stale"
    content = (
        (f"{headers.get(scheme.id, '')}.".encode() if scheme.standard else b"") + stamp.encode() + scheme.joint + body
    )
    offered = (
        [part.removeprefix("v1,") for part in given.split(" ") if part.startswith("v1,")][:10]
        if scheme.standard
        else [given]
    )
    good = [_sign(scheme, s, content) for s in secrets]
    return None if any(hmac.compare_digest(o.encode(), g.encode()) for o in offered for g in good) else "forged"


def sign_standard(secret: str, id: str, stamp: int, body: bytes) -> str:
    """The signature of an outgoing delivery by Standard Webhooks."""
    return "v1," + _sign(STANDARD, secret, f"{id}.{stamp}.".encode() + body)


def _sign(scheme: Scheme, secret: str, content: bytes) -> str:
    mac = hmac.new(
        _key(secret) if scheme.standard else secret.encode(),
        content,
        {"sha1": hashlib.sha1, "sha256": hashlib.sha256}[scheme.digest],
    )
    return scheme.prefix + (mac.hexdigest() if scheme.encoding == "hex" else base64.b64encode(mac.digest()).decode())


def _key(secret: str) -> bytes:
    """The bytes behind ``whsec_…``; a secret that is no base64 counts as it stands."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _moment(stamp: str, unit: float) -> float | None:
    if unit:
        return int(stamp) * unit if _DIGITS.fullmatch(stamp) else None
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo else None


STANDARD: Final = Scheme("webhook-signature", stamp="webhook-timestamp", joint=b".", id="webhook-id", standard=True)
"""https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
