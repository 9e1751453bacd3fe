"""Files and pipes as tickets: formats, detection, and one clear line for what cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Ticket
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.errors import InputError

MAIL = b"From: anna@example.com\nSubject: no mail\nDate: Fri, 20 Nov 2026 10:14:00 +0100\n\nIt fails.\n"


def one(data: bytes, **options: Any) -> Ticket:
    (ticket,) = read_tickets(data, **options)
    assert isinstance(ticket, Ticket)
    return ticket


@pytest.mark.parametrize(
    ("data", "name", "body_format", "body"),
    [
        (b"It fails.", "a.txt", "text", "It fails."),
        (b"It fails.", "-", "text", "It fails."),
        (MAIL, "-", "text", "It fails."),
        (MAIL, "a.eml", "text", "It fails."),
        (MAIL.replace(b"\n", b"\r\n"), "a", "text", "It fails."),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>It fails.", "-", "html", "<!DOCTYPE html><p>It fails."),
        (b"<p>It fails.</p>", "a.html", "html", "<p>It fails.</p>"),
        (b'{"body": "It fails."}', "-", "text", "It fails."),
        (b'{\n "body": "It fails."\n}', "a.json", "text", "It fails."),
        (b'[{"body": "It fails."}]', "-", "text", "It fails."),
        (b'{"id": "x", "ticket": {"body": "<html>It fails."}}', "-", "html", "<html>It fails."),
        (b'{"body": "It fails."}', "a.jsonl", "text", "It fails."),
        ("Es fällt aus".encode("utf-16"), "-", "text", "Es fällt aus"),
        (
            "Es fällt öfter aus, schreibt die Kundin aus Köln".encode("cp1252"),
            "-",
            "text",
            "Es fällt öfter aus, schreibt die Kundin aus Köln",
        ),
        (b"Subject: is what I typed\nand then it failed", "-", "text", "Subject: is what I typed\nand then it failed"),
        (b"{curly} is how I feel", "-", "text", "{curly} is how I feel"),
    ],
)
def test_formats_show_themselves(data: bytes, name: str, body_format: str, body: str) -> None:
    ticket = one(data, name=name)
    assert (ticket.format, ticket.body.replace("\r\n", "\n").lstrip("\ufeff")) == (body_format, body)


def test_every_key_of_the_contract() -> None:
    ticket = one(
        json.dumps(
            {
                "id": 17,
                "subject": "no mail",
                "body": "x",
                "format": "text",
                "requester": "Anna@Example.com",
                "channel": "form",
                "received_at": "2026-11-20T10:14:00+01:00",
                "headers": {"X-Originating-IP": "192.0.2.1", "Received": ["a", "b"]},
                "attachments": [{"name": "a.log", "content_type": "text/plain", "size": 3, "text": "535"}, "shot.png"],
                "later": {"ignored": 1},
            }
        ).encode()
    )
    assert (ticket.id, ticket.requester, ticket.channel) == ("17", "anna@example.com", "form")
    assert ticket.received_at == datetime(2026, 11, 20, 9, 14, tzinfo=UTC)
    assert ticket.headers == {"x-originating-ip": "192.0.2.1", "received": "a\nb"}
    assert [(a.name, a.text) for a in ticket.attachments] == [("a.log", "535"), ("shot.png", None)]


def test_a_time_without_a_zone_is_utc() -> None:
    assert one(b'{"body": "x", "received_at": "2026-11-20T10:14:00"}').received_at == datetime(
        2026, 11, 20, 10, 14, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "requester", ["nobody", "victim@example.com <attacker@example.net>", "a@example.com, b@example.com", ""]
)
def test_a_requester_that_is_no_single_address_is_unknown(requester: str) -> None:
    assert one(json.dumps({"body": "x", "requester": requester}).encode()).requester is None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({}, "body"),
        ({"body": None}, "body"),
        ({"body": 5}, "body"),
        ({"body": ["x"]}, "body"),
        ({"body": "x", "subject": 1}, "subject"),
        ({"body": "x", "format": "pdf"}, "format"),
        ({"body": "x", "received_at": "yesterday"}, "received_at"),
        ({"body": "x", "received_at": 1700000000}, "received_at"),
        ({"body": "x", "received_at": "0001-01-01T00:00:00+14:00"}, "received_at"),
        ({"body": "x", "headers": []}, "headers"),
        ({"body": "x", "headers": {"Date": {}}}, "headers.Date"),
        ({"body": "x", "attachments": {}}, "attachments"),
        ({"body": "x", "attachments": [3]}, "attachments[0]"),
        ({"body": "x", "attachments": [{"size": "3"}]}, "size"),
        ({"body": "x", "id": []}, "id"),
        ({"ticket": "x"}, "ticket"),
        ({"body": "x", "requester": ["a@example.com"]}, "requester"),
        ([], "object"),
        ("x", "object"),
    ],
)
def test_a_wrong_type_names_file_line_and_key_and_the_batch_goes_on(value: Any, key: str) -> None:
    good = json.dumps({"id": "good", "body": "x"})
    found = list(read_tickets(f"{good}\n{json.dumps(value)}\n\n{good}".encode(), format="jsonl", name="in.jsonl"))
    assert [isinstance(item, BadTicket) for item in found] == [False, True, False]
    bad = found[1]
    assert isinstance(bad, BadTicket)
    assert "in.jsonl, line 2" in bad.reason
    assert key in bad.reason
    assert "\n" not in bad.reason
    if not isinstance(value, list):
        with pytest.raises(InputError, match=r"in\.json"):
            list(read_tickets(json.dumps(value).encode(), format="json", name="in.json"))


def test_broken_lines_of_a_batch() -> None:
    data = (
        b'{"body": "x"}\n{"body": \n\xff\xfe\n{"body": "\\ud800"}\n'
        + b"[" * 100_000
        + b"\n"
        + b'{"n": '
        + b"9" * 9_000
        + b"}\n"
    )
    found = list(read_tickets(data, name="in.jsonl"))
    assert [isinstance(item, BadTicket) for item in found] == [False, True, True, False, True, True]
    surrogate = found[3]
    assert isinstance(surrogate, Ticket)
    surrogate.body.encode("utf-8")


@pytest.mark.parametrize(
    ("data", "options", "word"),
    [
        (b"", {}, "empty"),
        (b" \r\n\t ", {}, "empty"),
        (b"\0\0\0\0", {}, "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {}, "binary"),
        (b"\x1f\x8b\x08\0\0", {}, "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {"format": "eml"}, "binary"),
        ("これは日本語です".encode("shift_jis"), {}, "encoding"),
        ("Это письмо не отправляется".encode("koi8-r"), {}, "encoding"),
        (b'{"body": "\xff"}', {"format": "json"}, "encoding"),
        (b'{"body": ', {"format": "json"}, "JSON"),
        (b"[]", {"format": "json"}, "empty"),
        (b"nothing but prose", {"format": "eml"}, "mail"),
        (b"x", {"format": "docx"}, "format"),
        (b"\xff\xfe\x00", {}, "UTF-16"),
    ],
)
def test_bad_input_is_one_clear_line(data: bytes, options: dict[str, str], word: str) -> None:
    with pytest.raises(InputError) as caught:
        list(read_tickets(data, name="tickets.bin", **options))
    assert word in str(caught.value)
    assert "tickets.bin" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_shown_without_control_characters() -> None:
    with pytest.raises(InputError) as caught:
        list(read_tickets(b"", name="a\x1b[31m\nb"))
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


@given(st.binary(max_size=300), st.sampled_from(["auto", "text", "eml", "html", "json", "jsonl"]))
def test_any_bytes_are_tickets_or_a_named_error(data: bytes, chosen: str) -> None:
    try:
        found = list(read_tickets(data, format=chosen))
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(item, Ticket | BadTicket) for item in found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "body",
                    "id",
                    "subject",
                    "headers",
                    "received_at",
                    "attachments",
                    "requester",
                    "ticket",
                    "format",
                    "text",
                    "name",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_a_ticket_or_a_named_error(value: Any) -> None:
    found = list(read_tickets(json.dumps(value).encode(), format="jsonl"))
    assert len(found) == 1
    if isinstance(found[0], Ticket):
        assert isinstance(found[0].body, str)
