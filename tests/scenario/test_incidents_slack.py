"""An incident in Slack, by signed payloads: what its message shows, who may decide, and one reply for each of its
tickets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot import decide_incident
from bot.adapters.slack.lint import faults
from bot.core.desk.incidents import ACTIONS, Incident, incident_actions, incident_refusal
from bot.core.incident import Burst
from bot.decide_incident import IncidentDecisions
from bot.incidents import IncidentWatch
from bot.triage import Triager
from tests.slack.desk import Office, open_office
from tests.slack.payloads import TEAM, click, dispatch, event, message, submit
from tests.slack.server import FakeSlack

TICKET = "My mailbox user{0}@firm{0}.example, Thunderbird 128: 535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6"
AGREED = "Our server *imap2* was down <https://x.example|here>; it works again since 10:40."


@pytest.fixture
def office(tmp_path: Path, triager: Triager) -> Iterator[Office]:
    with FakeSlack() as slack:
        office = open_office(f"sqlite:///{tmp_path}/desk.db", slack, triager)
        office.worker = replace(
            office.worker, handler=replace(office.worker.handler, jobs=IncidentDecisions(office.store).jobs())
        )
        with office.store.step("test.place") as step:
            step.people.set("escalate-to", "slack/C9")
            step.people.set_role("slack:T1:U7", "lead")
        yield office
        office.store.database.engine.dispose()


def ticket(office: Office, who: int) -> str:
    inner = message(TICKET.format(who), user=f"U{100 + who}")
    assert dispatch(office.app, event(inner)).status == 200
    office.work()
    return str(inner["ts"])


def begun(office: Office, before: int = 1, after: int = 2) -> int:
    """An incident of the tickets' cause: one had its card before it was told of, two come while it is open."""
    for who in range(before):
        ticket(office, who)
    with office.store.look() as view:
        cause, now = view.views.tickets()[0].cause or "", view.now
    watch = IncidentWatch(office.store, None, {cause: "Logins fail <!channel>"}, ZoneInfo("UTC"))  # type: ignore[arg-type]
    with office.store.step("test.incident") as step:
        watch.tell(
            step,
            Burst(
                "cause",
                cause,
                (("cause", cause), ("host", "smtp2")),
                now - timedelta(minutes=20),
                41,
                before,
                3.0,
                30.0,
            ),
        )
    for who in range(before, before + after):
        ticket(office, who)
    with office.store.step("test.renew") as step:
        watch.renew(step)
    office.work()
    with office.store.look() as view:
        return view.incidents.listing()[0].id


def shown(office: Office) -> dict[str, Any]:
    [post] = office.slack.posts("C9")
    assert faults(post["blocks"], text=post["text"]) == []
    return post


def labels(post: dict[str, Any]) -> list[str]:
    return [e["text"]["text"] for b in post["blocks"] if b["type"] == "actions" for e in b["elements"]]


def press(office: Office, action: str, number: int, *, seen: int | None = None, user: str = "U8") -> None:
    with office.store.look() as view:
        incident = view.incidents.incident(number)
    assert incident is not None
    body = click("x", "x", 0, user=user, channel="C9")
    body["actions"][0].update(
        action_id=f"incident:{action}",
        value=json.dumps({"incident": number, "seen": incident.revision if seen is None else seen}),
    )
    assert dispatch(office.app, body).status == 200


def send_modal(
    office: Office, action: str, text: str, *, user: str = "U8", kept: dict[str, Any] | None = None
) -> dict[str, Any]:
    view = office.slack.called("views.open")[-1]["view"]
    assert faults(view["blocks"], surface="modal") == [] and view["callback_id"] == f"incident_{action}"
    answer = dispatch(
        office.app,
        submit(
            f"incident_{action}",
            kept or json.loads(view["private_metadata"]),
            {"text": {"type": "plain_text_input", "value": text}},
            user=user,
        ),
    )
    assert answer.status == 200
    return json.loads(answer.body) if answer.body else {}


def told(office: Office) -> list[str]:
    return [str(c["text"]) for c in office.slack.called("chat.postEphemeral")]


def replies(office: Office) -> list[dict[str, Any]]:
    return [p for p in office.slack.posts("C1") if "works again" in p["text"]]


def test_the_message_names_what_is_common_and_lists_the_tickets(office: Office) -> None:
    begun(office)
    post = shown(office)
    drawn = json.dumps(post["blocks"])
    assert (
        "host smtp2" in drawn and "41 mailboxes in the logs" in drawn and "normal 3" in drawn and "Tickets: 3" in drawn
    )
    assert (
        "2 held back" in drawn
        and "1 has its card" in drawn
        and "<!channel>" not in drawn
        and drawn.count("|ticket>") == 3
    )
    assert labels(post) == ["Agree a text", "Answer all", "Release the drafts", "Close"]
    assert len(office.slack.posts("C1")) == 1, "only the ticket from before has a card of its own"


def test_agree_then_answer_all_sends_each_exactly_once(office: Office) -> None:
    number = begun(office)
    press(office, "agree", number)
    assert send_modal(office, "agree", AGREED) == {}
    office.work()
    assert (
        replies(office) == []
        and "Answer for all" in json.dumps(shown(office)["blocks"])
        and "&lt;https://x.example" in json.dumps(shown(office)["blocks"])
    )
    press(office, "answer", number)
    assert office.slack.called("views.open")[-1]["view"]["blocks"][-1]["element"]["initial_value"].startswith(
        "Our server *imap2*"
    )
    send_modal(office, "answer", AGREED)
    send_modal(office, "answer", AGREED)
    office.work()
    sent = replies(office)
    assert len(sent) == 3 and len({p["thread_ts"] for p in sent}) == 3 and not office.slack.doubled()
    assert "was closed already" in told(office)[-1] and "<@U8>" in told(office)[-1]
    assert labels(shown(office)) == [] and "3 answered" in json.dumps(shown(office)["blocks"])
    with office.store.look() as view:
        done = [(line.who, line.action) for line in view.views.audit() if line.action.startswith("incident.")]
    assert done == [("slack:T1:U8", "incident.answer"), ("slack:T1:U8", "incident.agree")]


def test_two_leads_at_once_answer_once(office: Office) -> None:
    number = begun(office, after=3)
    press(office, "answer", number)
    kept = json.loads(office.slack.called("views.open")[-1]["view"]["private_metadata"])
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: (
                    dispatch(
                        office.app,
                        submit(
                            "incident_answer",
                            kept,
                            {"text": {"type": "plain_text_input", "value": f"It works again ({n})."}},
                            user=f"U{7 + n % 2}",
                        ),
                    ).status
                ),
                range(16),
            )
        )
    office.work()
    assert len(replies(office)) == 4 and len({p["text"] for p in replies(office)}) == 1


def test_agents_strangers_and_hostile_clicks_change_nothing(office: Office) -> None:
    number = begun(office)
    for user in ("U9", "U5"):
        for action in ACTIONS:
            press(office, action, number, user=user)
        send = submit(
            "incident_answer",
            {"incident": number, "seen": 1, "channel": "C9"},
            {"text": {"type": "plain_text_input", "value": "It works again."}},
            user=user,
        )
        assert dispatch(office.app, send).status == 200
    office.work()
    assert (
        office.slack.called("views.open") == []
        and replies(office) == []
        and set(told(office)) == {"That is for leads."}
    )
    elsewhere = click("x", "x", 0, user="U8", channel="C9", team=TEAM)
    elsewhere["user"]["team_id"] = "T2"
    elsewhere["actions"][0].update(action_id="incident:close", value=json.dumps({"incident": number, "seen": 1}))
    dispatch(office.app, elsewhere)
    for value in (
        "",
        "[]",
        "{}",
        '{"incident": "x", "seen": 1}',
        '{"incident": 99999999999, "seen": 1}',
        '{"incident": -1, "seen": 1}',
        '{"incident": 77, "seen": 1}',
    ):
        body = click("x", "x", 0, user="U8", channel="C9")
        body["actions"][0].update(action_id="incident:close", value=value)
        assert dispatch(office.app, body).status == 200
    press(office, "answer", number)
    assert send_modal(office, "answer", "   ")["response_action"] == "errors"
    with office.store.look() as view:
        incident = view.incidents.incident(number)
    assert incident is not None and incident.state == "open"


def test_a_text_that_changed_meanwhile_is_not_sent(office: Office) -> None:
    number = begun(office)
    press(office, "answer", number)
    stale = json.loads(office.slack.called("views.open")[-1]["view"]["private_metadata"])
    press(office, "agree", number, user="U7")
    send_modal(office, "agree", "Another text.", user="U7")
    press(office, "answer", number)
    answer = send_modal(office, "answer", "It works again.", kept=stale)
    assert answer["response_action"] == "errors"
    office.work()
    assert replies(office) == []


def test_release_gives_the_cards_and_holds_no_more_back(office: Office) -> None:
    number = begun(office)
    press(office, "release", number)
    press(office, "release", number)
    ticket(office, 8)
    office.work()
    assert len(office.slack.posts("C1")) == 4 and "their own cards already" in told(office)[-1]
    assert labels(shown(office)) == ["Agree a text", "Answer all", "Close"]


def test_close_posts_the_cards_and_answers_nobody(office: Office) -> None:
    number = begun(office)
    press(office, "agree", number)
    send_modal(office, "agree", AGREED)
    press(office, "close", number)
    press(office, "close", number)
    office.work()
    assert len(office.slack.posts("C1")) == 3 and replies(office) == []
    assert "was closed already" in told(office)[-1] and "Closed" in json.dumps(shown(office)["blocks"])


def test_a_ticket_that_an_agent_has_decided_gets_no_second_answer(office: Office) -> None:
    number = begun(office)
    with office.store.look() as view:
        [mine] = [g for g in view.incidents.grouped(number) if g.state == "shown"]
        card = view.cases.card(f"{mine.case_id}#1")
    assert card is not None
    dispatch(office.app, click("not_ours", card.id, card.revision))
    press(office, "answer", number)
    send_modal(office, "answer", "It works again.")
    office.work()
    assert len(replies(office)) == 2


def test_more_tickets_than_one_transaction_holds(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_incident, "AT_ONCE", 1)
    number = begun(office)
    press(office, "answer", number)
    send_modal(office, "answer", "It works again.")
    office.work()
    assert len(replies(office)) == 3


@pytest.mark.parametrize("role", ["none", "agent", "lead"])
def test_who_may_do_what(role: str) -> None:
    """Every state, action and role: exactly what the buttons offer is what a lead may do."""
    for state in ("open", "closed"):
        for holding in (True, False):
            incident = Incident(1, state, "x", holding=holding)
            allowed = tuple(a for a in ACTIONS if incident_refusal(incident, a, role, 1, "text") is None)
            assert allowed == (incident_actions(incident) if role == "lead" else ())
            assert (
                incident_refusal(incident, "answer", role, 2, "text") is not None
                and incident_refusal(incident, "nonsense", role, 1, "") is not None
            )
    assert incident_refusal(Incident(1, "open", "x"), "answer", "lead", 1, "") == "no_text"
