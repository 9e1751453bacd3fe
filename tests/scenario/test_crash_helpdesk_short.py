"""Short forms of what ``make crash`` does at length: helpdesks that drop connections, and poison tickets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.crash import drops
from tests.helpdesk.vendors import LOOKALIKES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", LOOKALIKES, ids=lambda kind: kind.kind)
def test_exactly_one_reply_each(kind: Any) -> None:
    row = drops.run(kind, 6, 60)
    assert row["once"] == 6 and not row["parked"], row


@pytest.mark.timeout(300)
def test_poison_tickets_hold_up_nobody() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.poison", "--tickets", "15", "--limit", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.rpartition("figures ")[2])["poison"]
    assert figures["dead"] == 3 and figures["done"] == 12 and figures["deaths"] >= 15
