"""Probes as evidence: a failing service of ours is ours and never a password; what is stale, of another protocol, or
contradicted by the log says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.store.database import Database
from bot.adapters.store.desk import DeskStore
from bot.adapters.store.upgrade import upgrade
from bot.core.model import Endpoint, Facts, Ticket, TimeHint
from bot.core.observed import Account, AccountView, ServerLine, ServerView
from bot.core.probe import ProbeResult, own_servers
from bot.core.probe_evidence import FRESH, OUR_SIDE, ProbeFact, failing, of_probes
from bot.errors import InputError
from bot.logs.event import LogEvent
from bot.probing import DOMAINS_AN_HOUR, ProbeWatch, StoredProbes
from bot.triage import Triager
from knowledge import Knowledge, load

KNOWLEDGE = load()
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORDS = {"mailbox-password", "stale-client-profile", "username-full-address"}
WELL = ProbeFact("smtp.trekmail.net:465", "server", NOW, True, protocol="smtp", port=465)
TICKETS = {
    "imap": "anna@firm.example: Thunderbird 128 says: Login to server imap.trekmail.net with username anna@firm.example failed. I use port 993 SSL.",
    "smtp": "Sending fails for anna@firm.example since today: 535 5.7.8 Error: authentication failed. smtp.trekmail.net port 587 STARTTLS, receiving works.",
}


def down(
    fault: str = "refused", protocol: str = "imap", *, port: int = 993, since: int = 40, at: int = 2, fails: int = 4
) -> ProbeFact:
    """Our server as it was looked at ``at`` minutes ago, failing for ``since`` minutes."""
    return ProbeFact(
        f"{protocol}.trekmail.net:{port}",
        "server",
        NOW - timedelta(minutes=at),
        False,
        fault,
        NOW - timedelta(minutes=since),
        fails,
        protocol,
        port,
    )


class Seen:
    """The port ``Probes`` as a list."""

    def __init__(self, *facts: ProbeFact) -> None:
        self.facts, self.asked = facts, []  # type: tuple[ProbeFact, ...], list[str | None]

    def seen(self, domain: str | None) -> Sequence[ProbeFact]:
        self.asked.append(domain)
        return self.facts


class Noon:
    def now(self) -> datetime:
        return NOW


class Directory(EmptyAccountDirectory):
    """Knows anna@firm.example."""

    def lookup(self, address: str) -> AccountView:
        return AccountView(Account("anna@firm.example")) if address == "anna@firm.example" else AccountView()


@pytest.fixture(scope="module")
def plain(triager: Triager) -> Triager:
    """The session's triager with a directory."""
    return replace(triager, accounts=Directory(), clock=Noon())


def told(plain: Triager, body: str, *facts: ProbeFact) -> tuple[str, str, str]:
    """(leading cause, confidence, verdict)."""
    diagnosis = replace(plain, probes=Seen(*facts)).triage(Ticket("t", body, received_at=NOW)).diagnosis
    return diagnosis.causes[0].cause, diagnosis.confidence, diagnosis.verdict


@pytest.mark.parametrize(
    ("name", "fact", "cause"),
    [
        ("imap", down(), "server_side"),
        ("imap", down("timeout"), "server_side"),
        ("imap", down("closed"), "server_side"),
        ("imap", down("tls"), "server_side"),
        ("imap", down("expired", fails=1), "certificate_expired"),
        ("imap", down("wrong_name", fails=1), "server_side"),
        ("smtp", down("starttls", "smtp", port=587), "server_side"),
        ("smtp", down("refused", "smtp", port=587), "server_side"),
    ],
)
def test_a_failing_service_of_ours_is_ours_and_never_a_password(
    plain: Triager, name: str, fact: ProbeFact, cause: str
) -> None:
    assert told(plain, TICKETS[name])[0] not in ("server_side", "certificate_expired"), (
        "without the probe it is something else"
    )
    lead, confidence, verdict = told(plain, TICKETS[name], fact, WELL)
    assert lead == cause and confidence == "likely", "never confirmed: no line of the customer's says so"
    assert verdict in ("answer", "escalate")
    reply = replace(plain, probes=Seen(fact, WELL)).triage(Ticket("t", TICKETS[name], received_at=NOW)).reply
    assert reply is None or not re.search(
        r"(re-?enter|retype|type|enter|change|reset) (it|your|the) (\w+ )?password|password (is|was) (wrong|incorrect)",
        reply.text,
    )


@pytest.mark.parametrize(
    "fact",
    [
        down(at=int(FRESH.total_seconds() // 60) + 5, since=90),  # stale
        down(fails=1),  # seen once
        down("refused", "smtp", port=465),  # another protocol
        down("soon"),
        down("refused", port=143),  # a port that the ticket does not use
    ],
)
def test_what_is_stale_or_of_something_else_says_nothing(plain: Triager, fact: ProbeFact) -> None:
    assert told(plain, TICKETS["imap"], fact) == told(plain, TICKETS["imap"])


def test_a_failure_of_yesterday_is_not_explained_by_an_outage_of_today() -> None:
    facts = Facts(protocols=("imap",), occurred=TimeHint(NOW - timedelta(hours=26), NOW - timedelta(hours=24), True))
    assert of_probes([down(), WELL], facts, ServerView(), NOW, KNOWLEDGE) == []
    assert of_probes([down(), WELL], Facts(protocols=("imap",)), ServerView(), NOW, KNOWLEDGE)


def test_a_watcher_without_network_blames_nobody() -> None:
    for fault in OUR_SIDE:
        assert failing([down(fault), down(fault, "smtp", port=465)], NOW) == []
    assert failing([down("refused"), down("timeout", "smtp", port=465)], NOW), "a refusal was said by somebody"


def test_a_line_of_theirs_since_then_outweighs_the_probe() -> None:
    event = LogEvent(
        raw="x",
        event="auth_failed",
        outcome="failure",
        time=NOW - timedelta(minutes=5),
        service="imap",
        login="anna@firm.example",
        mailbox="anna@firm.example",
    )
    line = ServerLine(event, "own", "-", True, 3.0)
    facts = Facts(protocols=("imap",))
    assert of_probes([down(), WELL], facts, ServerView(matching=line, lines=(line,)), NOW, KNOWLEDGE) == []


def test_a_well_service_is_a_little_less_ours(plain: Triager) -> None:
    body = "anna@firm.example: is your IMAP server down? Thunderbird cannot connect since an hour, imap.trekmail.net port 993"
    well = ProbeFact("imap.trekmail.net:993", "server", NOW, True, protocol="imap", port=993)
    chances = [
        {
            c.cause: c.probability
            for c in replace(plain, probes=Seen(*facts)).triage(Ticket("t", body, received_at=NOW)).diagnosis.causes
        }
        for facts in ((), (well,))
    ]
    assert chances[1].get("server_side", 0) < chances[0]["server_side"]


def test_the_domain_is_only_asked_about_where_the_directory_knows_the_mailbox(plain: Triager) -> None:
    for body, domain in (
        ("anna@firm.example cannot log in", "firm.example"),
        ("boss@bank.example cannot log in", None),
        ("please look at evil.example", None),
    ):
        seen = Seen()
        replace(plain, probes=seen).triage(Ticket("t", body, received_at=NOW))
        assert seen.asked == [domain]
    seen = Seen()
    replace(plain, probes=seen).triage(Ticket("t", "anna@firm.example cannot log in", received_at=NOW), blind=True)
    assert seen.asked == [None]


def test_a_host_of_their_own_domain_that_does_not_exist_is_check_3() -> None:
    missing = ProbeFact("imap.firm.example", "host", NOW, None, "missing")
    facts = Facts(
        mailbox="anna@firm.example",
        protocols=("imap",),
        endpoints=(Endpoint("imap.firm.example", 993, protocol="imap"),),
    )
    [(evidence, _)] = of_probes([missing], facts, ServerView(), NOW, KNOWLEDGE)
    assert (
        evidence.ref == "domain-host-missing"
        and max(evidence.supports, key=lambda c: evidence.supports[c]) == "hostnames"
    )
    assert of_probes([missing], Facts(protocols=("imap",)), ServerView(), NOW, KNOWLEDGE) == [], (
        "the ticket does not name it"
    )


# -- what is remembered ----------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def remembered(tmp_path: Path) -> Iterator[tuple[DeskStore, Clock]]:
    clock = Clock()
    database = Database(f"sqlite:///{tmp_path}/desk.db")
    upgrade(database)
    yield DeskStore(database, clock), clock
    database.engine.dispose()


def test_what_the_watch_saw_is_read_with_its_age(remembered: tuple[DeskStore, Clock], knowledge: Knowledge) -> None:
    desk, _ = remembered
    servers = own_servers(knowledge.settings)
    watch = ProbeWatch(
        desk,
        lambda: [
            ProbeResult(s.target, "server", s.protocol != "imap", "x", 0.1, None if s.protocol != "imap" else "refused")
            for s in servers
        ],
    )
    for minute in (0, 5):
        watch.look(NOW + timedelta(minutes=minute))
    facts = {f.target: f for f in StoredProbes(desk, servers).seen(None)}
    imap = next(f for f in facts.values() if f.protocol == "imap")
    assert (imap.ok, imap.fault, imap.fails, imap.since, imap.at) == (
        False,
        "refused",
        2,
        NOW,
        NOW + timedelta(minutes=5),
    )
    assert [f.target for f in failing(list(facts.values()), NOW + timedelta(minutes=6))] == [imap.target]
    assert failing(list(facts.values()), NOW + timedelta(hours=2)) == []


def test_domains_are_asked_about_once_a_day_and_so_many_an_hour(remembered: tuple[DeskStore, Clock]) -> None:
    desk, clock = remembered
    asked: list[str] = []

    def ask(domain: str) -> list[ProbeResult]:
        asked.append(domain)
        if domain.startswith("bad"):
            raise InputError("no domain")
        return [ProbeResult(f"imap.{domain}", "host", None, "", 0.1, "missing")]

    probes = StoredProbes(desk, (), ask)
    for _ in range(3):
        assert (
            [f.fault for f in probes.seen("firm.example")] == ["missing"]
            and probes.seen("bad_.example") == []
            and probes.seen(None) == []
        )
    assert asked == ["firm.example", "bad_.example"]
    for number in range(DOMAINS_AN_HOUR + 20):
        probes.seen(f"f{number}.example")
    assert len(asked) == DOMAINS_AN_HOUR
    assert [f.fault for f in StoredProbes(desk, ()).seen("firm.example")] == ["missing"], (
        "who may not ask reads what is known"
    )
    clock.moment += timedelta(hours=1)
    probes.seen("late.example")
    assert asked[-1] == "late.example"
