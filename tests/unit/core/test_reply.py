"""Drafts: every cause in every language renders, leaks nothing, and stays short; strangers learn nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.egress import leaks
from bot.core.model import ClientMention, Endpoint, Facts, Finding
from bot.core.observed import Account, AccountView, ServerLine, ServerView
from bot.core.reply import ReplyError, choose_language, draft
from bot.core.reply_slots import client_keys
from bot.core.verdict import Diagnosis, Evidence, RankedCause, Reply
from bot.logs.event import LogEvent
from knowledge import load
from knowledge.model import Replies

KNOWLEDGE = load()
NAMES = tuple(family.name for family in KNOWLEDGE.clients)
COMPLETE = sorted(language for language, replies in KNOWLEDGE.replies.items() if replies.complete)
REPLY_CAUSES = [*KNOWLEDGE.checks, *(c.id for c in KNOWLEDGE.others.values() if c.answer == "reply")]
OWN = "alice@example.com"
WHEN = datetime(2026, 11, 20, 9, 14, 30, tzinfo=UTC)
MAX_CHARS = 1800


def diagnosis(
    cause: str, *, verdict: str = "answer", confidence: str = "likely", told: bool = True, **more: Any
) -> Diagnosis:
    piece = Evidence("error" if told else "server", "-", "-", {cause: 0.9})
    number = KNOWLEDGE.number(cause)
    return Diagnosis(
        verdict,
        confidence,
        (RankedCause(cause, number, 0.9, ((piece, True),)),),
        other=None if number else cause,
        **more,
    )


def line(**fields: Any) -> ServerView:
    event = LogEvent(
        **{
            "raw": "x",
            "event": "auth_failed",
            "outcome": "failure",
            "time": WHEN,
            "reason": "password_mismatch",
            "mailbox": OWN,
            "login": OWN,
            "service": "imap",
            "remote_ip": "192.0.2.1",
        }
        | fields
    )
    own = ServerLine(event, "own", "-", True, 3.0)
    return ServerView("full", lines=(own, own, replace(own, ownership="mailbox")), matching=own)


EMPTY = Facts()
FULL = Facts(
    mailbox=OWN,
    clients=(ClientMention("Thunderbird", "128", "Windows", failing=True),),
    protocols=("imap", "smtp"),
    endpoints=(Endpoint("imap.example.com", 143, "none", "imap", (5, 9)),),
    language="en",
)
SENDING, RECEIVING = replace(FULL, protocols=("smtp",)), replace(FULL, protocols=("imap",))
CLOUD = replace(FULL, clients=(ClientMention("New Outlook", None, "Windows"),))
FINDINGS = (Finding("unsupported-port", "-", "port-and-tls", (5, 9)),)
ACCOUNT = AccountView(Account(OWN, plan="pro", paused=False))


def reply(
    cause: str, facts: Facts, language: str, *, verified: bool, server: ServerView | None = None, **more: Any
) -> Reply:
    made = draft(
        facts,
        FINDINGS,
        server or line(),
        ACCOUNT,
        diagnosis(cause, **more),
        KNOWLEDGE,
        verified=verified,
        language=language,
    )
    assert made is not None, "the last look held the draft back"
    return made


CASES = {"nothing known": EMPTY, "all known": FULL, "sending": SENDING, "receiving": RECEIVING, "cloud": CLOUD}


@pytest.mark.parametrize(("language", "cause"), list(product(COMPLETE, REPLY_CAUSES)))
def test_every_reply_renders_short_numbered_and_clean(language: str, cause: str) -> None:
    for facts, verified, confidence in product(CASES.values(), (False, True), ("confirmed", "guess")):
        made = reply(cause, facts, language, verified=verified, confidence=confidence)
        assert made.language == language
        assert len(made.text) <= MAX_CHARS, len(made.text)
        assert not leaks(made.text, {OWN} if verified else set(), KNOWLEDGE.settings, names=NAMES)
        assert not re.search(
            r"[{}]|\bNone\b|\bTrue\b|\bFalse\b|\n{3,}|[^\S\n]{2,}", made.text.replace('"None"', '"-"')
        ), made.text
        numbers = [int(n) for n in re.findall(r"^(\d)\. ", made.text, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1)) and 2 <= len(numbers) <= 4, made.text
        assert [c.check for c in made.citations] == ([cause] if cause in KNOWLEDGE.checks else [])
        assert (OWN in made.text) <= verified


@pytest.mark.parametrize(("language", "cause"), list(product(COMPLETE, REPLY_CAUSES)))
def test_a_rival_and_its_question_fit_in(language: str, cause: str) -> None:
    rival = "stale-client-profile" if cause != "stale-client-profile" else "mailbox-password"
    made = reply(
        cause,
        FULL,
        language,
        verified=True,
        undecided=(rival,),
        question="new-password-elsewhere",
        also=("port-and-tls",),
    )
    assert len(made.text) <= MAX_CHARS
    assert rival in [c.check for c in made.citations]


@pytest.mark.parametrize(
    ("language", "rule"),
    list(product(COMPLETE, [r for r in KNOWLEDGE.log_rules if r.decisive])),
    ids=lambda value: getattr(value, "id", value),
)
def test_the_owner_reads_what_our_server_saw(language: str, rule: Any) -> None:
    said = KNOWLEDGE.replies[language].sentences[f"saw.{rule.id}"]
    assert "{{ time }}" in said and "@" not in said


def test_facts_of_the_log_and_the_account_are_for_the_owner_only() -> None:
    owner = reply(
        "imap-connection-limit", FULL, "en", verified=True, server=line(event="connection_limit", reason=None, limit=12)
    )
    assert "2026-11-20 09:14 UTC" in owner.text and "Pro plan allows (12 from one network, 80 in all)" in owner.text
    assert "happened 2 times" in owner.text
    stranger = reply(
        "imap-connection-limit", FULL, "en", verified=False, server=line(event="connection_limit", limit=12)
    )
    assert not re.search(r"2026|Pro|12|What we saw", stranger.text)


def test_a_line_that_is_not_the_owners_is_not_told() -> None:
    view = line()
    assert view.matching is not None
    strange = replace(view, matching=replace(view.matching, ownership="mailbox"))
    assert "What we saw" not in reply("mailbox-password", FULL, "en", verified=True, server=strange).text


def test_times_are_written_in_the_zone_and_manner_of_the_reader() -> None:
    made = draft(
        FULL,
        (),
        line(),
        ACCOUNT,
        diagnosis("mailbox-password"),
        KNOWLEDGE,
        verified=True,
        language="de",
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert made is not None and "Am 20.11.2026 um 10:14 Uhr (CET) hat unser Server" in made.text


def test_a_stranger_does_not_hear_as_certain_what_only_the_log_told() -> None:
    sure = reply("mailbox-password", FULL, "en", verified=False, told=True)
    only_log = reply("mailbox-password", FULL, "en", verified=False, told=False)
    assert "Our server refuses" in sure.text and "Most likely" in only_log.text


@pytest.mark.parametrize("language", COMPLETE)
def test_every_program_gets_a_draft(language: str) -> None:
    """Every program in English; in the others those with a menu of their own, and one of each kind."""
    sentences, kinds = KNOWLEDGE.replies[language].sentences, set[str]()
    for family in KNOWLEDGE.clients:
        facts = replace(FULL, clients=(ClientMention(family.name, None, None),))
        if language != "en" and f"menu.{client_keys(facts, KNOWLEDGE)[0]}" not in sentences and family.kind in kinds:
            continue
        kinds.add(family.kind)
        for cause in ("hostnames", "stale-client-profile"):
            assert len(reply(cause, facts, language, verified=True).text) <= MAX_CHARS, family.name


@pytest.mark.parametrize(
    ("name", "platform", "expected"),
    (
        ("Apple Mail", "iPhone 15", "apple-mail-ios"),
        ("Apple Mail", "macOS Sonoma 14.4", "apple-mail-macos"),
        ("Apple Mail", None, "apple-mail"),
        ("Outlook", "Windows 11", "outlook-windows"),
        ("Thunderbird for Android", "Galaxy S23", "thunderbird-for-android-android"),
        ("Becky! Internet Mail", "Windows", "becky-internet-mail-windows"),
        ("HP printer", None, "hp-printer"),
    ),
)
def test_menus_are_looked_up_by_program_and_system(name: str, platform: str | None, expected: str) -> None:
    keys = client_keys(replace(FULL, clients=(ClientMention(name, None, platform),)), KNOWLEDGE)
    assert keys[0] == expected and keys[-1] == "any"


def test_the_program_that_works_and_webmail_do_not_give_the_menu() -> None:
    clients = (ClientMention("Outlook", failing=False), ClientMention("Roundcube"), ClientMention("Thunderbird"))
    assert client_keys(replace(FULL, clients=clients), KNOWLEDGE)[0] == "thunderbird"
    unknown = (ClientMention("Some Mailer"), ClientMention("Thunderbird"))
    assert client_keys(replace(FULL, clients=unknown), KNOWLEDGE) == ("any",)


def test_network_advice_is_void_where_the_program_connects_from_its_makers_cloud() -> None:
    assert "over another network" not in reply("network-block", CLOUD, "en", verified=False).text
    assert "over another network" in reply("network-block", FULL, "en", verified=False).text


def test_asking_and_handing_over() -> None:
    asked = reply(
        "unknown", FULL, "en", verified=False, verdict="ask", missing=("mailbox", "error_text", "client", "webmail")
    )
    assert asked.text.count("\n- ") == 3 and not asked.citations
    one = reply("unknown", FULL, "en", verified=False, verdict="ask", question="when")
    assert "\n- " not in one.text and "time zone" in one.text
    assert "?" in reply("unknown", FULL, "de", verified=False, verdict="ask").text
    assert "colleague" in reply("compromised", FULL, "en", verified=True, verdict="escalate").text
    assert "?" in reply("unknown", FULL, "en", verified=False, verdict="answer").text


def test_no_reply_where_it_is_not_about_this() -> None:
    for found in (Diagnosis("none", "unknown", (), "not_ours"), Diagnosis("answer", "unknown")):
        assert draft(FULL, (), line(), ACCOUNT, found, KNOWLEDGE, verified=True) is None


def test_language_falls_back_to_its_root_then_to_english() -> None:
    assert choose_language(KNOWLEDGE, "de-at").language == "de"
    assert choose_language(KNOWLEDGE, "xx").language == "en"
    unfinished = replace(KNOWLEDGE, replies={**KNOWLEDGE.replies, "xx": Replies("xx", False, {})})
    assert choose_language(unfinished, "xx").language == "en"


def test_a_faulty_sentence_is_named() -> None:
    for fault in ("{{ nobody }}", "{{ unclosed", "{% for %}", "{{ brand.__class__.__mro__ }}"):
        own = Replies("en", True, {**KNOWLEDGE.replies["en"].sentences, "greeting": fault})
        with pytest.raises(ReplyError, match=r"replies/en\.toml: greeting"):
            draft(
                FULL, (), line(), ACCOUNT, diagnosis("offline"), replace(KNOWLEDGE, replies={"en": own}), verified=False
            )


def test_a_sentence_of_a_host_that_shows_an_internal_name_does_not_leave() -> None:
    own = Replies("en", True, {**KNOWLEDGE.replies["en"].sentences, "greeting": "Hello from mx1.internal.example,"})
    assert (
        draft(FULL, (), line(), ACCOUNT, diagnosis("offline"), replace(KNOWLEDGE, replies={"en": own}), verified=True)
        is None
    )


# -- a stranger's reply is the same whatever log and account hold ----------------------------------------

CANARY = st.text(alphabet="QXZJKV", min_size=8, max_size=14).map(lambda tail: "CANARY" + tail)
NUMBERS = st.one_of(st.none(), st.integers(70_000, 99_999))


@st.composite
def server_views(draw: st.DrawFn) -> ServerView:
    event = LogEvent(
        raw=draw(CANARY),
        event=draw(st.sampled_from(("auth_failed", "connection_limit", "ban", "rate_limited", "plan_rejected"))),
        outcome="failure",
        time=draw(
            st.datetimes(
                WHEN.replace(year=2031, tzinfo=None), WHEN.replace(year=2039, tzinfo=None), timezones=st.just(UTC)
            )
        ),
        host=draw(CANARY),
        session=draw(CANARY),
        queue_id=draw(CANARY),
        reason=draw(st.sampled_from((None, "password_mismatch", "unknown_user"))),
        mailbox=f"{draw(CANARY)}@example.org",
        login=draw(CANARY),
        remote_ip="203.0.113.77",
        detail=draw(CANARY),
        sender=draw(CANARY),
        recipient=draw(CANARY),
        client=draw(CANARY),
        limit=draw(NUMBERS),
        attempts=draw(NUMBERS),
        seconds=draw(NUMBERS),
    )
    own = ServerLine(event, draw(st.sampled_from(("own", "mailbox", "address"))), draw(CANARY), True, 3.0)
    return ServerView(
        draw(st.sampled_from(("full", "partial", "none"))),
        lines=(own,) * draw(st.integers(1, 5)),
        matching=draw(st.sampled_from((own, None))),
        known_ips=("203.0.113.77",),
        absence_proven=draw(st.booleans()),
        ignored=draw(st.integers(70_000, 99_999)),
        failed=draw(st.one_of(st.none(), CANARY)),
    )


@st.composite
def account_views(draw: st.DrawFn) -> AccountView:
    account = Account(
        mailbox=f"{draw(CANARY)}@example.org",
        account=draw(CANARY),
        domain=draw(CANARY),
        plan=draw(st.sampled_from((None, "nano", "agency"))),
        paused=draw(st.sampled_from((None, True, False))),
        paused_reason=draw(CANARY),
        aliases=(draw(CANARY),),
        admins=(draw(CANARY),),
        domain_verified=draw(st.sampled_from((None, True, False))),
    )
    return AccountView(
        draw(st.sampled_from((account, None))),
        draw(st.booleans()),
        near=(draw(CANARY),),
        failed=draw(st.one_of(st.none(), CANARY)),
    )


@settings(max_examples=500, deadline=None)
@given(
    server_views(),
    account_views(),
    st.sampled_from(REPLY_CAUSES),
    st.sampled_from(COMPLETE),
    st.sampled_from(list(CASES)),
)
def test_a_stranger_learns_nothing(
    server: ServerView, account: AccountView, cause: str, language: str, case: str
) -> None:
    found, facts = diagnosis(cause), CASES[case]
    plain = draft(facts, FINDINGS, ServerView(), AccountView(), found, KNOWLEDGE, verified=False, language=language)
    filled = draft(facts, FINDINGS, server, account, found, KNOWLEDGE, verified=False, language=language)
    assert plain == filled and plain is not None
    assert "CANARY" not in plain.text and "203" not in plain.text
    for_owner = draft(facts, FINDINGS, server, account, found, KNOWLEDGE, verified=True, language=language)
    assert for_owner is not None and "CANARY" not in for_owner.text and "203.0.113" not in for_owner.text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), CANARY)
def test_nothing_of_the_ticket_is_echoed(name: str, platform: str, canary: str) -> None:
    facts = Facts(
        mailbox=f"{canary}@example.org".lower(),
        login=canary,
        clients=(ClientMention(canary + name, name, platform + canary),),
        endpoints=(Endpoint(canary, 143, None, None, (5, 9), typed=canary),),
        requester=f"{canary}@example.org",
        plan=canary,
    )
    made = draft(facts, FINDINGS, ServerView(), AccountView(), diagnosis("port-and-tls"), KNOWLEDGE, verified=False)
    assert made is not None and canary.lower() not in made.text.lower()
