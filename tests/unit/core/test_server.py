"""Which server lines are the customer's, which one is the line, and when silence proves something."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.line_rules import rule_of
from bot.core.model import ClientMention, Facts, TimeHint
from bot.core.networks import network_of, networks_of, within
from bot.core.observed import HostCoverage, LogResult, ServerView, SuccessSum
from bot.core.posterior import posterior
from bot.core.server import anonymous_query, first_query, history_query, read_server, second_query, window_of
from bot.core.whose import is_slip, known_networks, login_shape, name_in, strangers
from bot.logs.event import LogEvent
from knowledge import load

KNOWLEDGE = load()
RECEIVED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ANNA = "anna@firm.example"
HOME, STRANGER = "192.0.2.7", "203.0.113.66"
FACTS = Facts(mailbox=ANNA, domain="firm.example", protocols=("imap",))
EXPECTED = posterior([], KNOWLEDGE)


def line(minutes_before: float = 10, **fields: Any) -> LogEvent:
    moment = RECEIVED - timedelta(minutes=minutes_before)
    base: dict[str, Any] = {
        "event": "auth_failed",
        "outcome": "failure",
        "time": moment,
        "host": "imap1",
        "program": "dovecot",
        "service": "imap",
        "reason": "password_mismatch",
        "login": ANNA,
        "mailbox": ANNA,
        "remote_ip": HOME,
        "tls": "tls",
    }
    base |= fields
    base.setdefault(
        "raw", f"{moment.isoformat()} {base['event']} {base['login']} {base['remote_ip']} {base.get('detail', '')}"
    )
    return LogEvent(**base)


def nameless(minutes_before: float = 10, **fields: Any) -> LogEvent:
    return line(
        minutes_before,
        **{
            "event": "tls_failed",
            "login": None,
            "mailbox": None,
            "reason": None,
            "tls": "handshake",
            "detail": "sslv3 alert bad certificate: SSL alert number 42",
        }
        | fields,
    )


def success(ip: str = HOME, service: str = "imap", last: datetime | None = None, mailbox: str = ANNA) -> SuccessSum:
    last = last or RECEIVED - timedelta(days=2)
    return SuccessSum(mailbox, ip, service, "imap1", last.replace(minute=0), 3, last - timedelta(minutes=5), last)


COVERED = HostCoverage(
    "imap1", "dovecot", RECEIVED - timedelta(days=40), RECEIVED + timedelta(minutes=2), 90_000, ("imap",)
)


def view(
    *lines: LogEvent,
    facts: Facts = FACTS,
    successes: tuple[SuccessSum, ...] = (),
    second: tuple[LogEvent, ...] = (),
    hosts: tuple[HostCoverage, ...] = (COVERED,),
    anonymous: LogResult | None = None,
    failed: str | None = None,
    neighbours: frozenset[str] = frozenset(),
) -> ServerView:
    first = LogResult(lines, successes, failed=failed)
    known = known_networks(facts, first, KNOWLEDGE)
    return read_server(
        facts,
        window_of(facts, RECEIVED),
        RECEIVED,
        first,
        LogResult(second),
        hosts,
        known,
        KNOWLEDGE,
        EXPECTED,
        anonymous=anonymous,
        neighbours=neighbours,
    )


# -- whose line ------------------------------------------------------------------------------------------


def test_their_mailbox_from_a_known_address_is_their_own() -> None:
    out = view(line(), successes=(success(),))
    assert out.matching is not None and out.matching.ownership == "own"
    assert out.known_ips == (HOME,)


def test_their_mailbox_from_an_unknown_address_is_only_the_mailboxs() -> None:
    out = view(line())
    assert out.matching is not None and out.matching.ownership == "mailbox"


def test_a_stranger_who_guesses_their_password_is_ignored() -> None:
    noise = [line(n, remote_ip=STRANGER) for n in range(1, 30)]
    own = line(12, event="connection_limit", reason="connection_limit", limit=10)
    out = view(*noise, own, successes=(success(),))
    assert out.matching is not None and out.matching.event is own
    assert out.ignored >= 29


def test_noise_alone_is_nothing_of_theirs() -> None:
    out = view(*(line(n, remote_ip=STRANGER) for n in range(1, 30)), successes=(success(),))
    assert out.matching is None


def test_a_nameless_line_counts_from_their_address_only() -> None:
    out = view(second=(nameless(5),), successes=(success(),))
    assert out.matching is not None and out.matching.ownership == "address"
    assert view(second=(nameless(5, remote_ip=STRANGER),), successes=(success(),)).matching is None


def test_ipv6_customers_move_inside_their_own_64() -> None:
    known = (success("2001:db8:1:2::aaaa"),)
    assert view(line(remote_ip="2001:db8:1:2:ffff::1"), successes=known).matching.ownership == "own"  # type: ignore[union-attr]
    assert view(line(remote_ip="2001:db8:1:3::1"), successes=known).matching is None


def test_the_program_they_name_makes_a_line_their_own() -> None:
    facts = replace(FACTS, clients=(ClientMention("Thunderbird"),))
    out = view(line(client="Thunderbird", remote_ip=STRANGER), facts=facts)
    assert out.matching is not None and out.matching.ownership == "own"


def test_a_colleague_behind_the_same_address_is_not_them() -> None:
    out = view(second=(line(login="bea@firm.example", mailbox="bea@firm.example"),), successes=(success(),))
    assert out.matching is None


def test_a_neighbour_whose_address_is_one_letter_away_is_not_a_slip() -> None:
    other = line(login="anne@firm.example", mailbox="anne@firm.example")
    assert view(second=(other,), successes=(success(),), neighbours=frozenset({"anne@firm.example"})).matching is None
    slip = view(second=(other,), successes=(success(),))
    assert slip.matching is not None and slip.matching.ownership == "own"


def test_a_bare_login_from_their_address_is_their_own() -> None:
    out = view(second=(line(login="anna", mailbox=None, reason="unknown_user"),), successes=(success(),))
    assert out.matching is not None and out.matching.ownership == "own"
    assert rule_of(out.matching.event, "bare", KNOWLEDGE).id == "login-bare"  # type: ignore[union-attr]


def test_another_annas_bare_login_from_a_strange_address_is_not_theirs() -> None:
    assert view(line(login="anna", mailbox=None, remote_ip=STRANGER), successes=(success(),)).matching is None


def test_a_ban_counts_for_their_address_only() -> None:
    ban = line(5, event="ban", login=None, mailbox=None, reason=None, program="fail2ban.actions", service="ban")
    assert view(second=(ban,), successes=(success(),)).matching is not None
    assert view(second=(replace(ban, remote_ip=STRANGER),), successes=(success(),)).matching is None


def test_addresses_of_the_hosts_own_webmail_are_nobodys() -> None:
    knowledge = replace(KNOWLEDGE, settings=replace(KNOWLEDGE.settings, webmail_addresses=("198.51.100.80",)))
    assert known_networks(FACTS, LogResult(successes=(success("198.51.100.80"), success())), knowledge) == (HOME,)


def test_the_addresses_of_others_are_not_learnt() -> None:
    assert known_networks(FACTS, LogResult(successes=(success(mailbox="bea@firm.example"),)), KNOWLEDGE) == ()


# -- which line ------------------------------------------------------------------------------------------


def test_lines_outside_the_window_are_not_the_line() -> None:
    assert view(line(60 * 24 * 5), successes=(success(),)).matching is None


def test_the_line_at_the_customers_clock_is_preferred() -> None:
    at = RECEIVED - timedelta(minutes=75)
    facts = replace(FACTS, occurred=TimeHint(at - timedelta(hours=3), RECEIVED, False, at.hour * 60 + at.minute))
    near, far = line(74.5), line(45)
    out = view(far, near, facts=facts, successes=(success(),))
    assert out.matching is not None and out.matching.event is near


def test_a_clock_of_an_unknown_zone_fits_whole_hours_off() -> None:
    at = RECEIVED - timedelta(minutes=75)
    clock = ((at.hour + 5) % 24) * 60 + at.minute
    facts = replace(FACTS, occurred=TimeHint(at - timedelta(hours=3), RECEIVED, False, clock))
    out = view(line(60), line(75), facts=facts, successes=(success(),))
    assert out.matching is not None and out.matching.event.time == at


def test_what_the_ticket_says_tells_which_of_several_own_lines_is_meant() -> None:
    cap, password = line(20, event="connection_limit", reason="connection_limit"), line(19)
    for cause, wanted in (("imap-connection-limit", cap), ("mailbox-password", password)):
        expected = dict.fromkeys(EXPECTED, 0.01) | {cause: 0.8}
        first = LogResult((cap, password), (success(),))
        out = read_server(
            FACTS, window_of(FACTS, RECEIVED), RECEIVED, first, LogResult(), (COVERED,), (HOME,), KNOWLEDGE, expected
        )
        assert out.matching is not None and out.matching.event is wanted


def test_the_failing_protocols_line_is_preferred() -> None:
    facts = replace(FACTS, protocols=("smtp",))
    smtp = line(20, service="submission", program="postfix/submission/smtpd", host="smtp1")
    out = view(line(19), smtp, facts=facts, successes=(success(),))
    assert out.matching is not None and out.matching.event is smtp


def test_the_same_line_found_twice_counts_once() -> None:
    one = line()
    assert len(view(one, successes=(success(),), second=(one,)).lines) == 1


def test_shown_lines_are_in_time_order_and_never_foreign() -> None:
    out = view(line(3), line(30), line(14, remote_ip=STRANGER), nameless(9), successes=(success(),))
    times = [shown.event.time for shown in out.lines]
    assert times == sorted(times) and all(shown.ownership != "foreign" for shown in out.lines)  # type: ignore[type-var]


# -- silence ---------------------------------------------------------------------------------------------


def test_silence_is_proven_where_all_is_covered_and_their_address_is_known() -> None:
    out = view(successes=(success(),))
    assert out.absence_proven and out.coverage == "full"


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (replace(COVERED, gaps=((RECEIVED - timedelta(hours=3), RECEIVED - timedelta(hours=2)),)),),
        (replace(COVERED, first=RECEIVED - timedelta(hours=1)),),
        (replace(COVERED, last=RECEIVED - timedelta(hours=1)),),
        (replace(COVERED, services=("submission",)),),
        (COVERED, replace(COVERED, host="imap2", last=RECEIVED - timedelta(hours=6))),
    ],
)
def test_silence_proves_nothing_where_a_host_was_not_watched(hosts: tuple[HostCoverage, ...]) -> None:
    out = view(successes=(success(),), hosts=hosts)
    assert not out.absence_proven and out.coverage != "full"


def test_a_gap_of_a_host_of_another_protocol_does_not_matter() -> None:
    smtp = HostCoverage("smtp1", "postfix", RECEIVED - timedelta(hours=1), RECEIVED, 10, ("submission", "smtps"))
    assert view(successes=(success(),), hosts=(COVERED, smtp)).absence_proven


def test_silence_proves_nothing_where_we_could_not_look() -> None:
    out = view(successes=(success(),), failed="the log store is down")
    assert not out.absence_proven and out.coverage == "none" and out.failed


def test_without_a_known_address_a_nameless_failure_may_be_theirs() -> None:
    assert not view(anonymous=LogResult((nameless(8, remote_ip=STRANGER),))).absence_proven
    assert view(anonymous=LogResult()).absence_proven
    assert not view(anonymous=LogResult(failed="down")).absence_proven
    assert not view(anonymous=None).absence_proven


def test_without_a_mailbox_nothing_is_proven() -> None:
    assert not view(facts=Facts(protocols=("imap",)), anonymous=LogResult()).absence_proven


def test_a_monitor_that_probes_all_day_is_no_customer() -> None:
    probes = [
        nameless(n, event="no_auth_attempts", tls="handshake", remote_ip=STRANGER, detail=None)
        for n in range(0, 300, 60)
    ]
    once = nameless(7, remote_ip="203.0.113.8")
    assert strangers([*probes, once]) == [once]


# -- queries ---------------------------------------------------------------------------------------------


def test_the_first_query_names_the_customer() -> None:
    window = window_of(FACTS, RECEIVED)
    query = first_query(replace(FACTS, login="akern", ips=(HOME,)), window, ("anna@firn.example",))
    assert query is not None
    assert (
        ANNA in query.mailboxes and {"akern", "anna", "anna@firn.example"} <= set(query.logins) and query.ips == (HOME,)
    )
    assert (query.since, query.until) == (window.since, window.until)


def test_weeks_of_successes_are_asked_for_without_lines() -> None:
    query = history_query(FACTS, RECEIVED)
    assert query is not None and query.limit == 0 and query.mailboxes == (ANNA,)
    assert query.since <= RECEIVED - timedelta(days=29) and query.until >= RECEIVED
    assert history_query(Facts(), RECEIVED) is None


def test_who_names_nothing_is_not_searched_for() -> None:
    window = window_of(Facts(), RECEIVED)
    assert first_query(Facts(), window, ()) is None
    assert second_query((), window) is None
    assert anonymous_query(Facts(), window, LogResult(), ()) is None
    assert anonymous_query(FACTS, window, LogResult(), (HOME,)) is None


def test_the_window_is_the_tickets_own_words_or_a_day_and_a_half() -> None:
    wide = window_of(FACTS, RECEIVED)
    assert wide.since == RECEIVED - timedelta(hours=36) and wide.until >= RECEIVED
    hint = TimeHint(RECEIVED - timedelta(days=90), RECEIVED + timedelta(days=3), True)
    capped = window_of(replace(FACTS, occurred=hint), RECEIVED)
    assert capped.since >= RECEIVED - timedelta(days=7) and capped.until <= RECEIVED + timedelta(minutes=5)
    future = TimeHint(RECEIVED + timedelta(days=1), RECEIVED + timedelta(days=2), True)
    window = window_of(replace(FACTS, occurred=future), RECEIVED)
    assert window.since <= window.until


# -- names and addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "shape"),
    [
        (None, "any"),
        (ANNA, "full"),
        ("Anna@FIRM.example", "full"),
        ("anna", "bare"),
        ("FIRM\\anna", "bare"),
        ("anna@firm.exmaple", "misspelt"),
        ("anan@firm.example", "misspelt"),
        ("anna@firm", "misspelt"),
        ("bea@firm.example", "foreign"),
        ("bea", "foreign"),
        ("anna@elsewhere.test", "foreign"),
    ],
)
def test_shapes_of_logins(login: str | None, shape: str) -> None:
    assert login_shape(login, FACTS) == shape


@pytest.mark.parametrize(
    ("login", "slip"),
    [
        (ANNA, False),
        ("anna@frim.example", True),
        ("anna@firm.exampel", True),
        ("ana@firm.example", True),
        ("anna", False),
        ("otto@firm.example", False),
        ("anna@other.test", False),
    ],
)
def test_slips(login: str, slip: bool) -> None:
    assert is_slip(login, ANNA) is slip


def test_short_names_are_never_slips_of_each_other() -> None:
    assert not is_slip("al@firm.example", "ed@firm.example") and not is_slip("al@firm.example", "ali@firm.example")


def test_the_envelope_sender_names_the_customer_on_submission_only() -> None:
    refused = line(event="sender_rejected", login=None, mailbox=None, service="submission", sender=ANNA)
    assert name_in(refused) == ANNA
    assert name_in(replace(refused, service="smtp")) is None and name_in(replace(refused, outcome="success")) is None


@pytest.mark.parametrize(
    ("address", "unit"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", None),
        ("2001:db8::/32", None),
        ("no address", None),
        ("", None),
        ("192.0.2.7/32", "192.0.2.7"),
    ],
)
def test_the_unit_in_which_addresses_are_compared(address: str, unit: str | None) -> None:
    assert network_of(address) == unit


def test_within() -> None:
    assert (
        within("2001:db8::5", ["2001:db8::/64"])
        and within(HOME, [HOME])
        and not within("2001:db8:0:1::5", ["2001:db8::/64"])
    )
    assert not within(None, [HOME]) and not within("x", [HOME]) and not within(HOME, [])
    assert networks_of([HOME, None, "", "x", "2001:db8::1"]) == {HOME, "2001:db8::/64"}
