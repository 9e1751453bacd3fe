"""The processes of a crash run: the edge that takes events in, the workers, the fake Slack. Each may be killed with
SIGKILL but the last."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from slack_bolt import App

from bot import failpoints
from bot.adapters.slack.app import build_app
from bot.adapters.slack.client import web_client
from bot.adapters.slack.outlet import SlackOutlet
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.errors import StoreBusy
from bot.triage import Triager
from bot.work import Worker
from tests.slack.desk import RealClock, edge_of, worker_of
from tests.slack.payloads import SECRET, click, dispatch, event, message
from tests.slack.server import FakeSlack

CHANNELS = 40
WARM_CHANNEL = "C99"
LOOKED_AT = 40
"""Cards that the edge waits for at a time: what else it looked at would only take the workers' time."""
TEXTS = (
    "{box} cannot log in. Thunderbird says: 535 5.7.8 Error: authentication failed",
    "Outlook 16 fails for {box} with 0x800CCC0E, server imap.firm.example port 143",
    "{box}: Apple Mail says the server refused the connection, too many connections",
    "Sending from {box} ends in 550 5.7.1 relaying denied, port 25",
)


@dataclass(frozen=True)
class Plan:
    """What a run is made of. ``folder`` holds what must outlive a killed process."""

    url: str
    slack_url: str
    folder: Path
    tickets: int
    chance: float
    """Of being killed at a fail-point."""

    def body(self, number: int) -> dict[str, Any]:
        """The event of ticket ``number``: always the same, as when Slack delivers again."""
        ts = f"1795000000.{number:06d}"
        text = "<@UBOT> " + TEXTS[number % len(TEXTS)].format(box=f"user{number}@firm.example")
        return event(
            message(text, user=f"U{1000 + number}", channel=f"C{100 + number % CHANNELS}", ts=ts, type="app_mention"),
            event_id=f"Ev{number}",
        )

    def case_id(self, number: int) -> str:
        """The case of ticket ``number``."""
        return f"slack:T1:C{100 + number % CHANNELS}:1795000000.{number:06d}"


def noted(path: Path) -> list[str]:
    """The whole lines of a file that killed processes append to."""
    return path.read_text("utf-8").split() if path.exists() else []


def note(path: Path, word: str) -> None:
    """Append a word; one write, so that a kill leaves all of it or nothing."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{word}\n".encode())
    os.close(handle)


@dataclass(frozen=True)
class Warm:
    """What every process inherits by fork, used once already: what a first ticket builds (statements, listeners)
    need not be built by each of hundreds of processes. No connection is shared: each begins its own."""

    store: DeskStore
    app: App
    worker: Worker

    def own(self) -> None:
        """To be called first in a child."""
        self.store.database.engine.dispose(close=False)


def warm(url: str, slack_url: str, triager: Triager) -> Warm:
    """Everything, after one ticket has gone through: in a channel of its own, which is counted nowhere."""
    clock = RealClock()
    SlackOutlet.gap = timedelta(milliseconds=20)
    store = DeskStore(Database(url), clock)
    app = build_app(edge_of(slack_url, store, triager), web_client("xoxb-test", slack_url), SECRET)
    mine = replace(
        worker_of(
            slack_url,
            store,
            triager,
            clock,
            lease=timedelta(seconds=3),
            settle=timedelta(seconds=1),
            margin=timedelta(seconds=1),
        ),
        lease=timedelta(seconds=3),
    )
    inner = message(
        TEXTS[0].format(box="user0@firm.example"), user="U999", channel=WARM_CHANNEL, ts="1795000000.999999"
    )
    while dispatch(app, event(inner, event_id="EvWarm")).status != 200:
        pass
    _carry_out(mine)
    card_id = f"slack:T1:{WARM_CHANNEL}:{inner['ts']}#1"
    for user in ("U9", "U8"):
        dispatch(app, click("send", card_id, 1, user=user))
    _carry_out(mine)
    store.database.engine.dispose()
    return Warm(store, app, mine)


def _carry_out(mine: Worker) -> None:
    while True:
        if not mine.turn():
            with mine.desk.look() as view:
                backlog = view.queues.backlog()
            if not backlog["jobs"] and not backlog["deliveries"]:
                return
            time.sleep(0.02)


def _arm(plan: Plan, seed: int) -> None:
    """Kill this process at fail-points: those where nobody has died yet sooner than the others."""
    if not plan.chance:
        return
    dice = random.Random(seed)
    died = set(noted(plan.folder / "killed"))

    def hook(name: str) -> None:
        note(plan.folder / "reached", name) if name not in seen else None
        seen.add(name)
        if dice.random() < (0.15 if name not in died else plan.chance):
            note(plan.folder / "killed", name)
            os.kill(os.getpid(), signal.SIGKILL)

    seen: set[str] = set()
    failpoints.install(hook)


def worker(plan: Plan, warmed: Warm, seed: int) -> None:
    """One worker until it dies."""
    warmed.own()
    _arm(plan, seed)
    while True:
        if not warmed.worker.turn():
            time.sleep(0.05)


def edge(plan: Plan, warmed: Warm, seed: int) -> None:
    """Slack's end: deliver each event until it is acknowledged, then click Send twice on each card until both clicks
    are taken."""
    warmed.own()
    _arm(plan, seed)
    store, app = warmed.store, warmed.app
    acknowledged = {int(n) for n in noted(plan.folder / "acknowledged")}
    for number in range(plan.tickets):
        while number not in acknowledged:
            if dispatch(app, plan.body(number)).status == 200:
                note(plan.folder / "acknowledged", str(number))
                acknowledged.add(number)
    clicked = set(noted(plan.folder / "clicked"))
    while len(clicked) < plan.tickets:
        for number in [n for n in range(plan.tickets) if str(n) not in clicked][:LOOKED_AT]:
            card_id = f"{plan.case_id(number)}#1"
            try:
                with store.look() as view:
                    card = view.cases.card(card_id)
            except StoreBusy:
                continue
            if card is None or card.remote_id is None:
                continue
            if card.state == "failed":  # its worker died too often, and says so: an agent tries again
                dispatch(app, click("retry", card_id, card.revision, user="U9"))
            if card.state == "decided":  # clicked before this process's predecessor could write it down
                note(plan.folder / "clicked", str(number))
                clicked.add(str(number))
            if card.state != "open":
                continue
            answers = [dispatch(app, click("send", card_id, card.revision, user=user)).status for user in ("U9", "U8")]
            if answers == [200, 200]:
                note(plan.folder / "clicked", str(number))
                clicked.add(str(number))
        time.sleep(0.1)
    note(plan.folder / "finished", "edge")
    while True:
        time.sleep(1)


def slack(write: int, seed: int) -> None:
    """The fake Slack, with accidents; it is asked for its messages over HTTP."""
    accidents = {"drop_after": 0.03, "errors": 0.01, "limited": 0.01, "latency": 0.002}
    with FakeSlack(seed=seed, **accidents) as server:  # type: ignore[arg-type]
        server.members |= {WARM_CHANNEL, *(f"C{100 + n}" for n in range(CHANNELS))}
        os.write(write, server.url.encode() + b"\n")
        os.close(write)
        while True:
            time.sleep(1)


def spawn(child: Callable[[], None]) -> int:
    """Fork a child that never returns."""
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
    except BaseException as error:  # the parent sees the word, and the run fails
        os.write(2, f"a process of the run broke: {type(error).__name__}: {error}\n".encode())
        raise
    finally:
        os._exit(3)
