"""The page's routes, and an application of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.adapters.web.page import desk, known, playground, tickets
from bot.adapters.web.page.sign_in import sign_in_routes
from bot.adapters.web.page.site import Site, guarded, route, said

STATIC: Final = {"style.css": "text/css", "icon.svg": "image/svg+xml"}


def page_routes(site: Site) -> list[BaseRoute]:
    """Every path of the page. They stand beside other routes (webhooks, Slack, probes) in one application; none of
    them needs a middleware."""
    return [
        route(site, "/", "home", _home),
        route(site, "/playground", "triage", playground.playground),
        route(site, "/playground", "triage", playground.triaged, posts=True),
        route(site, "/playground/keep", "triage", playground.kept, posts=True),
        route(site, "/queue", "home", tickets.queue),
        route(site, "/tickets", "search", tickets.listed),
        route(site, "/ticket", "home", tickets.ticket),
        route(site, "/ticket", "home", tickets.decided, posts=True),
        route(site, "/knowledge", "home", known.knowledge),
        route(site, "/knowledge/cause", "home", known.cause),
        route(site, "/knowledge/error", "home", known.error),
        route(site, "/logs", "logs", desk.logs),
        route(site, "/logs", "logs", desk.searched, posts=True),
        route(site, "/report", "home", desk.report),
        route(site, "/report/page", "home", desk.report_frame),
        route(site, "/incidents", "home", desk.incidents),
        route(site, "/incidents", "incident", desk.incident_decided, posts=True),
        route(site, "/health", "home", desk.health),
        route(site, "/health", "replay", desk.settled, posts=True),
        route(site, "/audit", "audit", desk.audit),
        *sign_in_routes(site),
        *(_file(name, kind) for name, kind in STATIC.items()),
    ]


def page_app(site: Site, beside: Sequence[BaseRoute] = ()) -> Starlette:
    """The page, with other routes beside it (webhooks, probes)."""
    return Starlette(routes=[*page_routes(site), *beside], exception_handlers={404: _nothing_here, 405: _nothing_here})


def _home(site: Site, ask: object) -> Response:
    return RedirectResponse("/playground", status_code=303)


def _file(name: str, kind: str) -> Route:
    """A file of ours; the browser asks whether it has changed."""
    content = (files("bot.adapters.web.page") / "static" / name).read_bytes()
    headers = {"ETag": f'"{sha256(content).hexdigest()[:16]}"', "Cache-Control": "no-cache"}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["ETag"]:
            return guarded(Response(status_code=304, headers=headers))
        return guarded(Response(content, media_type=kind, headers=headers))

    return Route(f"/{name}", serve)


async def _nothing_here(_: Request, error: Exception) -> Response:
    return guarded(said(None, "Nothing here", "There is no page at this address.", getattr(error, "status_code", 404)))
