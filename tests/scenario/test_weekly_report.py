"""Reports from stored tickets and logs, as the command writes them and as they reach Slack: once."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.chart.vega import png_of
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.slack.client import SlackCalls, web_client
from bot.adapters.slack.outlet import SlackOutlet
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.reports import StoredReports
from bot.adapters.store.tables import DeliveryRow
from bot.chores import Chore, workers_of
from bot.cli import main
from bot.core.report.weeks import week_named
from bot.deliver import Courier
from bot.handle import Handler
from bot.reporting import Reporter, ReportPost
from bot.triage import Triager
from bot.work import Worker
from knowledge import load
from tests.databases import new_database
from tests.report.year import generate
from tests.slack.server import FakeSlack

ROOT = Path(__file__).resolve().parents[2]
KNOWLEDGE = load(None)
SCHEMA = json.loads((ROOT / "docs" / "schema" / "report.json").read_text("utf-8"))
LOG = """\
2026-11-16T08:00:01+00:00 imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=1, TLS, session=<a>
2026-11-16T08:00:02+00:00 imap1 dovecot: imap-login: Login: user=<bob@firm.example>, method=PLAIN, rip=192.0.2.8, lip=198.51.100.2, mpid=1, TLS, session=<b>
2026-11-17T09:00:01+00:00 imap1 dovecot: auth: passwd-file(anna@firm.example,192.0.2.7,<c>): Password mismatch
2026-11-17T09:10:01+00:00 imap1 dovecot: auth: passwd-file(bob@firm.example,192.0.2.8,<d>): Password mismatch
2026-11-17T09:20:01+00:00 imap1 dovecot: auth: passwd-file(info@firm.example,203.0.113.66,<e>): Password mismatch
"""
TICKET = {
    "id": "t1",
    "body": "My mailbox anna@firm.example, Thunderbird 128: 535 5.7.8 Error: authentication failed",
    "received_at": "2026-11-17T10:00:00Z",
}
STRANGE = {
    "id": "t2",
    "body": 'My mailbox zoe@firm.example shows the error: "Gizmo subsystem refused the frobnication 0x9 of bob@other.example"',
    "received_at": "2026-11-18T10:00:00Z",
}


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, bytes, bytes]]:
    """The command in an empty folder; (status, output, errors)."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "LOG_STORE_URL", "KNOWLEDGE_DIR", "REPORT_TO", "REPORT_AT", "LOG_ZONE", "REPORT_ZONE"):
        monkeypatch.delenv(name, raising=False)

    def command(*arguments: str, **environment: str) -> tuple[int, bytes, bytes]:
        with monkeypatch.context() as patched:
            patched.setattr("bot.commands.report.knowledge_of", lambda _settings: KNOWLEDGE)
            for name, value in environment.items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main(list(arguments))
        out, err = capfdbinary.readouterr()
        return int(left.value.code or 0), out, err

    return command


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log and two tickets in its databases."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "mail.log").write_text(LOG, "utf-8")
    (folder / "tickets.jsonl").write_text("\n".join(json.dumps(t) for t in (TICKET, STRANGE)), "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for command in (["logs", "ingest", "mail.log"], ["ticket", "--save", "tickets.jsonl"]):
            with pytest.raises(SystemExit) as left:
                main(command)
            assert not left.value.code
    return folder


@pytest.fixture
def kept(
    run: Callable[..., tuple[int, bytes, bytes]], tmp_path: Path, stored: Path
) -> Callable[..., tuple[int, bytes, bytes]]:
    """With a log and two tickets in the database."""
    shutil.copytree(stored / "var", tmp_path / "var")
    return run


def test_tickets_and_logs_become_a_report(kept: Callable[..., tuple[int, bytes, bytes]]) -> None:
    status, out, _ = kept("report", "--week", "2026-W47", "--format", "json")
    report = json.loads(out)
    assert status == 0 and not list(Draft202012Validator(SCHEMA).iter_errors(report))
    assert report["tickets"] == 2 and report["funnel"][0] == ["received", 2]
    causes = {c["cause"]: c for c in report["causes"]}
    assert causes["mailbox-password"]["silent"] == 1, (
        "bob fails from his own address and wrote nothing; anna wrote; info's stranger is nobody's"
    )
    assert causes["mailbox-password"]["unproven"] == 1
    assert report["mailboxes"] == 2 and report["mailboxes_of"] == "mailboxes that logged in"
    assert [h["host"] for h in report["hosts"]] == ["imap1"]
    unknown = report["unknown"]
    assert len(unknown) == 1 and "frobnication" in unknown[0]["text"] and "other.example" not in json.dumps(unknown)


def test_nobody_is_named_in_any_form(kept: Callable[..., tuple[int, bytes, bytes]], tmp_path: Path) -> None:
    for form in ("text", "json", "html", "csv", "svg"):
        _, out, _ = kept("report", "--week", "2026-W47", "--format", form)
        assert out and not [
            secret for secret in (b"anna", b"bob@", b"192.0.2.7", b"203.0.113.66", b"zoe") if secret in out
        ], form
    status, _, _ = kept("report", "--week", "2026-W47", "--format", "png", "--out", str(tmp_path / "r.png"))
    assert status == 0 and (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_page_is_whole_in_itself(kept: Callable[..., tuple[int, bytes, bytes]]) -> None:
    page = kept("report", "--week", "2026-W47", "--format", "html")[1].decode()
    for outside in ('src="http', "src='http", "<link", "<script", "@import", "url(http"):
        assert outside not in page
    assert "<svg" in page and "Content-Security-Policy" in page


def test_a_fix_is_noted_and_judged(kept: Callable[..., tuple[int, bytes, bytes]]) -> None:
    assert kept("fix", "mailbox-password", "--owner", "Ada", "--since", "2026-11-17")[0] == 0
    report = json.loads(kept("report", "--week", "2026-W47", "--format", "json")[1])
    assert [(f["cause"], f["owner"], f["since"]) for f in report["fixes"]] == [
        ("mailbox-password", "Ada", "2026-11-17")
    ]
    assert kept("fix", "nonsense", "--owner", "Ada")[0] == 2


def test_filters_count_their_own_only(kept: Callable[..., tuple[int, bytes, bytes]]) -> None:
    def tickets(*more: str) -> int:
        return int(json.loads(kept("report", "--week", "2026-W47", "--format", "json", *more)[1])["tickets"])

    assert (tickets("--domain", "firm.example"), tickets("--domain", "x.example"), tickets("--plan", "pro")) == (
        2,
        0,
        0,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--week", "2026-W60"), b"2026-W47"),
        (("--from", "2026-11-16"), b"--to"),
        (("--week", "2026-W47", "--from", "2026-11-16"), b"--week"),
        (("--plan", "gold"), b"--plan gold"),
        (("--post",), b"REPORT_TO"),
        (("--post", "--domain", "x.example"), b"--post"),
        (("--out", "no/such/dir/x"), b"--out"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    run: Callable[..., tuple[int, bytes, bytes]], arguments: tuple[str, ...], says: bytes
) -> None:
    status, _, err = run("report", *arguments)
    assert status == 2 and says in err and err.count(b"\n") == 1 and b"Traceback" not in err


@pytest.mark.parametrize(
    ("name", "value"),
    [("REPORT_AT", "Monday"), ("REPORT_AT", "Mon 25:00"), ("REPORT_TO", "C1"), ("REPORT_ZONE", "Mars/Base")],
)
def test_settings_that_make_no_sense_are_named(
    run: Callable[..., tuple[int, bytes, bytes]], name: str, value: str
) -> None:
    status, _, err = run("report", **{name: value})
    assert status == 2 and err.startswith(f"triage: {name}".encode()) and err.count(b"\n") == 1


def test_a_database_of_before_gets_its_facts(kept: Callable[..., tuple[int, bytes, bytes]], tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/var/triage.db")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ticket_fact")
        connection.exec_driver_sql("DELETE FROM setting WHERE name = 'report:filled'")
    database.engine.dispose()
    assert json.loads(kept("report", "--week", "2026-W47", "--format", "json")[1])["tickets"] == 2


# -- Slack -----------------------------------------------------------------------------------------------------------


class Clock:
    """A clock that the test moves."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def office(tmp_path: Path, slack: FakeSlack, moment: datetime) -> tuple[DeskStore, Reporter, Worker, Clock]:
    clock = Clock(moment)
    database = new_database(f"sqlite:///{tmp_path}/desk.db")
    generate(database, KNOWLEDGE, days=10, a_day=4)
    desk = DeskStore(database, clock)
    reporter = Reporter(StoredReports(database), EmptyLogStore(), None, KNOWLEDGE, ZoneInfo("UTC"), clock)
    post = ReportPost(desk, reporter, png_of, ("slack/C1", "slack/C2"))
    chores = workers_of(desk, [Chore("report", timedelta(minutes=5), lambda now: post.by_the_clock((0, 8, 0), now))])
    triager = Triager(KNOWLEDGE, EmptyLogStore(), EmptyAccountDirectory(), clock)
    outlet = SlackOutlet(SlackCalls(web_client("xoxb-test", slack.url)), desk)
    return (
        desk,
        reporter,
        Worker(desk, Handler(desk, triager, clock, jobs=chores), Courier(desk, {"slack": outlet}, clock)),
        clock,
    )


def pass_time(worker: Worker, clock: Clock, minutes: int) -> None:
    until = clock.moment + timedelta(minutes=minutes)
    while clock.moment < until:
        if not worker.turn():
            clock.moment += timedelta(seconds=15)


@pytest.mark.parametrize("drop", [0.0, 0.4])
def test_the_worker_posts_once_a_week_whatever_happens(tmp_path: Path, drop: float) -> None:
    with FakeSlack(seed=3, drop_after=drop) as slack:
        _, _, worker, clock = office(tmp_path, slack, datetime(2024, 1, 8, 7, 50, tzinfo=UTC))
        pass_time(worker, clock, 5)
        assert not slack.posts(), "not before its time"
        pass_time(worker, clock, 45)
        for place in ("C1", "C2"):
            page, picture = slack.posts(place)
            assert "2024-W01" in page["text"] and picture["thread_ts"] == page["ts"] and len(picture["files"]) == 1
        assert all(base64.b64encode(f["data"]).startswith(b"iVBOR") for f in slack.files.values())


def test_posting_by_hand_twice_is_once(tmp_path: Path) -> None:
    with FakeSlack() as slack:
        desk, reporter, worker, clock = office(tmp_path, slack, datetime(2024, 1, 10, 12, tzinfo=UTC))
        post = ReportPost(desk, reporter, png_of, ("slack/C1",))
        report = reporter.report(week_named("2024-W01", reporter.zone))
        assert post.post(report) == ["slack/C1"] and post.post(report) == []
        pass_time(worker, clock, 2)
        assert len(slack.posts("C1")) == 2 and not slack.posts("C2"), "two days late nothing is posted by itself"


def test_two_workers_at_the_same_moment_post_once(tmp_path: Path) -> None:
    with FakeSlack() as slack:
        _, reporter, worker, clock = office(tmp_path, slack, datetime(2024, 1, 8, 8, 1, tzinfo=UTC))
        posts = [
            ReportPost(
                DeskStore(Database(f"sqlite:///{tmp_path}/desk.db"), clock),
                reporter,
                lambda _chart: b"\x89PNG",
                ("slack/C1", "slack/C2"),
            )
            for _ in range(4)
        ]
        with ThreadPoolExecutor(4) as together:
            list(together.map(lambda post: post.by_the_clock((0, 8, 0), clock.now()), posts))
        pass_time(worker, clock, 3)
        assert [len(slack.posts(place)) for place in ("C1", "C2")] == [2, 2], "a page and its picture"
        for post in posts:
            post.desk.database.engine.dispose()  # type: ignore[attr-defined]


def test_answers_that_a_login_followed_stay_verified(
    kept: Callable[..., tuple[int, bytes, bytes]], tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path}/var/triage.db")
    after = (
        LOG
        + "2026-11-17T12:00:01+00:00 imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=1, TLS, session=<z>\n"
        + "2026-11-21T12:00:01+00:00 imap1 dovecot: imap-login: Login: user=<bob@firm.example>, method=PLAIN, rip=192.0.2.8, lip=198.51.100.2, mpid=1, TLS, session=<y>\n"
    )
    (tmp_path / "mail.log").write_text(after, "utf-8")
    assert kept("logs", "ingest", "mail.log")[0] == 0
    with database.write("test.sent") as session:
        at = datetime(2026, 11, 17, 11, tzinfo=UTC)
        for ticket in ("t1", "t2"):
            session.add(
                DeliveryRow(
                    key=f"reply:{ticket}#1",
                    outlet="mail",
                    kind="reply",
                    place="x",
                    payload="{}",
                    ticket_id=ticket,
                    state="sent",
                    not_before=at,
                    created_at=at,
                    sent_at=at + timedelta(days=int(ticket == "t2")),
                )
            )

    def solved() -> tuple[int, int]:
        report = json.loads(kept("report", "--week", "2026-W47", "--format", "json")[1])
        return report["verified"], report["silent"]

    assert solved() == (1, 1) == solved(), "zoe has not logged in"
    outcomes = json.loads(kept("learn", "--json")[1])["outcomes"]
    assert outcomes["labels"] == 0 or outcomes["bins"][0]["right"] == 1.0
    (tmp_path / "var" / "logs.db").unlink()
    assert solved()[0] == 1, "the logs are gone, what they said is kept"
    assert kept("report", "--recount", "--week", "2026-W47")[0] == 0 and solved()[0] == 0
    database.engine.dispose()


def test_an_upload_goes_to_slacks_own_servers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.adapters.slack.pictures import upload_picture
    from bot.errors import SendRefused

    with FakeSlack() as slack:
        calls = SlackCalls(web_client("xoxb-test", slack.url))
        monkeypatch.setattr(calls, "call", lambda method, **_: {"upload_url": "http://192.0.2.1/x", "file_id": "F1"})
        with pytest.raises(SendRefused):
            upload_picture(calls, {"png": "", "name": "x", "title": "x"}, "C1", "1.0", "0" * 32)
