"""Thoughts: what a clause speaks of, and whether it says that something works or fails, in any order of words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.parse.thoughts import Thought, think
from bot.core.parse.words import Words, tokens
from knowledge import load
from knowledge.model import Lexicon

KNOWLEDGE = load()


def thoughts(text: str, language: str = "en") -> tuple[Thought, ...]:
    return think(text, KNOWLEDGE.lexicons[language])


def says(text: str, language: str, *names: str, works: bool = False, fails: bool = False) -> bool:
    return any(set(names) <= t.concepts and t.works == works and t.fails == fails for t in thoughts(text, language))


@pytest.mark.parametrize(
    "text",
    [
        "Receiving is fine, sending is not.",
        "Sending fails but receiving works.",
        "I can receive mail but I cannot send anything.",
        "I can't send; everything arrives as it should.",
    ],
)
def test_the_side_that_fails_is_told_from_the_side_that_works(text: str) -> None:
    assert says(text, "en", "send", fails=True)
    assert says(text, "en", "receive", works=True)
    assert not says(text, "en", "send", works=True)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Empfangen klappt, senden aber nicht."),
        ("de", "Ich bekomme alle Mails, nur das Versenden schlägt fehl."),
        ("nl", "Ontvangen gaat goed, maar versturen lukt niet."),
        ("fr", "La réception fonctionne, mais l'envoi échoue."),
        ("es", "Recibir funciona, pero enviar no funciona."),
        ("it", "La ricezione funziona, ma l'invio non va."),
        ("pt", "Receber funciona, mas enviar não funciona."),
        ("pl", "Odbieranie działa, ale wysyłanie nie działa."),
        ("ru", "Получение работает, а отправка не работает."),
        ("ja", "受信はできますが、送信できません。"),
        ("zh", "收信正常，但是发不出邮件。"),
    ],
)
def test_the_side_that_fails_is_told_in_every_language(language: str, text: str) -> None:
    assert says(text, language, "send", fails=True), thoughts(text, language)
    assert says(text, language, "receive", works=True), thoughts(text, language)
    assert not says(text, language, "receive", fails=True), thoughts(text, language)


def test_a_clause_that_says_both_is_cut_where_it_turns() -> None:
    assert says("It works at home fails at the office.", "en", "home", works=True)
    assert says("It works at home fails at the office.", "en", "office", fails=True)


def test_circumstances_are_joined_to_what_happens_then() -> None:
    assert says("As soon as the phone joins the office wifi, it just hangs.", "en", "office", "wifi", fails=True)
    assert says("At home? Works. At work? Nothing.", "en", "home", works=True)


def test_circumstances_that_are_listed_are_joined_all() -> None:
    assert says(
        "In my hotel, with the same laptop, on its wifi, it works.",
        "en",
        "public-place",
        "computer",
        "wifi",
        works=True,
    )
    # only the nearest
    assert not says(
        "In my hotel, with the same laptop, on its wifi, it fails.",
        "en",
        "public-place",
        "computer",
        "wifi",
        fails=True,
    )


def test_an_address_is_no_word() -> None:
    spoken = frozenset[str]().union(
        *(t.concepts for t in thoughts("Das Postfach mahnung@example.com geht nicht.", "de"))
    )
    assert "mailbox" in spoken and "pay" not in spoken


def test_a_denied_thing_is_not_spoken_of() -> None:
    [thought] = [t for t in thoughts("We have no VPN here.") if "vpn" in t.denied]
    assert "vpn" not in thought.concepts


def test_without_denies_the_thing_and_not_the_verb() -> None:
    assert any(t.works and "vpn" in t.denied for t in thoughts("Without the VPN it works."))


def test_a_question_is_no_statement() -> None:
    assert all(t.guessed for t in thoughts("Is my account suspended?") if "paused" in t.concepts)


def test_what_worked_until_yesterday_works_no_more() -> None:
    assert not any(t.works for t in thoughts("It worked until yesterday."))


def test_the_longest_entry_wins_and_open_ends_match() -> None:
    words = Words(
        Lexicon(
            "x",
            "before",
            {
                "a": ("mobile data",),
                "b": ("mobile",),
                "c": ("fail*",),
                "d": ("*netz",),
                "e": ("できない",),
                "f": ("でき",),
            },
        )
    )
    assert words.at(["mobile", "data"], 0) == (("a",), 2)
    assert words.at(["mobile", "phone"], 0) == (("b",), 1)
    assert words.at(["failures"], 0) == (("c",), 1)
    assert words.at(["firmennetz"], 0) == (("d",), 1)
    assert [found for found, _, _ in words.within("送信できないでき")] == [("e",), ("f",)]


def test_accents_and_hyphens_do_not_matter() -> None:
    assert [t.text for t in tokens("Wi-Fi à l'hôtel")] == ["wi", "fi", "a", "l", "hotel"]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_spans_lie_in_the_text(text: str) -> None:
    for thought in thoughts(text):
        assert 0 <= thought.span[0] < thought.span[1] <= len(text)


def test_a_hostile_text_costs_little() -> None:
    started = time.process_time()
    for attack in ("not " * 5000, "works fails " * 3000, "but " * 5000, "できない" * 5000, "a" * 20000, "." * 20000):
        thoughts(attack)
    assert time.process_time() - started < 3
