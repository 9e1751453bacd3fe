"""Slack as an outlet: renders what a delivery names, sends it with its key, and finds it again by that key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from bot.adapters.slack import blocks as draw
from bot.adapters.slack.client import SlackCalls
from bot.adapters.slack.incidents import incident_blocks, incident_text
from bot.adapters.slack.lint import faults
from bot.adapters.slack.pictures import draw_report, name_with, upload_picture
from bot.adapters.slack.text import cut, escape, said
from bot.core.desk.incidents import Incident
from bot.core.desk.keys import token_of
from bot.core.desk.values import Card, Delivery, Found
from bot.errors import SendError, SendLater, SendPointless, SendRefused
from bot.ports import Desk

PAGES = 10
CLOCK_SLACK = timedelta(seconds=120)
"""How far Slack's clock and ours may be apart in a search."""


class SlackOutlet:
    """The port ``Outlet`` for Slack. Places are ``slack/CHANNEL``."""

    gap = timedelta(seconds=1.1)
    """Slack: about one message a second and channel; a little more, since what counts is when it arrives."""

    def __init__(self, calls: SlackCalls, desk: Desk) -> None:
        self._calls, self._desk = calls, desk
        self._kinds: dict[str, Callable[[Delivery], str]] = {
            "card": self._card,
            "card_update": self._card_update,
            "reply": self._reply,
            "react": self._react,
            "burst": self._burst,
            "burst_update": self._burst_update,
            "digest": self._digest,
            "watch": self._watch,
            "escalation": self._escalation,
            "alarm": self._alarm,
            "incident": self._incident,
            "incident_update": self._incident_update,
            "notice": self._alarm,
            "redact": self._redact,
            "report": self._report,
            "report_picture": self._report_picture,
        }

    def send(self, delivery: Delivery) -> str:
        """Post, update or react; returns the message's ts."""
        kind = self._kinds.get(delivery.send.kind)
        if kind is None:
            raise SendRefused(f"Slack: nobody knows how to send a {delivery.send.kind}")
        return kind(delivery)

    def find(self, delivery: Delivery) -> Found:
        """Look for the key in the metadata, or in the first block's id, of our messages since the delivery was
        written down."""
        thread = self._thread_of(delivery)
        method = "conversations.replies" if thread else "conversations.history"
        arguments: dict[str, Any] = {
            "channel": _channel(delivery.send.place),
            "include_all_metadata": True,
            "limit": 200,
            "oldest": f"{(delivery.created_at - CLOCK_SLACK).timestamp():.6f}",
            **({"ts": thread} if thread else {}),
        }
        token = token_of(delivery.send.key)
        try:
            for _ in range(PAGES):
                page = self._calls.call(method, **arguments)
                for message in page.get("messages", []):
                    if _carries(message, token):
                        return Found(str(message["ts"]))
                cursor = (page.get("response_metadata") or {}).get("next_cursor")
                if not page.get("has_more") or not cursor:
                    return Found(None)
                arguments["cursor"] = cursor
        except SendError as error:
            return Found(None, known=False, why=str(error))
        return Found(None, known=False, why="too many messages to look through")

    # -- kinds -------------------------------------------------------------------------------------------------

    def _card(self, delivery: Delivery) -> str:
        card = self._known(delivery)
        if card.state == "withdrawn":
            raise SendPointless("the card was withdrawn before it was posted")
        return self._post(delivery, draw.card_text(card), draw.card_blocks(card, self._reply_state(card)), card.thread)

    def _card_update(self, delivery: Delivery) -> str:
        card = self._known(delivery)
        if card.remote_id is None:
            raise SendPointless("the card is not posted; it will be drawn as it then is")
        return self._update(
            card.place,
            card.remote_id,
            f"card:{card.id}",
            draw.card_text(card),
            draw.card_blocks(card, self._reply_state(card)),
        )

    def _reply(self, delivery: Delivery) -> str:
        text = escape(str(delivery.send.payload["text"]), 30_000)
        return self._post(
            delivery, text[: cut(text, 2900)], draw.text_blocks(text), str(delivery.send.payload["thread"])
        )

    def _react(self, delivery: Delivery) -> str:
        payload = delivery.send.payload
        self._calls.call("reactions.add", channel=str(payload["channel"]), timestamp=str(payload["ts"]), name="eyes")
        return str(payload["ts"])

    def _burst(self, delivery: Delivery) -> str:
        with self._desk.look() as view:
            signature, count, since, _ = view.cases.burst_state(int(delivery.send.payload["burst"]))
        return self._post(
            delivery, f"{count} tickets since {since:%H:%M} UTC", draw.burst_blocks(signature, count, since), ""
        )

    def _burst_update(self, delivery: Delivery) -> str:
        number = int(delivery.send.payload["burst"])
        with self._desk.look() as view:
            signature, count, since, place = view.cases.burst_state(number)
            ts = view.queues.state_of(f"burst:{number}")[1]
        if ts is None:
            raise SendPointless("the burst is not posted yet")
        return self._update(
            place,
            ts,
            f"burst:{number}",
            f"{count} tickets since {since:%H:%M} UTC",
            draw.burst_blocks(signature, count, since),
        )

    def _digest(self, delivery: Delivery) -> str:
        with self._desk.look() as view:
            _, ts = view.queues.state_of(f"burst:{int(delivery.send.payload['burst'])}")
        if ts is None:
            raise SendLater("Slack: the burst's head is not posted yet", seconds=3)
        text = draw.digest_text([str(c) for c in delivery.send.payload["cases"]])
        return self._post(delivery, text[: cut(text, 2900)], draw.text_blocks(text), ts)

    def _watch(self, delivery: Delivery) -> str:
        text = draw.watch_text(
            [str(line) for line in delivery.send.payload["lines"]], str(delivery.send.payload["failed"])
        )
        return self._post(
            delivery, text[: cut(text, 2900)], draw.text_blocks(text), str(delivery.send.payload["thread"])
        )

    def _escalation(self, delivery: Delivery) -> str:
        payload = delivery.send.payload
        text = draw.escalation_text(
            self._known(delivery), str(payload["assignee"]), str(payload["reason"]), str(payload["by"])
        )
        return self._post(delivery, text[: cut(text, 2900)], draw.text_blocks(text), str(payload.get("thread", "")))

    def _incident(self, delivery: Delivery) -> str:
        text, blocks, _ = self._drawn_incident(delivery)
        return self._post(delivery, text, blocks, "")

    def _incident_update(self, delivery: Delivery) -> str:
        with self._desk.look() as view:
            state, ts = view.queues.state_of(f"incident:{int(delivery.send.payload['incident'])}")
        if state in ("sending", "unsure"):
            raise SendLater("Slack: the incident is just being posted", seconds=3)
        if ts is None:
            raise SendPointless("the incident is not posted; it will be drawn as it then is")
        text, blocks, incident = self._drawn_incident(delivery)
        return self._update(incident.place, ts, f"incident:{incident.number}", text, blocks)

    def _drawn_incident(self, delivery: Delivery) -> tuple[str, list[Block], Incident]:
        """(fallback text, blocks, itself) of an incident as it is now."""
        with self._desk.look() as view:
            number = int(delivery.send.payload["incident"])
            incident, grouped = view.incidents.incident(number), view.incidents.grouped(number)
        if incident is None:
            raise SendPointless("the incident is gone")
        return incident_text(incident), incident_blocks(incident, grouped), incident

    def _alarm(self, delivery: Delivery) -> str:
        text = said(str(delivery.send.payload["text"]))
        return self._post(delivery, text, draw.text_blocks(text), str(delivery.send.payload.get("thread", "")))

    def _report(self, delivery: Delivery) -> str:
        title, blocks = draw_report(delivery.send.payload)
        return self._post(delivery, title, blocks, "")

    def _report_picture(self, delivery: Delivery) -> str:
        thread = self._thread_of(delivery)
        if not thread:
            raise SendLater("Slack: the report itself is not posted yet", seconds=5)
        return upload_picture(
            self._calls, delivery.send.payload, _channel(delivery.send.place), thread, token_of(delivery.send.key)
        )

    def _redact(self, delivery: Delivery) -> str:
        """Take back what one of our messages said; one that is gone already needs nothing."""
        payload = delivery.send.payload
        place, ts, text = str(payload["channel"]), str(payload["ts"]), escape(str(payload["text"]))
        try:
            return self._update(place, ts, delivery.send.key, text, draw.text_blocks(text))
        except SendPointless as error:
            if "message_not_found" in str(error):
                raise
            # a workspace may forbid edits after some time; whether it also forbids a bot to delete its own message is
            # another setting
            try:
                self._calls.call("chat.delete", channel=_channel(place), ts=ts)
            except SendPointless as gone:
                raise SendRefused(f"neither changed nor deleted, so by hand: {place} {ts} ({gone})") from gone
            return ts

    # -- the calls -----------------------------------------------------------------------------------------------

    def _post(self, delivery: Delivery, text: str, blocks: Sequence[Block], thread: str) -> str:
        token = token_of(delivery.send.key)
        drawn = _drawn(blocks, token, text)
        answer = self._calls.call(
            "chat.postMessage",
            channel=_channel(delivery.send.place),
            thread_ts=thread or None,
            text=text,
            blocks=drawn,
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": "triage_delivery", "event_payload": {"key": token}},
        )
        return str(answer["ts"])

    def _update(self, place: str, ts: str, key: str, text: str, blocks: Sequence[Block]) -> str:
        token = token_of(key)
        self._calls.call(
            "chat.update",
            channel=_channel(place),
            ts=ts,
            text=text,
            blocks=_drawn(blocks, token, text),
            parse="none",
            link_names=False,
            metadata={"event_type": "triage_delivery", "event_payload": {"key": token}},
        )
        return ts

    def _known(self, delivery: Delivery) -> Card:
        with self._desk.look() as view:
            card = view.cases.card(str(delivery.send.payload["card"]))
        if card is None:
            raise SendPointless("the card is gone")
        return card

    def _reply_state(self, card: Card) -> str:
        with self._desk.look() as view:
            return view.queues.state_of(f"reply:{card.id}")[0]

    def _thread_of(self, delivery: Delivery) -> str:
        if delivery.send.kind == "card":
            with self._desk.look() as view:
                card = view.cases.card(str(delivery.send.payload["card"]))
            return card.thread if card else ""
        if delivery.send.kind == "digest":
            with self._desk.look() as view:
                return view.queues.state_of(f"burst:{int(delivery.send.payload['burst'])}")[1] or ""
        if delivery.send.kind == "report_picture":
            with self._desk.look() as view:
                return view.queues.state_of(str(delivery.send.payload["under"]))[1] or ""
        return str(delivery.send.payload.get("thread", ""))


def _channel(place: str) -> str:
    return place.removeprefix("slack/")


def _carries(message: dict[str, Any], token: str) -> bool:
    metadata = message.get("metadata") or {}
    if (metadata.get("event_payload") or {}).get("key") == token:
        return True
    if any(name_with(token) in str(file.get("name")) for file in message.get("files") or []):
        return True
    return any(block.get("block_id") == f"key|{token}" for block in message.get("blocks") or [])


def _drawn(blocks: Sequence[Block], token: str, text: str) -> list[dict[str, Any]]:
    try:
        drawn: list[dict[str, Any]] = [block.to_dict() for block in blocks]
    except SlackObjectFormationError as error:
        raise SendRefused(f"Slack would refuse these blocks: {error}") from error
    if drawn:
        drawn[0]["block_id"] = f"key|{token}"
    wrong = faults(drawn, text=text)
    if wrong:
        raise SendRefused("Slack would refuse these blocks: " + "; ".join(wrong[:3]))
    return drawn


def moment_of(ts: str) -> datetime | None:
    """When a message was written, from its ts; None where that is none."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None
