"""The processes of ``triage run`` end with the one that was started, however that ends, and leave its port free."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, signal, sys, time
from bot.commands.serve import supervise
from bot.commands.web import _listen

listening = _listen("127.0.0.1", int(sys.argv[1]))

def polite():
    def end(*_):
        time.sleep(0.4)  # an answer that is half-way out
        print("ended", flush=True)
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    os.write(1, b"ready\\n")  # at once: two processes write into one pipe
    time.sleep(60)

def rude():
    os.write(1, b"ready\\n")
    time.sleep(60)

supervise([polite, rude])
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_the_first(how: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert started.stdout is not None
        assert [started.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass  # the address that was printed answers before the page does
        os.kill(started.pid, how)
        assert started.wait(20) == (-how if how == signal.SIGKILL else 0)
        if how != signal.SIGKILL:
            assert _gone(started.pid), "they were waited for"
            assert started.stdout.read() == "ended\n"
        until = time.monotonic() + 10
        while not _gone(started.pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert _gone(started.pid)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", port))
    finally:
        if not _gone(started.pid):
            os.killpg(started.pid, signal.SIGKILL)


def _gone(group: int) -> bool:
    """Whether no process of a group runs any more. One that has ended and that nobody has asked about (a container
    without an init) counts as gone."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its = stat.read_text("utf-8").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its) == group and state != "Z":
            return False
    return True
