"""Whose line is it: login shapes, known addresses, strangers. A mailbox's name in a line is not enough."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import regex
from rapidfuzz.distance import DamerauLevenshtein

from bot.core.model import Facts
from bot.core.networks import network_of, within
from bot.core.observed import LogResult
from bot.logs.event import LogEvent
from knowledge.model import Knowledge


def login_shape(login: str | None, facts: Facts) -> str:
    """bare, full, misspelt or foreign: the login of a line against the mailbox of the ticket."""
    if login is None:
        return "any"
    name = login.lower()
    if facts.mailbox and name == facts.mailbox:
        return "full"
    if facts.mailbox and is_slip(name, facts.mailbox):
        return "misspelt"
    local = facts.mailbox.partition("@")[0] if facts.mailbox else None
    if "@" not in name:
        own = {n.lower() for n in (local, facts.login) if n}
        tail = regex.split(r"[\\/+%]", name)[-1]
        return "bare" if name in own or tail in own or not own else "foreign"
    return "foreign" if facts.mailbox else "full"


def is_slip(login: str, mailbox: str) -> bool:
    """True where ``login`` is ``mailbox`` with a typing slip (not the address itself): the same local part at a
    domain within two edits or at a part of it, or the whole within two edits at the same domain."""
    if login == mailbox or "@" not in login:
        return False
    local, _, domain = login.partition("@")
    right_local, _, right_domain = mailbox.partition("@")
    if local == right_local:
        return (
            DamerauLevenshtein.distance(domain, right_domain, score_cutoff=3) <= 2
            or right_domain.startswith(domain + ".")
            or domain.replace(".", "") == right_domain.replace(".", "")
            or domain.partition(".")[0] == right_domain.partition(".")[0]
        )
    return (
        domain == right_domain
        and len(right_local) >= 4
        and DamerauLevenshtein.distance(local, right_local, score_cutoff=2) <= 1
    )


def name_in(event: LogEvent) -> str | None:
    """Whom a line names: the login; for a refusal on a submission port without one, the envelope sender."""
    if event.login or event.mailbox:
        return event.login or event.mailbox
    return event.sender if event.outcome == "failure" and event.service in ("submission", "smtps") else None


GUESSED_DOMAINS = 3


SCANNED_WAYS = 4


def strangers(lines: Sequence[LogEvent]) -> list[LogEvent]:
    """Anonymous lines without those of monitors: an address that comes back at least four times over an hour and
    never names anybody is a probe."""
    by_address: dict[str | None, list[LogEvent]] = {}
    for event in lines:
        by_address.setdefault(event.remote_ip, []).append(event)
    out: list[LogEvent] = []
    for events in by_address.values():
        moments = sorted(e.time for e in events if e.time)
        monitor = (
            len(moments) >= 4
            and moments[-1] - moments[0] > timedelta(hours=1)
            and all(e.event == "no_auth_attempts" for e in events)
        )
        monitor = monitor or all(e.event == "no_auth_attempts" and e.tls not in ("handshake",) for e in events)
        if not monitor:
            out += events
    return out


def unknown_addresses(first: LogResult, anonymous: LogResult | None, known: Sequence[str]) -> tuple[str, ...]:
    """Addresses of failures that may or may not be the customer's: those to look at once more by themselves."""
    lines = [*first.lines, *(anonymous.lines if anonymous else ())]
    return tuple(
        dict.fromkeys(
            e.remote_ip
            for e in reversed(lines)
            if e.remote_ip and e.outcome == "failure" and not within(e.remote_ip, known)
        )
    )[:60]


def strange_addresses(facts: Facts, found: LogResult) -> frozenset[str]:
    """Networks that are somebody else's: they fail for users of three or more other domains (a guesser), or
    their logins that succeed are all of other domains (another customer's office), or they fail namelessly
    in four ways or more (a scanner tries what there is)."""
    tried: dict[str, set[str]] = {}
    ways: dict[str, set[tuple[str, str, str]]] = {}
    for event in found.lines:
        name = (name_in(event) or "").lower()
        network = network_of(event.remote_ip) if event.remote_ip else None
        if network and name and event.outcome == "failure" and login_shape(name, facts) == "foreign":
            tried.setdefault(network, set()).add(name.rpartition("@")[2] or name)
        elif network and not name and event.outcome == "failure":
            ways.setdefault(network, set()).add((event.event, (event.detail or "")[:24], event.service or ""))
    at_home: dict[str, set[str]] = {}
    for success in found.successes:
        network = network_of(success.remote_ip) if success.remote_ip else None
        if network:
            at_home.setdefault(network, set()).add(success.mailbox.rpartition("@")[2])
    guessers = {network for network, names in tried.items() if len(names - {facts.domain}) >= GUESSED_DOMAINS}
    others = {network for network, domains in at_home.items() if facts.domain and facts.domain not in domains}
    scanners = {network for network, kinds in ways.items() if len(kinds) >= SCANNED_WAYS and network not in at_home}
    return frozenset(guessers | others | scanners)


def known_networks(facts: Facts, first: LogResult, knowledge: Knowledge) -> tuple[str, ...]:
    """Addresses (IPv6: /64) that are the customer's: named in the ticket, or used for their earlier successes.

    Addresses of programs that connect from their maker's cloud, and the host's own webmail, are nobody's.
    """
    nobody = [n for family in knowledge.clients if family.cloud for n in family.cloud_networks]
    nobody += knowledge.settings.webmail_addresses
    counts: dict[str, int] = {}
    for success in first.successes:
        if (
            success.mailbox == facts.mailbox
            and success.remote_ip
            and success.service != "webmail"
            and not within(success.remote_ip, nobody)
        ):
            unit = network_of(success.remote_ip)
            if unit:
                counts[unit] = counts.get(unit, 0) + success.count
    ranked = sorted(counts, key=lambda unit: -counts[unit])[:20]
    stated = (unit for ip in facts.ips if (unit := network_of(ip)))
    return tuple(dict.fromkeys([*stated, *ranked]))


_AFTER_LOGIN = frozenset(
    {
        "connection_limit",
        "login_disabled",
        "sender_rejected",
        "recipient_rejected",
        "plan_rejected",
        "rate_limited",
        "message_too_large",
        "quota_exceeded",
        "server_error",
        "auth_unavailable",
        "client_id",
    }
)
"""Events that a stranger who guesses passwords does not get to, or that do not depend on who asks."""


def ownership_of(event: LogEvent, shape: str, from_known: bool, any_known: bool, facts: Facts) -> tuple[str, str]:
    """(ownership, why in words) of a line with a login of ``shape``; see :class:`bot.core.observed.ServerLine`."""
    named = shape in ("full", "bare", "misspelt")
    if event.event in ("ban", "unban"):
        return ("own", "their known address") if from_known else ("foreign", "another address")
    if shape == "foreign" and name_in(event):
        return "foreign", "another mailbox"
    if named and from_known:
        return "own", "their mailbox or login, from an address of theirs"
    if (
        named
        and event.client
        and any(event.client.lower() in c.name.lower() or c.name.lower() in event.client.lower() for c in facts.clients)
    ):
        return "own", "their mailbox, and the program that they name"
    if shape in ("full", "misspelt"):
        if any_known and shape == "full" and event.event not in _AFTER_LOGIN:
            return "foreign", "their mailbox, but from an address that never was theirs"
        return "mailbox", "their mailbox, from an address that is not known"
    if shape == "bare":
        return (
            ("foreign", "a bare login from a strange address") if any_known else ("mailbox", "a bare login like theirs")
        )
    if from_known:
        return "address", "no mailbox in the line, but an address of theirs"
    return "foreign", "neither their mailbox nor their address"
