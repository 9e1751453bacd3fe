"""Golden tickets: real-looking tickets with the hosts' logs, and what an expert would have said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import regex
from cases import DOMAINS, FOLDER, Case, Company, load_cases

from bot.core.evaluation import evaluate, same_client
from bot.core.output import to_json
from bot.core.verdict import Triage
from knowledge import Knowledge, load

CASES = load_cases()
LADDER = ("unknown", "guess", "likely", "confirmed")
INTERNAL = regex.compile(
    r"\b(?:imap|smtp)[12](?:\.trekmail\.net)?\b|\bsession=|\brip=|\blip=|NOQUEUE|passwd-file|\bpid\b|\b192\.0\.2\.\d+"
)
"""What no customer may read: internal hosts and addresses, parts of raw lines."""


@pytest.fixture(scope="module")
def company() -> Company:
    return Company(load())


@pytest.mark.parametrize("case", CASES, ids=[c.folder.name for c in CASES])
def test_golden(case: Case, company: Company, tmp_path: Path) -> None:
    started = perf_counter()
    triage = case.triage(company, tmp_path)
    seconds = perf_counter() - started
    company.done.append((triage, case.gold()))
    faults = [
        *facts_wrong(triage, case.expected, company.knowledge),
        *diagnosis_wrong(triage, case.expected),
        *server_wrong(triage, case.expected),
        *words_wrong(triage, case),
        *laws_broken(triage, case),
    ]
    if seconds > case.expected.get("seconds_at_most", 20):
        faults.append(f"took {seconds:.1f} s")
    if faults:
        pytest.fail("\n".join([case.expected["why"], *faults, told(triage)]), pytrace=False)


def test_figures(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the contract's figures over the cases that have just run."""
    if len(company.done) < len(CASES):
        return
    figures = evaluate(company.done, company.knowledge).figures(0)
    with capsys.disabled():
        print("\ngolden figures", json.dumps(figures))
    assert figures["tickets"] == len(CASES)
    assert figures["hard_negatives_answered"] == 0


def told(triage: Triage) -> str:
    d = triage.diagnosis
    ranked = ", ".join(f"{c.cause} {c.probability:.2f}" for c in d.causes[:4])
    line = triage.server.matching
    return f"  -> {d.verdict} {d.confidence}: {ranked}; line ({line.ownership if line else None}): {line.event.raw if line else None}"


def facts_wrong(triage: Triage, expected: Mapping[str, Any], knowledge: Knowledge) -> Iterator[str]:
    facts = triage.facts
    if "mailbox" in expected:
        allowed = [expected["mailbox"] or None, *expected.get("mailbox_acceptable", [])]
        if facts.mailbox not in allowed:
            yield f"mailbox {facts.mailbox}, expected {allowed}"
    if "requester" in expected and triage.ticket.requester != (expected["requester"] or None):
        yield f"requester {triage.ticket.requester}, expected {expected['requester'] or None}"
    first = facts.clients[0] if facts.clients else None
    if expected.get("client") and not same_client(first.name if first else None, expected["client"], knowledge):
        yield f"client {first}, expected {expected['client']}"
    if expected.get("client") == "" and first is not None:
        yield f"client {first}, but the ticket names none"
    if "client_version" in expected and (first.version if first else None) != (expected["client_version"] or None):
        yield f"version {first.version if first else None}, expected {expected['client_version'] or None}"
    for text in expected.get("error_texts", []):
        if not any(covers(e.text, text) for e in facts.errors):
            yield f"error text not found: {text!r} in {[e.text for e in facts.errors]}"
    for name, found in (("hosts", {e.host for e in facts.endpoints}), ("ports", {e.port for e in facts.endpoints})):
        if not set(expected.get(name, [])) <= found:
            yield f"{name} {found}, expected {expected[name]}"
    if "webmail_works" in expected and facts.webmail_works is not expected["webmail_works"]:
        yield f"webmail_works {facts.webmail_works}"
    if "language" in expected and not facts.language.startswith(expected["language"]):
        yield f"language {facts.language}, expected {expected['language']}"


def covers(found: str, wanted: str) -> bool:
    """True where ``found`` overlaps ``wanted`` by half of it or more."""
    a, b = " ".join(found.split()), " ".join(wanted.split())
    return b in a or (a in b and 2 * len(a) >= len(b))


def diagnosis_wrong(triage: Triage, expected: Mapping[str, Any]) -> Iterator[str]:
    d = triage.diagnosis
    lead = d.other if d.other is not None or not d.causes else d.causes[0].number
    allowed = [
        expected.get("check") or expected.get("other"),
        *expected.get("acceptable_checks", []),
        *expected.get("acceptable_others", []),
    ]
    if lead not in allowed:
        yield f"cause {lead}, expected {allowed}"
    verdicts = expected["verdict"] if isinstance(expected["verdict"], list) else [expected["verdict"]]
    if d.verdict not in verdicts:
        yield f"verdict {d.verdict}, expected {verdicts}"
    rung = LADDER.index(d.confidence)
    if rung > LADDER.index(expected.get("confidence_at_most", "confirmed")):
        yield f"confidence {d.confidence}, at most {expected['confidence_at_most']}"
    if rung < LADDER.index(expected.get("confidence_at_least", "unknown")):
        yield f"confidence {d.confidence}, at least {expected['confidence_at_least']}"
    named = {c.number for c in d.causes} | {c.cause for c in d.causes} | set(d.also)
    if not set(expected.get("also", [])) <= named:
        yield f"also {expected['also']}, named {named}"
    if not set(expected.get("missing", [])) <= set(d.missing):
        yield f"missing {d.missing}, expected {expected['missing']}"


def server_wrong(triage: Triage, expected: Mapping[str, Any]) -> Iterator[str]:
    server = triage.server
    if "matching_lines" in expected:
        found = server.matching.event.raw.strip() if server.matching else None
        if (found not in expected["matching_lines"]) if expected["matching_lines"] else found is not None:
            yield f"matching line {found}, expected one of {expected['matching_lines']}"
    if "absence" in expected and server.absence_proven is not (expected["absence"] == "proven"):
        yield f"absence proven: {server.absence_proven}, expected {expected['absence']} (coverage {server.coverage})"
    if server.ignored < expected.get("ignored_at_least", 0):
        yield f"{server.ignored} foreign lines ignored, at least {expected['ignored_at_least']}"


def words_wrong(triage: Triage, case: Case) -> Iterator[str]:
    expected, reply = case.expected, triage.reply.text if triage.reply else ""
    for kind, text, wanted in (
        ("must_say", reply, True),
        ("must_not_say", reply, False),
        ("note_says", triage.note, True),
        ("note_must_not_say", triage.note, False),
    ):
        for pattern in expected.get(kind, []):
            if bool(regex.search(pattern, text, regex.IGNORECASE, timeout=2)) is not wanted:
                yield f"{kind} {pattern!r}: {text}"
    for canary in expected.get("never_in_reply", []):
        if canary.lower() in reply.lower():
            yield f"the reply holds {canary!r}"
    whole = json.dumps(to_json(triage), ensure_ascii=False)
    for secret in expected.get("secrets", []):
        if secret in whole:
            yield f"a secret of the ticket is in the triage: {secret!r}"


def laws_broken(triage: Triage, case: Case) -> Iterator[str]:
    """What holds for every ticket."""
    d, reply = triage.diagnosis, triage.reply
    if d.verdict == "none" and reply is not None:
        yield "a ticket that is not about this got a reply"
    if d.verdict in ("answer", "ask") and (reply is None or not reply.text.strip()):
        yield "no reply was drafted"
    if sum(c.probability for c in d.causes) > 1.001:
        yield "the probabilities sum to more than 1"
    if any(s >= e for s, e in (m.span for m in triage.facts.errors)):
        yield "an error text has an empty span"
    if reply is None:
        return
    if found := INTERNAL.search(reply.text):
        yield f"the reply shows {found.group()!r}"
    own = {a for a in (triage.facts.mailbox, triage.ticket.requester) if a}
    for address in regex.findall(r"[\w.+-]+@[\w.-]+\w", reply.text):
        if address.lower() not in own and not address.lower().endswith(
            (".trekmail.net", "@trekmail.net", "@yourdomain.com", "@example.com")
        ):
            yield f"the reply shows the address {address}"


# -- the folder itself ---------------------------------------------------------------------------------


def test_the_folder_is_not_empty() -> None:
    assert len(CASES) >= 60


def test_every_check_and_every_other_cause_is_there() -> None:
    checks = Counter(c.expected.get("check") for c in CASES)
    assert all(checks[number] >= 3 for number in range(1, 11)), checks
    assert {c.expected.get("other") for c in CASES} - {None} == set(load().others)
    assert len({c.expected.get("language") for c in CASES} - {None}) >= 10
    assert len({p.name for c in CASES for p in c.folder.glob("ticket.*")}) == 4


@pytest.mark.parametrize("case", CASES, ids=[c.folder.name for c in CASES])
def test_case_is_well_made(case: Case) -> None:
    """Exactly one ticket; matching lines stand in its logs; nobody of the background; the numbers are unique."""
    expected = case.expected
    assert len(list(case.folder.glob("ticket.*"))) == 1
    assert ("check" in expected) != ("other" in expected)
    assert set(expected.get("matching_lines", [])) <= case.raw_lines()
    whole = "".join(p.read_text("utf-8", errors="replace") for p in case.folder.iterdir() if p.suffix != ".gz")
    assert not any(domain in whole for domain in DOMAINS)
    assert sum(p.name.startswith(case.folder.name[:4]) for p in FOLDER.iterdir()) == 1
