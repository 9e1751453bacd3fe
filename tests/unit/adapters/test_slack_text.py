"""Foreign text arrives inert, whatever it holds and wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.blocks import card_blocks
from bot.adapters.slack.lint import faults
from bot.adapters.slack.text import channel_link, escape, mention, message_link, plain_of, said, unescape
from bot.core.desk.card import CardContent
from bot.core.desk.values import Card
from tests.fuzz.slack_texts import _CONTROL, _ENTITY, fuzz


def test_hostile_texts_in_every_place_of_every_message() -> None:
    """A short form of ``make fuzz``."""
    assert fuzz(3000, seed=11) == []


@given(st.text(), st.integers(10, 400))
def test_escaped_text_is_inert_and_within_its_limit(text: str, limit: int) -> None:
    shown = escape(text, limit)
    assert (
        len(shown) <= limit
        and "<" not in shown
        and ">" not in shown
        and not _ENTITY.search(shown)
        and not _CONTROL.search(shown)
    )


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=200))
def test_what_is_escaped_can_be_read_again(text: str) -> None:
    assert unescape(escape(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!channel> & co", "&lt;!channel&gt; &amp; co"),
        ("\u202egnp.exe", "\\x202egnp.exe"),
        ("a\u200bb", "a\\x200bb"),
        ("<https://evil.example|bank>", "&lt;https://evil.example|bank&gt;"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_only_ids_become_control_sequences() -> None:
    assert (mention("slack:T1:U1"), channel_link("slack/C1")) == ("<@U1>", "<#C1>")
    assert mention("slack:T1:U1> <!here") == "slack:T1:U1&gt; &lt;!here" and "<" not in channel_link("slack/<!here>")
    assert message_link("slack:T1:C1:1.2") == "<https://slack.com/archives/C1/p12|ticket>" and "<" not in message_link(
        "slack:T1:C1:1.2|x>"
    )
    assert said("by slack:T1:U1 in slack/C1 <!here>") == "by <@U1> in <#C1> &lt;!here&gt;"


@pytest.mark.parametrize(
    ("event", "typed"),
    [
        ("<mailto:anna@firm.example|anna@firm.example> fails", "anna@firm.example fails"),
        ("host <http://imap.firm.example|imap.firm.example>", "host imap.firm.example"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("<@U1> a &lt;b&gt; &amp;amp;", "@U1 a <b> &amp;"),
        ("<https://evil.example|bank>", "bank (https://evil.example)"),
    ],
)
def test_what_a_member_typed(event: str, typed: str) -> None:
    assert plain_of(event) == typed


def _section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def _button(action_id: str, text: str = "x", value: str = "") -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": text}, "value": value}


@pytest.mark.parametrize(
    ("blocks", "word"),
    [
        ([_section("x")] * 51, "51 blocks"),
        ([_section("x" * 3001)], "3001"),
        ([_section("")], "0 characters"),
        ([{"type": "header", "text": {"text": "x" * 151}}], "151"),
        ([_section("x", block_id="a"), _section("y", block_id="a")], "twice"),
        ([{"type": "actions", "elements": [_button("a"), _button("a")]}], "action_id stands twice"),
        ([{"type": "actions", "elements": [_button(str(n)) for n in range(26)]}], "26 elements"),
        ([{"type": "actions", "elements": []}], "0 elements"),
        ([{"type": "actions", "elements": [_button("a", "x" * 76)]}], "76"),
        ([{"type": "actions", "elements": [_button("a", "x", "v" * 2001)]}], "2000"),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x" * 2001}]}], "2001"),
        ([{"type": "input", "label": {"text": "l"}, "element": {"type": "static_select", "options": []}}], "0 options"),
        (
            [
                {
                    "type": "input",
                    "label": {"text": "l"},
                    "element": {"type": "plain_text_input", "initial_value": "x" * 3001},
                }
            ],
            "initial_value",
        ),
    ],
)
def test_the_linter_knows_the_limits(blocks: list[dict[str, Any]], word: str) -> None:
    assert any(word in fault for fault in faults(blocks)), faults(blocks)


def test_the_linter_lets_good_blocks_pass() -> None:
    assert faults([_section("x"), {"type": "actions", "elements": [_button("a"), _button("b")]}], text="x") == []
    assert faults([], text="x" * 40_001) and faults([], metadata="x" * 8_001)


def test_a_text_of_which_nothing_can_be_seen_leaves_no_empty_block() -> None:
    unseen = "\u200b\u2066"
    content = CardContent(title="t", who="w", deciding=(unseen,), ignored=unseen, by_itself=unseen, draft=unseen)
    blocks = [b.to_dict() for b in card_blocks(Card("slack:T1:C1:1.2", 1, 1, "open", content, mode="draft"))]
    assert not faults(blocks, surface="message", text="t")
