"""The contract's JSON object of a triage."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.model import Ticket
from bot.core.output import to_json
from bot.logs.event import LogEvent, rfc3339
from bot.triage import Triager

BODY = (
    'Hi, Thunderbird 128.4 on Windows says "Login to server imap.mail.example failed" since 9:14 today. Mailbox Anna@Firm.example, '
    "server imap.trekmial.net port 143. 🙂 Webmail works."
)


@pytest.fixture(scope="module")
def out(triager: Triager) -> dict[str, object]:
    ticket = Ticket("ticket 1", BODY, requester="anna@firm.example", received_at=datetime(2026, 11, 20, 11, tzinfo=UTC))
    return to_json(triager.triage(ticket))


def test_the_contracts_keys_are_there(out: dict[str, object]) -> None:
    assert {
        "schema",
        "ticket_id",
        "knowledge_version",
        "facts",
        "findings",
        "matches",
        "log",
        "diagnosis",
        "reply",
        "note",
    } <= set(out)
    assert {
        "mailbox",
        "mailboxes",
        "login",
        "clients",
        "errors",
        "endpoints",
        "webmail_works",
        "plan",
        "occurred_at",
        "language",
    } <= set(out["facts"])  # type: ignore[call-overload]
    assert {"coverage", "from", "to", "lines", "matching_line", "absence_proven"} <= set(out["log"])  # type: ignore[call-overload]
    assert {"verdict", "confidence", "checks", "other", "missing"} <= set(out["diagnosis"])  # type: ignore[call-overload]
    assert out["schema"] == "triage/1" and out["ticket_id"] == "ticket 1"


def test_it_is_plain_json(out: dict[str, object]) -> None:
    assert json.loads(json.dumps(out, ensure_ascii=False, allow_nan=False)) == out


def test_facts_are_the_tickets(out: dict[str, object]) -> None:
    facts = out["facts"]
    assert facts["mailbox"] == "anna@firm.example" and facts["webmail_works"] is True and facts["language"] == "en"  # type: ignore[index]
    assert facts["clients"][0] == {"name": "Thunderbird", "version": "128.4", "platform": "Windows", "span": [4, 15]}  # type: ignore[index]
    assert ("imap.trekmial.net", 143) in [(e["host"], e["port"]) for e in facts["endpoints"]]  # type: ignore[index]


def test_spans_are_code_points_of_the_text(out: dict[str, object]) -> None:
    text, facts = out["text"], out["facts"]
    assert isinstance(text, str)
    for error in facts["errors"]:  # type: ignore[index]
        assert text[slice(*error["span"])].strip() == error["text"]
    for mention in facts["mailboxes"]:  # type: ignore[index]
        assert text[slice(*mention["span"])].lower() == mention["address"]


def test_checks_are_in_order_and_sum_to_at_most_one(out: dict[str, object]) -> None:
    checks = out["diagnosis"]["checks"]  # type: ignore[index]
    chances = [c["probability"] for c in checks]
    assert checks and chances == sorted(chances, reverse=True) and sum(chances) <= 1.0005
    assert all(1 <= c["number"] <= 10 for c in checks)


def test_citations_name_the_check_and_its_number(out: dict[str, object]) -> None:
    reply = out["reply"]
    assert reply["language"] == "en" and reply["citations"]  # type: ignore[index]
    for citation in reply["citations"]:  # type: ignore[index]
        assert citation["title"] and f"Check {citation['number']}" in reply["text"]  # type: ignore[index]


def test_the_same_ticket_gives_the_same_answer(triager: Triager, out: dict[str, object]) -> None:
    ticket = Ticket("ticket 1", BODY, requester="anna@firm.example", received_at=datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert to_json(triager.triage(ticket)) == out


def test_a_ticket_that_is_not_ours_has_no_checks_and_no_reply(triager: Triager) -> None:
    triage = triager.triage(Ticket("t", "We offer first page on Google for your website, reply for a quote."))
    plain = to_json(replace(triage, diagnosis=replace(triage.diagnosis, verdict="none", other="not_ours"), reply=None))
    assert plain["diagnosis"]["checks"] == [] and plain["diagnosis"]["other"] == "not_ours" and plain["reply"] is None


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (None, None),
        (datetime(2026, 11, 20, 9, 14, tzinfo=UTC), "2026-11-20T09:14:00Z"),
        (datetime.fromisoformat("2026-11-20T10:14:00.250+01:00"), "2026-11-20T09:14:00.250000Z"),
    ],
)
def test_times_are_in_utc(moment: datetime | None, text: str | None) -> None:
    assert rfc3339(moment) == text
    assert LogEvent("x", time=moment).to_json()["time"] == text
