"""Active probes of our own servers, judged: what one look says in words, and when somebody has to be told. Pure;
bot/adapters/probe looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.core.note import visible
from bot.logs.event import rfc3339
from knowledge.host import Settings

SOON: Final = timedelta(days=14)
"""A certificate that ends within this is told of: renewal by ACME starts thirty days before the end, so that one has
failed for two weeks."""
TWICE: Final = 2
"""A server is told of when it has failed so often in a row: one look may meet a restart or a lost packet."""
SAID: Final[Mapping[str, str]] = {
    "unresolved": "its name does not resolve",
    "refused": "refuses the connection",
    "unreachable": "cannot be reached from here",
    "timeout": "does not answer in time",
    "closed": "closes the connection",
    "protocol": "answers what it should not",
    "starttls": "does not offer STARTTLS",
    "tls": "the TLS handshake fails",
    "untrusted": "its certificate is not trusted",
    "wrong_name": "its certificate is for another name",
    "expired": "its certificate has expired",
    "soon": "its certificate ends soon",
}
"""What can be wrong with a server, in words."""
STANDING: Final = "probe:"
"""Beginning of the settings' names under which the standing of each server is kept."""
CERTIFICATE: Final = frozenset({"untrusted", "wrong_name", "expired"})
"""Faults that no second look would change: they are told at once."""


@dataclass(frozen=True, slots=True)
class Server:
    """One port of ours. TLS from the first byte where ``implicit``, else by STARTTLS."""

    host: str
    port: int
    protocol: str
    """imap, smtp (submission) or pop3."""
    implicit: bool

    @property
    def target(self) -> str:
        """How it is named in what people read, and in what is remembered of it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a server: how far it came. ``fault`` is a key of :data:`SAID` or empty."""

    server: Server
    seconds: float
    fault: str = ""
    detail: str = ""
    """What the system or the server said to the fault; foreign text."""
    stage: str = ""
    """At what it failed: name, connection, greeting, STARTTLS, TLS, capabilities."""
    address: str | None = None
    banner: str | None = None
    starttls: bool | None = None
    """None: not asked, since the port is encrypted from the first byte."""
    tls: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe says. ``ok``: None where it cannot tell, such as a key whose name nobody knows."""

    target: str
    kind: str
    """server, mx, spf, dkim or host."""
    ok: bool | None
    said: str
    seconds: float
    fault: str | None = None
    days_left: int | None = None
    """Whole days until the certificate ends; below zero once it has."""
    expires: datetime | None = None
    address: str | None = None
    banner: str | None = None
    starttls: bool | None = None
    tls: str | None = None
    records: tuple[str, ...] = ()
    """What the DNS holds, as far as it was asked."""

    def to_json(self) -> dict[str, Any]:
        """As docs/schema/probe.json says."""
        return {
            "schema": "probe/1",
            "target": self.target,
            "kind": self.kind,
            "ok": self.ok,
            "said": self.said,
            "fault": self.fault,
            "seconds": round(self.seconds, 3),
            "days_left": self.days_left,
            "expires": rfc3339(self.expires) if self.expires else None,
            "address": self.address,
            "banner": self.banner,
            "starttls": self.starttls,
            "tls": self.tls,
            "records": list(self.records),
        }


def own_servers(settings: Settings) -> list[Server]:
    """The ports that customers are told to use, on the hosts that serve them."""
    hosts = {"imap": settings.imap_host, "smtp": settings.smtp_host, "pop3": settings.pop3_host}
    return [
        Server(host, port.port, port.protocol, port.tls == "implicit")
        for port in settings.ports
        if port.supported and port.tls in ("implicit", "starttls") and (host := hosts.get(port.protocol))
    ]


def judge(seen: Seen, now: datetime) -> ProbeResult:
    """What the look means at ``now``."""
    days = (seen.expires - now) // timedelta(days=1) if seen.expires else None
    fault = seen.fault or (
        "expired"
        if seen.expires and seen.expires <= now
        else "soon"
        if seen.expires and seen.expires - now < SOON
        else ""
    )
    detail = visible(seen.detail, 160)
    if fault:
        said = _words(fault, days)
        said += (f", at {seen.stage}" if seen.stage and fault in ("timeout", "closed", "protocol") else "") + (
            f": {detail}" if detail else ""
        )
    else:
        said = ", ".join(
            part
            for part in (
                seen.tls,
                f"certificate for {days} days" if days is not None else "",
                "STARTTLS offered" if seen.starttls else "",
            )
            if part
        )
    return ProbeResult(
        seen.server.target,
        "server",
        not fault,
        said,
        seen.seconds,
        fault or None,
        days,
        seen.expires,
        seen.address,
        visible(seen.banner, 200) if seen.banner is not None else None,
        seen.starttls,
        seen.tls,
    )


def _words(fault: str, days: int | None) -> str:
    if days is None or fault not in ("soon", "expired"):
        return SAID[fault]
    return f"{SAID[fault]} ({abs(days)} {'day' if abs(days) == 1 else 'days'} {'left' if fault == 'soon' else 'ago'})"


# -- when somebody has to be told --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What is remembered of a server between two looks."""

    ok: bool = True
    said: str = ""
    at: str = ""
    """When it was looked at, RFC 3339."""
    fails: int = 0
    """Looks in a row that failed."""
    since: str = ""
    """When the failing began."""
    told: str = ""
    """The kind of fault that somebody was told of, until it is well again."""
    fault: str = ""
    """A key of :data:`SAID`; empty where it is well."""

    def to_text(self) -> str:
        """As it is stored."""
        return json.dumps(
            {
                "ok": self.ok,
                "said": self.said,
                "at": self.at,
                "fails": self.fails,
                "since": self.since,
                "told": self.told,
                "fault": self.fault,
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True, slots=True)
class Tell:
    """A sentence for the people who look after the servers, once for its ``key``."""

    key: str
    text: str


def standing_of(text: str) -> Standing:
    """What :meth:`Standing.to_text` wrote; a new one for anything else."""
    try:
        table = json.loads(text) if text else {}
        return Standing(
            bool(table.get("ok", True)),
            str(table.get("said", "")),
            str(table.get("at", "")),
            int(table.get("fails", 0)),
            str(table.get("since", "")),
            str(table.get("told", "")),
            str(table.get("fault", "")),
        )
    except (ValueError, AttributeError, TypeError):
        return Standing()


def step(before: Standing, result: ProbeResult, now: datetime) -> tuple[Standing, Tell | None]:
    """The standing after one more look, and what is to be told: a fault once while it lasts, and once that it is over.

    A certificate's fault is told at once, a server's own when it has failed :data:`TWICE`. What is told carries the
    moment at which the failing began, so that a second outage of the same day is told as well. Nothing that a server
    said is in it: it goes to a channel of people.
    """
    moment = str(rfc3339(now))
    if result.ok:
        tell = (
            Tell(f"probe:{result.target}:well:{before.since}", f"{result.target} is well again: {result.said}")
            if before.told
            else None
        )
        return Standing(True, result.said, moment), tell
    kind = _kind(result.fault)
    after = Standing(
        False, result.said, moment, before.fails + 1, before.since or moment, before.told, str(result.fault or "")
    )
    if before.told == kind or (kind == "server" and after.fails < TWICE):
        return after, None
    return replace(after, told=kind), Tell(
        f"probe:{result.target}:{kind}:{after.since}",
        f"{result.target}, as seen from here since {after.since}: {_words(str(result.fault), result.days_left)}. triage probe shows more.",
    )


def _kind(fault: str | None) -> str:
    """Faults that are told as one: a server that is down is refused now and times out then."""
    return "soon" if fault == "soon" else "certificate" if fault in CERTIFICATE else "server"


def worst(results: Sequence[ProbeResult]) -> bool:
    """Whether a probe failed; one that cannot tell has not."""
    return any(result.ok is False for result in results)
