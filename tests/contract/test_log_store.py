"""The LogStore port: one suite, every back-end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.memory import EmptyLogStore, MemoryLogStore
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.core.observed import LogQuery
from bot.logs.event import LogEvent
from bot.look_again import stand_of
from bot.ports import LogStore

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., LogStore]
"""Takes events, one batch an argument. tests/real has the same over PostgreSQL."""


PLACES = 3
"""Databases in which a test's stores of ClickHouse lie; the fourth takes the place of the first."""


@pytest.fixture(params=["memory", "sqlite", "clickhouse"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """A function that makes a store of the back-end at hand over some events."""
    made = 0

    def memory(*batches: Sequence[LogEvent]) -> LogStore:
        return MemoryLogStore(chain(*batches))

    def sqlite(*batches: Sequence[LogEvent]) -> LogStore:
        nonlocal made
        made += 1
        store = SqliteLogStore(tmp_path / f"log{made}.sqlite")
        for events in batches:
            store.add(events)
        return store

    def in_clickhouse(*batches: Sequence[LogEvent]) -> LogStore:
        nonlocal made
        url, engine = request.getfixturevalue("engine")
        database = f"logs{made % PLACES}"
        made += 1
        engine.wipe(database)
        store = ClickHouseLogStore(f"{url}{database}?days=30000", seconds=20)
        for events in batches:
            store.add(events)
        return store

    return {"memory": memory, "sqlite": sqlite, "clickhouse": in_clickhouse}[request.param]


def failure(minutes: float = 0, login: str | None = "anna@example.com", **fields: object) -> LogEvent:
    """A refused IMAP login some minutes after noon."""
    given = {
        "raw": f"imap-login: auth failed {login} {minutes}",
        "event": "auth_failed",
        "outcome": "failure",
        "time": NOON + timedelta(minutes=minutes),
        "host": "imap1",
        "program": "dovecot",
        "service": "imap",
        "login": login,
        "mailbox": login.lower() if login and "@" in login else None,
        "remote_ip": "192.0.2.7",
    }
    return LogEvent(**{**given, **fields})  # type: ignore[arg-type]


def success(minutes: float = 0, mailbox: str | None = "anna@example.com", **fields: object) -> LogEvent:
    """An accepted IMAP login."""
    return failure(minutes, mailbox, **{"event": "login", "outcome": "success", "raw": f"Login {minutes}", **fields})


def logout(minutes: float, session: str, **fields: object) -> LogEvent:
    """The end of an IMAP session."""
    return failure(minutes, event="logout", outcome="neutral", raw="Logged out", session=session, **fields)


def ask(since: datetime = NOON - DAY, until: datetime = NOON + DAY, **selectors: object) -> LogQuery:
    return LogQuery(since, until, **selectors)  # type: ignore[arg-type]


def test_every_field_of_a_line_comes_back(make: Make) -> None:
    full = LogEvent(
        raw="a line with \x00, \ufffd, \"quotes\" and 'more' – 漢字",
        event="auth_failed",
        outcome="failure",
        time=NOON + timedelta(microseconds=123456),
        host="imap1",
        program="dovecot",
        service="imap",
        pid=7,
        session="abc",
        queue_id="4F",
        reason="password_mismatch",
        mailbox="anna@example.com",
        login="Anna@example.com",
        remote_ip="2001:db8:1:2::3",
        remote_port=49152,
        local_ip="192.0.2.1",
        tls="TLSv1.3",
        mechanism="PLAIN",
        reply_code=535,
        enhanced_status="5.7.8",
        format="rfc3164",
        detail="d",
        sender="s@example.com",
        recipient="r@example.com",
        client="iPhone Mail",
        client_version="18.1",
        attempts=3,
        seconds=12,
        limit=10,
    )
    assert make([full]).search(ask(mailboxes=("anna@example.com",))).lines == (full,)


@pytest.mark.parametrize(
    ("selectors", "found"),
    [
        ({"mailboxes": ("anna@example.com",)}, ["full", "upper"]),
        ({"mailboxes": ("ANNA@EXAMPLE.COM",)}, ["full", "upper"]),
        ({"logins": ("anna",)}, ["bare"]),
        ({"logins": ("ANNA",)}, ["bare"]),
        ({"domains": ("example.com",)}, ["full", "upper", "ben"]),
        ({"domains": ("ample.com",)}, []),
        ({"ips": ("192.0.2.9",)}, ["bare"]),
        ({"ips": ("192.0.2.9/32",)}, ["bare"]),
        ({"ips": ("2001:db8:1:2::99",)}, ["v6"]),
        ({"ips": ("2001:db8:1:2::/64",)}, ["v6"]),
        ({"ips": ("2001:db8:1:3::1",)}, []),
        ({"ips": ("2001:db8::/32",)}, []),
        ({"ips": ("no address", "")}, []),
        ({"logins": ("anna",), "ips": ("2001:db8:1:2::/64",)}, ["bare", "v6"]),
        ({"mailboxes": ("anna@example.com' OR 1=1 --", "%", "*"), "domains": ("%",)}, []),
        ({"mailboxes": ("sender@example.net",)}, ["sender"]),
        ({}, []),
    ],
)
def test_what_a_selector_selects(make: Make, selectors: dict[str, tuple[str, ...]], found: list[str]) -> None:
    store = make(
        [
            failure(0, raw="full"),
            failure(1, "Anna@Example.COM", raw="upper"),
            failure(2, "anna", raw="bare", remote_ip="192.0.2.9"),
            failure(3, "ben@example.com", raw="ben"),
            failure(4, "x@example.org", raw="v6", remote_ip="2001:db8:1:2:3::4"),
            failure(5, None, raw="sender", event="relay_denied", sender="Sender@example.net"),
        ]
    )
    result = store.search(ask(**selectors))
    assert [line.raw for line in result.lines] == found
    assert result.failed is None


def test_a_login_with_a_windows_domain_is_found_by_the_name_behind_it(make: Make) -> None:
    store = make([failure(0, "OFFICE\\anna"), failure(1, "OFFICE\\bert")])
    assert [line.login for line in store.search(ask(logins=("anna",))).lines] == ["OFFICE\\anna"]
    assert [line.login for line in store.search(ask(logins=("office\\anna",))).lines] == ["OFFICE\\anna"]


def test_failures_that_name_nobody_are_found_when_asked_for(make: Make) -> None:
    nobody: dict[str, object] = {"login": None, "mailbox": None}
    store = make(
        [
            failure(0, raw="named"),
            failure(1, **nobody, raw="tls", event="tls_failed"),
            failure(2, **nobody, raw="sender", event="relay_denied", sender="x@example.com", service="smtps"),
            failure(3, **nobody, raw="probe", event="no_auth_attempts", outcome="failure", remote_ip=None),
            failure(4, **nobody, raw="neutral", event="no_auth_attempts", outcome="neutral"),
            failure(5, "", raw="empty", event="lost_connection"),
            success(6),
        ]
    )
    everything = store.search(ask(anonymous=True))
    assert [line.raw for line in everything.lines] == ["tls", "probe", "empty"]
    assert (everything.successes, everything.sessions) == ((), ())
    newest = store.search(ask(anonymous=True, limit=1))
    assert ([line.raw for line in newest.lines], newest.truncated) == (["empty"], True)
    inside = store.search(ask(NOON, NOON + timedelta(minutes=1), anonymous=True))
    assert [line.raw for line in inside.lines] == ["tls"]
    both = store.search(ask(anonymous=True, mailboxes=("anna@example.com",)))
    assert [line.raw for line in both.lines] == ["named", "tls", "probe", "empty"]


def test_an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address(make: Make) -> None:
    store = make([failure(remote_ip="::ffff:192.0.2.7")])
    assert len(store.search(ask(ips=("192.0.2.7",))).lines) == 1


def test_lines_come_in_order_of_time_and_the_limit_keeps_the_newest(make: Make) -> None:
    store = make([failure(minutes) for minutes in (5, 1, 9, 3, 7)])
    every = store.search(ask(mailboxes=("anna@example.com",)))
    assert [line.time for line in every.lines] == [NOON + timedelta(minutes=n) for n in (1, 3, 5, 7, 9)]
    assert not every.truncated
    some = store.search(ask(mailboxes=("anna@example.com",), ips=("192.0.2.7",), limit=2))
    assert [line.time for line in some.lines] == [NOON + timedelta(minutes=n) for n in (7, 9)]
    assert some.truncated
    assert not store.search(ask(mailboxes=("anna@example.com",), limit=5)).truncated
    assert store.search(ask(mailboxes=("anna@example.com",), limit=0)).lines == ()


def test_the_window_holds_both_its_ends(make: Make) -> None:
    store = make([failure(minutes) for minutes in range(5)])
    window = ask(NOON + timedelta(minutes=1), NOON + timedelta(minutes=3), mailboxes=("anna@example.com",))
    assert len(store.search(window).lines) == 3
    assert store.search(ask(NOON + DAY, NOON - DAY, mailboxes=("anna@example.com",))).lines == ()


def test_lines_of_one_moment_keep_their_order(make: Make) -> None:
    store = make([failure(0, raw=str(number)) for number in range(20)])
    assert [line.raw for line in store.search(ask(logins=("anna@example.com",))).lines] == [str(n) for n in range(20)]


def test_successes_are_summed_by_hour_and_are_no_lines(make: Make) -> None:
    store = make([success(1), success(5), success(59, client="Thunderbird", client_version="140"), success(61)])
    result = store.search(ask(mailboxes=("anna@example.com",)))
    assert result.lines == ()
    assert [(one.count, one.hour) for one in result.successes] == [(3, NOON), (1, NOON + timedelta(hours=1))]
    first = result.successes[0]
    assert (first.first, first.last) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=59))
    assert (first.service, first.host, first.remote_ip) == ("imap", "imap1", "192.0.2.7")
    assert (first.client, first.client_version) == ("Thunderbird", "140")


def test_successes_are_found_by_domain_and_address_and_window(make: Make) -> None:
    store = make([success(0), success(0, "ben@example.org", remote_ip="2001:db8:1:2::5", service="smtps")])
    assert [one.mailbox for one in store.search(ask(domains=("example.org",))).successes] == ["ben@example.org"]
    assert [one.mailbox for one in store.search(ask(ips=("2001:db8:1:2::6",))).successes] == ["ben@example.org"]
    late = ask(NOON + timedelta(minutes=1), NOON + DAY, mailboxes=("anna@example.com",))
    assert store.search(late).successes == ()


def test_sessions_are_intervals(make: Make) -> None:
    store = make(
        [
            success(0, session="one"),
            success(1, session="two"),
            success(2, session="three", service="smtps", program="postfix/smtps/smtpd"),
            logout(10, "one"),
        ]
    )
    sessions = store.search(ask(mailboxes=("anna@example.com",))).sessions
    assert [(one.session, one.start, one.end) for one in sessions] == [
        ("one", NOON, NOON + timedelta(minutes=10)),
        ("two", NOON + timedelta(minutes=1), None),
    ]
    after = ask(NOON + timedelta(minutes=11), NOON + DAY, ips=("192.0.2.7",))
    assert [one.session for one in store.search(after).sessions] == ["two"]


def test_sessions_older_than_48_hours_of_log_are_gone(make: Make) -> None:
    store = make([success(0, session="old"), success(60 * 49, session="new")])
    sessions = store.search(ask(until=NOON + 4 * DAY, mailboxes=("anna@example.com",))).sessions
    assert [one.session for one in sessions] == ["new"]


def test_a_client_that_names_itself_is_joined_to_session_and_sum(make: Make) -> None:
    said = failure(0.5, event="client_id", outcome="neutral", session="s", client="Evolution", client_version="3.50")
    before = make([replace(said, login=None, mailbox=None), success(1, session="s")])
    behind = make([success(0, session="s"), said])
    for store in (before, behind):
        result = store.search(ask(mailboxes=("anna@example.com",)))
        assert (result.successes[0].client, result.successes[0].client_version) == ("Evolution", "3.50")
        assert result.sessions[0].client == "Evolution"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"event": "no_auth_attempts", "outcome": "neutral", "login": None}, True),
        ({"event": "ban", "outcome": "neutral", "program": "fail2ban.actions", "login": None}, True),
        ({"event": "client_id", "outcome": "neutral"}, True),
        ({"event": "server_error", "outcome": "neutral"}, True),
        ({"event": "connect", "outcome": "neutral"}, False),
        ({"event": "logout", "outcome": "neutral"}, False),
        ({"event": "message_accepted", "outcome": "success"}, False),
        ({"event": "other", "outcome": "neutral", "raw": "all is well"}, False),
        ({"event": "unknown", "outcome": "neutral", "raw": "x: Fatal: out of memory"}, True),
        ({"raw": "disconnect from unknown[192.0.2.7] ehlo=1 auth=0/1 commands=1/2", **{"service": "smtps"}}, True),
        ({"raw": "disconnect from unknown[192.0.2.7] ehlo=1 auth=1 mail=1 commands=3", "service": "smtps"}, False),
        ({"raw": "disconnect from unknown[192.0.2.7] ehlo=1 quit=1 commands=2", "service": "submission"}, True),
        ({"raw": "disconnect from unknown[192.0.2.7] ehlo=1 mail=1 rcpt=1 commands=3", "service": "smtp"}, False),
        ({"raw": "disconnect from unknown[192.0.2.7] ehlo=1 mail=0/1 commands=1/2", "service": "smtp"}, True),
    ],
)
def test_which_lines_are_kept(make: Make, fields: dict[str, object], kept: bool) -> None:
    if str(fields.get("raw", "")).startswith("disconnect"):
        fields = {"event": "disconnect", "outcome": "neutral", "program": "postfix/smtps/smtpd", **fields}
    assert bool(make([failure(**fields)]).search(ask(ips=("192.0.2.7",))).lines) is kept  # type: ignore[arg-type]


def test_near_misses_of_a_mailbox(make: Make) -> None:
    store = make(
        [
            failure(0, "anna@exmaple.com"),
            failure(1, "anna@example.net"),
            failure(2, "ana@example.com"),
            failure(3, "anna@example.com"),
            failure(4, "zoe@example.com"),
            failure(4, "annaexample.com"),
            failure(4, "anna"),
            failure(5, "anna@elsewhere.test"),
            success(6, "hanna@example.com"),
            failure(60 * 30, "anne@example.com"),
        ]
    )
    near = store.logins_like("Anna@example.com", NOON, NOON + timedelta(hours=1))
    assert near[0] in ("anna@exmaple.com", "ana@example.com", "annaexample.com")
    assert set(near) == {
        "annaexample.com",
        "anna@exmaple.com",
        "anna@example.net",
        "ana@example.com",
        "anna@elsewhere.test",
    }
    assert list(store.logins_like("anna@example.com", NOON + DAY, NOON + 2 * DAY)) == ["anne@example.com"]


def test_coverage_says_who_logged_what_and_when(make: Make) -> None:
    store = make(
        [
            failure(0),
            success(1, service="pop3"),
            failure(2, host="smtp1", program="postfix/smtps/smtpd", service="smtps"),
            failure(3, host="smtp1", program="dovecot", service="auth"),
            failure(4, host="smtp1", program="fail2ban.actions", service="ban", event="ban"),
            failure(5, host=None),
            failure(6, host="imap1", program="cron", service=None),
            failure(0, time=None),
        ]
    )
    found = {(one.host, one.program): one for one in store.coverage(NOON - DAY, NOON + DAY)}
    assert set(found) == {
        ("imap1", "dovecot"),
        ("smtp1", "postfix"),
        ("smtp1", "dovecot"),
        ("smtp1", "fail2ban"),
        ("-", "dovecot"),
    }
    imap = found["imap1", "dovecot"]
    assert (imap.first, imap.last, imap.lines) == (NOON, NOON + timedelta(minutes=1), 2)
    assert imap.services == ("imap", "pop3")
    assert found["smtp1", "dovecot"].services == ()


def probe(minutes: float) -> LogEvent:
    return failure(
        minutes, event="no_auth_attempts", outcome="neutral", login=None, mailbox=None, remote_ip="192.0.2.250"
    )


def test_coverage_finds_the_missing_hours(make: Make) -> None:
    busy = [success(minute) for minute in range(0, 60 * 24, 3) if not 600 <= minute < 750]
    (found,) = make(busy).coverage(NOON - DAY, NOON + 3 * DAY)
    assert found.gaps == ((NOON + timedelta(minutes=597), NOON + timedelta(minutes=750)),)
    assert make(busy).coverage(NOON, NOON + timedelta(minutes=500))[0].gaps == ()
    assert found.covers(NOON, NOON + timedelta(minutes=590))
    assert not found.covers(NOON + timedelta(minutes=590), NOON + timedelta(minutes=620))


def test_a_host_with_probes_and_little_else_has_a_gap_only_where_probes_are_missing(make: Make) -> None:
    beats = [probe(30.02 * number) for number in range(48)]
    assert make(beats).coverage(NOON - DAY, NOON + DAY)[0].gaps == ()
    missing = beats[:20] + beats[22:]
    (gap,) = make(missing).coverage(NOON - DAY, NOON + DAY)[0].gaps
    assert gap == (beats[19].time, beats[22].time)


def test_an_empty_store_finds_nothing_and_covers_nothing(make: Make) -> None:
    for store in (make([]), EmptyLogStore()):
        result = store.search(ask(mailboxes=("anna@example.com",), domains=("example.com",), ips=("192.0.2.1",)))
        assert (result.lines, result.successes, result.sessions, result.failed) == ((), (), (), None)
        assert list(store.coverage(NOON - DAY, NOON + DAY)) == []
        assert list(store.logins_like("anna@example.com", NOON - DAY, NOON + DAY)) == []


_logins = st.sampled_from([None, "anna@example.com", "anna", "é@example.org"])
_names = st.sampled_from(["anna@example.com", "anna", "ben@example.com", "ben@example.org", "é@example.org"])
_addresses = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8:1:2::3", "2001:db8:1:2::4", "2001:db8:1:3::4"])
_events = st.builds(
    lambda kind, minute, name, address, host, session: (success if kind == "login" else failure)(
        minute,
        name,
        remote_ip=address,
        host=host,
        session=f"s{session}",
        **({} if kind == "login" else {"event": kind, "outcome": "neutral" if kind == "logout" else "failure"}),
    ),
    st.sampled_from(["login", "logout", "auth_failed", "tls_failed"]),
    st.integers(0, 300),
    st.one_of(_names, _logins),
    _addresses,
    st.sampled_from(["imap1", "imap2"]),
    st.integers(0, 9),
)


def _as_dovecot_writes(events: list[LogEvent]) -> list[LogEvent]:
    """In order of time, and without a login whose session id was seen before on its host: Dovecot makes the id of
    time, port and address, so that no two logins share one and none follows its own end."""
    seen: set[tuple[str | None, str | None]] = set()
    out = []
    for event in sorted(events, key=lambda event: event.time or NOON):
        session = (event.host, event.session)
        if event.event != "login" or session not in seen:
            out.append(event)
        if event.event in ("login", "logout"):
            seen.add(session)
    return out


_questions = given(
    events=st.lists(_events, max_size=40),
    names=st.lists(_names, max_size=2),
    domains=st.lists(st.sampled_from(["example.com", "example.org"]), max_size=1),
    ips=st.lists(_addresses, max_size=1),
    low=st.integers(0, 200),
    limit=st.integers(0, 12),
    anonymous=st.booleans(),
)
_at_leisure = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.mark.parametrize("make", ["sqlite"], indirect=True)
@_questions
@settings(max_examples=60, **_at_leisure)  # type: ignore[arg-type]
def test_every_back_end_answers_as_the_one_in_memory(
    make: Make,
    events: list[LogEvent],
    names: list[str],
    domains: list[str],
    ips: list[str],
    low: int,
    limit: int,
    anonymous: bool,
) -> None:
    events = _as_dovecot_writes(events)
    one = MemoryLogStore(events)
    half = len(events) // 2
    other = make(events[:half], events[half:])
    query = ask(
        NOON + timedelta(minutes=low),
        NOON + timedelta(minutes=low + 90),
        mailboxes=tuple(names),
        domains=tuple(domains),
        ips=tuple(ips),
        limit=limit,
        anonymous=anonymous,
    )
    expected, found = one.search(query), other.search(query)
    assert found.lines == expected.lines
    assert found.truncated == expected.truncated
    assert set(found.successes) == set(expected.successes)
    assert found.sessions == expected.sessions
    assert list(one.coverage(NOON, NOON + DAY)) == list(other.coverage(NOON, NOON + DAY))


@pytest.mark.parametrize("make", ["clickhouse"], indirect=True)
@_questions
@settings(max_examples=4, **_at_leisure)  # type: ignore[arg-type]
def test_clickhouse_answers_as_the_one_in_memory(make: Make, **given: object) -> None:
    test_every_back_end_answers_as_the_one_in_memory.hypothesis.inner_test(make, **given)


def test_a_line_that_arrives_late_is_seen_by_a_second_look(make: Make) -> None:
    window = (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    before, after = (
        stand_of(make([failure(0)]), *window),
        stand_of(make([failure(0)], [failure(0.1, "ben@example.com")]), *window),
    )
    assert before != after and "could not look" not in (before, after)
