"""Buttons on cards and the modals that they open."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt import Ack, App

from bot.adapters.slack import modals
from bot.adapters.slack.context import Edge, channel_of, user_of
from bot.adapters.slack.people import person_id
from bot.adapters.slack.text import said, unescape
from bot.cards import redraw
from bot.core.desk.rules import may
from bot.core.desk.values import Card, Decision, Outcome
from bot.core.note import title_of

DIRECT = ("send", "ask", "not_ours", "retry")


def register(app: App, edge: Edge) -> None:
    """Hang the listeners on the app."""
    for action in DIRECT:
        app.action(f"card:{action}")(_deciding(edge, action))
    for action in ("edit", "other_check", "escalate", "show_all", "copy"):
        app.action(f"card:{action}")(_opening(edge, action))

    @app.action("card:show_lines")
    def on_lines(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        person, role, card, _ = _clicked(edge, body)
        if card is None:
            return
        outcome = edge.decisions.look_up(person, role, card.content.mailbox or card.id, of_ticket=True)
        edge.whisper(channel_of(body), user_of(body), modals.lines_text(card) if outcome.done else said(outcome.said))

    @app.action("card:test_now")
    def on_test(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        person, role, card, _ = _clicked(edge, body)
        if card is not None:
            edge.whisper(channel_of(body), user_of(body), said(edge.decisions.watch(card.id, person, role).said))

    @app.view("edit")
    def on_edit(ack: Ack, body: dict[str, Any]) -> None:
        text = unescape(str(_value(body, "text") or "")).strip()
        if not text:
            ack(response_action="errors", errors={"text": "An empty reply cannot be sent."})
            return
        _submitted(edge, ack, body, "edit", text=text)

    @app.view("copy")
    def on_copied(ack: Ack) -> None:
        ack()

    @app.view("other_check")
    def on_other(ack: Ack, body: dict[str, Any]) -> None:
        cause = str(_value(body, "cause") or "")
        if cause not in {c for c, _ in _causes(edge)}:
            ack(response_action="errors", errors={"cause": "Choose one of the list."})
            return
        _submitted(edge, ack, body, "other_check", cause=cause)

    @app.view("escalate")
    def on_escalate(ack: Ack, body: dict[str, Any]) -> None:
        assignee = _value(body, "assignee")
        _submitted(
            edge,
            ack,
            body,
            "escalate",
            text=unescape(str(_value(body, "reason") or "")),
            assignee=person_id(edge.team(body), str(assignee)) if assignee else None,
        )


def _deciding(edge: Edge, action: str) -> Any:
    def on_click(ack: Ack, body: dict[str, Any]) -> None:
        person, role, card, seen = _clicked(edge, body)
        if card is None:
            ack()
            return
        outcome = edge.decisions.decide(Decision(card.id, seen, action, person, role))
        ack()
        _tell(edge, channel_of(body), user_of(body), card, outcome)

    return on_click


def _opening(edge: Edge, action: str) -> Any:
    def on_click(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        _, role, card, seen = _clicked(edge, body)
        if card is None:
            return
        if not may(role, action):
            edge.whisper(channel_of(body), user_of(body), "That is for support agents.")
            return
        kept = json.dumps({"card": card.id, "seen": seen, "channel": channel_of(body)})
        if action == "edit":
            view = modals.edit_view(card, kept)
        elif action == "other_check":
            view = modals.check_view(_causes(edge), kept)
        elif action == "escalate":
            view = modals.escalate_view(kept)
        else:
            view = modals.evidence_view(card) if action == "show_all" else modals.copy_view(card)
        edge.calls.call("views.open", trigger_id=str(body["trigger_id"]), view=view)

    return on_click


def _submitted(
    edge: Edge,
    ack: Ack,
    body: dict[str, Any],
    action: str,
    *,
    text: str = "",
    cause: str | None = None,
    assignee: str | None = None,
) -> None:
    kept = json.loads(body["view"]["private_metadata"])
    person, role = edge.who(body)
    with edge.desk.look() as view:
        card = view.cases.card(str(kept["card"]))
    if card is None:
        ack()
        return
    outcome = edge.decisions.decide(
        Decision(card.id, int(kept["seen"]), action, person, role, text=text, cause=cause, assignee=assignee)
    )
    ack()
    _tell(edge, str(kept.get("channel", "")), user_of(body), card, outcome)


def _tell(edge: Edge, channel: str, user: str, card: Card, outcome: Outcome) -> None:
    """The one who clicked hears why nothing happened; a card that they saw stale is drawn anew."""
    if outcome.done:
        return
    if outcome.stale:
        with edge.desk.step("slack.refresh") as step:
            redraw(step, card)
    if channel:
        edge.whisper(channel, user, said(outcome.said))


def _clicked(edge: Edge, body: dict[str, Any]) -> tuple[str, str, Card | None, int]:
    """(person, role, card, revision that they saw)."""
    person, role = edge.who(body)
    try:
        value = json.loads(body["actions"][0].get("value") or "{}")
        card_id, seen = str(value["card"]), int(value["seen"])
    except (ValueError, KeyError, TypeError):
        return person, role, None, 0
    with edge.desk.look() as view:
        return person, role, view.cases.card(card_id), seen


def _causes(edge: Edge) -> list[tuple[str, str]]:
    knowledge = edge.triager.knowledge
    checks = sorted(knowledge.checks.values(), key=lambda c: c.number)
    return [(c.id, title_of(c.id, knowledge)) for c in checks] + [
        (o, title_of(o, knowledge)) for o in knowledge.others if o != "unknown"
    ]


def _value(body: dict[str, Any], block: str) -> Any:
    state = ((body["view"].get("state") or {}).get("values") or {}).get(block, {}).get("value", {})
    return state.get("value") or state.get("selected_user") or (state.get("selected_option") or {}).get("value")
