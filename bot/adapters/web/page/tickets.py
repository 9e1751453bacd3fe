"""The queue, one ticket with its decisions, and lists of past tickets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from bot.adapters.web.page.site import Ask, Site, page, said
from bot.core.desk.lists import Place
from bot.core.desk.rules import DECISIONS, button_actions
from bot.core.desk.shown import deciding_only, name_of, shown_of
from bot.core.desk.values import Decision, Outcome

PAGE: Final = 40
MAX_REPLY: Final = 30_000
LISTS: Final = {"waiting": ("open", "rewriting", "failed"), "decided": ("decided", "answered", "withdrawn")}
DONE: Final = {
    "send": "Sent.",
    "edit": "Sent as edited.",
    "not_ours": "Marked as not ours.",
    "escalate": "Escalated.",
    "other_check": "The draft is being rewritten; reload in a moment.",
    "ask": "A draft that asks is being written; reload in a moment.",
    "retry": "Trying again; reload in a moment.",
    "watch": "Watching the log for five minutes: ask the customer to try now. What arrives is reported where the ticket came from.",
}
"""What was done, by its name: the name goes through the address bar, the words never do."""
DECIDED: Final = {
    "send": "Sent",
    "edit": "Edited and sent",
    "not_ours": "Marked as not ours",
    "escalate": "Escalated",
    "auto": "Answered without a click",
}


def queue(site: Site, ask: Ask) -> Response:
    """What waits, the oldest first; or what was decided, the newest first."""
    which = ask.query.get("show", "waiting")
    if which not in LISTS:
        which = "waiting"
    with site.desk.look() as view:
        cards = view.views.cards(LISTS[which], newest=which == "decided", after=_place(ask.query), limit=PAGE + 1)
        backlog, now = view.queues.backlog(), view.now
    more = cards[PAGE - 1] if len(cards) > PAGE else None
    onward = f"/queue?{urlencode({'show': which, 'at': more[1].isoformat(), 'key': more[0].id})}" if more else ""
    return page(
        "queue.html",
        ask,
        cards=cards[:PAGE],
        which=which,
        now=now,
        onward=onward,
        working=backlog["jobs"],
        decided=DECIDED,
    )


def listed(site: Site, ask: Ask) -> Response:
    """Past tickets: all, or those of a cause, of a decoded error, of a mailbox."""
    knowledge = site.triager.knowledge
    wanted = {k: ask.query.get(k, "").strip()[:320] for k in ("cause", "error", "mailbox")}
    wanted["mailbox"] = wanted["mailbox"].lower()
    with site.desk.look() as view:
        lines = view.views.tickets(
            cause=wanted["cause"] or None,
            error=wanted["error"] or None,
            mailbox=wanted["mailbox"] or None,
            after=_place(ask.query),
            limit=PAGE + 1,
        )
        now = view.now
    kept = {k: v for k, v in wanted.items() if v}
    last = lines[PAGE - 1] if len(lines) > PAGE else None
    onward = f"/tickets?{urlencode({**kept, 'at': last.place[0].isoformat(), 'key': last.place[1]})}" if last else ""
    causes = [
        (c, name_of(c, knowledge))
        for c in (*sorted(knowledge.checks, key=lambda c: knowledge.checks[c].number), *knowledge.others)
    ]
    error = knowledge.errors.get(wanted["error"])
    return page(
        "tickets.html",
        ask,
        lines=lines[:PAGE],
        wanted=wanted,
        causes=causes,
        error=error.title if error else wanted["error"],
        onward=onward,
        now=now,
        named=dict(causes),
    )


def ticket(site: Site, ask: Ask) -> Response:
    """One ticket: what was found, what speaks for it, the draft, and what may be decided."""
    return _ticket(
        site, ask, ask.query.get("case", ""), DONE.get(ask.query.get("done", ""), ""), refused="", status=200
    )


def decided(site: Site, ask: Ask) -> Response:
    """A decision on a card, as it was when its reader saw it."""
    form = ask.form
    card_id, action = form.get("card", ""), form.get("action", "")
    case = card_id.rpartition("#")[0]
    if action == "show_lines":
        return _lines(site, ask, form.get("case", ""))
    outcome = _decide(site, ask, card_id, action)
    if outcome.done:
        return RedirectResponse(f"/ticket?{urlencode({'case': case, 'done': action})}", status_code=303)
    return _ticket(site, ask, case, "", refused=outcome.said, status=409)


def _lines(site: Site, ask: Ask, case: str) -> Response:
    """The ticket with all its server lines, which is written down as a look-up of its mailbox."""
    with site.desk.look() as view:
        documents = view.cases.triages(case)
    mailbox = str(documents[-1]["facts"]["mailbox"] or case) if documents else case
    outcome = site.decisions.look_up(ask.visitor.person, ask.visitor.role, mailbox, of_ticket=bool(documents))
    return _ticket(
        site,
        ask,
        case,
        "",
        refused="" if outcome.done else outcome.said,
        status=200 if outcome.done else 403,
        lines=outcome.done,
    )


def _decide(site: Site, ask: Ask, card_id: str, action: str) -> Outcome:
    form, visitor = ask.form, ask.visitor
    if action == "watch":
        return site.decisions.watch(card_id, visitor.person, visitor.role)
    seen = form.get("revision", "")
    if action not in DECISIONS or not seen.isdecimal() or len(seen) > 9:
        return Outcome(False, "That form was not complete; nothing was changed.")
    text = form.get("text", "").replace("\r\n", "\n").strip()[:MAX_REPLY] if action in ("edit", "escalate") else ""
    if action == "edit" and not text:
        return Outcome(False, "An empty reply cannot be sent.")
    cause = form.get("cause") or None
    knowledge = site.triager.knowledge
    if (
        action == "other_check"
        and cause not in knowledge.checks
        and (cause not in knowledge.others or cause == "unknown")
    ):
        return Outcome(False, "Choose one of the list.")
    return site.decisions.decide(
        Decision(
            card_id,
            int(seen),
            action,
            visitor.person,
            visitor.role,
            text=text,
            cause=cause if action == "other_check" else None,
        )
    )


def _ticket(
    site: Site, ask: Ask, case_id: str, done: str, *, refused: str, status: int, lines: bool = False
) -> Response:
    knowledge = site.triager.knowledge
    with site.desk.look() as view:
        case = view.cases.case(case_id)
        documents = view.cases.triages(case_id) if case else []
        card = view.cases.card(f"{case_id}#{case.round}") if case else None
        earlier = [c for n in range(1, case.round) if (c := view.cases.card(f"{case_id}#{n}"))] if case else []
        reply_state = view.queues.state_of(f"reply:{card.id}")[0] if card else ""
        now = view.now
    if case is None:
        return said(ask, "No such ticket", "Nothing of that name is known here. It may have been erased.", 404)
    shown = shown_of(documents[-1], knowledge) if documents else None
    if shown is not None and not lines:
        shown = deciding_only(shown)
    causes = [(c.id, name_of(c.id, knowledge)) for c in sorted(knowledge.checks.values(), key=lambda c: c.number)] + [
        (o, name_of(o, knowledge)) for o in knowledge.others if o != "unknown"
    ]
    actions = button_actions(card.state, card.mode, bool(card.content.draft)) if card else ()
    return page(
        "ticket.html",
        ask,
        status=status,
        case=case,
        card=card,
        shown=shown,
        earlier=earlier,
        actions=actions,
        causes=causes,
        done=done,
        refused=refused,
        reply_state=REPLY_STATES.get(reply_state, ""),
        now=now,
        decided=DECIDED,
        by_hand=case.channel == "page",
        messages=[_words(m) for m in case.messages],
    )


REPLY_STATES: Final = {
    "queued": "on its way",
    "sending": "on its way",
    "unsure": "being checked",
    "parked": "NOT sent: see Health",
    "sent": "delivered",
    "withdrawn": "not sent from here: copy it",
}


def _words(message: Mapping[str, object]) -> str:
    """When a message came; its words are in the reading, with secrets masked."""
    return str(message.get("received_at") or "")[:16].replace("T", " ")


def _place(query: Mapping[str, str]) -> Place | None:
    """Where a list goes on, out of the address; nonsense starts it from the beginning."""
    try:
        at = datetime.fromisoformat(query["at"])
    except (KeyError, ValueError):
        return None
    return (at, query.get("key", "")[:300]) if at.tzinfo is not None else None
