"""Whose address is it: customers move inside an IPv6 /64 and inside one IPv4 address, no farther."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def network_of(ip: str) -> str | None:
    """The unit in which addresses are compared: the address itself for IPv4, the /64 for IPv6.

    IPv4-mapped IPv6 addresses count as IPv4. None where ``ip`` is no address.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


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
    return any(address in ip_network(network, strict=False) for network in networks)
