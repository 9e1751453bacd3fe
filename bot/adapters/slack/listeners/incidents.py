"""Buttons on an incident's message and the modals that they open."""

from __future__ import annotations

import json
from typing import Any

from slack_bolt import Ack, App

from bot.adapters.slack.context import Edge, channel_of, user_of
from bot.adapters.slack.incidents import text_view
from bot.adapters.slack.text import said, unescape
from bot.core.desk.incidents import Incident, IncidentDecision
from bot.core.desk.rules import may
from bot.core.desk.values import Outcome
from bot.decide_incident import IncidentDecisions, redraw_incident


def register(app: App, edge: Edge) -> None:
    """Hang the listeners on the app."""
    decisions = IncidentDecisions(edge.desk)
    for action in ("release", "close"):
        app.action(f"incident:{action}")(_deciding(edge, decisions, action))
    for action in ("agree", "answer"):
        app.action(f"incident:{action}")(_opening(edge, action))
        app.view(f"incident_{action}")(_submitted(edge, decisions, action))


def _deciding(edge: Edge, decisions: IncidentDecisions, action: str) -> Any:
    def on_click(ack: Ack, body: dict[str, Any]) -> None:
        number, seen = _clicked(body)
        person, role = edge.who(body)
        outcome = decisions.decide(IncidentDecision(number, action, person, role, seen=seen))
        ack()
        _tell(edge, channel_of(body), body, number, outcome)

    return on_click


def _opening(edge: Edge, action: str) -> Any:
    def on_click(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        number, _ = _clicked(body)
        incident = _known(edge, number)
        if not may(edge.who(body)[1], "incident"):
            edge.whisper(channel_of(body), user_of(body), "That is for leads.")
        elif incident is None or incident.state != "open":
            edge.whisper(channel_of(body), user_of(body), "This incident is over; its message shows how it ended.")
        else:  # the modal shows the text as it is now, so its revision is the one that counts
            kept = json.dumps({"incident": number, "seen": incident.revision, "channel": channel_of(body)})
            edge.calls.call("views.open", trigger_id=str(body["trigger_id"]), view=text_view(incident, action, kept))

    return on_click


def _submitted(edge: Edge, decisions: IncidentDecisions, action: str) -> Any:
    def on_submit(ack: Ack, body: dict[str, Any]) -> None:
        kept = json.loads(body["view"]["private_metadata"])
        values = (body["view"].get("state") or {}).get("values") or {}
        text = unescape(str(((values.get("text") or {}).get("value") or {}).get("value") or "")).strip()
        if "text" in values and not text:
            ack(response_action="errors", errors={"text": "An empty text answers nobody."})
            return
        person, role = edge.who(body)
        outcome = decisions.decide(
            IncidentDecision(int(kept["incident"]), action, person, role, text=text, seen=int(kept["seen"]))
        )
        if outcome.stale and "text" in values:  # what was typed stays
            ack(
                response_action="errors",
                errors={
                    "text": "Somebody has changed the incident meanwhile. Close this, look at its message, and open it again."
                },
            )
            return
        ack()
        _tell(edge, str(kept.get("channel", "")), body, int(kept["incident"]), outcome)

    return on_submit


def _tell(edge: Edge, channel: str, body: dict[str, Any], number: int, outcome: Outcome) -> None:
    """The one who clicked hears what came of it; a message that they saw stale is drawn anew."""
    incident = _known(edge, number) if outcome.stale else None
    if incident is not None:
        with edge.desk.step("slack.refresh-incident") as step:
            redraw_incident(step, incident)
    if channel:
        edge.whisper(channel, user_of(body), said(outcome.said))


def _known(edge: Edge, number: int) -> Incident | None:
    with edge.desk.look() as view:
        return view.incidents.incident(number)


def _clicked(body: dict[str, Any]) -> tuple[int, int]:
    """(number, revision that they saw); (0, 0) is no incident."""
    try:
        value = json.loads(body["actions"][0].get("value") or "{}")
        number, seen = int(value["incident"]), int(value["seen"])
    except (ValueError, KeyError, TypeError, IndexError):
        return 0, 0
    return (number, seen) if 0 < number < 2**31 else (0, 0)
