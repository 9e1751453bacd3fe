"""What a ticket means for the desk: messages, commands, closes; and the line that holds our key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.desk.helpdesk import Closed, Command, Post, Thread, carries, command_of, events_of, signed
from bot.core.desk.keys import token_of
from bot.core.desk.values import Inbound

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def post(number: int, body: str, **what: Any) -> Post:
    given = {"author": "u", "staff": False, "public": True, **what}
    return Post(str(number), START + timedelta(minutes=number), body=body, **given)


def thread(*posts: Post, **what: Any) -> Thread:
    return Thread("7", "s", "a@customer.example", posts, **what)


NOTE = {"staff": True, "public": False, "author": "9"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/triage send", ("send", "")),
        ("  /triage  SEND \nthanks", ("send", "")),
        ("/triage check 4", ("other_check", "4")),
        ("/triage not-ours", ("not_ours", "")),
        ("/triage escalate needs a look", ("escalate", "needs a look")),
        ("/triage dance", ("", "dance")),
        ("please /triage send", None),
        ("hello", None),
        ("/triagesend", None),
        ("", None),
    ],
)
def test_commands(text: str, found: tuple[str, str] | None) -> None:
    assert command_of(text) == found


def test_customers_and_public_replies_command_nothing() -> None:
    said = thread(post(1, "/triage send"), post(2, "/triage send", staff=True), post(3, "/triage send", **NOTE))
    events = list(events_of("zendesk", said))
    assert [type(e) for e in events] == [Inbound, Inbound, Command] and [
        e.from_agent for e in events[:2] if isinstance(e, Inbound)
    ] == [False, True]


def test_what_we_wrote_is_nothing_new() -> None:
    ours = signed("a note", token_of("k"))
    events = list(
        events_of(
            "zammad", thread(post(1, "help"), post(2, ours, mine=True, **NOTE), post(3, ours, mine=True, staff=True))
        )
    )
    assert [type(e) for e in events] == [Inbound]


def test_a_command_about_a_draft_that_is_no_more_is_stale() -> None:
    ours, new = signed("a note", token_of("k")), signed("a new note", token_of("n"))
    posts = [post(1, "help"), post(2, ours, mine=True, **NOTE), post(3, "and this"), post(4, "/triage send", **NOTE)]
    assert [e.stale for e in events_of("x", thread(*posts)) if isinstance(e, Command)] == [True]
    posts.insert(3, post(5, new, mine=True, **NOTE))
    assert [e.stale for e in events_of("x", thread(*posts)) if isinstance(e, Command)] == [False]


def test_a_ticket_that_an_agent_opens_is_the_customers() -> None:
    (event,) = events_of("rt", thread(post(1, "called: cannot log in", staff=True)))
    assert isinstance(event, Inbound) and not event.from_agent and event.conversation == "rt/7" and event.thread == "7"


def test_only_a_known_agents_close_counts() -> None:
    assert [type(e) for e in events_of("x", thread(post(1, "help"), closed=True, closed_by="9"))] == [Inbound, Closed]
    assert [type(e) for e in events_of("x", thread(post(1, "help"), closed=True))] == [Inbound]


@given(st.text(max_size=300))
def test_the_key_is_found_again_below_any_text(text: str) -> None:
    token = token_of(text)
    assert carries(thread(post(1, signed(text, token), staff=True)), token) is not None
    assert carries(thread(post(1, signed(text, token))), token) is None, "a customer's quote is none of ours"


@given(st.text(max_size=500))
def test_no_text_breaks_it(text: str) -> None:
    list(events_of("x", thread(post(1, text), post(2, text, **NOTE), post(3, text, html=True, **NOTE))))
