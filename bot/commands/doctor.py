"""``triage doctor``: what is set, what it means, and what is wrong with it; each fault with what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bot.adapters.logstore.native import library as native
from bot.bootstrap import desk_of, slack_calls_of
from bot.errors import SendError, TriageError
from bot.settings import Settings, read_settings

SCOPES = ("app_mentions:read", "channels:history", "chat:write", "commands", "groups:history", "im:history", "reactions:write", "channels:read", "groups:read", "im:read")
GROUP_SCOPE = "usergroups:read"
Finding = tuple[bool, str]


def run() -> None:
    """Print all findings; status 1 where one is a fault."""
    settings = read_settings()
    findings = [*_database(settings), (True, f"logs: {native.state()}"), *_slack(settings)]
    for good, said in findings:
        sys.stdout.write(f"{'ok ' if good else 'BAD'}  {said}\n")
    if not all(good for good, _ in findings):
        sys.exit(1)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        desk = desk_of(settings)
        with desk.look() as view:
            backlog = view.queues.backlog()
            leads = [p for p, r in view.people.roles().items() if r == "lead"]
            target = view.people.setting("escalate-to")
    except TriageError as error:
        yield False, f"database: {error}"
        return
    yield True, f"database: {desk.database.name}"
    waits = backlog["parked"] + backlog["dead"]
    yield not waits, f"for a human: {waits}" + ("; see triage deliveries" if waits else "")
    known = bool(leads or settings.slack_leads_group)
    yield known, "leads: " + (f"{len(leads)} here" + (f" and the group {settings.slack_leads_group}" if settings.slack_leads_group else "") if known
                              else "nobody; run: triage role slack:TEAM:USER lead (doctor names the team below)")
    yield True, f"escalations go to {target}" if target else "escalations: no target is set; only the card shows them (triage escalate-to slack/CHANNEL)"


def _slack(settings: Settings) -> Iterator[Finding]:
    if not settings.slack_bot_token:
        yield False, "SLACK_BOT_TOKEN: is not set; create the app from manifest.json (docs/slack.md)"
        return
    if not settings.slack_bot_token.startswith("xoxb-"):
        yield False, "SLACK_BOT_TOKEN: is no bot token; it starts with xoxb- (OAuth & Permissions)"
    if settings.slack_app_token:
        yield settings.slack_app_token.startswith("xapp-"), "SLACK_APP_TOKEN: " + ("Socket Mode" if settings.slack_app_token.startswith("xapp-")
                                                                                  else "is no app-level token; it starts with xapp- (Basic Information, scope connections:write)")
    elif settings.slack_signing_secret:
        yield True, "SLACK_SIGNING_SECRET: signed HTTP (triage slack --port N; Slack's request URL ends in /slack/events)"
    else:
        yield False, "neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (signed HTTP) is set"
    calls = slack_calls_of(settings)
    try:
        answer = calls.client.api_call("auth.test", http_verb="GET")
        me = calls.call("auth.test")
    except (SendError, OSError) as error:
        yield False, f"Slack: the bot token is refused or Slack cannot be reached: {error}"
        return
    yield True, f"Slack: {me.get('team')} (team {me.get('team_id')}) as {me.get('user')} ({me.get('user_id')})"
    granted = {s.strip() for s in str(answer.headers.get("x-oauth-scopes", answer.headers.get("X-OAuth-Scopes", ""))).split(",") if s.strip()}
    wanted = [*SCOPES, *([GROUP_SCOPE] if settings.slack_agents_group or settings.slack_leads_group else [])]
    missing = [scope for scope in wanted if scope not in granted]
    yield not missing, "scopes: all granted" if not missing else f"scopes: missing {', '.join(missing)}; add them under OAuth & Permissions and install the app again"
    with desk_of(settings).look() as view:
        modes = view.people.settings("mode:slack/")
    if not modes:
        yield True, "no channel is switched on yet: /triage mode draft in a support channel"
    for channel, mode in modes.items():
        if mode != "off":
            try:
                info = calls.call("conversations.info", channel=channel).get("channel", {})
            except SendError as error:
                yield False, f"channel {channel} ({mode}): {error}"
                continue
            if not info.get("is_member"):
                yield False, f"channel {info.get('name', channel)} ({mode}): I am no member; type /invite @{me.get('user')} there"
            elif info.get("is_ext_shared"):
                yield False, f"channel {info.get('name', channel)} ({mode}): is shared with another company, so I stay silent; use an internal channel"
            else:
                yield True, f"channel {info.get('name', channel)}: {mode}"
