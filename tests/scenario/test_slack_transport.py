"""The ways in and out: signed HTTP, Socket Mode, and sends whose connection breaks, that are limited, refused, or
cannot be found again."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from bot.adapters.slack.app import http_app, socket_mode, stay_connected
from bot.adapters.slack.client import web_client
from bot.core.desk.values import Send
from bot.triage import Triager
from tests.slack.desk import Office, open_office
from tests.slack.payloads import SECRET, click, command, dispatch, event, message, signed, wire
from tests.slack.server import FakeSlack

TICKET = "anna@firm.example cannot log in. Thunderbird says: 535 5.7.8 Error: authentication failed"


def cases(office: Office) -> int:
    with office.store.look() as view:
        return view.queues.backlog()["jobs"]


# -- signed HTTP ------------------------------------------------------------------------------------------------------


def test_signed_requests_only(office: Office) -> None:
    client = TestClient(http_app(office.app, SECRET, lambda: True), raise_server_exceptions=False)
    body, kind = wire(event(message(TICKET)))
    now = time.time()
    tampered = [
        (body + " ", signed(body, kind)),
        (body.replace("anna", "anne"), signed(body, kind)),
        (body, {**signed(body, kind), "x-slack-signature": "v0=" + "0" * 64}),
        (body, signed(body, kind, at=now - 310)),
        (body, signed(body, kind, at=now + 310)),
        (body, signed(body, kind, stamp="abc")),
        (body, signed(body, kind, stamp="")),
        (body, signed(body, kind, stamp="-5")),
        (body, signed(body, kind, stamp="9" * 40)),
        (body, {"content-type": kind}),
    ]
    for sent, headers in tampered:
        assert client.post("/slack/events", content=sent, headers=headers).status_code == 401
    assert cases(office) == 0
    for _ in range(3):  # replayed inside the window
        assert client.post("/slack/events", content=body, headers=signed(body, kind, at=now - 200)).status_code == 200
    assert cases(office) == 1


def test_every_byte_of_the_body_is_signed(office: Office) -> None:
    client = TestClient(http_app(office.app, SECRET, lambda: True))
    body, kind = wire(event(message("x")))
    headers = signed(body, kind)
    for place in range(len(body)):
        other = body[:place] + ("a" if body[place] != "a" else "b") + body[place + 1 :]
        assert client.post("/slack/events", content=other, headers=headers).status_code == 401
    assert client.post("/slack/events", content="{", headers=signed("{", kind)).status_code == 400
    assert cases(office) == 0


def test_slacks_challenge_health_and_odd_requests(office: Office) -> None:
    client = TestClient(http_app(office.app, SECRET, lambda: False))
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"})
    assert "abc" in client.post("/slack/events", content=body, headers=signed(body, "application/json")).text
    assert client.get("/healthz").status_code == 200 and client.get("/readyz").status_code == 503
    assert (
        client.post("/slack/events", content=b"x" * 1_000_001).status_code == 413
        and client.get("/slack/events").status_code == 405
    )


def test_a_slow_listener_holds_up_nobody(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bolt's dispatch is synchronous; it must not run in the event loop."""
    import uvicorn

    entered, release = threading.Event(), threading.Event()
    door = type(office.edge.door)
    accept = door.accept

    def slow(self: Any, *arguments: Any) -> Any:
        entered.set()
        assert release.wait(30)
        return accept(self, *arguments)

    monkeypatch.setattr(door, "accept", slow)
    server = uvicorn.Server(uvicorn.Config(http_app(office.app, SECRET, lambda: True), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    body, kind = wire(event(message(TICKET)))
    answer: list[int] = []
    waiting = threading.Thread(
        target=lambda: answer.append(
            httpx.post(url + "/slack/events", content=body, headers=signed(body, kind), timeout=60).status_code
        )
    )
    waiting.start()
    assert entered.wait(30)
    assert httpx.get(url + "/healthz", timeout=20).status_code == 200 and not answer
    release.set()
    waiting.join(30)
    server.should_exit = True
    thread.join(10)
    assert answer == [200]


# -- Socket Mode -----------------------------------------------------------------------------------------------------


def until(condition: Any, seconds: float = 30.0) -> bool:
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        time.sleep(0.02)
    return bool(condition())


def test_socket_mode_acknowledges_after_the_commit_and_not_before(
    office: Office, slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.adapters.store.desk import DeskStore
    from bot.errors import StoreBusy

    handler = socket_mode(office.app, "xapp-test")
    handler.connect()  # type: ignore[no-untyped-call]
    try:
        assert until(lambda: slack.connected == 1)
        body = event(message(TICKET))

        def busy(*_: object) -> None:
            raise StoreBusy("held")

        with monkeypatch.context() as patch:
            patch.setattr(DeskStore, "step", busy)
            assert slack.push("events_api", body, "refused")
            time.sleep(0.5)
        assert "refused" not in slack.acknowledged and cases(office) == 0
        assert slack.push("events_api", body, "again") and until(lambda: "again" in slack.acknowledged)
        assert cases(office) == 1
        assert slack.push("slash_commands", command("help"), "command") and until(
            lambda: "command" in slack.acknowledged
        )
        assert "/triage explain" in json.dumps(slack.acknowledged["command"])
    finally:
        handler.close()  # type: ignore[no-untyped-call]


def test_a_refused_token_is_said_once_and_asked_for_again(
    office: Office, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    """Beside Slack this process serves nothing that may end with it, and a token is renewed while it runs."""
    slack.refuses["apps.connections.open"] = "invalid_auth"
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            slack.refuses.clear()

    handler = socket_mode(office.app, "xapp-test")
    try:
        stay_connected(handler, wait)
        assert waits == [30.0] * 3 and until(lambda: slack.connected == 1)
        said = [r.getMessage() for r in caplog.records if r.name.startswith("bot.")]
        assert len(said) == 1 and "invalid_auth" in said[0] and "SLACK_APP_TOKEN" in said[0]
    finally:
        handler.close()  # type: ignore[no-untyped-call]


# -- sending ---------------------------------------------------------------------------------------------------------


def test_the_library_repeats_nothing_by_itself() -> None:
    assert web_client("xoxb-test", "https://slack.example/api/").retry_handlers == []


@pytest.mark.parametrize("keep_metadata", [True, False])
def test_a_connection_that_breaks_after_the_message_was_taken(
    tmp_path: Path, triager: Triager, keep_metadata: bool
) -> None:
    """The key is found again in the metadata, or in the first block's id where a server drops metadata."""
    with FakeSlack(drop_after=0.5, seed=3, keep_metadata=keep_metadata) as slack:
        office = open_office(f"sqlite:///{tmp_path}/desk.db", slack, triager)
        with office.store.step("test.sends") as step:
            for number in range(30):
                step.queues.send(
                    Send(f"notice:{number}", "slack", "notice", f"slack/C{number % 2 + 1}", {"text": f"n{number}"})
                )
        office.clock.ahead += timedelta(seconds=1)
        office.work(2000)
        texts = sorted(p["text"] for p in slack.posts())
        assert texts == sorted(f"n{n}" for n in range(30)) and not slack.doubled()
        assert len(slack.called("conversations.history")) >= 7


def test_a_limit_is_honoured_and_nothing_is_lost(tmp_path: Path, triager: Triager) -> None:
    """Real time: one message a second, 429s at random; no call comes inside a Retry-After."""
    with FakeSlack(per_second=True, limited=0.2, seed=5) as slack:
        office = open_office(f"sqlite:///{tmp_path}/desk.db", slack, triager)
        with office.store.step("test.sends") as step:
            for number in range(5):
                step.queues.send(
                    Send(f"notice:{number}", "slack", "notice", "slack/C1", {"text": f"n{number}"}, priority=8)
                )
            step.queues.send(Send("notice:urgent", "slack", "notice", "slack/C1", {"text": "urgent"}, priority=1))
        ends = time.monotonic() + 60
        while len(slack.posts()) < 6 and time.monotonic() < ends:
            office.worker.turn()
            time.sleep(0.02)
        assert (
            slack.posts()[0]["text"] == "urgent"
            and len(slack.posts()) == 6
            and not slack.doubled()
            and slack.early == 0
        )


def test_what_slack_refuses_and_what_nobody_can_find_out_is_parked(office: Office, slack: FakeSlack) -> None:
    with office.store.step("test.sends") as step:
        step.queues.send(Send("notice:gone", "slack", "notice", "slack/C404", {"text": "x"}))
    office.work()
    slack.drop_after = 1.0
    slack.members.discard("C404")
    original = slack._history

    def broken(arguments: dict[str, Any]) -> dict[str, Any]:
        from tests.slack.server import Refused

        raise Refused("internal_error")

    slack._history = broken  # type: ignore[method-assign]
    with office.store.step("test.sends") as step:
        step.queues.send(Send("notice:dropped", "slack", "notice", "slack/C1", {"text": "y"}))
    for _ in range(20):
        office.clock.ahead += timedelta(seconds=40)
        office.work(3)
    with office.store.look() as view:
        parked = {key: why for _, key, _, why in view.queues.troubled()}
    assert set(parked) == {"notice:gone", "notice:dropped"} and "channel_not_found" in parked["notice:gone"]
    assert len([p for p in slack.posts() if p["text"] == "y"]) == 1, "never sent blindly"
    slack._history, slack.drop_after = original, 0.0  # type: ignore[method-assign]


def test_a_reply_that_was_parked_shows_on_its_card(office: Office, slack: FakeSlack) -> None:
    inner = message(TICKET)
    dispatch(office.app, event(inner))
    office.work()
    slack.members.discard("C1")
    dispatch(office.app, click("send", f"slack:T1:C1:{inner['ts']}#1", 1))
    office.work()
    assert "not sent" in json.dumps(slack.posts()[0]["blocks"])


def test_an_outage_of_ten_thousand_tickets_in_small(office: Office, slack: FakeSlack) -> None:
    """Many tickets of one error within minutes: each is kept, few posts, all listed. ``make soak`` runs the large
    form."""
    count = 40
    stamps = []
    for number in range(count):
        inner = message(
            f"user{number}@firm.example: Thunderbird says 535 5.7.8 Error: authentication failed",
            user=f"U{100 + number}",
        )
        stamps.append(inner["ts"])
        assert dispatch(office.app, event(inner)).status == 200
    office.work(3000)
    office.clock.ahead += timedelta(seconds=31)
    office.work(500)
    with office.store.look() as view:
        assert len(view.views.queue(limit=500)) == count and view.queues.backlog()["jobs"] == 0
    posts = slack.posts()
    listed = " ".join(p["text"] for p in posts)
    carded = {p["thread_ts"] for p in posts if p.get("thread_ts") in stamps}
    assert len(posts) <= 20 and all(ts in carded or ts.replace(".", "") in listed for ts in stamps)
    head = next(p for p in posts if "tickets since" in p["text"] and not p.get("thread_ts"))
    assert f"{count} tickets" in head["text"]
