"""Stores that a host fills by itself: Loki and OpenSearch, against stand-ins written from their documentation."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.adapters.logstore.digest import to_micros
from bot.adapters.logstore.foreign import MOST_LINES
from bot.adapters.logstore.loki import LokiLogStore, literal, network_way
from bot.adapters.logstore.memory import MemoryLogStore
from bot.adapters.logstore.opensearch import OpenSearchLogStore, network_phrase
from bot.core.networks import network_of
from bot.core.observed import LogQuery
from bot.errors import SettingsError, StoreBusy, StoreError
from bot.logs.decode import Decoder
from bot.logs.event import LogEvent
from bot.logs.link import Linker
from bot.look_again import stand_of
from bot.ports import LogStore
from tests.fuzz.log_queries import fuzz
from tests.standins.loki import Line, Loki, compiled
from tests.standins.opensearch import OpenSearch

SAMPLES = sorted((Path(__file__).parents[3] / "samples" / "logs").glob("*.gz"))
Over = Callable[..., LogStore]


def over_loki(lines: Sequence[tuple[LogEvent, str]], **standin: Any) -> LokiLogStore:
    """A Loki that holds lines as rsyslog or Promtail send them: whole, with the host as a label."""
    held = [
        Line(to_micros(event.time) * 1000, text, {"job": "mail", "host": event.host or "-"})
        for event, text in lines
        if event.time
    ]
    return LokiLogStore(
        'loki+https://loki.example?selector={job%3D"mail"}',
        transport=httpx.MockTransport(Loki(held, **standin)),
        seconds=30,
    )


def over_opensearch(lines: Sequence[tuple[LogEvent, str]], **standin: Any) -> OpenSearchLogStore:
    """An OpenSearch that holds lines as Filebeat sends them."""
    held = [
        {
            "@timestamp": to_micros(event.time) // 1000,
            "message": text,
            "host": {"name": event.host or "-"},
            "process": {"name": event.program},
        }
        for event, text in lines
        if event.time
    ]
    return OpenSearchLogStore(
        "opensearch+https://search.example/mail-*",
        transport=httpx.MockTransport(OpenSearch(held, **standin)),
        seconds=30,
    )


START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
BOTH = pytest.mark.parametrize("over", [over_loki, over_opensearch])


@pytest.fixture(scope="module")
def lines() -> list[tuple[LogEvent, str]]:
    """The busiest hours of the sample logs, each line with its event, in order of time."""
    found = []
    for path in SAMPLES:
        decoder = Decoder(reference=datetime(2026, 11, 30, tzinfo=UTC))
        found += [
            (decoder.decode(text), text)
            for text in gzip.decompress(path.read_bytes()).decode("utf-8", "replace").splitlines()
        ]
    dated = sorted(((event, text) for event, text in found if event.time), key=lambda one: one[0].time or START)
    hours = Counter(event.time.replace(minute=0, second=0, microsecond=0) for event, _ in dated if event.time)
    busiest = max(hours, key=lambda hour: sum(hours[hour + timedelta(hours=more)] for more in range(3)))
    return [
        (event, text) for event, text in dated if event.time and busiest <= event.time < busiest + timedelta(hours=3)
    ]


def everything(lines: Sequence[tuple[LogEvent, str]]) -> MemoryLogStore:
    linker = Linker()
    return MemoryLogStore(linker.feed(event) for event, _ in lines)


def window(lines: Sequence[tuple[LogEvent, str]]) -> tuple[datetime, datetime]:
    times = [event.time for event, _ in lines if event.time]
    return min(times), max(times)


@BOTH
def test_lines_sums_and_sessions_are_those_of_the_whole_log(over: Over, lines: list[tuple[LogEvent, str]]) -> None:
    """Whatever names the mailbox comes back as it would from a store that read the whole log."""
    store, whole = over(lines), everything(lines)
    mailboxes = sorted({event.mailbox for event, _ in lines if event.mailbox})
    assert len(mailboxes) > 20
    found_lines = found_sums = 0
    for mailbox in mailboxes[:: max(1, len(mailboxes) // 12)]:
        query = LogQuery(*window(lines), mailboxes=(mailbox,))
        result, expected = store.search(query), whole.search(query)
        assert result.failed is None
        assert [line.raw for line in result.lines] == [
            line.raw for line in expected.lines if mailbox in line.raw.lower()
        ]
        assert {(one.mailbox, one.remote_ip, one.hour, one.count) for one in result.successes} == {
            (one.mailbox, one.remote_ip, one.hour, one.count) for one in expected.successes
        }
        found_lines += len(result.lines)
        found_sums += len(result.successes)
    assert found_lines and found_sums


@BOTH
def test_addresses_and_domains_and_nameless_failures(over: Over, lines: list[tuple[LogEvent, str]]) -> None:
    store, whole = over(lines), everything(lines)
    failed = [event for event, _ in lines if event.outcome == "failure" and event.remote_ip]
    for event in failed[:: max(1, len(failed) // 8)]:
        query = LogQuery(*window(lines), ips=(event.remote_ip or "",))
        found = store.search(query)
        assert found.failed is None and event.raw in [line.raw for line in found.lines]
        assert {line.raw for line in found.lines} <= {line.raw for line in whole.search(query).lines}
    domain = next(event.mailbox for event in failed if event.mailbox).rpartition("@")[2]
    query = LogQuery(*window(lines), domains=(domain,), limit=4000)
    assert {line.raw for line in store.search(query).lines} == {
        line.raw for line in whole.search(query).lines if "@" + domain in line.raw.lower()
    }
    nameless = LogQuery(*window(lines), anonymous=True, limit=4000)
    found = store.search(nameless)  # of a line whose siblings were not asked for it is not known whom it names
    assert {line.raw for line in found.lines} <= {
        event.raw for event, _ in lines if event.outcome == "failure" and not event.login
    }
    assert {line.raw for line in whole.search(nameless).lines} & {line.raw for line in found.lines}


@BOTH
def test_what_covers_is_counted_by_minute(over: Over, lines: list[tuple[LogEvent, str]]) -> None:
    since, until = window(lines)
    found = {(one.host, one.program): one for one in over(lines).coverage(since, until)}
    for one in everything(lines).coverage(since, until):
        mine = found[one.host, one.program]
        assert abs(mine.first - one.first) < timedelta(minutes=2) and abs(mine.last - one.last) < timedelta(minutes=2)
        assert one.lines < 100 or (mine.first >= one.first and mine.last <= one.last)
        assert set(one.services) - {"smtp"} <= set(mine.services) or one.program == "fail2ban"
    assert found


@BOTH
def test_an_outage_is_a_gap(over: Over) -> None:
    start = START
    texts = [
        f"{(start + timedelta(seconds=20 * number)).isoformat()} imap1 dovecot: imap(anna@example.com)<1><s{number}>: Logged out in=1 out=2"
        for number in range(1800)
    ]
    left = [(Decoder().decode(text), text) for number, text in enumerate(texts) if not 900 <= number < 990]
    (found,) = over(left).coverage(start + timedelta(hours=4), start + timedelta(hours=9))
    ((gone, back),) = found.gaps
    assert abs(gone - (start + timedelta(minutes=300))) < timedelta(minutes=1) and abs(
        back - (start + timedelta(minutes=330))
    ) < timedelta(minutes=1)
    assert found.services == ("imap",) and not found.covers(
        start + timedelta(minutes=310), start + timedelta(minutes=320)
    )
    assert found.covers(start + timedelta(minutes=100), start + timedelta(minutes=290))


@BOTH
def test_rows_are_selected_once_more_on_the_way_back(over: Over, lines: list[tuple[LogEvent, str]]) -> None:
    store = over(lines[:MOST_LINES], careless=True)
    query = LogQuery(*window(lines), mailboxes=("nobody@elsewhere.example",))
    result = store.search(query)
    assert (result.lines, result.successes, result.sessions, result.failed) == ((), (), (), None)


@BOTH
def test_what_a_store_cut_off_is_said(over: Over, lines: list[tuple[LogEvent, str]]) -> None:
    store = over([*lines] * (MOST_LINES // len(lines) + 1), careless=True)
    assert store.search(LogQuery(*window(lines), mailboxes=("nobody@elsewhere.example",))).truncated


@BOTH
def test_a_message_without_its_envelope_is_made_whole(over: Over) -> None:
    time = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
    text = "imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<s1>"
    if over is over_loki:
        standin = Loki(
            [Line(to_micros(time) * 1000, text, {"job": "mail", "host": "imap1", "program": "dovecot", "pid": "7"})]
        )
        store: LogStore = LokiLogStore("loki+http://127.0.0.1:3100", transport=httpx.MockTransport(standin))
    else:
        held = OpenSearch(
            [
                {
                    "@timestamp": to_micros(time) // 1000,
                    "message": text,
                    "host.name": "imap1",
                    "process": {"name": "dovecot", "pid": 7},
                }
            ]
        )
        store = OpenSearchLogStore("elasticsearch+http://127.0.0.1/logs", transport=httpx.MockTransport(held))
    (line,) = store.search(LogQuery(time, time, mailboxes=("anna@example.com",))).lines
    assert (line.time, line.host, line.program, line.event, line.remote_ip) == (
        time,
        "imap1",
        "dovecot",
        "auth_failed",
        "192.0.2.7",
    )


@BOTH
def test_near_misses(over: Over) -> None:
    time = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
    texts = [
        f"{time.isoformat()} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<{login}>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS"
        for login in ("anna@exmaple.com", "ana@example.com", "zoe@example.com", "anna@example.com")
    ]
    store = over([(Decoder().decode(text), text) for text in texts])
    assert set(store.logins_like("anna@example.com", time, time)) == {"anna@exmaple.com", "ana@example.com"}


def test_hostile_names_select_nothing_else() -> None:
    """A short form of ``make fuzz``."""
    assert fuzz(400, seed=7) == []


@pytest.mark.parametrize(
    ("network", "written", "not_written"),
    [
        (
            "192.0.2.7",
            ["rip=192.0.2.7,", "[192.0.2.7]:25", "::ffff:192.0.2.7"],
            ["192.0.2.70", "1192.0.2.7", "192x0.2.7"],
        ),
        (
            "2001:db8:1:2::/64",
            ["rip=2001:db8:1:2::3,", "2001:0db8:0001:0002:0:0:0:3", "2001:DB8:1:2:3:4:5:6"],
            ["2001:db8:1:20::3", "2001:db8:1:3::2"],
        ),
        ("2001:db8::/64", ["2001:db8::7", "2001:db8:0:0:1:2:3:4"], ["2001:db8:1::7", "2001:db9::7"]),
        ("2001:db8:0:1::/64", ["2001:db8:0:1::7", "2001:db8::1:2:3:4:5"], ["2001:db8:1:1::7"]),
        ("::/64", ["::1", "rip=::1,"], ["2001:db8::1"]),
    ],
)
def test_an_address_is_found_however_it_is_written(network: str, written: list[str], not_written: list[str]) -> None:
    assert network_of(network) == network
    way = compiled("(?i)(?:" + network_way(network) + ")")
    assert all(way.search(text) for text in written)
    assert not any(way.search(text) for text in not_written)


def test_the_words_of_a_network_in_opensearch() -> None:
    assert [network_phrase(network) for network in ("192.0.2.7", "2001:db8:1:2::/64", "2001:db8::/64", "::/64")] == [
        "192.0.2.7",
        "2001:db8:1:2",
        "2001:db8",
        "",
    ]
    store = over_opensearch([])
    assert "begins with ::" in (
        store.search(LogQuery(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), ips=("::1",))).failed
        or ""
    )


def test_a_literal_is_itself_and_nothing_else() -> None:
    assert literal('a.b"|é') == r"a\x{2e}b\x{22}\x{7c}\x{e9}"


def test_an_answer_of_some_shards_only_is_no_answer(lines: list[tuple[LogEvent, str]]) -> None:
    store = over_opensearch(lines, partial=True)
    assert "in part only" in (store.search(LogQuery(*window(lines), mailboxes=("anna@example.com",))).failed or "")
    assert list(store.coverage(*window(lines))) == []
    with pytest.raises(StoreBusy):
        store.check()


@BOTH
def test_each_step_of_a_late_store_is_seen(over: Over, lines: list[tuple[LogEvent, str]]) -> None:
    """What a second look goes by (bot/look_again.py): down, asked again in vain, the first line, one more in the
    same minute."""
    since, until = window(lines)

    def down(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens")

    gone = over([])
    gone._server._client._transport = httpx.MockTransport(down)  # type: ignore[attr-defined]
    dovecot = [(event, text) for event, text in lines if event.program == "dovecot"]
    stands = [stand_of(store, since, until) for store in (gone, over([]), over(dovecot[:1]), over(dovecot[:2]))]
    assert stands[0] == "could not look" and len(set(stands)) == 4


def test_credentials_go_into_headers_and_into_no_message() -> None:
    loki, search = Loki([]), OpenSearch([])
    LokiLogStore(
        "loki+https://user:pass%40word@loki.example/prefix?tenant=t1", transport=httpx.MockTransport(loki)
    ).check()
    assert loki.headers[0]["X-Scope-OrgID"] == "t1" and loki.headers[0]["Authorization"].startswith("Basic ")
    LokiLogStore("loki+https://t0ken@loki.example", transport=httpx.MockTransport(loki)).check()
    assert loki.headers[1]["Authorization"] == "Bearer t0ken"
    OpenSearchLogStore("opensearch+https://k3y@search.example/mail", transport=httpx.MockTransport(search)).check()
    assert search.headers[0]["Authorization"] == "ApiKey k3y"
    refused = LokiLogStore(
        "loki+https://user:s3cret@loki.example",
        transport=httpx.MockTransport(lambda _: httpx.Response(401, text="no org id")),
    )
    with pytest.raises(StoreError, match="answered 401") as caught:
        refused.check()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "url", "said"),
    [
        (LokiLogStore, "loki+https://", "names no host"),
        (LokiLogStore, "loki+https://h:x/", "cannot be read"),
        (LokiLogStore, "loki+https://h?selector=x", "stream selector"),
        (LokiLogStore, "loki+https://h?host=a-b", "names of labels"),
        (LokiLogStore, "loki+https://h?colour=red", "no option of Loki; known are"),
        (OpenSearchLogStore, "opensearch+https://h", "must be the index"),
        (OpenSearchLogStore, "opensearch+https://h/a/b", "must be the index"),
        (OpenSearchLogStore, 'opensearch+https://h/a?message=x"', "name of a field"),
    ],
)
def test_a_url_that_makes_no_sense_is_named(make: Any, url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        make(url)
