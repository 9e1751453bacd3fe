"""What the docs promise: links lead somewhere, make targets, commands and their options are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMANDS: Any = typer.main.get_command(app)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PROMPT = re.compile(r"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:[\w.-]+/)*triage ")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_.@:-]*|…|\.\.\.")


def commands(text: str) -> Iterator[str]:
    """Every ``triage …`` of a page: in a fenced block a line, in the text what stands between backticks."""
    for language, block in _FENCED.findall(text):
        if language in ("", "sh", "bash", "console"):
            joined = block.replace("\\\n", " ")
            yield from (line.strip() for line in joined.splitlines() if _PROMPT.match(line))
    yield from (found for found in _INLINE.findall(_FENCED.sub("", text)) if _PROMPT.match(found + " "))


def fault(line: str) -> str | None:
    """What is wrong with a command line, None where the program would take it. Whatever follows a pipe, a redirection
    or a comment is the shell's; words in capitals and dots stand for something."""
    line = _PROMPT.sub("", line + " ", count=1)
    words = shlex.split(re.split(r"\s[|<>#;&]|\s\(", line)[0].replace("[", " ").replace("]", " "), comments=True)
    here = COMMANDS
    for position, word in enumerate(words):
        children = getattr(here, "commands", None)
        if not children:
            known = {option for parameter in here.params for option in (*parameter.opts, *parameter.secondary_opts)}
            used = {w.partition("=")[0] for w in words[position:] if re.match(r"--?[a-z]", w)}
            wrong = used - known - {"--help", "-h", "-"}
            return f"{here.name} has no {', '.join(sorted(wrong))}" if wrong else None
        if word.startswith("-") or _PLACEHOLDER.fullmatch(word):
            return None
        names = word.split("|")
        if not set(names) <= set(children):
            return f"no command {word}"
        here = children[names[0]]
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text("utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    wrong = {line: said for line in commands(text) if (said := fault(line))}
    assert not wrong
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named <= TARGETS, named - TARGETS


def test_the_check_finds_what_is_wrong() -> None:
    assert fault("triage ticket --json mail.eml") is None and fault("triage logs ingest|search FILE") is None
    assert fault("triage ticket --jsn mail.eml") and fault("triage lgos ingest") and fault("triage logs injest")
    assert sum(len(list(commands(page.read_text("utf-8")))) for page in PAGES) > 60
