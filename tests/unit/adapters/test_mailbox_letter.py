"""The head of a mail, read from its raw bytes: who may be answered, where it belongs, whether it is ours. And the
mails that we write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.mailbox import writing
from bot.adapters.mailbox.intake import inbound_of, ticket_in
from bot.adapters.mailbox.letter import MAX_HEADER, letter_of
from bot.core.desk.keys import token_of
from bot.core.desk.values import Case
from bot.core.policy.marks import LOOP_HEADER, message_id_of
from bot.errors import SettingsError
from bot.settings import read_settings

OWN = "support@example.net"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def head(*fields: str) -> bytes:
    return "\r\n".join([*fields, "", "body"]).encode()


@pytest.mark.parametrize(
    ("fields", "requester"),
    [
        (["From: anna@example.com"], "anna@example.com"),
        (["from : Anna <Anna@Example.com>"], "anna@example.com"),
        (["From: anna@example.com", "From: bob@example.org"], None),
        (["From: victim@example.com <anna@example.org>"], None),
        (["From: anna@example.com, bob@example.org"], None),
        (["From: team: anna@example.com;"], None),
        (["From: =?utf-8?q?anna=40example.com?="], None),
        (["From: anna@example.com\rReply-To: bob@example.org"], None),
        (["From: anna@example.com", "Subject: x\rFrom: bob@example.org"], None),
        (["From: anna@example.com", "X: \x00"], None),
        (["From: anna@ex\u0430mple.com"], None),
        (["Sender: anna@example.com"], None),
        (["From: anna@example.com", "Reply-To: bob@example.org", "Cc: eve@example.org"], "anna@example.com"),
    ],
)
def test_the_requester_is_one_address_or_nobody(fields: list[str], requester: str | None) -> None:
    assert letter_of(head(*fields), OWN).envelope.requester == requester


def test_the_envelope_holds_every_field_in_its_order() -> None:
    letter = letter_of(
        head(
            "Return-Path: <anna@example.com>",
            "Received: from a",
            "Received: from b",
            f"To: {OWN}, Bob <bob@example.org>",
            "Cc: eve@example.org",
            "From: anna@example.com",
            "Subject: a",
            "\tfolded",
        ),
        OWN,
    )
    envelope = letter.envelope
    assert [n for n, _ in envelope.headers] == ["Return-Path", "Received", "Received", "To", "Cc", "From", "Subject"]
    assert envelope.headers[-1] == ("Subject", "a\tfolded") and envelope.return_path == "anna@example.com"
    assert envelope.participants == ("bob@example.org", "eve@example.org") and not envelope.vouched


@pytest.mark.parametrize(
    ("fields", "automatic"),
    [
        (["Return-Path: <>"], True),
        (["Auto-Submitted: auto-replied"], True),
        (["Auto-Submitted: no"], False),
        (["Content-Type: multipart/report; report-type=delivery-status"], True),
        (["Precedence: auto_reply"], True),
        (["Precedence: list"], False),
        (["X-Autoreply: yes"], True),
        ([], False),
    ],
)
def test_automatic_mails_continue_no_case(fields: list[str], automatic: bool) -> None:
    assert letter_of(head("From: anna@example.com", *fields), OWN).automatic is automatic


def test_the_nearest_reference_comes_first() -> None:
    letter = letter_of(
        head(
            "From: a@example.com",
            "References: <r@example.com>",
            "\t<p@example.com> junk <p 2@example.com>",
            "In-Reply-To: your mail of Friday <p@example.com>",
            "Message-ID: <own@example.com>",
        ),
        OWN,
    )
    assert letter.references == ("<p@example.com>", "<r@example.com>") and letter.id == "<own@example.com>"


def test_ours_is_what_carries_a_mark_that_fits() -> None:
    token = token_of("reply:mail-1#1")
    ours = [f"From: {OWN}", f"Message-ID: {message_id_of(token, 'example.net')}", f"{LOOP_HEADER}: {token}"]
    assert letter_of(head(*ours), OWN).ours
    for wrong in (
        ["From: anna@example.com", *ours[1:]],
        [*ours[:2], f"{LOOP_HEADER}: {token_of('x')}"],
        ours[:2],
        [ours[0], "Message-ID: <a@example.net>", ours[2]],
        [*ours, ours[2]],
    ):
        assert not letter_of(head(*wrong), OWN).ours


def test_a_delivery_is_the_same_wherever_it_is_found_and_a_forged_id_is_another() -> None:
    first = letter_of(head("Return-Path: <a@example.com>", "From: a@example.com", "Message-ID: <1@example.com>"), OWN)
    again = letter_of(head("Received: by other", "From: a@example.com", "Message-ID: <1@example.com>"), OWN)
    forged = letter_of(head("From: b@example.com", "Message-ID: <1@example.com>"), OWN)
    assert first.delivery_id == again.delivery_id != forged.delivery_id


def test_a_header_without_end_stays_too_long_to_be_answered() -> None:
    many = letter_of(head("From: a@example.com", *(f"X-{n}: y" for n in range(2000))), OWN)
    assert len(many.envelope.headers) == 501
    long = letter_of(head("From: a@example.com", "X: " + "y" * 400_000, "Auto-Submitted: auto-replied"), OWN)
    assert sum(len(n) + len(v) for n, v in long.envelope.headers) > MAX_HEADER - 50


@given(st.binary(max_size=400))
def test_no_bytes_stop_it(raw: bytes) -> None:
    letter = letter_of(raw, OWN)
    ticket = ticket_in(raw, letter, NOW)
    inbound = inbound_of(ticket, letter, OWN, None, NOW)
    assert inbound.conversation.startswith("mail-") and inbound.author == (letter.envelope.requester or "")


@pytest.mark.parametrize(
    ("date", "written"),
    [
        ("Fri, 20 Nov 2026 12:00:00 +0100", NOW - timedelta(hours=1)),
        ("Sun, 20 Nov 2022 12:00:00 +0100", NOW),
        ("Mon, 23 Nov 2026 12:00:00 +0000", NOW),
        ("never", NOW),
    ],
)
def test_a_date_that_cannot_be_true_is_not_believed(date: str, written: datetime) -> None:
    raw = head("From: a@example.com", f"Date: {date}")
    assert ticket_in(raw, letter_of(raw, OWN), NOW).received_at == written


def test_what_a_customer_wrote_never_reaches_our_header() -> None:
    headers = {
        "message-id": "<p@example.com>\r\nBcc: eve@example.org",
        "references": " ".join(f"<{n}{'x' * 200}@example.com>" for n in range(60)),
        "subject": "BUY NOW",
    }
    case = Case(
        "mail-0123456789ab", "mailbox", "", "", "anna@example.com", 1, 1, False, ({"body": "x", "headers": headers},)
    )
    raw = writing.answer(case, "reply:1", OWN, "Grüße\n.\n" + "long " * 400, NOW, automatic=True)
    mail = message_from_bytes(raw, policy=default)
    assert sorted(mail.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            LOOP_HEADER,
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "In-Reply-To",
            "References",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding",
        ]
    )
    assert (
        mail["To"] == "anna@example.com"
        and mail["Subject"] == "Re: [mail-0123456789ab]"
        and mail["In-Reply-To"] == "<p@example.com>"
        and mail["Auto-Submitted"] == "auto-replied"
    )
    ids = message_from_bytes(raw)["References"].split()
    assert len(ids) == 30 and ids[0].startswith("<0x") and ids[-1] == "<p@example.com>"
    assert (
        max(map(len, raw.split(b"\r\n"))) < 998
        and b"\n" not in raw.replace(b"\r\n", b"")
        and mail.get_content().startswith("Grüße\r\n.\r\n")
    )


GOOD = {
    "MAILBOX_ADDRESS": OWN,
    "MAILBOX_PASSWORD": "x",
    "MAILBOX_IMAP": "imaps://imap.example.net",
    "MAILBOX_SMTP": "smtp://smtp.example.net:2587",
    "MAILBOX_AGENTS": "a@example.net, b@example.net",
}


def test_settings_say_where() -> None:
    found = read_settings(GOOD).mailbox
    assert found is not None and (found.imap.port, found.imap.implicit, found.smtp.port, found.smtp.implicit) == (
        993,
        True,
        2587,
        False,
    )
    assert (
        found.agents == ("a@example.net", "b@example.net")
        and "'x'" not in repr(found)
        and read_settings({}).mailbox is None
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAILBOX_ADDRESS", "Support <support@example.net>"),
        ("MAILBOX_ADDRESS", "support"),
        ("MAILBOX_PASSWORD", ""),
        ("MAILBOX_IMAP", "imap.example.net"),
        ("MAILBOX_IMAP", "smtp://x"),
        ("MAILBOX_IMAP", "imaps://user:pw@imap.example.net"),
        ("MAILBOX_SMTP", "smtps://smtp.example.net:port"),
        ("MAILBOX_SMTP", ""),
        ("MAILBOX_AGENTS", "agents"),
        ("MAILBOX_CA", "/no/such.pem"),
    ],
)
def test_settings_that_make_no_sense_name_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({**GOOD, name: value})
