"""The server's side of a ticket: which lines to ask for, which of them are the customer's, which one is the line.

Pure: the caller runs the queries. A line counts as the customer's only with their known address (ticket, earlier
successes), this session, or their program's ID; a mailbox's name in it is not enough, since well-known
mailboxes are refused all day for strangers who guess (mail-desk, attack noise).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.line_rules import rule_of
from bot.core.model import Facts
from bot.core.networks import network_of, within
from bot.core.observed import WRONG_CLOCK, HostCoverage, LogQuery, LogResult, ServerLine, ServerView, SuccessSum
from bot.core.posterior import agreement
from bot.core.whose import login_shape, name_in, ownership_of, strangers
from bot.logs.event import LogEvent
from knowledge.model import Knowledge

LOOK_BACK = timedelta(hours=36)
"""How far before the ticket a failure is looked for where the ticket does not say when."""
KNOWN_FOR = timedelta(days=30)
"""How long an address that succeeded once stays the customer's."""
AFTER = timedelta(minutes=5)
BAN_LASTS = timedelta(hours=24)
"""How long before the failure a ban of the address may have begun."""
ECHO_SECONDS = 15
MAX_SHOWN = 40
_IMAP, _SMTP = frozenset({"imap", "auth"}), frozenset({"submission", "smtps", "smtp", "auth"})
_SERVICES: Mapping[str, frozenset[str]] = {"imap": _IMAP, "smtp": _SMTP, "pop3": frozenset({"pop3", "auth"})}
_LOGIN_SERVICES: Mapping[str, frozenset[str]] = {
    "imap": frozenset({"imap"}),
    "smtp": frozenset({"submission", "smtps"}),
    "pop3": frozenset({"pop3"}),
}


@dataclass(frozen=True, slots=True)
class Window:
    """When to look. ``[since, until]`` is where the failing line must lie; ``clock`` sharpens it."""

    since: datetime
    until: datetime


def window_of(facts: Facts, received: datetime) -> Window:
    """The stretch in which the failure lies: the ticket's own words, at most a week back, else the last 36 hours."""
    until = received + AFTER
    if facts.occurred is None:
        return Window(received - LOOK_BACK, until)
    since = max(facts.occurred.earliest, received - timedelta(days=7))
    latest = min(max(facts.occurred.latest, since), until)
    return Window(min(since, latest), latest)


def by_their_clocks(window: Window, hosts: Sequence[HostCoverage]) -> Window:
    """The window as the clocks of ``hosts`` show it: a host whose stamps are ten minutes ahead or behind wrote of
    that time ten minutes later or earlier. Seconds do not count."""
    skews = [host.skew for host in hosts if host.skew is not None and abs(host.skew) >= WRONG_CLOCK]
    return Window(window.since + min([timedelta(0), *skews]), window.until + max([timedelta(0), *skews]))


def first_query(facts: Facts, window: Window, near_logins: Sequence[str]) -> LogQuery | None:
    """Lines and successes that name the customer; None where the ticket gives nothing to search by."""
    mailboxes = tuple(
        dict.fromkeys(
            a
            for a in (
                facts.mailbox,
                *(m.address for m in facts.mailboxes if m.role in ("mailbox", "login", "requester")),
            )
            if a
        )
    )
    logins = [name for name in (facts.login,) if name]
    if facts.mailbox:
        logins.append(facts.mailbox.partition("@")[0])
    logins += near_logins
    if not mailboxes and not logins and not facts.ips:
        return None
    return LogQuery(window.since, window.until, mailboxes=mailboxes, logins=tuple(dict.fromkeys(logins)), ips=facts.ips)


def history_query(facts: Facts, received: datetime) -> LogQuery | None:
    """The mailbox's successes of the last weeks, without lines: they teach the customer's addresses."""
    return (
        LogQuery(received - KNOWN_FOR, received + AFTER, mailboxes=(facts.mailbox,), limit=0) if facts.mailbox else None
    )


def second_query(known: Sequence[str], window: Window) -> LogQuery | None:
    """Lines without a mailbox (TLS, bans, strangers' names) from the customer's known addresses."""
    if not known:
        return None
    return LogQuery(window.since - BAN_LASTS, window.until, ips=tuple(known))


def anonymous_query(facts: Facts, window: Window, first: LogResult, known: Sequence[str]) -> LogQuery | None:
    """Lines that name nobody, for a customer without a known address: such a line might be theirs, so silence
    is proven only where there is none (TLS failures carry no mailbox)."""
    if known or facts.mailbox is None or window.until - window.since > timedelta(days=3):
        return None
    return LogQuery(window.since, window.until, anonymous=True)


def read_server(
    facts: Facts,
    window: Window,
    received: datetime,
    first: LogResult,
    second: LogResult,
    hosts: Sequence[HostCoverage],
    known: Sequence[str],
    knowledge: Knowledge,
    expected: Mapping[str, float],
    *,
    anonymous: LogResult | None = None,
    neighbours: frozenset[str] = frozenset(),
    strange: frozenset[str] = frozenset(),
) -> ServerView:
    """Judge the lines. ``expected``: cause -> probability from the ticket alone; it tells which of several own
    lines belongs to this failure (a TLS alert does not explain "authentication failed").

    ``neighbours``: other mailboxes of the customer's domain, which no slip of the pen makes theirs. ``strange``:
    networks that are somebody else's (:func:`strange_addresses`). ``anonymous``: what :func:`anonymous_query`
    found; None where it was not asked.
    """
    events = [e for e in _merged(first.lines, second.lines) if not _refuted(e, first.successes)]
    judged = _without_echoes(
        [
            _judge(e, facts, window, known, knowledge, expected, neighbours)
            if e.remote_ip is None or network_of(e.remote_ip) not in strange
            else ServerLine(e, "foreign", "an address that belongs to others", _inside(e, window))
            for e in events
        ]
    )
    in_window = [line for line in judged if line.ownership != "foreign" and line.in_window]
    candidates = sorted(
        (line for line in in_window if line.weight > 0), key=lambda s: (-s.weight, s.event.time or received)
    )
    foreign = sum(1 for line in judged if line.ownership == "foreign" and line.in_window)
    matching = _with_reason(candidates[0], candidates, facts, knowledge) if candidates else None
    hosts_of_protocol = _serving(hosts, facts)
    covered = [
        h.covers(window.since, min(window.until, max(received, received + (h.skew or timedelta(0)))))
        for h in hosts_of_protocol
    ]
    coverage = "none" if not hosts_of_protocol else "full" if all(covered) else "partial"
    failed = first.failed or second.failed
    named_by_strangers = any(
        line.in_window
        and login_shape(name_in(line.event), facts) == "full"
        and not (line.event.remote_ip and network_of(line.event.remote_ip) in strange)
        for line in judged
        if line.ownership == "foreign"
    )
    nobody_else = bool(known) or (
        anonymous is not None
        and not anonymous.failed
        and not strangers(
            [
                e
                for e in anonymous.lines
                if e.remote_ip and network_of(e.remote_ip) not in strange and _protocol_fit(e, facts) == 1.0
            ]
        )
    )
    absence = (
        coverage == "full"
        and window.since < window.until
        and not failed
        and nobody_else
        and not in_window
        and not named_by_strangers
        and facts.mailbox is not None
        and not first.truncated
    )
    shown = sorted(
        (line for line in judged if line.in_window and line.ownership != "foreign"),
        key=lambda s: (-s.weight, s.event.time or received),
    )[:MAX_SHOWN]
    return ServerView(
        coverage="none" if failed else coverage,
        since=window.since,
        until=window.until,
        lines=tuple(sorted(shown, key=lambda s: s.event.time or received)),
        matching=matching,
        successes=tuple(s for s in first.successes if s.mailbox == facts.mailbox),
        sessions=tuple(s for s in first.sessions if s.mailbox == facts.mailbox),
        known_ips=tuple(known),
        absence_proven=absence,
        ignored=foreign,
        hosts=tuple(hosts),
        failed=failed,
    )


def _with_reason(best: ServerLine, lines: Sequence[ServerLine], facts: Facts, knowledge: Knowledge) -> ServerLine:
    """Of the lines of one attempt the one that says why: the auth line with its reason rather than the login
    line that only says "auth failed"."""

    def rank(line: ServerLine) -> int:
        rule = rule_of(line.event, login_shape(name_in(line.event), facts), knowledge)
        return rule.rank if rule else -1

    return max(
        (line for line in lines if line is best or _same_attempt(line.event, best.event)),
        key=lambda ln: (rank(ln), ln is best),
    )


def _same_attempt(one: LogEvent, other: LogEvent) -> bool:
    if one.session and other.session:
        return one.session == other.session
    if one.time is None or other.time is None:
        return False
    apart = abs((one.time - other.time).total_seconds())
    if one.remote_ip != other.remote_ip:
        return False
    same_login = one.login is not None and one.login == other.login
    same_process = one.pid is not None and (one.host, one.program, one.pid) == (other.host, other.program, other.pid)
    return (same_login and apart <= 10) or (same_process and apart <= 60)


def _without_echoes(lines: Sequence[ServerLine]) -> list[ServerLine]:
    """A disconnect beside a refusal of the same address only repeats it and never is the line."""
    refusals = [
        (line.event.remote_ip, line.event.time)
        for line in lines
        if line.event.outcome == "failure"
        and line.event.event != "lost_connection"
        and line.event.time
        and line.weight > 0
    ]
    return [
        replace(line, weight=0.0)
        if line.event.event in ("lost_connection", "disconnect")
        and line.event.time
        and any(
            ip == line.event.remote_ip and abs((at - line.event.time).total_seconds()) <= ECHO_SECONDS
            for ip, at in refusals
        )
        else line
        for line in lines
    ]


def _inside(event: LogEvent, window: Window) -> bool:
    return event.time is not None and window.since <= event.time <= window.until


def _refuted(event: LogEvent, successes: Sequence[SuccessSum]) -> bool:
    """True for an "unknown user" of a mailbox that logged in at that moment or soon after: a deny passdb looks
    users up and says so before every login that succeeds (mail-lab, surprise 3)."""
    if (
        event.event not in ("auth_failed", "login_disabled")
        or event.reason != "unknown_user"
        or event.time is None
        or event.mailbox is None
    ):
        return False
    soon = event.time + timedelta(hours=1)
    return any(s.mailbox == event.mailbox and s.last >= event.time and s.first <= soon for s in successes)


def _merged(*groups: Sequence[LogEvent]) -> list[LogEvent]:
    seen: dict[tuple[str, str | None], LogEvent] = {}
    for group in groups:
        for event in group:
            seen.setdefault((event.raw, event.host), event)
    return list(seen.values())


def _serving(hosts: Sequence[HostCoverage], facts: Facts) -> list[HostCoverage]:
    """The hosts that serve the failing protocol (all of the mail daemons where the ticket does not say)."""
    wanted = [p for p in facts.protocols if p in _LOGIN_SERVICES]
    services = (
        frozenset().union(*(_LOGIN_SERVICES[p] for p in wanted))
        if wanted
        else frozenset({"imap", "submission", "smtps"})
    )
    fullest: dict[str, HostCoverage] = {}
    for host in hosts:
        # of a host's logs the fullest speaks: beside Postfix a Dovecot log holds only the auth lines of submission
        if services & set(host.services) and (host.host not in fullest or host.lines > fullest[host.host].lines):
            fullest[host.host] = host
    return list(fullest.values())


# -- judging one line ----------------------------------------------------------------------------------


def _judge(
    event: LogEvent,
    facts: Facts,
    window: Window,
    known: Sequence[str],
    knowledge: Knowledge,
    expected: Mapping[str, float],
    neighbours: frozenset[str],
) -> ServerLine:
    shape = login_shape(name_in(event), facts)
    if shape == "misspelt" and (name_in(event) or "").lower() in neighbours:
        shape = "foreign"
    from_known = within(event.remote_ip, known)
    ownership, why = ownership_of(event, shape, from_known, bool(known), facts)
    in_window = _inside(event, window) or (
        event.event == "ban" and event.time is not None and window.since - BAN_LASTS <= event.time <= window.until
    )
    rule = rule_of(event, shape, knowledge)
    if rule is None or ownership == "foreign" or event.time is None:
        return ServerLine(event, ownership, why, in_window, 0.0)
    weight = {"own": 3.0, "mailbox": 1.5, "address": 1.6}[ownership]
    weight *= 0.25 + agreement(rule.supports, expected, knowledge)
    weight *= _protocol_fit(event, facts)
    weight *= _clock_fit(event.time, facts)
    weight *= 0.6 + rule.rank / 50
    if event.outcome != "failure":
        weight *= 0.5
    return ServerLine(event, ownership, why, in_window, round(weight, 4))


def _protocol_fit(event: LogEvent, facts: Facts) -> float:
    if not facts.protocols or event.service is None or event.service == "auth":
        return 1.0
    return 1.0 if any(event.service in _SERVICES.get(p, ()) for p in facts.protocols) else 0.25


def _clock_fit(moment: datetime, facts: Facts) -> float:
    """1.0 where no clock is known; up to 1.6 for a line at the very minute; 0.35 far from it.

    A clock of an unknown zone is compared modulo 30 minutes, since zones differ by whole and half hours.
    """
    hint = facts.occurred
    if hint is None or hint.clock is None:
        return 1.0
    minutes = moment.hour * 60 + moment.minute + moment.second / 60
    if hint.zone_known:
        middle = hint.earliest + (hint.latest - hint.earliest) / 2
        off = (
            abs((moment - middle).total_seconds()) / 60
            if not hint.ongoing
            else max(0.0, (hint.earliest - moment).total_seconds() / 60)
        )
    else:
        off = abs((minutes - hint.clock + 30) % 60 - 30)
        if hint.ongoing:
            off = min(off, 8.0)
    return 1.6 if off <= 3 else 1.35 if off <= 8 else 1.0 if off <= 15 else 0.6 if off <= 25 else 0.35


def similar(view: ServerView, knowledge: Knowledge, facts: Facts) -> list[ServerLine]:
    """The lines that tell the same as the matching one (same rule), it included, in time order."""
    if view.matching is None:
        return []
    main = view.matching.event
    rule = rule_of(main, login_shape(name_in(main), facts), knowledge)
    # a host that logs no reasons writes the same refusal in fewer words
    refused = main.event == "auth_failed" and main.login is not None
    out = [
        line
        for line in view.lines
        if rule_of(line.event, login_shape(name_in(line.event), facts), knowledge) is rule
        or (
            refused
            and line.event.event == "auth_failed"
            and line.event.login == main.login
            and line.event.remote_ip == main.remote_ip
        )
    ]
    return out or [view.matching]
