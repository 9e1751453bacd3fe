"""Screenshots drawn here and read by the real tesseract: the codes come out whole, at a dialog's usual sizes, light
and dark."""

from __future__ import annotations

import base64
import io
import zlib

import pytest
from PIL import Image, ImageDraw, ImageFont

from bot.adapters.attachments.ocr import ocr_here
from bot.adapters.attachments.reader import ProgramReader
from bot.core.parse.ticket_json import ticket_from_json
from bot.triage import Triager
from tests.distribution import need

DIALOG = (
    "Microsoft Outlook",
    "Task 'alice@example.com - Sending' reported error (0x800CCC0F):",
    "'The connection to the server was interrupted. If this problem",
    "continues, contact your server administrator or Internet service",
    "provider (ISP).'",
    "AUTHENTICATIONFAILED 0x8004010F 0x80042108",
)


@pytest.fixture(scope="module")
def reader() -> ProgramReader:
    need("tesseract")
    found = ocr_here()
    assert found is not None and found.name == "tesseract"
    return ProgramReader(found)


def drawn(lines: tuple[str, ...], size: float, *, dark: bool, form: str = "PNG") -> str:
    font = ImageFont.load_default(size)
    picture = Image.new(
        "RGB", (int(size * 44), int(size * 1.6 * (len(lines) + 2))), (32, 32, 32) if dark else (240, 240, 240)
    )
    pen = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        pen.text((size, size * (1 + 1.6 * row)), line, font=font, fill=(230, 230, 230) if dark else (20, 20, 20))
    out = io.BytesIO()
    picture.save(out, form)
    return base64.b64encode(out.getvalue()).decode()


def ticket_with(content: str, kind: str) -> dict[str, object]:
    return {
        "body": "It does not send, see the picture.",
        "attachments": [{"name": "shot", "content_type": kind, "content": content}],
    }


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [13, 16, 22])
def test_codes_on_screenshots_come_out_whole(reader: ProgramReader, size: int, dark: bool, form: str) -> None:
    content = drawn(DIALOG, size, dark=dark, form=form)
    ticket = reader.read(ticket_from_json(ticket_with(content, f"image/{form.lower()}"), where="t", fallback_id="t"))
    (picture,) = ticket.attachments
    assert picture.pictured and picture.text is not None
    for code in ("0x800CCC0F", "0x8004010F", "AUTHENTICATIONFAILED"):
        assert code in picture.text, picture.text


def test_the_agent_reads_where_it_came_from(reader: ProgramReader, triager: Triager) -> None:
    content = drawn(DIALOG, 16, dark=False)
    triage = triager.triage(
        reader.read(ticket_from_json(ticket_with(content, "image/png"), where="t", fallback_id="t"))
    )
    assert "(read from the picture)" in triage.note and "letters and digits may be misread" in triage.note
    assert any(
        "0x800CCC0F" in triage.reading.text[slice(*e.span)] or "interrupted" in e.text for e in triage.facts.errors
    )


def test_a_picture_that_is_no_picture_costs_nothing(reader: ProgramReader) -> None:
    head = base64.b64decode(drawn(("x",), 22, dark=False))[:40]
    content = base64.b64encode(head + zlib.compress(b"\xff" * 100_000)).decode()
    ticket = reader.read(ticket_from_json(ticket_with(content, "image/png"), where="t", fallback_id="t"))
    assert ticket.attachments[0].text is None and any("could not be read" in n for n in ticket.notes)
