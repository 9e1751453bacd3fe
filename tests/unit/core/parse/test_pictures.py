"""Text off pictures: which slips are mended and which are left, and how large a picture says it is."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.core.parse.ocr_text import repaired
from bot.core.parse.pictures import dimensions


@pytest.mark.parametrize(
    ("read", "mended"),
    [
        ("error (Ox800CCCOF):", "error (0x800CCC0F):"),
        ("reported error (Ox800CCCOF}", "reported error (0x800CCC0F)"),
        ("Ox80oCCCoF", "0x800CCC0F"),
        ("0xB00CCC0F", "0x800CCC0F"),
        ("0x8DD40119", "0x80040119"),
        ("0x80040 10F", "0x8004010F"),
        ("0x800401 OF", "0x8004010F"),
        ("0X8OO4211B", "0x8004211B"),
        ("55O 5.7.l refused", "550 5.7.1 refused"),
        ("5505.7.26 Message", "550 5.7.26 Message"),
        ("5505,7.26 Message", "550 5.7.26 Message"),
        ("554-5.7.1 no", "554-5.7.1 no"),
        ("AUTHENTICATIONFAlLED", "AUTHENTICATIONFAILED"),
        ("[UNAVAlLABLE]", "[UNAVAILABLE]"),
        ("0VERQU0TA", "0VERQU0TA"),
        ("Port: S87", "Port: 587"),
        ("port 99E", "port 99E"),
        ("an Intemet service", "an Internet service"),
        ("\ufb01le", "file"),
    ],
)
def test_slips_of_ocr(read: str, mended: str) -> None:
    assert repaired(read) == mended


@pytest.mark.parametrize(
    "text",
    [
        "0x800CCC0F 0x80042108 0x8004010F",
        "0xC0000005",
        "0x85",
        "550 5.7.26",
        "250 2.0.0 OK",
        "version 5.7.26",
        "2,100,000 mails",
        "192.0.2.55",
        "2026-11-20 10:14",
        "alice.o@example.com",
        "imap.exarnple.com",
        "Port: IMAP",
        "SMTP server",
        "Oxford 12345678",
        "IMAP POP3 OAUTH2 TLS1.2",
    ],
)
def test_what_has_more_than_one_reading_is_left(text: str) -> None:
    assert repaired(text) == text


def test_a_wrapped_dialog_is_one_sentence_again() -> None:
    read = "The connection to the server was interrupted. If this problem\n\ncontinues, contact your server administrator\n\nPort: 993\nOK\n"
    assert (
        repaired(read)
        == "The connection to the server was interrupted. If this problem continues, contact your server administrator\nPort: 993\nOK"
    )


@given(st.text(max_size=300))
def test_mending_twice_changes_nothing_more(text: str) -> None:
    once = repaired(text)
    assert len(once) <= len(text) * 3 and repaired(repaired(once)) == repaired(once)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_says_how_large_it_is(form: str) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (123, 45)).save(drawn, form, **({"exif": b"Exif\0\0" + b"x" * 900} if form == "JPEG" else {}))
    data = drawn.getvalue()
    assert dimensions(data) == (123, 45)
    for end in range(0, 24):
        assert dimensions(data[:end]) is None


def test_a_bombs_head_is_believed_without_decoding_it() -> None:
    assert dimensions(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000) + b"\x08\x02\x00\x00\x00"
    ) == (60_000, 60_000)


@given(st.binary(max_size=400))
def test_damaged_heads_never_raise(tail: bytes) -> None:
    for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""):
        dimensions(start + tail)
