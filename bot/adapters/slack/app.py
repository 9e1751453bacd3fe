"""The Bolt app: built once, dispatched to by Socket Mode or by signed HTTP."""

from __future__ import annotations

import http.client
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.slack.context import Edge
from bot.adapters.slack.listeners import cards, commands, home, incidents, messages
from bot.errors import SendError, StoreBusy

MAX_BODY = 1_000_000
REFUSED_SECONDS = 30.0
UNREACHED_SECONDS = 5.0
_log = logging.getLogger(__name__)


def build_app(edge: Edge, client: WebClient, signing_secret: str) -> App:
    """An app whose answer waits for its listener: an event counts as taken only when it is in the database.

    Bolt would acknowledge events before it runs the listener; ``process_before_response`` turns that round, so that
    a listener which fails leads to a 500 and Slack delivers again.
    """
    app = App(
        client=client,
        signing_secret=signing_secret,
        process_before_response=True,
        token_verification_enabled=False,
        ssl_check_enabled=False,
        raise_error_for_unhandled_request=False,
    )
    for module in (messages, cards, commands, home, incidents):
        module.register(app, edge)

    @app.error
    def on_error(error: Exception) -> BoltResponse:
        if isinstance(error, StoreBusy):
            return BoltResponse(status=503, body="busy")
        if isinstance(error, SendError):  # the work is done; only the courtesy to the one who clicked failed
            _log.warning("%s", error)
            return BoltResponse(status=200, body="")
        raise error

    return app


def socket_mode(app: App, app_token: str) -> SocketModeHandler:
    """A connection that Slack pushes through: no address of ours has to be reachable. :func:`stay_connected` opens
    it."""
    return SocketModeHandler(app, app_token)


def stay_connected(handler: SocketModeHandler, wait: Callable[[float], object] = time.sleep) -> None:
    """Connect, and go on asking where that is refused or Slack cannot be reached: what else this process runs beside
    must not end with it.

    Says each reason once. Returns when connected; from then on the library connects again by itself.
    """
    told = ""
    while True:
        try:
            handler.connect()  # type: ignore[no-untyped-call]
            return
        except SlackApiError as error:
            why, seconds = str(error.response.get("error")), REFUSED_SECONDS
            said = f"Slack refuses the connection ({why}); check SLACK_APP_TOKEN (triage doctor); asking again every {seconds:.0f} s"
        except (OSError, SlackClientError, http.client.HTTPException) as error:
            seconds = UNREACHED_SECONDS
            said = f"Slack cannot be reached ({getattr(error, 'reason', error)}); asking again every {seconds:.0f} s"
        if said != told:
            _log.error("triage: %s", said)
            told = said
        wait(seconds)


def http_app(app: App, signing_secret: str, ready: Callable[[], bool]) -> Starlette:
    """Signed HTTP. Bolt's dispatch is synchronous and runs in a thread, so that a slow listener holds up nobody else.

    The signature is verified before anything is parsed: Bolt parses first, and would answer a malformed body or
    timestamp with a 500.
    """
    verifier = SignatureVerifier(signing_secret)

    async def events(request: Request) -> Response:
        body = await request.body()
        if len(body) > MAX_BODY:
            return PlainTextResponse("", status_code=413)
        stamp = request.headers.get("x-slack-request-timestamp", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or not verifier.is_valid(
            body, stamp, request.headers.get("x-slack-signature", "")
        ):
            return PlainTextResponse("", status_code=401)
        try:
            parsed = _bolt_request(request, body)
        except ValueError:
            return PlainTextResponse("", status_code=400)
        answer = await run_in_threadpool(app.dispatch, parsed)
        return Response(
            answer.body, status_code=answer.status, headers={k: ", ".join(v) for k, v in answer.headers.items()}
        )

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        return (
            PlainTextResponse("ok")
            if await run_in_threadpool(ready)
            else PlainTextResponse("not ready", status_code=503)
        )

    return Starlette(
        routes=[Route("/slack/events", events, methods=["POST"]), Route("/healthz", healthz), Route("/readyz", readyz)]
    )


def _bolt_request(request: Request, body: bytes) -> BoltRequest:
    headers: dict[str, Any] = {name: [value] for name, value in request.headers.items()}
    return BoltRequest(body=body.decode("utf-8", errors="replace"), query=request.url.query, headers=headers)
