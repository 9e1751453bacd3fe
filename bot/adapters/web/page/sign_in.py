"""Signing in and out."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.web.page.people import LOCAL, Slack
from bot.adapters.web.page.site import Site, form_of, guarded, page, said, same_site
from bot.errors import StoreBusy

ASKING: Final = timedelta(minutes=10)
"""How long somebody may take at Slack."""
SLACK_SECONDS: Final = 10


def sign_in_routes(site: Site) -> list[Route]:
    """The paths of signing in and out."""
    ways = site.ways

    async def sign_in(request: Request) -> Response:
        _, session = await run_in_threadpool(ways.session_of, request)
        onward = _onward(request.query_params.get("next", ""))
        if session is not None:
            return RedirectResponse(onward, status_code=303)
        given = request.query_params.get("token", "")
        if request.method == "POST":
            form = await form_of(request) if same_site(request) else None
            given, onward = ((form or {}).get("token", "").strip(), _onward((form or {}).get("next", "")))
        if not given and request.method == "GET":
            return page(
                "sign_in.html",
                None,
                next=onward,
                token=ways.token is not None,
                slack=ways.slack is not None,
                proxy=ways.proxy_header,
                wrong="",
            )
        address = request.client.host if request.client else ""
        if not ways.tries.allowed(address):
            return said(
                None,
                "Too many tries",
                "Ten wrong tokens came from your address. Wait a quarter of an hour, or restart triage for a new token.",
                429,
            )
        if not ways.right_token(given):
            ways.tries.wrong(address)
            return page(
                "sign_in.html",
                None,
                status=403,
                next=onward,
                token=ways.token is not None,
                slack=ways.slack is not None,
                proxy=ways.proxy_header,
                wrong="That is not the token of this machine. It is printed when triage starts.",
            )
        token, _ = await run_in_threadpool(ways.open, LOCAL)
        answer = RedirectResponse(onward, status_code=303)
        ways.keep(request, answer, token)
        return answer

    async def sign_out(request: Request) -> Response:
        form = await form_of(request)
        _, session = await run_in_threadpool(ways.session_of, request)
        if (
            session is None
            or form is None
            or not same_site(request)
            or not hmac.compare_digest(form.get("form_token", "").encode(), session.form_token.encode())
        ):
            return RedirectResponse("/sign-in", status_code=303)
        await run_in_threadpool(_end, site, request.cookies.get(ways.cookie(request), ""), session.person)
        answer = RedirectResponse("/sign-in", status_code=303)
        ways.forget(request, answer)
        return answer

    async def to_slack(request: Request) -> Response:
        if ways.slack is None:
            return said(None, "Not set up", "Signing in with Slack is not configured here.", 404)
        nonce = secrets.token_urlsafe(24)
        token, session = await run_in_threadpool(lambda: ways.open("", waiting_for=nonce, lasts=ASKING))
        question = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": ways.slack.client_id,
            "state": session.form_token,
            "nonce": nonce,
            "redirect_uri": _back(site, request),
            **({"team": ways.slack.team} if ways.slack.team else {}),
        }
        answer = RedirectResponse(f"{ways.slack.base}openid/connect/authorize?{urlencode(question)}", status_code=303)
        ways.keep(request, answer, token, lasts=ASKING)
        return answer

    async def from_slack(request: Request) -> Response:
        if ways.slack is None:
            return said(None, "Not set up", "Signing in with Slack is not configured here.", 404)
        cookie = request.cookies.get(ways.cookie(request), "")
        person = await run_in_threadpool(
            _asked, site, ways.slack, cookie, dict(request.query_params), _back(site, request)
        )
        if person is None:
            return said(
                None,
                "Slack did not say who you are",
                "The answer was not to our question, came too late, or is of another workspace. Go back to the sign-in page and try again.",
                403,
            )
        token, _ = await run_in_threadpool(ways.open, person)
        answer = RedirectResponse("/", status_code=303)
        ways.keep(request, answer, token)
        return answer

    def at(path: str, endpoint: Any, *methods: str) -> Route:
        async def whole(request: Request) -> Response:
            try:
                return guarded(await endpoint(request))
            except StoreBusy:
                return guarded(said(None, "One moment", "The database is busy; try again.", 503))

        return Route(path, whole, methods=list(methods))

    return [
        at("/sign-in", sign_in, "GET", "POST"),
        at("/sign-out", sign_out, "POST"),
        at("/sign-in/slack", to_slack, "GET"),
        at("/sign-in/slack/back", from_slack, "GET"),
    ]


def _end(site: Site, token: str, person: str) -> None:
    with site.desk.step("web.sign-out") as step:
        step.sessions.end(token)
        step.people.audit(person, "web.sign-out")


def _onward(path: str) -> str:
    """Where to go after signing in: a path of ours, never another site (``//host`` and ``/\\host`` are other sites
    to a browser)."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\", "/sign-")) and path.isprintable() else "/"


def _back(site: Site, request: Request) -> str:
    """The address that Slack sends people back to; it must be among the app's redirect URLs."""
    return (site.ways.url or str(request.base_url)).rstrip("/") + "/sign-in/slack/back"


def _asked(site: Site, slack: Slack, cookie: str, answer: Mapping[str, str], back: str) -> str | None:
    """The person behind Slack's answer; None where it does not answer our question. The question is spent in any
    case."""
    with site.desk.step("web.slack-back") as step:
        session = step.sessions.of(cookie) if cookie else None
        if cookie and session is not None and session.waiting_for:
            step.sessions.end(cookie)
    if (
        session is None
        or not session.waiting_for
        or not hmac.compare_digest(answer.get("state", "").encode(), session.form_token.encode())
        or "code" not in answer
    ):
        return None
    client = WebClient(base_url=f"{slack.base}api/", timeout=SLACK_SECONDS, retry_handlers=[])
    try:
        granted = client.openid_connect_token(
            client_id=slack.client_id, client_secret=slack.client_secret, code=answer["code"], redirect_uri=back
        )
    except (SlackApiError, OSError):
        return None
    claims = _claims(str(granted.get("id_token") or ""))
    team, user = str(claims.get("https://slack.com/team_id", "")), str(claims.get("https://slack.com/user_id", ""))
    sound = claims.get("aud") == slack.client_id and hmac.compare_digest(
        str(claims.get("nonce", "")).encode(), session.waiting_for.encode()
    )
    if not sound or not team.isalnum() or not user.isalnum() or (slack.team and team != slack.team):
        return None
    return f"slack:{team}:{user}"


def _claims(token: str) -> dict[str, Any]:
    """What an id_token says. It came to us from Slack itself over TLS, which stands in for its signature (OpenID
    Connect Core 1.0, 3.1.3.7, 6)."""
    try:
        _, payload, _ = token.split(".")
        said_ = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return said_ if isinstance(said_, dict) else {}
