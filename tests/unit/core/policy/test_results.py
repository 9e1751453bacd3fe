"""Authentication-Results: our own exchanger's words count, and nobody else's, however they are dressed up."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.desk.values import Envelope
from bot.core.policy.results import contradicted, not_aligned, parse_results

US = "mx.host.example"
IDS = frozenset({US})
FIELD = "Authentication-Results"
GOOD = f"{US}; dmarc=pass (p=reject dis=none) header.from=kunde.example"


def aligned(*headers: tuple[str, str], ids: frozenset[str] = IDS, domain: str = "kunde.example") -> bool:
    return not_aligned(Envelope("anna@kunde.example", headers), ids, domain) is None


@pytest.mark.parametrize(
    "value",
    [
        GOOD,
        f"{US} 1; dmarc=pass header.from=kunde.example",
        f"{US.upper()}; DMARC=PASS HEADER.FROM=Kunde.Example",
        f"{US};\r\n\tdkim=pass header.d=kunde.example header.s=s1 header.b=Ab/c+=;\r\n spf=pass ({US}: domain of anna@kunde.example designates 192.0.2.1) smtp.mailfrom=anna@kunde.example;"
        "\r\n\tdmarc=pass (policy=none) header.from=kunde.example",
        f'{US}; dkim=pass (2048-bit key; unprotected) header.i=@kunde.example header.b="abc"; dmarc=pass (p=none dis=none) header.from=kunde.example;',
        f'{US}; iprev=pass policy.iprev=2001:db8::1; auth=pass (plain) smtp.auth=u@x.example; dmarc/1=pass reason="all; is (well)" header.from="kunde.example"',
        f'{US}; spf=pass smtp.mailfrom="anna b"@kunde.example; dmarc = pass header.from = kunde.example',
    ],
)
def test_as_exchangers_write_them(value: str) -> None:
    assert parse_results(value) is not None and aligned((FIELD, value))


def test_what_is_read() -> None:
    read = parse_results(f"{US}; spf=fail smtp.mailfrom=a@b.example; dmarc=pass header.from=c.example")
    assert (
        read is not None
        and read.authserv_id == US
        and [(r.method, r.result) for r in read.results] == [("spf", "fail"), ("dmarc", "pass")]
    )
    nothing = parse_results(f"{US}; none")
    assert nothing is not None and nothing.results == ()


def forged() -> list[tuple[tuple[str, str], ...]]:
    """Header sets in which nothing of ours says that kunde.example passed DMARC: over a hundred."""
    passed = "dmarc=pass header.from=kunde.example"
    values = [
        *(
            f"{other}; {passed}"
            for other in (
                "mx.evil.example",
                "host.example",
                f"x.{US}",
                f"{US}.evil.example",
                f"{US}.",
                f"evil-{US}",
                "mx.host.examp1e",
                "mx-host.example",
                "mx.h\u043est.example",
                f"{US}\u200b",
                f'"{US} "',
                f"({US}) mx.evil.example",
                f"mx.evil.example ({US})",
                f"<{US}>",
                f"{US}/1",
                f"{US},mx.evil.example",
                f"{US} {US}",
                f"={US}",
                "",
                "1",
                f"{US}@evil.example",
                f'"\\{US}"x',
                "mx.evil.example;" + US,
                f"[{US}]",
                f"{US}\x00",
                f"{US}\x0b",
                "localhost",
                "*",
                "mx.*.example",
            )
        ),
        *(
            f"{US}{said}"
            for said in (
                f" 2; {passed}",
                f" 0; {passed}",
                f" 11; {passed}",
                f"; {passed} and more",
                f"; {passed}=",
                f"; x {passed}",
                f"; ({passed})",
                f"; none ({passed})",
                f"; none; {passed}",
                f"; {passed}; none",
                f'; spf=pass reason="{passed}"',
                f"; spf=pass (\\) {passed}) smtp.mailfrom=x@y.example",
                f'; spf=pass smtp.mailfrom="{passed}"',
                "; x-dmarc=pass header.from=kunde.example",
                "; dmarc=pass",
                "; dmarc=pass header.from=",
                "; dmarc=pass header.from=evil.example",
                "; dmarc=pass header.from=kunde.example.evil.example",
                "; dmarc=pass header.from=xkunde.example",
                "; dmarc=pass header.from=sub.kunde.example",
                "; dmarc=pass header.from=kunde.example header.from=evil.example",
                "; dmarc=pass header.from=evil.example header.from=kunde.example",
                "; dmarc=pass smtp.mailfrom=kunde.example",
                "; dmarc=pass header.d=kunde.example",
                "; dmarc=pass policy.from=kunde.example",
                "; dmarc=pass headerfrom=kunde.example",
                "; dmarc=pass header.from=(kunde.example)",
                "; dmarc=pass header.from=anna@kunde.example",
                "; dmarc=pass header.from=@kunde.example",
                "; dmarc=pass header.from=kunde.examp\u217ce",
                "; dmarc=fail header.from=kunde.example",
                "; dmarc=none header.from=kunde.example",
                "; dmarc=bestguesspass header.from=kunde.example",
                "; dmarc=temperror header.from=kunde.example",
                "; dmarc=permerror header.from=kunde.example",
                "; dmarc=fail (dmarc=pass) header.from=kunde.example",
                "; dmarc=passed header.from=kunde.example",
                "; dmarc=pass/fail header.from=kunde.example",
                "; dmarc=pas s header.from=kunde.example",
                "; dmarc=softpass header.from=kunde.example",
                "; dkim=pass header.d=kunde.example",
                "; spf=pass smtp.mailfrom=kunde.example",
                "; arc=pass (i=1 dmarc=pass fromdomain=kunde.example)",
                f"; {passed}; dmarc=fail header.from=kunde.example",
                f"; dmarc=fail header.from=kunde.example; {passed}",
                f"; {passed}; {passed}",
                "; dmarc/2=pass header.from=kunde.example",
                "; dmarc//1=pass header.from=kunde.example",
                " dmarc=pass header.from=kunde.example",
                f", {passed}",
                f"\n{passed}",
                f"; {passed}\n.",
                f"; {passed}\x00",
                f"; {passed}\x7f",
                f"; {passed} \u00e9",
                f"; {passed} (",
                f"; {passed} )",
                f'; {passed} "',
                "; " + "(" * 30 + ")" * 30 + passed,
                f"; {passed} ({'x' * 9000})",
                "",
                ";",
                "; ;",
                "; =pass",
                "; dmarc=",
                "; dmarc",
                "; dmarc pass header.from=kunde.example",
            )
        ),
    ]
    sets: list[tuple[tuple[str, str], ...]] = [((FIELD, value),) for value in values]
    sets += [
        ((name, GOOD),)
        for name in (
            "X-Authentication-Results",
            "ARC-Authentication-Results",
            "Authentication-Results-Original",
            "Authentication-Result",
            "Old-Authentication-Results",
            "X-Original-Authentication-Results",
            "Authentication_Results",
            "Authentication-Results\u200b",
            "Received-SPF",
            "Comments",
            "",
        )
    ]
    sets += [
        ((FIELD, f"{US}; spf=pass smtp.mailfrom=x@y.example"), (FIELD, GOOD)),
        ((FIELD, f"{US}; none"), (FIELD, GOOD)),
        ((FIELD, f"{US}; dmarc=fail header.from=kunde.example"), (FIELD, GOOD)),
        ((FIELD, GOOD), (FIELD, f"{US}; dmarc=fail header.from=kunde.example")),
        ((FIELD, f"{US}; dmarc=pass broken ="), (FIELD, GOOD)),
        ((FIELD, f"{US}; dmarc=pass header.from=evil.example"), (FIELD, GOOD)),
        (("Subject", f"x\r\n{FIELD}: {GOOD}"),),
        (("From", f"anna@kunde.example\n{FIELD}: {GOOD}"),),
        (),
    ]
    return sets


def test_there_are_a_hundred_forgeries() -> None:
    assert len(forged()) >= 100


@pytest.mark.parametrize("headers", forged())
def test_forgeries_prove_nothing(headers: tuple[tuple[str, str], ...]) -> None:
    assert not aligned(*headers)


def test_foreign_fields_change_nothing_and_ours_must_be_known() -> None:
    assert aligned(
        (FIELD, "mx.elsewhere.example; dmarc=fail header.from=kunde.example"), (FIELD, GOOD), (FIELD, "garbage (((")
    )
    assert (
        not aligned((FIELD, GOOD), ids=frozenset())
        and not aligned((FIELD, GOOD), ids=frozenset({""}))
        and not aligned((FIELD, GOOD), domain="other.example")
    )
    assert contradicted(
        Envelope("a@b.example", ((FIELD, f"{US}; dmarc=fail header.from=b.example"),)), IDS
    ) and not contradicted(Envelope("a@b.example", ((FIELD, GOOD),)), IDS)


@given(st.text(alphabet='a=.;()"\\ \tmx.hoste/1dmarcpassheader.from', max_size=300))
def test_reading_never_fails(value: str) -> None:
    parse_results(f"{US}; {value}")


@pytest.mark.parametrize(
    "value",
    [
        "(" * 8000,
        f"{US}; " + "a=b " * 1900,
        f"{US}; " + "(a)" * 2600,
        '"' * 7999,
        f"{US}" + " " * 7900,
        f'{US}; x="' + "\\" * 7900,
    ],
)
def test_reading_is_quick(value: str) -> None:
    start = time.process_time()
    parse_results(value)
    assert time.process_time() - start < 0.2
