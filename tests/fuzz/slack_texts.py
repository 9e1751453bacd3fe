"""``python -m tests.fuzz.slack_texts``: hostile texts in every place of every message; no control sequence that is
not ours may come out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import regex

from bot.adapters.slack import blocks as draw
from bot.adapters.slack import modals
from bot.adapters.slack.lint import faults
from bot.adapters.slack.text import cut, escape, plain_of
from bot.core.desk.card import CardContent
from bot.core.desk.rules import DECISIONS
from bot.core.desk.values import Card

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OURS = re.compile(r"<@U9>|<#C1>|<https://slack\.com/archives/C1/p1700000000000100\|ticket>")
_CONTROL = regex.compile(r"[\p{Cc}\p{Cf}\p{Co}\p{Cs}--[\n]]", regex.V1)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
PIECES = (
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<@U123>",
    "<#C123|general>",
    "<https://evil.example|https://bank.example>",
    "<mailto:a@b.example|c@d.example>",
    "<!subteam^S1>",
    "<!date^1392734382^{date}^https://evil.example|x>",
    "&lt;!channel&gt;",
    "&amp;lt;",
    "&",
    "<",
    ">",
    "|",
    "\u202e",
    "\u200b",
    "\u2066",
    "\ufeff",
    "\x00",
    "\x1b[31m",
    "\r",
    "\n",
    "\t",
    "*",
    "_",
    "~",
    "`",
    "```",
    ":tada:",
    "@channel",
    "@here",
    "#general",
    "slack:T1:U9",
    "slack/C1",
    "{0}",
    "%s",
    "{{x}}",
    "${x}",
    "\\x41",
    "é",
    "日本語",
    "👩‍👩‍👧",
    "a\u0301" * 3,
    "\ud83d",
    "A" * 200,
    "https://evil.example/?a=1&b=2",
    "<" * 50,
    "&" * 50,
    "\U000e0041",
    "ﷺ" * 20,
)


def texts(dice: random.Random) -> str:
    """One hostile text."""
    size = dice.choice((1, 2, 3, 5, 8, 20, 80, 400))
    return "".join(
        dice.choice(PIECES)
        if dice.random() < 0.7
        else chr(dice.choice((dice.randrange(32, 127), dice.randrange(0x80, 0x2FFF))))
        for _ in range(size)
    )


def content(dice: random.Random) -> CardContent:
    """A card with a hostile text in every field."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(CardContent):
        if field.type == "float":
            values[field.name] = dice.random()
        elif "tuple" in str(field.type):
            values[field.name] = tuple(texts(dice) for _ in range(dice.randrange(4)))
        else:
            values[field.name] = texts(dice)
    return CardContent(**values)


def messages(dice: random.Random) -> Iterator[tuple[str, list[dict[str, Any]], str]]:
    """(surface, blocks, fallback text) of everything that we show, made of hostile texts."""
    state = dice.choice(("open", "rewriting", "decided", "withdrawn", "failed"))
    decided = state == "decided"
    case_id = dice.choice(("slack:T1:C1:1700000000.000100", texts(dice)[:200]))
    card = Card(
        case_id,
        1,
        1,
        state,
        content(dice),
        mode=dice.choice(("draft", "note")),
        decision=dice.choice(list(DECISIONS)) if decided else None,
        decided_by=dice.choice(("slack:T1:U9", texts(dice))) if decided else None,
        decided_at=NOW if decided else None,
        detail=texts(dice),
    )
    foreign = texts(dice)
    yield "message", [b.to_dict() for b in draw.card_blocks(card, "parked")], draw.card_text(card)
    yield "message", [b.to_dict() for b in draw.burst_blocks(foreign, 7, NOW)], ""
    for text in (
        draw.digest_text([case_id]),
        draw.watch_text([foreign], ""),
        draw.watch_text([], foreign),
        draw.escalation_text(card, "slack:T1:U9", foreign, "slack:T1:U9"),
        escape(foreign, 30_000),
        modals.lines_text(card),
    ):
        yield "message", [b.to_dict() for b in draw.text_blocks(text)], text[: cut(text, 2900)]
    found = [{"when": foreign, "mailbox": foreign, "cause": foreign, "confidence": foreign, "case": case_id}]
    views = [
        modals.edit_view(card, "{}"),
        modals.check_view([("x", foreign)], "{}"),
        modals.escalate_view("{}"),
        modals.evidence_view(card),
        modals.copy_view(card),
        modals.search_view(found),
        modals.home_view([(card, NOW)], [(card, NOW)], 2, [(foreign, 1)], [foreign], NOW),
    ]
    for view in views:
        yield "home" if view["type"] == "home" else "modal", view["blocks"], ""


def leaves(value: Any, key: str = "") -> Iterator[str]:
    """Every text that Slack would draw."""
    if isinstance(value, str):
        if key in ("text", "initial_value", "title", "label", "placeholder"):
            yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)


def wrong(surface: str, blocks: list[dict[str, Any]], text: str) -> list[str]:
    """What must not be: foreign control sequences, invisible characters, broken entities, Slack's limits."""
    found = list(faults(blocks, surface=surface, text=text))
    for leaf in [text, *leaves(blocks)]:
        rest = OURS.sub("", leaf)
        if "<" in rest or ">" in rest:
            found.append(f"control sequence: {rest[:80]!r}")
        if _CONTROL.search(leaf):
            found.append(f"invisible character: {leaf[:80]!r}")
        if _ENTITY.search(leaf):
            found.append(f"broken entity: {leaf[:80]!r}")
    return found


def fuzz(cases: int, seed: int) -> list[str]:
    """All faults of ``cases`` hostile texts (each message holds a dozen)."""
    dice = random.Random(seed)
    found: list[str] = []
    done = 0
    while done < cases:
        for surface, blocks, text in messages(dice):
            found += wrong(surface, blocks, text)
        foreign = texts(dice)
        plain_of(foreign)
        done += 30  # texts of one round: thirty fields and places
    return found


def main() -> None:
    """Print the figures; status 1 where one fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    found = fuzz(chosen.cases, chosen.seed)
    for fault in found[:10]:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(
        f"hostile texts {chosen.cases}  faults {len(found)}\nfigures {json.dumps({'cases': chosen.cases, 'controls': len(found)})}\n"
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
