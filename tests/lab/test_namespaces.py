"""Where the lab cannot run it says so and fails; it is never skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.namespaces import LabFailed, command, run_lab


def test_without_unshare_it_names_the_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabFailed, match=r"unshare.*packages\.sh"):
        command()


def test_without_namespaces_it_says_what_the_system_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabFailed, match="Operation not permitted"):
        run_lab(tmp_path, 1)
