"""The mailbox channel against real Dovecot and Postfix, killed again and again: ``python -m tests.mail.run --kills
200``.

Prints a table and ends with one line ``figures {json}``; exits 1 where a mail was lost or an answer doubled.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.lab.namespaces import LabFailed, command

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("kills", "accepted", "answered", "lost", "doubled", "parked", "to_note_s", "after_break_s")


def play(folder: Path, kills: int) -> dict[str, Any]:
    """One run in namespaces of its own; what it saw. Raises LabFailed with its last words."""
    out, diary = folder / "seen.json", folder / "diary.txt"
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
    }
    with diary.open("w") as words:
        done = subprocess.run(
            [*command(), sys.executable, "-m", "tests.mail.inside", str(out), str(kills)],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=env,
            cwd="/",
            timeout=300 + 12 * kills,
            check=False,
        )
    if done.returncode:
        raise LabFailed(
            f"the mail servers' run ended with {done.returncode}:\n{diary.read_text('utf-8', 'replace')[-4000:]}"
        )
    seen: dict[str, Any] = json.loads(out.read_text())
    return {**seen, "lost": seen["accepted"] - seen["answered"] - seen["parked"]}


def main() -> None:
    """Play, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as folder:
        seen = play(Path(folder), kills)
    for key in KEYS:
        print(f"{key:14} {seen[key]}")
    print("figures " + json.dumps({"mailbox": {key: seen[key] for key in KEYS}}))
    sys.exit(1 if seen["lost"] or seen["doubled"] else 0)


if __name__ == "__main__":
    main()
