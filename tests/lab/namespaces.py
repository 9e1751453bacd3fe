"""Running the lab in namespaces of its own: the real ports, its own addresses, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

UNSHARE: Final = ["unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
AS_USER: Final = ["--map-root-user", "--map-auto"]
LONGEST: Final = 900
"""Seconds that a lab may take from boot to stop."""


class LabFailed(Exception):
    """The lab could not be run; the message says why and what to do."""


def command() -> list[str]:
    """How a program gets namespaces of its own here. Raises LabFailed where the system refuses."""
    prefix = list(UNSHARE) if os.geteuid() == 0 else [*UNSHARE, *AS_USER]
    try:
        probe = subprocess.run([*prefix, "true"], capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError as error:
        raise LabFailed("the mail lab needs `unshare`: run bash tests/lab/packages.sh") from error
    if probe.returncode != 0:
        hint = (
            ""
            if os.geteuid() == 0
            else " (an ordinary user needs user namespaces, newuidmap and a range in /etc/subuid)"
        )
        raise LabFailed(
            f"no namespaces here: `{' '.join(prefix)}` says: {probe.stderr.strip() or probe.returncode}{hint}"
        )
    return prefix


def run_lab(out: Path, each: int, *programs: str) -> None:
    """Boot the servers, let ``each`` programs a scenario fail (or the named ones alone), leave log and cases in
    ``out``.

    The lab holds our pipe and ends when it closes: it dies with this process, however that ends. Raises
    LabFailed with the lab's own last words.
    """
    here = Path(__file__).resolve().parent.parent
    env = {
        **os.environ,
        "PYTHONPATH": str(here.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }
    env["PATH"] = env.get("PATH", "") + ":/usr/sbin:/sbin"
    diary = out / "lab.txt"
    with diary.open("w", encoding="utf-8") as words:
        lab = subprocess.Popen(
            [*command(), sys.executable, "-m", "tests.lab.inside", str(out), str(each), *programs],
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=words,
            env=env,
            cwd="/",
        )
        try:
            code = lab.wait(LONGEST)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            lab.kill()
            lab.wait()
            assert lab.stdin is not None
            lab.stdin.close()
    if code != 0:
        said = diary.read_text("utf-8", "replace").strip()[-3000:]
        raise LabFailed(f"the mail lab ended with {'no end in sight' if code is None else code}:\n{said}")
