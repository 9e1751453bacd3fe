"""``triage doctor``: what is set, what it means, and what is wrong with it; each fault with what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.adapters.helpdesk.vendors import helpdesk_of, vendor_of
from bot.adapters.logstore.native import library as native
from bot.answer import BREAKER
from bot.bootstrap import desk_of, log_store_of
from bot.bootstrap_desk import attachment_reader_of, slack_calls_of
from bot.errors import SendError, SettingsError, StoreMissing, TriageError
from bot.logs.event import rfc3339
from bot.settings import Settings, read_settings

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "chat:write",
    "commands",
    "groups:history",
    "im:history",
    "reactions:write",
    "channels:read",
    "groups:read",
)
GROUP_SCOPE = "usergroups:read"
REPORT_SCOPE = "files:write"
"""For the report's picture."""
Finding = tuple[bool, str]


def run() -> None:
    """Print all findings; status 1 where one is a fault."""
    settings = read_settings()
    findings = [
        *_database(settings),
        *_automatic(settings),
        *_logs(settings),
        (True, f"logs: {native.state()}"),
        *_slack(settings),
        *_helpdesk(settings),
        *_mailbox(settings),
    ]
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
    # a helpdesk's own staff decide there without a role here
    known = bool(leads or settings.slack_leads_group or settings.helpdesk_kind or settings.mailbox)
    yield (
        known,
        "leads: "
        + (
            f"{len(leads)} here"
            + (f" and the group {settings.slack_leads_group}" if settings.slack_leads_group else "")
            if known
            else "nobody; run: triage role slack:TEAM:USER lead (doctor names the team below)"
        ),
    )
    yield (
        True,
        f"escalations go to {target}"
        if target
        else "escalations: no target is set; only the card shows them (triage escalate-to slack/CHANNEL)",
    )


def _logs(settings: Settings) -> Iterator[Finding]:
    try:
        store = log_store_of(settings)
        store.check()
        hosts = store.status()
    except StoreMissing as error:
        yield True, f"log store: {error}"
    except TriageError as error:
        yield False, f"log store: {error}"
    else:
        newest = max((one.last for one in hosts), default=None)
        covered = (
            f"{len({one.host for one in hosts})} hosts, the newest line of {rfc3339(newest)}"
            if newest
            else "it holds no line of a mail server yet"
        )
        yield True, f"log store: {store.name}: {covered}"


def _helpdesk(settings: Settings) -> Iterator[Finding]:
    try:
        helpdesk = helpdesk_of(settings)
        vendor = vendor_of(settings)
    except SettingsError as error:
        yield False, str(error)
        return
    if helpdesk is None or vendor is None:
        yield True, "helpdesk: none is set (HELPDESK_KIND; docs/helpdesks.md)"
        return
    yield from helpdesk.check()
    if vendor.scheme is None:
        yield (
            True,
            f"{helpdesk.name} has no webhooks; it is asked every {settings.helpdesk_poll_seconds or vendor.every} s",
        )
    elif settings.helpdesk_webhook_secrets:
        yield True, f"webhooks: POST /webhooks/{helpdesk.name} (triage web), signed in {vendor.scheme.header}"
    else:
        yield (
            True,
            f"HELPDESK_WEBHOOK_SECRET: is not set: no webhooks; it is asked every {settings.helpdesk_poll_seconds or vendor.every} s",
        )
    url = settings.helpdesk_url or ""
    if url.startswith("http://") and not url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]")):
        yield (
            False,
            "HELPDESK_URL: http:// to another machine shows the token and the tickets to the network between; use https://",
        )


def _mailbox(settings: Settings) -> Iterator[Finding]:
    ocr = attachment_reader_of(settings).ocr
    yield (
        True,
        f"pictures: read by {ocr.name}"
        if ocr
        else "pictures: only named; install tesseract-ocr, or this program with [ocr]",
    )
    if settings.mailbox is not None:
        from bot.adapters.mailbox.checks import findings

        yield from findings(settings.mailbox)


def _automatic(settings: Settings) -> Iterator[Finding]:
    """What answers without a click (docs/automatic-answers.md); nothing is said where nothing does."""
    try:
        with desk_of(settings).look() as view:
            auto = [name for name, mode in view.people.settings("mode:").items() if mode == "auto"]
            tripped, paused, target = (
                view.people.setting(BREAKER),
                view.people.setting("pause") == "on",
                view.people.setting("escalate-to"),
            )
    except TriageError:
        return  # said already
    if paused:
        yield True, "paused: nothing is sent that nobody clicked (triage resume)"
    if tripped:
        yield (
            False,
            f"the breaker has tripped at {tripped}: nothing is answered without a click until a lead says: triage resume",
        )
    if not auto:
        return
    yield True, f"answered without a click: {', '.join(auto)}"
    yield (
        bool(settings.own_addresses),
        "OWN_ADDRESSES: "
        + (
            ", ".join(settings.own_addresses)
            or "is not set; name your desk's addresses, so that no machine of yours answers them"
        ),
    )
    yield (
        True,
        "AUTHSERV_ID: "
        + (
            ", ".join(settings.authserv_ids)
            or "is not set: everybody who writes by mail is unverified and reads no fact"
        ),
    )
    yield (
        bool(target),
        f"the breaker tells {target}"
        if target
        else "the breaker has nobody to tell; run: triage escalate-to slack/CHANNEL",
    )


def _slack(settings: Settings) -> Iterator[Finding]:
    if not settings.slack_bot_token and settings.mailbox is not None:
        return
    if not settings.slack_bot_token:
        yield (
            settings.helpdesk_kind is not None,
            "SLACK_BOT_TOKEN: is not set; create the app from manifest.json (docs/slack.md)",
        )
        return
    if not settings.slack_bot_token.startswith("xoxb-"):
        yield False, "SLACK_BOT_TOKEN: is no bot token; it starts with xoxb- (OAuth & Permissions)"
    if settings.slack_app_token:
        yield (
            settings.slack_app_token.startswith("xapp-"),
            "SLACK_APP_TOKEN: "
            + (
                "Socket Mode"
                if settings.slack_app_token.startswith("xapp-")
                else "is no app-level token; it starts with xapp- (Basic Information, scope connections:write)"
            ),
        )
    elif settings.slack_signing_secret:
        yield (
            True,
            "SLACK_SIGNING_SECRET: signed HTTP (triage slack --port N; Slack's request URL ends in /slack/events)",
        )
    else:
        yield False, "neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (signed HTTP) is set"
    calls = slack_calls_of(settings)
    try:
        me = calls.call("auth.test")
        answer = calls.client.api_call("auth.test", http_verb="GET")
    except (SendError, OSError) as error:
        yield False, f"Slack: the bot token is refused or Slack cannot be reached: {error}"
        return
    if settings.slack_app_token:
        try:
            calls.client.api_call("apps.connections.open", http_verb="POST", params={"token": settings.slack_app_token})
        except SlackApiError as error:
            yield (
                False,
                f"SLACK_APP_TOKEN: Slack refuses it ({error.response.get('error')}); make a new one (Basic Information, scope connections:write)",
            )
        except (OSError, SlackClientError) as error:
            yield False, f"Slack apps.connections.open: cannot be reached: {error}"
    yield True, f"Slack: {me.get('team')} (team {me.get('team_id')}) as {me.get('user')} ({me.get('user_id')})"
    granted = {
        s.strip()
        for s in str(answer.headers.get("x-oauth-scopes", answer.headers.get("X-OAuth-Scopes", ""))).split(",")
        if s.strip()
    }
    wanted = [
        *SCOPES,
        *([GROUP_SCOPE] if settings.slack_agents_group or settings.slack_leads_group else []),
        *([REPORT_SCOPE] if any(p.startswith("slack/") for p in settings.report_to) else []),
    ]
    missing = [scope for scope in wanted if scope not in granted]
    yield (
        not missing,
        "scopes: all granted"
        if not missing
        else f"scopes: missing {', '.join(missing)}; add them under OAuth & Permissions and install the app again",
    )
    with desk_of(settings).look() as view:
        modes = view.people.settings("mode:slack/")
    if not modes:
        yield True, "no channel is switched on yet: /triage mode draft in a support channel"
    for channel, mode in modes.items():
        if mode != "off" and "#" not in channel:
            try:
                info = calls.call("conversations.info", channel=channel).get("channel", {})
            except SendError as error:
                yield False, f"channel {channel} ({mode}): {error}"
                continue
            if not info.get("is_member"):
                yield (
                    False,
                    f"channel {info.get('name', channel)} ({mode}): I am no member; type /invite @{me.get('user')} there",
                )
            elif info.get("is_ext_shared"):
                yield (
                    False,
                    f"channel {info.get('name', channel)} ({mode}): is shared with another company, so I stay silent; use an internal channel",
                )
            else:
                yield True, f"channel {info.get('name', channel)}: {mode}"
