"""``triage slack``, ``worker``, ``web`` and ``run``: processes that go on until they are told to stop.

The parent loads the knowledge once and forks; a child that dies is replaced at once, so that one ticket which kills
its worker holds up nobody.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from bot.adapters.helpdesk.vendors import helpdesk_of
from bot.bootstrap import desk_of, triager_of
from bot.bootstrap_desk import attachment_reader_of, mailbox_source_of, slack_edge_of, worker_of
from bot.commands.web import page_server
from bot.errors import SettingsError
from bot.settings import Settings, read_settings
from bot.triage import Triager
from bot.work import Worker

IDLE_SECONDS = 0.25
JOB_SECONDS = 90
"""A worker that spends longer on one turn is ended by the alarm, and its job's lease runs out."""
RESTART_SECONDS = 1.0
STOP_SECONDS = 5.0
"""What requests in progress have to end in, when we are told to stop."""
MEMORY_BYTES = 3 * 1024**3
"""What one worker may hold. A triage needs some hundred megabytes; more is a ticket that would take the whole
machine with it."""


def slack(*, port: int | None) -> None:
    """Take events in: by Socket Mode, or by signed HTTP where a port is given."""
    settings = read_settings()
    supervise([_slack(settings, triager_of(settings), port)])


def worker(*, processes: int) -> None:
    """Do the work and send."""
    settings = read_settings()
    helpdesk_of(settings)  # refused here and not in each child, which would be replaced for ever
    desk_of(settings).database.engine.dispose()  # upgraded, or refused, before the children start
    supervise([*[_worker(settings, triager_of(settings))] * processes, *_mailbox(settings)])


def run(*, port: int | None) -> None:
    """All in one: the page, Slack where its tokens are set, and a worker."""
    settings = read_settings()
    helpdesk_of(settings)
    triager = triager_of(settings)
    desk_of(settings).database.engine.dispose()
    children = [_worker(settings, triager), page_server(settings, triager, settings.web_port), *_mailbox(settings)]
    if settings.slack_bot_token:
        children.append(_slack(settings, triager, port))
    else:
        others = "the page, the mailbox and the worker run" if settings.mailbox else "the page and the worker run"
        sys.stderr.write(f"triage: SLACK_BOT_TOKEN is not set: no Slack; {others}\n")
    supervise(children)


def _slack(settings: Settings, triager: Triager, port: int | None) -> Callable[[], None]:
    secret, app_token = settings.slack_signing_secret, settings.slack_app_token
    if port is None and not app_token:
        raise SettingsError("SLACK_APP_TOKEN: is not set; Socket Mode needs it (or use --port for signed HTTP)")
    if port is not None and not secret:
        raise SettingsError("SLACK_SIGNING_SECRET: is not set; signed HTTP needs it")

    def serve() -> None:
        from bot.adapters.slack.app import build_app, http_app, socket_mode, stay_connected
        from bot.adapters.slack.client import web_client

        desk = desk_of(settings)
        app = build_app(
            slack_edge_of(settings, desk, triager),
            web_client(settings.slack_bot_token or "", settings.slack_api_url),
            secret or "socket mode needs none",
        )
        if port is None:
            stay_connected(socket_mode(app, app_token or ""))
            threading.Event().wait()
            return
        import uvicorn

        def ready() -> bool:
            with desk.look() as view:
                view.queues.backlog()
            return True

        uvicorn.run(http_app(app, secret or "", ready), host="0.0.0.0", port=port, log_level="warning")

    return serve


def _worker(settings: Settings, triager: Triager) -> Callable[[], None]:
    def serve() -> None:
        work_on(worker_of(settings, desk_of(settings), triager), JOB_SECONDS)

    return serve


def work_on(mine: Worker, seconds: float) -> NoReturn:
    """Turn after turn, until this process is ended: by the alarm where one takes longer than ``seconds``, by its own
    memory where a ticket eats it up.

    Either way the job's lease runs out, another process takes it, and after a few times it is a human's (``triage
    deliveries``)."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    while True:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        busy = mine.turn()
        signal.setitimer(signal.ITIMER_REAL, 0)
        if not busy:
            time.sleep(IDLE_SECONDS)


def _mailbox(settings: Settings) -> list[Callable[[], None]]:
    """A process that takes mail in, where a mailbox is set up. A second one elsewhere does no harm: the door knows
    each mail."""
    if settings.mailbox is None:
        return []
    attachment_reader_of(settings)  # what is wrong with OCR_LANGUAGES is said at the start
    return [lambda: mailbox_source_of(settings, desk_of(settings)).run()]


def supervise(children: list[Callable[[], None]]) -> None:
    """Run each in a process of its own; replace what dies; end them all with us, however we end.

    Told to stop we wait for them, so that whoever starts us again finds the port free. Killed, we leave the end of a
    pipe closed, which ends them.
    """
    running: dict[int, Callable[[], None]] = {}
    lifeline = os.pipe()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        left = set(running)
        while left and time.monotonic() < until:
            left -= {pid for pid in left if _ended(pid)}
            time.sleep(0.02)
        sys.exit(0)

    for child in children:
        running[_fork(child, lifeline)] = child
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while True:
        pid, status = os.wait()
        child = running.pop(pid)
        sys.stderr.write(f"triage: a process ended ({os.waitstatus_to_exitcode(status)}); a new one takes its place\n")
        time.sleep(RESTART_SECONDS)
        running[_fork(child, lifeline)] = child


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # the loop that we interrupt has had it
        return True


def _fork(child: Callable[[], None], lifeline: tuple[int, int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.close(lifeline[1])
    threading.Thread(target=_end_with, args=(lifeline[0],), name="lifeline", daemon=True).start()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    child()
    os._exit(0)


def _end_with(lifeline: int) -> None:
    """Wait for the end of the parent, whose end of the pipe nobody else holds, and end this process at once: as
    after any kill, leases run out."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGKILL)
