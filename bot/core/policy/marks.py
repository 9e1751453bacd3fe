"""The marks that every mail of ours carries, so that no machine answers it and we know it when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LOOP_HEADER: Final = "X-Triage-Delivery"
"""Holds the delivery's token. A message that carries it is ours, or quotes ours as its own header: never answered."""
ALWAYS: Final[Mapping[str, str]] = MappingProxyType({"X-Auto-Response-Suppress": "All"})
"""On every mail of ours, clicked or not: nobody's out-of-office answers it (MS-OXCMAIL 2.1.3.2.20)."""
AUTOMATIC: Final[Mapping[str, str]] = MappingProxyType({"Auto-Submitted": "auto-replied", **ALWAYS})
"""On what nobody clicked (RFC 3834 5: a reply that a program has made says so)."""


def headers_of(token: str, *, automatic: bool) -> dict[str, str]:
    """The marks of one mail. ``token`` names its delivery (bot.core.desk.keys.token_of)."""
    return {LOOP_HEADER: token, **(AUTOMATIC if automatic else ALWAYS)}


def message_id_of(token: str, domain: str) -> str:
    """The Message-ID of a delivery: the same however often it is tried, so that a second copy is known as one."""
    return f"<triage.{token}@{domain}>"
