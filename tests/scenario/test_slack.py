"""Every listener, by signed payloads through ``app.dispatch``: what an agent sees and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.adapters.slack.app import build_app
from bot.adapters.slack.client import SlackCalls, web_client
from bot.adapters.slack.lint import faults
from bot.adapters.slack.people import SlackPeople
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.tables import ReviewRow
from bot.core.desk.ticket_links import TicketLinks
from bot.core.desk.values import Card, Inbound
from bot.errors import InputError, StoreBusy
from bot.handle import MAX_ATTEMPTS
from bot.triage import Triager
from tests.slack.desk import Office
from tests.slack.payloads import SECRET, click, command, dispatch, event, message, shortcut, submit
from tests.soak.acknowledge import clicks

TICKET = "Hello, anna@firm.example cannot log in. Thunderbird says: 535 5.7.8 Error: authentication failed. IMAP host imap.trekmail.net port 993"


def told(office: Office) -> list[str]:
    return [str(c["text"]) for c in office.slack.called("chat.postEphemeral")]


def card_of(office: Office, ts: str, channel: str = "C1", round_: int = 1) -> Card:
    with office.store.look() as view:
        card = view.cases.card(f"slack:T1:{channel}:{ts}#{round_}")
    assert card is not None
    return card


def ticket(office: Office, text: str = TICKET, **more: Any) -> tuple[dict[str, Any], Card]:
    inner = message(text, **more)
    assert dispatch(office.app, event(inner)).status == 200
    office.work()
    return inner, card_of(office, inner["ts"])


def buttons(post: dict[str, Any]) -> list[str]:
    return [e["text"]["text"] for b in post["blocks"] if b["type"] == "actions" for e in b["elements"]]


def test_a_message_gets_eyes_and_one_card_in_its_thread(office: Office) -> None:
    inner, card = ticket(office)
    assert office.slack.called("reactions.add") == [{"channel": "C1", "timestamp": inner["ts"], "name": "eyes"}]
    [post] = office.slack.posts()
    assert post["thread_ts"] == inner["ts"] and post["ts"] == card.remote_id
    assert buttons(post)[:6] == ["Send", "Edit and send", "Wrong check", "Ask", "Escalate", "Not ours"]
    shown = json.dumps(post["blocks"])
    assert "Because: The " in shown and shown.index("Because") < shown.index("Draft for the customer"), (
        "without a server's line the card says why all the same"
    )
    assert "anna@firm.example" in shown and faults(post["blocks"], text=post["text"]) == []


def test_the_same_event_again_changes_nothing(office: Office) -> None:
    body = event(message(TICKET))
    for _ in range(3):
        assert dispatch(office.app, body).status == 200
    office.work()
    assert len(office.slack.posts()) == 1


def test_send_puts_the_draft_into_the_thread_and_the_card_tells_who(office: Office) -> None:
    inner, card = ticket(office)
    assert dispatch(office.app, click("send", card.id, card.revision)).status == 200
    office.work()
    first, reply = office.slack.posts()
    assert reply["thread_ts"] == inner["ts"] and card.content.draft[:40] in reply["text"]
    assert buttons(first) == ["All evidence", "Show log lines"] and "<@U9>" in json.dumps(first["blocks"])


def test_a_second_click_only_tells_who_was_first(office: Office) -> None:
    _, card = ticket(office)
    dispatch(office.app, click("send", card.id, card.revision))
    with office.store.step("test.role") as step:
        step.people.set_role("slack:T1:U7", "agent")
    dispatch(office.app, click("not_ours", card.id, card.revision, user="U7"))
    office.work()
    assert len(office.slack.posts()) == 2 and "Already decided by <@U9>" in told(office)[-1]


def test_double_clicks_at_the_same_moment_send_once(office: Office) -> None:
    """A hundred; ``make soak`` does a thousand."""
    row = clicks(office, 100)
    assert row["sent"] == 1 and row["taken"] > 90


def test_a_stranger_is_refused(office: Office) -> None:
    _, card = ticket(office)
    dispatch(office.app, click("send", card.id, card.revision, user="U5"))
    elsewhere = click("send", card.id, card.revision)
    elsewhere["user"]["team_id"] = "T2"
    dispatch(office.app, elsewhere)
    office.work()
    assert (
        len(office.slack.posts()) == 1 and all("support agents" in t for t in told(office)) and len(told(office)) == 2
    )


def test_a_card_whose_ticket_has_changed_is_refused_and_redrawn(office: Office) -> None:
    inner, card = ticket(office)
    dispatch(office.app, event(message("It is Outlook 16 on Windows, error 0x800CCC0E", thread_ts=inner["ts"])))
    office.work()
    now = card_of(office, inner["ts"])
    assert now.revision > card.revision and "Outlook" in now.content.client
    updates = len(office.slack.called("chat.update"))
    dispatch(office.app, click("send", card.id, card.revision))
    office.work()
    assert (
        "changed" in told(office)[-1]
        and len(office.slack.posts()) == 1
        and len(office.slack.called("chat.update")) > updates
    )


def test_edit_and_send(office: Office) -> None:
    _, card = ticket(office)
    dispatch(office.app, click("edit", card.id, card.revision))
    view = office.slack.called("views.open")[0]["view"]
    assert faults(view["blocks"], surface="modal") == []
    answer = dispatch(
        office.app,
        submit(
            "edit",
            json.loads(view["private_metadata"]),
            {"text": {"type": "plain_text_input", "value": "Please use 993 &amp; try <again>."}},
        ),
    )
    assert answer.status == 200
    office.work()
    assert office.slack.posts()[-1]["text"] == "Please use 993 &amp; try &lt;again&gt;."


def test_another_check_rewrites_the_draft_and_is_kept_as_a_label(office: Office) -> None:
    inner, card = ticket(office)
    dispatch(office.app, click("other_check", card.id, card.revision))
    view = office.slack.called("views.open")[0]["view"]
    values = {"cause": {"type": "static_select", "selected_option": {"value": "network-block"}}}
    dispatch(office.app, submit("other_check", json.loads(view["private_metadata"]), values))
    office.work()
    now = card_of(office, inner["ts"])
    assert (now.state, now.content.cause) == ("open", "network-block") and now.content.draft != card.content.draft
    assert now.content.by_agent and now.content.confidence == "guess"
    assert "CHOSEN BY AN AGENT" in json.dumps(office.slack.called("chat.update")[-1])
    with office.store.database.read() as session:
        [review] = session.exec(select(ReviewRow)).all()
    assert (review.decision, review.cause, review.chosen) == ("other_check", card.content.cause, "network-block")
    dispatch(office.app, click("send", now.id, now.revision))
    office.work()
    assert len(office.slack.posts()) == 2


def test_ask_writes_a_draft_that_asks(office: Office) -> None:
    inner, card = ticket(office)
    dispatch(office.app, click("ask", card.id, card.revision))
    office.work()
    now = card_of(office, inner["ts"])
    assert now.content.verdict == "ask" and now.content.draft and now.content.draft != card.content.draft


def test_escalate_with_a_reason_goes_to_the_target(office: Office) -> None:
    _, card = ticket(office)
    office.edge.decisions.set_escalation("x", "lead", "slack/C9")
    dispatch(office.app, click("escalate", card.id, card.revision))
    kept = json.loads(office.slack.called("views.open")[0]["view"]["private_metadata"])
    dispatch(
        office.app,
        submit(
            "escalate",
            kept,
            {
                "assignee": {"type": "users_select", "selected_user": "U8"},
                "reason": {"type": "plain_text_input", "value": "VIP <!here>"},
            },
        ),
    )
    office.work()
    [post] = office.slack.posts("C9")
    assert "<@U8>" in post["text"] and "&lt;!here&gt;" in post["text"] and "<!here>" not in json.dumps(post)


def test_looks_change_nothing(office: Office) -> None:
    _, card = ticket(office)
    for action in ("show_all", "copy", "show_lines", "test_now"):
        assert dispatch(office.app, click(action, card.id, card.revision)).status == 200
    views = [c["view"] for c in office.slack.called("views.open")]
    assert len(views) == 2 and all(faults(v["blocks"], surface="modal") == [] for v in views)
    assert len(told(office)) == 2 and "five minutes" in told(office)[1]
    office.clock.ahead += timedelta(minutes=6)
    office.work()
    assert "nothing of this mailbox" in office.slack.posts()[-1]["text"]


def test_greetings_strangers_talk_bots_and_shared_channels_are_no_tickets(office: Office) -> None:
    root, _ = ticket(office)
    quiet = [
        event(message("Hi all, thanks!")),
        event(message(TICKET, channel="C2")),
        event(message(TICKET, bot_id="B7")),
        event(message(TICKET, subtype="message_deleted")),
        event(message(TICKET), is_ext_shared_channel=True),
        event(message("I have an idea about that", user="U4", thread_ts=root["ts"])),
    ]
    for body in quiet:
        assert dispatch(office.app, body).status == 200
    office.work()
    assert len(office.slack.posts()) == 1 and card_of(office, root["ts"]).revision == 1


def test_an_invoice_question_gets_no_card_unless_it_is_asked_for(office: Office) -> None:
    inner = message("Could you send me the invoice of last month, please?", user="U3")
    dispatch(office.app, event(inner))
    office.work()
    assert office.slack.posts() == []
    dispatch(office.app, shortcut(inner))
    office.work()
    assert len(office.slack.posts()) == 1


def test_a_mention_and_its_message_are_one_ticket(office: Office) -> None:
    inner = message(f"<@UBOT> {TICKET}", user="U9")
    dispatch(office.app, event(inner))
    dispatch(office.app, event({**inner, "type": "app_mention"}))
    office.work()
    assert len(office.slack.posts()) == 1


def test_where_the_bot_is_off_a_mention_is_told_so_and_a_shortcut_works(office: Office) -> None:
    inner = message(f"<@UBOT> {TICKET}", user="U9", channel="C2")
    dispatch(office.app, event({**inner, "type": "app_mention"}))
    assert "off in this channel" in told(office)[-1]
    dispatch(office.app, shortcut(inner, user="U5"))
    assert "support agents" in told(office)[-1]
    dispatch(office.app, shortcut(inner))
    office.work()
    assert [p["channel"] for p in office.slack.posts()] == ["C2"]


def test_a_direct_message_is_a_ticket_for_agents_only(office: Office) -> None:
    dispatch(office.app, event(message(TICKET, user="U5", channel="D5", channel_type="im")))
    dispatch(office.app, event(message(TICKET, user="U9", channel="D9", channel_type="im")))
    office.work()
    assert [p["channel"] for p in office.slack.posts()] == ["D9"] and "support agents" in told(office)[-1]


def test_two_messages_in_a_row_are_one_ticket(office: Office) -> None:
    first = message("anna@firm.example cannot log in")
    dispatch(office.app, event(first))
    dispatch(office.app, event(message("the error is 535 5.7.8 authentication failed")))
    office.work()
    assert len(office.slack.posts()) == 1
    with office.store.look() as view:
        case = view.cases.case(f"slack:T1:C1:{first['ts']}")
    assert case and case.version == 2


def test_a_forwarded_mail_is_a_ticket_from_its_sender(office: Office) -> None:
    mail = {
        "filetype": "email",
        "subject": "Cannot send",
        "from": [{"address": "anna@firm.example"}],
        "plain_text": "Outlook says 550 5.7.1 relaying denied, anna@firm.example",
    }
    inner = message("", subtype="file_share", user="USLACKBOT", files=[mail])
    dispatch(office.app, event(inner))
    office.work()
    card = card_of(office, inner["ts"])
    assert card.content.mailbox == "anna@firm.example" and len(office.slack.posts()) == 1


def test_did_that_still_fails_goes_on_and_then_to_a_human(office: Office) -> None:
    inner, card = ticket(office)
    tried = [card.content.cause]
    for round_ in (2, 3):
        card = card_of(office, inner["ts"], round_=round_ - 1)
        dispatch(office.app, click("send", card.id, card.revision))
        office.work()
        dispatch(office.app, event(message("Did that, still fails", thread_ts=inner["ts"])))
        office.work()
        card = card_of(office, inner["ts"], round_=round_)
        assert card.content.cause != tried[0] and "Tried without success" in card.content.summary
    assert card.content.title.startswith("A human goes on") and card.content.draft == ""


def test_note_mode_offers_no_draft(office: Office) -> None:
    dispatch(office.app, command("mode note", user="U8"))
    _, card = ticket(office)
    [post] = office.slack.posts()
    assert not {"Send", "Edit and send"} & set(buttons(post))
    dispatch(office.app, click("send", card.id, card.revision))
    office.work()
    assert len(office.slack.posts()) == 1


@pytest.mark.parametrize(
    ("text", "user", "words"),
    [
        ("help", "U5", "/triage explain"),
        ("explain 535 5.7.8 Error: authentication failed", "U9", "*"),
        ("explain zzz qqq", "U9", "Nothing in the table claims"),
        ("mode draft", "U9", "That is for leads"),
        ("mode auto", "U8", "nothing is answered without a click"),
        ("mode zendesk auto", "U8", "Mode of zendesk: auto"),
        ("mode zendesk auto 4", "U8", "zendesk#port-and-tls: auto"),
        ("mode zendesk auto 99", "U8", "Such as"),
        ("mode zendesk auto", "U9", "That is for leads"),
        ("cards-to zendesk <#C9|desk>", "U8", "Cards of zendesk go to"),
        ("cards-to <#C9|desk>", "U8", "Which, and where to?"),
        ("abuse-to <#C9|desk>", "U8", "suspended for abuse go to"),
        ("abuse-to nowhere", "U8", "Where to?"),
        ("mode sideways", "U8", "off, note, draft"),
        ("pause", "U9", "That is for leads"),
        ("pause", "U8", "Paused"),
        ("role <@U5|eve> agent", "U8", "<@U5>: agent"),
        ("role nobody agent", "U8", "Whom?"),
        ("escalate-to <#C9|desk>", "U8", "<#C9>"),
        ("logs anna@firm.example", "U9", "ticket's mailbox only"),
        ("logs anna@firm.example", "U8", "No failures of anna@firm.example"),
        ("mode draft", "U5", "Sorry"),
        (TICKET, "U5", "Sorry"),
        (TICKET, "U9", "Check 2"),
    ],
)
def test_commands(office: Office, text: str, user: str, words: str) -> None:
    answer = dispatch(office.app, command(text, user=user))
    assert answer.status == 200 and words in answer.body, answer.body
    assert office.slack.posts() == []


def test_a_replayed_command_changes_nothing(office: Office) -> None:
    body = command("mode note", user="U8", trigger="once")
    dispatch(office.app, body)
    dispatch(office.app, command("mode draft", user="U8"))
    assert dispatch(office.app, body).body == ""
    with office.store.look() as view:
        assert view.people.setting("mode:slack/C1") == "draft"


def test_a_link_shows_the_card_privately(office: Office) -> None:
    inner, card = ticket(office)
    answer = dispatch(office.app, command(f"https://test.slack.com/archives/C1/p{inner['ts'].replace('.', '')}"))
    assert card.content.title in answer.body and "card:send" in answer.body


def test_a_link_to_the_helpdesks_ticket_shows_its_card(office: Office) -> None:
    message = {"id": "zendesk/4711", "body": "anna@firm.example cannot log in, port 143", "format": "text"}
    with office.store.step("test") as step:
        step.people.set("mode:zendesk", "note")
    office.edge.door.accept(
        Inbound("zendesk", "d1", "zendesk/4711", message, "zendesk:1", office.clock.now(), "zendesk", "4711")
    )
    office.work()
    links = TicketLinks("zendesk", frozenset({"firm.zendesk.com"}))
    app = build_app(replace(office.edge, links=links), web_client("xoxb-test", office.slack.url), SECRET)
    with office.store.look() as view:
        card = view.cases.card("zendesk/4711#1")
    assert card is not None
    shown = dispatch(app, command("https://firm.zendesk.com/agent/tickets/4711"))
    assert card.content.title in shown.body
    for other in ("https://firm.zendesk.com/agent/tickets/4712", "<https://firm.zendesk.com/agent/tickets/4712|4712>"):
        assert "no ticket that I know" in dispatch(app, command(other)).body
    elsewhere = dispatch(app, command("https://elsewhere.example/agent/tickets/4711"))
    assert "no ticket that I know" not in elsewhere.body and "card:send" not in elsewhere.body


def test_app_home_and_search(office: Office) -> None:
    ticket(office)
    dispatch(office.app, event({"type": "app_home_opened", "user": "U9", "tab": "home", "channel": "D1"}))
    dispatch(office.app, event({"type": "app_home_opened", "user": "U5", "tab": "home", "channel": "D1"}))
    agents, strangers = (c["view"] for c in office.slack.called("views.publish"))
    assert (
        faults(agents["blocks"], surface="home") == []
        and "Open cards: 1" in json.dumps(agents)
        and "firm.example" not in json.dumps(strangers)
    )
    found = json.loads(
        dispatch(
            office.app, submit("search", {}, {"words": {"type": "plain_text_input", "value": "anna@firm.example"}})
        ).body
    )
    assert (
        found["response_action"] == "update"
        and faults(found["view"]["blocks"], surface="modal") == []
        and "ticket" in json.dumps(found["view"])
    )


def test_a_failed_triage_says_so_and_can_be_tried_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise InputError("ticket: body: cannot be read")

    monkeypatch.setattr(Triager, "triage", broken)
    inner, card = ticket(office)
    assert card.state == "failed" and buttons(office.slack.posts()[0]) == ["Try again", "Escalate", "Not ours"]
    monkeypatch.undo()
    dispatch(office.app, click("retry", card.id, card.revision))
    office.work()
    assert card_of(office, inner["ts"]).state == "open" and "Send" in buttons(office.slack.posts()[0])
    with office.store.look() as view:
        assert view.queues.troubled() == []


def test_an_event_that_cannot_be_written_down_is_not_acknowledged(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise StoreBusy("held by another process")

    body = event(message(TICKET))
    monkeypatch.setattr(DeskStore, "step", busy)
    assert dispatch(office.app, body).status == 503
    monkeypatch.undo()
    assert dispatch(office.app, body).status == 200
    office.work()
    assert len(office.slack.posts()) == 1


def test_a_ticket_that_kills_its_worker_each_time_is_given_to_a_human(office: Office) -> None:
    inner = message(TICKET)
    dispatch(office.app, event(inner))
    dispatch(
        office.app,
        event(message("bob@firm.example: 535 5.7.8 Error: authentication failed", user="U2", ts="1795000000.000001")),
    )
    for _ in range(MAX_ATTEMPTS):  # five workers claim it and die
        office.clock.ahead += timedelta(seconds=61)
        with office.store.step("test.dying") as step:
            assert any(
                (job := step.queues.claim_job(timedelta(seconds=60))) and job.case_id == f"slack:T1:C1:{inner['ts']}"
                for _ in range(2)
            )
    office.clock.ahead += timedelta(seconds=61)
    office.work()
    assert card_of(office, inner["ts"]).state == "failed" and "died" in card_of(office, inner["ts"]).detail
    with office.store.look() as view:
        assert [what for what, *_ in view.queues.troubled()] == ["job"]


def test_roles_come_from_user_groups_and_a_group_that_cannot_be_asked_gives_none(office: Office) -> None:
    office.slack.groups = {"S1": ["U21"], "S2": ["U22"]}
    people = SlackPeople(office.edge.calls, office.store, "S1", "S2")
    assert [people.role("T1", u) for u in ("U21", "U22", "U23", "U8")] == ["agent", "lead", "none", "lead"]
    assert len(office.slack.called("usergroups.users.list")) == 2, "asked once a minute, not at each click"
    nowhere = SlackCalls(web_client("xoxb-test", "http://127.0.0.1:9/api/"))
    assert SlackPeople(nowhere, office.store, "S1", "S2").role("T1", "U21") == "none"
