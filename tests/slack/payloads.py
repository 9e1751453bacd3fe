"""Payloads as Slack sends them, signed, for ``app.dispatch`` and for real HTTP."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any
from urllib.parse import urlencode

from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T1"
_numbers = itertools.count(1)


def event(inner: dict[str, Any], *, team: str = TEAM, event_id: str | None = None, **more: Any) -> dict[str, Any]:
    """An Events API body."""
    number = next(_numbers)
    return {
        "type": "event_callback",
        "team_id": team,
        "api_app_id": "A1",
        "event": inner,
        "event_id": event_id or f"Ev{number:08d}",
        "event_time": int(time.time()),
        "authorizations": [{"team_id": team, "user_id": "UBOT", "is_bot": True}],
        **more,
    }


def message(text: str, *, user: str = "U1", channel: str = "C1", ts: str | None = None, **more: Any) -> dict[str, Any]:
    """A message in a channel."""
    number = next(_numbers)
    return {
        "type": "message",
        "user": user,
        "text": text,
        "channel": channel,
        "channel_type": "channel",
        "ts": ts or f"{int(time.time())}.{number:06d}",
        **more,
    }


def click(
    action: str, card_id: str, seen: int, *, user: str = "U9", channel: str = "C1", team: str = TEAM
) -> dict[str, Any]:
    """A button of a card."""
    return {
        "type": "block_actions",
        "team": {"id": team},
        "user": {"id": user, "team_id": team},
        "channel": {"id": channel},
        "container": {"channel_id": channel},
        "trigger_id": f"trigger.{next(_numbers)}",
        "api_app_id": "A1",
        "token": "x",
        "response_url": "https://hooks.example/x",
        "actions": [
            {
                "type": "button",
                "action_id": f"card:{action}",
                "block_id": "b",
                "value": json.dumps({"card": card_id, "seen": seen}),
                "action_ts": "1.0",
            }
        ],
    }


def submit(kind: str, kept: dict[str, Any], values: dict[str, Any], *, user: str = "U9") -> dict[str, Any]:
    """A modal that was submitted. ``values``: block id -> state of its element."""
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "api_app_id": "A1",
        "token": "x",
        "trigger_id": f"trigger.{next(_numbers)}",
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": kind,
            "hash": str(next(_numbers)),
            "private_metadata": json.dumps(kept),
            "state": {"values": {block: {"value": state} for block, state in values.items()}},
            "blocks": [],
        },
    }


def shortcut(
    inner: dict[str, Any], *, user: str = "U9", response_url: str = "https://hooks.example/x"
) -> dict[str, Any]:
    """The message shortcut."""
    return {
        "type": "message_action",
        "callback_id": "triage_this",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "channel": {"id": inner["channel"]},
        "message": {k: v for k, v in inner.items() if k not in ("channel", "channel_type")},
        "message_ts": inner["ts"],
        "trigger_id": f"trigger.{next(_numbers)}",
        "response_url": response_url,
        "api_app_id": "A1",
        "token": "x",
    }


def command(text: str, *, user: str = "U9", channel: str = "C1", trigger: str | None = None) -> dict[str, str]:
    """The slash command's form."""
    return {
        "command": "/triage",
        "text": text,
        "user_id": user,
        "team_id": TEAM,
        "channel_id": channel,
        "trigger_id": trigger or f"trigger.{next(_numbers)}",
        "response_url": "https://hooks.example/x",
        "api_app_id": "A1",
        "token": "x",
    }


def signed(body: str, content_type: str, *, at: float | None = None, stamp: str | None = None) -> dict[str, str]:
    """Headers with Slack's signature over ``body``."""
    stamp = stamp if stamp is not None else str(int(at if at is not None else time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    return {"content-type": content_type, "x-slack-request-timestamp": stamp, "x-slack-signature": signature or ""}


def wire(payload: dict[str, Any]) -> tuple[str, str]:
    """(body, content type) as Slack posts it: JSON for events, a form for the rest."""
    if "command" in payload:
        return urlencode(payload), "application/x-www-form-urlencoded"
    if payload["type"] == "event_callback":
        return json.dumps(payload), "application/json"
    return urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"


def dispatch(app: App, payload: dict[str, Any]) -> BoltResponse:
    """Send a signed payload through the app."""
    body, content_type = wire(payload)
    headers: dict[str, Any] = {k: [v] for k, v in signed(body, content_type).items()}
    return app.dispatch(BoltRequest(body=body, headers=headers))
