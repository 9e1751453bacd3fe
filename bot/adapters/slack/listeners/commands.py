"""The slash command ``/triage``, answered privately with its acknowledgement."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from slack_bolt import Ack, App

from bot.adapters.slack import blocks as draw
from bot.adapters.slack.context import Edge
from bot.adapters.slack.people import person_id
from bot.adapters.slack.pictures import draw_report
from bot.adapters.slack.text import escape, plain_of, said, unescape
from bot.core.desk.card import content_of
from bot.core.desk.names import place_named
from bot.core.desk.rules import MODES
from bot.core.desk.values import Card
from bot.core.model import Ticket
from bot.core.observed import LogQuery
from bot.core.parse.plain import one_line
from bot.core.policy.modes import cause_named
from bot.core.report.post import summary
from bot.core.report.wording import headline, title_of_report
from bot.errors import InputError, StoreError

HELP = """*/triage TEXT or a link to a ticket*: what is wrong there, for you alone
*/triage explain ERROR TEXT*: what an error means
*/triage logs MAILBOX*: the last failures of a mailbox (agents: of an open ticket in this channel)
*/triage report [2026-W47]*: last week's causes, or another week's
*/triage mode off|note|draft* (leads): what I do in this channel; */triage mode zendesk auto [CHECK]*: what I do in a helpdesk or mailbox
*/triage role @member none|agent|lead* (leads)
*/triage escalate-to #channel*, */triage abuse-to #channel*, */triage cards-to zendesk #channel* (leads)
*/triage pause*, */triage resume* (leads): hold back what nobody clicked
*/triage help*"""
_LINK = re.compile(r"/archives/([CDG][A-Z0-9]{1,20})/p(\d{10})(\d{6})(?:\S*[?&;]thread_ts=(\d{10}\.\d{6}))?")
_MEMBER = re.compile(r"<@([UW][A-Z0-9]{1,20})(?:\|[^>]*)?>")
_CHANNEL = re.compile(r"<#([CG][A-Z0-9]{1,20})(?:\|[^>]*)?>")
LOGS_BACK = timedelta(hours=48)
MAX_LINES = 8
REFUSED = "Sorry, that is for support agents; a lead can add you: /triage role"

Handler = Callable[[Edge, dict[str, Any], str, str, str], str]


def register(app: App, edge: Edge) -> None:
    """Hang the listener on the app."""

    @app.command("/triage")
    def on_command(ack: Ack, body: dict[str, Any]) -> None:
        person, role = edge.who(body)
        if not edge.once("command", body):
            ack()
            return
        word, _, rest = str(body.get("text") or "").strip().partition(" ")
        known = _COMMANDS.get(word.lower())
        if word.lower() in ("", "help"):
            ack(text=HELP)
        elif role == "none":
            ack(text=REFUSED)
        elif word.lower() == "report":
            answer, drawn = _report(edge, rest.strip())
            ack(text=answer, blocks=drawn)
        elif known is not None:
            ack(text=known(edge, body, person, role, rest.strip()))
        else:
            answer, drawn = privately(edge, body, person)
            ack(text=answer, blocks=drawn)


def privately(edge: Edge, body: Mapping[str, Any], person: str) -> tuple[str, list[dict[str, Any]]]:
    """A text or a ticket's link, triaged for one reader."""
    text = str(body.get("text") or "")
    linked = _conversations(edge, body, text)
    if linked:
        with edge.desk.look() as view:
            case_id = next(filter(None, map(view.cases.belongs, linked)), None)
            case = view.cases.case(case_id) if case_id else None
            card = view.cases.card(f"{case.id}#{case.round}") if case else None
        if card is None:
            return "That is no ticket that I know; for a message in Slack use the message shortcut Triage this.", []
        return draw.card_text(card), [b.to_dict() for b in draw.card_blocks(card)]
    ticket = Ticket(id=f"slash:{body.get('trigger_id')}", body=plain_of(text), channel="slack")
    triage = edge.triager.triage(ticket)
    with edge.desk.step("slash.triaged") as step:
        step.cases.save(triage)
        step.people.audit(person, "slash.triage", ticket.id)
        card = Card(ticket.id, 1, 1, "closed", content_of(triage, edge.triager.knowledge, step.now))
    return draw.card_text(card), [b.to_dict() for b in draw.card_blocks(card) if b.type != "actions"]


def _conversations(edge: Edge, body: Mapping[str, Any], text: str) -> list[str]:
    """The conversations that a link in the text may mean: a message in Slack, or a ticket on the helpdesk's pages."""
    link = _LINK.search(text)
    if link:
        return [f"slack:{edge.team(body)}:{link[1]}:{link[4] or f'{link[2]}.{link[3]}'}"]
    return list(edge.links.conversations(unescape(text))) if edge.links else []


def _explain(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    text = plain_of(rest)
    found = edge.triager.explain(text)
    if not found:
        return f"Nothing in the table claims: {escape(text, 300, line=True)}"
    return "\n".join(
        f"*{escape(title, 200, line=True)}*: {escape(meaning, 600, line=True)}" for title, meaning in found[:3]
    )


def _report(edge: Edge, week: str) -> tuple[str, list[dict[str, Any]]]:
    """A week's report in short, for one reader."""
    if edge.reports is None:
        return "Reports are not set up here.", []
    try:
        report = edge.reports(one_line(week, 20))
    except InputError:
        return "Such as: /triage report, /triage report 2026-W47", []
    except StoreError as error:
        return f"The report could not be made: {escape(str(error), 300, line=True)}", []
    title, blocks = draw_report(
        {"title": title_of_report(report), "lines": headline(report), "table": summary(report), "charted": False}
    )
    return title, [block.to_dict() for block in blocks]


def _logs(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    mailbox = one_line(plain_of(rest), 320).strip().lower()
    if not mailbox:
        return "Which mailbox? /triage logs anna@firm.example"
    with edge.desk.look() as view:
        of_ticket = view.views.open_ticket_of(mailbox, f"slack/{body.get('channel_id')}")
    outcome = edge.decisions.look_up(person, role, mailbox, of_ticket=of_ticket)
    if not outcome.done:
        return said(outcome.said)
    now = edge.triager.clock.now()
    found = edge.logs.search(LogQuery(now - LOGS_BACK, now, mailboxes=(mailbox,), limit=200))
    if found.failed:
        return f"The logs could not be searched: {escape(found.failed, 200, line=True)}"
    lines = [escape(line.raw, 310, line=True) for line in found.lines[-MAX_LINES:]]
    return "\n".join(lines) or f"No failures of {escape(mailbox, 320, line=True)} in the last 48 hours."


def _mode(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    named = _CHANNEL.search(rest)
    words = plain_of(_CHANNEL.sub("", rest)).lower().split()
    here = named is None and (not words or words[0] in MODES)
    place = f"slack/{named[1]}" if named else f"slack/{body.get('channel_id')}" if here else words.pop(0)
    if place.startswith(("slack/", "c0")):
        place = f"slack/{place.removeprefix('slack/').upper()}"  # Slack's ids are in capitals
    if words:
        try:
            place = place_named(place)
        except InputError as error:
            return escape(str(error), 300, line=True)
    cause = cause_named(words[1], edge.triager.knowledge) if len(words) > 1 else None
    if len(words) > 2 or (len(words) == 2 and cause is None):
        return "Such as: /triage mode draft, /triage mode zendesk auto, /triage mode zendesk auto 2 (a check's number or id)"
    if place.startswith("slack/") and words[:1] != ["off"] and (refused := _shared(edge, place.removeprefix("slack/"))):
        return refused
    outcome = edge.decisions.set_mode(person, role, place, words[0] if words else "", cause)
    outside = (
        place.startswith("slack/")
        and outcome.done
        and words[0] != "off"
        and not edge.place(place.removeprefix("slack/"))[0]
    )
    return said(outcome.said) + (
        "\nI am not in that channel yet, so I see nothing of it: type /invite and my name." if outside else ""
    )


def _shared(edge: Edge, channel: str) -> str:
    """Why a channel is no place for tickets, in words; "" where it is one."""
    return (
        f"Another company reads along in <#{channel}>, so nothing of customers goes there."
        if edge.place(channel)[1]
        else ""
    )


def _role(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    member = _MEMBER.search(rest)
    if not member:
        return "Whom? /triage role @member agent"
    return said(
        edge.decisions.set_role(
            person, role, person_id(edge.team(body), member[1]), rest[member.end() :].strip().lower()
        ).said
    )


def _escalate_to(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    channel = _CHANNEL.search(rest)
    if not channel:
        return "Where to? /triage escalate-to #channel"
    if refused := _shared(edge, channel[1]):
        return refused
    return said(edge.decisions.set_escalation(person, role, f"slack/{channel[1]}").said)


def _abuse_to(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    channel = _CHANNEL.search(rest)
    if not channel:
        return "Where to? /triage abuse-to #channel"
    if refused := _shared(edge, channel[1]):
        return refused
    return said(edge.decisions.set_abuse(person, role, f"slack/{channel[1]}").said)


def _cards_to(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    channel, (name, *_) = _CHANNEL.search(rest), [*plain_of(rest).lower().split(), ""]
    if not channel or not name.isidentifier():
        return "Which, and where to? /triage cards-to zendesk #channel"
    if refused := _shared(edge, channel[1]):
        return refused
    try:
        place_named(name)
    except InputError as error:
        return escape(str(error), 300, line=True)
    return said(edge.decisions.set_cards(person, role, name, f"slack/{channel[1]}").said)


def _pause(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    return edge.decisions.set_paused(person, role, paused=True).said


def _resume(edge: Edge, body: dict[str, Any], person: str, role: str, rest: str) -> str:
    return edge.decisions.set_paused(person, role, paused=False).said


_COMMANDS: dict[str, Handler] = {
    "explain": _explain,
    "logs": _logs,
    "mode": _mode,
    "role": _role,
    "escalate-to": _escalate_to,
    "abuse-to": _abuse_to,
    "cards-to": _cards_to,
    "pause": _pause,
    "resume": _resume,
}
