"""Dovecot's session id: when a connection began, from which port and from which address.

The id is base64 of six bytes little-endian (the low 48 bits of the microseconds since 1970), two bytes
little-endian (the remote port) and the remote address, four bytes or sixteen (Dovecot,
login-common/client-common.c, the same in 2.2, 2.3 and 2.4). The microseconds wrap every 8.92 years, so the
moment is only known near another one. A ``no auth attempts in N secs`` line with N of two or more holds the
time at which the line was written, all others the connection's start: the id is made when it is first needed.

Proxies and LMTP supply ids of their own, so nothing is believed that does not agree with the line.
"""

from __future__ import annotations

import binascii
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final, NamedTuple

WRAP: Final = 1 << 48
"""Microseconds after which the clock in an id starts again (8.92 years)."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ADDRESS_BYTES: Final = {16: 4, 32: 16}
_MICROSECOND: Final = timedelta(microseconds=1)
_MAPPED: Final = b"\0" * 10 + b"\xff\xff"
_LONGEST_SESSION: Final = 30 * 86_400_000_000
_NO_CLIENTS: Final = frozenset({0, *range(224, 255)})
"""First bytes of IPv4 addresses that no client connects from."""
_CLOCK_SKEW: Final = 86_400_000_000


class SessionId(NamedTuple):
    """A decoded id. ``clock`` is microseconds since 1970 modulo :data:`WRAP`."""

    clock: int
    remote_port: int
    address: bytes

    @property
    def remote_ip(self) -> str:
        """The address in its usual spelling; an IPv4 address mapped into IPv6 is given as IPv4."""
        return spell(self.address)

    def moment(self, near: datetime) -> datetime:
        """The id's moment that lies nearest to ``near`` (an aware datetime)."""
        reference = microseconds(near)
        ahead = (self.clock - reference) % WRAP
        if ahead > WRAP // 2:
            ahead -= WRAP
        return EPOCH + timedelta(microseconds=reference + ahead)

    def plausible(self, at: datetime) -> bool:
        """True where a session of this id can still be alive at ``at``: begun at most 30 days before."""
        age = (at.timestamp() * 1e6 - self.clock) % WRAP
        if age > _LONGEST_SESSION and age <= WRAP - _CLOCK_SKEW:
            return False
        return len(self.address) == 16 or self.address[0] not in _NO_CLIENTS


@lru_cache(maxsize=8192)
def decode(text: str) -> SessionId | None:
    """The parts of a session id; None where ``text`` has not the shape of one that Dovecot made."""
    size = _ADDRESS_BYTES.get(len(text))
    if size is None:
        return None
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) != 8 + size:
        return None
    return SessionId(int.from_bytes(data[:6], "little"), data[6] | data[7] << 8, data[8:])


def encode(moment: datetime, remote_port: int, remote_ip: str) -> str:
    """The id Dovecot would give a connection; the inverse of :func:`decode` for tests and samples."""
    clock = microseconds(moment) % WRAP
    data = clock.to_bytes(6, "little") + remote_port.to_bytes(2, "little") + pack(remote_ip)
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // _MICROSECOND


@lru_cache(maxsize=8192)
def pack(address: str) -> bytes:
    """Network bytes of an address. Raises OSError where it is none."""
    return inet_pton(AF_INET6 if ":" in address else AF_INET, address)


@lru_cache(maxsize=8192)
def spell(address: bytes) -> str:
    """The usual spelling of network bytes."""
    if len(address) == 4:
        return inet_ntop(AF_INET, address)
    if address.startswith(_MAPPED):
        return inet_ntop(AF_INET, address[12:])
    return inet_ntop(AF_INET6, address)


@lru_cache(maxsize=8192)
def canonical(address: str) -> str | None:
    """``address`` in its usual spelling (lower case, shortest), or None where it is no IP address."""
    try:
        if ":" in address:
            return spell(inet_pton(AF_INET6, address))
        inet_pton(AF_INET, address)
    except (OSError, ValueError):
        return None
    return address


def same_address(session: SessionId, address: str) -> bool:
    """True where the id was made for ``address``."""
    try:
        packed = pack(address)
    except (OSError, ValueError):
        return False
    if len(packed) == len(session.address):
        return packed == session.address
    return spell(packed) == session.remote_ip
