"""The sending limit: a policy service for Postfix (access policy delegation, SMTPD_POLICY_README)."""

from __future__ import annotations

import socketserver
import threading

from maillab.places import POLICY_PORT

REFUSALS = {
    "hourly.limit": "450 4.7.1 Hourly sending limit of 500 messages reached, try again later",
    "daily.limit": "554 5.7.1 Daily sending limit of 1000 messages exceeded for this mailbox",
}
"""What a login that has used up its limit is told, by local part."""


class _Policy(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer request after request: ``name=value`` lines up to an empty one."""
        asked: dict[str, str] = {}
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").strip()
            if line:
                name, _, value = line.partition("=")
                asked[name] = value
                continue
            action = REFUSALS.get(asked.get("sasl_username", "").partition("@")[0], "DUNNO")
            self.wfile.write(f"action={action}\n\n".encode())
            asked = {}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve_policy() -> None:
    """Answer Postfix from a thread of this process, as long as it lives."""
    server = _Server(("127.0.0.1", POLICY_PORT), _Policy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
