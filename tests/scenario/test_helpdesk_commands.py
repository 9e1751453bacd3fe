"""What operators type with a helpdesk: the doctor, and wrong settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.adapters.helpdesk.vendors import VENDORS
from bot.cli import main
from tests.helpdesk.vendors import LOOKALIKES, TOKEN, USER, ZendeskLike


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """(status, out, err) of a command."""
    status = 0
    try:
        main(list(arguments))
    except SystemExit as left:
        status = int(left.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith(("SLACK_", "HELPDESK_", "ACCOUNTS_", "LOG_STORE"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///desk.db")


@pytest.mark.parametrize("kind", LOOKALIKES, ids=lambda kind: kind.kind)
def test_the_doctor_tries_the_token(kind: type[ZendeskLike], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with kind() as server:
        for name, value in {"KIND": kind.kind, "URL": server.url, "USER": USER, "TOKEN": TOKEN, "ACCOUNT": "1"}.items():
            monkeypatch.setenv(f"HELPDESK_{name}", value)
        status, out, _ = run(capsys, "doctor")
        assert status == 0 and "BAD" not in out and f"no webhooks; it is asked every {VENDORS[kind.kind].every} s" in out
        monkeypatch.setenv("HELPDESK_TOKEN", "wrong")
        status, out, _ = run(capsys, "doctor")
        assert status == 1 and "answered 401" in out and "wrong" not in out


def test_wrong_settings_end_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HELPDESK_KIND", "jira")
    for command in ("web", "worker"):
        status, out, err = run(capsys, command)
        assert status == 2 and out == "" and err.startswith("triage: HELPDESK_KIND: 'jira' is not known; use one of rt, zendesk")
    status, out, _ = run(capsys, "doctor")
    assert status == 1 and "HELPDESK_KIND" in out
