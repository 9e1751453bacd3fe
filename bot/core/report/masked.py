"""Texts that many people read: who stands in them is taken out, what happened stays."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

import regex

from bot.core.note import visible

_SECONDS = 0.1
_MAX = 2000
_PARTS = regex.compile(
    r"""(?P<address>[^\s<>,;:()\[\]"'=]{1,64}@[\w.-]{1,253})
      | (?P<named>(?<=user=<)[^>\s]{1,320}(?=>)|(?<=sasl_username=)[^\s,]{1,320}|(?<=session=<)[^>\s]{1,100}(?=>)
          | (?<=\w\()[^\s,()]{1,320}(?=,[0-9a-f.:]{3,45}[,)])|(?<=,<)[\w+/=]{8,64}(?=>))
      | (?P<ip>(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})(?![\w.:]))
      | (?P<host>(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w@-]))""",
    regex.VERBOSE | regex.IGNORECASE,
)


def mask(text: str) -> str:
    """``text`` on one line, with ``<mailbox>``, ``<name>``, ``<host>`` and networks in the place of addresses, user
    names, hosts and IP addresses.

    What cannot be looked through in time is not shown at all.
    """
    line = " ".join(visible(text[:_MAX], _MAX).split())
    try:
        return _PARTS.sub(_masked, line, timeout=_SECONDS)
    except TimeoutError:
        return "(could not be masked)"


def _masked(found: regex.Match[str]) -> str:
    if found["address"]:
        return "<mailbox>"
    if found["named"]:
        return "<name>"
    if found["ip"]:
        return network_masked(found["ip"]) or found["ip"]
    return "<host>"


@lru_cache(maxsize=65_536)
def network_masked(address: str | None) -> str | None:
    """The network that many customers share: IPv4 /24, IPv6 /48; None for what is no address."""
    if not address:
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return str(ip_network((parsed, 24 if isinstance(parsed, IPv4Address) else 48), strict=False))
