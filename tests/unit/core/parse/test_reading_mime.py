"""Mails as tickets: structure, caps, hostile headers, unreadable input."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.parse.mime import ticket_from_eml
from bot.core.parse.mime_message import MAX_PARTS
from bot.core.parse.mime_text import unflow
from bot.errors import InputError

PLAIN = b"""From: Anna Example <anna@example.com>
To: support@example.net
Subject: =?utf-8?q?Keine_Verbindung_=C3=BCber?= IMAP
Date: Fri, 20 Nov 2026 10:14:00 +0100
Message-ID: <1@example.com>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Guten Tag, es geht nicht \xc3\xbcber Port 993.
"""


def mixed(*parts: str, kind: str = "mixed") -> bytes:
    head = f'From: anna@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary="b"\n\n'
    return (head + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n").encode()


def test_plain_mail() -> None:
    ticket = ticket_from_eml(PLAIN, "t1")
    assert ticket.id == "t1"
    assert ticket.requester == "anna@example.com"
    assert ticket.subject == "Keine Verbindung über IMAP"
    assert ticket.body.strip() == "Guten Tag, es geht nicht über Port 993."
    assert ticket.channel == "email"
    assert ticket.received_at == datetime(2026, 11, 20, 9, 14, tzinfo=UTC)
    assert ticket.received_at is not None and ticket.received_at.utcoffset() == timedelta(hours=1)
    assert ticket.headers["date"].endswith("+0100")
    assert ticket.notes == ()


def test_plain_text_is_preferred_and_html_is_kept_where_alone() -> None:
    plain, html = ("Content-Type: text/plain\n\nplain words", "Content-Type: text/html\n\n<p>html <b>words</b></p>")
    both = ticket_from_eml(mixed(plain, html, kind="alternative"), "t")
    assert (both.body.strip(), both.format) == ("plain words", "text")
    only = ticket_from_eml(mixed(html, kind="alternative"), "t")
    assert (only.format, "<b>words</b>" in only.body) == ("html", True)


def test_a_stub_that_asks_for_html_is_not_preferred() -> None:
    stub = "Content-Type: text/plain\n\nYour email client does not support HTML messages."
    html = "Content-Type: text/html\n\n<p>the words</p>"
    assert "the words" in ticket_from_eml(mixed(stub, html, kind="alternative"), "t").body


def test_text_attachments_are_read_and_others_are_listed() -> None:
    log = 'Content-Type: text/plain; name="mail.log"\nContent-Disposition: attachment; filename="mail.log"\n\n535 5.7.8 no'
    picture = 'Content-Type: image/png; name="error.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo='
    ticket = ticket_from_eml(mixed("Content-Type: text/plain\n\nsee log", log, picture), "t")
    assert [(a.name, a.text and a.text.strip()) for a in ticket.attachments] == [
        ("mail.log", "535 5.7.8 no"),
        ("error.png", None),
    ]


def test_a_forwarded_mail_is_read_as_an_attachment() -> None:
    inner = (
        "Content-Type: message/rfc822\n\nFrom: boss@example.com\nTo: anna@example.com\nSubject: mail broken\n"
        'Content-Type: text/plain\n\nOutlook says "550 5.7.1 refused"'
    )
    ticket = ticket_from_eml(mixed("Content-Type: text/plain\n\nplease look", inner), "t")
    assert ticket.body.strip() == "please look"
    (attachment,) = ticket.attachments
    assert attachment.content_type == "message/rfc822"
    assert attachment.text is not None
    assert attachment.text.startswith("From: boss@example.com\nTo: anna@example.com\nSubject: mail broken\n\n")
    assert "550 5.7.1 refused" in attachment.text


def test_a_bounce_keeps_its_diagnostic_code() -> None:
    status = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        "Final-Recipient: rfc822; bert@example.org\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 no such user"
    )
    ticket = ticket_from_eml(mixed("Content-Type: text/plain\n\nfailed", status, kind="report"), "t")
    assert any("550 5.1.1 no such user" in (a.text or "") for a in ticket.attachments)


def test_spoofed_and_doubled_from_leave_the_requester_unknown() -> None:
    twice = PLAIN.replace(b"To:", b"From: other@example.com\nTo:", 1)
    assert ticket_from_eml(twice, "t").requester is None
    fooled = PLAIN.replace(b"Anna Example <anna@example.com>", b"victim@example.com <attacker@example.net>")
    assert ticket_from_eml(fooled, "t").requester is None


def test_flowed_text_is_unfolded() -> None:
    assert unflow("one \ntwo\n> a \n> b\n-- \nAnna") == "one two\n> a b\n-- \nAnna"
    assert unflow("ein \nWort", delsp=True) == "einWort"


def test_broken_encodings_are_read_as_far_as_they_go_and_named() -> None:
    broken = PLAIN.replace(b"charset=utf-8", b"charset=x-nobody-knows").replace(b"8bit", b"base64")
    broken = broken.split(b"\n\n")[0] + b"\n\n" + base64.b64encode("Es geht nicht, über".encode())[:-3] + b"!!\n"
    ticket = ticket_from_eml(broken, "t")
    assert ticket.body.startswith("Es geht nicht")
    assert ticket.notes


def test_latin_1_label_reads_as_cp1252() -> None:
    raw = PLAIN.replace(b"utf-8\n", b"iso-8859-1\n").replace(b"\xc3\xbc", b"\xfc \x84quoted\x93")
    assert "„quoted“" in ticket_from_eml(raw, "t").body


@pytest.mark.parametrize(
    "raw",
    [
        b"Just a sentence without any header.",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"Foo: bar\n\nbody",
        b"From: a@example.com\nContent-Type: multipart/mixed; boundary=nowhere\n\nno parts here at all, sorry\n",
        b"From: a@example.com\nContent-Type: multipart/mixed\n\nno boundary is named in this message\n",
    ],
)
def test_unreadable_mail_is_one_clear_error(raw: bytes) -> None:
    with pytest.raises(InputError) as caught:
        ticket_from_eml(raw, "t")
    assert "\n" not in str(caught.value)


def test_bad_dates_are_no_dates() -> None:
    for value in (b"yesterday", b"Fri, 99 Nov 2026 10:14:00 +0100", b"1", b"", b"Fri, 20 Nov 99999 10:14:00 +9999"):
        raw = PLAIN.replace(b"Fri, 20 Nov 2026 10:14:00 +0100", value)
        assert ticket_from_eml(raw, "t").received_at is None, value


HOSTILE = {
    "10,000 parts": mixed(*["Content-Type: text/plain\n\nx"] * 10_000),
    "nested mails": b"From: a@example.com\n" + b"Content-Type: message/rfc822\n\n" * 5_000 + b"\nhello",
    "nested multiparts": b"From: a@example.com\n"
    + b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(2_000))
    + b"\nhello",
    "long content type": b"From: a@example.com\nContent-Type: text/plain; " + b'a="\\";' * 100_000 + b"\n\nhello",
    "long from": b"From: " + b"(" * 500_000 + b"\n\nhello",
    "encoded words": b"From: a@example.com\nSubject: " + b"=?utf-8?q?x?= " * 50_000 + b"\n\nhello",
    "many headers": b"From: a@example.com\n" + b"X-A: b\n" * 100_000 + b"\nhello",
    "references": b"From: a@example.com\nReferences: " + b"<a@b> " * 100_000 + b"\n\nhello",
    "html": b"From: a@example.com\nContent-Type: text/html\n\n" + b"<div>" * 300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_costs_little_and_stays_a_ticket(name: str) -> None:
    start = time.process_time()
    ticket = ticket_from_eml(HOSTILE[name], "t")
    assert time.process_time() - start < 2.0
    assert len(ticket.attachments) <= MAX_PARTS
    assert ticket.subject is not None and len(ticket.subject) <= 998


def test_parts_beyond_the_cap_are_named() -> None:
    notes = " ".join(ticket_from_eml(HOSTILE["10,000 parts"], "t").notes)
    assert str(MAX_PARTS) in notes
