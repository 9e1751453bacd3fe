"""What Prometheus scrapes: how much waits, for how long, what a human has to look at, what came in by webhook."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request

from bot.ports import Clock, Desk

_FORWARDED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_WAITING: Final = {
    "jobs": "Jobs that wait or run; with a helpdesk one of them is its next sweep.",
    "deliveries": "Deliveries that are not yet outside.",
    "parked": "Deliveries that wait for a human.",
    "dead": "Jobs that failed too often and wait for a human.",
}


class Metrics:
    """One registry of our own: counters of this process, gauges read from the database at each scrape."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_DeskCollector(desk, clock))
        self._webhooks = Counter(
            "triage_webhooks",
            "Webhooks by channel and answered status.",
            ["channel", "status"],
            registry=self._registry,
        )

    def webhook(self, channel: str, status: int) -> None:
        """Count one delivery; ``channel`` is one that is configured, never what somebody has put into a path."""
        self._webhooks.labels(channel, str(status)).inc()

    def text(self) -> tuple[bytes, str]:
        """(body, content type). Raises StoreError."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


def scraper(token: str | None, *, behind_proxy: bool) -> Callable[[Request], bool]:
    """Who may read the metrics: whoever sends ``token`` (RFC 6750 2.1); without one this machine alone, as long as
    no proxy stands before us, since all its visitors would come from this machine as well."""

    def may(request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if token is not None:
            return scheme.lower() == "bearer" and hmac.compare_digest(
                given.strip().encode("utf-8", "replace"), token.encode()
            )
        if behind_proxy or any(name in request.headers for name in _FORWARDED):
            return False
        try:
            peer = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
        return (mapped or peer).is_loopback

    return may


class _DeskCollector(Collector):
    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk, self._clock = desk, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, read in one look."""
        with self._desk.look() as view:
            backlog, last = view.queues.backlog(), view.views.last_accepted()
            paused = view.people.setting("pause") == "on"
        for name, said in _WAITING.items():
            yield GaugeMetricFamily(f"triage_{name}", said, value=backlog[name])
        yield GaugeMetricFamily("triage_paused", "1 while nothing is sent that nobody clicked.", value=float(paused))
        if last is not None:
            yield GaugeMetricFamily(
                "triage_last_accepted_seconds",
                "Seconds since something was last accepted.",
                value=max(0.0, (self._clock.now() - last).total_seconds()),
            )

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: the registry need not ask the database before the first scrape."""
        return iter(())
