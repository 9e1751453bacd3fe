"""Evidence from the five places: what counts, what repeats, what says nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.evidence import of_account, of_errors, of_findings, of_server, of_words, steady_pace
from bot.core.model import Cue, Facts, Finding, Match
from bot.core.observed import Account, AccountView, ServerLine, ServerView, SuccessSum
from bot.logs.event import LogEvent
from knowledge import load

KNOWLEDGE = load()
START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
ANNA, HOME = "anna@firm.example", "192.0.2.7"
FACTS = Facts(mailbox=ANNA, protocols=("imap",))


def row(role: str, *, but: str = "") -> str:
    return next(e.id for e in KNOWLEDGE.errors.values() if e.role == role and e.id != but)


def matched(error_id: str, method: str = "pattern", **more: Any) -> Match:
    return Match(error_id, "x", 1.0 if method == "pattern" else 0.9, method, **more)


def event(seconds: float = 0, **fields: Any) -> LogEvent:
    moment = START + timedelta(seconds=seconds)
    return LogEvent(
        **(
            {
                "raw": f"line {seconds}",
                "event": "auth_failed",
                "outcome": "failure",
                "time": moment,
                "service": "imap",
                "login": ANNA,
                "mailbox": ANNA,
                "remote_ip": HOME,
                "reason": "password_mismatch",
                "host": "imap1",
            }
            | fields
        )
    )


def own(seconds: float = 0, **fields: Any) -> ServerLine:
    return ServerLine(event(seconds, **fields), "own", "-", True, 2.0)


def refs(pieces: list[Any]) -> dict[str, float]:
    return {piece.ref: weight for piece, weight in pieces}


# -- the pace --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "pace"),
    [
        ([n * 900 for n in range(8)], 900),
        ([n * 900 + (-1) ** n * 30 for n in range(8)], (700, 1100)),
        ([t for n in range(8) for t in (n * 900, n * 900 + 2, n * 900 + 60)], 900),
        ([n * 900 for n in range(4)], None),
        ([n * 300 for n in range(6)], None),
        ([0, 30, 60, 90, 120, 150], None),
        ([0, 100, 4000, 4100, 20000, 20200, 50000], None),
        ([], None),
        ([5], None),
    ],
)
def test_a_steady_pace_over_an_hour_is_a_program_by_itself(seconds: list[float], pace: Any) -> None:
    found = steady_pace([own(s) for s in seconds])
    if isinstance(pace, tuple):
        assert found is not None and pace[0] <= found <= pace[1]
    else:
        assert found == pace


def test_the_pace_does_not_depend_on_the_order_and_needs_times() -> None:
    lines = [own(n * 900) for n in range(8)]
    assert steady_pace(list(reversed(lines))) == steady_pace(lines) == 900
    assert steady_pace([replace(line, event=replace(line.event, time=None)) for line in lines]) is None


# -- error rows ------------------------------------------------------------------------------------------


def test_each_row_speaks_once() -> None:
    assert len(of_errors([matched("auth-failed"), matched("auth-failed")], Facts(), KNOWLEDGE)) == 1


def test_a_wrapper_is_silent_beside_anything_else_and_speaks_alone() -> None:
    wrapper, specific = row("wrapper"), row("specific")
    assert [p.ref for p, _ in of_errors([matched(wrapper), matched(specific)], Facts(), KNOWLEDGE)] == [specific]
    assert [p.ref for p, _ in of_errors([matched(wrapper)], Facts(), KNOWLEDGE)] == [wrapper]


def test_a_generic_row_adds_little_beside_a_specific_one() -> None:
    generic, specific = row("generic"), row("specific")
    both = refs(of_errors([matched(generic), matched(specific)], Facts(), KNOWLEDGE))
    alone = refs(of_errors([matched(generic)], Facts(), KNOWLEDGE))
    assert both[specific] == 1.0 and both[generic] < alone[generic]


def test_likeness_and_quotation_count_less() -> None:
    full = refs(of_errors([matched("auth-failed")], Facts(), KNOWLEDGE))["auth-failed"]
    assert refs(of_errors([matched("auth-failed", "fuzzy")], Facts(), KNOWLEDGE))["auth-failed"] < full
    assert refs(of_errors([matched("auth-failed", quoted=True)], Facts(), KNOWLEDGE))["auth-failed"] < full
    assert of_errors([], Facts(), KNOWLEDGE) == []


# -- settings and words ----------------------------------------------------------------------------------


def test_a_second_finding_for_the_same_check_repeats_the_first() -> None:
    one = Finding("unsupported-port", "Port 143 …", "port-and-tls")
    two = Finding("tls-mode", "Port 993 …", "port-and-tls")
    weights = [w for _, w in of_findings([one, two], FACTS, KNOWLEDGE)]
    assert weights[0] == 1.0 and weights[1] < 0.5


def test_words_for_one_cause_wear_off() -> None:
    cause_of = {c.id: max(c.supports, key=lambda k: c.supports[k]) for c in KNOWLEDGE.cues.values() if c.supports}
    cause = max(set(cause_of.values()), key=list(cause_of.values()).count)
    cues = [cue for cue, leading in cause_of.items() if leading == cause][:4]
    assert len(cues) >= 3
    pieces = [
        w for p, w in of_words(replace(FACTS, cues=tuple(Cue(c, (0, 1)) for c in cues)), (), KNOWLEDGE) if p.ref in cues
    ]
    assert pieces == sorted(pieces, reverse=True) and pieces[0] > pieces[-1]


def test_cues_that_only_set_facts_are_no_evidence() -> None:
    silent = next((c.id for c in KNOWLEDGE.cues.values() if not c.supports and not c.refutes), None)
    assert silent is None or silent not in refs(of_words(replace(FACTS, cues=(Cue(silent, (0, 1)),)), (), KNOWLEDGE))


# -- the server ------------------------------------------------------------------------------------------


def test_an_own_line_outweighs_one_that_only_names_the_mailbox() -> None:
    mine = own()
    weight = refs(of_server(ServerView(lines=(mine,), matching=mine), FACTS, KNOWLEDGE))["line 0"]
    other = replace(mine, ownership="mailbox")
    assert weight > refs(of_server(ServerView(lines=(other,), matching=other), FACTS, KNOWLEDGE))["line 0"]


def test_nothing_found_and_nothing_proven_says_nothing() -> None:
    assert of_server(ServerView(), FACTS, KNOWLEDGE) == []
    assert of_server(ServerView(coverage="partial", failed="down"), FACTS, KNOWLEDGE) == []


def test_proven_silence_speaks_for_the_way_to_us_and_against_passwords() -> None:
    ((piece, weight),) = of_server(
        ServerView("full", START, START + timedelta(hours=3), absence_proven=True), FACTS, KNOWLEDGE
    )
    assert piece.ref == "absence" and weight > 0
    assert {"hostnames", "network-block"} <= set(piece.supports) and piece.refutes["mailbox-password"] < 0.2


def test_silence_says_less_where_they_logged_in_meanwhile() -> None:
    good = SuccessSum(ANNA, HOME, "imap", "imap1", START, 2, START + timedelta(minutes=5), START + timedelta(minutes=9))
    quiet = ServerView("full", START, START + timedelta(hours=3), absence_proven=True)
    assert (
        of_server(replace(quiet, successes=(good,)), FACTS, KNOWLEDGE)[0][1] < of_server(quiet, FACTS, KNOWLEDGE)[0][1]
    )


def test_a_program_that_retries_by_itself_is_told_with_its_figures() -> None:
    lines = tuple(own(n * 900) for n in range(9))
    pieces = of_server(ServerView(lines=lines, matching=lines[-1]), FACTS, KNOWLEDGE)
    retries = next(p for p, _ in pieces if p.ref == "retries")
    assert "900" in retries.text and "9" in retries.text and "{" not in retries.text
    assert max(retries.supports, key=lambda c: retries.supports[c]) == "stale-client-profile"


def test_a_success_after_the_refusal_is_told_and_one_by_another_protocol_is_not() -> None:
    mine = own()

    def pieces(**fields: Any) -> set[str]:
        good = SuccessSum(
            **(
                {
                    "mailbox": ANNA,
                    "remote_ip": HOME,
                    "service": "imap",
                    "host": "imap1",
                    "hour": START,
                    "count": 1,
                    "first": START,
                    "last": START + timedelta(minutes=3),
                }
                | fields
            )
        )
        return set(refs(of_server(ServerView(lines=(mine,), matching=mine, successes=(good,)), FACTS, KNOWLEDGE)))

    assert "success-later" in pieces()
    assert "success-later" not in pieces(service="submission")
    assert "success-later" not in pieces(last=START - timedelta(minutes=3))
    assert "success-meanwhile" in pieces(remote_ip="203.0.113.9")


def test_what_a_line_says_is_no_template() -> None:
    evil = own(0, login="{detail}{seconds}", mailbox=None, reason="unknown_user")
    facts = replace(FACTS, login="{detail}{seconds}")
    pieces = of_server(ServerView(lines=(evil,), matching=evil), facts, KNOWLEDGE)
    assert pieces and "?" not in pieces[0][0].text


# -- the account -----------------------------------------------------------------------------------------


def account(**fields: Any) -> AccountView:
    return AccountView(Account(ANNA, **fields))


@pytest.mark.parametrize(
    ("view", "facts", "ref"),
    [
        (account(paused=True), FACTS, "paused"),
        (account(paused=True, paused_reason="Abuse report"), FACTS, "paused-abuse"),
        (account(paused=False), FACTS, "active"),
        (account(domain_verified=False), FACTS, "domain-unverified"),
        (account(plan="nano"), replace(FACTS, protocols=("smtp",)), "plan-cannot-send"),
        (account(plan="pro"), replace(FACTS, protocols=("smtp",)), "plan-can-send"),
        (account(alias_of="info@firm.example"), FACTS, "alias"),
        (AccountView(absent=True), FACTS, "no-such-mailbox"),
    ],
)
def test_facts_of_the_account(view: AccountView, facts: Facts, ref: str) -> None:
    assert ref in refs(of_account(view, facts, KNOWLEDGE))


@pytest.mark.parametrize(
    ("view", "facts"),
    [
        (AccountView(), FACTS),
        (AccountView(failed="down"), FACTS),
        (account(), FACTS),
        (account(plan="unheard-of"), replace(FACTS, protocols=("smtp",))),
        (account(plan="nano"), FACTS),
        (AccountView(absent=True), Facts()),
    ],
)
def test_what_is_unknown_says_nothing(view: AccountView, facts: Facts) -> None:
    assert of_account(view, facts, KNOWLEDGE) == []
