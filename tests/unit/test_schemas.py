"""docs/schema against what is really printed, and its closed lists against the code and the knowledge."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import MemoryLogStore
from bot.core.evaluation import evaluate
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.ticket_json import ticket_to_json
from bot.core.parse.tickets import read_tickets
from bot.core.probe import SAID, ProbeResult, Seen, Server, judge
from bot.core.verdict import Triage
from bot.logs.decode import Decoder
from bot.logs.event import EVENTS, OUTCOMES
from bot.triage import Triager
from knowledge import Knowledge

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {path.name: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "docs" / "schema").glob("*.json"))}
REGISTRY = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items())
REFERENCE = datetime(2026, 11, 22, tzinfo=UTC)
SAMPLED = 60


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def faults(name: str, value: Any) -> list[str]:
    """One line a fault, with its place; a value goes through JSON first, as a reader gets it."""
    plain = json.loads(json.dumps(value, ensure_ascii=False))
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator(name).iter_errors(plain)]


def tuning() -> list[Ticket]:
    data = (ROOT / "tests" / "eval" / "tuning.jsonl").read_bytes()
    tickets = [item for item in read_tickets(data, format="jsonl") if isinstance(item, Ticket)]
    assert len(tickets) >= SAMPLED
    return tickets[:: max(1, len(tickets) // SAMPLED)][:SAMPLED]


@pytest.fixture(scope="module")
def triages(triager: Triager) -> list[Triage]:
    return [triager.triage(ticket) for ticket in tuning()]


def log_lines() -> Iterator[str]:
    for path in sorted((ROOT / "tests" / "unit" / "logs").glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8")).get("case", []):
            if "line" in case:
                yield str(case["line"])
            elif "program" in case:
                yield f"Nov 16 09:14:02 smtp1 {case['program']}[31]: {case['text']}"
            elif "text" in case:
                yield f"Nov 16 09:14:02 imap1 dovecot: {case['text']}"
    for path in sorted((ROOT / "tests" / "golden").glob("*/*.log")):
        yield from path.read_text("utf-8").splitlines()[:20]


def test_the_schemas_are_schemas() -> None:
    assert set(SCHEMAS) == {
        "triage.json",
        "log-event.json",
        "eval.json",
        "helpdesk-webhook.json",
        "probe.json",
        "report.json",
        "ticket.json",
    }
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"].endswith("2020-12/schema") and schema["$id"] == name


def test_no_object_of_ours_is_open() -> None:
    def open_objects(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict):
            if node.get("type") == "object" and "additionalProperties" not in node:
                yield place
            for key, value in node.items():
                yield from open_objects(value, f"{place}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                yield from open_objects(value, f"{place}/{number}")

    assert [place for name, schema in SCHEMAS.items() for place in open_objects(schema, name)] == []


def test_tickets_are_as_the_schema_says() -> None:
    for ticket in tuning():
        assert faults("ticket.json", ticket_to_json(ticket)) == []
    assert faults("ticket.json", {"subject": "no body"}) and faults(
        "ticket.json", {"body": "x", "attachments": [{"content": 3}]}
    )


def test_triages_are_as_the_schema_says(triages: list[Triage]) -> None:
    for triage in triages:
        assert faults("triage.json", to_json(triage)) == [], triage.ticket.id


def test_a_schema_that_takes_everything_would_be_noticed(triages: list[Triage]) -> None:
    good = json.loads(json.dumps(to_json(next(t for t in triages if t.diagnosis.causes and t.reply))))
    assert faults("triage.json", good) == []
    for damage in (
        lambda t: t.update(surplus=1),
        lambda t: t.pop("log"),
        lambda t: t["facts"].update(mailbox=5),
        lambda t: t.update(schema="triage/2"),
        lambda t: t["diagnosis"].update(verdict="perhaps"),
        lambda t: t["diagnosis"].update(other="gremlins"),
        lambda t: t["diagnosis"].update(verdict="none"),
        lambda t: t["facts"]["errors"].append({"text": "x", "span": [1]}),
        lambda t: t["log"].update({"from": "2026-11-20 09:14"}),
        lambda t: t["log"]["lines"].append({"raw": "x"}),
    ):
        bad = copy.deepcopy(good)
        damage(bad)
        assert faults("triage.json", bad)


def test_a_triage_with_a_server_line_is_as_the_schema_says(knowledge: Knowledge) -> None:
    lines = [
        "2026-11-20T08:00:01+00:00 imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=1, TLS, session=<a>",
        "2026-11-20T09:13:50+00:00 imap1 dovecot: imap-login: Disconnected: Maximum number of connections from user+IP exceeded "
        "(mail_max_userip_connections=10): user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, TLS, session=<b>",
        "2026-11-20T09:14:30+00:00 imap1 dovecot: imap-login: Login: user=<bea@other.example>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.2, mpid=2, TLS, session=<c>",
    ]
    decoder = Decoder(reference=REFERENCE)
    store = MemoryLogStore([decoder.decode(line) for line in lines])
    triager = Triager(knowledge, store, EmptyAccountDirectory(), type("Clock", (), {"now": lambda self: REFERENCE})())
    ticket = Ticket(
        "t1",
        "Thunderbird cannot open anna@firm.example: too many simultaneous connections.",
        received_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
    )
    out = to_json(triager.triage(ticket))
    assert faults("triage.json", out) == []
    assert out["log"]["matching_line"]["raw"] == lines[1]
    assert out["log"]["matching_line"] in out["log"]["lines"]


def test_decoded_lines_are_as_the_schema_says() -> None:
    decoder, count, seen = Decoder(reference=REFERENCE), 0, set()
    for line in log_lines():
        event = decoder.decode(line).to_json()
        assert faults("log-event.json", event) == [], line
        seen.add(event["event"])
        count += 1
    assert count >= 300 and len(seen) >= 20


def test_the_figures_of_an_evaluation_are_as_the_schema_says(triages: list[Triage], knowledge: Knowledge) -> None:
    lines = (ROOT / "tests" / "eval" / "tuning-gold.jsonl").read_text("utf-8").splitlines()
    gold = {row["id"]: row for row in map(json.loads, lines)}
    score = evaluate([(t, gold[t.ticket.id]) for t in triages], knowledge)
    assert faults("eval.json", score.figures(1.5)) == []
    assert faults("eval.json", {**score.figures(1.5), "misses": score.misses}) == []
    assert faults("eval.json", evaluate([], knowledge).figures(0.0)) == []


def test_probes_are_as_the_schema_says() -> None:
    server = Server("imap.example.net", 993, "imap", True)
    for fault in ("", *SAID):
        assert (
            faults(
                "probe.json",
                judge(
                    Seen(server, 0.1, fault, "x", "TLS", "192.0.2.1", "* OK", None, "TLSv1.3", REFERENCE), REFERENCE
                ).to_json(),
            )
            == []
        )
    assert faults("probe.json", ProbeResult("firm.example", "spf", None, "", 0.1, "gremlins").to_json())
    assert set(SAID) < set(SCHEMAS["probe.json"]["properties"]["fault"]["enum"])


# -- closed lists ----------------------------------------------------------------------------------------


def test_events_and_outcomes_are_those_of_the_decoder() -> None:
    properties = SCHEMAS["log-event.json"]["properties"]
    assert set(properties["event"]["enum"]) == EVENTS and set(properties["outcome"]["enum"]) == OUTCOMES
    assert set(properties) == set(Decoder(reference=REFERENCE).decode("x").to_json())


def test_causes_are_those_of_the_knowledge(knowledge: Knowledge) -> None:
    diagnosis = SCHEMAS["triage.json"]["properties"]["diagnosis"]["properties"]
    assert set(diagnosis["other"]["enum"]) == {*knowledge.others, None}
    assert SCHEMAS["triage.json"]["$defs"]["check"]["enum"] == [c.id for c in knowledge.checks.values()]
    assert [c.number for c in knowledge.checks.values()] == list(range(1, 11))
    causes = tomllib.loads((ROOT / "knowledge" / "causes.toml").read_text("utf-8"))["cause"]
    assert {row["id"] for row in causes} == set(knowledge.others)
    assert set(SCHEMAS["triage.json"]["$defs"]["cause"]["enum"]) == {*knowledge.checks, *knowledge.others}


def test_the_contracts_other_causes_are_all_there(knowledge: Knowledge) -> None:
    assert set(knowledge.others) == {
        "server_cert_trust",
        "certificate_expired",
        "server_side",
        "blocked_after_failures",
        "smtp_auth_off",
        "sender_not_owned",
        "alias_login",
        "auth_method",
        "quota_full",
        "message_too_large",
        "recipient_refused",
        "suspended_abuse",
        "compromised",
        "pop3",
        "offline",
        "works_now",
        "unknown",
        "not_ours",
    }
