"""What came along: pictures, archives and their bombs, each within two seconds and 50 MB, and the ticket goes on."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.adapters.attachments.ocr import LIMITED, Ocr
from bot.adapters.attachments.reader import ARCHIVE_MEMORY, ARCHIVE_SECONDS, MAX_PICTURES, ProgramReader
from bot.core.model import Attachment, Ticket
from bot.core.parse.mime import ticket_from_eml
from bot.core.parse.reading import read
from bot.core.parse.ticket_json import ticket_from_json, ticket_to_json
from knowledge import Knowledge

ECHO = Ocr(
    "echo",
    (sys.executable, "-c", "import sys; sys.stdin.buffer.read(); print('error (Ox800CCCOF)')"),
    1_000_000_000,
    10,
)
"""A stand-in for an OCR program: the real ones are in tests/real."""
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 200) + b"\x08\x02\x00\x00\x00"


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def opened(*attachments: tuple[str, bytes], ocr: Ocr | None = None) -> Ticket:
    given = tuple(Attachment(name, "application/octet-stream", len(data), content=data) for name, data in attachments)
    return ProgramReader(ocr).read(Ticket("t", "please help", attachments=given))


def test_a_picture_is_read_and_says_so(knowledge: Knowledge) -> None:
    ticket = opened(("shot.png", PNG), ocr=ECHO)
    (picture,) = ticket.attachments
    assert (picture.text, picture.pictured, picture.content) == ("error (0x800CCC0F)", True, None)
    reading = read(ticket, knowledge.languages)
    assert [s.kind for s in reading.segments] == ["body", "picture"]
    assert reading.pictured((reading.text.index("0x800CCC0F"), len(reading.text))) and not reading.pictured((0, 6))
    assert any(note.startswith("read from the picture shot.png") for note in reading.notes)


def test_without_a_program_for_it_a_picture_is_only_named(knowledge: Knowledge) -> None:
    ticket = opened(("shot.png", PNG))
    assert ticket.attachments[0].text is None and ticket.attachments[0].content is None
    assert read(ticket, knowledge.languages).notes == (
        "attachment without readable text: shot.png (application/octet-stream)",
    )


@pytest.mark.parametrize("head", [(60_000, 60_000), (0, 10), (5_000, 5_000)])
def test_a_picture_that_would_be_huge_is_never_decoded(head: tuple[int, int]) -> None:
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", *head) + zlib.compress(b"\0" * 100_000)
    ticket = opened(("bomb.png", bomb), ocr=ECHO)
    assert ticket.attachments[0].text is None and "was not looked at" in ticket.notes[0]


def test_logos_and_dots_are_left_alone_and_pictures_are_counted() -> None:
    dot = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1, 1)
    assert opened(("dot.png", dot), ocr=ECHO).attachments[0].text is None
    many = opened(*[(f"{n}.png", PNG) for n in range(MAX_PICTURES + 2)], ocr=ECHO)
    assert [a.pictured for a in many.attachments] == [True] * MAX_PICTURES + [False] * 2


def test_a_program_that_hangs_or_dies_costs_its_limit_and_no_ticket() -> None:
    hangs = Ocr("hangs", (sys.executable, "-c", "import time; time.sleep(60)"), 1_000_000_000, 1)
    spins = Ocr("spins", (sys.executable, "-c", "while True: pass"), 1_000_000_000, 1)
    eats = Ocr("eats", (sys.executable, "-c", "x = b'x' * 500_000_000; print('eaten')"), 200_000_000, 10)
    for ocr in (hangs, spins, eats):
        began = time.monotonic()
        ticket = opened(("shot.png", PNG), ocr=ocr)
        assert ticket.attachments[0].text is None and "could not be read" in ticket.notes[0]
        assert time.monotonic() - began < 5


def test_an_archives_texts_are_read() -> None:
    mail = b"From: boss@example.com\nSubject: broken\nContent-Type: text/html\n\n<p>535 <b>refused</b></p>"
    ticket = opened(
        (
            "logs.zip",
            zipped(("mail.log", b"no route to host"), ("a/b.eml", mail), ("page.html", b"<p>hi</p>"), ("x.exe", b"MZ")),
        ),
        ("big.log.gz", gzip.compress(b"imap-login: failed\n")),
        ocr=ECHO,
    )
    assert {a.name: (a.text or "").strip() for a in ticket.attachments} == {
        "logs.zip": "",
        "mail.log": "no route to host",
        "a/b.eml": "From: boss@example.com\nSubject: broken\n\n535 refused",
        "page.html": "hi",
        "big.log.gz": "",
        "big.log": "imap-login: failed",
    }
    assert any("x.exe" in note for note in ticket.notes)


BOMBS = {
    "one member of 60 MB": lambda: zipped(("a.txt", b"A" * 60_000_000)),
    "gzip of 60 MB": lambda: gzip.compress(b"A" * 60_000_000),
    "a directory of 20,000": lambda: zipped(*((f"{n}.txt", b"x") for n in range(20_000))),
    "archives in archives": lambda: zipped(("b.zip", zipped(("c.zip", zipped(("d.txt", b"x" * 9999)))))),
    "members that do not shrink": lambda: zipped(*((f"{n}.png", os.urandom(1_400_000)) for n in range(6))),
    "damaged": lambda: b"PK\x03\x04" + b"x" * 500,
    "cut": lambda: gzip.compress(os.urandom(50_000))[:20_000],
    "a name with a way out": lambda: zipped(("../../etc/passwd.txt", b"x")),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_two_seconds_and_50_mb_and_the_ticket_goes_on(name: str) -> None:
    data = BOMBS[name]()
    began = time.monotonic()
    ticket = opened(("bomb", data))
    assert (
        time.monotonic() - began < ARCHIVE_SECONDS + 1.5
        and ticket.body == "please help"
        and all(a.content is None for a in ticket.attachments if a.name != "0.png")
    )
    assert _peak_mb(data) <= 50


def _peak_mb(data: bytes) -> float:
    """The most memory that unpacking held, by the kernel's count for that program alone."""
    archive = str(Path(LIMITED[-1]).parent / "archive.py")
    told = f"import runpy, sys; runpy.run_path({archive!r}, run_name='__main__'); sys.stderr.write(next(l for l in open('/proc/self/status') if 'VmHWM' in l))"
    done = subprocess.run(
        [*LIMITED, str(ARCHIVE_SECONDS), str(ARCHIVE_MEMORY), sys.executable, "-I", "-S", "-c", told],
        input=data,
        capture_output=True,
        check=True,
        timeout=20,
    )
    json.loads(done.stdout)
    return int(done.stderr.split()[1]) / 1024


def test_screenshots_that_hang_on_the_html_are_kept() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "anna@example.com", "x"
    mail.set_content("see below")
    mail.add_alternative("<p>see below <img src='cid:1'></p>", subtype="html")
    mail.get_payload()[1].add_related(PNG, "image", "png", cid="<1>")  # type: ignore[union-attr,index]
    ticket = ticket_from_eml(mail.as_bytes(), "t")
    assert ticket.body.strip() == "see below" and [a.content for a in ticket.attachments] == [PNG]


def test_mails_and_html_that_came_as_bytes_are_read() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "boss@example.com", "broken"
    inner.set_content("550 5.7.1 ganz weg: ü")
    mail = EmailMessage()
    mail["From"] = "anna@example.com"
    mail.set_content("please look")
    mail.add_attachment(inner.as_bytes(), "application", "octet-stream", filename="fwd.eml")
    mail.add_attachment(b"<p>said <b>535</b></p>", "application", "octet-stream", filename="page.htm")
    ticket = ticket_from_eml(mail.as_bytes(), "t")
    assert [a.text.split("\n\n")[-1].strip() for a in ticket.attachments if a.text] == [
        "550 5.7.1 ganz weg: ü",
        "said 535",
    ]


def test_json_attachments_with_content_come_out_as_those_of_a_mail() -> None:
    content = base64.b64encode(b"<p>535</p>").decode()
    ticket = ticket_from_json(
        {
            "body": "x",
            "attachments": [
                {"name": "a.html", "content_type": "text/html", "content": content},
                {"name": "s.png", "content_type": "image/png", "content": base64.b64encode(PNG).decode()},
            ],
        },
        where="t",
        fallback_id="t",
    )
    assert [(a.text, a.content) for a in ticket.attachments] == [("535", None), (None, PNG)]
    again = ticket_from_json(ticket_to_json(ProgramReader(ECHO).read(ticket)), where="t", fallback_id="t")
    assert [(a.text, a.pictured) for a in again.attachments] == [("535", False), ("error (0x800CCC0F)", True)]
