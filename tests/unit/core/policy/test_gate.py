"""The gate over generated tickets, each of its conditions alone, and a scan that misses no planted leak. `make fuzz`
runs the same over 100,000."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core.desk.values import Envelope
from bot.core.egress import leaks
from bot.core.model import AddressMention, Cue, Segment, Ticket
from bot.core.observed import Account, AccountView
from bot.core.policy.acknowledge import acknowledgement
from bot.core.policy.brands import branded, reseller_of
from bot.core.policy.floods import flooded, one_inbox, trips
from bot.core.policy.gate import Circumstances, Rules, is_abuse, may_answer, still_may
from bot.core.policy.loops import reason_not_to_answer
from bot.core.policy.modes import Mode, cause_named, mode_of
from bot.core.policy.tiers import sender_of
from bot.core.policy.trust import Record, agreement, distrust
from bot.core.verdict import Evidence, Triage
from bot.triage import Triager
from knowledge import Knowledge
from knowledge.host import Reseller
from tests.policy.cases import case
from tests.policy.hostile import header_sets
from tests.policy.laws import broken
from tests.policy.leaks import planted
from tests.policy.office import SETTINGS_FAULT

CASES = 800
HAND = Circumstances(Mode("auto", by_hand=True), "mailbox", None, Record())
RULES = Rules()


def test_generated_tickets_obey_the_laws(knowledge: Knowledge) -> None:
    dice, count = random.Random(17), Counter[str]()
    faults = [fault for _ in range(CASES) for fault in broken(case(dice, knowledge), knowledge, count)]
    assert faults == []
    assert min(count["tier mailbox"], count["reply"], count["nothing"]) > 5 and count["replies with facts"], count


def test_no_planted_leak_gets_past_the_last_scan(knowledge: Knowledge) -> None:
    names = [family.name for family in knowledge.clients]
    texts = list(planted(knowledge))
    assert len(texts) >= 500
    assert [
        text[-120:] for text in texts if not leaks(text, ("anna@kunde.example",), knowledge.settings, names=names)
    ] == []


def test_two_hundred_hostile_headers_reach_nobody_else() -> None:
    sets = list(header_sets())
    assert len(sets) >= 200
    for headers, requester in sets:
        envelope = Envelope(requester, headers, None)
        if reason_not_to_answer(envelope, ()) is None:
            assert requester == "mallory@evil.example", headers
        assert sender_of([envelope], {"mx.host.example"}).tier("anna@kunde.example", None) == "unverified", headers


@pytest.fixture(scope="module")
def sound(triager: Triager) -> Triage:
    """A ticket that may be answered: its fault stands in the settings."""
    return triager.triage(Ticket("t", SETTINGS_FAULT.format(mailbox="anna@kunde.example")))


def test_what_is_sound_is_answered(sound: Triage, knowledge: Knowledge) -> None:
    assert may_answer(sound, sound, HAND, RULES, knowledge).kind == "reply"
    assert (
        may_answer(sound, sound, replace(HAND, mode=Mode("auto"), record=Record(73, 73)), RULES, knowledge).kind
        == "reply"
    )
    assert may_answer(sound, sound, replace(HAND, tier="unverified"), RULES, knowledge).kind == "reply"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"mode": Mode("draft")}, "nothing"),
        ({"mode": Mode("note")}, "nothing"),
        ({"mode": Mode("off")}, "nothing"),
        ({"loop": "a bounce"}, "nothing"),
        ({"human": True}, "nothing"),
        ({"spent": True}, "nothing"),
        ({"brandless": True}, "nothing"),
        ({"mode": Mode("auto")}, "acknowledge"),
        ({"mode": Mode("auto"), "record": Record(72, 72)}, "acknowledge"),
        ({"mode": Mode("auto"), "record": Record(100, 97)}, "acknowledge"),
        ({"record": Record(20, 15)}, "acknowledge"),
        ({"round": 3}, "acknowledge"),
    ],
)
def test_each_circumstance_alone_forbids_it(
    sound: Triage, knowledge: Knowledge, change: dict[str, Any], kind: str
) -> None:
    permission = may_answer(sound, sound, replace(HAND, **change), RULES, knowledge)
    assert permission.kind == kind and permission.why
    if permission.kind == "acknowledge" and "round" not in change:
        assert (
            may_answer(sound, sound, replace(HAND, **change), replace(RULES, acknowledge="nothing"), knowledge).kind
            == "nothing"
        )
    if "round" in change:
        assert (
            permission.handover
            and may_answer(
                sound, sound, replace(HAND, **change), replace(RULES, acknowledge="nothing"), knowledge
            ).handover
        ), "a hand-over is always told"


def _diagnosed(**change: Any) -> Callable[[Triage], Triage]:
    return lambda t: replace(t, diagnosis=replace(t.diagnosis, **change))


def _only_words(t: Triage) -> Triage:
    lead = replace(t.diagnosis.causes[0], evidence=((Evidence("words", "x", "x"), True),))
    return replace(t, diagnosis=replace(t.diagnosis, causes=(lead, *t.diagnosis.causes[1:])))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_diagnosed(verdict="none"), "nothing"),
        (_diagnosed(verdict="ask"), "acknowledge"),
        (_diagnosed(verdict="escalate"), "acknowledge"),
        (_diagnosed(confidence="guess"), "acknowledge"),
        (_diagnosed(confidence="unknown"), "acknowledge"),
        (_diagnosed(undecided=("hostnames",)), "acknowledge"),
        (_diagnosed(also=("hostnames",)), "acknowledge"),
        (_only_words, "acknowledge"),
        (lambda t: replace(t, reply=None), "acknowledge"),
        (lambda t: replace(t, facts=replace(t.facts, language="sv")), "acknowledge"),
        (lambda t: replace(t, facts=replace(t.facts, cues=(Cue("auto-reply", (0, 1)),))), "nothing"),
        (lambda t: replace(t, facts=replace(t.facts, cues=(Cue("hacked-signs", (0, 1)),))), "nothing"),
        (
            lambda t: replace(
                t, account=AccountView(Account("a@b.example", paused=True, paused_reason="Abuse: spam run"))
            ),
            "nothing",
        ),
        (
            lambda t: replace(
                t,
                reading=replace(t.reading, segments=(Segment("quoted", (0, 50)),)),
                facts=replace(t.facts, mailboxes=(AddressMention("s@host.example", "host_staff", (3, 9)),)),
            ),
            "acknowledge",
        ),
    ],
)
def test_each_property_of_the_triage_alone_forbids_it(
    sound: Triage, knowledge: Knowledge, change: Callable[[Triage], Triage], kind: str
) -> None:
    changed = change(sound)
    assert may_answer(changed, None, HAND, RULES, knowledge).kind == kind
    assert may_answer(sound, changed, replace(HAND, tier="unverified"), RULES, knowledge).kind in (
        kind,
        "reply",
        "acknowledge",
    )


def test_the_unverified_hear_only_what_their_own_ticket_says(sound: Triage, knowledge: Knowledge) -> None:
    confirmed = _diagnosed(confidence="confirmed")(_only_words(sound))
    assert may_answer(confirmed, None, HAND, RULES, knowledge).kind == "reply", (
        "the server's line confirms it for the owner"
    )
    assert (
        may_answer(confirmed, _only_words(sound), replace(HAND, tier="unverified"), RULES, knowledge).kind
        == "acknowledge"
    )
    other = replace(
        sound, diagnosis=replace(sound.diagnosis, causes=(replace(sound.diagnosis.causes[0], cause="hostnames"),))
    )
    assert may_answer(other, sound, replace(HAND, tier="unverified"), RULES, knowledge).kind == "acknowledge", (
        "the log knows better, so nothing wrong is said"
    )
    with pytest.raises(AssertionError):
        may_answer(sound, None, replace(HAND, tier="unverified"), RULES, knowledge)


def test_at_the_moment_of_sending(sound: Triage) -> None:
    now: dict[str, Any] = {"answer": True, "same_version": True, "undecided": True, "tripped": False, "rules": RULES}
    assert still_may(HAND, **now) is None
    for change in ({"same_version": False}, {"undecided": False}, {"tripped": True}):
        assert still_may(HAND, **{**now, **change})
    for at in (
        replace(HAND, mode=Mode("draft")),
        replace(HAND, human=True),
        replace(HAND, spent=True),
        replace(HAND, loop="x"),
        replace(HAND, mode=Mode("auto")),
    ):
        assert still_may(at, **now)
    assert still_may(replace(HAND, mode=Mode("auto")), **{**now, "answer": False}) is None, (
        "an acknowledgement needs no trust"
    )


def test_abuse(sound: Triage) -> None:
    assert not is_abuse(sound)
    assert is_abuse(
        replace(
            sound,
            diagnosis=replace(sound.diagnosis, causes=(replace(sound.diagnosis.causes[0], cause="suspended_abuse"),)),
        )
    )


def test_trust_takes_73_flawless_decisions_and_falls_back() -> None:
    assert distrust(Record(72, 72), 0.95, by_hand=False) and distrust(Record(73, 73), 0.95, by_hand=False) is None
    assert distrust(Record(74, 73), 0.95, by_hand=False), "one correction"
    assert distrust(Record(), 0.95, by_hand=True) is None and distrust(Record(1, 0), 0.95, by_hand=True), (
        "a switch by hand falls back as well"
    )
    assert distrust(Record(30, 29), 0.95, by_hand=True) is None
    assert Record().proven == 0.0 and Record().possible == 1.0 and 0 < Record(10, 0).possible < 0.35


def test_what_a_decision_says() -> None:
    draft = "Hello,\n\nport 143 cannot work the way it is set. Please choose 993 with SSL/TLS and save.\n\nKind regards"
    assert (
        agreement("send", "a", None) is True
        and agreement("other_check", "a", "b") is False
        and agreement("other_check", "a", "a") is True
    )
    assert (
        agreement("edit", "a", None, draft=draft, text=draft.replace("Hello", "Hello Anna")) is True
        and agreement("edit", "a", None, draft=draft, text="Call us.") is False
    )
    assert (
        agreement("reply", "a", None, draft=draft, text=draft) is True
        and agreement("reply", "a", None, draft=draft, text="Done.") is None
        and agreement("reply", "a", None) is None
    )
    assert (
        agreement("not_ours", "a", None) is False
        and agreement("ask", "a", None) is False
        and agreement("escalate", "a", None) is None
    )


def test_modes(knowledge: Knowledge) -> None:
    assert mode_of({}, "slack/C1", "slack") == Mode("draft") and mode_of({}, "zendesk", "zendesk") == Mode("note")
    assert (
        mode_of({"zendesk": "auto"}, "zendesk/1", "zendesk", "hostnames") == Mode("auto")
        and mode_of({"zendesk": "auto", "zendesk/1": "note"}, "zendesk/1", "zendesk").name == "note"
    )
    assert mode_of({"zendesk": "note", "zendesk#hostnames": "auto"}, "zendesk", "zendesk", "hostnames") == Mode(
        "auto", by_hand=True
    )
    assert mode_of({"zendesk": "auto", "zendesk#hostnames": "draft"}, "zendesk", "zendesk", "hostnames") == Mode(
        "draft"
    )
    assert mode_of({"zendesk": "off", "zendesk#hostnames": "auto"}, "zendesk", "zendesk", "hostnames").name == "off"
    assert (
        cause_named("2", knowledge) == cause_named("mailbox-password", knowledge) == "mailbox-password"
        and cause_named("11", knowledge) is None
    )


def test_one_inbox_and_the_caps() -> None:
    assert {one_inbox(a) for a in ("Vic.Tim+1@gmail.com", "victim@googlemail.com", "vict.im+x+y@gmail.com")} == {
        "victim@gmail.com"
    }
    assert (
        one_inbox("a.b+c@kunde.example") == "a.b@kunde.example" and one_inbox("+x@kunde.example") == "+x@kunde.example"
    )
    assert [bool(flooded(n, RULES)) for n in range(5)] == [False, False, False, True, True] and [
        trips(n, RULES) for n in (0, 29, 30)
    ] == [False, False, True]


def test_a_resellers_customers_hear_the_resellers_name(sound: Triage, knowledge: Knowledge) -> None:
    settings = replace(
        knowledge.settings,
        resellers=(
            Reseller(accounts=("acme",), domains=("kunde.example",), brand="Acme Mail"),
            Reseller(domains=("quiet.example",)),
        ),
    )
    known = replace(knowledge, settings=settings)
    text = acknowledgement(sound, known, handover=True)
    assert text and "Acme Mail Support" in text.text and knowledge.settings.brand not in text.text
    assert branded(known, "x@elsewhere.example", None) is known and branded(known, "x@quiet.example", None) is known
    found = reseller_of("x@elsewhere.example", Account("x@elsewhere.example", account="ACME"), settings)
    assert found is settings.resellers[0] and reseller_of(None, None, settings) is None


@pytest.mark.parametrize("handover", [True, False])
def test_every_language_acknowledges(sound: Triage, knowledge: Knowledge, handover: bool) -> None:
    for language, sentences in knowledge.replies.items():
        reply = acknowledgement(
            replace(sound, facts=replace(sound.facts, language=language)), knowledge, handover=handover
        )
        assert reply and (reply.language == language or not sentences.complete)
