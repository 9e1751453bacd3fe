"""Who somebody is: a session's cookie, a proxy that is trusted, the token of this machine, or Slack (OpenID
Connect)."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from bot.core.desk.lists import Session
from bot.ports import Desk

LASTS: Final = timedelta(hours=12)
"""A session: one working day, then one signs in again."""
MAX_NAME: Final = 150
TRIES: Final = 10
TRIES_SECONDS: Final = 900.0
"""Ten wrong tokens from one address within a quarter of an hour; then none is looked at until it has passed."""
LOCAL: Final = "local:owner"
"""Whoever holds the token of this machine could as well use the command line: a lead."""


@dataclass(frozen=True)
class Slack:
    """The app's credentials for Sign in with Slack. ``base`` is Slack's own address, ``team`` the only workspace
    that is let in (None: any that has roles here)."""

    client_id: str
    client_secret: str
    team: str | None = None
    base: str = "https://slack.com/"


@dataclass
class Tries:
    """Wrong tokens of late, by address."""

    _wrong: dict[str, deque[float]] = field(default_factory=dict)

    def allowed(self, address: str) -> bool:
        """Whether another token from there is looked at."""
        wrong = self._wrong.get(address)
        while wrong and wrong[0] < time.monotonic() - TRIES_SECONDS:
            wrong.popleft()
        return not wrong or len(wrong) < TRIES

    def wrong(self, address: str) -> None:
        """Count one."""
        if len(self._wrong) > 10_000:  # a crowd of addresses: those that are silent are forgotten
            self._wrong = {a: w for a, w in self._wrong.items() if w and w[-1] > time.monotonic() - TRIES_SECONDS}
        self._wrong.setdefault(address, deque(maxlen=TRIES)).append(time.monotonic())


@dataclass(frozen=True)
class Ways:
    """The ways in that are configured, and the roles behind them."""

    desk: Desk
    roles: Callable[[str], str]
    token: str | None = None
    proxy_header: str | None = None
    proxies: Sequence[IPv4Network | IPv6Network] = ()
    slack: Slack | None = None
    url: str | None = None
    """Where the page is reached from outside; https:// there makes cookies Secure."""
    tries: Tries = field(default_factory=Tries)

    def role_of(self, person: str) -> str:
        """none, agent or lead; asked with every request, so that a role taken away is gone at once."""
        return "lead" if person == LOCAL else self.roles(person)

    def session_of(self, request: Request) -> tuple[str | None, Session | None]:
        """(a token for a new cookie, the session). With a trusted proxy the header says who it is, at every request
        anew. Raises StoreBusy."""
        cookie = request.cookies.get(self.cookie(request), "")
        session = None
        if cookie:
            with self.desk.look() as view:
                session = view.sessions.of(cookie)
        if self.proxy_header is not None:
            named = self._named(request)
            if named is None:
                return None, None
            if session is not None and session.person == named:
                return None, session
            return self.open(named)
        return None, session if session is not None and session.person else None

    def open(self, person: str, *, waiting_for: str = "", lasts: timedelta = LASTS) -> tuple[str, Session]:
        """Sign somebody in; (token, session)."""
        with self.desk.step("web.sign-in") as step:
            token = step.sessions.start(person, lasts=lasts, waiting_for=waiting_for)
            if person:
                step.people.audit(person, "web.sign-in")
        with self.desk.look() as view:
            session = view.sessions.of(token)
        assert session is not None
        return token, session

    def keep(self, request: Request, answer: Response, token: str, *, lasts: timedelta = LASTS) -> None:
        """Hand the browser its cookie: no script reads it, no other site sends it with a form."""
        answer.set_cookie(
            self.cookie(request),
            token,
            max_age=int(lasts.total_seconds()),
            path="/",
            secure=self.secure(request),
            httponly=True,
            samesite="lax",
        )

    def forget(self, request: Request, answer: Response) -> None:
        """Take the cookie back."""
        answer.delete_cookie(self.cookie(request), path="/", secure=self.secure(request), httponly=True, samesite="lax")

    def cookie(self, request: Request) -> str:
        """``__Host-`` ties the cookie to this very host, which a browser only allows over TLS (RFC 6265bis,
        4.1.3.2)."""
        return "__Host-triage" if self.secure(request) else "triage"

    def secure(self, request: Request) -> bool:
        """Whether the browser speaks TLS with us or with what stands before us."""
        return request.url.scheme == "https" or (self.url or "").startswith("https://")

    def right_token(self, given: str) -> bool:
        """Whether that is this machine's token; takes as long for a wrong one."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def _named(self, request: Request) -> str | None:
        """Whom the proxy names. Only a proxy of the list is believed: anybody could send that header."""
        try:
            peer = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return None
        mapped = getattr(peer, "ipv4_mapped", None) or peer
        names = request.headers.getlist(self.proxy_header or "")
        if len(names) != 1 or not any(mapped in network for network in self.proxies):
            return None
        name = names[0].strip()
        return f"proxy:{name}" if 0 < len(name) <= MAX_NAME and name.isprintable() else None
