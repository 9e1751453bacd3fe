"""An incident in Slack: its message with what is common, its tickets and the agreed text; the modals for that text.
Pure; foreign text passes escape."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    PlainTextObject,
)

from bot.adapters.slack.blocks import mrkdwn, verbatim
from bot.adapters.slack.modals import MAX_INPUT, input_block, section
from bot.adapters.slack.text import cut, escape, mention, message_link
from bot.core.desk.incidents import Grouped, Incident, incident_actions

LABELS: Final = {"agree": "Agree a text", "answer": "Answer all", "release": "Release the drafts", "close": "Close"}
_SURE: Final = {
    "release": "Each held ticket gets its own card, and no more are held back. The incident stays open.",
    "close": "The incident ends without an answer for all; each held ticket gets its own card.",
}
_NOW: Final = {"shown": "has its card", "held": "held back", "released": "has its card", "answered": "answered"}
LISTED: Final = 20
TEXT_SHOWN: Final = 2400


def incident_blocks(incident: Incident, grouped: Sequence[Grouped]) -> list[Block]:
    """The message: what is common, how the tickets stand, the agreed text, who ended it, and buttons while it is
    open."""
    blocks: list[Block] = [
        HeaderBlock(text=_plain(f"Incident {incident.number}{'' if incident.state == 'open' else ', over'}")),
        mrkdwn(escape(incident.said, 1500, line=True)),
    ]
    blocks.append(mrkdwn(_tickets(incident, grouped)))
    if incident.text:
        by = f" (agreed by {mention(incident.agreed_by)})" if incident.agreed_by else ""
        blocks += [DividerBlock(), mrkdwn(f"*Answer for all*{by}"), mrkdwn(escape(incident.text, TEXT_SHOWN))]
        if len(incident.text) > TEXT_SHOWN:
            blocks.append(ContextBlock(elements=[verbatim("The text goes on; the page shows the whole.")]))
    if incident.state != "open":
        when = f" at {incident.closed_at:%d %b %H:%M} UTC" if incident.closed_at else ""
        blocks.append(mrkdwn(f"*Closed*{when}: {mention(incident.closed_by)}"))
    elif buttons := [_button(incident, action) for action in incident_actions(incident)]:
        blocks.append(ActionsBlock(elements=list(buttons), block_id="incident"))
    return blocks


def incident_text(incident: Incident) -> str:
    """The fallback text: what a notification shows."""
    return escape(f"Incident {incident.number}: {incident.said}", 1500, line=True)


def text_view(incident: Incident, action: str, kept: str) -> dict[str, Any]:
    """The modal in which a text is agreed, or sent to all: what stands in it is what all get.

    A text that is longer than Slack's fields (the page takes more) is shown and not edited; it is then sent as it
    was agreed.
    """
    title, submit = ("Agree a text", "Agree") if action == "agree" else ("Answer all", "Send to all")
    told = (
        "Nothing is sent yet."
        if action == "agree"
        else "Every ticket of the incident whose card is undecided gets exactly this, and the incident ends."
    )
    blocks: list[dict[str, Any]] = [section(escape(incident.said, 1500, line=True)), section(told)]
    shown = escape(incident.text, 40_000)
    if action == "answer" and len(shown) > MAX_INPUT:
        while shown:
            at = cut(shown, 2900)
            blocks.append(section(shown[:at]))
            shown = shown[at:].lstrip("\n")
    else:
        element: dict[str, Any] = {"type": "plain_text_input", "multiline": True, "max_length": MAX_INPUT}
        if shown and len(shown) <= MAX_INPUT:
            element["initial_value"] = shown
        blocks.append(input_block("text", "Reply to all these customers", element))
    return {
        "type": "modal",
        "callback_id": f"incident_{action}",
        "private_metadata": kept,
        "blocks": blocks[:100],
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": submit},
        "close": {"type": "plain_text", "text": "Back"},
    }


def _tickets(incident: Incident, grouped: Sequence[Grouped]) -> str:
    if not grouped:
        return "No tickets yet." + (" Those that come are held back." if incident.holding else "")
    counts = Counter(_NOW[g.state] for g in grouped)
    held_first = sorted(grouped, key=lambda g: (g.state != "held", g.case_id))
    listed = ", ".join(message_link(g.case_id) for g in held_first[:LISTED]) + (
        f" and {len(grouped) - LISTED} more" if len(grouped) > LISTED else ""
    )
    return f"*Tickets: {len(grouped)}* ({', '.join(f'{count} {what}' for what, count in counts.items())})\n{listed}"


def _button(incident: Incident, action: str) -> ButtonElement:
    confirm = None
    if action in _SURE:
        confirm = ConfirmObject(
            title=_plain(LABELS[action] + "?"), text=_plain(_SURE[action]), confirm=_plain("Yes"), deny=_plain("Back")
        )
    style = "primary" if action == ("answer" if incident.text else "agree") else None
    label = "Change the text" if action == "agree" and incident.text else LABELS[action]
    return ButtonElement(
        text=label,
        action_id=f"incident:{action}",
        value=json.dumps({"incident": incident.number, "seen": incident.revision}),
        style=style,
        confirm=confirm,
    )


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
