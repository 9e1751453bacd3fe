"""What the lab recorded, replayed without it: the decoder, the error table, and the whole triage."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.logs import session
from bot.logs.decode import Decoder
from bot.logs.event import LogEvent
from knowledge import load
from knowledge.matcher import Matcher
from tests.lab.cases import Case, read_cases, stamp_of
from tests.lab.places import CASES
from tests.lab.replay.measure import measured
from tests.lab.replay.moved import Persona, Retelling
from tests.lab.replay.samples import HAND_WRITTEN, SAMPLES, write_samples
from tests.lab.replay.split import split
from tests.lab.scenarios import BY_NAME, SCENARIOS
from tests.lab.shapes import shape
from tests.lab.table import PAGE, page

ALL = read_cases(CASES)
FAILED = [c for c in ALL if c.cause and c.failed and c.text]
REFUSED = {"auth_failed", "login_disabled"}
TLS = {
    "tls_failed",
    "no_auth_attempts",
    "lost_connection",
    "disconnect",
    "connect",
    "client_rejected",
    "cleartext_refused",
    "too_many_errors",
    "sender_rejected",
}
MEANT = {
    "username": REFUSED,
    "password": REFUSED,
    "hostname": TLS,
    "port": TLS,
    "network": TLS,
    "connections": {"connection_limit"},
    "plan": {"plan_rejected"},
    "limit": {"rate_limited"},
    "paused": {*REFUSED, "server_error"},
    "stale": {*REFUSED, *TLS},
    "certificate_expired": TLS,
    "server_cert_trust": TLS,
    "server_side": {"auth_unavailable", "server_error", "auth_failed", "disconnect", "logout"},
    "blocked_after_failures": {"ban"},
    "auth_method": {"auth_failed", "no_auth_attempts"},
    "message_too_large": {"message_too_large"},
    "recipient_refused": {"recipient_rejected"},
    "sender_not_owned": {"sender_rejected"},
    "smtp_auth_off": {"relay_denied", "sender_rejected"},
}
"""Which events a failure's own lines may be, by cause; at least one of its lines must be."""


def content(path: Path) -> bytes:
    """What a file holds, unpacked: two versions of a packer may differ."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def decoded(lines: list[str]) -> list[LogEvent]:
    """The events of some lines."""
    return list(Decoder(reference=datetime(2026, 11, 23, tzinfo=UTC)).decode_lines(lines))


def test_there_is_a_case_of_everything() -> None:
    assert len(FAILED) > 380
    assert {c.check for c in FAILED} == {None, *range(1, 11)}
    assert {c.scenario for c in ALL} == {s.name for s in SCENARIOS}
    assert len({c.program for c in ALL}) >= 15


@pytest.mark.parametrize("scenario", [s.name for s in SCENARIOS])
def test_every_line_is_understood(scenario: str) -> None:
    lines = [line for c in ALL if c.scenario == scenario for line in (*c.before, *c.lines)]
    assert [e.raw for e in decoded(lines) if e.event == "unknown"] == []


@pytest.mark.parametrize("scenario", sorted({c.scenario for c in FAILED if c.right}))
def test_the_lines_of_a_failure_mean_it(scenario: str) -> None:
    for case in (c for c in FAILED if c.scenario == scenario and c.right):
        events = {e.event for e in decoded(case.right_lines)}
        assert events & MEANT[case.cause], f"{case.id}: {events}\n" + "\n".join(case.right_lines)


def test_the_error_table_knows_what_programs_say() -> None:
    matcher = Matcher(load())
    unknown = [f"{c.id}: {c.text[-160:]!r}" for c in FAILED if not matcher.scan(c.text)]
    assert len(unknown) <= len(FAILED) * 0.03, "\n".join(unknown)


def test_scenarios_are_split_and_never_rows() -> None:
    parts = split()
    assert set(parts) == {s.name for s in SCENARIOS if s.cause}
    for part in ("tuning", "test"):
        assert {BY_NAME[name].check for name, where in parts.items() if where == part} == {None, *range(1, 11)}


@pytest.mark.parametrize("case", FAILED[::7], ids=lambda c: c.id)
def test_a_case_is_told_of_somebody_else(case: Case) -> None:
    persona = Persona("nora.quist@quiet-lane.test", "2001:db8:77::5" if ":" in case.address else "192.0.2.7")
    telling = Retelling(case, persona, random.Random(1))
    by = timedelta(days=-3, hours=2)
    for line in case.lines:
        at, _, message = telling.message(line, by)
        assert at == stamp_of(line) + by
        assert (
            case.mailbox not in message
            and case.address not in message
            and case.mailbox.partition("@")[0] not in message
        )
        for word in message.replace("<", " ").replace(">", " ").split():
            made = session.decode(word)
            if made and case.address in line:
                assert made.remote_ip == persona.address
    assert case.mailbox not in telling.text(case.text)


def test_shapes_leave_out_what_differs() -> None:
    a, b = [c for c in ALL if c.scenario == "panel-imap"][:2]
    assert {shape(line) for line in a.right_lines if "mismatch" in line} == {
        shape(line) for line in b.right_lines if "mismatch" in line
    }
    assert all(c.mailbox not in shape(line) and c.address not in shape(line) for c in ALL for line in c.lines)


def test_the_page_says_what_the_cases_say() -> None:
    assert PAGE.read_text("utf-8") == page(ALL), "docs/lab.md: run python -m tests.lab.table"


def test_the_samples_are_made_of_the_cases(tmp_path: Path) -> None:
    write_samples(tmp_path, ALL)
    made = {p.relative_to(tmp_path): content(p) for p in tmp_path.rglob("*") if p.is_file()}
    kept = {
        p.relative_to(SAMPLES): content(p)
        for p in SAMPLES.rglob("*")
        if p.is_file() and not HAND_WRITTEN.match(p.name) and p.name != "README.md"
    }
    assert made == kept, "samples/: run python -m tests.lab.replay.samples"
    assert len(made) == 12 + 5 + 1


@pytest.mark.timeout(300)
def test_triage_on_the_scenarios_that_rules_were_tuned_on(tmp_path: Path) -> None:
    figures = measured(ALL, "tuning", tmp_path, rounds=1, crowd=150)
    misses = json.dumps(
        [m for m in figures["misses"] if m["what"] in ("top1", "wrong_confirmed", "mailbox")], ensure_ascii=False
    )
    assert figures["tickets"] > 180
    assert figures["line"] >= 0.9 and figures["top1"] >= 0.85 and figures["mailbox"] >= 0.99, misses
    assert figures["wrong_confirmed"] <= 0.01 * figures["confirmed"], misses
