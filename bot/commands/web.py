"""``triage web``: the page, with what other systems call beside it; and tickets that are put in its queue to try it
out."""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.adapters.helpdesk.vendors import helpdesk_of
from bot.adapters.store.desk import DeskStore
from bot.bootstrap import desk_of, triager_of
from bot.bootstrap_desk import ingress_of, site_of, worker_of
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.errors import InputError, SettingsError
from bot.settings import Settings, read_settings
from bot.triage import Triager

QUEUE_TURNS = 10_000
BACKLOG = 256


def run(*, port: int | None, queue: Sequence[Path]) -> None:
    """Serve the page until told to stop. Raises SettingsError where the port is taken, InputError where a ticket
    cannot be read."""
    settings = read_settings()
    helpdesk_of(settings)  # refused before the port is taken
    triager = triager_of(settings)
    desk_of(settings).database.engine.dispose()  # upgraded, or refused, before an address is printed
    serve = page_server(settings, triager, port or settings.web_port)
    if queue:
        _put_in_queue(settings, desk_of(settings), triager, queue)
    serve()


def page_server(settings: Settings, triager: Triager, port: int) -> Callable[[], None]:
    """Take the port and say how to open the page; returns what serves it, to be run here or in a process of its own.

    Where nobody signs in with Slack or a proxy, a token does: it is made here, so that a process that takes
    another's place knows it too.
    """
    listening = _listen(settings.web_host, port)
    others = settings.web_proxy_header is not None or settings.slack_client_id is not None
    token = settings.web_token or (None if others else secrets.token_urlsafe(32))
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    at = settings.web_url.rstrip("/") if settings.web_url else f"http://{host}:{port}"
    sys.stdout.write(f"The page: {at}/" + (f"sign-in?token={token}\n" if token and not settings.web_token else "\n"))
    sys.stdout.flush()

    def serve() -> None:
        import uvicorn

        from bot.adapters.web.page.app import page_app

        desk = desk_of(settings)
        app = page_app(site_of(settings, desk, triager, token), ingress_of(settings, desk))
        # headers of proxies are read by us, from those that are trusted
        uvicorn.Server(
            uvicorn.Config(app, log_level="warning", proxy_headers=False, server_header=False, access_log=False)
        ).run(sockets=[listening])

    return serve


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)  # whoever follows the printed address at once waits instead of being refused
    except OSError as error:
        raise SettingsError(
            f"WEB_HOST and WEB_PORT: cannot listen on {host}, port {port} ({error.strerror or error}); try another: triage web --port N"
        ) from error
    return listening


def _put_in_queue(settings: Settings, desk: DeskStore, triager: Triager, paths: Sequence[Path]) -> None:
    """Hand tickets in at the desk's door, as the page does, and read them at once."""
    from bot.adapters.web.page.playground import inbound_of
    from bot.door import Door

    files = [f for path in paths for f in (sorted(path.iterdir()) if path.is_dir() else [path])]
    door = Door(desk)
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror})") from error
        for ticket in read_tickets(data, name=str(file)):
            if isinstance(ticket, BadTicket):
                raise InputError(ticket.reason)
            with desk.look() as view:
                now = view.now
            door.accept(inbound_of(ticket, author="cli:queue", now=now))
    worker = worker_of(settings, desk, triager)
    for _ in range(QUEUE_TURNS):
        if not worker.turn():
            break
