"""App Home and the search for past triages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from slack_bolt import Ack, App

from bot.adapters.slack import modals
from bot.adapters.slack.context import Edge
from bot.adapters.slack.people import person_id
from bot.core.desk.card import age
from bot.core.desk.rules import may
from bot.core.note import title_of
from bot.ports import Step

WEEK = timedelta(days=7)


def register(app: App, edge: Edge) -> None:
    """Hang the listeners on the app."""

    @app.event("app_home_opened")
    def on_home(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab", "home") != "home":
            return
        user, team = str(event["user"]), edge.team(body)
        if not may(edge.people.role(team, user), "home"):
            view = {
                "type": "home",
                "blocks": [
                    {
                        "type": "section",
                        "text": {
                            "type": "plain_text",
                            "text": "This desk is for support agents; a lead can add you with /triage role.",
                        },
                    }
                ],
            }
        else:
            view = _home(edge, person_id(team, user))
        edge.calls.call("views.publish", user_id=user, view=view)

    @app.action("home:done")
    def on_done(ack: Ack, body: dict[str, Any]) -> None:
        person, role = edge.who(body)
        edge.decisions.done(str(body["actions"][0].get("value") or ""), person, role)
        ack()
        if may(role, "home"):
            edge.calls.call("views.publish", user_id=person.rpartition(":")[2], view=_home(edge, person))

    @app.action("home:search")
    def on_search(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        if may(edge.who(body)[1], "search"):
            edge.calls.call("views.open", trigger_id=str(body["trigger_id"]), view=modals.search_view())

    @app.view("search")
    def on_words(ack: Ack, body: dict[str, Any]) -> None:
        if not may(edge.who(body)[1], "search"):
            ack()
            return
        values = ((body["view"].get("state") or {}).get("values") or {}).get("words") or {}
        words = str((values.get("value") or {}).get("value") or "")
        with edge.desk.look() as look:
            found = look.views.search(words)
        ack(response_action="update", view=modals.search_view(found))


def _home(edge: Edge, person: str) -> dict[str, Any]:
    with edge.desk.look() as look:
        knowledge = edge.triager.knowledge
        causes = [
            (title_of(c, knowledge) if c in knowledge.checks or c in knowledge.others else c, n)
            for c, n in look.views.causes(WEEK)
        ]
        return modals.home_view(
            look.views.cards_of(person),
            look.views.queue(limit=modals.QUEUE_SHOWN),
            look.views.waiting_cards(),
            causes,
            _health(edge, look),
            look.now,
        )


def _health(edge: Edge, look: Step) -> list[str]:
    backlog = look.queues.backlog()
    last = look.views.last_accepted()
    lines = [
        f"Waiting: {backlog['jobs']} triages, {backlog['deliveries']} messages; for a human: {backlog['parked']} parked, {backlog['dead']} failed",
        f"Last ticket: {_ago(look.now, last)}",
        "Paused" if look.people.setting("pause") == "on" else "Not paused",
    ]
    hosts = edge.logs.coverage(look.now - timedelta(hours=1), look.now)
    newest = max((h.last for h in hosts), default=None)
    lines.append(
        f"Logs: {len(hosts)} host logs, newest line {_ago(look.now, newest)}"
        if hosts
        else "Logs: nothing of the last hour"
    )
    return lines


def _ago(now: datetime, then: datetime | None) -> str:
    return f"{age(now, then)} ago" if then else "none yet"
