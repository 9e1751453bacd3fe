"""OCR by RapidOCR, for machines without tesseract: ``python rapid.py`` with a picture on standard input, its lines
on standard output.

A process of its own, because the library needs some 600 MB; started by :mod:`bot.adapters.attachments.ocr`.
"""

from __future__ import annotations

import logging
import sys


def main() -> None:
    """The lines of the picture, in reading order."""
    from rapidocr import RapidOCR  # type: ignore[import-not-found,unused-ignore]

    logging.disable(logging.CRITICAL)
    found = RapidOCR()(sys.stdin.buffer.read())
    sys.stdout.buffer.write("\n".join(found.txts or ()).encode("utf-8"))


if __name__ == "__main__":
    main()
