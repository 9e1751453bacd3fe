"""The weekly report in Slack: its blocks, and its picture by the upload in three steps (Slack:
files.getUploadURLExternal).

Until the last step nothing of a file can be seen, so whatever fails before it may be done again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, MarkdownTextObject, PlainTextObject

from bot.adapters.slack.blocks import mrkdwn
from bot.adapters.slack.client import TIMEOUT_SECONDS, SlackCalls
from bot.adapters.slack.text import escape
from bot.errors import SendLater, SendRefused, SendUnsure


def draw_report(payload: Mapping[str, Any]) -> tuple[str, list[Block]]:
    """(fallback text, blocks): the headline, the leading causes, and where the rest is."""
    title = escape(str(payload["title"]), 150, line=True)
    blocks: list[Block] = [HeaderBlock(text=PlainTextObject(text=str(payload["title"])[:150]))]
    lines = [escape(str(line), 300, line=True) for line in payload["lines"]][:9]
    blocks += [mrkdwn("\n".join(lines)[:2900])] if lines else []
    ranked = [escape(str(line), 250, line=True) for line in payload["table"]][:8]
    blocks += [mrkdwn("\n".join(f"{place}. {line}" for place, line in enumerate(ranked, 1))[:2900])] if ranked else []
    where = "The chart is in the thread. " if payload.get("charted", True) else ""
    blocks.append(ContextBlock(elements=[MarkdownTextObject(text=f"{where}The whole page: `triage report`")]))
    return title, blocks


def name_with(token: str) -> str:
    """The part of a file's name by which it is found again."""
    return f"-{token[:16]}.png"


def upload_picture(calls: SlackCalls, payload: Mapping[str, Any], channel: str, thread: str, token: str) -> str:
    """Upload a picture and share it in a thread; returns the file's id. Raises SendLater, SendRefused, SendUnsure."""
    data = base64.b64decode(str(payload["png"]))
    try:
        place = calls.call(
            "files.getUploadURLExternal",
            filename=f"{payload['name']}{name_with(token)}",
            length=len(data),
            alt_txt=str(payload["title"])[:900],
        )
    except SendUnsure as error:
        raise SendLater(str(error), seconds=5) from error
    url, file = str(place.get("upload_url", "")), str(place.get("file_id", ""))
    if not file or not _trusted(url, calls.client.base_url):
        raise SendRefused("Slack files.getUploadURLExternal: gave no address to upload to")
    try:
        answer = httpx.post(
            url,
            content=data,
            headers={"Content-Type": "application/octet-stream"},
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
    except httpx.HTTPError as error:
        raise SendLater(f"Slack upload: {type(error).__name__}", seconds=5) from error
    if answer.status_code != 200:
        raise SendLater(f"Slack upload: answered {answer.status_code}", seconds=10)
    calls.call(
        "files.completeUploadExternal",
        files=json.dumps([{"id": file, "title": str(payload["title"])[:250]}]),
        channel_id=channel,
        thread_ts=thread,
    )
    return file


def _trusted(url: str, base: str) -> bool:
    """HTTPS, or the very server that we talk to (another than Slack's, in tests)."""
    given, ours = urlsplit(url), urlsplit(base)
    return given.scheme == "https" or (given.scheme, given.netloc) == (ours.scheme, ours.netloc)
