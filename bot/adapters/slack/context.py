"""What the listeners share: the doors they translate to, and who we are in this workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.adapters.slack.client import SlackCalls
from bot.adapters.slack.people import SlackPeople, person_id
from bot.decide import Decisions
from bot.handle import Door
from bot.ports import Desk, LogStore
from bot.triage import Triager


@dataclass(frozen=True)
class Edge:
    """Everything a listener may call."""

    calls: SlackCalls
    people: SlackPeople
    desk: Desk
    door: Door
    decisions: Decisions
    triager: Triager
    logs: LogStore
    settle_seconds: float = 2.0

    def who(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """(person, role) of whoever clicked or typed; a member of another workspace has no role here."""
        user = body.get("user") or {}
        user_id = str(user.get("id") if isinstance(user, Mapping) else user) if user else str(body.get("user_id", ""))
        team = str((body.get("team") or {}).get("id") or body.get("team_id") or "")
        own = str(user.get("team_id") or team) if isinstance(user, Mapping) else team
        return person_id(team, user_id), self.people.role(team, user_id) if own == team else "none"

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Tell one member something that nobody else sees. Raises SendError."""
        self.calls.call("chat.postEphemeral", channel=channel, user=user, text=text, parse="none", link_names=False)

    def once(self, kind: str, body: Mapping[str, Any]) -> bool:
        """False where this very request was handled before: Slack gives each click and command its own trigger."""
        trigger = body.get("trigger_id") or (body.get("view") or {}).get("hash")
        if not trigger:
            return True
        with self.desk.step("slack.once") as step:
            return step.cases.first_time(f"slack:{kind}:{trigger}")
