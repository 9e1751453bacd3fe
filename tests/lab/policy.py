"""The sending limits: a policy service for Postfix that counts (access policy delegation, SMTPD_POLICY_README)."""

from __future__ import annotations

import socketserver
import threading
from collections import Counter

from tests.lab.accounts import Limit
from tests.lab.places import POLICY_PORT


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    limits: dict[str, Limit]
    sent: Counter[str]


class _Policy(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer request after request: ``name=value`` lines up to an empty one."""
        asked: dict[str, str] = {}
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").strip()
            if line:
                name, _, value = line.partition("=")
                asked[name] = value
                continue
            self.wfile.write(f"action={self._action(asked.get('sasl_username', ''))}\n\n".encode())
            asked = {}

    def _action(self, user: str) -> str:
        """One more recipient of ``user``: counted, and refused once the limit is reached."""
        limit = self.server.limits.get(user)
        if limit is None:
            return "DUNNO"
        if limit.used + self.server.sent[user] >= limit.allowed:
            return limit.refusal
        self.server.sent[user] += 1
        return "DUNNO"


def serve_policy(limits: dict[str, Limit]) -> None:
    """Answer Postfix from a thread of this process, as long as it lives."""
    server = _Server(("127.0.0.1", POLICY_PORT), _Policy)
    server.limits, server.sent = limits, Counter()
    threading.Thread(target=server.serve_forever, daemon=True).start()
