"""The processes themselves: ``triage web`` takes a webhook, ``triage worker`` writes the note, and the reply that an
agent's note asks for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.helpdesk.lookalike import AGENT
from tests.helpdesk.vendors import TOKEN, USER, ZendeskLike

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(180)
def test_from_a_webhook_to_the_reply_with_the_real_processes(tmp_path: Path) -> None:
    with ZendeskLike() as server, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {
            **os.environ,
            "LOG_STORE_URL": f"sqlite:///{tmp_path}/logs.db",
            "HELPDESK_KIND": "zendesk",
            "HELPDESK_URL": server.url,
            "HELPDESK_USER": USER,
            "DATABASE_URL": f"sqlite:///{tmp_path}/desk.db",
            "HELPDESK_TOKEN": TOKEN,
            "HELPDESK_WEBHOOK_SECRET": "sec",
            "PYTHONPATH": str(ROOT),
        }
        started = [
            subprocess.Popen([sys.executable, "-m", "bot", *command], env=environment, cwd=tmp_path)
            for command in (("web", "--port", str(port)), ("worker",))
        ]
        try:
            base = f"http://127.0.0.1:{port}"
            _until(lambda _: httpx.get(f"{base}/readyz").status_code == 200)
            ticket = server.customer_opens("alice@customer.example Thunderbird: 535 5.7.8 Error: authentication failed")
            for number in range(2):
                headers, body = server.webhook(ticket, "sec")
                headers["x-zendesk-webhook-invocation-id"] = f"inv-{number}"
                assert httpx.post(f"{base}/webhooks/zendesk", content=body, headers=headers).status_code == 202
                _until(lambda public: bool(server.written(ticket, public=public)), bool(number))
                server.add(ticket, AGENT, "/triage send", public=False)
            time.sleep(1)
            assert len(server.written(ticket, public=True)) == 1
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(20)


def _until(good: Callable[[bool], bool], public: bool = False, seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if good(public):
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")
