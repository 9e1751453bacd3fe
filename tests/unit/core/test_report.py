"""The weekly report's core: periods, statistics, marks, masks, clusters, and what renderers make of hostile texts."""

from __future__ import annotations

import csv
import io
import json
import random
import tomllib
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.report.build import build, regrade
from bot.core.report.charts import chart
from bot.core.report.clusters import clusters
from bot.core.report.failing import failures
from bot.core.report.html import to_html
from bot.core.report.marks import marks
from bot.core.report.masked import mask
from bot.core.report.post import due, sends_of, to_text
from bot.core.report.stats import change_p, holm, percentile_of, wilson
from bot.core.report.table import cell_of, to_csv
from bot.core.report.tally import Answered, Tally, total
from bot.core.report.values import Filter, FixRecord, Report, Rows
from bot.core.report.weeks import days_between, earlier, month_of, week_before, week_named
from bot.errors import InputError
from bot.logs.decode import Decoder
from knowledge import load

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KNOWLEDGE = load(None)
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> {{7*7}} \u202e@x"


def report_of(rows: Rows) -> Report:
    return build(rows, week_named("2026-W47", BERLIN), "Europe/Berlin", KNOWLEDGE)


# -- periods -------------------------------------------------------------------------------------------------------


def test_a_week_is_monday_to_sunday_of_the_zone() -> None:
    week = week_named("2026-W47", BERLIN)
    assert (week.first, week.last, week.label) == (date(2026, 11, 16), date(2026, 11, 22), "2026-W47")
    assert week.since == datetime(2026, 11, 15, 23, tzinfo=UTC) and week.until == datetime(2026, 11, 22, 23, tzinfo=UTC)


def test_the_week_of_the_clock_change_has_an_hour_more() -> None:
    week = week_named("2026-W43", BERLIN)
    assert week.until - week.since == timedelta(days=7, hours=1)


def test_the_year_of_a_week_is_the_iso_year() -> None:
    assert week_named("2026-W53", UTC).last == date(2027, 1, 3)
    assert week_before(datetime(2027, 1, 5, tzinfo=UTC), UTC).label == "2026-W53"


def test_the_last_week_is_the_zones() -> None:
    assert week_before(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), BERLIN).label == "2026-W47"
    assert week_before(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), UTC).label == "2026-W46"


@pytest.mark.parametrize("text", ["2026-W54", "2026", "W47", "2026-47", "٢٠٢٦-W47x", "", "9999-W99"])
def test_what_is_no_week_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="--week"):
        week_named(text, UTC)


def test_days_may_be_one_and_not_less() -> None:
    assert days_between("2026-11-16", "2026-11-16", UTC).days == 1
    assert days_between("2026-11-16", "2026-11-22", UTC).label == "2026-W47"
    with pytest.raises(InputError, match="before --from"):
        days_between("2026-11-16", "2026-11-15", UTC)
    with pytest.raises(InputError, match="--to"):
        days_between("2026-11-16", "tomorrow", UTC)


def test_earlier_periods_touch_each_other() -> None:
    week = week_named("2026-W47", BERLIN)
    chain = [week, *earlier(week, BERLIN)]
    assert len(chain) == 9 and all(a.since == b.until for a, b in pairwise(chain))
    assert month_of(week, BERLIN).label == "2026-11-01/2026-11-30"


def test_the_calendar_has_a_beginning() -> None:
    assert earlier(days_between("0001-01-02", "0001-01-05", UTC), UTC) == []


# -- statistics ------------------------------------------------------------------------------------------------------


def test_wilson_as_published() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0) and wilson(0, 20)[0] == 0.0 and wilson(20, 20)[1] == 1.0


@given(st.integers(0, 500), st.lists(st.integers(0, 500), max_size=8))
def test_a_p_is_a_probability(count: int, history: list[int]) -> None:
    assert 0.0 <= change_p(count, history) <= 1.0


def test_only_what_lies_beyond_noise_is_a_change() -> None:
    assert change_p(10, [9, 11, 10, 8, 12, 10, 9, 11]) > 0.5
    assert change_p(40, [9, 11, 10, 8, 12, 10, 9, 11]) < 1e-6
    assert change_p(40, [5, 60, 2, 45, 8, 70, 1, 30]) > 0.05  # weeks that differ so much say little
    assert holm({"a": 0.001, "b": 0.04, "c": 0.9}) == {"a"}
    assert (
        percentile_of({}, 0.5) is None
        and percentile_of({3: 1, 1: 1, 2: 1}, 0.5) == 2
        and percentile_of({1: 1, 2: 1}, 0.9) == 2
        and percentile_of({5: 9, 7: 1}, 0.9) == 5
    )


def test_marks_name_what_happened() -> None:
    steady = {"a": 50, "b": 40, "c": 30}
    before = [dict(steady) for _ in range(8)]
    assert marks(steady, before) == {}
    assert marks({"a": 95, "b": 8, "new": 12}, before) == {"a": "UP", "b": "DOWN", "c": "RETIRED", "new": "NEW"}
    assert marks({"a": 95}, before[:2]) == {}, "two weeks are no history"


def test_noise_alone_is_marked_in_few_reports() -> None:
    chance = random.Random(7)
    rates = [60, 40, 30, 20, 15, 10, 8, 6, 4, 3, 2, 1, 1, 0.5, 0.3]

    def week() -> dict[str, int]:
        return {str(i): n for i, rate in enumerate(rates) if (n := _poisson(chance, rate))}

    marked = sum(bool(marks(week(), [week() for _ in range(8)])) for _ in range(300))
    assert marked <= 300 * 0.08, marked


def _poisson(chance: random.Random, rate: float) -> int:
    count, passed = 0, chance.expovariate(1)
    while passed < rate:
        count, passed = count + 1, passed + chance.expovariate(1)
    return count


# -- masks and clusters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (
            "imap1 dovecot: imap-login: Login: user=<anna@firm.example>, rip=192.0.2.7, lip=198.51.100.1, session=<aB/cD12345678>",
            "anna",
        ),
        ("imap1 dovecot: auth: passwd-file(anna,192.0.2.7,<aB/cD12345678>): unknown user", "anna"),
        ("imap1 dovecot: imap-login: Aborted login: user=<anna.b>, rip=2001:db8:1:2:3:4:5:6", "anna.b"),
        (
            "smtp1 postfix/smtpd[1]: warning: host.firm.example[192.0.2.7]: SASL LOGIN authentication failed: x, sasl_username=anna",
            "anna",
        ),
        ("x from host.firm.example[192.0.2.7] to=<bob@other.example>", "192.0.2.7"),
    ],
)
def test_nobody_stands_in_a_masked_line(line: str, secret: str) -> None:
    shown = mask(line)
    assert secret not in shown and "firm.example" not in shown and "192.0.2.7" not in shown and "3:4:5:6" not in shown


@given(st.text(max_size=300))
def test_any_text_can_be_masked(text: str) -> None:
    assert "\n" not in mask(text)


def test_likenesses_are_one_error_and_mailboxes_rank_it() -> None:
    seen = [("Fehler 0x1A beim Abruf von <host>", f"m{i}@example.com", 1) for i in range(5)]
    seen += [
        ("Fehler 0x2B beim Abruf von <host>", "m9@example.com", 3),
        ("Unexplained gizmo trouble 77", "m1@example.com", 50),
    ]
    found = clusters(seen)
    assert [u.mailboxes for u in found] == [6, 1] and found[0].tickets == 8 and found[1].tickets == 50
    for error in found:
        entry = tomllib.loads(error.entry)
        assert entry["id"] == error.id and entry["role"] == "wrapper" and entry["texts"][0]["any"]


@given(st.text(min_size=1, max_size=120))
def test_a_proposed_entry_is_toml_whatever_stands_in_it(text: str) -> None:
    for error in clusters([(mask(text), None, 1)]):
        assert tomllib.loads(error.entry)["id"] == error.id


def test_failing_lines_are_classified_as_tickets_are() -> None:
    lines = [
        "Nov 16 10:04:52 imap1 dovecot: auth: passwd-file(anna@firm.example,192.0.2.7,<x>): Password mismatch",
        "Nov 16 10:05:52 imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, mpid=1, TLS, session=<y>",
    ]
    decoder = Decoder(zone=UTC, year=2026)
    found = failures([event for line in lines for event in [decoder.decode(line)]], KNOWLEDGE)
    assert [(f.cause, f.actor, f.host, f.own) for f in found] == [
        ("mailbox-password", "anna@firm.example", "imap1", ("anna@firm.example", "192.0.2.7"))
    ]


# -- the report --------------------------------------------------------------------------------------------------------


def full_rows() -> Rows:
    at = datetime(2026, 11, 17, 8, tzinfo=UTC)
    tally = Tally(steps=Counter(received=65, parsed=64, matched=60), coverage=Counter(full=50, none=10))
    tally.causes.update({"hostnames": 40, "mailbox-password": 20, "not_ours": 5})
    tally.detail("client", "hostnames", HOSTILE, 30)
    tally.detail("client", "hostnames", "Thunderbird 128", 10)
    for one in (
        Answered("a", "m@example.com", at, at + timedelta(minutes=10), False, False, True),
        Answered("b", "n@example.com", at, at + timedelta(minutes=30), True, True, True),
        Answered("c", None, at, at + timedelta(hours=4), False, False),
        Answered("d", None, at, NOW - timedelta(hours=1), False, False),
    ):
        tally.answer(one, NOW)
    tally.reviews.update(
        {
            ("hostnames", "send", None): 8,
            ("hostnames", "other_check", "port-and-tls"): 2,
            ("hostnames", "escalate", None): 5,
        }
    )
    return Rows(
        tally,
        ({"hostnames": 10, "mailbox-password": 20, "not_ours": 4},) * 8,
        mailboxes=10_000,
        mailboxes_of="imported accounts",
        examples={"hostnames": HOSTILE},
        silent={"hostnames": 300, "quota_full": 7},
        logs_asked=True,
        unknown=((HOSTILE, "m@example.com", 2),),
        month_tickets=tuple(f"t{i}" for i in range(200)),
        fixes=(
            FixRecord("hostnames", HOSTILE, at, "", 100, 28.0, 5, 5.0),
            FixRecord("hostnames", "Ada", at, "", 100, 28.0, 0, 1.0),
        ),
    )


def test_what_is_stored_of_a_day_is_all_of_it() -> None:
    day = full_rows().tally
    again = Tally(Counter(day.causes))
    again.add_json(json.loads(json.dumps(day.to_json())))
    assert (
        again == day
        and total([day, again]).causes["hostnames"] == 80
        and total([day, again]).top("client", 1) == {"hostnames": ((HOSTILE, 60),)}
    )


def test_what_is_reckoned() -> None:
    report = report_of(full_rows())
    assert (report.tickets, report.not_ours, report.per_thousand) == (60, 5, 6.0)
    first = report.causes[0]
    assert (first.cause, first.mark, first.last_week, first.median, first.silent) == ("hostnames", "UP", 10, 10.0, 300)
    assert [c.mark for c in report.causes[1:]] == ["", ""] and report.causes[-1].cause == "quota_full", (
        "silent causes are listed too"
    )
    assert (report.verified, report.again, report.silent, report.open) == (1, 1, 1, 1)
    assert (report.first_response_p50, report.automatic) == (1800.0, 1)
    assert [(p.right, p.judged) for p in report.precision] == [(8, 10)], "an escalation judges no cause"
    assert [f.verdict for f in report.fixes] == ["lower", "too early"]
    assert len(report.regrade) == 30


def test_a_week_without_anything_is_a_report_too() -> None:
    report = report_of(Rows())
    assert (
        report.tickets == 0
        and report.per_thousand is None
        and to_text(report)
        and to_html(report)
        and to_csv(report)
        and chart(report)
    )


def test_the_same_thirty_are_drawn_each_time() -> None:
    tickets = [f"t{i}" for i in range(500)]
    assert regrade(tickets, "2026-11") == regrade(list(reversed(tickets)), "2026-11") != regrade(tickets, "2026-10")


def test_foreign_texts_are_text_in_html() -> None:
    page = to_html(report_of(full_rows()))
    assert "<script" not in page and "{{7*7}}" in page and "\u202e" not in page


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", "  =", "＝", "\n+"])
def test_no_cell_is_a_formula(begin: str) -> None:
    assert cell_of(begin + "1").startswith("\"'")


def test_every_row_of_the_csv_has_five_cells() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(report_of(full_rows())))))
    assert len(rows) > 30 and {len(row) for row in rows} == {5}
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in "=@" and cell.strip()]


def test_a_filter_is_named() -> None:
    report = replace(report_of(full_rows()), only=Filter("firm.example", "pro"))
    assert "domain firm.example, plan pro" in to_text(report).splitlines()[0]


def test_each_place_gets_its_own_form_under_one_key() -> None:
    report = report_of(full_rows())
    slack = list(sends_of(report, "slack/C1", b"png"))
    mail = list(sends_of(report, "mailbox/leads@example.com", b"png"))
    assert (
        [s.kind for s in slack] == ["report", "report_picture"]
        and slack[0].key == "report:2026-W47:slack/C1"
        and slack[1].payload["under"] == slack[0].key
    )
    assert [(s.outlet, s.kind, s.payload["to"]) for s in mail] == [
        ("mailbox", "report", "leads@example.com")
    ] and "<main>" in mail[0].payload["html"]


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [("2026-11-23T06:59", False), ("2026-11-23T07:00", True), ("2026-11-24T06:59", True), ("2026-11-24T07:01", False)],
)
def test_due_from_its_time_on_for_a_day(moment: str, wanted: bool) -> None:
    assert due((0, 8, 0), BERLIN, datetime.fromisoformat(moment).replace(tzinfo=UTC)) is wanted
