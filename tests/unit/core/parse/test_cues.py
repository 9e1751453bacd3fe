"""Laws over every cue of knowledge/cues, and the rules of the search."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import MappingProxyType

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Reading, Segment
from bot.core.parse.cues import find_cues, plain
from bot.core.parse.language import detect
from knowledge import load
from knowledge.literals import alternatives, leading_literals, required_literals, squeezed
from knowledge.model import CueRule

CUES = Path(__file__).resolve().parents[4] / "knowledge" / "cues"
RULES = {path.stem: CueRule(**tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(CUES.glob("*.toml"))}
KNOWLEDGE = load()
LEXICONS = KNOWLEDGE.lexicons
LANGUAGES = {"any", "en", "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "ja", "zh", "sv", "da", "cs"}


def reading(text: str, language: str = "en", kind: str = "body") -> Reading:
    return Reading(text, (Segment(kind, (0, len(text))),), language)


def found(text: str, language: str = "en") -> set[str]:
    return {cue.id for cue in find_cues(reading(text, language), RULES, LEXICONS, seconds=30)}


def without_kills(rule: CueRule) -> dict[str, CueRule]:
    return {rule.id: rule}


def test_there_are_cues_in_every_language() -> None:
    assert len(RULES) > 80
    spoken = {language for rule in RULES.values() for language in rule.patterns}
    assert spoken >= LANGUAGES - {"sv", "da", "cs"}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_entry_is_sound(rule: CueRule) -> None:
    assert rule.meaning and rule.source and rule.note
    assert set(rule.supports) | set(rule.refutes) <= {*KNOWLEDGE.checks, *KNOWLEDGE.others}
    assert all(0 < share <= 1 for share in rule.supports.values()) and sum(rule.supports.values()) <= 1
    assert all(0 < factor < 1 for factor in rule.refutes.values())
    assert not set(rule.supports) & set(rule.refutes)
    assert set(rule.patterns) <= set(rule.must_match) <= LANGUAGES
    assert set(rule.patterns) == set(rule.must_match) or rule.says, (
        "samples of a language without a pattern are found by says"
    )
    assert set(rule.kills) <= set(RULES) - {rule.id}
    assert rule.topic in ("connection", "elsewhere")
    assert set(rule.sets) <= {"webmail_works", "protocol", "plan", "ongoing"}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_sample_is_found_and_every_pattern_is_needed(rule: CueRule) -> None:
    for language, samples in rule.must_match.items():
        for sample in samples:
            cues = find_cues(
                reading(sample, "en" if language == "any" else language), without_kills(rule), LEXICONS, seconds=30
            )
            assert [cue.id for cue in cues] == [rule.id], f"{language}: {sample}"
        for pattern in rule.patterns.get(language, ()):
            assert any(regex.search(pattern, plain(sample), regex.I) for sample in samples), pattern


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_near_misses_are_left_alone_in_every_language(rule: CueRule) -> None:
    for text in rule.must_not_match:
        for language in rule.patterns:
            cues = find_cues(reading(text, "en" if language == "any" else language), without_kills(rule), seconds=30)
            assert not cues, f"{language}: {text}"
        own = detect(text, KNOWLEDGE.languages)  # a lexicon reads texts of its own language
        assert not find_cues(reading(text, own), without_kills(rule), LEXICONS, seconds=30), f"{own}: {text}"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_is_told_of_a_pattern_holds(rule: CueRule) -> None:
    """The cheap tests before a search (parts, literals, beginnings) never rule out what the pattern matches."""
    for language, samples in rule.must_match.items():
        for pattern in rule.patterns.get(language, ()):
            for sample in map(plain, samples):
                whole = regex.search(pattern, sample, regex.I)
                parts = [(part, regex.search(part, sample, regex.I)) for part in alternatives(pattern)]
                assert bool(whole) == any(match for _, match in parts), pattern
                for part, match in parts:
                    if match is None:
                        continue
                    assert all(any(lit in squeezed(match[0]) for lit in need) for need in required_literals(part)), part
                    assert not leading_literals(part) or match[0].startswith(leading_literals(part)), part


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_patterns_have_bounded_gaps(rule: CueRule) -> None:
    """No unbounded run of "anything", and no repetition of a repetition."""
    for patterns in rule.patterns.values():
        for pattern in patterns:
            bare = regex.sub(r"\[[^\^\]][^\]]*\]", "x", pattern)
            assert not regex.search(r"(?<!\\)(?:\.|\[\^[^\]]*\])[*+]", bare), pattern
            assert not regex.search(r"(?<!\\)\)[*+]", bare), pattern


@pytest.mark.parametrize(
    ("text", "language", "cue"),
    [
        ("Webmail does not work either.", "en", "webmail-works"),
        ("Neither Outlook nor webmail works.", "en", "webmail-works"),
        ("Webmail geht auch nicht.", "de", "webmail-works"),
        ("Le webmail ne fonctionne pas non plus.", "fr", "webmail-works"),
        ("El webmail tampoco funciona.", "es", "webmail-works"),
        ("Neanche la webmail funziona.", "it", "webmail-works"),
        ("Webmail werkt ook niet.", "nl", "webmail-works"),
        ("O webmail também não funciona.", "pt", "webmail-works"),
        ("Webmail też nie działa.", "pl", "webmail-works"),
        ("Веб-почта тоже не работает.", "ru", "webmail-works"),
        ("ウェブメールにもログインできません。", "ja", "webmail-works"),
        ("网页版也不能登录。", "zh", "webmail-works"),
        ("Non va con i dati mobili.", "it", "works-on-other-network"),
        ("No va con 4G.", "es", "works-on-other-network"),
        ("Também não funciona com dados móveis.", "pt", "works-on-other-network"),
        ("我没有改密码。", "zh", "password-changed-recently"),
        ("La contraseña no es correcta.", "es", "password-verified"),
        ("Hasło nie jest poprawne.", "pl", "password-verified"),
    ],
)
def test_negations_are_not_taken_for_the_thing(text: str, language: str, cue: str) -> None:
    assert cue not in found(text, language)


def test_a_contrast_is_not_a_negation() -> None:
    assert "webmail-works" in found("Outlook does not connect, but webmail works with the same password.")
    assert "webmail-works" in found("Webmail geht, aber in Outlook nicht.", "de")
    assert "webmail-fails" not in found("Webmail geht, aber in Outlook nicht.", "de")


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("receive-ok-send-fails", "send-ok-receive-fails"),
        ("send-ok-receive-fails", "receive-ok-send-fails"),
        ("works-on-other-network", "fails-on-every-network"),
        ("fails-on-every-network", "works-on-other-network"),
        ("webmail-works", "webmail-fails"),
        ("webmail-fails", "webmail-works"),
        ("telnet-ok", "telnet-fails"),
        ("telnet-fails", "telnet-ok"),
    ],
)
def test_a_thing_is_not_taken_for_its_opposite(said: str, other: str) -> None:
    """Every sample is read as what it says, and never as the contrary (kills included)."""
    for language, samples in RULES[said].must_match.items():
        for sample in samples:
            cues = found(sample, language)
            assert said in cues and other not in cues, f"{language}: {sample}"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I can neither send nor receive."),
        ("de", "Ich kann weder senden noch empfangen."),
        ("fr", "Impossible d'envoyer et de recevoir."),
        ("es", "No puedo enviar ni recibir."),
        ("it", "Non riesco né a inviare né a ricevere."),
        ("nl", "Ik kan niet verzenden of ontvangen."),
        ("pt", "Não consigo enviar nem receber."),
        ("pl", "Nie mogę wysyłać ani odbierać."),
        ("ru", "Не могу ни отправлять, ни получать."),
        ("ja", "送受信できません。"),
        ("zh", "不能收发邮件。"),
    ],
)
def test_both_directions_failing_names_neither(language: str, text: str) -> None:
    assert not found(text, language) & {"receive-ok-send-fails", "send-ok-receive-fails"}


def test_a_cue_is_given_once_with_its_first_span() -> None:
    text = "Hi,\n\nWebmail works. As I said: webmail works."
    (cue,) = [cue for cue in find_cues(reading(text), RULES) if cue.id == "webmail-works"]
    assert text[slice(*cue.span)] == "Webmail works" and cue.span[0] == text.index("Webmail")


def test_spans_refer_to_the_text_as_it_came() -> None:
    text = "\u0130\u0130 \u201cHallo\u201d\u00a0\u2013 Webmail funktioniert\u00a0gut."
    (cue,) = [cue for cue in find_cues(reading(text, "de"), RULES) if cue.id == "webmail-works"]
    assert text[slice(*cue.span)].startswith("Webmail funktioniert")


def test_one_cue_kills_another() -> None:
    killers = [rule for rule in RULES.values() if rule.kills]
    assert killers
    both = "I use the same password as for the dashboard. I double-checked the password."
    assert "panel-password-used" in found(both) and "password-verified" not in found(both)


@pytest.mark.parametrize("kind", ["quoted", "signature", "disclaimer", "header", "code", "attachment"])
def test_only_the_customers_own_words_count(kind: str) -> None:
    assert not find_cues(reading("Webmail works with the same password.", kind=kind), RULES)


def test_the_subject_of_a_reply_tells_of_no_other_topic() -> None:
    def cues(subject: str) -> set[str]:
        text = subject + "\nIt says login failed."
        segments = (Segment("subject", (0, len(subject))), Segment("body", (len(subject), len(text))))
        return {cue.id for cue in find_cues(Reading(text, segments, "en"), RULES)}

    assert "auto-reply" in cues("automatic reply")
    assert "auto-reply" not in cues("Re: automatic reply") | cues("AW: automatic reply") | cues(
        "RE[2]: automatic reply"
    )


def test_a_forwarded_mail_counts_where_the_message_is_only_its_cover() -> None:
    forwarded = "Webmail works with the same password."

    def cues(cover: str) -> tuple[str, ...]:
        text = cover + forwarded
        segments = (Segment("body", (0, len(cover))), Segment("forwarded", (len(cover), len(text))))
        return tuple(cue.id for cue in find_cues(Reading(text, segments, "en"), RULES))

    assert "webmail-works" in cues("fyi, see below\n")
    assert "webmail-works" in cues("Our accountant wrote me this on Sunday evening, please look into it.\n")
    assert cues("Outlook on the notebook keeps the old password, please look into what I wrote once.\n") == (
        "saved-password-kept",
    )


def test_no_pattern_bridges_paragraphs_or_list_items() -> None:
    assert "webmail-works" not in found("- webmail\n- Outlook works")
    assert "webmail-works" not in found("The browser\n\nOutlook works")


def test_a_word_inside_an_address_is_no_cue() -> None:
    assert "billing-question" in found("A question on billing, please.")
    assert not found("Mailbox: billing@firm.example")


def test_the_tickets_language_english_and_any_are_searched() -> None:
    text = "Das Passwort stimmt. Webmail works. Auth method CRAM-MD5."
    assert {"password-verified", "webmail-works", "auth-method-encrypted"} <= found(text, "de")
    assert "password-verified" not in found(text, "fr")
    assert "webmail-works" in found("A senha funciona no webmail.", "pt-br")


def test_hostile_text_costs_little() -> None:
    for text in ("webmail " * 20_000, "a" * 200_000, "\n" * 100_000, "not " * 40_000, "\u7f51\u9875" * 40_000):
        find_cues(reading(text, "zh"), RULES, seconds=1.0)


def test_a_spent_budget_ends_the_search() -> None:
    assert find_cues(reading("Webmail works."), RULES, seconds=-1) == ()


def test_a_pattern_that_runs_away_counts_as_not_found() -> None:
    runaway = CueRule("x", "m", "s", MappingProxyType({"en": (r"(?:a|aa|aaa){1,60}(?:b|c|d)(?<=x)",)}))
    assert find_cues(reading("a" * 5_000), {"x": runaway}) == ()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_normalising_keeps_every_offset(text: str) -> None:
    assert len(plain(text)) == len(text)
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [
        (r"\bweb[ -]?mail\b", (("web mail", "web-mail", "webmail"),)),
        (r"ge(?:ä|ae)ndert", (("geaendert", "geändert"),)),
        (r"(?:foo|bar)+\s+baz", ((" baz",), ("bar", "foo"))),
        (r"\bsigns?\s?in\s+to\b.*\d", (("sign in to", "signin to", "signs in to", "signsin to"),)),
        (r"(?:abc)?x", ()),
        (r"[a-z]+\d{2,}", ()),
        (r"(?P<name>abc)", (("abc",),)),
    ],
)
def test_required_literals(pattern: str, needs: tuple[tuple[str, ...], ...]) -> None:
    assert sorted(required_literals(pattern)) == sorted(needs)


def test_alternatives_are_taken_apart_only_where_that_is_the_same() -> None:
    assert alternatives(r"\b(?:ab|c(?:d|e)|[|])\b") == (r"\b(?:ab)\b", r"\b(?:c(?:d|e))\b", r"\b(?:[|])\b")
    assert alternatives(r"\b(?:a|b) c\b") == (r"\b(?:a|b) c\b",)
    assert alternatives(r"a\|b") == (r"a\|b",)
    assert alternatives("a|b") == ("(?:a)", "(?:b)")
