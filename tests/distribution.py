"""What the distribution must bring for the real parts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

WHERE = "/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Daemons stand where an ordinary user's PATH does not look."""


def need(*names: str) -> None:
    """Fail the test, with what to do, where one of these programs, or files given by whole path, is missing. Never a
    skip."""
    missing = sorted(
        name for name in names if not (Path(name).exists() if name.startswith("/") else shutil.which(name, path=WHERE))
    )
    if missing:
        pytest.fail(f"missing {', '.join(missing)}: run as root: bash tests/lab/packages.sh", pytrace=False)
