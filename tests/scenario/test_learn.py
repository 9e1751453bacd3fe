"""An error that nobody knows becomes an entry of the overlay, and is taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.cli import main
from knowledge import Knowledge

TICKET = {"id": "t2", "body": 'My mailbox zoe@firm.example shows the error: "Gizmo subsystem refused the frobnication 0x9 of bob@other.example"', "received_at": "2026-11-18T10:00:00Z"}


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_a_candidate_is_accepted_graded_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "LOG_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "host").mkdir()
    held: list[bool] = []

    def laws(knowledge: Knowledge) -> list[str]:  # the whole table's laws take long; tests/knowledge holds them
        held.append(any("frobnication" in text for row in knowledge.errors.values() for texts in row.texts for some in texts.by_language.values() for text in some))
        return []

    monkeypatch.setattr("bot.commands.learn.broken_laws", laws)
    monkeypatch.setenv("KNOWLEDGE_DIR", str(tmp_path / "host"))
    (tmp_path / "t.jsonl").write_text(json.dumps(TICKET), "utf-8")
    assert command(capsys, "ticket", "--save", "t.jsonl")[0] == 0
    candidate = json.loads(command(capsys, "learn", "candidates", "--json")[1])
    assert "frobnication" in candidate["text"] and candidate["mailboxes"] == 1
    status, _, err = command(capsys, "learn", "accept", "nonsense")
    assert status == 2 and "triage learn candidates" in err
    status, out, err = command(capsys, "learn", "accept", candidate["id"])
    assert status == 0, err
    file = tmp_path / "host" / "errors" / f"{candidate['id']}.toml"
    assert file.is_file() and "bob@" not in file.read_text("utf-8") and str(file) in out
    assert held == [True], "the laws are held over the table with the new entry in it"
    assert command(capsys, "learn", "back")[0] == 0 and not file.exists()
    assert command(capsys, "learn", "back")[0] == 2
    assert command(capsys, "learn", "grade", "t2", "hostnames")[0] == 0
    learnt = json.loads(command(capsys, "learn", "--json")[1])
    assert learnt["labels"] == 1
