"""From a real client's words to the right check, with the server's own line: the whole pipeline on real logs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from maillab.history import before, stamp_of
from maillab.judging import is_line
from maillab.places import DOMAIN
from maillab.recording import Recording
from maillab.scenarios import SCENARIOS, Cause, Scenario

from bot.adapters.accounts.memory import EmptyAccountDirectory, MemoryAccountDirectory
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.core.model import Ticket
from bot.core.observed import Account
from bot.core.verdict import Triage
from bot.triage import Triager
from knowledge import Knowledge, load

ASKED = [s for s in SCENARIOS if s.causes]
BAR = 0.90
WORDS = (
    ("Cannot connect", "Hello,\n\nI can't get my mail to work with {mailbox}. {words}\nIt says:\n\n{said}\n\n{when}Thanks,\nKim"),
    ("Mail problem", "Hi support, the account is {mailbox}. {when}{words}\nThis is what I get:\n{said}\nwhat gives?"),
    ("", "{said}\n\nthat's all it tells me. {words} {when}Mailbox: {mailbox}"),
    ("E-Mail geht nicht", "Guten Tag,\n\nbei {mailbox} kommt diese Meldung:\n\n{said}\n\n{words} {when_de}\nViele Grüße\nKim"),
)
WHEN = (("", ""), ("It happened at {clock} UTC. ", "Es war um {clock} UTC. "), ("That was just now. ", "Das war gerade eben. "))


@dataclass(frozen=True)
class Answer:
    """What the triage made of one scenario."""

    scenario: Scenario
    said: str
    line: str
    line_right: bool
    cause: Cause | None
    confidence: str
    cause_right: bool

    @property
    def right(self) -> bool:
        """Both the cause and the line."""
        return self.line_right and self.cause_right


@dataclass(frozen=True)
class Now:
    """The clock: the moment the ticket arrives."""

    moment: datetime

    def now(self) -> datetime:
        """That moment."""
        return self.moment


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    """What the program ships with."""
    return load()


@pytest.fixture(scope="module")
def logs(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> SqliteLogStore:
    """The store with the run's own log files, after two days of other people's traffic."""
    folder = tmp_path_factory.mktemp("logs")
    year = recording.visits["wrong.imap"].ended.year
    for name, lines in (("dovecot.log", recording.dovecot), ("postfix.log", recording.postfix)):
        whole = [*before(recording, lines, year), *lines]
        (folder / name).write_text("\n".join(whole) + "\n", encoding="utf-8")
    store = SqliteLogStore(folder / "logs.db")
    store.ingest([folder / "dovecot.log", folder / "postfix.log"], finished=True)
    return store


@pytest.fixture(scope="module")
def directory() -> MemoryAccountDirectory:
    """Every mailbox of the lab with its plan; complete, so a mailbox that is not in it does not exist."""
    accounts = [
        Account(s.mailbox, domain=DOMAIN, plan=s.plan, paused=s.paused, domain_verified=True)
        for s in SCENARIOS if not s.removed
    ]
    return MemoryAccountDirectory([*accounts, Account(f"owner@{DOMAIN}", domain=DOMAIN, plan="pro", paused=False)])


def ticket_of(scenario: Scenario, recording: Recording, received: datetime, words: int) -> Ticket:
    """A ticket in a customer's words with the client's own text; the time is told in another way each time."""
    visit = recording.visits[scenario.name]
    subject, text = WORDS[words]
    when, when_de = (w.format(clock=f"{visit.ended:%H:%M}") for w in WHEN[(words + SCENARIOS.index(scenario)) % len(WHEN)])
    body = text.format(mailbox=scenario.mailbox, said=visit.said, words=scenario.words, when=when, when_de=when_de)
    return Ticket(scenario.name, body, subject, requester=scenario.mailbox, received_at=received)


def end_of(recording: Recording) -> datetime:
    """The last moment that both servers' logs cover."""
    year = recording.visits["wrong.imap"].ended.year
    return min(stamp_of(lines[-1], year) for lines in (recording.dovecot, recording.postfix))


def answered(scenario: Scenario, recording: Recording, triager: Triager, words: int) -> Answer:
    """Triage the scenario's ticket and hold the answer against what happened."""
    received = end_of(recording)
    triage = triager.triage(ticket_of(scenario, recording, received, words))
    visit = recording.visits[scenario.name]
    matching = triage.server.matching
    if matching is None:
        line_right = not scenario.lines
    else:
        own = recording.lines_of(visit.address, scenario.mailbox)
        fitting = any(is_line(matching.event, line, scenario) for line in (*scenario.lines[:1], *scenario.also))
        line_right = matching.event.raw in own and fitting
    cause = cause_of(triage)
    event = matching.event if matching else None
    line = f"{event.event}/{event.reason or '-'}" if event else "none"
    return Answer(scenario, visit.said, line, line_right, cause, triage.diagnosis.confidence, cause in scenario.causes)


def cause_of(triage: Triage) -> Cause | None:
    """The check's number, or the other cause, that leads; None where nothing was answered."""
    if triage.diagnosis.other:
        return triage.diagnosis.other
    return triage.diagnosis.causes[0].number if triage.diagnosis.causes else None


def table(answers: list[Answer]) -> str:
    """One row a scenario, for people; where the tickets of one differ, the row shows the first that is wrong."""
    rows = [("scenario", "client text", "matching line", "check", "confidence", "right?")]
    for name in dict.fromkeys(a.scenario.name for a in answers):
        mine = [a for a in answers if a.scenario.name == name]
        shown = next((a for a in mine if not a.right), mine[0])
        faults = " and ".join(word for word, good in (("line", shown.line_right), ("check", shown.cause_right)) if not good)
        verdict = f"{sum(a.right for a in mine)}/{len(mine)}" + (f" {faults} wrong" if faults else "")
        said = (shown.said.splitlines() or [""])[0].rpartition("Error: ")[2][:56]
        rows.append((name, said, shown.line, str(shown.cause), shown.confidence, verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def test_the_right_check_with_the_right_line(
    recording: Recording, logs: SqliteLogStore, directory: MemoryAccountDirectory, knowledge: Knowledge, capsys: pytest.CaptureFixture[str]
) -> None:
    now = Now(end_of(recording))
    full, bare = (Triager(knowledge, logs, accounts, now) for accounts in (directory, EmptyAccountDirectory()))
    known = [answered(s, recording, full, words) for s in ASKED for words in range(len(WORDS))]
    blind = [answered(s, recording, bare, n % len(WORDS)) for n, s in enumerate(ASKED)]
    figures = {
        "tickets": len(known),
        "line": share(known, "line_right"),
        "top1": share(known, "cause_right"),
        "right": share(known, "right"),
        "right_without_accounts": share(blind, "right"),
        "wrong_likely": sum(not a.cause_right and a.confidence == "likely" for a in known),
        "wrong_confirmed": sum(not a.cause_right and a.confidence == "confirmed" for a in known),
    }
    with capsys.disabled():
        print("\n" + table(known))
        wrong = [a for a in blind if not a.right]
        if wrong:
            print("\nwrong without an account directory:\n" + table(wrong))
        print(f"figures {json.dumps(figures)}")
    assert len(known) >= 120
    assert {c for a in known for c in a.scenario.causes if isinstance(c, int)} >= {1, 2, 3, 4, 6, 7, 8, 9, 10}
    assert share(known, "right") >= BAR, table([a for a in known if not a.right])


@pytest.mark.parametrize("name", ["right.imap", "right.smtp587", "right.smtp465"])
def test_a_deny_passdb_speaks_of_everybody(recording: Recording, logs: SqliteLogStore, directory: MemoryAccountDirectory, knowledge: Knowledge, name: str) -> None:
    """A deny passdb logs ``unknown user`` at every login that goes well: that is nobody's failure."""
    mailbox = f"{name}@{DOMAIN}"
    assert any("unknown user" in line for line in recording.lines_of(recording.visits[name].address, mailbox))
    received = end_of(recording)
    ticket = Ticket(name, f"My mail program says connection timed out. The mailbox is {mailbox}.", requester=mailbox, received_at=received)
    triage = Triager(knowledge, logs, directory, Now(received)).triage(ticket)
    assert triage.server.matching is None


def share(answers: list[Answer], what: str) -> float:
    """The share of answers of which ``what`` is true."""
    return round(sum(bool(getattr(a, what)) for a in answers) / len(answers), 3)


def test_absence_is_proven(recording: Recording, knowledge: Knowledge, tmp_path: Path) -> None:
    """Both servers write all the time and hold nothing of a customer whose host name is mistyped."""
    year = recording.visits["wrong.imap"].ended.year
    last = []
    for name, lines in (("dovecot.log", recording.dovecot), ("postfix.log", recording.postfix)):
        traffic = before(recording, lines, year)
        last.append(stamp_of(traffic[-1], year))
        (tmp_path / name).write_text("\n".join(traffic) + "\n", encoding="utf-8")
    store = SqliteLogStore(tmp_path / "logs.db")
    store.ingest([tmp_path / "dovecot.log", tmp_path / "postfix.log"], finished=True)
    received = min(last)
    said = recording.visits["mistyped.host"].said
    mailbox = f"newcomer@{DOMAIN}"
    accounts = MemoryAccountDirectory([Account(mailbox, domain=DOMAIN, plan="pro", paused=False)])
    failed_at = received - timedelta(minutes=30)
    body = f"Since {failed_at:%H:%M} UTC I try to set up {mailbox}, server imap.trekmial.net port 993 SSL, and it says\n\n{said}\n"
    triage = Triager(knowledge, store, accounts, Now(received)).triage(Ticket("absent", body, requester=mailbox, received_at=received))
    assert triage.server.lines == () and triage.server.matching is None
    assert triage.server.coverage == "full"
    assert triage.server.absence_proven
    assert cause_of(triage) == 3
    assert triage.diagnosis.confidence != "confirmed"


def test_no_absence_where_the_log_has_a_hole(recording: Recording, knowledge: Knowledge, tmp_path: Path) -> None:
    """The same hour, with the two hours around the failure cut out: nothing is proven."""
    year = recording.visits["wrong.imap"].ended.year
    last = []
    for name, lines in (("dovecot.log", recording.dovecot), ("postfix.log", recording.postfix)):
        traffic = before(recording, lines, year)
        last.append(stamp_of(traffic[-1], year))
        hole = (last[-1] - timedelta(hours=2, minutes=30), last[-1] - timedelta(minutes=15))
        kept = [line for line in traffic if not hole[0] < stamp_of(line, year) < hole[1]]
        (tmp_path / name).write_text("\n".join(kept) + "\n", encoding="utf-8")
    store = SqliteLogStore(tmp_path / "logs.db")
    store.ingest([tmp_path / "dovecot.log", tmp_path / "postfix.log"], finished=True)
    received = min(last)
    mailbox = f"newcomer@{DOMAIN}"
    body = f"At {received - timedelta(minutes=75):%H:%M} UTC {mailbox} could not log in: Connection timed out."
    accounts = MemoryAccountDirectory([Account(mailbox, domain=DOMAIN, plan="pro", paused=False)])
    triage = Triager(knowledge, store, accounts, Now(received)).triage(Ticket("hole", body, requester=mailbox, received_at=received))
    assert triage.server.coverage != "full"
    assert not triage.server.absence_proven
