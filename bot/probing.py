"""Our own servers looked at by the clock: what is wrong is told once where escalations go, and once that it is over.
What was seen last is evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.core.desk.values import Send
from bot.core.probe import STANDING, ProbeResult, Server, Standing, Tell, standing_of, step
from bot.core.probe_evidence import FRESH_DOMAIN, ProbeFact
from bot.errors import InputError
from bot.ports import Desk

DOMAINS: Final = "probed:domains"
"""Setting: what was seen of customers' domains within a day, and how many were asked about in this hour."""
DOMAINS_AN_HOUR: Final = 60
"""New domains that are asked about in an hour at most: whoever floods us with tickets makes us ask nobody."""
MAX_KEPT: Final = 1_000


@dataclass(frozen=True)
class ProbeWatch:
    """The look that the worker takes. ``probe`` takes twenty seconds at most, outside of any transaction."""

    desk: Desk
    probe: Callable[[], Sequence[ProbeResult]]

    def look(self, now: datetime) -> list[Tell]:
        """Look, remember, tell; returns what was to be told. Where nobody is set to be told, it is told once
        somebody is."""
        results = self.probe()
        told = []
        with self.desk.step("probe.looked") as write:
            place = write.people.setting("escalate-to")
            for result in results:
                before = standing_of(write.people.setting(STANDING + result.target))
                after, tell = step(before, result, now)
                if tell is not None and not place:
                    after = replace(after, told=before.told)
                elif tell is not None:
                    write.queues.send(
                        Send(tell.key, place.partition("/")[0], "alarm", place, {"text": tell.text}, priority=1)
                    )
                    told.append(tell)
                write.people.set(STANDING + result.target, after.to_text())
            for gone in write.people.settings(STANDING).keys() - {result.target for result in results}:
                write.people.set(STANDING + gone, "")  # no server of ours any more: forgotten
        return told


@dataclass(frozen=True)
class StoredProbes:
    """The port ``Probes`` over what the watch remembers. ``ask`` looks at a domain, within seconds; None: nobody is
    asked."""

    desk: Desk
    servers: Sequence[Server]
    ask: Callable[[str], Sequence[ProbeResult]] | None = None

    def seen(self, domain: str | None) -> Sequence[ProbeFact]:
        """The last looks. Raises StoreBusy."""
        with self.desk.look() as view:
            now = view.now
            facts = server_facts(self.servers, view.people.settings(STANDING))
            kept = _kept(view.people.setting(DOMAINS))
        known = kept["domains"].get(domain)
        if (
            domain
            and self.ask is not None
            and (known is None or now - datetime.fromisoformat(known["at"]) > FRESH_DOMAIN)
        ):
            known = self._asked(domain, now)
        return [
            *facts,
            *(
                ProbeFact(f["target"], f["kind"], datetime.fromisoformat(known["at"]), f["ok"], f["fault"])
                for f in (known or {"facts": ()})["facts"]
            ),
        ]

    def _asked(self, domain: str, now: datetime) -> dict[str, Any] | None:
        """Ask about a domain, where this hour has not had its number yet. The place is taken first, so that no two
        workers exceed it."""
        hour = f"{now:%Y-%m-%dT%H}"
        with self.desk.step("probe.domain") as write:
            kept = _kept(write.people.setting(DOMAINS))
            count = kept["count"] if kept["hour"] == hour else 0
            if count >= DOMAINS_AN_HOUR:
                return None
            write.people.set(DOMAINS, json.dumps({**kept, "hour": hour, "count": count + 1}))
        try:
            results = self.ask(domain) if self.ask else ()
        except InputError:
            results = ()  # a name that the DNS cannot hold has nothing to say
        found = {
            "at": now.isoformat(),
            "facts": [{"target": r.target, "kind": r.kind, "ok": r.ok, "fault": r.fault or ""} for r in results],
        }
        with self.desk.step("probe.domain-seen") as write:
            kept = _kept(write.people.setting(DOMAINS))
            fresh = {
                name: one
                for name, one in kept["domains"].items()
                if now - datetime.fromisoformat(one["at"]) <= FRESH_DOMAIN
            }
            write.people.set(
                DOMAINS, json.dumps({**kept, "domains": dict([*fresh.items(), (domain, found)][-MAX_KEPT:])})
            )
        return found


def server_facts(servers: Sequence[Server], standings: Mapping[str, str]) -> list[ProbeFact]:
    """What is remembered of our own servers (``standings``: target -> text of the setting)."""
    facts = []
    for server in servers:
        known = standing_of(standings.get(server.target, ""))
        at = _moment(known.at)
        if at is not None:
            facts.append(_fact(server, known, at))
    return facts


def _fact(server: Server, known: Standing, at: datetime) -> ProbeFact:
    return ProbeFact(
        server.target,
        "server",
        at,
        known.ok,
        known.fault,
        _moment(known.since),
        known.fails,
        server.protocol,
        server.port,
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _kept(text: str) -> dict[str, Any]:
    return {"hour": "", "count": 0, "domains": {}, **(json.loads(text) if text else {})}
