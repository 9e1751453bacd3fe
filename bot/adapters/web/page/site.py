"""What every view shares: who asks, what they may do, forms that only our own page can send, and answers with strict
headers."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.web.page.people import Ways
from bot.core.desk.rules import may
from bot.core.note import visible
from bot.decide import Decisions
from bot.decide_incident import IncidentDecisions
from bot.door import Door
from bot.errors import StoreBusy
from bot.ports import Desk, LogStore
from bot.triage import Triager

MAX_FORM: Final = 3_000_000
"""Bytes of a form: a ticket of a megabyte, written in percent signs."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
"""Of every answer: nothing but our own stylesheet and pictures is loaded, no script runs, nobody frames us.
``same-origin`` and not ``no-referrer``, since browsers then send ``Origin: null`` with a form (Fetch standard,
3.2.5)."""


@dataclass(frozen=True)
class Visitor:
    """Whoever asks. ``form_token`` stands in each form of their session."""

    person: str
    role: str
    form_token: str


@dataclass(frozen=True)
class Ask:
    """One request, as a view sees it. ``form`` is only filled where the form token was right."""

    visitor: Visitor
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)

    def may(self, action: str) -> bool:
        """Whether the visitor may do that."""
        return may(self.visitor.role, action)


@dataclass(frozen=True)
class Site:
    """Everything that a view may call. ``report`` draws the week's report where it is wired."""

    desk: Desk
    door: Door
    decisions: Decisions
    triager: Triager
    logs: LogStore
    ways: Ways
    report: Callable[[Mapping[str, str]], bytes] | None = None
    """A week's report as one self-contained HTML page, by the query (``week``); it is shown in a frame that can do
    nothing. Raises InputError for a week that is none."""
    incidents: IncidentDecisions | None = None


View = Callable[[Site, Ask], Response]


def _ago(then: datetime | None, now: datetime) -> str:
    """How long ago, in words."""
    if then is None:
        return "never"
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    return (
        f"{minutes} min ago"
        if minutes < 120
        else f"{minutes // 60} h ago"
        if minutes < 2880
        else f"{minutes // 1440} days ago"
    )


def _person(person: str) -> str:
    """A person of our tables in words: ``slack:T1:U1`` is U1 of Slack."""
    kind, _, rest = person.partition(":")
    name = rest.rpartition(":")[2] or rest
    return {
        "slack": f"{name} (Slack)",
        "proxy": name,
        "local": "you, at this machine",
        "cli": f"{name} (command line)",
    }.get(kind, person)


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.adapters.web.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        visible=lambda value, limit=500: visible(str(value), limit),
        ago=_ago,
        person=_person,
        stamp=lambda m: f"{m:%Y-%m-%d %H:%M}" if m else "",
    )
    return made


_TEMPLATES: Final = _environment()


def page(template: str, ask: Ask | None, *, status: int = 200, **values: Any) -> Response:
    """A template of ours filled with values. Values are escaped and are never templates themselves."""
    visitor = ask.visitor if ask else None
    body = _TEMPLATES.get_template(template).render(
        visitor=visitor, here=ask.path if ask else "", may=ask.may if ask else (lambda _: False), **values
    )
    return Response(body, status_code=status, media_type="text/html")


def said(ask: Ask | None, title: str, text: str, status: int) -> Response:
    """A page that says one thing."""
    return page("said.html", ask, status=status, title=title, text=text)


def route(site: Site, path: str, action: str, view: View, *, posts: bool = False) -> Route:
    """A view at a path, for those who may do ``action``. A view that ``posts`` changes something: its form carries
    the session's token."""

    async def endpoint(request: Request) -> Response:
        try:
            answer = await _answer(site, request, action, view)
        except StoreBusy:
            answer = said(
                None, "One moment", "The database is busy; nothing was changed. Reload this page to try again.", 503
            )
        except ClientDisconnect:
            answer = Response(status_code=400)
        return guarded(answer)

    return Route(path, endpoint, methods=["POST"] if posts else ["GET"])


async def _answer(site: Site, request: Request, action: str, view: View) -> Response:
    token, session = await run_in_threadpool(site.ways.session_of, request)
    if session is None:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(
            "/sign-in" if request.method == "POST" or wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}",
            status_code=303,
        )
    visitor = Visitor(session.person, await run_in_threadpool(site.ways.role_of, session.person), session.form_token)
    ask = Ask(visitor, request.url.path, dict(request.query_params))
    if not ask.may(action):
        return said(
            ask,
            "Not for you yet",
            "This is for support agents (and some of it for leads). A lead can give you a role: triage role PERSON agent. "
            f"You are known here as {visitor.person}.",
            403,
        )
    if request.method == "POST":
        form = await form_of(request)
        wrong = (
            form is None
            or not same_site(request)
            or not hmac.compare_digest(form.get("form_token", "").encode(), session.form_token.encode())
        )
        if form is None or wrong:
            return said(
                ask,
                "That form is too old",
                "It was sent by another page, is too large, or you have signed in anew since. Nothing was changed: go back, reload, try again.",
                403,
            )
        ask = Ask(visitor, request.url.path, ask.query, form)
    answer = await run_in_threadpool(view, site, ask)
    if token is not None:
        site.ways.keep(request, answer, token)
    return answer


def guarded(answer: Response) -> Response:
    """The answer with the headers that every answer has; one that has set a header itself keeps it."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


async def form_of(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is too large or no form. The last of two fields with one name counts."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM:
            return None
    try:
        return dict(parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=40))
    except ValueError:
        return None


def same_site(request: Request) -> bool:
    """Whether a form comes from a page of ours, as far as the browser says: it names the page's origin with every
    form (Fetch standard)."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == request.headers.get("host", "")
