"""An error that nobody knows becomes an entry of the overlay, and is taken back."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore, MemoryLogStore
from bot.adapters.store.database import Database
from bot.adapters.store.tables import ReviewRow, TicketRow, TriageRow
from bot.adapters.store.upgrade import upgrade
from bot.cli import main
from bot.core.model import Ticket
from bot.core.observed import LogQuery
from bot.core.shadow import Past, Said, Shadow
from bot.core.weighing import FEWEST
from bot.logs.event import LogEvent
from bot.shadowing import AsThen, ShadowWatch
from bot.triage import Triager
from knowledge import Knowledge, load
from knowledge.model import Weights
from tests.unit.core.test_weighing import drawn

KNOWLEDGE = load(None)

TICKET = {
    "id": "t2",
    "body": 'My mailbox zoe@firm.example shows the error: "Gizmo subsystem refused the frobnication 0x9 of bob@other.example"',
    "received_at": "2026-11-18T10:00:00Z",
}


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_a_candidate_is_accepted_graded_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "LOG_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "host").mkdir()
    held: list[bool] = []

    def laws(knowledge: Knowledge) -> list[str]:  # the whole table's laws take long; tests/knowledge holds them
        held.append(
            any(
                "frobnication" in text
                for row in knowledge.errors.values()
                for texts in row.texts
                for some in texts.by_language.values()
                for text in some
            )
        )
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with an overlay of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "LOG_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "host").mkdir()
    monkeypatch.setenv("KNOWLEDGE_DIR", str(tmp_path / "host"))
    return tmp_path


def event_at(hour: int) -> LogEvent:
    """A refusal of that hour."""
    return LogEvent(
        time=datetime(2026, 11, 17, hour, tzinfo=UTC),
        host="imap1",
        program="dovecot",
        event="auth_failed",
        outcome="failure",
        mailbox="anna@firm.example",
        login="anna@firm.example",
        service="imap",
        raw="x",
    )


def decided(count: int) -> None:
    """So many tickets on which agents decided; a server's line says more than the present weights believe."""
    database = Database("sqlite:///var/triage.db")
    upgrade(database)
    truth = Weights({**KNOWLEDGE.weights.kinds, "server": 2.4, "words": 0.4}, {})
    with database.write("test.decided") as session:
        for one in drawn(count, truth):
            diagnosis = {
                "verdict": "answer",
                "confidence": "likely",
                "checks": [],
                "other": one.named,
                "other_probability": 0.6,
                "leanings": one.leanings,
            }
            session.add(TicketRow(id=one.ticket, first_seen=one.at, text=""))
            session.flush()
            session.add(
                TriageRow(
                    key=one.ticket,
                    ticket_id=one.ticket,
                    created_at=one.at,
                    knowledge_version="v",
                    cause=one.named,
                    confidence="likely",
                    verdict="answer",
                    document=json.dumps({"facts": {}, "log": {}, "diagnosis": diagnosis}),
                )
            )
            session.add(
                ReviewRow(
                    ticket_id=one.ticket,
                    round=1,
                    agent="a",
                    decision="send" if one.right == one.named else "other_check",
                    cause=one.named,
                    chosen=None if one.right == one.named else one.right,
                    confidence="likely",
                    at=one.at + timedelta(minutes=5),
                )
            )
    database.engine.dispose()


def test_weights_are_proposed_applied_by_their_number_and_taken_back(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decided(FEWEST - 40)
    status, out, _ = command(capsys, "learn", "weights")
    assert status == 0 and f"{FEWEST} are needed" in out and command(capsys, "learn", "apply", "00000000")[0] == 2
    (home / "var" / "triage.db").unlink()
    decided(600)
    proposal = json.loads(command(capsys, "learn", "weights", "--json")[1])
    assert (
        proposal["better"]
        and proposal["after"]["log_loss"] < proposal["before"]["log_loss"]
        and not list((home / "host").iterdir())
    ), "nothing without a yes"
    status, _, err = command(capsys, "learn", "apply", "00000000")
    assert status == 2 and "triage learn weights" in err
    assert command(capsys, "learn", "apply", proposal["id"])[0] == 0
    written = tomllib.loads((home / "host" / "weights.toml").read_text("utf-8"))
    assert (
        written["kinds"]["server"] > 1.5 and load(home / "host").weights.kinds["server"] == written["kinds"]["server"]
    )
    assert load(home / "host").version != KNOWLEDGE.version
    assert "knowledge.accept" in command(capsys, "audit")[1]
    assert command(capsys, "learn", "back")[0] == 0 and not (home / "host" / "weights.toml").exists()
    learnt = json.loads(command(capsys, "learn", "--json")[1])
    assert learnt["labels"] > 550 and learnt["confused"], "corrected answers count in the calibration as well"


def test_a_version_runs_in_the_shadow_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = {
        "id": "t1",
        "body": "My mailbox anna@firm.example, Thunderbird 128: 535 5.7.8 Error: authentication failed",
        "received_at": "2026-11-17T10:00:00Z",
    }
    (home / "t.jsonl").write_text(json.dumps(words) + "\n" + json.dumps(TICKET), "utf-8")
    assert command(capsys, "ticket", "--save", "t.jsonl")[0] == 0
    same = json.loads(command(capsys, "learn", "shadow", "--json")[1])
    assert (same["looked"], same["changed"], same["earlier"]) == (2, 0, [same["version"]])
    other = home / "candidate"
    other.mkdir()
    (other / "weights.toml").write_text(
        "[causes]\nhostnames = 20.0\nmailbox-password = 0.05\nstale-client-profile = 0.05\nusername-full-address = 0.05\n",
        "utf-8",
    )
    found = json.loads(command(capsys, "learn", "shadow", str(other), "--json")[1])
    assert found["earlier"] == [same["version"]] != [found["version"]] and "t1" in [
        p["ticket"] for p in found["tickets"]
    ]
    assert "hostnames" in [after for _, after, _ in found["causes"]]
    assert (
        "t1" in command(capsys, "learn", "shadow", str(other))[1]
        and command(capsys, "learn", "shadow", "no/such")[0] == 2
    )
    said = command(capsys, "report", "--from", "2026-01-01", "--to", "2036-12-31", "--format", "json")[1]
    assert [s for s in json.loads(said)["shadows"] if found["version"] in s and "with another cause" in s]


def test_a_shadow_sees_no_line_of_later() -> None:
    store = MemoryLogStore([event_at(9), event_at(11)])
    then = AsThen(store, datetime(2026, 11, 17, 10, tzinfo=UTC))
    day = LogQuery(
        datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 18, tzinfo=UTC), mailboxes=("anna@firm.example",)
    )
    assert len(store.search(day).lines) == 2 and [line.time.hour for line in then.search(day).lines if line.time] == [9]
    assert then.search(replace(day, since=datetime(2026, 11, 17, 12, tzinfo=UTC))).lines == ()


def test_the_worker_looks_once_at_a_new_version(tmp_path: Path) -> None:
    class Kept:
        def __init__(self) -> None:
            self.shadows: list[Shadow] = []

        def past(self, limit: int) -> list[Past]:
            at = datetime(2026, 11, 17, 10, tzinfo=UTC)
            return [
                Past(
                    f"t{n}",
                    Ticket(f"t{n}", "535 5.7.8 authentication failed for anna@firm.example") if n else None,
                    at,
                    (),
                    "earlier",
                    Said("hostnames", "ask", "guess", 0.3),
                )
                for n in range(4)
            ]

        def put_shadow(self, shadow: Shadow, now: datetime) -> None:
            self.shadows.append(shadow)

        def has_shadow(self, version: str) -> bool:
            return any(s.version == version for s in self.shadows)

    kept, now = Kept(), datetime(2026, 11, 18, tzinfo=UTC)
    watch = ShadowWatch(
        kept, Triager(KNOWLEDGE, EmptyLogStore(), EmptyAccountDirectory(), AsThen(EmptyLogStore(), now)), portion=2
    )
    watch.look(now)
    assert not kept.shadows, "a portion at a time"
    for _ in range(3):
        watch.look(now)
    assert [(s.version, s.earlier, s.looked, s.unread, s.changed) for s in kept.shadows] == [
        (KNOWLEDGE.version, ("earlier",), 3, 1, 3)
    ]
