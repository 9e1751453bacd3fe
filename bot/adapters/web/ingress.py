"""Webhooks: verified, written down in one transaction, and only then acknowledged. What they lead to is a job.

A delivery only says which ticket has changed, so that the same one again, a late one or a forged id in a header has
no second effect; deliveries are known by their sender's id all the same (for as long as the table ``inbound`` keeps
them, seven days at least).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.adapters.web.metrics import Metrics
from bot.core.desk.signature import Scheme, verified
from bot.errors import StoreError
from bot.ports import Clock, Desk

MAX_BODY: Final = 5_000_000
"""Bytes. Zammad sends the ticket with its articles; the others send a few kilobytes."""
MAX_ID: Final = 200


@dataclass(frozen=True)
class Arrival:
    """What a webhook's body says. ``ticket`` None: nothing that concerns us (a test call, another kind of event)."""

    ticket: str | None
    delivery: str | None = None
    document: Any = None
    """The whole body, for channels whose ticket comes with it."""


@dataclass(frozen=True)
class Hook:
    """One channel's entrance: /webhooks/<name>."""

    name: str
    scheme: Scheme
    secrets: tuple[str, ...]
    arrival: Callable[[Any], Arrival]
    job: str
    """The kind of job that an arrival leads to."""


@dataclass(frozen=True)
class Ingress:
    """Takes deliveries in."""

    desk: Desk
    clock: Clock
    hooks: Mapping[str, Hook]
    metrics: Metrics
    may_scrape: Callable[[Request], bool]
    """Whether somebody may read the metrics."""

    def take(self, hook: Hook, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """(status, text) of one delivery. Raises StoreError; then nothing was accepted."""
        why = verified(hook.scheme, hook.secrets, headers, body, self.clock.now())
        if why is not None:
            return 401, why
        # Front, "Application webhooks": answered once at set-up, under a valid signature
        challenge = headers.get("x-front-challenge")
        if challenge is not None:
            return 200, challenge[:MAX_ID]
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return 400, "the body is no JSON"
        arrival = hook.arrival(document)
        if arrival.ticket is None:
            return 200, "nothing to do"
        now = self.clock.now()
        identity = headers.get(hook.scheme.id, "") if hook.scheme.id else ""
        identity = identity or arrival.delivery or ""
        if not identity:  # the same words may be a second event: what comes within one second is one
            identity = f"{hashlib.sha256(body).hexdigest()}:{int(now.timestamp())}"
        if len(identity) > MAX_ID:
            identity = hashlib.sha256(identity.encode()).hexdigest()
        payload: dict[str, Any] = (
            {"ticket": arrival.ticket} if arrival.document is None else {"document": arrival.document}
        )
        with self.desk.step("webhook.accept") as step:
            if not step.cases.first_time(f"webhook:{hook.name}:{identity}"):
                return 200, "known"
            step.queues.schedule(f"webhook:{hook.name}:{identity}", hook.job, None, payload, priority=3)
        return 202, "accepted"


def routes(ingress: Ingress, ready: Callable[[], bool]) -> Sequence[BaseRoute]:
    """/webhooks/<name>, /healthz, /readyz and /metrics, for an app that may hold other pages as well."""

    async def webhook(request: Request) -> Response:
        hook = ingress.hooks.get(request.path_params["name"])
        if hook is None:
            return PlainTextResponse("no such channel", 404)
        if request.method == "HEAD":  # Intercom asks so whether somebody is there
            return PlainTextResponse("", 200)
        body = await _body(request)
        if isinstance(body, Response):
            status, text = body.status_code, ""
        else:
            headers = {name.lower(): value for name, value in request.headers.items()}
            try:
                status, text = await run_in_threadpool(ingress.take, hook, headers, body)
            except StoreError:
                status, text = 503, "busy; try again"
        ingress.metrics.webhook(hook.name, status)
        return PlainTextResponse(text, status, headers={"Retry-After": "5"} if status == 503 else None)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        try:
            good = await run_in_threadpool(ready)
        except StoreError as error:
            return PlainTextResponse(f"not ready: {error}", 503)
        return PlainTextResponse("ok") if good else PlainTextResponse("not ready", 503)

    async def metrics(request: Request) -> Response:
        if not ingress.may_scrape(request):
            return PlainTextResponse(
                "not for you: send METRICS_TOKEN as a bearer token\n", 401, headers={"WWW-Authenticate": "Bearer"}
            )
        try:
            body, kind = await run_in_threadpool(ingress.metrics.text)
        except StoreError as error:
            return PlainTextResponse(f"not ready: {error}", 503)
        return Response(body, media_type=kind)

    pages: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": metrics,
    }
    return [
        Route("/webhooks/{name}", webhook, methods=["POST", "HEAD"]),
        *(Route(path, page, methods=["GET"]) for path, page in pages.items()),
    ]


async def _body(request: Request) -> bytes | Response:
    """The body, or the refusal of one that is too long: it is not read to its end."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and len(length) < 20 and int(length) > MAX_BODY:
        return PlainTextResponse("", 413)
    read = bytearray()
    try:
        async for piece in request.stream():
            read += piece
            if len(read) > MAX_BODY:
                return PlainTextResponse("", 413)
    except ClientDisconnect:
        return PlainTextResponse("", 400)
    return bytes(read)
