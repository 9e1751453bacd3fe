"""What the listeners share: the doors they translate to, and who we are in this workspace."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt import Respond

from bot.adapters.slack.client import SlackCalls
from bot.adapters.slack.people import SlackPeople, person_id
from bot.core.desk.ticket_links import TicketLinks
from bot.core.report.values import Report
from bot.decide import Decisions
from bot.door import Door
from bot.errors import SendError, SendRefused
from bot.ports import Desk, LogStore
from bot.triage import Triager

_log = logging.getLogger(__name__)


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
    reports: Callable[[str], Report] | None = None
    """The report of a week ("2026-W47"; "": the last one that is over). Raises InputError, StoreError."""

    links: TicketLinks | None = None
    """Where agents read the helpdesk's tickets; None without a helpdesk."""

    def who(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """(person, role) of whoever clicked or typed; a member of another workspace has no role here."""
        user = body.get("user") or {}
        user_id = str(user.get("id") if isinstance(user, Mapping) else user) if user else str(body.get("user_id", ""))
        team = self.team(body)
        own = str(user.get("team_id") or team) if isinstance(user, Mapping) else team
        return person_id(team, user_id), self.people.role(team, user_id) if own == team else "none"

    def team(self, body: Mapping[str, Any]) -> str:
        """The workspace of a payload. Slack names it in another place in each kind, and in none at times (an app
        that is installed for a whole organisation): then it is our own."""
        team, authorizations = body.get("team"), body.get("authorizations") or [{}]
        named = (
            (team.get("id") if isinstance(team, Mapping) else team)
            or body.get("team_id")
            or (body.get("event") or {}).get("team")
            or authorizations[0].get("team_id")
        )
        return str(named or self.people.own_team())

    def place(self, channel: str) -> tuple[bool, bool]:
        """(we can post there, another company reads along there). Where Slack does not say, the first is so and the
        second is not."""
        try:
            about = self.calls.call("conversations.info", channel=channel).get("channel", {})
        except SendRefused as error:
            return "channel_not_found" not in str(error), False
        except SendError:
            return True, False
        return about.get("is_member") is not False, about.get("is_ext_shared") is True or about.get(
            "is_pending_ext_shared"
        ) is True

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Tell one member something that nobody else sees. Raises SendError."""
        self.calls.call("chat.postEphemeral", channel=channel, user=user, text=text, parse="none", link_names=False)

    def whisper_or_answer(self, channel: str, user: str, respond: Respond, text: str) -> None:
        """The same for one who may be no member: a public channel is open to whoever looks in, and Slack whispers to
        members only."""
        try:
            if channel:
                self.whisper(channel, user, text)
                return
        except SendError as error:
            _log.info("%s", error)
        self.answer(respond, text, [])

    def answer(self, respond: Respond, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Tell one member something by the address that came with their request, which works where we are no member.
        What fails is only logged."""
        try:
            respond(text=text, blocks=[dict(b) for b in blocks], response_type="ephemeral")
        except OSError as error:
            _log.warning("Slack response_url: %s", error)

    def once(self, kind: str, body: Mapping[str, Any]) -> bool:
        """False where this very request was handled before: Slack gives each click and command its own trigger."""
        trigger = body.get("trigger_id") or (body.get("view") or {}).get("hash")
        if not trigger:
            return True
        with self.desk.step("slack.once") as step:
            return step.cases.first_time(f"slack:{kind}:{trigger}")


def channel_of(body: Mapping[str, Any]) -> str:
    """The channel in which somebody clicked; empty where Slack names none."""
    return str(
        (body.get("channel") or body.get("container") or {}).get("id")
        or (body.get("container") or {}).get("channel_id")
        or ""
    )


def user_of(body: Mapping[str, Any]) -> str:
    """Who clicked, as Slack calls them."""
    return str((body.get("user") or {}).get("id", ""))
