"""What operators type with a helpdesk: the doctor, and wrong settings."""

from __future__ import annotations

import pytest

from bot.adapters.helpdesk.vendors import VENDORS
from tests.commands import Run
from tests.helpdesk.vendors import LOOKALIKES, TOKEN, USER, ZendeskLike


@pytest.mark.parametrize("kind", LOOKALIKES, ids=lambda kind: kind.kind)
def test_the_doctor_tries_the_token(kind: type[ZendeskLike], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with kind() as server:
        for name, value in {"KIND": kind.kind, "URL": server.url, "USER": USER, "TOKEN": TOKEN, "ACCOUNT": "1"}.items():
            monkeypatch.setenv(f"HELPDESK_{name}", value)
        status, out, _ = run("doctor")
        assert (
            status == 0 and "BAD" not in out and f"no webhooks; it is asked every {VENDORS[kind.kind].every} s" in out
        )
        monkeypatch.setenv("HELPDESK_TOKEN", "wrong")
        status, out, _ = run("doctor")
        assert status == 1 and "answered 401" in out and "wrong" not in out


def test_wrong_settings_end_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPDESK_KIND", "jira")
    for command in ("web", "worker"):
        status, out, err = run(command)
        assert (
            status == 2
            and out == ""
            and err.startswith("triage: HELPDESK_KIND: 'jira' is not known; use one of rt, zendesk")
        )
    status, out, _ = run("doctor")
    assert status == 1 and "HELPDESK_KIND" in out
