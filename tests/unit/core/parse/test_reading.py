"""The canonical text: safe, masked, covered by segments, cheap."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Attachment, Reading, Ticket
from bot.core.parse.plain import plain
from bot.core.parse.reading import MAX_READING, read
from knowledge.model import Language

TABLE = tomllib.loads((Path(__file__).parents[4] / "knowledge" / "languages.toml").read_text("utf-8"))["language"]
LANGUAGES = tuple(Language(row["id"], tuple(row["words"]), tuple(row.get("scripts", ()))) for row in TABLE)


def of(body: str, subject: str = "", body_format: str = "text", *attachments: Attachment) -> Reading:
    return read(Ticket("t", body, subject, body_format, attachments=attachments), LANGUAGES)


def kind_of(reading: Reading, words: str) -> str:
    at = reading.text.index(words)
    return next(segment.kind for segment in reading.segments if segment.span[0] <= at < segment.span[1])


def covered(reading: Reading) -> bool:
    at = 0
    for segment in reading.segments:
        if segment.span[0] != at or segment.span[1] <= at:
            return False
        at = segment.span[1]
    return at == len(reading.text)


def test_subject_body_and_attachments_are_one_text() -> None:
    log = Attachment("mail.log", "text/plain", 9, "535 5.7.8 no")
    picture = Attachment("error.png", "image/png", 9000)
    reading = of("It fails.", "No mail", "text", log, picture)
    assert reading.text == "No mail\n\nIt fails.\n\n535 5.7.8 no\n"
    assert [segment.kind for segment in reading.segments] == ["subject", "body", "attachment"]
    assert reading.notes == ("attachment without readable text: error.png (image/png)",)


def test_a_mail_forwarded_as_an_attachment_is_forwarded() -> None:
    mail = Attachment("x.eml", "message/rfc822", 9, "From: b@example.com\nSubject: help\n\nOutlook: 0x800CCC0E")
    reading = of("Please look.", "", "text", mail)
    assert kind_of(reading, "From:") == "header"
    assert kind_of(reading, "Outlook") == "forwarded"


def test_invisible_and_control_characters() -> None:
    reading = of(
        "an\u200bna@exam\u00adple.com \u202eabc\u202c \x1b[31mred\x1b[0m \x07 na\u0308chste\r\nZeile\u00a0zwei\ud800"
    )
    assert reading.text == "anna@example.com abc red \\x07 nächste\nZeile zwei\ufffd"


def test_secrets_are_masked_and_spans_follow() -> None:
    reading = of(
        "Hello, it fails.\n\nMy password is Sommer2024!x and it is right.\n\nBest regards\nAnna\n\n> old text\n",
        "pw: geheim1",
    )
    assert reading.masked == ("password",)
    assert "Sommer2024" not in reading.text and "geheim1" not in reading.text
    assert covered(reading)
    assert kind_of(reading, "Best regards") == "signature"
    assert kind_of(reading, "old text") == "quoted"


def test_html_is_read_as_its_reader_sees_it() -> None:
    reading = of(
        '<p>Hallo, es geht nicht:</p><blockquote>Login failed.</blockquote><p style="display:none">x</p>', "", "html"
    )
    assert reading.text == "Hallo, es geht nicht:\n\nLogin failed."
    assert reading.language == "de"


def test_the_cut_is_named() -> None:
    reading = of("word " * 40_000)
    assert len(reading.text) <= MAX_READING
    assert any("cut" in note for note in reading.notes)


def test_a_long_attachment_keeps_its_end() -> None:
    log = "first line\n" + "noise\n" * 20_000 + "535 the last line"
    reading = of("see log", "", "text", Attachment("a.log", "text/plain", len(log), log))
    assert "first line" in reading.text and "535 the last line" in reading.text
    assert any("a.log" in note for note in reading.notes)


@settings(max_examples=60)
@given(st.text(max_size=300), st.text(max_size=60), st.sampled_from(["text", "html"]))
def test_segments_cover_the_text(body: str, subject: str, body_format: str) -> None:
    reading = of(body, subject, body_format)
    assert covered(reading)
    assert plain(reading.text) == reading.text
    assert not any(ord(char) < 32 and char not in "\n\t" for char in reading.text)


@given(st.text(max_size=300))
def test_plain_is_idempotent(text: str) -> None:
    assert plain(plain(text)) == plain(text)


HOSTILE = {
    "blanks": " " * 100_000,
    "blanks between": (" " * 50 + "x") * 2_000,
    "one line": "a" * 1_000_000,
    "marks": ">" * 20_000 + " x",
    "marked lines": (">" * 200 + " x\n") * 2_000,
    "line ends": "\n" * 100_000,
    "returns": "\r" * 100_000,
    "nul": "\0" * 100_000,
    "zero width": "\u200b" * 100_000 + "x",
    "combining": "a" + "\u0301" * 60_000,
    "passwords": "password: " * 6_000,
    "addresses": "a@b.c:" * 10_000,
    "quotes": '"' * 64_000,
    "colons": ":\n" * 30_000,
    "formulas": "regards\n" * 8_000,
    "separators": "--\n" * 20_000,
    "ideographs": "密码" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_cheap(name: str) -> None:
    start = time.process_time()
    reading = of(HOSTILE[name])
    assert time.process_time() - start < 1.0  # half of it on an idle machine
    assert covered(reading)


def test_deep_html_is_bounded() -> None:
    start = time.process_time()
    assert "end" in of("<div>" * 150_000 + "end", "", "html").text
    assert time.process_time() - start < 2.0
