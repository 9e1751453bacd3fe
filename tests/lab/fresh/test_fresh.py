"""The lab itself, run afresh: one program a scenario and Thunderbird once, held against what was recorded.

A new Dovecot or Postfix shows as lines of a shape that no recorded case has. A lab that cannot run is a failure.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.logs.decode import Decoder
from tests.distribution import need
from tests.lab.cases import Case, read_cases
from tests.lab.namespaces import LabFailed, run_lab
from tests.lab.places import CASES, MAIL_LOG, PROGRAMS
from tests.lab.programs import PROGRAM_ROWS
from tests.lab.shapes import shape

pytestmark = pytest.mark.timeout(400)
DAEMONS = ("dovecot", "postfix", "fail2ban-server", "unshare", "nsenter", "setpriv", "ip", "nft", "openssl")
UNLIKE = 0.02
"""The share of fresh lines that may have a new shape (a program left at another moment) before it is a difference."""


@pytest.fixture(scope="module")
def recorded() -> dict[str, Case]:
    """The cases that the repository keeps."""
    return {c.id: c for c in read_cases(CASES)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs and cases of a fresh run."""
    programs = {row.version[0].rpartition("/")[2] for row in PROGRAM_ROWS} | {"php", "Xvfb", "script"}
    need(*DAEMONS, *programs, str(PROGRAMS / "node_modules" / "imapflow"), "/usr/share/php/libphp-phpmailer")
    out = tmp_path_factory.mktemp("lab")
    try:
        run_lab(out, 1)
    except LabFailed as error:
        pytest.fail(str(error), pytrace=False)
    return out


@pytest.fixture(scope="module")
def fresh(folder: Path) -> list[Case]:
    """The fresh run's cases."""
    return read_cases(folder)


def test_every_failure_fails_as_it_did(
    fresh: list[Case], recorded: dict[str, Case], capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(fresh) > 80 and {c.id for c in fresh} <= set(recorded)
    different = [
        f"{c.id}: failed {c.failed}, lines of its own {len(c.right)}, says {c.text[-120:]!r}; recorded: {recorded[c.id].failed}, {len(recorded[c.id].right)}"
        for c in fresh
        if c.failed != recorded[c.id].failed or bool(c.right) != bool(recorded[c.id].right)
    ]
    with capsys.disabled():
        print("", *different, sep="\n")
    assert len(different) <= len(fresh) * 0.05, "\n".join(different)


def test_lines_have_the_shapes_that_were_recorded(
    fresh: list[Case], recorded: dict[str, Case], capsys: pytest.CaptureFixture[str]
) -> None:
    known = {shape(line) for c in recorded.values() for line in (*c.before, *c.lines)}
    shapes = Counter(shape(line) for c in fresh for line in (*c.before, *c.lines))
    new = {s: n for s, n in shapes.items() if s not in known}
    with capsys.disabled():
        print(
            "",
            f"{sum(shapes.values())} fresh lines of {len(shapes)} shapes, {sum(new.values())} of {len(new)} new ones",
            *new,
            sep="\n",
        )
    assert sum(shapes.values()) > 500
    assert sum(new.values()) <= sum(shapes.values()) * UNLIKE, "\n".join(new)


def test_every_line_is_understood(folder: Path) -> None:
    lines = (folder / MAIL_LOG).read_text("utf-8").splitlines()
    events = list(Decoder(reference=datetime.now(UTC)).decode_lines(lines))
    assert len(events) == len(lines) > 500
    assert [e.raw for e in events if e.event == "unknown"] == []


def test_programs_are_those_recorded(
    fresh: list[Case], recorded: dict[str, Case], capsys: pytest.CaptureFixture[str]
) -> None:
    """A newer program is told, not failed: its texts are what the first test looks at."""
    newer = sorted(
        {f"{c.program} {recorded[c.id].version} -> {c.version}" for c in fresh if c.version != recorded[c.id].version}
    )
    with capsys.disabled():
        print("", *newer, sep="\n")
    assert len({c.program for c in fresh}) >= 12
