"""The playground: a ticket is pasted, read and explained. Nothing of it is kept unless somebody asks for that."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from bot.adapters.web.page.site import Ask, Site, page
from bot.core.desk.shown import ShownTriage, deciding_only, shown_of
from bot.core.desk.values import Inbound
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.errors import InputError

CHANNEL = "page"
"""The channel of tickets that came in here: nothing is sent anywhere, and the answer is copied by hand."""
MAX_PASTED = 1_000_000
EXAMPLE = """Hello,

since this morning Thunderbird on my laptop says "Sending of the message failed. Unable to authenticate to
Outgoing server (SMTP) {smtp_host}. Please check the password." whenever I send. My mailbox is
anna@firm.example, the user name in the program is just anna, port 465 with SSL/TLS. Webmail works fine with
the same password.

Thanks, Anna"""
"""What the empty form shows, so that a first click shows something; the host is this installation's own."""


def playground(site: Site, ask: Ask) -> Response:
    """The empty form."""
    return _form(site, ask)


def triaged(site: Site, ask: Ask) -> Response:
    """A pasted ticket with all that was read out of it. Lines beside the one that decides are a look-up of that
    mailbox, as under Logs."""
    text = ask.form.get("text", "")
    try:
        ticket = pasted(text)
    except InputError as error:
        return _form(site, ask, text, wrong=str(error))
    triage = site.triager.triage(ticket)
    shown, refused = shown_of(to_json(triage), site.triager.knowledge), ""
    if any(not line.matching for line in shown.lines):
        mailbox = triage.facts.mailbox or "a pasted ticket"
        with site.desk.look() as view:
            waits = any(card.content.mailbox == mailbox for card, _ in view.views.queue(limit=500))
        outcome = site.decisions.look_up(ask.visitor.person, ask.visitor.role, mailbox, of_ticket=waits)
        if not outcome.done:  # anybody could paste anybody's mailbox
            shown, refused = deciding_only(shown), outcome.said
    return _form(site, ask, text, shown=shown, refused=refused)


def kept(site: Site, ask: Ask) -> Response:
    """The pasted ticket becomes one of the queue, once, whoever clicks how often."""
    text = ask.form.get("text", "")
    try:
        ticket = pasted(text)
    except InputError as error:
        return _form(site, ask, text, wrong=str(error))
    with site.desk.look() as view:
        now = view.now
    accepted = site.door.accept(inbound_of(ticket, author=ask.visitor.person, now=now))
    case = accepted.case_id if accepted else ""
    return RedirectResponse(f"/ticket?{urlencode({'case': case})}", status_code=303)


def _form(
    site: Site, ask: Ask, text: str = "", *, shown: ShownTriage | None = None, wrong: str = "", refused: str = ""
) -> Response:
    """The form with what was pasted, and what was read out of it or is ``wrong`` with it."""
    return page(
        "playground.html",
        ask,
        status=422 if wrong else 200,
        text=text,
        shown=shown,
        wrong=wrong,
        refused=refused,
        example=EXAMPLE.replace("{smtp_host}", site.triager.knowledge.settings.smtp_host),
    )


def pasted(text: str) -> Ticket:
    """The ticket in a pasted text: plain words, a whole mail, HTML, or the contract's JSON. Raises InputError."""
    data = text.replace("\r\n", "\n").encode("utf-8", "replace")
    if len(data) > MAX_PASTED:
        raise InputError(f"That is {len(data):,} bytes; a ticket here has at most {MAX_PASTED:,}.")
    if not data.strip():
        raise InputError("Paste a ticket first.")
    found = next(iter(read_tickets(data, name="pasted text")), None)
    if found is None or isinstance(found, BadTicket):
        raise InputError(found.reason if found else "There is no ticket in it.")
    return found


def inbound_of(ticket: Ticket, *, author: str, now: datetime) -> Inbound:
    """A ticket as it is handed in at the desk's door: the same text is the same ticket."""
    message = {
        "subject": ticket.subject,
        "body": ticket.body,
        "format": ticket.format,
        "requester": ticket.requester,
        "channel": CHANNEL,
        "received_at": (ticket.received_at or now).isoformat(),
        "headers": dict(ticket.headers),
        "attachments": [
            {"name": a.name, "content_type": a.content_type, "size": a.size, "text": a.text} for a in ticket.attachments
        ],
    }
    same = json.dumps(
        [ticket.subject, ticket.body, ticket.requester, sorted(ticket.headers.items())], ensure_ascii=False
    )
    identity = hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()[:24]
    return Inbound(CHANNEL, identity, f"{CHANNEL}:{identity}", message, author, now, CHANNEL, "", explicit=True)
