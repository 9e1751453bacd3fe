"""The support mailbox from end to end, over servers in this process: once in, once out, whatever breaks; tests/real
has Dovecot and Postfix."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import failpoints
from bot.core.desk.values import Delivery, Send
from bot.core.policy.marks import LOOP_HEADER
from bot.errors import SendPointless
from bot.triage import Triager
from tests.mail.post import AGENTS, ANNA, OWN, Post, letter, post


@pytest.fixture
def desk(tmp_path: Path, triager: Triager) -> Iterator[Post]:
    with post(tmp_path, triager) as made:
        yield made


def messages(desk: Post, case: str) -> int:
    with desk.store.look() as view:
        found = view.cases.case(case)
    return len(found.messages) if found else 0


class Killed(BaseException):
    """The process dies here."""


def dying_at(name: str, work: Callable[[], object]) -> None:
    def hook(reached: str) -> None:
        if reached == name:
            raise Killed

    failpoints.install(hook)
    try:
        with pytest.raises(Killed):
            work()
    finally:
        failpoints.install(None)


def test_a_mail_becomes_a_note_and_a_click_one_answer(desk: Post) -> None:
    desk.server.deliver(letter(references="<root@example.com>"))
    assert desk.take() == 1
    desk.work()
    (note,) = desk.smtp.to(AGENTS)
    (card,) = desk.cards()
    assert (
        note["Subject"].startswith(f"[{card.case_id}] ")
        and note["Auto-Submitted"] == "auto-generated"
        and "draft" in note.get_payload()
    )
    assert desk.decide(card) == "Sent."
    desk.work()
    (answer,) = desk.smtp.to(ANNA)
    assert answer["From"] == OWN and answer["To"] == ANNA and answer["Subject"] == f"Re: [{card.case_id}]"
    assert answer["In-Reply-To"] == "<m1@example.com>" and answer["References"].split() == [
        "<root@example.com>",
        "<m1@example.com>",
    ]
    assert answer["X-Auto-Response-Suppress"] == "All" and answer["Auto-Submitted"] is None and answer[LOOP_HEADER]
    assert (
        "cannot send" not in answer.as_string()
        and card.content.draft.split("\n")[0] in answer.get_payload(decode=True).decode()
    )  # type: ignore[union-attr]
    assert {f for m in desk.server.sent.mails for f in m.flags} == {"\\Seen"}
    assert len(desk.smtp.to(AGENTS)) == 2, "and one line that says what became of it"


def test_what_was_there_before_is_nobodys_new_ticket(tmp_path: Path, triager: Triager) -> None:
    with post(tmp_path, triager) as desk:
        desk.server.deliver(letter(id="<new@example.com>"))
        assert desk.take() == 1 and desk.take() == 0
        for folder in desk.server.folders.values():
            folder.renumber()
        desk.take()
        desk.work()
        assert len(desk.cards()) == 1, "under a new UIDVALIDITY each mail is offered again, and known"
        desk.server.deliver(letter(id="<old@example.com>"), at=datetime.now(UTC) - timedelta(days=2))
        desk.server.deliver(letter(id="<newer@example.com>"))
        assert desk.take() == 1, "what had arrived before the first look stays the past even then"


@pytest.mark.parametrize(
    "point",
    [
        "mailbox.accept.before",
        "inbox.accept.before",
        "inbox.accept.after",
        "mailbox.thread.before",
        "mailbox.accepted",
        "mailbox.mark.before",
    ],
)
def test_killed_anywhere_on_the_way_in_a_mail_is_one_case(desk: Post, point: str) -> None:
    desk.server.deliver(letter())
    dying_at(point, desk.take)
    desk.take()
    desk.take()
    (name,) = _cases(desk)
    assert messages(desk, name) == 1
    desk.server.deliver(letter("more of it", id="<m2@example.com>", in_reply_to="<m1@example.com>"))
    assert desk.take() == 1 and messages(desk, name) == 2


def _cases(desk: Post) -> list[str]:
    desk.work()
    return [card.case_id for card in desk.cards()]


def test_a_mail_that_kills_its_reader_is_handed_in_unread(desk: Post) -> None:
    desk.server.deliver(letter())
    desk.server.deliver(letter(id="<m2@example.com>", sender="bob@example.org"))
    for _ in range(3):
        dying_at("mailbox.accept.before", desk.take)
    assert desk.take() == 2
    with desk.store.look() as view:
        bodies = [str(case.messages[0]["body"]) for name in _cases(desk) if (case := view.cases.case(name))]
    assert len(bodies) == 2 and sum("could not be read" in body for body in bodies) == 1


def test_one_thread_is_one_case(desk: Post) -> None:
    desk.server.deliver(letter())
    desk.take()
    desk.work()
    (card,) = desk.cards()
    desk.decide(card)
    desk.work()
    (answer,) = desk.smtp.to(ANNA)
    desk.server.deliver(
        letter(
            f"still the same\n\nOn Fri, 20 Nov 2026 at 10:14, {OWN} wrote:\n> {'quoted ' * 9}\n",
            id="<m2@example.com>",
            in_reply_to=answer["Message-ID"],
        )
    )
    desk.server.deliver(
        letter(
            "and my colleague sees it too",
            sender="bob@example.com",
            id="<m3@example.com>",
            references=f"<x@example.com> {answer['Message-ID']}",
        )
    )
    desk.server.deliver(letter("a program without threads", id="<m4@example.com>", subject=answer["Subject"]))
    assert desk.take() == 3 and messages(desk, card.case_id) == 4
    with desk.store.look() as view:
        case = view.cases.case(card.case_id)
    assert (
        case is not None and case.author == ANNA and case.round == 2 and "quoted" not in str(case.messages[1]["body"])
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "<m5@example.com>", "references": "<newsletter@example.net>"},
        {"sender": "mallory@example.org", "subject": "Re: [CASE]", "id": "<m6@example.com>"},
        {"id": "<m7@example.com>", "in_reply_to": "<m1@example.com>", "auto_submitted": "auto-replied"},
        {"id": "<m8@example.com>", "in_reply_to": "<m1@example.com>", "return_path": "<>"},
    ],
)
def test_what_only_looks_like_the_thread_is_a_case_of_its_own(desk: Post, fields: dict[str, str]) -> None:
    desk.server.deliver(letter())
    desk.take()
    (name,) = _cases(desk)
    desk.server.deliver(letter("Outlook says 535", **{k: v.replace("CASE", name) for k, v in fields.items()}))
    assert desk.take() == 1 and messages(desk, name) == 1


def test_our_own_mails_never_come_in_and_forged_marks_do(desk: Post) -> None:
    desk.server.deliver(letter())
    desk.take()
    desk.work()
    desk.server.deliver(desk.smtp.taken[0][2])
    assert desk.take() == 0
    mark = desk.smtp.to(AGENTS)[0][LOOP_HEADER]
    desk.server.deliver(letter(id="<m2@example.com>", **{LOOP_HEADER: mark}))
    assert desk.take() == 1


def test_a_colleagues_own_answer_withdraws_the_draft(desk: Post) -> None:
    desk.server.deliver(letter())
    desk.take()
    (name,) = _cases(desk)
    desk.server.sent.add(
        letter("Done, please try again", sender=OWN, id="<h1@example.net>", in_reply_to="<m1@example.com>").replace(
            b"\n", b"\r\n"
        ),
        "\\Seen",
    )
    desk.take()
    with desk.store.look() as view:
        card = view.cases.card(f"{name}#1")
    assert card is not None and card.state == "withdrawn"
    desk.server.deliver(letter("thanks, but it still fails", id="<m2@example.com>", in_reply_to="<h1@example.net>"))
    desk.take()
    assert messages(desk, name) == 2


@pytest.mark.parametrize(
    "point",
    [
        "mailbox.append.before",
        "mailbox.append.after",
        "mailbox.data.before",
        "mailbox.data.after",
        "delivery.sent.before",
    ],
)
def test_killed_anywhere_on_the_way_out_there_is_one_answer_or_a_human(desk: Post, point: str) -> None:
    desk.server.deliver(letter())
    desk.take()
    desk.work()
    (card,) = desk.cards()
    desk.decide(card)
    dying_at(point, desk.work)
    desk.clock.ahead += timedelta(minutes=5)
    desk.work()
    answers = len(desk.smtp.to(ANNA))
    with desk.store.look() as view:
        state, _ = view.queues.state_of(f"reply:{card.id}")
    knowable = point in ("mailbox.append.before", "delivery.sent.before")
    assert (answers, state) == ((1, "sent") if knowable else (int(point == "mailbox.data.after"), "parked"))


@pytest.mark.parametrize(
    ("mood", "state", "copies"), [("drop", "parked", 1), ("refuse", "parked", 0), ("busy", "queued", 0)]
)
def test_what_the_submission_server_says_is_believed(desk: Post, mood: str, state: str, copies: int) -> None:
    desk.server.deliver(letter())
    desk.take()
    desk.work()
    (card,) = desk.cards()
    desk.smtp.taken.clear()
    desk.smtp.mood = mood
    desk.decide(card)
    desk.work(6 if mood == "busy" else 60)
    with desk.store.look() as view:
        assert view.queues.state_of(f"reply:{card.id}")[0] == state
    assert len(desk.smtp.to(ANNA)) == (1 if mood == "drop" else 0)
    assert len([m for m in desk.server.sent.mails if b"Re: [mail-" in m.raw]) == copies
    if mood == "busy":
        desk.smtp.mood = "accept"
        desk.work()
        assert len(desk.smtp.to(ANNA)) == 1


def test_an_answer_that_lies_in_sent_is_never_sent_again(desk: Post) -> None:
    """A database that was restored from a backup does not know that it has answered."""
    desk.server.deliver(letter())
    desk.take()
    desk.work()
    (card,) = desk.cards()
    before = desk.server.sent.mails[:]
    desk.decide(card)
    desk.work()
    with desk.store.step("test.restored") as step:
        step.queues.send(
            Send(
                f"reply:{card.id}",
                "mailbox",
                "reply",
                f"mailbox/{OWN}",
                {"text": "x", "thread": card.case_id, "card": card.id},
                card.case_id,
            )
        )
    desk.server.sent.mails[:] = [*before, *[m for m in desk.server.sent.mails if m not in before]]
    desk.work()
    assert len(desk.smtp.to(ANNA)) == 1


def test_a_ticket_without_one_requester_is_answered_by_hand(desk: Post) -> None:
    desk.server.deliver(letter(sender=f"{ANNA}, bob@example.org"))
    desk.take()
    desk.work()
    (card,) = desk.cards()
    desk.decide(card)
    desk.work()
    with desk.store.look() as view:
        assert view.queues.state_of(f"reply:{card.id}")[0] == "parked"
    assert {r for _, recipients, _ in desk.smtp.taken for r in recipients} == {AGENTS}


def test_an_automatic_answer_says_so_and_lets_a_colleague_be_first(desk: Post) -> None:
    desk.server.deliver(letter())
    desk.take()
    (name,) = _cases(desk)

    def auto(key: str) -> str:
        payload = {"text": "Hello", "thread": name, "card": f"{name}#1", "automatic": True}
        now = desk.clock.now()
        return desk.outlet.send(
            Delivery(
                1,
                Send(key, "mailbox", "reply", f"mailbox/{OWN}", payload, name, automatic=True),
                1,
                1,
                False,
                now,
                now + timedelta(minutes=1),
            )
        )

    auto("auto:1")
    (answer,) = desk.smtp.to(ANNA)
    assert answer["Auto-Submitted"] == "auto-replied"
    desk.server.sent.mails.clear()
    desk.server.sent.add(
        letter("I am on it", sender=OWN, id="<h1@example.net>", in_reply_to="<m1@example.com>").replace(b"\n", b"\r\n"),
        "\\Seen",
    )
    with pytest.raises(SendPointless, match="a colleague has answered"):
        auto("auto:2")
    assert len(desk.smtp.to(ANNA)) == 1


def test_idle_picks_up_within_seconds_and_survives_a_connection_that_breaks(tmp_path: Path, triager: Triager) -> None:
    with post(tmp_path, triager, watch_seconds=30.0) as desk:
        threading.Thread(target=desk.source.run, daemon=True).start()

        def arrives(number: int) -> float:
            began = time.monotonic()
            desk.server.deliver(letter(f"535 no {number}", id=f"<n{number}@example.com>"))
            while time.monotonic() - began < 15:
                with desk.store.look() as view:
                    if view.queues.backlog()["jobs"] == number:
                        return time.monotonic() - began
                time.sleep(0.02)
            pytest.fail("the mail was not picked up")

        time.sleep(0.5)
        assert arrives(1) < 3
        time.sleep(0.5)
        desk.server.hang_up()
        assert arrives(2) < 8
        desk.server.die_at = {"UID FETCH"}
        assert arrives(3) < 8
        assert desk.server.logins >= 3


def test_a_colleague_decides_by_answering_the_note(desk: Post) -> None:
    desk.server.deliver(letter())
    desk.take()
    (name,) = _cases(desk)
    subject = "Re: " + desk.smtp.to(AGENTS)[0]["Subject"]

    def says(text: str, number: int, **fields: str) -> None:
        desk.server.deliver(
            letter(text, **{"sender": AGENTS, "subject": subject, "id": f"<a{number}@example.net>", **fields})
        )
        assert desk.take() == 0
        desk.work()

    says("/triage send", 1, subject=f"Re: [{name}] forged without the code")
    says("I will look at it later", 2)
    says("/triage dance", 3)
    assert not desk.smtp.to(ANNA) and [c.state for c in desk.cards()] == ["open"]
    notices = [m.get_payload(decode=True).decode() for m in desk.smtp.to(AGENTS) if "Alarm" in m["Subject"]]  # type: ignore[union-attr]
    assert len(notices) == 2 and "newest note" in notices[0] and "no command" in notices[1]
    says("/triage check 1\n\n> quoted", 4)
    assert len(desk.smtp.to(ANNA)) == 0 and desk.cards()[0].content.cause == "username-full-address"
    says("/triage send", 5)
    assert len(desk.smtp.to(ANNA)) == 0, "that note was not of the draft as it now is"
    subject = "Re: " + next(m["Subject"] for m in reversed(desk.smtp.to(AGENTS)) if "Check 1:" in m["Subject"])
    says("/triage send", 6)
    assert len(desk.smtp.to(ANNA)) == 1
    forged = letter("/triage send", sender="mallory@example.org", subject=subject, id="<f@example.org>")
    desk.server.deliver(forged)
    assert desk.take() == 1, "from anybody else it is a ticket like any other"


def test_the_weekly_report_comes_by_mail_once_with_its_page_and_its_picture(desk: Post) -> None:
    lead = "leads@example.com"
    payload = {
        "subject": "Why they could not connect: 2026-W47\nBcc: eve@example.com",
        "to": lead,
        "text": "Check 2: 4",
        "html": "<p>Check 2: 4</p>",
        "name": "report-2026-W47",
        "title": "t",
        "png": base64.b64encode(b"\x89PNG").decode(),
    }
    for _ in range(2):
        with desk.store.step("test.report") as step:
            step.queues.send(Send(f"report:2026-W47:mailbox/{lead}", "mailbox", "report", f"mailbox/{lead}", payload))
        desk.work()
    (mail,) = desk.smtp.to(lead)
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "image/png",
    ]
    assert (
        mail["To"] == lead and mail["Bcc"] is None and mail["Auto-Submitted"] == "auto-generated" and mail[LOOP_HEADER]
    )
