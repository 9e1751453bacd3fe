"""``python -m tests.soak.run``: events at a steady rate for hours against a worker and a fake Slack, and an outage
in simulated time.

Prints the slope of memory (least squares over the second half), open handles at the start and the end, how long
events took to be acknowledged at fifty a second while workers kept the database busy, and how often a reply was sent
that a thousand clicks asked for. ``--minutes 0``, ``--tickets 0`` and so on leave a part out; the promise about
memory is held over two hours.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.triage import Triager
from knowledge import load
from tests.slack.desk import Office, RealClock, RememberingTriager, SimulatedClock, open_office
from tests.slack.payloads import dispatch, event, message
from tests.slack.server import FakeSlack
from tests.soak.acknowledge import acknowledged, clicks

TEXTS = (
    "user{n}@firm.example cannot log in: 535 5.7.8 Error: authentication failed",
    "Outlook fails for user{n}@firm.example with 0x800CCC0E, port 143",
    "Hello, user{n}@firm.example gets 550 5.7.1 relaying denied in Apple Mail",
)
OUTAGE_TEXTS = (
    "u{n}@firm.example: Thunderbird: 535 5.7.8 Error: authentication failed, server {host} port 993",
    "Outlook 16 for u{n}@firm.example: 0x800CCC0E, {host} port 143",
    "Guten Tag, u{n}@firm.example geht nicht: Zeitüberschreitung, Server {host}",
    "u{n}@firm.example: the connection to the server {host} timed out in Apple Mail",
    "u{n}@firm.example: 550 5.7.1 relaying denied by {host}",
    "Mail is down for u{n}@firm.example!! nothing works since ten minutes",
)
MAX_SLOPE_MB_H = 1.0
MIN_HOURS = 0.5
"""Below this the slope says nothing (caches still fill) and is printed only."""
OUTAGE_SECONDS = 600
MAX_POSTS_A_MINUTE = 20
MAX_DRAIN_SECONDS = 900
EVENTS_A_SECOND = 50.0
WARM_SECONDS = 60
KEPT = 500
"""Messages that the fake Slack keeps of a channel: it lies in the same process, and must not count as growth."""
MAX_ACK_MS = 1_000.0


def soak(office: Office, minutes: float, rate: float) -> dict[str, Any]:
    """``rate`` events a second for ``minutes``; the worker runs in a thread beside."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if not office.worker.turn():
                time.sleep(0.05)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    taken: list[float] = []
    samples: list[tuple[float, float]] = []
    started = time.monotonic()
    handles = _handles()
    number = 0

    def one(number: int, due: float) -> None:
        inner = message(TEXTS[number % len(TEXTS)].format(n=number), user=f"U{number}")
        assert dispatch(office.app, event(inner)).status in (200, 503)
        taken.append(time.monotonic() - due)  # from when it was due: waiting counts

    with ThreadPoolExecutor(16) as pool:
        while (now := time.monotonic() - started) < minutes * 60:
            due = started + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(one, number, due)
            number += 1
            if number % 20 == 0:
                samples.append((now / 3600, _rss_mb()))
                office.slack.forget(KEPT)
                if now < WARM_SECONDS:
                    handles = _handles()  # the threads' own connections are opened once
    stop.set()
    worker.join(30)
    slope = _slope(samples[len(samples) // 2 :])
    return {
        "hours": round(minutes / 60, 3),
        "events": len(taken),
        "ack_p50_ms": round(sorted(taken)[len(taken) // 2] * 1000, 1),
        "ack_p99_ms": round(quantiles(taken, n=100)[98] * 1000, 1),
        "rss_mb": round(_rss_mb()),
        "rss_slope_mb_h": round(slope, 2),
        "fds": _handles() - handles,
    }


def outage(office: Office, tickets: int) -> dict[str, Any]:
    """``tickets`` within ten simulated minutes, of many errors and servers, into one channel: between them the
    worker does what is due.

    ``cpu_s`` is what this process took for all of it: it must be less than the time there is, or one worker could
    not keep up.
    """
    sent: list[float] = []
    stamps: list[str] = []
    done, cpu = len(office.slack.posts()), time.process_time()

    def elapsed() -> float:
        return office.clock.ahead.total_seconds()

    def drain() -> None:
        nonlocal done
        while office.worker.turn():
            new = office.slack.count
            sent.extend([elapsed()] * (new - done))
            done = new

    dice = random.Random(tickets)
    for number in range(tickets):
        office.clock.ahead = timedelta(seconds=number * OUTAGE_SECONDS / tickets)
        text = dice.choice(OUTAGE_TEXTS).format(n=number, host=f"mx{min(int(dice.expovariate(0.3)), 40)}.trekmail.net")
        inner = message(text, user=f"U{number}", ts=f"{office.clock.now().timestamp():.0f}.{number:06d}")
        stamps.append(inner["ts"])
        while dispatch(office.app, event(inner)).status != 200:
            pass
        drain()
        office.slack.calls.clear()
    ended = OUTAGE_SECONDS
    while elapsed() < ended + MAX_DRAIN_SECONDS:
        drain()
        with office.store.look() as view:
            backlog = view.queues.backlog()
        if not backlog["jobs"] and not backlog["deliveries"]:
            break
        office.clock.ahead += timedelta(seconds=1.2)
    drained, cpu = elapsed() - ended, time.process_time() - cpu
    with office.store.look() as view:
        kept = sum(1 for ts in stamps if view.cases.card(f"slack:T1:C1:{ts}#1"))
    posts = office.slack.posts()
    listed = set(re.findall(r"/p(\d{16})\|", json.dumps([p["blocks"] for p in posts])))
    threads = {p.get("thread_ts") for p in posts}
    shown = sum(1 for ts in stamps if ts in threads or ts.replace(".", "") in listed)
    minute = max((bisect_left(sent, start + 60) - place for place, start in enumerate(sent)), default=0)
    return {
        "tickets": tickets,
        "lost": tickets - min(kept, shown),
        "posts": len(posts),
        "posts_a_minute": minute,
        "drained_s": round(drained),
        "cpu_s": round(cpu),
    }


def main() -> None:
    """Print the figures; status 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--rate", type=float, default=2.0)
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--clicks", type=int, default=1_000)
    parser.add_argument("--busy-rate", type=float, default=EVENTS_A_SECOND)
    parser.add_argument(
        "--busy-seconds",
        type=float,
        default=60.0,
        help="how long events come in at that rate while workers keep the database busy",
    )
    chosen = parser.parse_args()
    triager = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), RealClock())
    triager.warm()
    clock = SimulatedClock()
    with tempfile.TemporaryDirectory() as folder, FakeSlack() as slack:
        first = (
            outage(
                open_office(
                    f"sqlite:///{folder}/outage.db",
                    slack,
                    RememberingTriager(triager.knowledge, triager.logs, triager.accounts, clock),
                    clock=clock,
                ),
                chosen.tickets,
            )
            if chosen.tickets
            else {}
        )
    with tempfile.TemporaryDirectory() as folder, FakeSlack() as slack:
        second = (
            soak(open_office(f"sqlite:///{folder}/soak.db", slack, triager), chosen.minutes, chosen.rate)
            if chosen.minutes
            else {}
        )
    with tempfile.TemporaryDirectory() as folder, FakeSlack() as slack:
        url = f"sqlite:///{folder}/busy.db"
        office = open_office(url, slack, triager)
        clicked = clicks(office, chosen.clicks) if chosen.clicks else {}
        office.store.database.engine.dispose()  # the processes that follow begin their own connections
        busy = (
            acknowledged(url, slack, triager, seconds=chosen.busy_seconds, rate=chosen.busy_rate)
            if chosen.busy_seconds
            else {}
        )
    rows = {"outage": first, "clicks": clicked, "busy": busy, "soak": second}
    for name, row in rows.items():
        sys.stdout.write(f"{name:<8}" + "  ".join(f"{k.replace('_', ' ')} {v}" for k, v in row.items()) + "\n")
    sys.stdout.write(
        "figures "
        + json.dumps({**second, **{name: row for name, row in rows.items() if row and name != "soak"}})
        + "\n"
    )
    broken = bool(first) and (
        first["lost"] > 0
        or first["posts_a_minute"] > MAX_POSTS_A_MINUTE
        or first["drained_s"] >= MAX_DRAIN_SECONDS
        or first["cpu_s"] > OUTAGE_SECONDS + MAX_DRAIN_SECONDS
    )
    broken |= bool(second) and (
        second["fds"] > 5 or (second["hours"] >= MIN_HOURS and second["rss_slope_mb_h"] > MAX_SLOPE_MB_H)
    )
    broken |= bool(clicked) and clicked["sent"] != 1
    broken |= bool(busy) and (busy["lost"] > 0 or busy["ack_p99_ms"] >= MAX_ACK_MS)
    sys.exit(1 if broken else 0)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _slope(samples: list[tuple[float, float]]) -> float:
    """Least squares, in MB an hour."""
    if len(samples) < 3:
        return 0.0
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / max(sum((x - mean_x) ** 2 for x, _ in samples), 1e-12)


if __name__ == "__main__":
    main()
