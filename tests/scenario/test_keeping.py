"""Letting go: words after 30 days, persons after 13 months, one requester at once and to the last byte; backups, and
copies that stay silent."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.adapters.slack.outlet import SlackOutlet
from bot.adapters.store.backup import backup, restore
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.erasure import erase
from bot.adapters.store.retention import Retention
from bot.core.desk.values import Inbound, Send
from bot.core.incident import Burst
from bot.decide import Decisions
from bot.deliver import Courier
from bot.errors import InputError
from bot.triage import Triager
from tests.commands import Run
from tests.slack.desk import Office
from tests.slack.payloads import click, dispatch
from tests.slack.server import FakeSlack

ANNA, BERT = "anna@firm.example", "bert@firm.example"
WORDS = "the purple heron cannot log in"


def hand_in(office: Office, mailbox: str, number: int = 1) -> str:
    """A ticket of somebody about their mailbox, in a thread of its own; its case."""
    text = f'{WORDS}: {mailbox.title()} with Thunderbird, it says "535 5.7.8 Error: authentication failed". User name {mailbox.partition("@")[0]}, webmail works.'
    key = f"mail:{number}:{mailbox}"
    office.edge.door.accept(
        Inbound(
            "slack",
            f"{number}:{mailbox}",
            key,
            {"body": text, "requester": mailbox, "channel": "slack"},
            mailbox,
            office.clock.now(),
            "slack/C1",
            "",
            explicit=True,
        )
    )
    office.work()
    return key


def found_in(folder: Path, needle: str) -> list[str]:
    """The files that hold the text in any of its usual spellings."""
    spellings = {s.encode() for s in (needle, needle.title(), needle.upper(), needle.replace("@", "%40"))}
    return [p.name for p in sorted(folder.iterdir()) if p.is_file() and any(s in p.read_bytes() for s in spellings)]


def figures(store: DeskStore) -> list[tuple[str, int]]:
    with store.look() as view:
        return sorted(view.views.causes(timedelta(days=3650)))


def distinct_mailboxes(folder: Path) -> int:
    with sqlite3.connect(folder / "desk.db") as raw:
        return int(raw.execute("SELECT count(DISTINCT mailbox) FROM triage").fetchone()[0])


def test_words_go_after_30_days_and_persons_after_13_months_and_the_numbers_stay(
    office: Office, tmp_path: Path
) -> None:
    hand_in(office, ANNA)
    hand_in(office, ANNA, 2)
    before = figures(office.store)
    assert found_in(tmp_path, "purple heron") and distinct_mailboxes(tmp_path) == 1
    now = office.clock.now()
    assert Retention(office.store.database, now).purge().bodies == 0, "nothing is old"
    later = Retention(office.store.database, now + timedelta(days=31)).purge()
    assert (later.bodies, later.triages, later.persons) == (2, 2, 0)
    assert found_in(tmp_path, "purple heron") == [] and found_in(tmp_path, "authentication failed") == []
    assert found_in(tmp_path, ANNA) and figures(office.store) == before
    again = Retention(office.store.database, now + timedelta(days=31)).purge()
    assert (again.bodies, again.triages) == (0, 0), "what is done is not done twice"
    hand_in(office, BERT)
    much_later = Retention(office.store.database, now + timedelta(days=400)).purge()
    assert much_later.persons == 3
    assert distinct_mailboxes(tmp_path) == 2, "the same person is the same digest, another is another"
    assert sum(n for _, n in figures(office.store)) == 3


def test_erasing_a_requester_leaves_no_byte_and_all_numbers(office: Office, slack: FakeSlack, tmp_path: Path) -> None:
    case = hand_in(office, ANNA)
    hand_in(office, BERT)
    other = tmp_path / "accounts.csv"
    other.write_text(f"mailbox,admins\n{ANNA},\n{BERT},{ANNA}\nanna@firm.example.org,\n", "utf-8")
    CsvAccountDirectory(tmp_path / "desk.db").import_csv(other)
    other.unlink()
    decisions = Decisions(office.store)
    decisions.look_up("slack:T1:U8", "lead", ANNA, of_ticket=False)
    with office.store.look() as view:
        assert ANNA in [line.subject for line in view.views.audit()]
        card = view.cases.card(f"{case}#1")
    assert card is not None and card.remote_id
    before = figures(office.store)
    assert found_in(tmp_path, ANNA) and any(ANNA in str(m) for m in slack.posts())

    done = erase(office.store.database, f" {ANNA.title()} ", office.clock.now(), "cli:test")
    assert done.cases == 1 and done.redacted >= 1 and done.by_hand == ()
    assert found_in(tmp_path, "anna@firm.example.org") == ["desk.db"], "somebody else's address, which begins alike"
    with sqlite3.connect(tmp_path / "desk.db") as raw:
        raw.execute("PRAGMA secure_delete=ON")
        raw.execute("DELETE FROM account_entry WHERE address = 'anna@firm.example.org'")
        raw.commit()
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert found_in(tmp_path, ANNA) == []
    assert found_in(tmp_path, BERT) and figures(office.store) == before and distinct_mailboxes(tmp_path) == 2
    with office.store.look() as view:
        actions = {line.action: line for line in view.views.audit()}
    assert actions["logs.lookup"].subject == "erased" and actions["erase"].subject == "1 cases", (
        "the record stays, the key is gone"
    )
    office.work()
    mine = [m for m in slack.posts() if m["ts"] == card.remote_id]
    assert mine and "data was erased" in str(mine[0]) and not any(ANNA in str(m) for m in slack.posts())
    erase(office.store.database, ANNA, office.clock.now(), "cli:test")


def test_what_we_posted_is_taken_back_when_its_words_go(office: Office, slack: FakeSlack) -> None:
    case = hand_in(office, ANNA)
    with office.store.look() as view:
        card = view.cases.card(f"{case}#1")
    assert card is not None
    dispatch(office.app, click("send", card.id, card.revision))
    office.work()
    assert len(slack.posts()) == 2 and ANNA in str(slack.posts())
    now = office.clock.now()
    assert Retention(office.store.database, now + timedelta(days=29)).purge().redacted == 0
    assert Retention(office.store.database, now + timedelta(days=31)).purge().redacted == 2
    assert Retention(office.store.database, now + timedelta(days=32)).purge().redacted == 0, "once"
    office.clock.ahead += timedelta(days=31)
    office.work()
    assert len(slack.posts()) == 2 and all(
        "let go after 30 days" in str(m) and not [b for b in m["blocks"] if b["type"] == "actions"]
        for m in slack.posts()
    )
    assert "firm.example" not in str(slack.posts()) and "authentication" not in str(slack.posts())


def test_where_editing_is_forbidden_the_message_is_deleted_else_a_human_is_told(
    office: Office, slack: FakeSlack
) -> None:
    hand_in(office, ANNA)
    hand_in(office, BERT)
    slack.forbids_editing = True
    erase(office.store.database, ANNA, office.clock.now(), "cli:test")
    office.work()
    assert len(slack.posts()) == 1 and ANNA not in str(slack.posts())
    slack.forbids_deleting = True
    erase(office.store.database, BERT, office.clock.now(), "cli:test")
    office.work()
    with office.store.look() as view:
        [(_, key, state, why)] = view.queues.troubled()
    assert key.startswith("redact:") and state == "parked" and "by hand" in why


def test_what_no_api_takes_back_is_listed(office: Office) -> None:
    case = hand_in(office, ANNA)
    with office.store.step("test.sent") as step:
        for number, (outlet, kind) in enumerate(
            [
                ("rt", "note"),
                ("rt", "reply"),
                ("zendesk", "note"),
                ("zendesk", "reply"),
                ("mailbox", "reply"),
                ("page", "reply"),
            ]
        ):
            step.queues.send(Send(f"x:{number}", outlet, kind, f"{outlet}/9", {"thread": "9"}, case))
            delivery = step.queues.claim_delivery(outlet, timedelta(seconds=9), timedelta(0), paused=False)
            assert delivery is not None and step.queues.sent(delivery, f"post{number}")
    purged = Retention(office.store.database, office.clock.now() + timedelta(days=31)).purge()
    assert sorted(line.partition(" in ")[0] for line in purged.by_hand) == [
        "mailbox: reply post4",
        "rt: note post0",
        "rt: reply post1",
        "zendesk: reply post3",
    ]
    assert purged.redacted == 2, "the card in Slack, the note in Zendesk"


def test_erasing_reaches_incidents_reports_and_attachments(office: Office, slack: FakeSlack, tmp_path: Path) -> None:
    """An address in a case's id, in an incident's text, in a report's rows, in an attachment's name, and in what
    somebody else wrote."""
    case = hand_in(office, ANNA)
    now = office.clock.now()
    office.edge.door.accept(
        Inbound(
            "slack",
            "b1",
            f"mail:7:{BERT}",
            {
                "body": f"{WORDS}, as {ANNA} says",
                "requester": BERT,
                "channel": "slack",
                "attachments": [{"name": f"{ANNA}.txt", "content_type": "text/plain", "text": f"from {ANNA}"}],
            },
            BERT,
            now,
            "slack/C1",
            "",
            explicit=True,
        )
    )
    office.work()
    with office.store.step("test.incident") as step:
        number = step.incidents.open(
            Burst("cause", "x", (("client", f"Mail of {ANNA}"),), now - timedelta(hours=1), 3, 1, 0.2, 20.0),
            f"Failures of {ANNA}",
            "slack/C9",
        )
        assert step.incidents.hold(number, case, 1)
        incident = step.incidents.incident(number)
        assert incident is not None
        step.incidents.put(dataclasses.replace(incident, text=f"Dear {ANNA}, it works again."))
        step.queues.send(Send(f"incident:{number}", "slack", "incident", "slack/C9", {"incident": number}))
    office.work()
    assert any(ANNA in str(m) for m in slack.posts("C9"))
    with office.store.database.write("test.fact") as session:
        session.connection().exec_driver_sql(
            "INSERT INTO failing VALUES ('2026-11-20 00:00:00.000000', 'mailbox-password', ?, 'imap1', 'imap', 1, '', 1, '2026-11-20 00:00:00.000000', '2026-11-20 00:00:00.000000', 3)",
            (ANNA,),
        )
        session.connection().exec_driver_sql(
            "INSERT INTO trouble VALUES ('2026-11-20 09:00:00.000000', ?, 'mailbox-password', 'imap1', 'imap', '', '')",
            (ANNA,),
        )
    erase(office.store.database, ANNA, now, "cli:test")
    office.work()
    assert found_in(tmp_path, ANNA) == [] and found_in(tmp_path, BERT)
    assert not any(ANNA in str(m) for m in slack.posts()), "and the incident's message is drawn again"


def test_erasing_reaches_the_log_store(tmp_path: Path) -> None:
    logs = tmp_path / "mail.log"
    lines = [
        f"2026-11-20T09:0{n}:00+00:00 imap1 dovecot: imap-login: {what}"
        for n, who in enumerate((ANNA, BERT))
        for what in (
            f"Login: user=<{who}>, method=PLAIN, rip=192.0.2.{n + 1}, lip=198.51.100.1, mpid=1, TLS, session=<a{n}>",
            f"Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{who}>, method=PLAIN, rip=192.0.2.{n + 1}, lip=198.51.100.1, TLS, session=<b{n}>",
        )
    ]
    logs.write_text("\n".join(lines) + "\n", "utf-8")
    folder = tmp_path / "store"
    store = SqliteLogStore(folder / "logs.db")
    store.ingest([logs], finished=True)
    from bot.core.observed import LogQuery

    def search(mailbox: str) -> tuple[int, int]:
        start = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
        found = store.search(LogQuery(start, start + timedelta(days=1), mailboxes=(mailbox,)))
        return len(found.lines), sum(s.count for s in found.successes)

    before = search(ANNA)
    assert before[0] >= 1 and before[1] == 1 and search(BERT) == before
    assert store.erase(ANNA.upper(), "erased-0123") == 1
    assert search(ANNA) == (0, 0) and search(BERT) == before
    store.close()
    assert found_in(folder, ANNA) == []
    with sqlite3.connect(folder / "logs.db") as raw:
        import zstandard

        from bot.adapters.logstore.sqlite.packing import sums_in

        kept = "".join(
            zstandard.ZstdDecompressor().decompress(data).decode()
            for (data,) in raw.execute("SELECT data FROM log_block")
        )
        assert ANNA not in kept.lower() and "erased-0123" in kept and BERT in kept
        assert (
            sum(one.logins for (packed,) in raw.execute("SELECT sums FROM log_success") for one in sums_in(packed)) == 2
        )


def test_a_backup_is_whole_and_a_restored_copy_sends_nothing_until_it_is_released(
    office: Office, slack: FakeSlack, triager: Triager, tmp_path: Path
) -> None:
    case = hand_in(office, ANNA)
    with office.store.look() as view:
        card = view.cases.card(f"{case}#1")
    assert card is not None
    dispatch(office.app, click("send", card.id, card.revision, user="U9"))
    copy = tmp_path / "copy" / "triage.db"
    assert backup(f"sqlite:///{tmp_path}/desk.db", copy) > 0 and copy.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="is there already"):
        backup(f"sqlite:///{tmp_path}/desk.db", copy)
    office.work()  # the original sends the reply after the backup
    sent = len(slack.posts())
    url = f"sqlite:///{tmp_path}/new/desk.db"
    assert restore(url, copy, force=False) is None
    with pytest.raises(InputError, match="--force"):
        restore(url, copy, force=False)
    moved = restore(url, copy, force=True)
    assert moved is not None and moved.exists()
    store = DeskStore(Database(url), office.clock)
    courier = Courier(store, {"slack": SlackOutlet(office.edge.calls, store)}, office.clock)
    for _ in range(20):
        assert not courier.carry()
        office.clock.ahead += timedelta(seconds=5)
    assert len(slack.posts()) == sent
    assert not Decisions(store).set_paused("slack:T1:U8", "lead", paused=True).done, (
        "a pause would let through what somebody clicked"
    )
    assert Decisions(store).set_paused("slack:T1:U8", "lead", paused=False).said.startswith("Released")
    for _ in range(40):
        courier.carry()
        office.clock.ahead += timedelta(seconds=5)
    assert len(slack.posts()) == sent, "what the original had sent is found and not sent again"
    with store.look() as view:
        assert view.queues.state_of(f"reply:{card.id}")[0] == "sent"
    store.database.engine.dispose()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 200])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError):
        restore(f"sqlite:///{tmp_path}/desk.db", tmp_path / "file", force=False)
    assert not (tmp_path / "desk.db").exists()


def test_the_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///desk.db")
    monkeypatch.setenv("LOG_STORE_URL", "sqlite:///logs.db")

    assert run("purge")[0] == 0
    assert run("purge", "--requester", "a")[0] == 2 and "mail address" in run("purge", "--requester", "a")[2]
    assert "0 cases emptied" in run("purge", "--requester", ANNA)[1]
    assert run("audit", "--json")[1].count('"action": "erase"') == 1
    assert run("backup", "copy.db")[0] == 0 and run("backup", "copy.db")[0] == 2
    assert run("restore", "copy.db")[0] == 2 and "add --force" in run("restore", "copy.db")[2]
    status, out, _ = run("restore", "copy.db", "--force")
    assert status == 0 and "triage resume" in out
    assert "Released" in run("resume")[1]
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@192.0.2.1/x")
    monkeypatch.setenv("PATH", "")
    status, _, err = run("restore", "copy.db")
    assert status == 2 and "pg_restore: is not installed" in err and "secret" not in err
