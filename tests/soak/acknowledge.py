"""How long events take to be acknowledged while the database is busy: signed HTTP at a steady rate, workers and the
listener in processes of their own.

An event is timed from when it was due, so that waiting counts. Also a thousand clicks on one card from many threads:
how often its reply is sent.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import quantiles
from typing import Any

import uvicorn

from bot.adapters.slack.app import build_app, http_app
from bot.adapters.slack.client import web_client
from bot.adapters.slack.outlet import SlackOutlet
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.errors import StoreBusy
from bot.triage import Triager
from tests.crash.processes import spawn
from tests.slack.desk import Office, RealClock, edge_of, worker_of
from tests.slack.payloads import SECRET, click, dispatch, event, message, signed, wire
from tests.slack.server import FakeSlack

SENDERS = 32
TEXT = "user{n}@firm.example cannot log in: 535 5.7.8 Error: authentication failed"


def acknowledged(
    url: str, slack: FakeSlack, triager: Triager, *, seconds: float, rate: float, workers: int = 2
) -> dict[str, Any]:
    """Events at ``rate`` a second for ``seconds``, while ``workers`` triage and post them."""
    with DeskStore(Database(url), RealClock()).step("soak.mode") as step:
        for number in range(40):
            step.people.set(f"mode:slack/C{100 + number}", "draft")
    slack.members |= {f"C{100 + n}" for n in range(40)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [
        spawn(lambda: _listen(url, slack.url, triager, port)),
        *(spawn(lambda: _work(url, slack.url, triager)) for _ in range(workers)),
    ]
    try:
        _until(lambda: _get(port, "/healthz") == 200)
        taken: list[float] = []
        refused: list[int] = []
        began = time.monotonic() + 0.5

        def one(number: int) -> None:
            due = began + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            inner = message(
                TEXT.format(n=number),
                user=f"U{1000 + number}",
                channel=f"C{100 + number % 40}",
                ts=f"1795000000.{number:06d}",
            )
            body, kind = wire(event(inner))
            status = _post(port, body, signed(body, kind))
            taken.append(time.monotonic() - due)
            if status != 200:
                refused.append(number)

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(one, range(int(seconds * rate))))
        with DeskStore(Database(url), RealClock()).look() as view:
            lost = sum(
                1
                for n in range(int(seconds * rate))
                if n not in refused and view.cases.case(f"slack:T1:C{100 + n % 40}:1795000000.{n:06d}") is None
            )
    finally:
        spent = []
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            usage = os.wait4(pid, 0)[2]
            spent.append(usage.ru_utime + usage.ru_stime)
    return {
        "events": len(taken),
        "a_second": rate,
        "ack_p50_ms": round(sorted(taken)[len(taken) // 2] * 1000, 1),
        "ack_p99_ms": round(quantiles(taken, n=100)[98] * 1000, 1),
        "listener_cpu_ms_an_event": round(spent[0] / max(len(taken), 1) * 1000, 1),
        "refused": len(refused),
        "lost": lost,
    }


def clicks(office: Office, count: int) -> dict[str, Any]:
    """``count`` clicks on Send of one card, as many at a time as there are threads; how many replies stand in the
    thread."""
    inner = message(TEXT.format(n=1))
    dispatch(office.app, event(inner))
    office.work()
    card_id = f"slack:T1:C1:{inner['ts']}#1"
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: dispatch(office.app, click("send", card_id, 1)).status, range(count)))
    office.work()
    return {"clicks": count, "taken": answers.count(200), "sent": len(office.slack.posts()) - 1}


def _listen(url: str, slack_url: str, triager: Triager, port: int) -> None:
    store = DeskStore(Database(url), RealClock())
    app = build_app(edge_of(slack_url, store, triager, 2.0), web_client("xoxb-test", slack_url), SECRET)
    uvicorn.run(http_app(app, SECRET, lambda: True), host="127.0.0.1", port=port, log_level="error")


def _work(url: str, slack_url: str, triager: Triager) -> None:
    SlackOutlet.gap = timedelta(milliseconds=100)
    mine = worker_of(slack_url, DeskStore(Database(url), RealClock()), triager, RealClock())
    while True:
        try:
            if not mine.turn():
                time.sleep(0.05)
        except StoreBusy:
            continue


_connections = threading.local()


def _post(port: int, body: str, headers: dict[str, str]) -> int:
    """Over this thread's own connection, opened anew where it broke."""
    for _ in range(2):
        connection = getattr(_connections, "held", None) or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        _connections.held = connection
        try:
            connection.request("POST", "/slack/events", body.encode(), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            _connections.held = None
        else:
            return answer.status
    return 0


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > ends:
            raise TimeoutError("the listener does not answer")
        time.sleep(0.05)
