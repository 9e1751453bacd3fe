"""The whole contract of the desk's store once more, over a real PostgreSQL server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from test_desk_store import *  # noqa: F403  the same tests, another database


@pytest.mark.timeout(1300)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_two_hundred_kills_over_a_thousand_tickets_lose_and_double_nothing(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four workers, kill -9; ``make crash`` does the same with another seed each time."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.crash.run",
            "--engine",
            engine,
            "--tickets",
            "1000",
            "--kills",
            "200",
            "--seed",
            "4",
            "--limit",
            "1200",
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=1290,
        check=False,
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout.partition('figures')[0]}")
    assert done.returncode == 0, done.stdout + done.stderr
