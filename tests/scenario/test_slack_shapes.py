"""Payloads of every shape that Slack sends, and some that only other servers send: optional fields missing, edited,
shared, broadcast, of an organisation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.slack.lint import faults
from bot.adapters.slack.typed import typed
from bot.adapters.store.reports import StoredReports
from bot.bootstrap_desk import reports_of
from bot.core.desk.values import Card
from bot.reporting import Reporter
from bot.triage import Triager
from tests.slack.desk import Office, open_office
from tests.slack.payloads import click, command, dispatch, event, message, shortcut, submit
from tests.slack.server import FakeSlack

TICKET = "anna@firm.example cannot log in. Thunderbird says: 535 5.7.8 Error: authentication failed"


@pytest.fixture
def office(tmp_path: Path, triager: Triager) -> Iterator[Office]:
    with FakeSlack() as slack:
        office = open_office(f"sqlite:///{tmp_path}/desk.db", slack, triager)
        yield office
        office.store.database.engine.dispose()


def told(office: Office) -> list[str]:
    return [str(c["text"]) for c in office.slack.called("chat.postEphemeral")]


def card_of(office: Office, ts: str, channel: str = "C1") -> Card:
    with office.store.look() as view:
        card = view.cases.card(f"slack:T1:{channel}:{ts}#1")
    assert card is not None
    return card


def rich(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "rich_text", "block_id": "x", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}
    ]


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ({"text": "a &lt;b&gt; <mailto:a@b.example|a@b.example>"}, "a <b> a@b.example"),
        (
            {
                "text": "",
                "blocks": rich(
                    {"type": "text", "text": "error "},
                    {"type": "link", "url": "https://x.example"},
                    {"type": "emoji", "name": "x"},
                ),
            },
            "error https://x.example",
        ),
        (
            {
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "535 5.7.8"}]}
                        ],
                    }
                ]
            },
            "535 5.7.8",
        ),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "from a workflow"}}]}, "from a workflow"),
        (
            {
                "text": "look",
                "attachments": [{"is_share": True, "text": "535 said <https://x.example>", "author_id": "U5"}],
            },
            "look\n\n535 said https://x.example",
        ),
        ({"text": "look", "attachments": [{"title": "a preview", "text": "of a link"}]}, "look"),
        (
            {"text": "log:", "files": [{"mode": "snippet", "preview": "dovecot: auth failed"}]},
            "log:\n\ndovecot: auth failed",
        ),
        ({"text": None, "blocks": "nonsense", "attachments": [None], "files": {}}, ""),
        ({}, ""),
    ],
)
def test_what_was_typed(inner: dict[str, Any], words: str) -> None:
    assert typed(inner) == words


def test_what_was_typed_is_bounded() -> None:
    deep: list[Any] = [{"type": "text", "text": "deep"}]
    for _ in range(200):
        deep = [{"type": "rich_text_list", "elements": deep}]
    assert (
        typed({"blocks": deep}) == ""
        and len(typed({"blocks": rich(*[{"type": "text", "text": "x" * 1000}] * 5000)})) <= 200_000
    )


def test_events_that_name_no_workspace_and_no_kind_of_channel_belong_to_ours(office: Office) -> None:
    inner = message(TICKET, user="U9")
    del inner["channel_type"]
    body = event(inner, event_id="anything: a-b_c")
    for name in ("team_id", "authorizations", "event_time", "api_app_id"):
        del body[name]
    assert dispatch(office.app, body).status == 200
    office.work()
    card = card_of(office, inner["ts"])
    bare = click("send", card.id, card.revision)
    del bare["team"], bare["user"]["team_id"], bare["container"]
    assert dispatch(office.app, bare).status == 200
    office.work()
    assert len(office.slack.posts()) == 2 and card_of(office, inner["ts"]).decided_by == "slack:T1:U9"
    # a direct message whose kind is not named, of an organisation-wide installation
    whole = event(message(TICKET, user="U9", channel="D9"), team="")
    whole.update(
        team_id=None,
        enterprise_id="E1",
        is_ext_shared_channel=False,
        authorizations=[{"team_id": None, "enterprise_id": "E1", "user_id": "UBOT", "is_bot": True}],
    )
    del whole["event"]["channel_type"]
    assert dispatch(office.app, whole).status == 200
    office.work()
    assert office.slack.posts("D9")
    command_ = {k: v for k, v in command("mode note", user="U8").items() if k != "team_id"}
    assert "Mode of" in dispatch(office.app, command_).body


def changed(inner: dict[str, Any], now: dict[str, Any] | None) -> dict[str, Any]:
    """What Slack tells of a message that was edited, or (None) deleted."""
    stamp = f"{float(inner['ts']) + 20:.6f}"
    body: dict[str, Any] = {
        "type": "message",
        "hidden": True,
        "channel": inner["channel"],
        "channel_type": "channel",
        "ts": stamp,
        "event_ts": stamp,
        "previous_message": inner,
    }
    if now is None:
        return event({**body, "subtype": "message_deleted", "deleted_ts": inner["ts"]})
    kept = {k: v for k, v in inner.items() if k not in ("channel", "channel_type")}
    return event(
        {
            **body,
            "subtype": "message_changed",
            "message": {**kept, **now, **({"edited": {"user": inner["user"], "ts": stamp}} if "text" in now else {})},
        }
    )


def test_an_edited_ticket_is_read_again_and_what_is_decided_stays(office: Office) -> None:
    inner = message(TICKET)
    dispatch(office.app, event(inner))
    office.work()
    first = card_of(office, inner["ts"])
    better = changed(inner, {"text": TICKET.replace("anna@", "berta@").replace("Thunderbird", "Outlook 2019")})
    for _ in range(3):  # told again
        assert dispatch(office.app, better).status == 200
    office.work()
    now = card_of(office, inner["ts"])
    assert (
        len(office.slack.posts()) == 1
        and now.revision == first.revision + 1
        and "Outlook" in now.content.client
        and now.content.mailbox == "berta@firm.example"
    )
    dispatch(office.app, click("send", now.id, first.revision))
    assert "changed" in told(office)[-1], "who has seen the ticket as it was decides nothing"
    dispatch(office.app, changed(inner, {"reply_count": 1}))  # the same event tells of replies and previews
    office.work()
    assert card_of(office, inner["ts"]).revision == now.revision
    dispatch(office.app, click("send", now.id, now.revision))
    office.work()
    dispatch(office.app, changed({**inner, "text": "x"}, {"text": "solved", "edited": {}}))
    dispatch(office.app, changed(inner, None))
    office.work()
    assert card_of(office, inner["ts"]).state == "decided" and len(office.slack.posts()) == 2


def test_a_deleted_ticket_loses_its_draft_and_what_its_writer_says_next_begins_anew(office: Office) -> None:
    inner = message(TICKET)
    dispatch(office.app, event(inner))
    office.work()
    # a deleted message that has replies
    dispatch(office.app, changed(inner, {"subtype": "tombstone", "user": "USLACKBOT", "blocks": []}))
    office.work()
    card = card_of(office, inner["ts"])
    assert card.state == "withdrawn" and "deleted" in card.detail
    dispatch(office.app, click("send", card.id, card.revision))
    office.work()
    assert len(office.slack.posts()) == 1
    hasty = message(TICKET, user="U6")
    dispatch(office.app, event(hasty))
    dispatch(office.app, changed(hasty, None))
    again = message(TICKET, user="U6")
    dispatch(office.app, event(again))
    office.work()
    assert [p["thread_ts"] for p in office.slack.posts()] == [inner["ts"], again["ts"]], (
        "the new message has its own card; the deleted one has none"
    )


def test_of_several_messages_the_first_is_deleted(office: Office) -> None:
    first, second = message("my mail is broken, berta@firm.example"), message(TICKET)
    dispatch(office.app, event(first))
    dispatch(office.app, event(second))
    dispatch(office.app, changed(first, None))
    office.work()
    [post] = office.slack.posts()
    assert (
        post["thread_ts"] == second["ts"]
        and "anna@firm.example" in json.dumps(post["blocks"])
        and "berta" not in json.dumps(post["blocks"])
    )


def test_a_greeting_that_is_edited_into_a_ticket_is_one_while_it_is_new(office: Office) -> None:
    inner = message("Hello!")
    old = {**message("Hello!", user="U7"), "ts": "1795000000.000100"}
    dispatch(office.app, event(inner))
    dispatch(office.app, changed(inner, {"text": TICKET}))
    late = changed(old, {"text": TICKET})
    late["event"]["message"]["edited"]["ts"] = "1795000900.000000"
    dispatch(office.app, late)
    office.work()
    assert [p["thread_ts"] for p in office.slack.posts()] == [inner["ts"]]


def test_a_picture_alone_is_a_ticket_that_asks(office: Office) -> None:
    inner = message(
        "",
        subtype="file_share",
        files=[{"id": "F1", "name": "Screenshot.png", "mimetype": "image/png", "filetype": "png", "mode": "hosted"}],
    )
    dispatch(office.app, event(inner))
    office.work()
    assert card_of(office, inner["ts"]).content.verdict == "ask" and len(office.slack.posts()) == 1


def test_triage_this_on_what_a_form_has_posted(office: Office) -> None:
    """Two of one form are two tickets: a program's messages are not one person's."""
    forms = [
        {**message(TICKET.replace("anna", who), subtype="bot_message", bot_id="B7", username="form"), "user": None}
        for who in ("anna", "berta")
    ]
    for form in forms:
        assert dispatch(office.app, shortcut({k: v for k, v in form.items() if v is not None})).status == 200
    office.work()
    assert [p["thread_ts"] for p in office.slack.posts()] == [f["ts"] for f in forms]


def test_where_another_company_reads_along_nothing_is_posted(office: Office) -> None:
    office.slack.shared.add("C2")
    inner = message(TICKET, channel="C2")
    assert dispatch(office.app, shortcut(inner, response_url=office.slack.url + "response")).status == 200
    office.work()
    assert not office.slack.posts() and "for you alone" in office.slack.called("response")[0]["text"]
    for text in (
        "mode draft",
        "escalate-to <#C2|both>",
        "abuse-to <#C2|both>",
        "cards-to zendesk <#C2|both>",
        "mode <#C2|both> draft",
        "mode slack/c2 draft",
    ):
        assert "Another company" in dispatch(office.app, command(text, user="U8", channel="C2")).body, text


def test_a_lead_names_another_channel(office: Office) -> None:
    for text in ("mode <#C2|other> note", "mode slack/C2 note"):
        dispatch(office.app, command("mode slack/C2 off", user="U8"))
        dispatch(office.app, command(text, user="U8"))
        with office.store.look() as view:
            assert view.people.setting("mode:slack/C2") == "note", text


def test_every_view_is_one_that_slack_opens(office: Office) -> None:
    inner = message(TICKET)
    dispatch(office.app, event(inner))
    office.work()
    card = card_of(office, inner["ts"])
    for action in ("edit", "other_check", "escalate", "show_all", "copy"):
        dispatch(office.app, click(action, card.id, card.revision))
    assert office.slack.faults == [] and len(office.slack.called("views.open")) == 5
    assert dispatch(office.app, submit("copy", {}, {})).status == 200


def test_bots_and_broken_stamps_change_nothing_and_a_broadcast_is_a_follow_up(office: Office) -> None:
    inner = message(TICKET, client_msg_id="m", team="T1", blocks=rich({"type": "text", "text": TICKET}))
    dispatch(office.app, event(inner))
    office.work()
    first = card_of(office, inner["ts"])
    edited = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": "C1",
        "ts": "1795000000.000009",
        "channel_type": "channel",
        "message": None,
        "previous_message": None,
    }
    odd = [
        edited,
        {**edited, "subtype": "message_deleted", "deleted_ts": "1.2"},
        {**edited, "message": {"ts": inner["ts"], "bot_id": "BBOT", "text": "x"}, "channel": None},
        message(TICKET, subtype="bot_message", bot_id="B1", username="hook"),
        message(TICKET, subtype="channel_join"),
        {**message(TICKET), "ts": "yesterday"},
        {**message(TICKET), "ts": None},
        {**message(TICKET), "user": None},
        {k: v for k, v in message(TICKET).items() if k != "channel"},
        message("", files=[]),
        message("", files=None, attachments=None),
    ]
    assert [dispatch(office.app, event(one)).status for one in odd] == [200] * len(odd)
    office.work()
    assert len(office.slack.posts()) == 1 and card_of(office, inner["ts"]).revision == first.revision
    dispatch(
        office.app,
        event(
            message(
                "It is Outlook 16 on Windows, error 0x800CCC0E",
                subtype="thread_broadcast",
                thread_ts=inner["ts"],
                root=inner,
            )
        ),
    )
    office.work()
    assert card_of(office, inner["ts"]).revision > first.revision and len(office.slack.posts()) == 1


def test_greetings_are_no_tickets_by_whatever_way_they_come(office: Office) -> None:
    inner = message(TICKET)
    dispatch(office.app, event(inner))
    office.work()
    for body in (
        event(message("<@UBOT> thanks a lot!", thread_ts=inner["ts"])),
        event(message("<@UBOT> thank you", type="app_mention", thread_ts=inner["ts"])),
        event(message("Hi!", user="U9", channel="D9", channel_type="im")),
    ):
        assert dispatch(office.app, body).status == 200
    office.work()
    assert len(office.slack.posts()) == 1 and card_of(office, inner["ts"]).revision == 1
    assert len(told(office)) == 1 and "/triage help" in told(office)[0]


def test_a_mention_where_the_bot_is_off_is_told_once(office: Office) -> None:
    inner = message(f"<@UBOT> {TICKET}", user="U9", channel="C2")
    dispatch(office.app, event(inner))  # Slack sends both
    dispatch(office.app, event({**inner, "type": "app_mention"}))
    assert len(told(office)) == 1 and "off in this channel" in told(office)[0]


def test_a_mail_that_names_no_user_and_a_shared_message_are_tickets(office: Office) -> None:
    mail = {
        "filetype": "email",
        "title": "Cannot send",
        "from": [{"address": "anna@firm.example"}],
        "preview_plain_text": "Outlook: 550 5.7.1 relaying denied, anna@firm.example",
    }
    posted = message("", subtype="file_share", files=[mail], bot_id="B9")
    del posted["user"]
    shared = message(
        "what is that?",
        user="U5",
        attachments=[{"is_share": True, "text": TICKET, "author_id": "U6", "channel_id": "C7"}],
    )
    for inner in (posted, shared):
        assert dispatch(office.app, event(inner)).status == 200
    office.work()
    assert (
        card_of(office, posted["ts"]).content.mailbox
        == card_of(office, shared["ts"]).content.mailbox
        == "anna@firm.example"
    )


def test_triage_this_where_the_bot_is_no_member_is_answered_to_the_one_who_asked(office: Office) -> None:
    hook = office.slack.url + "response"
    assert dispatch(office.app, shortcut(message(TICKET, channel="C77"), response_url=hook)).status == 200
    assert dispatch(office.app, shortcut(message(TICKET, channel="C77"), user="U5", response_url=hook)).status == 200
    office.work()
    mine, refused = office.slack.called("response")
    assert (
        mine["response_type"] == "ephemeral"
        and "/invite" in mine["text"]
        and "anna@firm.example" in json.dumps(mine["blocks"])
        and "support agents" in refused["text"]
    )
    assert (
        not office.slack.posts()
        and "/invite" in dispatch(office.app, command("mode draft", user="U8", channel="C77")).body
    )


def test_my_cards_are_those_i_began_or_that_were_given_to_me(office: Office) -> None:
    cards = []
    for number in range(3):
        inner = message(f"m{number}@firm.example: 535 5.7.8 Error: authentication failed", user=f"U{number + 30}")
        dispatch(office.app, event(inner))
        office.work()
        cards.append(card_of(office, inner["ts"]))

    def home(user: str) -> dict[str, Any]:
        dispatch(office.app, event({"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}))
        view: dict[str, Any] = office.slack.called("views.publish")[-1]["view"]
        assert faults(view["blocks"], surface="home") == []
        return view

    assert "My open cards: 0" in json.dumps(home("U9"))
    dispatch(office.app, click("ask", cards[0].id, 1))
    dispatch(office.app, click("escalate", cards[1].id, 1))
    kept = json.loads(office.slack.called("views.open")[-1]["view"]["private_metadata"])
    dispatch(
        office.app,
        submit(
            "escalate",
            kept,
            {
                "assignee": {"type": "users_select", "selected_user": "U8"},
                "reason": {"type": "plain_text_input", "value": "a VIP"},
            },
        ),
    )
    office.work()
    mine, leads = home("U9"), home("U8")
    assert "My open cards: 1" in json.dumps(mine) and "Open cards: 2" in json.dumps(mine)
    [given] = [b for b in leads["blocks"] if b.get("accessory")]
    assert "escalated to you by <@U9>: a VIP" in given["text"]["text"]
    [thread] = [p for p in office.slack.posts() if "a VIP" in p["text"]]
    assert thread["thread_ts"] == cards[1].thread and "<@U8>" in thread["text"], (
        "without a target, whoever takes over is told where the ticket is"
    )
    done = click("x", "y", 1, user="U8")
    done["actions"] = [{"type": "button", "action_id": "home:done", "value": cards[1].id, "block_id": "b"}]
    del done["channel"]
    dispatch(office.app, {**done, "user": {"id": "U9", "team_id": "T1"}})
    assert "My open cards: 1" in json.dumps(home("U8")), "only who has it can say that it is done"
    dispatch(office.app, done)
    assert "My open cards: 0" in json.dumps(office.slack.called("views.publish")[-1]["view"])


def test_a_weeks_report_is_shown_privately(office: Office, triager: Triager) -> None:
    reporter = Reporter(
        StoredReports(office.store.database), EmptyLogStore(), None, triager.knowledge, ZoneInfo("UTC"), office.clock
    )
    object.__setattr__(office.edge, "reports", reports_of(reporter, ZoneInfo("UTC")))
    assert "Such as" in dispatch(office.app, command("report last week")).body
    answer = json.loads(dispatch(office.app, command("report 2026-W47")).body)
    assert (
        "2026-W47" in answer["text"]
        and faults(answer["blocks"], text=answer["text"]) == []
        and not office.slack.posts()
    )
    assert "support agents" in dispatch(office.app, command("report", user="U5")).body
