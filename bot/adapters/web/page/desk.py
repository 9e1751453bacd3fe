"""Server logs, health, the audit log, and the report's frame."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response

from bot.adapters.web.page.site import Ask, Site, page, said
from bot.core.desk.incidents import IncidentDecision
from bot.core.desk.shown import name_of
from bot.core.note import visible
from bot.core.observed import LogQuery
from bot.core.probe import STANDING, standing_of
from bot.errors import InputError

HOURS: Final = (("6", "6 hours"), ("48", "2 days"), ("168", "7 days"), ("720", "30 days"))
MAX_LINES: Final = 200
MAX_GROUPED: Final = 40
"""Tickets that are shown of an open incident."""
INCIDENT_DONE: Final = {
    "agree": "The text is agreed; nothing is sent before somebody sends it to all.",
    "answer": "Closed; its tickets are being answered.",
    "release": "Its tickets get their own cards, and so does what still comes.",
    "close": "Closed; its held tickets get their own cards.",
}
"""What was done, by its name: the name goes through the address bar, the words never do."""
MAX_TROUBLED: Final = 100
SHOWN: Final = 60
FRAME_HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "SAMEORIGIN",
}
"""The report is one page with its styles inside; in this frame it can run nothing, send nothing and open nothing."""


def logs(site: Site, ask: Ask) -> Response:
    """The empty search."""
    return page("logs.html", ask, asked=None, hours=HOURS, wrong="", found=None)


def searched(site: Site, ask: Ask) -> Response:
    """Lines of a mailbox (agents: of a ticket that waits), of an address or a login (leads). Every look-up is
    written down."""
    asked = {
        "what": ask.form.get("what", "mailbox"),
        "value": ask.form.get("value", "").strip()[:320],
        "hours": ask.form.get("hours", "168"),
    }
    if not asked["value"] or asked["hours"] not in dict(HOURS):
        return page(
            "logs.html", ask, status=422, asked=asked, hours=HOURS, wrong="What are you looking for?", found=None
        )
    with site.desk.look() as view:
        now = view.now
        own = {c.content.mailbox for c, _ in view.views.queue(limit=500)} if asked["what"] == "mailbox" else set()
    value = asked["value"].lower()
    query = _query(
        asked["what"], asked["value"], LogQuery(now - timedelta(hours=int(asked["hours"])), now, limit=MAX_LINES)
    )
    if query is None:
        return page(
            "logs.html",
            ask,
            status=422,
            asked=asked,
            hours=HOURS,
            wrong="That is no mailbox, login or address that can be searched for.",
            found=None,
        )
    allowed = site.decisions.look_up(
        ask.visitor.person,
        ask.visitor.role,
        value if asked["what"] == "mailbox" else f"{asked['what']} {value}",
        of_ticket=value in own,
    )
    if not allowed.done:
        return page("logs.html", ask, status=403, asked=asked, hours=HOURS, wrong=allowed.said, found=None)
    found = site.logs.search(query)
    return page(
        "logs.html",
        ask,
        asked=asked,
        hours=HOURS,
        wrong=f"The logs could not be searched: {visible(found.failed, 300)}" if found.failed else "",
        found=found,
        successes=sorted(found.successes, key=lambda s: s.last, reverse=True)[:SHOWN],
    )


def _query(what: str, value: str, window: LogQuery) -> LogQuery | None:
    since, until, limit = window.since, window.until, window.limit
    if what == "mailbox" and value.count("@") == 1 and not value.startswith("@") and not value.endswith("@"):
        return LogQuery(since, until, mailboxes=(value.lower(),), limit=limit)
    if what == "login":
        return LogQuery(since, until, logins=(value,), limit=limit)
    if what == "address":
        try:
            return LogQuery(since, until, ips=(str(ipaddress.ip_address(value)),), limit=limit)
        except ValueError:
            return None
    return None


def health(site: Site, ask: Ask) -> Response:
    """Whether tickets come in, work goes on, logs are read; and what waits for a human."""
    with site.desk.look() as view:
        backlog, last, now = view.queues.backlog(), view.views.last_accepted(), view.now
        paused = view.people.setting("pause")
        troubled = view.queues.troubled()
        modes = view.people.settings("mode:")
        probes = {target: standing_of(text) for target, text in view.people.settings(STANDING).items() if text}
    hosts = sorted(site.logs.coverage(now - timedelta(hours=24), now), key=lambda h: (h.host, h.program))
    return page(
        "health.html",
        ask,
        backlog=backlog,
        last=last,
        now=now,
        paused=paused,
        troubled=troubled[:MAX_TROUBLED],
        many=len(troubled),
        modes=modes,
        hosts=hosts,
        newest=max((h.last for h in hosts), default=None),
        version=site.triager.knowledge.version,
        probes=probes,
        done={
            "replay": "Put back in the queue.",
            "drop": "Taken off the list.",
            "pause": "Paused.",
            "resume": "Resumed.",
        }.get(ask.query.get("done", ""), ""),
    )


def settled(site: Site, ask: Ask) -> Response:
    """A lead puts something parked back, takes it off the list, pauses or resumes."""
    action, key = ask.form.get("action", ""), ask.form.get("key", "")
    if action in ("pause", "resume"):
        outcome = site.decisions.set_paused(ask.visitor.person, ask.visitor.role, paused=action == "pause")
        return (
            RedirectResponse(f"/health?done={action}", status_code=303)
            if outcome.done
            else said(ask, "Not done", outcome.said, 409)
        )
    if action not in ("replay", "drop"):
        return said(ask, "Not done", "That form was not complete; nothing was changed.", 422)
    with site.desk.step("deliveries.page") as step:
        moved = step.queues.replay(key) if action == "replay" else step.queues.drop_parked(key)
        if moved:
            step.people.audit(ask.visitor.person, f"delivery.{action}", key)
    if not moved:
        return said(
            ask, "Not done", "Nothing parked or failed has that key any more; somebody may have been faster.", 409
        )
    return RedirectResponse(f"/health?done={action}", status_code=303)


def audit(site: Site, ask: Ask) -> Response:
    """Who did what, the newest first."""
    given = ask.query.get("before", "")
    before = int(given) if given.isdecimal() and len(given) < 12 else None
    with site.desk.look() as view:
        lines = view.views.audit(before=before, limit=101)
    onward = f"/audit?before={lines[99].id}" if len(lines) > 100 else ""
    return page("audit.html", ask, lines=lines[:100], onward=onward)


def report(site: Site, ask: Ask) -> Response:
    """The weekly report in its frame."""
    week = ask.query.get("week", "")
    with site.desk.look() as view:
        causes, now = view.views.causes(timedelta(days=7)), view.now
    return page(
        "report.html",
        ask,
        there=site.report is not None,
        week=week[:10],
        now=now,
        causes=[(c, name_of(c, site.triager.knowledge), n) for c, n in causes[:12]],
        most=max((n for _, n in causes), default=1),
    )


def report_frame(site: Site, ask: Ask) -> Response:
    """The report itself."""
    if site.report is None:
        return said(ask, "No report", "This installation draws no report.", 404)
    try:
        drawn = site.report(ask.query)
    except InputError as error:  # a week that is none
        return said(ask, "No report", str(error), 422)
    answer = Response(drawn, media_type="text/html; charset=utf-8")
    answer.headers.update(FRAME_HEADERS)
    return answer


def incidents(site: Site, ask: Ask) -> Response:
    """What goes wrong for many at once, the open ones first, with their tickets."""
    with site.desk.look() as view:
        listed = sorted(view.incidents.listing(limit=100), key=lambda one: one.until is not None)
        known = {one.id: view.incidents.incident(one.id) for one in listed}
        grouped = {one.id: view.incidents.grouped(one.id) for one in listed if one.until is None}
        cards = {
            one.case_id: view.cases.card(f"{one.case_id}#{one.round}")
            for ones in grouped.values()
            for one in ones[:MAX_GROUPED]
        }
    return page(
        "incidents.html",
        ask,
        incidents=[(one, known[one.id], grouped.get(one.id, [])) for one in listed],
        cards=cards,
        done=INCIDENT_DONE.get(ask.query.get("done", ""), ""),
        most=MAX_GROUPED,
    )


def incident_decided(site: Site, ask: Ask) -> Response:
    """A lead agrees a text, sends it to all tickets, gives them their own cards, or ends the incident."""
    number, seen = ask.form.get("number", ""), ask.form.get("seen", "")
    if (
        not all(value.isascii() and value.isdecimal() and len(value) < 10 for value in (number, seen))
        or site.incidents is None
    ):
        return said(ask, "Not done", "That form was not complete; nothing was changed.", 422)
    action = ask.form.get("action", "")
    text = ask.form.get("text", "").replace("\r\n", "\n").strip() if action in ("agree", "answer") else ""
    outcome = site.incidents.decide(
        IncidentDecision(int(number), action, ask.visitor.person, ask.visitor.role, text, seen=int(seen))
    )
    return (
        RedirectResponse(f"/incidents?done={action}", status_code=303)
        if outcome.done
        else said(ask, "Not done", outcome.said, 409)
    )
