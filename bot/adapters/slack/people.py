"""Who is who in Slack: roles from user groups and from the list that leads keep; the stronger one counts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from bot.adapters.slack.client import SlackCalls
from bot.core.desk.rules import highest
from bot.errors import SendError
from bot.ports import Desk

KEPT_SECONDS = 60.0


@dataclass
class SlackPeople:
    """Roles of members. A user group that cannot be asked gives nobody a role: refused is safer than let in."""

    calls: SlackCalls
    desk: Desk
    agents_group: str | None = None
    leads_group: str | None = None
    _members: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _team: str = ""

    def role(self, team: str, user: str) -> str:
        """none, agent or lead."""
        with self.desk.look() as view:
            roles = {view.people.role(person_id(team, user))}
        if user in self._group(self.agents_group):
            roles.add("agent")
        if user in self._group(self.leads_group):
            roles.add("lead")
        return highest(roles)

    def own_team(self) -> str:
        """The workspace that our token is of; "" where Slack cannot be asked."""
        if not self._team:
            try:
                self._team = str(self.calls.call("auth.test").get("team_id") or "")
            except SendError:
                return ""
        return self._team

    def _group(self, group: str | None) -> frozenset[str]:
        if not group:
            return frozenset()
        asked, members = self._members.get(group, (0.0, frozenset()))
        if time.monotonic() - asked > KEPT_SECONDS or not asked:
            try:
                members = frozenset(self.calls.call("usergroups.users.list", usergroup=group).get("users", []))
            except SendError:
                members = frozenset()
            self._members[group] = (time.monotonic(), members)
        return members


def person_id(team: str, user: str) -> str:
    """How a member stands in our tables."""
    return f"slack:{team}:{user}"
