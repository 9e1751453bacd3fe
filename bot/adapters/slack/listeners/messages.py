"""Messages, mentions and the shortcut "Triage this": tickets on their way to the door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from slack_bolt import Ack, App, Respond

from bot.adapters.slack.context import Edge
from bot.adapters.slack.listeners.commands import privately
from bot.adapters.slack.outlet import moment_of
from bot.adapters.slack.people import person_id
from bot.adapters.slack.typed import typed
from bot.core.desk.conversation import is_small_talk
from bot.core.desk.values import Amended, Inbound, Send
from bot.logs.event import rfc3339

GATHER_SECONDS = 180.0
"""Messages of one person within this time are one ticket."""
EYES_SECONDS = 60
MAX_FILES = 20
"""Of a message; they are only named: the bot has no scope to fetch them."""
_CHANGES = ("message_changed", "message_deleted")
_KINDS = (None, "file_share", "thread_broadcast", "me_message")
GREETED = "Hello. Paste a ticket or an error text here, or see what else I do: /triage help"
OUTSIDE = "I am not in this conversation, so this is for you alone; to have a card there, /invite me."
SHARED = "Another company reads along in this channel, so this is for you alone."
OFF = "I am off in this channel. A lead can switch me on: /triage mode draft"
NOT_YOU = "Sorry, tickets by message, mention or shortcut are for support agents; a lead can add you with /triage role"


def register(app: App, edge: Edge) -> None:
    """Hang the listeners on the app."""

    @app.event("message")
    def on_message(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("subtype") in _CHANGES:
            change(edge, event, body)
        else:
            # a mention comes as an event of its own besides
            take(edge, event, body, mentioned=_mentions_us(event, body), tells=_is_direct(event))

    @app.event("app_mention")
    def on_mention(event: dict[str, Any], body: dict[str, Any]) -> None:
        take(edge, event, body, mentioned=True)

    @app.shortcut("triage_this")
    def on_shortcut(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        channel, (person, role) = str(body["channel"]["id"]), edge.who(body)
        with edge.desk.look() as view:
            inside = view.people.setting(f"mode:slack/{channel}", "off") != "off"
        member, shared = edge.place(channel)
        if role == "none" or shared or not (inside or member):
            ack()
            if role == "none":
                edge.whisper_or_answer(channel if inside or member else "", person.rpartition(":")[2], respond, NOT_YOU)
            else:
                text, drawn = privately(edge, {**body, "text": typed(body["message"])}, person)
                edge.answer(respond, f"{SHARED if shared else OUTSIDE}\n{text}", drawn)
            return
        team, message = edge.team(body), {**body["message"], "channel": channel}
        known = edge.once("shortcut", body) and _show_again(edge, team, message)
        if not known:
            take(edge, message, {"team_id": team}, mentioned=True, allowed=True)
        ack()


def take(
    edge: Edge,
    event: Mapping[str, Any],
    body: Mapping[str, Any],
    *,
    mentioned: bool,
    allowed: bool = False,
    tells: bool = True,
) -> None:
    """Hand a message in, where it is a ticket of ours. ``allowed``: whoever asked for it is an agent. ``tells``: its
    writer hears why it is none.

    Raises StoreBusy: then Slack sends it again.
    """
    if body.get("is_ext_shared_channel") or event.get("is_ext_shared_channel"):
        return  # other companies read along there
    if event.get("subtype") not in (*_KINDS, *(("bot_message",) if allowed else ())) or event.get("hidden"):
        return
    mails = _mails(event)
    channel, ts, user = (
        str(event.get("channel") or ""),
        str(event.get("ts") or ""),
        str(event.get("user") or ("USLACKBOT" if mails else event.get("bot_id") or "")),
    )
    if (event.get("bot_id") and not mails and not allowed) or not user or not channel or moment_of(ts) is None:
        return
    team, direct = edge.team(body), _is_direct(event)
    explicit = mentioned or direct or allowed
    thread = str(event.get("thread_ts") or ts)
    conversation = f"slack:{team}:{channel}:{thread}"
    place = f"slack/{channel}"
    with edge.desk.look() as view:
        mode = view.people.setting(f"mode:{place}", "off")
        case_id = view.cases.belongs(conversation)
        case = view.cases.case(case_id) if case_id else None
    if thread != ts and not explicit and (case is None or case.author != person_id(team, user)):
        return  # people talk among themselves
    refused = None if allowed else _refused(edge, event, team, mode, explicit=explicit, known=case is not None)
    if refused is not None:
        if refused and tells:
            edge.whisper(channel, user, refused)
        return
    eyes = Send(
        f"eyes:{channel}:{ts}",
        "slack",
        "react",
        f"slack/reactions/{channel}",
        {"channel": channel, "ts": ts},
        conversation,
        priority=2,
        repeatable=True,
        expires_at=(now := _moment(ts)) and now + timedelta(seconds=EYES_SECONDS),
    )
    edge.door.accept(
        Inbound(
            "slack",
            f"{team}:{channel}:{ts}",
            conversation,
            _ticket(event, mails, ts),
            person_id(team, user),
            _moment(ts),
            place=place,
            thread=thread,
            gather=_gathering(team, channel, user) if thread == ts and not mails and not event.get("bot_id") else None,
            gather_seconds=GATHER_SECONDS,
            explicit=explicit,
            settle_seconds=0.0 if mails else edge.settle_seconds,
        ),
        [eyes],
    )


def change(edge: Edge, event: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """A message that its writer has edited or deleted: a ticket is read again as it now stands, and one that was
    none may have become one.

    Slack tells by the same event that a preview was added or a reply counted, and of a deleted message with replies
    that it became a "tombstone". Raises StoreBusy: then Slack sends it again.
    """
    now, before = (
        value if isinstance(value := event.get(name), Mapping) else {} for name in ("message", "previous_message")
    )
    gone = event.get("subtype") == "message_deleted" or now.get("subtype") == "tombstone"
    message = before if gone else now
    channel, ts = (
        str(event.get("channel") or ""),
        str(event.get("deleted_ts") or now.get("ts") or message.get("ts") or ""),
    )
    written = moment_of(ts)
    if body.get("is_ext_shared_channel") or not channel or written is None:
        return
    if (
        not gone
        and before
        and typed(now) == typed(before)
        and len(now.get("files") or ()) == len(before.get("files") or ())
    ):
        return
    team = edge.team(body)
    edited = str((now.get("edited") or {}).get("ts") or event.get("event_ts") or event.get("ts"))
    user = str(message.get("user") or "")
    told = edge.door.amend(
        Amended(
            "slack",
            f"{team}:{channel}:{ts}",
            f"{team}:{channel}:{ts}:{'deleted' if gone else edited}",
            None if gone else _ticket(now, _mails(now), ts),
            gather=_gathering(team, channel, user) if user else None,
            settle_seconds=edge.settle_seconds,
        )
    )
    changed = moment_of(edited)
    if not told and not gone and changed is not None and (changed - written).total_seconds() <= GATHER_SECONDS:
        take(
            edge,
            {**now, "channel": channel, "channel_type": event.get("channel_type")},
            body,
            mentioned=_mentions_us(now, body),
            tells=False,
        )


def _gathering(team: str, channel: str, user: str) -> str:
    """Where what one person writes within minutes comes together."""
    return f"slack:{team}:{channel}:by:{user}"


def _mails(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Mails that were forwarded into the channel."""
    return [f for f in event.get("files") or [] if f.get("filetype") == "email" or f.get("mode") == "email"]


def _refused(edge: Edge, event: Mapping[str, Any], team: str, mode: str, *, explicit: bool, known: bool) -> str | None:
    """Why a message is no ticket, in words for its writer ("": nobody needs to be told); None: it is one."""
    if (
        not event.get("files")
        and not event.get("attachments")
        and is_small_talk(str(event.get("text") or "") or typed(event))
    ):
        return GREETED if explicit and not known else ""
    if known:
        return None
    if explicit and mode == "off" and edge.people.role(team, str(event.get("user"))) == "none":
        return NOT_YOU
    if mode == "off" and not _is_direct(event):
        return OFF if explicit else ""
    return None


def _is_direct(event: Mapping[str, Any]) -> bool:
    """A conversation with us alone: its id begins with D (Slack: Conversations API), and not every event names its
    kind."""
    return event.get("channel_type") == "im" or str(event.get("channel") or "").startswith("D")


def _show_again(edge: Edge, team: str, message: Mapping[str, Any]) -> bool:
    """Post the card of a ticket that was gathered with others and has none of its own yet; False where the message
    is no ticket so far."""
    conversation = f"slack:{team}:{message['channel']}:{message.get('thread_ts') or message['ts']}"
    with edge.desk.step("slack.show_card") as step:
        case_id = step.cases.belongs(conversation)
        case = step.cases.case(case_id) if case_id else None
        if case is None:
            return False
        card = step.cases.card(f"{case.id}#{case.round}")
        if card is None:  # it was held to be none of ours, and somebody asks for it by name
            step.cases.ask_for(case.id)
            step.queues.schedule(f"triage:{case.id}:{case.version}:asked", "triage", case.id, {"version": case.version})
            return True
        step.queues.send(
            Send(f"card:{card.id}", card.outlet, "card", card.place, {"card": card.id}, card.case_id, priority=2)
        )
    return True


def _ticket(event: Mapping[str, Any], mails: list[Mapping[str, Any]], ts: str) -> dict[str, Any]:
    """The contract's ticket. A forwarded mail is the ticket, and its sender the requester; what was written above it
    stays out of headers."""
    moment = rfc3339(_moment(ts))
    if mails:
        mail = mails[0]
        sender = next((str(f.get("address")) for f in mail.get("from") or [] if f.get("address")), None)
        return {
            "subject": str(mail.get("subject") or mail.get("title") or ""),
            "body": str(mail.get("plain_text") or mail.get("preview_plain_text") or ""),
            "requester": sender,
            "channel": "slack",
            "received_at": moment,
        }
    files = [
        {"name": str(f.get("name") or f.get("title") or ""), "content_type": str(f.get("mimetype") or "")}
        for f in event.get("files") or []
    ]
    return {
        "body": typed(event),
        "channel": "slack",
        "received_at": moment,
        **({"attachments": files[:MAX_FILES]} if files else {}),
    }


def _moment(ts: str) -> Any:
    moment = moment_of(ts)
    assert moment is not None, f"Slack: {ts}: is no timestamp"
    return moment


def _mentions_us(event: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    bots = {str(a.get("user_id")) for a in body.get("authorizations") or [] if a.get("is_bot")}
    return any(f"<@{bot}>" in str(event.get("text") or "") for bot in bots)
