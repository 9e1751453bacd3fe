"""The page by its test client: who gets in, what each view says, decisions once, and nothing foreign that a browser
would take for markup."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.adapters.store.desk import DeskStore
from bot.adapters.web.page.app import page_app
from bot.adapters.web.page.outlet import PageOutlet
from bot.adapters.web.page.people import TRIES, Slack, Ways
from bot.adapters.web.page.playground import inbound_of, pasted
from bot.adapters.web.page.site import Site
from bot.core.desk.incidents import IncidentDecision
from bot.core.desk.values import Send
from bot.core.incident import Burst
from bot.core.probe import Standing
from bot.decide import Decisions
from bot.decide_incident import IncidentDecisions
from bot.deliver import Courier
from bot.door import Door
from bot.errors import InputError
from bot.handle import Handler
from bot.triage import Triager
from bot.work import Worker
from knowledge import Knowledge
from tests.databases import new_database
from tests.slack.desk import RealClock
from tests.slack.server import FakeSlack

TOKEN = "t" * 40
TICKET = 'Thunderbird 128 says "535 5.7.8 Error: authentication failed". My mailbox is anna@firm.example, the login is anna. Webmail works.'
HOSTILE = 'anna@firm.example <script>alert(1)</script> "535 5.7.8 Error: authentication failed" {{ 7 * 7 }} \u202e {% raw %} </textarea><img src=x onerror=alert(2)>'
VIEWS = (
    "/playground",
    "/queue",
    "/queue?show=decided",
    "/tickets",
    "/knowledge",
    "/knowledge/cause?id=imap-connection-limit",
    "/knowledge/cause?id=quota_full",
    "/knowledge/error?id=auth-failed",
    "/logs",
    "/report",
    "/incidents",
    "/health",
    "/audit",
)


@dataclass
class Page:
    """The page on a database of its own, and a browser that has the machine's token."""

    store: DeskStore
    site: Site
    clock: RealClock
    worker: Worker

    def browser(self, *, site: Site | None = None, signed_in: bool = True, **options: Any) -> TestClient:
        client = TestClient(page_app(site or self.site), follow_redirects=False, **options)
        if signed_in:
            assert client.get(f"/sign-in?token={TOKEN}").status_code == 303
        return client

    def as_person(self, person: str, role: str) -> TestClient:
        """A browser whose proxy says who it is."""
        with self.store.step("test.role") as step:
            step.people.set_role(person, role)
        site = replace(
            self.site,
            ways=replace(self.site.ways, token=None, proxy_header="X-User", proxies=(ip_network("192.0.2.0/24"),)),
        )
        return TestClient(
            page_app(site),
            follow_redirects=False,
            client=("192.0.2.1", 4000),
            headers={"X-User": person.removeprefix("proxy:")},
        )

    def work(self) -> None:
        for _ in range(100):
            if not self.worker.turn():
                return


@pytest.fixture
def page(tmp_path: Path, triager: Triager) -> Iterator[Page]:
    clock = RealClock()
    database = new_database(f"sqlite:///{tmp_path}/desk.db")
    store = DeskStore(database, clock)

    def role(person: str) -> str:
        with store.look() as view:
            return view.people.role(person)

    site = Site(store, Door(store), Decisions(store), triager, triager.logs, Ways(store, role, TOKEN))
    yield Page(
        store, site, clock, Worker(store, Handler(store, triager, clock), Courier(store, {"page": PageOutlet()}, clock))
    )
    database.engine.dispose()


def form_token(client: TestClient, path: str = "/playground") -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def queued(page: Page, client: TestClient, text: str = TICKET) -> str:
    """A ticket put in the queue and read; its case."""
    answer = client.post("/playground/keep", data={"form_token": form_token(client), "text": text})
    assert answer.status_code == 303, answer.text
    page.work()
    return unescape(answer.headers["location"].removeprefix("/ticket?case=")).replace("%3A", ":")


def decide(client: TestClient, case: str, action: str, **fields: str) -> Any:
    body = client.get("/ticket", params={"case": case}).text
    revision = re.search(r'name="revision" value="(\d+)"', body)
    return client.post(
        "/ticket",
        data={
            "form_token": form_token(client),
            "card": f"{case}#1",
            "revision": revision[1] if revision else "1",
            "action": action,
            **fields,
        },
    )


# -- who gets in -----------------------------------------------------------------------------------------------


def test_nobody_sees_anything_before_signing_in(page: Page) -> None:
    client = page.browser(signed_in=False)
    for path in VIEWS:
        answer = client.get(path)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next=%2F"), path


def test_the_token_lets_in_and_leads_on_to_pages_of_ours_only(page: Page) -> None:
    client = page.browser(signed_in=False)
    assert client.get("/sign-in?token=wrong").status_code == 403
    for onward, expected in (
        ("/queue", "/queue"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
    ):
        fresh = page.browser(signed_in=False)
        answer = fresh.post("/sign-in", data={"token": TOKEN, "next": onward})
        assert (answer.status_code, answer.headers["location"]) == (303, expected)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    secure = (
        TestClient(page_app(page.site), base_url="https://desk.example", follow_redirects=False)
        .get(f"/sign-in?token={TOKEN}")
        .headers["set-cookie"]
    )
    assert (
        secure.startswith("__Host-triage=")
        and "secure" in secure.lower()
        and "path=/" in secure.lower()
        and "domain" not in secure.lower()
    )


def test_after_ten_wrong_tokens_none_is_looked_at(page: Page) -> None:
    client = page.browser(signed_in=False)
    assert [client.post("/sign-in", data={"token": "no"}).status_code for _ in range(TRIES)] == [403] * TRIES
    assert client.post("/sign-in", data={"token": TOKEN}).status_code == 429


def test_signing_out_ends_the_session_wherever_its_cookie_is(page: Page) -> None:
    client = page.browser()
    stolen = dict(client.cookies)
    assert (
        client.post("/sign-out", data={"form_token": "wrong"}).status_code == 303
        and client.get("/queue").status_code == 200
    )
    client.post("/sign-out", data={"form_token": form_token(client)})
    thief = page.browser(signed_in=False, cookies=stolen)
    assert thief.get("/queue").status_code == 303


def test_a_session_runs_out(page: Page) -> None:
    client = page.browser()
    page.clock.ahead += timedelta(hours=13)
    assert client.get("/queue").status_code == 303


def test_a_proxy_is_believed_from_its_own_address_only(page: Page) -> None:
    agent = page.as_person("proxy:kim", "agent")
    assert "Signed in as kim" in agent.get("/queue").text
    assert agent.get("/audit").status_code == 403
    for client in (
        TestClient(agent.app, client=("198.51.100.7", 1), headers={"X-User": "kim"}, follow_redirects=False),
        TestClient(agent.app, client=("192.0.2.1", 1), follow_redirects=False),
    ):
        assert client.get("/queue").status_code == 303
    twice = TestClient(agent.app, client=("192.0.2.1", 1), follow_redirects=False)
    assert twice.get("/queue", headers=[("X-User", "kim"), ("X-User", "root")]).status_code == 303
    # another name on the same cookie is another person
    assert "Signed in as lee" not in agent.get("/queue").text
    assert agent.get("/queue", headers={"X-User": "lee"}).status_code == 403


def test_a_role_taken_away_is_gone_with_the_next_request(page: Page) -> None:
    agent = page.as_person("proxy:kim", "agent")
    assert agent.get("/queue").status_code == 200
    page.as_person("proxy:kim", "none")
    assert agent.get("/queue").status_code == 403


def id_token(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


@pytest.mark.parametrize("wrong", ["", "state", "nonce", "aud", "team", "cookie", "refused"])
def test_signing_in_with_slack(page: Page, wrong: str) -> None:
    with FakeSlack() as fake:
        slack = Slack("123.456", "secret", "T1", fake.url.removesuffix("api/"))
        site = replace(page.site, ways=replace(page.site.ways, token=None, slack=slack, url="https://desk.example"))
        client = TestClient(page_app(site), base_url="https://desk.example", follow_redirects=False)
        with page.store.step("test.role") as step:
            step.people.set_role("slack:T1:U9", "agent")
        asked = client.get("/sign-in/slack").headers["location"]
        query = dict(part.split("=", 1) for part in asked.partition("?")[2].split("&"))
        assert (
            asked.startswith(slack.base + "openid/connect/authorize?")
            and query["redirect_uri"] == "https%3A%2F%2Fdesk.example%2Fsign-in%2Fslack%2Fback"
        )
        claims = {
            "aud": "x" if wrong == "aud" else "123.456",
            "nonce": "x" if wrong == "nonce" else query["nonce"],
            "https://slack.com/team_id": "T2" if wrong == "team" else "T1",
            "https://slack.com/user_id": "U9",
        }
        fake.openid = "" if wrong == "refused" else id_token(**claims)
        if wrong == "cookie":
            client.cookies.clear()
        back = client.get(
            "/sign-in/slack/back", params={"code": "c", "state": "x" if wrong == "state" else query["state"]}
        )
        if wrong:
            assert back.status_code == 403 and client.get("/queue").status_code == 303
        else:
            assert back.status_code == 303 and "Signed in as U9 (Slack) · agent" in client.get("/queue").text
            assert (
                client.get("/sign-in/slack/back", params={"code": "c", "state": query["state"]}).status_code == 403
            ), "a question is answered once"


# -- forms ---------------------------------------------------------------------------------------------------------


def test_a_form_without_the_sessions_token_changes_nothing(page: Page) -> None:
    client = page.browser()
    token = form_token(client)
    for data, headers in (
        ({"text": TICKET}, {}),
        ({"text": TICKET, "form_token": "x"}, {}),
        ({"text": TICKET, "form_token": token}, {"origin": "https://evil.example"}),
        ({"text": TICKET, "form_token": token}, {"origin": "null"}),
    ):
        assert client.post("/playground/keep", data=data, headers=headers).status_code == 403
    assert client.post("/playground/keep", json={"text": TICKET, "form_token": token}).status_code == 403
    other = page.browser()
    assert client.post("/playground/keep", data={"text": TICKET, "form_token": form_token(other)}).status_code == 403, (
        "another session's token"
    )
    with page.store.look() as view:
        assert not view.views.tickets()
        assert view.views.last_accepted() is None


def test_a_form_that_is_too_large_is_turned_away(page: Page) -> None:
    client = page.browser()
    assert (
        client.post("/playground", data={"form_token": form_token(client), "text": "a" * 1_100_000}).status_code == 422
    )
    assert (
        client.post("/playground", data={"form_token": form_token(client), "text": "a" * 4_000_000}).status_code == 403
    )


# -- what each view says ---------------------------------------------------------------------------------------------


def test_every_view_answers_with_strict_headers(page: Page) -> None:
    client = page.browser()
    queued(page, client)
    for path in (
        *VIEWS,
        "/style.css",
        "/icon.svg",
        "/sign-in",
        "/nothing-here",
        "/knowledge/cause?id=nothing",
        "/ticket?case=nothing",
    ):
        answer = client.get(path)
        assert answer.status_code in (200, 303, 404), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, path
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] in (
            "no-store",
            "no-cache",
        )
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "<script" not in answer.text and not re.search(r"\sstyle=|\son[a-z]+=", answer.text), path


def test_the_playground_shows_its_work_and_keeps_nothing(page: Page) -> None:
    client = page.browser()
    body = client.post("/playground", data={"form_token": form_token(client), "text": TICKET}).text
    for words in (
        '<mark class="mailbox"',
        '<mark class="error"',
        '<mark class="program"',
        "535 5.7.8 Error: authentication failed",
        "anna@firm.example",
        "Check 1:",
        "%</span>",
        "Draft",
    ):
        assert words in body, words
    with page.store.look() as view:
        assert view.views.tickets() == [] and view.views.last_accepted() is None
        assert [line.action for line in view.views.audit()] == ["web.sign-in"]


def test_foreign_text_never_becomes_markup_or_a_template(page: Page) -> None:
    client = page.browser()
    shown = client.post("/playground", data={"form_token": form_token(client), "text": HOSTILE}).text
    case = queued(page, client, HOSTILE)
    for body in (
        shown,
        client.get("/ticket", params={"case": case}).text,
        client.get("/queue").text,
        client.get("/tickets", params={"mailbox": HOSTILE, "error": HOSTILE}).text,
        client.get("/knowledge", params={"words": HOSTILE}).text,
    ):
        assert "<script" not in body and "<img src=x" not in body and "</textarea><img" not in body
        assert ">49<" not in body and " 49 " not in body
    assert "\u202e" not in client.get("/ticket", params={"case": case}).text


def test_a_password_is_masked_before_it_is_shown(page: Page) -> None:
    client = page.browser()
    body = client.post(
        "/playground", data={"form_token": form_token(client), "text": TICKET + " My password: Kx7!vbn20Zq"}
    ).text
    reading = body.partition('id="result"')[2].partition('class="card keep"')[0]
    assert "Kx7!vbn20Zq" not in reading and "authentication failed" in reading


def test_agents_see_no_audit_log_and_strangers_see_nothing(page: Page) -> None:
    agent = page.as_person("proxy:kim", "agent")
    assert [path for path in VIEWS if agent.get(path).status_code != 200] == ["/audit"]
    stranger = page.as_person("proxy:eve", "none")
    assert {stranger.get(path).status_code for path in VIEWS} == {403}
    assert agent.post("/health", data={"form_token": form_token(agent), "action": "pause"}).status_code == 403


# -- decisions -----------------------------------------------------------------------------------------------------


def test_a_ticket_is_put_in_the_queue_once_and_decided_once(page: Page) -> None:
    client = page.browser()
    case = queued(page, client)
    assert queued(page, client) == case
    assert client.get("/queue").text.count('class="row"') == 1
    assert decide(client, case, "send").headers["location"].endswith("done=send")
    page.work()
    body = client.get("/ticket", params={"case": case, "done": "send"}).text
    assert "Sent." in body and "<strong>Sent</strong> by you, at this machine" in body and "not sent from here" in body
    second = page.as_person("proxy:kim", "agent")
    late = second.post(
        "/ticket", data={"form_token": form_token(second), "card": f"{case}#1", "revision": "1", "action": "not_ours"}
    )
    assert late.status_code == 409 and "Already decided by local:owner" in unescape(late.text)
    assert 'class="row"' not in client.get("/queue").text and 'class="row"' in client.get("/queue?show=decided").text


@pytest.mark.parametrize(
    ("action", "fields", "state"),
    [
        ("edit", {"text": "Dear Anna,\r\nuse the whole address."}, "Edited and sent"),
        ("escalate", {"text": "odd"}, "Escalated"),
        ("not_ours", {}, "Marked as not ours"),
        ("other_check", {"cause": "mailbox-password"}, "Being rewritten"),
        ("ask", {}, "Being rewritten"),
    ],
)
def test_each_decision(page: Page, action: str, fields: dict[str, str], state: str) -> None:
    client = page.browser()
    case = queued(page, client)
    assert decide(client, case, action, **fields).status_code == 303
    assert state in client.get("/ticket", params={"case": case}).text
    page.work()
    body = client.get("/ticket", params={"case": case}).text
    if action == "other_check":
        assert "Check 2" in body.partition("</h1>")[0]
    with page.store.look() as view:
        assert (f"card.{action}", "local:owner") in [(line.action, line.who) for line in view.views.audit()]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("edit", {"text": " \r\n "}),
        ("other_check", {"cause": "nonsense"}),
        ("other_check", {}),
        ("sudo", {}),
        ("send", {"revision": "77"}),
        ("send", {"revision": "-1"}),
        ("send", {"revision": "9" * 30}),
    ],
)
def test_a_decision_that_cannot_be_taken_is_refused_in_words(page: Page, action: str, fields: dict[str, str]) -> None:
    client = page.browser()
    case = queued(page, client)
    data = {"form_token": form_token(client), "card": f"{case}#1", "revision": "1", "action": action, **fields}
    answer = client.post("/ticket", data=data)
    assert answer.status_code == 409 and 'role="alert"' in answer.text
    with page.store.look() as view:
        card = view.cases.card(f"{case}#1")
    assert card is not None and card.state == "open"


# -- logs, health, audit ---------------------------------------------------------------------------------------------


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[SqliteLogStore]:
    """Three failures of each of two mailboxes, ten minutes ago."""
    file = tmp_path / "mail.log"
    stamp = time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(time.time() - 600))
    file.write_text(
        "".join(
            f"{stamp}{n:02}+00:00 imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{who}@firm.example>, method=PLAIN, "
            f"rip=192.0.2.7, lip=198.51.100.1, TLS, session=<a{n}>\n"
            for n in range(3)
            for who in ("anna", "bob")
        ),
        "utf-8",
    )
    store = SqliteLogStore(tmp_path / "logs.db")
    store.ingest([file], finished=True)
    yield store
    store.close()


def test_logs_agents_see_their_tickets_mailbox_and_leads_any(page: Page, logs: SqliteLogStore) -> None:
    page.site = replace(page.site, logs=logs)
    lead, agent = page.browser(), page.as_person("proxy:kim", "agent")
    queued(page, lead)
    for client, value, what, status, seen in (
        (agent, "anna@firm.example", "mailbox", 200, "anna@firm.example"),
        (agent, "bob@firm.example", "mailbox", 403, "ticket&#39;s mailbox only"),
        (agent, "192.0.2.7", "address", 403, "ticket&#39;s mailbox only"),
        (lead, "bob@firm.example", "mailbox", 200, "user=&lt;bob@firm.example&gt;"),
        (lead, "192.0.2.7", "address", 200, "user=&lt;bob@firm.example&gt;"),
        (lead, "no address", "address", 422, "can be searched for"),
        (lead, "nobody", "mailbox", 422, "can be searched for"),
    ):
        answer = client.post(
            "/logs", data={"form_token": form_token(client), "what": what, "value": value, "hours": "6"}
        )
        assert (answer.status_code, seen in answer.text) == (status, True), (value, what)


def test_lines_are_a_look_up_wherever_they_are_shown(page: Page, logs: SqliteLogStore, knowledge: Knowledge) -> None:
    """A pasted ticket may name anybody's mailbox: its lines are no way round the rules of the log search."""
    triager = Triager(knowledge, logs, EmptyAccountDirectory(), page.clock)
    page.site = replace(page.site, triager=triager, logs=logs)
    page.worker = replace(page.worker, handler=replace(page.worker.handler, triager=triager))
    lead, agent = page.browser(), page.as_person("proxy:kim", "agent")

    def lookups() -> int:
        with page.store.look() as view:
            return sum(line.action == "logs.lookup" for line in view.views.audit())

    pasted_ = agent.post("/playground", data={"form_token": form_token(agent), "text": TICKET}).text
    assert (
        pasted_.count("<code>") <= 1
        and "more lines are there" in pasted_
        and "ticket&#39;s mailbox only" in pasted_
        and lookups() == 0
    )
    case = queued(page, lead)
    before = lookups()
    body = agent.get("/ticket", params={"case": case}).text
    assert body.count("<code>") <= 1 and "more line" in body and lookups() == before
    body = agent.post("/ticket", data={"form_token": form_token(agent), "case": case, "action": "show_lines"}).text
    assert body.count("<code>") == 3 and "bob@firm.example" not in body and lookups() == before + 1
    assert (
        agent.post("/playground", data={"form_token": form_token(agent), "text": TICKET}).text.count("<code>") == 3
    ), "now it is a ticket's mailbox"
    assert (
        lead.post(
            "/playground", data={"form_token": form_token(lead), "text": TICKET.replace("anna", "bob")}
        ).text.count("<code>")
        == 3
    )
    assert lookups() == before + 3


def test_health_shows_the_last_look_at_our_servers(page: Page) -> None:
    lead = page.browser()
    assert "seen from here" not in lead.get("/health").text
    with page.store.step("test.probe") as step:
        step.people.set(
            "probe:imap.example.net:993",
            Standing(
                False, "answers what it should not: <b>\u202e", "2026-11-23T09:05:00Z", 2, "2026-11-23T09:00:00Z"
            ).to_text(),
        )
    body = lead.get("/health").text
    assert (
        "imap.example.net:993" in body
        and "failing since 2026-11-23T09:00:00Z" in body
        and "&lt;b&gt;" in body
        and "\u202e" not in body
    )


def test_health_shows_what_is_parked_and_a_lead_puts_it_back(page: Page) -> None:
    with page.store.step("test.park") as step:
        step.queues.send(Send("reply:x", "slack", "reply", "slack/C1", {"text": "x"}))
        delivery = step.queues.claim_delivery("slack", timedelta(seconds=60), timedelta(0), paused=False)
        assert delivery is not None
        step.queues.park(delivery, "Slack: channel_not_found <b>")
    lead = page.browser()
    assert "channel_not_found &lt;b&gt;" in lead.get("/health").text
    answer = lead.post("/health", data={"form_token": form_token(lead), "action": "replay", "key": "reply:x"})
    assert answer.headers["location"] == "/health?done=replay"
    assert (
        lead.post("/health", data={"form_token": form_token(lead), "action": "replay", "key": "reply:x"}).status_code
        == 409
    )
    assert lead.post("/health", data={"form_token": form_token(lead), "action": "pause"}).status_code == 303
    assert "Paused: nothing is sent" in lead.get("/health").text
    audit = lead.get("/audit").text
    assert "delivery.replay" in audit and "reply:x" in audit and "pause" in audit


def test_the_report_stands_in_a_frame_that_can_do_nothing(page: Page) -> None:
    def report(query: Mapping[str, str]) -> bytes:
        if query.get("week") == "nonsense":
            raise InputError("--week nonsense: expected such as 2026-W47")
        return b"<!doctype html><title>Report</title><style>h1{color:red}</style><h1>Week</h1><script>alert(1)</script>"

    assert page.browser().get("/report/page").status_code == 404
    client = page.browser(site=replace(page.site, report=report))
    body = client.get("/report?week=2026-W47").text
    assert '<iframe class="report" title="The weekly report" src="/report/page?week=2026-W47" sandbox>' in body
    answer = client.get("/report/page?week=2026-W47")
    policy = answer.headers["content-security-policy"]
    assert (
        policy.startswith("sandbox; default-src 'none'")
        and "script-src" not in policy
        and answer.headers["x-frame-options"] == "SAMEORIGIN"
    )
    assert client.get("/report/page?week=nonsense").status_code == 422


def test_lists_go_on_by_key_and_miss_nothing(page: Page) -> None:
    client = page.browser()
    for number in range(45):
        ticket = pasted(f"{TICKET} Ticket number {number}.")
        page.site.door.accept(inbound_of(ticket, author="test", now=page.clock.now()))
    page.work()
    for start in ("/queue", "/tickets"):
        seen: list[str] = []
        path: str | None = start
        while path:
            body = client.get(path).text
            seen += re.findall(r'href="/ticket\?case=([^"]+)"', body)
            onward = re.search(r'class="onward" href="([^"]+)"', body)
            path = unescape(onward[1]) if onward else None
        assert len(seen) == len(set(seen)) == 45, start
    assert "Tickets that matched" in client.get("/tickets?error=auth-failed").text
    assert client.get("/tickets?at=nonsense&key=x").status_code == 200


# -- incidents -------------------------------------------------------------------------------------------------------


def with_incident(page: Page) -> tuple[TestClient, IncidentDecisions]:
    """A browser of a lead, and an open incident with two held tickets."""
    decisions = IncidentDecisions(page.store)
    browser = page.browser(site=replace(page.site, incidents=decisions))
    cases = [
        Door(page.store).accept(inbound_of(pasted(TICKET + f" Number {n}."), author="local:x", now=page.clock.now()))
        for n in range(2)
    ]
    page.work()
    with page.store.step("test.incident") as step:
        burst = Burst(
            "cause", "server_side", (("cause", "server_side"),), page.clock.now() + timedelta(hours=1), 41, 2, 3.0, 30.0
        )
        number = step.incidents.open(burst, HOSTILE, "")
        for accepted in cases:
            assert accepted is not None and step.incidents.hold(number, accepted.case_id, 1)
    return browser, decisions


def ended(browser: TestClient, action: str, text: str = "", seen: int | None = None) -> Any:
    shown = browser.get("/incidents").text
    token, revision = (re.search(rf'name="{name}" value="([^"]+)"', shown) for name in ("form_token", "seen"))
    return browser.post(
        "/incidents",
        data={
            "form_token": token[1] if token else "",
            "number": "1",
            "seen": str(seen if seen is not None else revision[1] if revision else 1),
            "action": action,
            "text": text,
        },
    )


def test_an_incident_shows_its_tickets_and_is_decided_once(page: Page) -> None:
    browser, decisions = with_incident(page)
    shown = browser.get("/incidents").text
    assert (
        "Its tickets (2)" in shown
        and "<script>" not in shown
        and shown.count("held back</span>") == 2
        and "Check 1" in shown
    )
    assert ended(browser, "agree", "It works again.").headers["location"] == "/incidents?done=agree"
    assert "It works again." in browser.get("/incidents").text
    assert ended(browser, "answer", "Something that Slack saw otherwise", seen=1).status_code == 409, (
        "the text was agreed meanwhile"
    )
    assert decisions.decide(IncidentDecision(1, "answer", "slack:T1:U8", "lead")).done, "a lead in Slack is first"
    late = ended(browser, "answer", "Again")
    assert late.status_code == 409 and "closed already" in late.text
    with page.store.database.read() as session:
        replies = [
            json.loads(row[0])["text"]
            for row in session.connection().exec_driver_sql("SELECT payload FROM delivery WHERE kind = 'reply'")
        ]
    assert replies == ["It works again."] * 2
    assert (
        "Sign%20in" not in browser.get("/incidents?done=Your+account+is+locked").text
        and "locked" not in browser.get("/incidents?done=Your+account+is+locked").text
    )


def test_incidents_are_for_leads_and_for_forms_of_ours(page: Page) -> None:
    browser, _ = with_incident(page)
    for form in (
        {"action": "close"},
        {"action": "nonsense", "number": "1", "seen": "1"},
        {"action": "close", "number": "-1", "seen": "1"},
        {"action": "close", "number": "9" * 12, "seen": "1"},
        {"action": "close", "number": "\u0661", "seen": "1"},
    ):
        shown = browser.get("/incidents").text
        token = re.search(r'name="form_token" value="([^"]+)"', shown)
        assert browser.post("/incidents", data={"form_token": token[1] if token else "", **form}).status_code in (
            409,
            422,
        )
    assert browser.post("/incidents", data={"number": "1", "seen": "1", "action": "close"}).status_code == 403, (
        "no token of the session"
    )
    agent = page.as_person("proxy:kim", "agent")
    assert 'name="action"' not in agent.get("/incidents").text.partition("<main")[2]
    assert ended(agent, "close").status_code == 403
    with page.store.look() as view:
        incident = view.incidents.incident(1)
    assert incident is not None and incident.state == "open"
