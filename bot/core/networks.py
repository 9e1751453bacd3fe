"""Whose address is it: customers move inside an IPv6 /64 and inside one IPv4 address, no farther."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_interface, ip_network
from typing import Final

_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")
"""An IPv4 address as it is usually written; of fixed length, so it cannot stall."""


@lru_cache(maxsize=65_536)
def network_of(address: str) -> str | None:
    """The unit in which addresses are compared: IPv4 as it is, IPv6 as its /64; None for what is no address.

    Takes ``2001:db8::1`` as well as ``2001:db8::/64`` and ``192.0.2.1/32``. An IPv4 address mapped into IPv6
    is the IPv4 address. A network wider than that is nobody's address: None.
    """
    if _IPV4.fullmatch(address):  # nearly every address of a log; reading it in full takes ten times as long
        return address
    try:
        if "/" in address:
            interface = ip_interface(address)
            if interface.network.prefixlen < (32 if interface.version == 4 else 64):
                return None
            parsed: IPv4Address | IPv6Address = interface.ip
        else:
            parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64)) + "/64"


def networks_of(ips: Iterable[str | None]) -> frozenset[str]:
    """The units of several addresses; what is no address is left out."""
    return frozenset(unit for ip in ips if ip and (unit := network_of(ip)))


def within(ip: str | None, networks: Iterable[str]) -> bool:
    """True where ``ip`` lies in one of ``networks`` (addresses or CIDR)."""
    if not ip:
        return False
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in _network(network) for network in networks)


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
