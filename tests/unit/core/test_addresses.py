"""Which of a ticket's addresses it is about, and what part the others play."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Ticket
from bot.core.parse.addresses import Addressed, find_addresses, is_public_provider
from bot.core.parse.reading import read
from knowledge import load

KNOWLEDGE = load()


def addressed(
    body: str, *, requester: str | None = None, errors: tuple[str, ...] = (), own_words: bool = True
) -> Addressed:
    reading = read(Ticket("t", body, requester=requester), KNOWLEDGE.languages)
    spans = [(at, at + len(e)) for e in errors if (at := reading.text.find(e)) >= 0]
    assert len(spans) == len(errors)
    return find_addresses(reading, KNOWLEDGE.settings, requester=requester, error_spans=spans, own_words=own_words)


def role(found: Addressed, address: str) -> set[str]:
    return {m.role for m in found.mentions if m.address == address}


@pytest.mark.parametrize(
    ("body", "mailbox"),
    [
        ("My mailbox anna@firm.example cannot receive.", "anna@firm.example"),
        ("User name: anna.k+mail@firm.example, IMAP", "anna.k+mail@firm.example"),
        ("Mein Postfach büro@firma.example geht nicht.", "büro@firma.example"),
        ("Postfach: info@bäckerei.example", "info@bäckerei.example"),
        ("Impossible d'ouvrir la boîte marie@atelier.example depuis ce matin", "marie@atelier.example"),
        ("No puedo entrar en mi cuenta pedro@taller.example", "pedro@taller.example"),
        ("La casella ufficio@studio.example non riceve", "ufficio@studio.example"),
        ("Mijn postvak jan@bakkerij.example werkt niet", "jan@bakkerij.example"),
        ("A conta joao@padaria.example não envia", "joao@padaria.example"),
        ("Skrzynka biuro@firma.example nie działa", "biuro@firma.example"),
        ("Не открывается ящик ivan@zavod.example", "ivan@zavod.example"),
        ("メールアドレス: taro@kaisha.example が受信できません", "taro@kaisha.example"),
        ("邮箱：wang@gongsi.example 无法登录", "wang@gongsi.example"),
        ("ANNA@Firm.Example cannot log in", "anna@firm.example"),
        ("smtp_login=anna@firm.example\nsmtp_port=465", "anna@firm.example"),
        ('user "anna@firm.example@imap.mail.example"', "anna@firm.example"),
        ("Login failed (mailto:anna@firm.example)", "anna@firm.example"),
    ],
)
def test_the_mailbox_is_found_in_every_language(body: str, mailbox: str) -> None:
    assert addressed(body).mailbox == mailbox


@pytest.mark.parametrize(
    ("body", "mailbox"),
    [
        ("I cannot send to bob@elsewhere.example from anna@firm.example.", "anna@firm.example"),
        ("Mails an bob@elsewhere.example kommen nicht raus, mein Konto ist anna@firm.example", "anna@firm.example"),
        ("anna@firm.example fails, but bea@firm.example works fine.", "anna@firm.example"),
        ("bea@firm.example works fine. anna@firm.example fails.", "anna@firm.example"),
        ("We have bea@firm.example and anna@firm.example. bea@ came up fine, anna@ asks again.", "anna@firm.example"),
        ('Temos bea@firm.example e anna@firm.example. A "anna" não entra. A "bea" entra.', "anna@firm.example"),
        ("bea@firm.example sits in the same Outlook and is fine, anna@firm.example not.", "anna@firm.example"),
        ("I log in with anna@firm.example (not like user@example.com in your guide).", "anna@firm.example"),
        ("Dear support@trekmail.net, my box is anna@firm.example", "anna@firm.example"),
        (
            "You can reach me at anna.private@gmail.example meanwhile; the mailbox is info@firm.example",
            "info@firm.example",
        ),
    ],
)
def test_among_several_addresses_the_failing_one_is_chosen(body: str, mailbox: str) -> None:
    assert addressed(body).mailbox == mailbox


@pytest.mark.parametrize(
    "body",
    [
        "Mails of the exam board (they come from results@board.example) drop into Junk.",
        "Is this from you?\n\n---------- Forwarded message ----------\nFrom: Mail Team <no-reply@check.example>\n"
        "Subject: IMAP access suspended\n\nDear user, your password expires today.",
    ],
)
def test_whoever_wrote_what_the_customer_received_has_no_mailbox_here(body: str) -> None:
    found = addressed(body, requester="anna@firm.example")
    assert found.mailbox == "anna@firm.example" and found.assumed


def test_an_agency_forwards_what_its_customer_wrote() -> None:
    body = (
        "Please help him.\n\n---------- Forwarded message ----------\nFrom: Carl <carl@customer.example>\nSubject: mail\n\n"
        "My mail does not open."
    )
    assert addressed(body, requester="it@agency.example").mailbox == "carl@customer.example"


def test_an_address_in_the_error_text_is_the_login() -> None:
    error = "Login to server imap.mail.example with username anna@firm.example failed."
    found = addressed(f"It says: {error}\n\nThanks, Bea", requester="bea@firm.example", errors=(error,))
    assert found.mailbox == "anna@firm.example"
    assert role(found, "anna@firm.example") <= {"login", "mailbox"}


def test_a_refused_recipient_is_no_mailbox() -> None:
    error = "550 5.1.1 <nobody@elsewhere.example>: Recipient address rejected: User unknown"
    found = addressed(f"Sending fails: {error}", requester="anna@firm.example", errors=(error,))
    assert role(found, "nobody@elsewhere.example") == {"recipient"}
    assert found.mailbox == "anna@firm.example"


def test_a_recipient_that_a_program_names_in_its_own_words_is_no_mailbox() -> None:
    """msmtp says it before it quotes the server (tests/lab/cases: hourly/msmtp)."""
    error = "msmtp: recipient address friend@elsewhere.example not accepted by the server"
    found = addressed(f"{error}\nmsmtp: could not send mail", requester="anna@firm.example", errors=(error,))
    assert role(found, "friend@elsewhere.example") == {"recipient"}
    assert found.mailbox == "anna@firm.example"


def test_a_bounce_of_somebody_elses_server_names_the_recipient() -> None:
    text = "<biuro@other.example>: host mx.other.example[192.0.2.99] said: 550 5.1.10 Recipient not found"
    assert addressed(text, requester="anna@firm.example").mailbox == "anna@firm.example"


def test_a_refusal_of_the_requesters_own_address_is_about_that_mailbox() -> None:
    text = "552 5.2.2 <anna@firm.example>: Recipient address rejected: Mailbox is full"
    assert (
        addressed(f"Clients get back: {text}", errors=(text,), requester="anna@firm.example").mailbox
        == "anna@firm.example"
    )


def test_the_user_name_of_a_ruby_setting_is_the_mailbox() -> None:
    body = "smtp_user_name'] = \"git@firm.example\"\ntest_email('me@firm.example').deliver_now"
    assert addressed(body, requester="me@firm.example").mailbox == "git@firm.example"


def test_whom_to_contact_instead_is_no_mailbox() -> None:
    body = "I am on leave until Monday. For urgent matters contact desk@firm.example."
    assert addressed(body, requester="s.verity@firm.example").mailbox != "desk@firm.example"


def test_the_owner_in_a_sender_reject_is_the_login() -> None:
    error = "553 5.7.1 <sales@firm.example>: Sender address rejected: not owned by user anna@firm.example"
    assert addressed(error, errors=(error,)).mailbox == "anna@firm.example"


def test_a_signature_holds_contacts_only() -> None:
    found = addressed("My program cannot connect.\n\n-- \nAnna Kern\nSales\nsales@firm.example")
    assert role(found, "sales@firm.example") == {"contact"}
    assert found.mailbox is None


def test_the_hosts_own_addresses_are_staff() -> None:
    found = addressed("I wrote to help@trekmail.net and to noreply@mx.trekmail.net already")
    assert {m.role for m in found.mentions} == {"host_staff"}
    assert found.mailbox is None


@pytest.mark.parametrize("body", ["It does not work.", "Outlook kann keine Verbindung herstellen", "接続できません"])
def test_without_any_address_the_requester_is_assumed(body: str) -> None:
    found = addressed(body, requester="Anna@Firm.example")
    assert (found.mailbox, found.assumed, found.domain) == ("anna@firm.example", True, "firm.example")


@pytest.mark.parametrize(
    "requester",
    ["anna@gmail.com", "anna@web.de", "admin@firm.example", "root@firm.example", "user@example.com", "x@trekmail.net"],
)
def test_a_requester_who_may_be_anybody_is_not_assumed(requester: str) -> None:
    assert addressed("It does not work.", requester=requester).mailbox is None


def test_who_writes_for_others_is_not_taken_for_the_mailbox() -> None:
    found = addressed("Our staff cannot connect.", requester="anna@firm.example", own_words=False)
    assert found.mailbox is None and found.domain == "firm.example"


@pytest.mark.parametrize(
    "body", ["an***@firm.example cannot connect", "xxx@firm.example fails", "anna@***.example", "user=<email address>"]
)
def test_a_redacted_address_is_no_address(body: str) -> None:
    assert addressed(body).mailbox is None


@pytest.mark.parametrize(
    "body",
    [
        "version 2.0@3.1 of the app",
        "follow me @anna",
        "ssh root@localhost",
        "pkg@1.2.3",
        "a@b",
        "npm i left-pad@1.3.0",
        "@@@@",
        "foo@.example",
    ],
)
def test_what_only_looks_like_an_address_is_none(body: str) -> None:
    assert addressed(body).mailbox is None


def test_the_domain_is_the_customers_never_the_hosts_or_a_freemailers() -> None:
    assert addressed("box anna@firm.example").domain == "firm.example"
    assert addressed("help", requester="anna@gmail.com").domain is None
    assert addressed("mailbox is user1@example.com").domain is None


@pytest.mark.parametrize(
    ("domain", "public"),
    [
        ("gmail.com", True),
        ("GMX.de", True),
        ("yahoo.co.jp", True),
        ("firm.example", False),
        ("mygmail.com", False),
        ("gmail.com.firm.example", False),
    ],
)
def test_public_providers(domain: str, public: bool) -> None:
    assert is_public_provider(domain) is public


def test_spans_point_at_the_address() -> None:
    body = "Ünïcödé 🙂 first: mailbox Anna@Firm.example and again anna@firm.example."
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    found = find_addresses(reading, KNOWLEDGE.settings, requester=None, error_spans=())
    assert len(found.mentions) == 2
    for mention in found.mentions:
        assert reading.text[slice(*mention.span)].lower() == mention.address


@given(st.text(alphabet="ab@.-_ <>\n\"'=+%é日", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_well_formed_mentions(body: str) -> None:
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    found = find_addresses(reading, KNOWLEDGE.settings, requester=None, error_spans=())
    for mention in found.mentions:
        local, at, domain = mention.address.rpartition("@")
        assert at and local and domain and "@" not in local
        assert 0 <= mention.span[0] < mention.span[1] <= len(reading.text)
    assert found.mailbox is None or found.mailbox in {m.address for m in found.mentions}


def test_a_local_part_that_stands_everywhere_is_looked_at_once() -> None:
    """Two hundred addresses of one local part, and thousands of places that may say that it works."""
    body = "".join(f"qwe@d{n}.example x " for n in range(200)) + " qwe@ a b c d e f" * 2_500
    start = time.process_time()
    assert addressed(body).mailbox == "qwe@d0.example"
    assert time.process_time() - start < 2.0
