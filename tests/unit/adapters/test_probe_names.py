"""A customer's domain, asked of a name server of our own making."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.probe.names import Names, domain_of, selector_of
from bot.core.probe import ProbeResult
from bot.core.probe_names import Answer, Ours, judge_mx, judge_spf
from bot.errors import InputError
from knowledge import Knowledge
from knowledge.host import Settings
from tests.standins.nameserver import BROKEN, SILENT, name_server

Table = dict[tuple[str, str], list[str]]
OUR_HOSTS: Table = {
    ("imap.host.example", "A"): ["198.51.100.1"],
    ("smtp.host.example", "A"): ["198.51.100.2"],
    ("smtp.host.example", "AAAA"): ["2001:db8::2"],
}
WELL: Table = {
    **OUR_HOSTS,
    ("firm.example", "MX"): ["20 mx2.host.example.", "10 mx1.host.example."],
    ("firm.example", "TXT"): ['"site=1"', '"v=spf1 include:_spf.ho" "st.example -all"'],
    ("s1._domainkey.firm.example", "CNAME"): ["s1.keys.host.example."],
    ("s1.keys.host.example", "TXT"): ['"v=DKIM1; k=rsa; p=MIIB" "IjAN"'],
    ("mail.firm.example", "CNAME"): ["imap.host.example."],
    ("smtp.firm.example", "A"): ["192.0.2.9"],
}


@pytest.fixture
def settings(knowledge: Knowledge) -> Settings:
    return replace(
        knowledge.settings,
        imap_host="imap.host.example",
        smtp_host="smtp.host.example",
        own_domains=("host.example",),
        server_addresses=("198.51.100.7",),
        customer_hosts=(),
        dkim_selectors=("default", "s1"),
    )


def looked(settings: Settings, table: Table, *selectors: str, limit: float = 3.0) -> dict[str, ProbeResult]:
    with name_server(table) as port:
        results = Names(("127.0.0.1", port), limit).look("firm.example", settings, selectors)
    return {r.kind if r.kind in ("mx", "spf") else r.target: r for r in results}


def test_a_domain_that_is_well(settings: Settings) -> None:
    found = looked(settings, WELL)
    assert [(k, r.ok, r.fault) for k, r in found.items()] == [
        ("mx", True, None),
        ("spf", True, None),
        ("s1._domainkey.firm.example", True, None),
        ("imap.firm.example", None, "missing"),
        ("smtp.firm.example", False, "elsewhere"),
        ("mail.firm.example", True, None),
    ]
    assert found["mx"].records == ("10 mx1.host.example", "20 mx2.host.example")
    assert found["spf"].records == ("v=spf1 include:_spf.host.example -all",), (
        "strings of one record are joined without blanks"
    )
    assert "192.0.2.9" in found["smtp.firm.example"].said and "imap.host.example" in found["imap.firm.example"].said


def test_a_domain_without_anything(settings: Settings) -> None:
    found = looked(settings, {**OUR_HOSTS, ("firm.example", "A"): ["192.0.2.1"]})
    assert [(r.kind, r.ok, r.fault) for r in found.values()] == [
        ("mx", False, "missing"),
        ("spf", False, "missing"),
        ("dkim", None, "missing"),
    ] + [("host", None, "missing")] * 3


def test_selectors_that_somebody_names(settings: Settings) -> None:
    table = {
        **WELL,
        ("old._domainkey.firm.example", "TXT"): ['"v=DKIM1; p="'],
        ("odd._domainkey.firm.example", "TXT"): ['"hello"'],
    }
    found = looked(settings, table, "s1", "old", "odd", "none")
    assert [found[f"{s}._domainkey.firm.example"].fault for s in ("s1", "old", "odd", "none")] == [
        None,
        "revoked",
        "protocol",
        "missing",
    ]


def test_exchanges_of_the_customers_own_name_that_are_ours_by_address(settings: Settings) -> None:
    table: Table = {**WELL, ("firm.example", "MX"): ["10 mx.firm.example."], ("mx.firm.example", "A"): ["198.51.100.7"]}
    assert looked(settings, table)["mx"].ok
    table["mx.firm.example", "A"] = ["192.0.2.1"]
    assert looked(settings, table)["mx"].fault == "elsewhere"
    table["firm.example", "MX"] = ["0 ."]
    assert looked(settings, table)["mx"].fault == "refuses_mail"


def test_name_servers_that_fail_or_are_silent_are_no_proof_of_absence(settings: Settings) -> None:
    broken = looked(
        settings,
        {**OUR_HOSTS, ("firm.example", BROKEN): [], ("s1._domainkey.firm.example", SILENT): []},
        "s1",
        limit=0.4,
    )
    assert [r.fault for r in broken.values()][:3] == ["no_servers", "no_servers", "timeout"]
    assert all("do not answer" in r.said or "fail" in r.said for r in list(broken.values())[:3])


OURS = Ours(frozenset({"host.example"}), frozenset({"198.51.100.7", "2001:db8::7"}), "imap.host.example")


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        (["v=spf1 ip4:198.51.100.0/24 -all"], None),
        (["V=SPF1 +IP6:2001:db8::/32 ~all"], None),
        (["v=spf1 a:smtp.host.example/28 ?all"], None),
        (["v=spf1 redirect=_spf.host.example"], None),
        (["v=spf1 include:nested.example -all"], None),
        (["v=spf1 include:loop.example -all"], "too_many"),
        (["v=spf1 include:down.example -all"], "timeout"),
        (["v=spf1 include:%{d}.example ip4:nonsense -all"], "elsewhere"),
        (["v=spf1 mx -all"], "elsewhere"),
        (["v=spf1 -all"], "elsewhere"),
        (["v=spf1 include:nothost.example -all"], "elsewhere"),
        (["v=spf1 include:host.example +all"], "open"),
        (["v=spf1 all"], "open"),
        (["v=spf1 -all", "v=spf1 include:host.example"], "several"),
        (["v=spf10 x", "spf1"], "missing"),
        ([], "missing"),
    ],
)
def test_whether_spf_names_us(records: list[str], fault: str | None) -> None:
    held = {
        "nested.example": Answer(("other", "v=spf1 include:host.example ~all")),
        "loop.example": Answer(("v=spf1 include:loop.example",)),
        "down.example": Answer(fault="timeout"),
    }
    result = judge_spf(
        "firm.example", Answer(tuple(records)), lambda name: held.get(name, Answer(fault="missing")), OURS
    )
    assert (result.ok, result.fault) == (fault is None, fault), result.said


def test_mx_in_spf_counts_where_the_exchanges_are_ours() -> None:
    assert judge_spf("firm.example", Answer(("v=spf1 mx -all",)), lambda _: Answer(), OURS, exchanges=True).ok


def test_what_the_dns_holds_is_shown_without_control_characters() -> None:
    result = judge_mx("firm.example", Answer(("10 \x1b[31mevil.example",)), [], OURS)
    assert "\x1b" not in result.said + "".join(result.records)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "localhost",
        "anna@firm.example",
        "https://firm.example",
        "firm example.org",
        "x" * 64 + ".example",
        "firm.example:25",
        "-\n.example",
        "\x00.example",
    ],
)
def test_what_is_no_domain(text: str) -> None:
    with pytest.raises(InputError, match=r"firm\.example"):
        domain_of(text)


def test_domains_are_written_as_the_dns_writes_them() -> None:
    assert [domain_of(t) for t in ("Firm.Example.", " firm.example ", "bücher.example", "xn--bcher-kva.example")] == [
        "firm.example",
        "firm.example",
    ] + ["xn--bcher-kva.example"] * 2


@pytest.mark.parametrize("text", ["", "a b", "a..b", "é", "x" * 64, "a;b"])
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(InputError, match="selector"):
        selector_of(text)
