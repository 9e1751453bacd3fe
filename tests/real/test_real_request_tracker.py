"""Request Tracker 5 itself: a ticket comes in, the note with the draft stands in it, an agent's note sends the
reply, the card is decided."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from functools import cache

import httpx
import pytest

from bot.adapters.attachments.reader import ProgramReader
from bot.adapters.helpdesk.http import Api
from bot.adapters.helpdesk.rt import RequestTracker
from bot.core.desk.keys import token_of
from bot.triage import Triager
from tests.helpdesk.office import Office, open_office
from tests.helpdesk.request_tracker import Tracker, request_tracker

MAIL = """From: {who} <{who}@customer.example>
To: support@desk.example
Subject: {subject}
Message-ID: <{subject}@customer.example>
Authentication-Results: mx.desk.example; dmarc=pass header.from=customer.example
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

{body}
"""
BODY = "Hello, Thunderbird 128 says for {who}@customer.example: 535 5.7.8 Error: authentication failed (Grüße)"


@pytest.fixture(scope="module")
def rt() -> Iterator[Tracker]:
    """One for all tests here."""
    with request_tracker() as tracker:
        yield tracker


@pytest.fixture(scope="module")
def office(rt: Tracker, tmp_path_factory: pytest.TempPathFactory, triager: Triager) -> Office:
    """The desk, with RT as its helpdesk."""
    return open_office(f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.db", helpdesk(rt), triager)


@pytest.fixture(scope="module")
def agent(rt: Tracker) -> Callable[..., None]:
    """What Anna does in RT."""
    client = httpx.Client(
        base_url=rt.url + "/REST/2.0", headers={"Authorization": f"token {rt.agent}"}, trust_env=False
    )

    def act(ticket: str, what: str, text: str = "") -> None:
        if what == "close":
            client.put(f"/ticket/{ticket}", json={"Status": "resolved"}).raise_for_status()
        else:
            client.post(
                f"/ticket/{ticket}/{what}", json={"Content": text, "ContentType": "text/plain"}
            ).raise_for_status()

    return act


@cache
def helpdesk(rt: Tracker) -> RequestTracker:
    """The adapter, with the rights that the docs ask for."""
    return RequestTracker(Api("RT", rt.url, {"Authorization": f"token {rt.bot}"}), me="triage-bot")


def arrive(rt: Tracker, office: Office, who: str) -> str:
    """A customer writes; returns the ticket's id once the desk has worked on it."""
    rt.mail_in(MAIL.format(who=who, subject=f"cannot-log-in-{who}", body=BODY.format(who=who)))
    office.work()
    found = [t for t, _ in helpdesk(rt).changed("").tickets]
    return max(found, key=int)


def notes(rt: Tracker, ticket: str) -> list[str]:
    """The internal notes of a ticket."""
    return [p.body for p in helpdesk(rt).read(ticket).posts if not p.public]


def to_customer(rt: Tracker, who: str) -> list[str]:
    """The mails that RT has sent to a customer with an answer of ours (RT greets by itself as well)."""
    return [m for m in rt.mails() if f"{who}@customer.example" in m.split("\n\n")[0] and "Ref: " in m]


def test_a_whole_round_trip(rt: Tracker, office: Office, agent: Callable[..., None]) -> None:
    ticket = arrive(rt, office, "alice")
    card = office.card(ticket)
    assert card is not None and card.state == "open" and card.content.draft
    thread = helpdesk(rt).read(ticket)
    assert thread.requester == "alice@customer.example" and "Grüße" in thread.posts[0].body
    assert ("Authentication-Results", "mx.desk.example; dmarc=pass header.from=customer.example") in thread.posts[
        0
    ].headers
    (note,) = notes(rt, ticket)
    assert (
        card.content.draft in note
        and card.content.title in note
        and note.endswith(f"Ref: {token_of(f'card:{card.id}')[:16]}")
    )
    assert not to_customer(rt, "alice")
    office.work()
    assert len(notes(rt, ticket)) == 1, "its own note brings nothing about"

    agent(ticket, "comment", "/triage send\n")
    office.work()
    card = office.card(ticket)
    assert card is not None and (card.state, card.decision, card.decided_by) == ("decided", "send", "rt:anna")
    replies = [p for p in helpdesk(rt).read(ticket).posts if p.public and p.mine]
    assert len(replies) == 1 and card.content.draft in replies[0].body
    assert len(to_customer(rt, "alice")) == 1, "exactly one mail to the customer"
    assert [n for n in notes(rt, ticket) if n.startswith("Sent by rt:anna")]
    with office.store.database.read() as session:
        labels = session.connection().exec_driver_sql("SELECT agent, decision FROM review").all()
    assert [tuple(r) for r in labels] == [("rt:anna", "send")] and not office.troubled()


def test_another_check_is_named_and_a_bad_word_is_answered(
    rt: Tracker, office: Office, agent: Callable[..., None]
) -> None:
    ticket = arrive(rt, office, "bob")
    agent(ticket, "comment", "/triage check 3")
    agent(ticket, "comment", "/triage dance")
    office.work()
    card = office.card(ticket)
    assert card is not None and card.state == "open" and card.content.cause == "hostnames"
    assert any("That is no command" in n for n in notes(rt, ticket)) and any("Check 3" in n for n in notes(rt, ticket))


def test_an_agents_own_answer_withdraws_the_draft(rt: Tracker, office: Office, agent: Callable[..., None]) -> None:
    ticket = arrive(rt, office, "carol")
    agent(ticket, "correspond", "I have reset it for you.")
    office.work()
    card = office.card(ticket)
    assert card is not None and card.state == "withdrawn"
    agent(ticket, "comment", "/triage send")
    office.work()
    assert not to_customer(rt, "carol")


def test_closing_says_that_it_is_not_ours(rt: Tracker, office: Office, agent: Callable[..., None]) -> None:
    ticket = arrive(rt, office, "dave")
    agent(ticket, "close")
    office.work()
    card = office.card(ticket)
    assert card is not None and (card.state, card.decision, card.decided_by) == ("decided", "not_ours", "rt:anna")


def test_a_customer_commands_nothing(rt: Tracker, office: Office) -> None:
    ticket = arrive(rt, office, "erin")
    rt.mail_in(MAIL.format(who="erin", subject=f"[desk.example #{ticket}] more", body="/triage send"))
    office.work()
    card = office.card(ticket)
    assert card is not None and card.decision is None and not to_customer(rt, "erin")
    assert len(helpdesk(rt).read(ticket).posts) >= 3, "it is the same ticket"


def test_what_the_doctor_says(rt: Tracker) -> None:
    assert all(good for good, _ in helpdesk(rt).check())
    refused = RequestTracker(Api("RT", rt.url, {"Authorization": "token nonsense"}), me="triage-bot").check()
    assert not refused[0][0] and "the token is refused" in refused[0][1]


def test_files_are_fetched_from_it_and_a_second_mail_has_its_own_header(rt: Tracker, office: Office) -> None:
    object.__setattr__(office.inbox, "reader", ProgramReader())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("client.log", "535 5.7.8 Error: authentication failed (Grüße) for file@customer.example")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        "file@customer.example",
        "support@desk.example",
        "with-a-file",
        "<with-a-file@customer.example>",
    )
    mail["Authentication-Results"] = "mx.desk.example; dmarc=pass header.from=customer.example"
    mail.set_content("Hello, Thunderbird 128 does not connect; the log is with it. Grüße")
    mail.add_attachment("550 5.7.1 in the text", subtype="plain", filename="notes.txt")
    mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="logs.zip")
    rt.mail_in(mail.as_string())
    office.work()
    ticket = max((t for t, _ in helpdesk(rt).changed("").tickets), key=int)
    with office.store.look() as view:
        case = view.cases.case(f"rt/{ticket}")
    assert case is not None
    read = {a["name"]: a.get("text", "") for a in case.messages[0]["attachments"]}
    assert "550 5.7.1" in read["notes.txt"] and "Grüße" in read["client.log"], case.messages[0]
    assert "Grüße" in str(case.messages[0]["body"])
    rt.mail_in(MAIL.format(who="file", subject=f"Re: [desk.example #{ticket}] again", body="It still fails."))
    thread = helpdesk(rt).read(ticket)
    mine = [p for p in thread.posts if not p.staff]
    assert len(mine) == 2 and all(
        ("Authentication-Results", "mx.desk.example; dmarc=pass header.from=customer.example") in p.headers
        for p in mine
    )
