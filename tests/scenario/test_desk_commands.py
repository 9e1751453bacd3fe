"""What operators type: the database, modes, roles, the pause, what waits for a human, the doctor; and the processes
behind ``triage run``."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.adapters.helpdesk.vendors import VENDORS
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import head, upgrade
from bot.commands.doctor import REPORT_SCOPE, SCOPES
from bot.core.desk.card import CardContent
from bot.core.desk.names import HELPDESKS, person_named, target_named
from bot.core.desk.values import Card, Inbound, Send
from bot.core.policy.trust import Record
from bot.door import Door
from tests.commands import OURS, Run
from tests.slack.desk import RealClock
from tests.slack.payloads import event, message
from tests.slack.server import FakeSlack

ROOT = Path(__file__).resolve().parents[2]


def store(folder: Path) -> DeskStore:
    return DeskStore(Database(f"sqlite:///{folder}/desk.db"), RealClock())


def test_the_database_is_upgraded_once(run: Run) -> None:
    assert f"was at version none, is now at {head()}" in run("db", "upgrade")[1]
    assert f"is at version {head()}" in run("db", "upgrade")[1]
    status, _, err = run("db", "upgrade", DATABASE_URL="mysql://x")
    assert status == 2 and "DATABASE_URL" in err


def test_leads_settings(run: Run, tmp_path: Path) -> None:
    assert (
        run("mode", "slack/C1", "draft")[:2] == (0, "Mode of slack/C1: draft.\n")
        and run("mode")[1] == "slack/C1\tdraft\n"
    )
    assert run("mode", "slack/C1", "auto")[0] == 2
    assert (
        run("role", "slack:T1:U1", "lead")[0] == 0
        and run("role")[1] == "slack:T1:U1\tlead\n"
        and run("role", "slack:T1:U1", "none")[0] == 2
    )
    assert (
        run("escalate-to", "slack/C9")[0] == 0
        and run("pause")[1].startswith("Paused")
        and run("resume")[1] == "Resumed.\n"
    )
    with store(tmp_path).database.read() as session:
        rows = session.connection().exec_driver_sql('SELECT action, "before", "after" FROM audit ORDER BY id').all()
    assert [tuple(r) for r in rows] == [
        ("mode", "", "draft"),
        ("role", "none", "lead"),
        ("escalate_to", "", "slack/C9"),
        ("pause", "", "on"),
        ("resume", "on", "off"),
    ]


def test_what_leads_set_for_automatic_answers(run: Run, tmp_path: Path) -> None:
    assert (
        run("mode", "zendesk", "auto", "4")[1] == "Mode of zendesk#port-and-tls: auto.\n"
        and run("mode", "zendesk", "auto")[0] == 0
    )
    assert run("mode", "zendesk", "auto", "12")[0] == 2 and run("mode", "zendesk", "off", "4")[0] == 2
    assert run("mode", "C0123ABCD", "note")[1] == "Mode of slack/C0123ABCD: note.\n", "an id as Slack copies it"
    assert run("cards-to", "zendesk", "slack/C1")[0] == 0 and run("abuse-to", "slack/C2")[0] == 0
    with store(tmp_path).look() as view:
        assert view.people.setting("cards:zendesk") == "slack/C1" and view.people.setting("abuse-to") == "slack/C2"
    out = run("doctor")[1]
    assert (
        "answered without a click: zendesk, zendesk#port-and-tls" in out
        and "BAD  OWN_ADDRESSES" in out
        and "AUTHSERV_ID: is not set" in out
        and "BAD  the breaker has nobody" in out
    )
    for name, value in (
        ("AUTO_BAR", "2"),
        ("AUTO_BAR", "much"),
        ("AUTO_PER_MINUTE", "0"),
        ("AUTO_ACKNOWLEDGE", "maybe"),
        ("OWN_ADDRESSES", "support"),
    ):
        status, _, err = run("mode", **{name: value})
        assert status == 2 and name in err and "Traceback" not in err
        run("mode", **{name: ""})


def test_decisions_from_the_command_line(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    content = CardContent(
        "Check 2", cause="mailbox-password", verdict="answer", confidence="likely", draft="Please type it again."
    )
    for name in ("desk:1", "desk:2"):
        Door(store(tmp_path)).accept(
            Inbound("desk", name, name, {"body": "cannot connect"}, "a@kunde.example", RealClock().now(), "desk", name)
        )
        with store(tmp_path).step("test.card") as step:
            step.cases.put_card(Card(name, 1, 1, "open", content, "desk", "desk", name))
    assert (
        run("send", "desk:1")[:2] == (0, "Sent.\n") and run("send", "desk:1")[0] == 2 and run("send", "desk:9")[0] == 2
    )
    assert (
        run("check", "desk:2", "4")[:2] == (0, "The draft is being rewritten.\n")
        and run("check", "desk:2", "40")[0] == 2
    )
    with store(tmp_path).look() as view:
        assert view.queues.state_of("reply:desk:1#1")[0] == "queued" and view.automatic.record(
            "mailbox-password", timedelta(days=90)
        ) == Record(2, 1)


def test_what_waits_for_a_human(run: Run, tmp_path: Path) -> None:
    assert run("deliveries")[1].startswith("waiting: 0 jobs")
    from datetime import timedelta

    with store(tmp_path).step("test.park") as step:
        step.queues.send(Send("reply:1", "slack", "reply", "slack/C1"))
        delivery = step.queues.claim_delivery("slack", timedelta(seconds=9), timedelta(), paused=False)
        assert delivery and step.queues.park(delivery, "nobody knows")
    assert json.loads(run("deliveries", "--json")[1]) == {
        "what": "delivery",
        "key": "reply:1",
        "state": "parked",
        "why": "nobody knows",
    }
    assert run("deliveries", "--replay", "other")[0] == 2 and run("deliveries", "--replay", "reply:1")[0] == 0
    assert "1 deliveries; for a human: 0 parked" in run("deliveries")[1]


def test_the_doctor_says_what_is_wrong_and_what_to_do(run: Run) -> None:
    status, out, _ = run("doctor")
    assert status == 1 and "SLACK_BOT_TOKEN: is not set" in out and "triage role" in out
    with FakeSlack() as slack:
        run("role", "slack:T1:U1", "lead")
        run("mode", "slack/C1", "draft")
        tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": slack.url}
        status, out, _ = run("doctor", **tokens)
        assert status == 0 and "team T1" in out and "BAD" not in out, out
        slack.refuses = {"apps.connections.open": "invalid_auth"}
        status, out, _ = run("doctor", **tokens)
        assert status == 1 and "BAD  SLACK_APP_TOKEN: Slack refuses it (invalid_auth)" in out
        slack.refuses = {"auth.test": "token_revoked"}
        status, out, err = run("doctor", **tokens)
        assert status == 1 and "BAD  Slack: the bot token is refused" in out and "token_revoked" in out and not err
        slack.refuses = {}
        slack.scopes = "chat:write"
        slack.members = set()
        status, out, _ = run("doctor", **tokens)
        assert status == 1 and "missing app_mentions:read" in out and "/invite @triage" in out


def test_the_manifest_asks_for_what_the_doctor_checks_and_no_more() -> None:
    manifest: dict[str, Any] = json.loads((ROOT / "manifest.json").read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == {*SCOPES, REPORT_SCOPE}
    assert (
        manifest["features"]["slash_commands"][0]["command"] == "/triage"
        and manifest["features"]["slash_commands"][0]["should_escape"]
    )
    assert {line.split(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()} == {
        "release",
        "web",
        "slack",
        "worker",
    }


@pytest.mark.parametrize(
    ("arguments", "words"), [(("slack",), "SLACK_APP_TOKEN"), (("slack", "--port", "3999"), "SLACK_SIGNING_SECRET")]
)
def test_without_tokens_there_is_one_line(run: Run, arguments: tuple[str, ...], words: str) -> None:
    status, _, err = run(*arguments, SLACK_BOT_TOKEN="xoxb-1")
    assert status == 2 and words in err and len(err.splitlines()) == 1


def test_triage_run_takes_a_ticket_from_socket_mode_to_its_card_and_replaces_a_dead_worker(tmp_path: Path) -> None:
    with FakeSlack() as slack:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)} | {
            "DATABASE_URL": f"sqlite:///{tmp_path}/desk.db",
            "LOG_STORE_URL": f"sqlite:///{tmp_path}/logs.db",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": slack.url,
            "PYTHONPATH": str(ROOT),
            "WEB_PORT": str(_free_port()),
        }
        upgrade(Database(environment["DATABASE_URL"]))
        with store(tmp_path).step("test.mode") as step:
            step.people.set("mode:slack/C1", "draft")
        with subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                assert _until(lambda: slack.connected >= 1)
                assert slack.push(
                    "events_api", event(message("anna@firm.example: 535 5.7.8 Error: authentication failed")), "one"
                )
                assert _until(lambda: len(slack.posts()) == 1) and "one" in slack.acknowledged
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                assert len(children) == 3, "worker, page, Slack"
                os.kill(int(children[0]), signal.SIGKILL)  # the worker was started first
                assert _until(
                    lambda: (
                        (now := Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
                        != children
                        and len(now) == 3
                    )
                )
                assert (
                    httpx.get(f"http://127.0.0.1:{environment['WEB_PORT']}/queue")
                    .headers["location"]
                    .startswith("/sign-in")
                )
                assert slack.push(
                    "events_api",
                    event(message("bob@firm.example: 535 5.7.8 Error: authentication failed", user="U2")),
                    "two",
                )
                assert _until(lambda: len(slack.posts()) == 2)
            finally:
                process.terminate()
                process.wait(20)
        assert process.returncode == 0


def test_a_port_that_is_taken_is_said_in_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, _, err = run("web", "--port", str(port))
    assert status == 2 and f"port {port}" in err and "--port" in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WEB_PORT", "x", "is no port"),
        ("WEB_URL", "triage.example.com", "https://"),
        ("WEB_TOKEN", "short", "20 characters"),
        ("WEB_PROXIES", "10.0.0.300", "is no address"),
        ("WEB_PROXY_HEADER", "X-User", "set both or none"),
        ("SLACK_CLIENT_ID", "1.2", "set both or none"),
    ],
)
def test_a_setting_of_the_page_that_makes_no_sense_is_named(run: Run, name: str, value: str, words: str) -> None:
    status, _, err = run("web", **{name: value})
    assert status == 2 and name in err and words in err and len(err.splitlines()) == 1


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _until(condition: Callable[[], bool], seconds: float = 90.0) -> bool:
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize(
    "words",
    [
        ("mode", "zendsk", "auto"),
        ("mode", "slack/#support", "draft"),
        ("mode", "slack/c0123abcd", "draft"),
        ("role", "U0123ABCD", "lead"),
        ("role", "slack:U0123ABCD", "agent"),
        ("role", "kim", "agent"),
        ("escalate-to", "#support"),
        ("escalate-to", "slack"),
        ("escalate-to", "zendesk/1"),
        ("abuse-to", "foo"),
        ("cards-to", "zendsk", "slack/C1"),
        ("cards-to", "zendesk", "support"),
    ],
)
def test_a_name_that_nothing_bears_is_refused(run: Run, words: tuple[str, ...]) -> None:
    """What is set for it would be without effect, and nobody would be told."""
    status, out, err = run(*words)
    assert (status, out, err.count("\n")) == (2, "", 1) and "write " in err


def test_every_helpdesk_has_a_name_that_modes_are_set_for() -> None:
    assert set(HELPDESKS) == set(VENDORS)
    assert [person_named(name) for name in ("slack:T1:U1", "proxy:kim", "zendesk:9001", "web:token")] and target_named(
        "mailbox/a@b.example"
    )


@pytest.mark.parametrize("words", [("pause",), ("run",), ("web", "--port", "18099"), ("restore", "BACKUP")])
def test_a_place_where_no_database_can_be_is_one_line(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """As in a folder that only another user may write; root may write everywhere, so here a file is in the way."""
    run("backup", str(tmp_path / "BACKUP"))
    (tmp_path / "file").write_text("x", "utf-8")
    status, out, err = run(
        *(str(tmp_path / w) if w == "BACKUP" else w for w in words),
        DATABASE_URL=f"sqlite:///{tmp_path}/file/var/triage.db",
    )
    assert (status, out, err.count("\n")) == (2, "", 1) and "choose another" in err
