"""Answers that nobody clicked, through the whole desk: once, to one person, and not at all where anything speaks
against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.adapters.accounts.memory import MemoryAccountDirectory
from bot.core.desk.card import CardContent
from bot.core.desk.note_text import decision_of, note_of
from bot.core.desk.values import Card, Decision, Delivery, Envelope, Outcome
from bot.core.observed import Account
from bot.core.policy.trust import WINDOW
from bot.errors import SendUnsure
from bot.handle import UNPROVEN
from bot.triage import Triager
from tests.policy.office import OURS, RULES, SETTINGS_FAULT, Helpdesk, open_helpdesk, proven, unproven
from tests.policy.simulations import bot_meets_bot, forged_tickets, peer_that_answers_everything

ANNA = "anna@kunde.example"
TICKET = SETTINGS_FAULT.format(mailbox=ANNA)
VAGUE = "Hello, mail does not work any more. Please help."


@pytest.fixture
def desk(tmp_path: Path, triager: Triager) -> Iterator[Helpdesk]:
    office = open_helpdesk(f"sqlite:///{tmp_path}/desk.db", triager)
    yield office
    office.store.database.engine.dispose()


def decide(desk: Helpdesk, card: Card, action: str, **more: str) -> Outcome:
    return desk.decisions.decide(Decision(card.id, card.revision, action, "slack:T1:U9", "agent", **more))


def audit(desk: Helpdesk, action: str) -> int:
    with desk.store.database.read() as session:
        return int(
            session.connection()
            .execute(text("SELECT count(*) FROM audit WHERE action = :a"), {"a": action})
            .scalar_one()
        )


def test_nothing_leaves_by_default_and_the_note_carries_the_draft(tmp_path: Path, triager: Triager) -> None:
    desk = open_helpdesk(f"sqlite:///{tmp_path}/desk.db", triager, auto=False)
    desk.ticket(TICKET, proven(ANNA))
    desk.work()
    card = desk.card("t1")
    assert [d.send.kind for d in desk.outbox.sent] == ["card"] and desk.outbox.replies == []
    note = note_of(card)
    assert (
        "it would be acknowledged by itself: trust is not earned yet" in note
        and card.content.draft in note
        and "/triage send" in note
        and "Check 4" in note
        and "\nEvidence:" in note
    )
    assert decide(desk, card, "send").done
    desk.work()
    [reply] = desk.outbox.replies
    assert reply.send.payload["automatic"] is False and not reply.send.automatic
    assert "Sent by" in decision_of(desk.card("t1"))
    with desk.store.look() as view:
        assert view.automatic.record("port-and-tls", WINDOW).decisions == 1
    desk.store.database.engine.dispose()


def test_a_sound_ticket_is_answered_once_and_its_card_says_so(desk: Helpdesk, triager: Triager) -> None:
    desk.ticket(TICKET, proven(ANNA, participants=("boss@kunde.example",)))
    desk.work()
    [reply] = desk.outbox.replies
    assert reply.send.payload["to"] == ANNA and reply.send.payload["automatic"] is True and reply.send.automatic
    assert desk.outbox.sent[0].send.kind == "card", "agents see it no later than the customer"
    promise = triager.knowledge.replies["en"].sentences["automatic.promise"]
    assert f"\n\n{promise}\n\nKind regards" in reply.send.payload["text"], (
        "the hand-over that may follow is told here: there is no second mail"
    )
    card = desk.card("t1")
    assert promise not in card.content.draft, "what an agent sends is no machine's"
    assert (card.state, card.decision) == ("answered", "auto") and "Answered by itself" in card.content.by_itself
    assert not decide(desk, card, "send").done
    desk.ticket("I did all that and it still fails: port 143 STARTTLS.", proven(ANNA), thread="t1")
    desk.work()
    assert len(desk.outbox.replies) == 1, "one a ticket"
    assert desk.card("t1", 2).state == "open" and "one automatic mail" in desk.card("t1", 2).content.by_itself


def test_an_answer_is_corrected_afterwards_and_costs_trust(desk: Helpdesk) -> None:
    desk.ticket(TICKET, proven(ANNA))
    desk.work()
    assert decide(desk, desk.card("t1"), "other_check", cause="hostnames").done
    desk.work()
    card = desk.card("t1")
    assert card.state == "open" and card.content.cause == "hostnames" and len(desk.outbox.replies) == 1
    assert decide(desk, card, "send").done
    desk.work()
    assert [r.send.automatic for r in desk.outbox.replies] == [True, False]
    with desk.store.look() as view:
        record = view.automatic.record("port-and-tls", WINDOW)
        assert (record.decisions, record.right) == (1, 0) and view.automatic.record(
            "hostnames", WINDOW
        ).decisions == 0, "what an agent chose proves nothing"
    desk.ticket(TICKET, proven("ben@kunde.example"))
    desk.work()
    assert "switched on by hand, but" in desk.card("t2").content.by_itself


def test_trust_is_earned_and_lost(desk: Helpdesk) -> None:
    for name in ("port-and-tls", "mailbox-password", "hostnames", "username-full-address"):
        desk.set(f"mode:desk#{name}", "")
    content = CardContent("Check 4", cause="port-and-tls", verdict="answer", confidence="likely", draft="x")
    for number in range(73):
        desk.ticket("Hello, no connection.", None, thread=f"e{number}", from_agent=True)
        with desk.store.step("test.review") as step:
            step.cases.review(Card(f"desk:e{number}", 1, 1, "open", content), "a", "send", agrees=True)
    desk.ticket(TICKET, proven(ANNA), thread="a")
    desk.work()
    assert [r.send.payload["answer"] for r in desk.outbox.replies] == [True]
    with desk.store.step("test.correction") as step:
        step.cases.review(Card("desk:a", 2, 1, "open", content), "a", "not_ours", agrees=False)
    desk.ticket(TICKET, proven("ben@kunde.example"), thread="b")
    desk.work()
    assert [r.send.payload["answer"] for r in desk.outbox.replies] == [True, False], (
        "one correction, and it is acknowledged only"
    )
    desk.pass_(days=91)
    with desk.store.look() as view:
        assert view.automatic.record("port-and-tls", WINDOW).decisions == 0


def test_pause_holds_what_is_queued_and_old_mail_is_not_sent(desk: Helpdesk) -> None:
    assert desk.decisions.set_paused("l", "lead", paused=True).done
    desk.ticket(TICKET, proven(ANNA))
    desk.work()
    assert desk.outbox.replies == [] and len(desk.outbox.sent) == 1
    desk.decisions.set_paused("l", "lead", paused=False)
    desk.work()
    assert len(desk.outbox.replies) == 1
    desk.decisions.set_paused("l", "lead", paused=True)
    desk.ticket(TICKET, proven("ben@kunde.example"))
    desk.work()
    desk.pass_(minutes=31)
    desk.decisions.set_paused("l", "lead", paused=False)
    desk.work()
    assert len(desk.outbox.replies) == 1, "half an hour late is too late"
    assert desk.card("t2").state == "open"


def _held(desk: Helpdesk, envelope: Envelope | None = None) -> None:
    """A ticket whose automatic answer is queued and held."""
    desk.decisions.set_paused("l", "lead", paused=True)
    desk.ticket(TICKET, envelope or proven(ANNA), thread="t1")
    desk.work()
    with desk.store.look() as view:
        assert view.queues.state_of("auto:desk:t1:1")[0] == "queued"


def _released(desk: Helpdesk) -> list[Delivery]:
    desk.decisions.set_paused("l", "lead", paused=False)
    desk.work()
    return [r for r in desk.outbox.replies if r.send.automatic]


def test_what_changes_before_it_leaves_keeps_it_from_leaving(desk: Helpdesk) -> None:
    _held(desk)
    desk.ticket("I have called them.", None, thread="t1", from_agent=True)
    assert _released(desk) == [] and "withdrawn" in desk.card("t1").state


def test_an_agent_who_is_first_is_the_only_one(desk: Helpdesk) -> None:
    _held(desk)
    assert decide(desk, desk.card("t1"), "send").done
    assert _released(desk) == [] and len(desk.outbox.replies) == 1


@pytest.mark.parametrize(("name", "value"), [("mode:desk#port-and-tls", "draft"), ("mode:desk", "off")])
def test_a_lead_who_changes_their_mind_is_obeyed(desk: Helpdesk, name: str, value: str) -> None:
    _held(desk)
    desk.set(name, value)
    assert _released(desk) == [] and "Not answered by itself" in desk.card("t1").content.by_itself


def test_somebody_who_joins_meanwhile_stops_it(desk: Helpdesk) -> None:
    _held(desk)
    desk.ticket("me too", proven(ANNA, participants=("new@evil.example",)), thread="t1")
    sent = _released(desk)
    assert (
        [r.send.key for r in sent] == ["auto:desk:t1:2"]
        and sent[0].send.payload["proven"] is False
        and sent[0].send.payload["mailbox"] is None
    )


def test_a_reply_that_is_on_its_way_is_not_overtaken(desk: Helpdesk) -> None:
    class Slow:
        """Accepts and drops the connection, once."""

        gap = timedelta()

        def __init__(self) -> None:
            self.dropped = False

        def send(self, delivery: Delivery) -> str:
            remote = desk.outbox.send(delivery)
            if delivery.send.kind == "reply" and not self.dropped:
                self.dropped = True
                raise SendUnsure("the connection was dropped")
            return remote

        def find(self, delivery: Delivery) -> object:
            return desk.outbox.find(delivery)

    slow = Slow()
    desk.worker = replace(desk.worker, courier=replace(desk.worker.courier, outlets={"desk": slow}))  # type: ignore[dict-item]
    desk.ticket(TICKET, proven(ANNA))
    desk.work()
    refused = decide(desk, desk.card("t1"), "send")
    assert not refused.done and "this very moment" in refused.said
    desk.pass_(seconds=31)
    desk.work()
    assert len(desk.outbox.replies) == 1 and desk.card("t1").state == "answered"


def test_only_the_proven_owner_reads_facts(tmp_path: Path, triager: Triager) -> None:
    accounts = MemoryAccountDirectory(
        [Account(ANNA, plan="nano", paused=False, domain_verified=True, admins=("chef@kunde.example",))]
    )
    known = Triager(triager.knowledge, triager.logs, accounts, triager.clock)
    desk = open_helpdesk(f"sqlite:///{tmp_path}/desk.db", known)
    body = f"Hello, I cannot log in to {ANNA} with Thunderbird 128. My user name there is anna, IMAP server imap.trekmail.net, port 993, SSL/TLS. Error: authentication failed."
    for number, envelope in enumerate(
        (
            proven(ANNA),
            unproven(ANNA),
            proven("mallory@evil.example"),
            proven("chef@kunde.example"),
            Envelope(
                ANNA, (("Authentication-Results", "evil.example; dmarc=pass header.from=kunde.example"), ("From", ANNA))
            ),
        ),
        1,
    ):
        desk.ticket(body, envelope)
        desk.pass_(days=2)
        desk.work()
        drafts = [d.send.payload["text"] for d in desk.outbox.replies[number - 1 :]] + [
            desk.card(f"t{number}").content.draft
        ]
        assert (UNPROVEN in desk.card(f"t{number}").content.who) == (number not in (1, 4)), number
        assert all((ANNA in draft) == (number in (1, 4)) for draft in drafts), (number, drafts)
    assert {d.send.payload["to"] for d in desk.outbox.replies} <= {
        ANNA,
        "mallory@evil.example",
        "chef@kunde.example",
    } and len(desk.outbox.replies) == 5
    desk.store.database.engine.dispose()


def test_what_is_not_clear_is_acknowledged_with_what_is_missing_or_not_at_all(tmp_path: Path, triager: Triager) -> None:
    asked = open_helpdesk(f"sqlite:///{tmp_path}/a.db", triager)
    asked.ticket(VAGUE, proven(ANNA))
    asked.work()
    [reply] = asked.outbox.replies
    assert (
        reply.send.payload["answer"] is False
        and "please tell us" in reply.send.payload["text"]
        and asked.card("t1").state == "open"
    )
    assert "Acknowledged by itself" in asked.card("t1").content.by_itself
    silent = open_helpdesk(f"sqlite:///{tmp_path}/b.db", triager, replace(RULES, acknowledge="nothing"))
    silent.ticket(VAGUE, proven(ANNA))
    silent.work()
    assert silent.outbox.replies == [] and len(silent.outbox.sent) == 1
    for office in (asked, silent):
        office.store.database.engine.dispose()


def test_an_abused_mailbox_goes_to_the_abuse_queue_in_silence(tmp_path: Path, triager: Triager) -> None:
    accounts = MemoryAccountDirectory([Account(ANNA, paused=True, paused_reason="abuse")])
    desk = open_helpdesk(
        f"sqlite:///{tmp_path}/desk.db", Triager(triager.knowledge, triager.logs, accounts, triager.clock)
    )
    desk.set("cards:desk", "slack/C1")
    assert desk.decisions.set_abuse("l", "lead", "slack/CABUSE").done
    desk.ticket(TICKET, proven(ANNA))
    desk.ticket(SETTINGS_FAULT.format(mailbox="ben@kunde.example"), proven("ben@kunde.example"))
    desk.work()
    assert [(d.send.kind, d.send.place) for d in desk.slack.kinds("card")] == [
        ("card", "slack/CABUSE"),
        ("card", "slack/C1"),
    ]
    assert [d.send.kind for d in desk.outbox.sent].count("note") == 2 and [
        d.send.payload["to"] for d in desk.outbox.replies
    ] == ["ben@kunde.example"]
    desk.store.database.engine.dispose()


def test_our_own_machines_and_unknown_paths_hear_nothing(desk: Helpdesk) -> None:
    for envelope in (
        None,
        proven(OURS),
        proven(ANNA, extra=(("Auto-Submitted", "auto-replied"),)),
        replace(proven(ANNA), return_path=""),
        proven("bot@trekmail.net"),
        proven(ANNA, extra=(("From", "mallory@evil.example"),)),
        replace(proven(ANNA), requester=None),
    ):
        desk.ticket(TICKET, envelope)
    desk.work()
    assert desk.outbox.replies == [] and len(desk.outbox.kinds("card")) == 7


def test_forged_tickets_that_name_one_victim(desk: Helpdesk) -> None:
    assert forged_tickets(desk, 12, victim=True) <= 3


def test_the_breaker_trips_and_tells_the_leads(tmp_path: Path, triager: Triager) -> None:
    desk = open_helpdesk(f"sqlite:///{tmp_path}/desk.db", triager, replace(RULES, per_minute=3))
    desk.set("escalate-to", "slack/CLEAD")
    assert forged_tickets(desk, 6, victim=False) == 3
    [alarm] = desk.slack.kinds("alarm")
    assert (
        alarm.send.place == "slack/CLEAD"
        and "stopped answering" in alarm.send.payload["text"]
        and audit(desk, "breaker") == 1
    )
    desk.pass_(hours=1)
    assert forged_tickets(desk, 1, victim=False) == 3, "it stays open until a lead says so"
    desk.decisions.set_paused("l", "lead", paused=False)
    assert forged_tickets(desk, 1, victim=False) == 4
    desk.store.database.engine.dispose()


def test_a_peer_that_strips_headers_and_answers_everything(desk: Helpdesk) -> None:
    assert 1 <= peer_that_answers_everything(desk, hours=24, most=8) <= 3


@pytest.mark.parametrize("stripping", [False, True])
def test_two_copies_of_the_bot(tmp_path: Path, triager: Triager, *, stripping: bool) -> None:
    ours = open_helpdesk(
        f"sqlite:///{tmp_path}/a.db", triager, replace(RULES, own_addresses=frozenset({"a@host.example"}))
    )
    theirs = open_helpdesk(
        f"sqlite:///{tmp_path}/b.db", triager, replace(RULES, own_addresses=frozenset({"b@desk.example"}))
    )
    assert bot_meets_bot(ours, theirs, stripping=stripping, rounds=3) == 1
    for office in (ours, theirs):
        office.store.database.engine.dispose()
