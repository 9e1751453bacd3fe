"""What runs inside the namespaces: ``python -m tests.mail.inside OUT KILLS``. Writes what it saw to OUT as JSON and
judges nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from bot import failpoints, handle
from bot.adapters.mailbox.outlet import MailboxOutlet
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.bootstrap import SystemClock, triager_of
from bot.bootstrap_desk import mailbox_source_of
from bot.core.desk.values import Decision
from bot.decide import Decisions
from bot.deliver import Courier
from bot.errors import StoreBusy
from bot.handle import Handler
from bot.settings import Settings, read_settings
from bot.triage import Triager
from bot.work import Worker
from tests.mail.daemons import boot, environment, logs, mails_of, start_dovecot, stop_dovecot
from tests.mail.post import AGENTS, ANNA, OWN, letter

Seen = dict[str, Any]


def main(out: Path, kills: int) -> None:
    """Boot, play, write down."""
    boot()
    os.environ.update(environment())
    seen: Seen = {}
    try:
        seen |= _doctor()
        settings = read_settings()
        triager = triager_of(settings)
        seen |= _whole_program(settings)
        seen |= _killed_between(settings)
        seen |= _crash_run(settings, triager, kills)
    finally:
        seen["logs"] = logs()
        out.write_text(json.dumps(seen, indent=1))


def post_in(raw: bytes, sender: str = ANNA) -> None:
    """A customer's mail comes in, as from anywhere in the world."""
    with smtplib.SMTP("127.0.0.1", 25, "mail.example.com") as smtp:
        smtp.sendmail(sender, [OWN], raw)


def until(done: Callable[[], bool], longest: float = 90.0) -> float:
    """Seconds until it is done. Raises RuntimeError with the logs where it never is."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > longest:
            raise RuntimeError(f"not within {longest} s: {logs()}")
        time.sleep(0.05)
    return time.monotonic() - began


def store_of(settings: Settings) -> DeskStore:
    """The desk's database, without an upgrade."""
    return DeskStore(Database(settings.database_url), SystemClock())


def decide_all(store: DeskStore) -> int:
    """Click send on every card that waits."""
    with store.look() as view:
        waiting = [card for card, _ in view.views.queue(limit=500) if card.state == "open" and card.content.draft]
    return sum(Decisions(store).decide(Decision(c.id, c.revision, "send", "lab", "lead")).done for c in waiting)


def _doctor() -> Seen:
    good = subprocess.run(
        [sys.executable, "-m", "bot", "doctor"], capture_output=True, text=True, timeout=60, check=False
    )
    wrong = subprocess.run(
        [sys.executable, "-m", "bot", "doctor"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "MAILBOX_IMAP": "imaps://localhost",
            "MAILBOX_SMTP": "smtps://smtp.trekmail.net:587",
            "MAILBOX_SENT": "Outbox",
        },
    )
    other = subprocess.run(
        [sys.executable, "-m", "bot", "doctor"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "MAILBOX_IMAP": "imap://imap.trekmail.net", "MAILBOX_SMTP": "smtps://smtp.trekmail.net"},
    )
    return {"doctor": good.stdout, "doctor_other": other.stdout, "doctor_wrong": wrong.stdout + wrong.stderr}


def _whole_program(settings: Settings) -> Seen:
    """``triage worker`` as it is: a mail, its note, a click, its answer; then the connection breaks under it."""
    worker = subprocess.Popen([sys.executable, "-m", "bot", "worker"], stderr=subprocess.PIPE, start_new_session=True)
    try:
        store = store_of(settings)
        name = f"mailbox:{OWN}/INBOX"

        def ready() -> bool:
            with suppress(Exception), store.look() as view:
                return bool(view.people.setting(name))
            return False

        until(ready)
        time.sleep(1.0)  # it idles
        post_in(letter(id="<first@example.com>", references="<root@example.com>"))
        to_note = until(lambda: len(mails_of(AGENTS)) == 1)
        decide_all(store)
        until(lambda: len(mails_of(ANNA)) == 1)
        answer = message_from_bytes(mails_of(ANNA)[0])
        stop_dovecot()
        start_dovecot()
        post_in(letter("still 535", id="<second@example.com>", in_reply_to=answer["Message-ID"]))
        after_break = until(lambda: len(mails_of(AGENTS)) == 3)  # the decision was told as well
        decide_all(store)
        until(lambda: len(mails_of(ANNA)) == 2)
        time.sleep(1.5)
        second = message_from_bytes(
            next(raw for raw in mails_of(ANNA) if answer["Message-ID"].encode() not in raw.partition(b"References")[0])
        )
        with store.look() as view:
            cases = sorted({answer["Subject"], second["Subject"]})
            inbox = view.people.setting(name)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    return {
        "to_note_s": round(to_note, 2),
        "after_break_s": round(after_break, 2),
        "answers": len(mails_of(ANNA)),
        "head": [[k, str(v)] for k, v in answer.items()],
        "body": answer.get_payload(decode=True).decode(),
        "subjects": cases,
        "mark": inbox,
        "notes": len(mails_of(AGENTS)),
    }


def _killed_between(settings: Settings) -> Seen:
    """kill -9 behind the door's commit and before the mark."""
    store = store_of(settings)
    post_in(letter("Outlook says 535 between", id="<between@example.com>"))
    time.sleep(0.5)
    died = _forked(lambda: _sweep(settings, "mailbox.accepted"))
    again = [_forked(lambda: _sweep(settings, "")) for _ in range(2)]
    with store.look() as view:
        return {"between_status": died, "again_status": again, "between_jobs": view.queues.backlog()["jobs"]}


def _sweep(settings: Settings, point: str) -> None:
    if point:
        failpoints.install(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == point else None)
    source = mailbox_source_of(settings, store_of(settings))
    with source.imap(source.settings) as box:
        source.sweep(box)


def _crash_run(settings: Settings, triager: Triager, kills: int) -> Seen:
    """Customers write while the program is killed again and again; in the end each has one answer, or a human is
    told."""
    handle.BURST_FROM = handle.CROWD_FROM = 10_000  # type: ignore[misc]  # each ticket is to have a card of its own
    store, dice = store_of(settings), random.Random(7)
    before = {message_from_bytes(raw)["Message-ID"] for raw in mails_of(ANNA)}
    children = {role: _start(settings, triager, role) for role in ("source", "worker")}
    for n in range(kills):
        post_in(letter(f"Outlook 365 says 535 5.7.8, number {n}", id=f"<crash{n}@example.com>"))
        role = dice.choice(("source", "worker", "worker"))
        time.sleep(dice.uniform(0.1, 0.9))
        os.kill(children[role], signal.SIGKILL)
        os.waitpid(children[role], 0)
        children[role] = _start(settings, triager, role)
        with suppress(StoreBusy):
            decide_all(store)

    def settled() -> bool:
        with suppress(StoreBusy):
            decide_all(store)
        with store.look() as view:
            backlog, mark = view.queues.backlog(), json.loads(view.people.setting(f"mailbox:{OWN}/INBOX"))
        return mark["next"] > len(mails_of(OWN)) and not backlog["jobs"] and not backlog["deliveries"]

    with suppress(RuntimeError):  # what hangs is told in the figures
        until(settled, 60 + 6 * kills)
    time.sleep(1.0)
    for child in children.values():
        os.kill(child, signal.SIGKILL)
    with store.look() as view:
        troubled = view.queues.troubled()
    answered: Counter[str] = Counter()
    for raw in mails_of(ANNA):
        mail = message_from_bytes(raw)
        if mail["Message-ID"] not in before:
            answered[str(mail["In-Reply-To"])] += 1
    wanted = {f"<crash{n}@example.com>" for n in range(kills)}
    parked = sum(1 for row in troubled if "reply:" in str(row))
    return {
        "kills": kills,
        "accepted": len(wanted),
        "answered": sum(1 for w in wanted if answered[w]),
        "doubled": sum(1 for count in answered.values() if count > 1),
        "parked": parked,
        "troubled": [list(map(str, row)) for row in troubled],
    }


def _start(settings: Settings, triager: Triager, role: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        store = store_of(settings)
        if role == "source":
            mailbox_source_of(settings, store).run()
        assert settings.mailbox is not None
        clock = SystemClock()
        courier = Courier(
            store,
            {"mailbox": MailboxOutlet(settings.mailbox, store, clock, gap=timedelta(seconds=0.05))},
            clock,
            lease=timedelta(seconds=6),
            settle=timedelta(seconds=2),
            margin=timedelta(seconds=1),
        )
        worker = Worker(store, Handler(store, triager, clock), courier, lease=timedelta(seconds=4))
        while True:
            if not worker.turn():
                time.sleep(0.05)
    finally:
        os._exit(3)


def _forked(work: Callable[[], None]) -> int:
    """The exit status of ``work`` in a process of its own; minus the signal that ended it."""
    pid = os.fork()
    if not pid:
        code = 3
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
