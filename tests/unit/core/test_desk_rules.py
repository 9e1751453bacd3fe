"""Who may do what in which state: every combination."""

from __future__ import annotations

from itertools import product

import pytest

from bot.core.desk.card import CardContent, content_of
from bot.core.desk.conversation import MAX_ROUNDS, is_small_talk, takes_over, ticket_of
from bot.core.desk.rules import DECISIONS, LOOKS, ROLES, button_actions, highest, may, refusal
from bot.core.model import Ticket
from bot.core.parse.reading import read
from bot.triage import Triager
from knowledge import Knowledge
from tests.conftest import NOW

STATES = ("open", "rewriting", "decided", "answered", "withdrawn", "failed")
ALLOWED = {
    ("open", "send"),
    ("open", "edit"),
    ("open", "not_ours"),
    ("open", "escalate"),
    ("open", "other_check"),
    ("open", "ask"),
    ("failed", "not_ours"),
    ("failed", "escalate"),
    ("failed", "retry"),
    ("answered", "not_ours"),
    ("answered", "escalate"),
    ("answered", "other_check"),
}


@pytest.mark.parametrize(
    ("role", "state", "action", "seen"), list(product([*ROLES, "boss"], STATES, [*DECISIONS, "delete"], (1, 2)))
)
def test_every_combination(role: str, state: str, action: str, seen: int) -> None:
    why = refusal(state, 2, "draft", True, action=action, role=role, seen=seen)
    done = role in ("agent", "lead") and (state, action) in ALLOWED and seen == 2
    assert (why is None) == done
    if role not in ("agent", "lead") or action == "delete":
        assert why == "not_allowed"
    elif (state, action) in ALLOWED and seen == 1:
        assert why == "stale"


@pytest.mark.parametrize(
    ("mode", "draft", "action", "fine"),
    [
        ("draft", True, "send", True),
        ("draft", False, "send", False),
        ("draft", False, "edit", True),
        ("note", True, "send", False),
        ("note", True, "edit", False),
        ("note", True, "not_ours", True),
    ],
)
def test_what_there_is_to_send(mode: str, draft: bool, action: str, fine: bool) -> None:
    assert (refusal("open", 1, mode, draft, action=action, role="agent", seen=1) is None) == fine


@pytest.mark.parametrize(("state", "mode", "draft"), list(product(STATES, ("draft", "note"), (True, False))))
def test_a_button_is_shown_exactly_where_it_would_do_something(state: str, mode: str, draft: bool) -> None:
    shown = set(button_actions(state, mode, draft))
    assert shown & set(DECISIONS) == {
        a for a in DECISIONS if refusal(state, 1, mode, draft, action=a, role="agent", seen=1) is None
    }
    assert shown <= set(DECISIONS) | LOOKS


def test_what_nobody_listed_is_nobodys() -> None:
    assert not any(may(role, "format_disk") for role in ROLES)
    assert may("lead", "mode") and not may("agent", "mode") and may("agent", "explain") and not may("none", "explain")
    assert highest({"agent", "lead"}) == "lead" and highest({"boss"}) == "none" and highest(set()) == "none"


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "Hello team!",
        "thanks, will do",
        "Danke schön!",
        "Merci beaucoup",
        "¡Gracias!",
        "Grazie mille",
        "Bedankt!",
        "Obrigado",
        "Dziękuję bardzo",
        "Спасибо большое",
        "ありがとうございました",
        "谢谢",
        ":wave:",
        "<@U1>",
        "",
        "👍",
    ],
)
def test_greetings_and_thanks(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "thanks, but it still fails",
        "Hi, cannot connect",
        "ok error 535",
        "hallo, geht nicht",
        "お世話になっております。接続できません",
        "no",
        "yes it is 993",
    ],
)
def test_what_says_something_is_no_small_talk(text: str) -> None:
    assert is_small_talk(text) == (text in ("no",))


def test_a_later_message_is_read_with_the_first(triager: Triager) -> None:
    messages = [
        {"body": "anna@firm.example cannot log in", "subject": "Help", "received_at": "2026-11-20T09:00:00Z"},
        {"body": "error 535 5.7.8 authentication failed"},
    ]
    ticket = ticket_of("c", messages)
    assert (
        ticket.id == "c" and ticket.subject == "Help" and "535 5.7.8" in ticket.body and ticket.body.startswith("anna@")
    )
    content = content_of(triager.triage(ticket), triager.knowledge, NOW)
    assert content.mailbox == "anna@firm.example" and CardContent.from_json(content.to_json()) == content


def test_advice_that_did_not_help_is_ruled_out_and_an_agent_overrules(triager: Triager) -> None:
    ticket = Ticket("t", "anna@firm.example: 535 5.7.8 Error: authentication failed in Thunderbird")
    lead = triager.triage(ticket).diagnosis.causes[0].cause
    assert triager.triage(ticket, tried=[lead]).diagnosis.causes[0].cause != lead
    chosen = triager.triage(ticket, chosen="network-block")
    assert (
        chosen.diagnosis.causes[0].cause == "network-block"
        and chosen.reply
        and chosen.reply.citations[0].check == "network-block"
    )
    assert triager.triage(ticket, chosen="ask").diagnosis.verdict == "ask"
    with pytest.raises(KeyError):
        triager.triage(ticket, chosen="nonsense")


def test_a_human_takes_over_after_two_answers() -> None:
    assert [takes_over(n) for n in range(1, MAX_ROUNDS + 2)] == [False, False, True]


def test_what_a_mail_drags_along_swallows_no_later_message(knowledge: Knowledge) -> None:
    first = {
        "body": "It fails.\n\n-- \nAnna\nExample Ltd\n\n-----Original Message-----\nFrom: a@example.com\nSent: Friday\nTo: b@example.com\nSubject: x\n\n550 5.7.1 no"
    }
    later = {"body": "It is Outlook 365.\n\nBest regards\nAnna"}
    reading = read(ticket_of("t", [first, later]), knowledge.languages)
    own = "".join(reading.text[slice(*s.span)] for s in reading.segments if s.kind == "body")
    assert (
        "It fails." in own and "It is Outlook 365." in own and "550 5.7.1" not in own and "550 5.7.1 no" in reading.text
    )
