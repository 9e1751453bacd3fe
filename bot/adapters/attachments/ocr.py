"""OCR by a program that may be there: tesseract on PATH, else the ``ocr`` extra (RapidOCR). Each picture in a
limited process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import regex

from bot.errors import SettingsError

_HERE: Final = Path(__file__).parent
LIMITED: Final = (sys.executable, "-I", "-S", str(_HERE / "limited.py"))
_LANGUAGES: Final = regex.compile(r"[A-Za-z_]{3,20}(?:\+[A-Za-z_]{3,20}){0,4}")
GB: Final = 1_000_000_000


@dataclass(frozen=True)
class Ocr:
    """A program that reads the picture on its standard input. ``seconds``: by the clock; its processor time and
    memory are limited as well."""

    name: str
    command: Sequence[str]
    memory: int
    seconds: int

    def text_of(self, picture: bytes) -> str | None:
        """What stands in a picture, as read; None where the program failed or took too long."""
        command = [*LIMITED, str(self.seconds), str(self.memory), *self.command]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "OMP_THREAD_LIMIT": "1",
            "LC_ALL": "C.UTF-8",
            **_passed("TESSDATA_PREFIX"),
        }
        try:
            done = subprocess.run(
                command, input=picture, capture_output=True, timeout=self.seconds, env=environment, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def ocr_here(languages: str = "eng") -> Ocr | None:
    """What this machine has, tesseract first (a second and 100 MB a picture; RapidOCR takes some 8 s and 500 MB);
    None where it has neither.

    ``languages`` are tesseract's names joined by ``+``. Sparse text (page segmentation 11) finds the words of
    dialogs wherever they stand; screenshots carry no resolution, so a screen's is stated. Raises SettingsError for
    names that are none.
    """
    if not _LANGUAGES.fullmatch(languages):
        raise SettingsError(
            f"OCR_LANGUAGES: {languages[:40]!r} makes no sense; use tesseract's names of languages joined by +, such as eng+deu"
        )
    program = shutil.which("tesseract")
    if program is not None:
        return Ocr("tesseract", (program, "stdin", "stdout", "-l", languages, "--psm", "11", "--dpi", "96"), GB, 10)
    if find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None:
        return Ocr("rapidocr", (sys.executable, str(_HERE / "rapid.py")), 8 * GB, 40)
    return None


def _passed(name: str) -> dict[str, str]:
    value = os.environ.get(name)
    return {name: value} if value else {}
