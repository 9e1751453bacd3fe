"""What somebody wrote, out of a message event: its text, or its blocks where there is none, what it shares, and
snippets.

Slack: the event ``message``, "Formatting text for app surfaces", the block ``rich_text``, the object ``file``
(``preview`` holds a snippet's beginning).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.slack.text import plain_of

MAX_DEPTH = 8
"""Lists within lists; Slack's own editor allows nine."""
MAX_PARTS = 2_000


def typed(event: Mapping[str, Any]) -> str:
    """The words of a message as its writer sees them; "" where it has none."""
    parts = [plain_of(str(event.get("text") or "")) or "".join(_words(event.get("blocks"), MAX_DEPTH))[:200_000]]
    for shared in _dicts(event.get("attachments")):
        # a message that was forwarded; other attachments are previews of links
        if shared.get("is_share") or shared.get("is_msg_unfurl"):
            parts.append(plain_of(str(shared.get("text") or shared.get("fallback") or "")))
    for file in _dicts(event.get("files")):
        if file.get("mode") == "snippet" or str(file.get("mimetype", "")).startswith("text/plain"):
            parts.append(str(file.get("preview") or ""))
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _words(value: object, depth: int) -> Iterator[str]:
    """The texts of rich text and of sections, a line for each paragraph."""
    for element in _dicts(value):
        kind = element.get("type")
        if kind == "text" or kind in ("mrkdwn", "plain_text"):
            yield str(element.get("text") or "")
        elif kind == "link":
            yield str(element.get("text") or element.get("url") or "")
        elif kind == "user":
            yield f"@{element.get('user_id', '')}"
        elif depth:
            yield from _words(element.get("elements"), depth - 1)
            if isinstance(element.get("text"), Mapping):
                yield from _words([element["text"]], depth - 1)
            yield "\n"


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value[:MAX_PARTS] if isinstance(one, Mapping)] if isinstance(value, list) else []
