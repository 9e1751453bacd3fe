"""A name server for tests: it answers over UDP on this machine what its table says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "silent"
"""A name of the table whose questions are never answered."""
BROKEN = "broken"
"""A name for which the server fails (SERVFAIL)."""


@contextmanager
def name_server(table: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[int]:
    """``(name, type) -> records``; the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, peer = listening.recvfrom(4096)
                if not data:
                    return
                answer = _answer(dns.message.from_wire(data), table)
                if answer is not None:
                    listening.sendto(answer.to_wire(max_size=65_000), peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        yield port
        listening.sendto(b"", ("127.0.0.1", port))
        thread.join(2)


def _answer(
    question: dns.message.Message, table: Mapping[tuple[str, str], Sequence[str]]
) -> dns.message.Message | None:
    asked = question.question[0]
    name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.RA
    alias = table.get((name, "CNAME"))
    if alias:
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "CNAME", alias[0]))
        name = alias[0].rstrip(".")
    if (name, SILENT) in table:
        return None
    if (name, BROKEN) in table:
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif (name, kind) in table:
        answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *table[name, kind]))
    elif not any(known == name for known, _ in table):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer
