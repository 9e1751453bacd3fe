"""Settings that cannot work, told by the host's own settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.lint import lint, right_settings
from bot.core.model import Endpoint, Facts
from knowledge import load

KNOWLEDGE = load()
IMAP, SMTP = KNOWLEDGE.settings.imap_host, KNOWLEDGE.settings.smtp_host
FACTS = Facts(mailbox="anna@firm.example", domain="firm.example")


def findings(*endpoints: Endpoint, facts: Facts = FACTS) -> list[str]:
    return [f.id for f in lint(replace(facts, endpoints=endpoints), KNOWLEDGE)]


def at(
    host: str | None = IMAP, port: int | None = None, tls: str | None = None, protocol: str | None = None, **more: str
) -> Endpoint:
    return Endpoint(host, port, tls, protocol, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "endpoints",
    [
        [at(IMAP, 993, "implicit", "imap")],
        [at(SMTP, 465, "implicit", "smtp")],
        [at(SMTP, 587, "starttls", "smtp")],
        [at(IMAP, 993, "implicit", "imap"), at(SMTP, 587, "starttls", "smtp")],
        [at(IMAP)],
        [at(None, 993, None, "imap")],
        [],
        [at(IMAP, 993)],
        [at("webmail.other.example", None, role="other")],
        [at(SMTP, 25, None, "smtp", role="other")],
    ],
)
def test_right_settings_have_no_fault(endpoints: list[Endpoint]) -> None:
    assert findings(*endpoints) == []


def test_host_and_port_are_right_each_for_itself() -> None:
    def right(*endpoints: Endpoint) -> tuple[set[str], set[str]]:
        return right_settings(replace(FACTS, endpoints=endpoints), KNOWLEDGE)

    assert right(at(SMTP, 465, "starttls", "smtp")) == ({"smtp"}, set())
    assert right(at("mail.firm.example", 993, "implicit", "imap")) == (set(), {"imap"})
    assert right(at(IMAP, 993, None, "imap"), at(SMTP, 25, None, "smtp", role="other")) == ({"imap"}, {"imap"})
    assert right(at(IMAP, typed=f"[ {IMAP}]")) == (set(), set())


@pytest.mark.parametrize(
    ("endpoint", "finding"),
    [
        (at("webmail.trekmail.net", 993, None, "imap"), "host-webmail"),
        (at(IMAP, 143, "starttls", "imap"), "unsupported-port"),
        (at(SMTP, 25, None, "smtp"), "unsupported-port"),
        (at(SMTP, 2525, None, "smtp"), "unsupported-port"),
        (at(IMAP, 933, "implicit", "imap"), "unknown-port"),
        (at(SMTP, 456, None, "smtp"), "unknown-port"),
        (at(IMAP, 993, "starttls", "imap"), "tls-mode"),
        (at(SMTP, 465, "starttls", "smtp"), "tls-mode"),
        (at(SMTP, 587, "implicit", "smtp"), "tls-mode"),
        (at(IMAP, 993, "none", "imap"), "no-encryption"),
        (at(SMTP, 587, "none", "smtp"), "no-encryption"),
        (at(None, None, "none", "smtp"), "no-encryption"),
        (at(IMAP, 465, "implicit", "imap"), "port-of-other-service"),
        (at(SMTP, 993, "implicit", "smtp"), "port-of-other-service"),
        (at(None, 995, "implicit", "pop3"), "pop3-port"),
        (at(None, 110, None, "pop3"), "pop3-port"),
        (at("mail.firm.example", 993, "implicit", "imap"), "host-customer-domain"),
        (at("firm.example"), "host-customer-domain"),
        (at("imap.trekmial.net", 993), "host-typo"),
        (at("smtp.trekmail.com", 465), "host-typo"),
        (at("imap.oldhost.example", 993, "implicit", "imap"), "host-foreign"),
        (at("203.0.113.9", 993), "host-address"),
        (at(SMTP, 993, "implicit", "imap"), "host-swapped"),
        (at(IMAP, 465, "implicit", "smtp"), "host-swapped"),
        (at(IMAP, 993, typed="https://" + IMAP), "host-malformed"),
        (at(IMAP, 993, typed=IMAP + " "), "host-malformed"),
    ],
)
def test_each_fault_is_named(endpoint: Endpoint, finding: str) -> None:
    assert finding in findings(endpoint)


def test_every_finding_carries_its_check_and_filled_text() -> None:
    found = lint(
        replace(
            FACTS,
            endpoints=(at(IMAP, 143, "starttls", "imap"), at("imap.trekmial.net", 993), at(SMTP, 993, None, "imap")),
        ),
        KNOWLEDGE,
    )
    assert found
    for finding in found:
        assert "{" not in finding.text and finding.check == KNOWLEDGE.finding_rules[finding.id].check
    assert any("143" in f.text for f in found) and any("imap.trekmial.net" in f.text for f in found)


def test_text_of_the_customer_is_never_a_template() -> None:
    found = lint(replace(FACTS, login="{port}{host}\\{0}"), KNOWLEDGE)
    assert [f.id for f in found] == ["login-windows-domain"] and "{port}{host}" in found[0].text


def test_a_wrong_second_try_explains_nothing() -> None:
    assert findings(at(IMAP, 993, "implicit", "imap"), at(IMAP, 143, "starttls", "imap")) == []
    assert "unsupported-port" in findings(at(SMTP, 465, "implicit", "smtp"), at(IMAP, 143, "starttls", "imap"))


def test_both_our_hosts_named_together_are_not_swapped() -> None:
    together = (at(IMAP, None, None, "imap"), at(SMTP, 993, None, "imap"))
    assert "host-swapped" not in findings(*together)
    assert "host-swapped" in findings(at(IMAP, 465, None, "smtp"), at(SMTP, 993, None, "imap"))


def test_the_servers_own_address_is_no_fault_of_the_host_name() -> None:
    assert findings(at(KNOWLEDGE.settings.server_addresses[0], 993)) == []


@pytest.mark.parametrize(
    ("login", "finding"),
    [("anna", "login-bare"), ("FIRM\\anna", "login-windows-domain"), ("anna@firm.example", None), (None, None)],
)
def test_the_user_name(login: str | None, finding: str | None) -> None:
    assert findings(facts=replace(FACTS, login=login)) == ([finding] if finding else [])


def test_a_host_whose_user_names_are_short_has_nothing_against_short_ones() -> None:
    knowledge = replace(KNOWLEDGE, settings=replace(KNOWLEDGE.settings, username="local-part"))
    assert lint(replace(FACTS, login="anna"), knowledge) == ()


def test_the_same_fault_is_told_once() -> None:
    assert findings(at(IMAP, 143, "starttls", "imap"), at(IMAP, 143, "starttls", "imap")) == ["unsupported-port"]


def test_another_hosts_settings_decide_differently() -> None:
    ports = tuple(replace(p, supported=True) if p.port == 143 else p for p in KNOWLEDGE.settings.ports)
    knowledge = replace(
        KNOWLEDGE,
        settings=replace(
            KNOWLEDGE.settings, ports=ports, imap_host="mail.host.example", customer_hosts=("mx.firm.example",)
        ),
    )
    assert lint(replace(FACTS, endpoints=(at("mail.host.example", 143, "starttls", "imap"),)), knowledge) == ()
    assert lint(replace(FACTS, endpoints=(at("mx.firm.example", 993, "implicit", "imap"),)), knowledge) == ()
    assert [f.check for f in lint(replace(FACTS, endpoints=(at(IMAP, 993, "implicit", "imap"),)), knowledge)] == [
        "hostnames"
    ]
