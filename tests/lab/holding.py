"""Connections of a mailbox that stay open meanwhile, as other programs and devices hold them."""

from __future__ import annotations

import contextlib
import imaplib
import socket
import ssl
from collections.abc import Iterator

from tests.lab.places import CA, IMAP_HOST, MAIN, PASSWORD
from tests.lab.seats import Seat

SCRIPT = """
import imaplib, ssl, sys, time
held = []
for _ in range(int(sys.argv[1])):
    server = imaplib.IMAP4_SSL("imap.trekmail.net", 993, ssl_context=ssl.create_default_context(cafile=sys.argv[4]))
    server.login(sys.argv[2], sys.argv[3])
    held.append(server)
print("ready", flush=True)
time.sleep(90)
"""


class _From(imaplib.IMAP4_SSL):
    """imaplib from a chosen address of the servers' side."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__(MAIN, 993, ssl_context=ssl.create_default_context(cafile=str(CA)), timeout=15)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((MAIN, 993), timeout, (self._source, 0))
        return self.ssl_context.wrap_socket(plain, server_hostname=IMAP_HOST)


@contextlib.contextmanager
def hold(seat: Seat, mailbox: str, here: int, elsewhere: int) -> Iterator[None]:
    """``here`` connections from the seat's own address, ``elsewhere`` from others, for as long as the block runs."""
    process = None
    held: list[_From] = []
    try:
        if here:
            process = seat.start(["/usr/bin/python3", "-c", SCRIPT, str(here), mailbox, PASSWORD, str(CA)], env={})
            assert process.stdout is not None
            said = process.stdout.readline()
            if said.strip() != b"ready":
                raise RuntimeError(f"{mailbox} could not hold {here} connections: {said + process.stdout.read()!r}")
        for n in range(elsewhere):
            server = _From(f"192.0.2.{200 + n % 28 + 1}")
            server.login(mailbox, PASSWORD)
            held.append(server)
        yield
    finally:
        if process:
            process.kill()
            process.communicate()
        for server in held:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                server.logout()
