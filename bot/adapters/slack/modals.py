"""Modals and the home page: pure functions of what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.adapters.slack.blocks import headline
from bot.adapters.slack.text import channel_link, escape, mention, message_link
from bot.core.desk.card import age
from bot.core.desk.values import Card

MAX_INPUT = 3000
MINE_SHOWN = 20
QUEUE_SHOWN = 30


def _view(
    kind: str, title: str, blocks: list[dict[str, Any]], *, submit: str | None = None, kept: str = ""
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": kind,
        "title": {"type": "plain_text", "text": title},
        "blocks": blocks,
        "private_metadata": kept,
        "close": {"type": "plain_text", "text": "Close"},
    }
    if submit:
        view["submit"] = {"type": "plain_text", "text": submit}
    return view


def input_block(block_id: str, label: str, element: dict[str, Any], *, optional: bool = False) -> dict[str, Any]:
    """A field to fill in, known by ``block_id``."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label},
        "element": {"action_id": "value", **element},
        "optional": optional,
    }


def section(text: str) -> dict[str, Any]:
    """A paragraph of escaped text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def edit_view(card: Card, kept: str) -> dict[str, Any]:
    """Edit the draft, then send it."""
    draft = escape(card.content.draft, MAX_INPUT)
    element = {
        "type": "plain_text_input",
        "multiline": True,
        "max_length": MAX_INPUT,
        **({"initial_value": draft} if draft else {}),
    }
    return _view(
        "edit", "Edit and send", [input_block("text", "Reply to the customer", element)], submit="Send", kept=kept
    )


def check_view(causes: Sequence[tuple[str, str]], kept: str) -> dict[str, Any]:
    """Choose another check or cause: (id, title) each."""
    options = [
        {"text": {"type": "plain_text", "text": escape(title, 75, line=True) or "-"}, "value": cause}
        for cause, title in causes
    ][:100]
    return _view(
        "other_check",
        "Another check",
        [input_block("cause", "What is it really?", {"type": "static_select", "options": options})],
        submit="Rewrite",
        kept=kept,
    )


def escalate_view(kept: str) -> dict[str, Any]:
    """Who takes over, and why."""
    return _view(
        "escalate",
        "Escalate",
        [
            input_block("assignee", "To whom", {"type": "users_select"}, optional=True),
            input_block("reason", "Why", {"type": "plain_text_input", "multiline": True, "max_length": 1000}),
        ],
        submit="Escalate",
        kept=kept,
    )


def evidence_view(card: Card) -> dict[str, Any]:
    """Rivals and all evidence."""
    return _view("evidence", "All evidence", _paragraphs([headline(card.content), *card.content.evidence]))


def copy_view(card: Card) -> dict[str, Any]:
    """The whole draft, in a field from which it can be copied. Slack wants a button to submit wherever there is a
    field."""
    draft = card.content.draft
    parts = [draft[i : i + 2500] for i in range(0, len(draft), 2500)] or ["There is no draft."]
    return _view(
        "copy",
        "Copy",
        [
            input_block(
                f"text{n}",
                "Draft" if n == 0 else "and on",
                {"type": "plain_text_input", "multiline": True, "initial_value": escape(part, MAX_INPUT)},
                optional=True,
            )
            for n, part in enumerate(parts[:10])
        ],
        submit="Done",
    )


def search_view(found: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Search past triages; with ``found``, the answers below the field."""
    blocks = [
        input_block("words", "Mailbox, cause or words of the ticket", {"type": "plain_text_input", "max_length": 200})
    ]
    if found is not None:
        blocks += [
            section(
                f"{escape(str(f['when']), 40, line=True)} · {escape(str(f['mailbox'] or 'mailbox unknown'), 100, line=True)} · "
                f"{escape(str(f['cause'] or 'no cause'), 100, line=True)}, {escape(str(f['confidence']), 20)} · {message_link(str(f['case']))}"
            )
            for f in found[:30]
        ]
        if not found:
            blocks.append(section("Nothing found."))
    return _view("search", "Search triages", blocks, submit="Search")


def home_view(
    mine: Sequence[tuple[Card, datetime]],
    queue: Sequence[tuple[Card, datetime]],
    waiting: int,
    causes: Sequence[tuple[str, int]],
    health: Sequence[str],
    now: datetime,
) -> dict[str, Any]:
    """App Home: the cards of the one who looks, the oldest of the ``waiting`` ones with their age, this week's
    causes, and whether all is well."""
    blocks: list[dict[str, Any]] = [_header(f"My open cards: {len(mine)}")]
    blocks += [section("None: nothing is assigned to you, and what you have begun is decided.")] if not mine else []
    for card, created in mine[:MINE_SHOWN]:
        line = section(_line(card, created, now))
        if card.assignee is not None:
            line["text"]["text"] += f"\nescalated to you by {mention(card.handled_by or '')}" + (
                f": {escape(card.detail, 200, line=True)}" if card.detail else ""
            )
            line["accessory"] = {
                "type": "button",
                "action_id": "home:done",
                "value": card.id[:2000],
                "text": {"type": "plain_text", "text": "Done"},
            }
        blocks.append(line)
    blocks.append(_header(f"Open cards: {waiting}"))
    blocks += [section(_line(card, created, now)) for card, created in queue[:QUEUE_SHOWN]]
    if waiting > len(queue[:QUEUE_SHOWN]):
        blocks.append(section(f"… and {waiting - len(queue[:QUEUE_SHOWN])} that came later"))
    blocks.append(_header("This week"))
    blocks.append(
        section(
            "\n".join(f"{count} · {escape(title, 150, line=True)}" for title, count in causes[:10]) or "No tickets yet."
        )
    )
    blocks.append(_header("Health"))
    blocks.append(section("\n".join(escape(line, 200, line=True) for line in health) or "-"))
    blocks.append(
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "home:search",
                    "text": {"type": "plain_text", "text": "Search past triages"},
                }
            ],
        }
    )
    return {"type": "home", "blocks": blocks}


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def _line(card: Card, created: datetime, now: datetime) -> str:
    return f"{age(now, created)} · {channel_link(card.place)} · {message_link(card.case_id)} · {escape(headline(card.content), 200, line=True)}"


def lines_text(card: Card) -> str:
    """The log lines of a ticket, for one reader."""
    if not card.content.lines:
        return "No log lines belong to this ticket. " + escape(card.content.coverage, 200, line=True)
    return "\n".join(escape(line, 310, line=True) for line in card.content.lines[:9])


def _paragraphs(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Sections of at most 3000 characters, at most 40 of them."""
    blocks: list[dict[str, Any]] = []
    held = ""
    for line in lines:
        shown = escape(line, 400, line=False)
        if held and len(held) + len(shown) + 1 > 2900:
            blocks.append(section(held))
            held = ""
        held = f"{held}\n{shown}" if held else shown
    if held:
        blocks.append(section(held))
    return blocks[:40]
