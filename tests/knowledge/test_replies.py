"""Laws over the sentences that customers read: complete, the same in every language, and safe to send."""

from __future__ import annotations

import re
from itertools import product

import pytest
from jinja2 import Environment, meta

from bot.core.reply_slots import fill_slots
from knowledge import load
from knowledge.model import Replies

KNOWLEDGE = load()
COMPLETE = sorted(language for language, replies in KNOWLEDGE.replies.items() if replies.complete)
REPLY_CAUSES = [*KNOWLEDGE.checks, *(c.id for c in KNOWLEDGE.others.values() if c.answer == "reply")]
ENGLISH = KNOWLEDGE.replies["en"]
OPTIONAL = re.compile(r"cause\.[\w-]+\.avoid")
EXTRA_SLOTS = {"steps": {"menu", "remove"}, "citation": {"number", "title", "url"}}
OWN_LETTERS = {
    "de": "äöüß",
    "fr": "éèàçê",
    "es": "áéíóñ¿",
    "it": "èàùòé",
    "nl": "ëé",
    "pt": "ãçõáéê",
    "pl": "ąęłśżźćó",
    "ru": "бжщыэя",
    "ja": "のをにはァ",
    "zh": "的请您邮",
}
TRANSLITERATED = re.compile(
    r"\b\w*(?:fuer|koenn|muess|moeg|moecht|pruef|geraet|waehl|aender|loesch|oeffn|ueber|zurueck|naechst|gruen|gruess|verschluess|"
    r"schluess|waere|haett|wuerd|laess|woert|faelsch|vollstaend|unterstuetz|ausfuehr|eintraeg|zusaetz|spaet|naemlich)\w*",
    re.IGNORECASE,
)


def _slots_of(template: str) -> set[str]:
    return meta.find_undeclared_variables(Environment(autoescape=False).parse(template))


def _known_slots() -> set[str]:
    from bot.core.model import Facts
    from bot.core.observed import AccountView, ServerView

    return set(fill_slots(Facts(), (), ServerView(), AccountView(), KNOWLEDGE, ENGLISH, verified=False, zone=None))


def test_english_and_german_are_complete() -> None:
    assert {"en", "de"} <= set(COMPLETE)
    assert len(REPLY_CAUSES) >= 20


@pytest.mark.parametrize("language", COMPLETE)
def test_every_complete_language_has_the_same_keys(language: str) -> None:
    ours, theirs = set(ENGLISH.sentences), set(KNOWLEDGE.replies[language].sentences)
    assert theirs == ours, {"missing": sorted(ours - theirs), "surplus": sorted(theirs - ours)}


@pytest.mark.parametrize(("language", "cause"), list(product(COMPLETE, REPLY_CAUSES)))
def test_every_cause_that_is_answered_has_its_sentences(language: str, cause: str) -> None:
    sentences = KNOWLEDGE.replies[language].sentences
    for part in ("sure", "maybe", "steps", "also"):
        assert sentences[f"cause.{cause}.{part}"].strip(), part


@pytest.mark.parametrize("language", COMPLETE)
def test_titles_questions_and_server_facts_are_all_there(language: str) -> None:
    sentences = KNOWLEDGE.replies[language].sentences
    wanted = [f"title.{check}" for check in KNOWLEDGE.checks]
    wanted += [f"question.{question}" for question in KNOWLEDGE.questions]
    wanted += [
        f"saw.{rule.id}" for rule in KNOWLEDGE.log_rules if rule.decisive and not rule.events[0].startswith("told_")
    ]
    wanted += [
        "greeting",
        "closing",
        "escalate.text",
        "ask.intro",
        "if_not",
        "automatic.promise",
        "citation",
        "again",
        "clock",
        "menu.any",
        "remove.any",
    ]
    assert [key for key in wanted if not sentences.get(key, "").strip()] == []


def test_nothing_is_said_of_rules_causes_or_programs_that_do_not_exist() -> None:
    names = {re.sub(r"[^a-z0-9]+", "-", family.name.lower()).strip("-") for family in KNOWLEDGE.clients}
    names |= {f"kind-{family.kind}" for family in KNOWLEDGE.clients} | {"any"}
    rules = {rule.id for rule in KNOWLEDGE.log_rules}
    for key in ENGLISH.sentences:
        group, _, rest = key.partition(".")
        if group == "saw":
            assert rest in rules, key
        if group in ("menu", "remove"):
            assert rest in names or re.sub(r"-(?:ios|macos|android|windows)$", "", rest) in names, key
        if group == "cause":
            assert rest.rpartition(".")[0] in REPLY_CAUSES and rest.rpartition(".")[2] in (
                "sure",
                "maybe",
                "steps",
                "avoid",
                "also",
            ), key
        if group == "question":
            assert rest in KNOWLEDGE.questions, key


@pytest.mark.parametrize("replies", [KNOWLEDGE.replies[language] for language in COMPLETE], ids=COMPLETE)
def test_sentences_name_known_slots_only_and_the_same_ones_as_english(replies: Replies) -> None:
    known = _known_slots()
    for key, template in replies.sentences.items():
        used = _slots_of(template)
        extra = EXTRA_SLOTS.get(key if key == "citation" else key.rpartition(".")[2], set())
        assert used <= known | extra, (key, used - known - extra)
        assert used == _slots_of(ENGLISH.sentences[key]), key


@pytest.mark.parametrize("replies", [KNOWLEDGE.replies[language] for language in COMPLETE], ids=COMPLETE)
def test_sentences_are_clean(replies: Replies) -> None:
    for key, template in replies.sentences.items():
        assert template.strip() or OPTIONAL.fullmatch(key), key
        assert "\t" not in template and "  " not in template, key
        assert "trekmail" not in template.lower(), f"{key}: a host's own names come from the settings"
        assert not re.search(r"\b(?:993|465|587|143|110|995)\b", template), f"{key}: ports come from the settings"
        if key.startswith(("cause.", "saw.", "question.")) and not key.endswith(".steps") and template.strip():
            assert template.rstrip().endswith((".", "?", "。", "？", "}", ")", "）")), key


@pytest.mark.parametrize("language", [code for code in COMPLETE if code != "en"])
def test_a_language_is_written_in_its_own_letters(language: str) -> None:
    text = " ".join(KNOWLEDGE.replies[language].sentences.values())
    missing = [letter for letter in OWN_LETTERS[language] if letter not in text.lower() and letter not in text]
    assert len(missing) < len(OWN_LETTERS[language]) / 2, missing
    same = [
        key
        for key, sentence in KNOWLEDGE.replies[language].sentences.items()
        if sentence.strip() and sentence == ENGLISH.sentences[key] and not key.startswith(("clock", "citation"))
    ]
    assert same == [], "left in English"


def test_german_is_written_with_umlauts() -> None:
    for key, template in KNOWLEDGE.replies["de"].sentences.items():
        assert not TRANSLITERATED.search(template), key


def test_only_the_password_check_speaks_of_entering_a_password() -> None:
    entering = re.compile(r"(?:re-?type|re-?enter|enter|new|change|reset)\b[^.]{0,30}\bpassword", re.IGNORECASE)
    denied = re.compile(r"do not|not need|does not|nothing|never", re.IGNORECASE)
    for key, template in ENGLISH.sentences.items():
        if key.startswith("cause.") and not key.startswith("cause.mailbox-password."):
            for sentence in re.split(r"(?<=[.;])\s", template):
                assert (
                    not entering.search(sentence)
                    or denied.search(sentence)
                    or "same user name and password" in sentence
                    or "help" in sentence
                ), (key, sentence)


@pytest.mark.parametrize("language", COMPLETE)
def test_no_question_asks_for_a_password(language: str) -> None:
    asks = [
        KNOWLEDGE.replies[language].sentences[key]
        for key in ("if_not", "escalate.text", "question.mailbox", "question.error-text")
    ]
    assert not any(
        re.search(r"passwor[dt]|kennwort|mot de passe|contraseña|wachtwoord|senha|hasł", text, re.IGNORECASE)
        for text in asks[:1] + asks[2:]
    )
