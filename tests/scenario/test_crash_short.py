"""A short crash run on SQLite; ``make crash`` runs the long ones on both engines, tests/real a short one on
PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(400)
def test_nothing_is_lost_and_nothing_is_doubled() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.crash.run",
            "--engine",
            "sqlite",
            "--tickets",
            "20",
            "--kills",
            "10",
            "--seed",
            "3",
            "--limit",
            "300",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"lost": 0, "doubled": 0' in done.stdout


@pytest.mark.timeout(200)
def test_a_follower_that_is_killed_loses_and_doubles_no_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.run", "--engine", "log", "--kills", "12", "--seed", "4"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=190,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1].removeprefix("figures "))["log"]["sqlite"]
    assert (figures["lost"], figures["doubled"], figures["kills"]) == (0, 0, 12)
    assert figures["accepted"] > 1000 and figures["pushed"] > 0
