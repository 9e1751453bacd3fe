"""Cards and other messages as blocks: pure functions of what they show. All foreign text passes :func:`escape`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.adapters.slack.text import cut, escape, mention, message_link
from bot.core.desk.card import CardContent
from bot.core.desk.rules import button_actions
from bot.core.desk.values import Card

LABELS = {
    "send": "Send",
    "edit": "Edit and send",
    "other_check": "Wrong check",
    "ask": "Ask",
    "not_ours": "Not ours",
    "escalate": "Escalate",
    "retry": "Try again",
    "show_all": "All evidence",
    "show_lines": "Show log lines",
    "test_now": "Test now",
    "copy": "Copy",
}
DECIDED = {"send": "Sent", "edit": "Edited and sent", "not_ours": "Marked as not ours", "escalate": "Escalated"}
DRAFT_SHOWN = 2400
_CONFIDENCE = {"confirmed": "CONFIRMED", "likely": "LIKELY", "guess": "GUESS", "unknown": "UNKNOWN"}


def card_blocks(card: Card, reply_state: str = "") -> list[Block]:
    """A card as agents see it: what, who, the deciding lines, what speaks against, the draft, and buttons while it
    is undecided."""
    content = card.content
    blocks: list[Block] = [HeaderBlock(text=_plain(headline(content), 150))]
    if content.who:
        blocks.append(
            mrkdwn(
                f"*{escape(content.who, 500, line=True)}*"
                + (f"\n{escape(content.client, 200, line=True)}" if content.client else "")
            )
        )
    lines = [escape(line, 400, line=True) for line in content.deciding]
    if content.because:
        lines.append("Because: " + escape("; ".join(content.because), 500, line=True))
    if content.against:
        lines.append("Against: " + escape("; ".join(content.against), 500, line=True))
    if lines:
        blocks.append(mrkdwn("\n".join(lines)))
    footer = " · ".join(
        escape(part, 300, line=True) for part in (content.ignored, content.coverage, content.summary) if part
    )
    if footer:
        blocks.append(ContextBlock(elements=[verbatim(footer)]))
    if content.draft and card.mode != "note":
        blocks += [
            DividerBlock(),
            ContextBlock(elements=[verbatim("Draft for the customer")]),
            mrkdwn(escape(content.draft, DRAFT_SHOWN)),
        ]
        if len(content.draft) > DRAFT_SHOWN:
            blocks.append(ContextBlock(elements=[verbatim("The draft goes on: *Copy* shows the whole.")]))
    if content.by_itself:
        blocks.append(ContextBlock(elements=[verbatim(escape(content.by_itself, 300, line=True))]))
    blocks += _state(card, reply_state)
    buttons = [_button(card, action) for action in button_actions(card.state, card.mode, bool(content.draft))]
    for start in range(0, len(buttons), 5):
        blocks.append(ActionsBlock(elements=list(buttons[start : start + 5]), block_id=f"buttons{start}"))
    return [block for block in blocks if not _is_empty(block)]


def _is_empty(block: Block) -> bool:
    """True for a text of which nothing is left once what cannot be seen is taken off: Slack refuses the whole card."""
    if isinstance(block, SectionBlock):
        return not (block.text and block.text.text.strip())
    if isinstance(block, ContextBlock):
        return not any(str(getattr(part, "text", "")).strip() for part in block.elements)
    return False


def headline(content: CardContent) -> str:
    """Cause and confidence in words."""
    if content.verdict == "none" or not content.cause:
        return content.title
    advice = {"ask": " · ask first", "escalate": " · for a human"}.get(content.verdict, "")
    sure = "CHOSEN BY AN AGENT" if content.by_agent else _CONFIDENCE.get(content.confidence, "UNKNOWN")
    return f"{content.title} · {sure}{advice}"


def card_text(card: Card) -> str:
    """The fallback text: what a notification shows."""
    return escape(headline(card.content), 300, line=True)


def _state(card: Card, reply_state: str) -> list[Block]:
    if card.state == "rewriting":
        return [ContextBlock(elements=[verbatim("_The draft is being rewritten._")])]
    if card.state == "withdrawn":
        return [ContextBlock(elements=[verbatim("_Draft withdrawn: " + escape(card.detail, 300, line=True) + "_")])]
    if card.state == "failed":
        return [mrkdwn(":warning: Our triage of this ticket failed: " + escape(card.detail, 500, line=True))]
    if card.state == "answered":
        return [mrkdwn("*Answered without a click.* If that was wrong, choose another check: it costs me trust.")]
    if card.state != "decided" or card.decision is None:
        return []
    when = f" at {card.decided_at:%d %b %H:%M} UTC" if card.decided_at else ""
    told = f"*{DECIDED.get(card.decision, 'Decided')}*{f' to {mention(card.assignee)}' if card.assignee else ''} by {mention(card.decided_by or '')}{when}"
    if card.decision in ("send", "edit"):
        told += {
            "queued": " (on its way)",
            "sending": " (on its way)",
            "unsure": " (being checked)",
            "parked": " :warning: *not sent*: see `triage deliveries`",
        }.get(reply_state, "")
    if card.detail:
        told += ": " + escape(card.detail, 500, line=True)
    return [mrkdwn(told)]


def _button(card: Card, action: str) -> ButtonElement:
    style = {"send": "primary", "retry": "primary"}.get(action)
    return ButtonElement(
        text=LABELS[action], action_id=f"card:{action}", value=card_value(card.id, card.revision), style=style
    )


def card_value(card_id: str, revision: int) -> str:
    """What a button carries: the card, and the revision that its reader saw."""
    return json.dumps({"card": card_id, "seen": revision})


def burst_blocks(signature: str, count: int, since: datetime) -> list[Block]:
    """The head of a burst's thread, with its counter."""
    what = (
        "many tickets of different kinds"
        if signature.startswith("* ")
        else escape(signature.replace("_", " "), 200, line=True)
    )
    return [
        mrkdwn(
            f":ocean: *{count} tickets* since {since:%H:%M} UTC: {what}\nEach is kept; the thread lists those without a card of their own."
        )
    ]


def digest_text(case_ids: Sequence[str]) -> str:
    """The tickets that a burst has gathered, as links."""
    return "Also: " + ", ".join(message_link(c) for c in case_ids)


def text_blocks(text: str) -> list[Block]:
    """A long text that is escaped already as sections of at most 3000 characters, cut at line ends where there are
    any."""
    parts: list[str] = []
    rest = text
    while len(rest) > 2900:
        at = cut(rest, 2900)
        parts.append(rest[:at])
        rest = rest[at:].lstrip("\n")
    sections: list[Block] = [mrkdwn(part) for part in [*parts, rest] if part.strip()]
    return sections[:45]


def watch_text(lines: Sequence[str], failed: str) -> str:
    """What arrived while the customer tried again."""
    if lines:
        return "*Test now:*\n" + "\n".join(escape(line, 300, line=True) for line in lines)
    if failed:
        return "*Test now:* the logs could not be searched: " + escape(failed, 300, line=True)
    return "*Test now:* nothing of this mailbox reached the servers within five minutes."


def escalation_text(card: Card, assignee: str, reason: str, by: str) -> str:
    """The message to whoever takes over."""
    whom = f"{mention(assignee)}: " if assignee else ""
    return f"{whom}{mention(by)} escalates a {message_link(card.case_id)}: {escape(headline(card.content), 300, line=True)}\n{escape(reason, 1500)}"


def _plain(text: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=escape(text, limit, line=True) or "-", emoji=False)


def mrkdwn(text: str) -> SectionBlock:
    """A paragraph of text that is escaped already, within Slack's limit."""
    return SectionBlock(text=verbatim(text[: cut(text, 3000)]))


def verbatim(text: str) -> MarkdownTextObject:
    """Escaped text in which Slack makes no links of its own."""
    return MarkdownTextObject(text=text, verbatim=True)
