"""What the page draws of a triage: marks lose no character, and what is let go is gone."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.core.desk.highlight import Mark, stretches
from bot.core.desk.keeping import renamed, without_words
from bot.core.desk.shown import deciding_only, shown_of
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.triage import Triager
from knowledge import Knowledge

SPANS = st.lists(
    st.tuples(st.integers(-5, 60), st.integers(-5, 60), st.sampled_from(("error", "mailbox", "cue"))), max_size=8
)
TEXT = 'Thunderbird 128 says "535 5.7.8 Error: authentication failed". My mailbox is anna@firm.example, the login is anna. Webmail works.'


@given(st.text(max_size=50), SPANS)
def test_the_pieces_are_the_text_again(text: str, spans: list[tuple[int, int, str]]) -> None:
    pieces = stretches(text, [Mark(start, end, kind, kind) for start, end, kind in spans])
    assert "".join(p.text for p in pieces) == text
    marked = {i for start, end, _ in spans if 0 <= start < end <= len(text) for i in range(start, end)}
    at = 0
    for piece in pieces:
        assert all(((at + i) in marked) == bool(piece.kind) for i in range(len(piece.text)))
        at += len(piece.text)


def test_the_narrowest_mark_names_a_piece() -> None:
    pieces = stretches("error at host.example now", [Mark(0, 25, "error", ""), Mark(9, 21, "setting", "")])
    assert [(p.text, p.kind) for p in pieces] == [
        ("error at ", "error"),
        ("host.example", "setting"),
        (" now", "error"),
    ]


def test_a_triage_is_shown_and_shown_again_when_its_words_are_gone(triager: Triager, knowledge: Knowledge) -> None:
    document = json.loads(json.dumps(to_json(triager.triage(Ticket("t", TEXT)))))
    shown = shown_of(document, knowledge)
    assert shown.causes[0].id == "username-full-address" and ("Mailbox", "anna@firm.example") in shown.facts
    assert {"mailbox", "error", "program"} <= set(shown.kinds) and shown.reply
    later = without_words(document)
    assert "authentication failed" not in json.dumps(later) and "Thunderbird" in json.dumps(later)
    again = shown_of(later, knowledge)
    assert [(c.id, c.percent) for c in again.causes] == [(c.id, c.percent) for c in shown.causes] and again.reply == ""
    assert "removed" in again.text[0].text
    assert without_words(later) == later, "twice is once"
    assert deciding_only(shown).hidden == len(shown.lines)


@given(
    st.recursive(
        st.text(max_size=30) | st.none() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    )
)
def test_renaming_leaves_no_address_and_everything_else(value: object) -> None:
    found = renamed(
        {"kept": value, "who": "Anna@Firm.Example, anna@firm.example"}, lambda address: "#" + str(len(address))
    )
    assert found["who"] == "#17, #17"
    if "@" not in json.dumps(value):
        assert found["kept"] == value
