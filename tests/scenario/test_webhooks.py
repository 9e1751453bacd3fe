"""The web side: acknowledged after commit and not before, once, within limits; and the generic webhook from end to
end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread as Worker
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.adapters.helpdesk.standard import thread_of
from bot.bootstrap import desk_of
from bot.bootstrap_desk import inbox_of, ingress_of
from bot.core.desk.helpdesk import events_of
from bot.core.desk.signature import STANDARD, sign_standard, verified
from bot.errors import SendRefused, SettingsError, StoreBusy
from bot.settings import Settings, read_settings
from bot.triage import Triager
from tests.helpdesk.lookalike import LookAlike
from tests.helpdesk.office import open_office
from tests.helpdesk.vendors import LOOKALIKES
from tests.slack.desk import RealClock

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCHEMA = json.loads((ROOT / "docs/schema/helpdesk-webhook.json").read_text("utf-8"))


def settings(folder: Path, kind: str = "webhook", url: str = "http://127.0.0.1:9/") -> Settings:
    """What bootstrap reads."""
    return Settings(
        database_url=f"sqlite:///{folder}/desk.db",
        helpdesk_kind=kind,
        helpdesk_url=url,
        helpdesk_token="t",
        helpdesk_user="u",
        helpdesk_account="1",
        helpdesk_webhook_secrets=(SECRET,),
    )


def app_of(chosen: Settings, peer: str = "127.0.0.1") -> TestClient:
    """The app as ``triage web`` serves it to ``peer``."""
    return TestClient(
        Starlette(routes=ingress_of(chosen, desk_of(chosen))), raise_server_exceptions=False, client=(peer, 4000)
    )


def jobs(chosen: Settings) -> list[str]:
    """Keys of what was accepted."""
    with desk_of(chosen).database.read() as session:
        return [str(r[0]) for r in session.connection().exec_driver_sql("SELECT key FROM job ORDER BY id")]


def event(document: Any, identity: str = "msg_1", *, ago: int = 0) -> tuple[dict[str, str], bytes]:
    """A signed event as another system sends it."""
    body, stamp = json.dumps(document).encode(), int(time.time()) - ago
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign_standard(SECRET, identity, stamp, body),
    }, body


def changed(*messages: dict[str, Any], **ticket: Any) -> dict[str, Any]:
    """``ticket.changed``, as the schema has it."""
    document = {
        "type": "ticket.changed",
        "timestamp": "2026-11-20T12:00:00Z",
        "data": {
            "id": "T-1",
            "subject": "No mail",
            "requester": "alice@customer.example",
            "messages": list(messages),
            **ticket,
        },
    }
    Draft202012Validator(SCHEMA).validate(document)
    return document


FIRST = {
    "id": "1",
    "at": "2026-11-20T11:59:00Z",
    "author": "alice",
    "body": "Thunderbird 128 for alice@customer.example: 535 5.7.8 Error: authentication failed",
}


@pytest.mark.parametrize("kind", LOOKALIKES, ids=lambda kind: kind.kind)
def test_each_vendors_webhook_is_taken_once(kind: type[LookAlike], tmp_path: Path) -> None:
    with kind() as server:
        headers, body = server.webhook(server.customer_opens("hello"), SECRET)
        ticket = f"cnv_{next(iter(server.tickets))}" if server.kind == "front" else next(iter(server.tickets))
    chosen = settings(tmp_path, kind.kind)
    client = app_of(chosen)
    path = f"/webhooks/{kind.kind}"
    assert client.post(path, content=body, headers=headers).status_code == 202
    again = client.post(path, content=body, headers=headers).status_code
    tampered = client.post(path, content=body + b" ", headers=headers).status_code
    assert again in (200, 202) and tampered == (202 if kind.kind == "freshdesk" else 401)
    assert len(jobs(chosen)) == 1 or kind.kind in ("freshdesk", "helpscout"), (
        "those two name no delivery: reading the ticket once more changes nothing"
    )
    with desk_of(chosen).database.read() as session:
        payloads = {str(r[0]) for r in session.connection().exec_driver_sql("SELECT payload FROM job")}
    assert payloads == {json.dumps({"ticket": ticket})}


def test_what_is_refused(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    client = app_of(chosen)
    headers, body = event(changed(FIRST))
    assert client.post("/webhooks/other", content=body, headers=headers).status_code == 404
    assert client.get("/webhooks/webhook").status_code == 405 and client.head("/webhooks/webhook").status_code == 200
    assert client.post("/webhooks/webhook", content=body).status_code == 401
    assert client.post("/webhooks/webhook", content=b"x" * 5_000_001, headers=headers).status_code == 413
    assert (
        client.post("/webhooks/webhook", content=(b"x" * 100_000 for _ in range(60)), headers=headers).status_code
        == 413
    )
    for bad in (b"", b"nonsense", b"[" * 100_000):
        stamp = int(time.time())
        signed = {
            "webhook-id": "m",
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign_standard(SECRET, "m", stamp, bad),
        }
        assert client.post("/webhooks/webhook", content=bad, headers=signed).status_code == 400
    assert client.post("/webhooks/webhook", content=body, headers=event(changed(FIRST), ago=310)[0]).status_code == 401
    for nothing in ({}, [], {"data": {"id": "../../etc"}}, {"data": {"id": True}}, {"data": 3}):
        headers, body = event(nothing)
        assert client.post("/webhooks/webhook", content=body, headers=headers).status_code == 200
    assert jobs(chosen) == []


def test_a_database_that_is_busy_is_not_an_acknowledgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(tmp_path)
    client = app_of(chosen)
    headers, body = event(changed(FIRST))

    @contextmanager
    def busy(*_: object) -> Iterator[None]:
        raise StoreBusy("held")
        yield

    with monkeypatch.context() as patch:
        patch.setattr("bot.adapters.store.desk.DeskStore.step", busy)
        answer = client.post("/webhooks/webhook", content=body, headers=headers)
        assert answer.status_code == 503 and answer.headers["retry-after"]
    assert client.post("/webhooks/webhook", content=body, headers=headers).status_code == 202 and len(jobs(chosen)) == 1


def test_health_and_metrics(tmp_path: Path) -> None:
    client = app_of(settings(tmp_path))
    headers, body = event(changed(FIRST))
    client.post("/webhooks/webhook", content=body, headers=headers)
    assert client.get("/healthz").text == "ok" and client.get("/readyz").status_code == 200
    text = client.get("/metrics").text
    assert (
        "triage_jobs 1.0" in text
        and 'triage_webhooks_total{channel="webhook",status="202"} 1.0' in text
        and "triage_parked 0.0" in text
    )


def test_metrics_are_for_this_machine_or_for_the_token(tmp_path: Path) -> None:
    chosen, token = settings(tmp_path), "m" * 24

    def status(settings: Settings, peer: str = "127.0.0.1", **headers: str) -> int:
        return app_of(settings, peer).get("/metrics", headers=headers).status_code

    assert [status(chosen, peer) for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1")] == [200] * 3
    assert [status(chosen, peer) for peer in ("192.0.2.9", "10.0.0.1", "2001:db8::1", "testclient")] == [401] * 4
    assert [status(chosen, **{name: "192.0.2.9"}) for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")] == [
        401
    ] * 3, "a proxy on this machine"
    assert status(replace(chosen, web_url="https://triage.example.com")) == 401
    guarded = replace(chosen, metrics_token=token, web_url="https://triage.example.com")
    assert status(guarded, "192.0.2.9", Authorization=f"Bearer {token}") == 200
    for wrong in ("", token, f"Basic {token}", f"Bearer {token}x", "Bearer", "Bearer \u00e9"):
        assert (
            status(guarded, **({"Authorization": wrong.encode("latin-1").decode("latin-1")} if wrong.isascii() else {}))
            == 401
        )
    with pytest.raises(SettingsError, match="METRICS_TOKEN"):
        read_settings({"METRICS_TOKEN": "short"}, tmp_path / ".env")


def test_any_other_system_from_end_to_end(tmp_path: Path, triager: Triager) -> None:
    with receiver() as (url, got):
        chosen = settings(tmp_path, url=url)
        client = app_of(chosen)
        inbox = inbox_of(chosen, desk_of(chosen), triager.knowledge)
        assert inbox is not None
        office = open_office(chosen.database_url, inbox.helpdesk, triager)
        object.__setattr__(office.inbox, "thread_of", thread_of)

        def tell(identity: str, *messages: dict[str, Any], **ticket: Any) -> None:
            headers, body = event(changed(*messages, **ticket), identity)
            assert client.post("/webhooks/webhook", content=body, headers=headers).status_code in (200, 202)
            office.work()

        tell("msg_1", FIRST)
        tell("msg_1", FIRST)
        card = office.card("T-1")
        assert card is not None and card.content.draft
        assert [kind for kind, _ in got] == ["note.created"] and card.content.draft in got[0][1]["text"]
        command = {
            "id": "2",
            "at": "2026-11-20T12:01:00Z",
            "author": "anna",
            "from_agent": True,
            "public": False,
            "body": "/triage send",
        }
        tell("msg_2", FIRST, command)
        tell("msg_3", FIRST, command)
        assert [data["text"] for kind, data in got if kind == "reply.created"] == [card.content.draft]
        card = office.card("T-1")
        assert card is not None and card.decided_by == "webhook:anna"


def test_a_document_that_is_wrong_is_a_humans() -> None:
    for wrong in ({}, {"data": {"id": "x"}}, {"data": {"id": "x", "messages": [{"body": "b", "at": "noon"}]}}):
        with pytest.raises(SendRefused):
            thread_of(wrong)


@limits(max_examples=150, deadline=None)
@given(JSON, JSON, JSON, JSON)
def test_whatever_a_signed_document_holds_is_a_ticket_or_refused(one: Any, two: Any, three: Any, four: Any) -> None:
    message = {
        "id": one,
        "at": "2026-11-20T12:00:00Z",
        "body": two,
        "headers": three,
        "attachments": four,
        "author": one,
        "format": two,
    }
    ticket = {
        "id": "T-1",
        "subject": one,
        "requester": two,
        "participants": three,
        "linked_mailboxes": four,
        "headers": one,
        "closed_by": three,
    }
    for document in (
        one,
        {"data": one},
        {"data": {**ticket, "messages": four}},
        {"data": {**ticket, "messages": [message, one]}},
    ):
        try:
            thread = thread_of(document)
        except SendRefused:
            continue
        assert thread.posts and list(events_of("webhook", thread))


def test_our_own_api_never_breaks(tmp_path: Path) -> None:
    """schemathesis: whatever is sent to the documented paths, the answer is never a 5xx."""
    chosen = settings(tmp_path)
    app = Starlette(routes=ingress_of(chosen, desk_of(chosen)))
    schema = schemathesis.openapi.from_dict(json.loads((ROOT / "docs/openapi.json").read_text("utf-8")))
    client, count = TestClient(app, raise_server_exceptions=False), 0
    for operation in schema.get_all_operations():

        @limits(max_examples=25, deadline=None)
        @given(case=operation.ok().as_strategy())
        def probe(case: Any) -> None:
            nonlocal count
            asked = case.as_transport_kwargs(base_url="http://testserver")
            asked.pop("timeout", None)
            assert client.request(**asked).status_code < 500
            if case.method.upper() == "POST":  # and behind the signature
                headers, body = event(
                    case.body if isinstance(case.body, dict | list) else {"body": str(case.body)}, identity=f"m{count}"
                )
                assert client.post("/webhooks/webhook", content=body, headers=headers).status_code < 500
            count += 1

        probe()
    assert count >= 25


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Another system: verifies, and takes each webhook-id once, as the standard asks of receivers."""
    got: list[tuple[str, dict[str, Any]]] = []
    ids: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {k.lower(): v for k, v in self.headers.items()}
            good = verified(STANDARD, (SECRET,), headers, body, RealClock().now()) is None
            document = json.loads(body)
            Draft202012Validator(SCHEMA).validate(document)
            if good and headers["webhook-id"] not in ids:
                ids.add(headers["webhook-id"])
                got.append((document["type"], document["data"]))
            self.send_response(204 if good else 401)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Worker(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    finally:
        server.shutdown()
        server.server_close()
