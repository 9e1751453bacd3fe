"""Hosts, ports and TLS modes as the customer has them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Endpoint, Ticket
from bot.core.parse.endpoints import find_endpoints
from bot.core.parse.hosts import near_own_host, protocol_of_host
from bot.core.parse.reading import read
from knowledge import load

KNOWLEDGE = load()
IMAP, SMTP = KNOWLEDGE.settings.imap_host, KNOWLEDGE.settings.smtp_host


def endpoints(body: str, *errors: str) -> tuple[Endpoint, ...]:
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    spans = [(at, at + len(e)) for e in errors if (at := reading.text.find(e)) >= 0]
    assert len(spans) == len(errors)
    return find_endpoints(reading, KNOWLEDGE.settings, spans)


def settings_in(body: str) -> set[tuple[str | None, int | None, str | None, str | None]]:
    return {(e.host, e.port, e.tls, e.protocol) for e in endpoints(body) if e.role == "setting"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"IMAP: {IMAP}:993 SSL/TLS", (IMAP, 993, "implicit", "imap")),
        (f"Incoming server {IMAP}, port 993, SSL", (IMAP, 993, "implicit", "imap")),
        (f"Outgoing: {SMTP} port 587 STARTTLS", (SMTP, 587, "starttls", "smtp")),
        (f"Posteingangsserver: {IMAP}, Port 143, STARTTLS", (IMAP, 143, "starttls", "imap")),
        (f"Serveur sortant : {SMTP} port 465 SSL/TLS", (SMTP, 465, "implicit", "smtp")),
        (f"Servidor entrante: {IMAP} puerto 993 SSL", (IMAP, 993, "implicit", "imap")),
        (f"server in uscita {SMTP} porta 25", (SMTP, 25, None, "smtp")),
        (f"uitgaande server {SMTP} poort 465 SSL", (SMTP, 465, "implicit", "smtp")),
        (f"Serwer poczty wychodzącej: {SMTP}, port 465, SSL/TLS", (SMTP, 465, "implicit", "smtp")),
        (f"Сервер исходящей почты: {SMTP}, порт 465, SSL/TLS", (SMTP, 465, "implicit", "smtp")),
        (f"受信サーバー {IMAP} ポート番号 993 SSL/TLS", (IMAP, 993, "implicit", "imap")),
        (f"发送服务器 {SMTP} 端口 465 SSL", (SMTP, 465, "implicit", "smtp")),
        ("Server: mail.firm.example, port 993 SSL, IMAP", ("mail.firm.example", 993, "implicit", "imap")),
        ("incoming server is imap.trekmial.net port 993", ("imap.trekmial.net", 993, None, "imap")),
        (f"port 2525 on {SMTP}", (SMTP, 2525, None, "smtp")),
        (f"{SMTP}:587 with SSL/TLS", (SMTP, 587, "implicit", "smtp")),
        (f"{SMTP}:587 with SSL", (SMTP, 587, "implicit", "smtp")),
        (f"{SMTP} port 587 TLS", (SMTP, 587, "starttls", "smtp")),
        (f"{IMAP} port 993 TLS", (IMAP, 993, "implicit", "imap")),
    ],
)
def test_one_line_one_setting(body: str, expected: tuple[object, ...]) -> None:
    assert expected in settings_in(body)


def test_two_services_in_one_line_keep_their_own_ports() -> None:
    found = settings_in(f"{IMAP} 993 SSL/TLS, {SMTP} 587 STARTTLS")
    assert (IMAP, 993, "implicit", "imap") in found and (SMTP, 587, "starttls", "smtp") in found


def test_a_form_over_several_lines() -> None:
    found = settings_in(
        f"Incoming server: {IMAP}\nPort: 143\nSecurity: STARTTLS\n\nOutgoing server: {SMTP}\nPort: 465\nSecurity: SSL/TLS"
    )
    assert {(h, p) for h, p, _, _ in found} >= {(IMAP, 143), (SMTP, 465)}


def test_pasted_configuration() -> None:
    found = settings_in("SMTP_HOST=mail.firm.example\nSMTP_PORT=587\n")
    assert ("mail.firm.example", 587, None, "smtp") in found


@pytest.mark.parametrize(
    "body",
    [
        "We got 25 mails and 110 messages yesterday, and 993 customers wait.",
        "Call me at +49 30 587 465 or 25 minutes later.",
        "The attachment has 25 MB.",
        "My invoice 465 of 2026 was 993 euros.",
        "I bought it on 25.11.2026 at 9:43",
        "Thunderbird 115.25.0 on Windows 10.0.19045",
        "since 09:25 today",
    ],
)
def test_numbers_that_are_no_ports(body: str) -> None:
    assert {e.port for e in endpoints(body)} <= {None}


@pytest.mark.parametrize(
    "body",
    [
        "see https://www.firm.example/help/index.html",
        "I read firm.example and wrote to anna@mail.firm.example",
        "the file config.php and main.py in setup.exe",
        "https://webmail.trekmail.net works",
        "The server is fine, I read my mail at webmail.trekmail.net, only Outlook fails",
        "Der Server geht, webmail.trekmail.net auch",
        "Error in app.log e.g. at line 3.Then it stopped",
    ],
)
def test_names_that_are_no_settings(body: str) -> None:
    assert [e.host for e in endpoints(body) if e.host] == []


@pytest.mark.parametrize(
    "body",
    [
        f"telnet {IMAP} 143 gives no answer",
        f"openssl s_client -connect {IMAP}:143",
        "Our firewall has ports 25, 143, 993 open",
        "We used to use mail.oldhost.example port 143 before we moved",
    ],
)
def test_probes_firewalls_and_former_providers_are_no_settings(body: str) -> None:
    found = endpoints(body)
    assert found and all(e.role == "other" for e in found)


def test_an_address_that_a_program_resolved_is_no_setting() -> None:
    error = "connect to 203.0.113.5:993 timed out"
    assert all(e.role == "other" for e in endpoints(f"It says: {error}", error) if e.host == "203.0.113.5")


@pytest.mark.parametrize(
    "body",
    [
        "I put webmail.trekmail.net as incoming server",
        "Incoming server: webmail.trekmail.net",
        "pus como servidor de entrada o endereço do navegador: webmail.trekmail.net",
    ],
)
def test_the_webmails_name_in_the_field_of_a_server_is_a_setting(body: str) -> None:
    assert "webmail.trekmail.net" in {e.host for e in endpoints(body)}


@pytest.mark.parametrize(
    ("body", "host"),
    [
        ("Serveur entrant saisi : https://webmail.trekmail.net", "webmail.trekmail.net"),
        ("What goes in the box 'mail server'? I put https://webmail.trekmail.net in both", "webmail.trekmail.net"),
        ("j'ai entré www.trekmail.net comme serveur de réception", "www.trekmail.net"),
        ("pus como servidor de entrada o endereço do vosso site, trekmail.net", "trekmail.net"),
        (f'set smtp_url = "smtps://anna@{SMTP}:465"', SMTP),
        (f"MAILER_DSN=smtps://site%40firm.example:[masked password]@{SMTP}:465", SMTP),
    ],
)
def test_a_page_of_ours_and_a_url_with_a_login_in_the_field_of_a_server(body: str, host: str) -> None:
    assert host in {e.host for e in endpoints(body)}


@pytest.mark.parametrize(
    "body", ["I pay on https://www.trekmail.net every month", "webmail on https://webmail.trekmail.net works"]
)
def test_a_page_of_ours_that_is_read_is_no_server(body: str) -> None:
    assert not endpoints(body)


def test_a_url_in_a_configuration_is_as_it_should_be() -> None:
    assert all(e.typed is None for e in endpoints("MAILER_DSN=smtps://smtp.trekmail.net:465"))


def test_a_typo_is_kept_as_typed() -> None:
    assert "imap.trekmai.net" in {e.host for e in endpoints("Server imap.trekmai.net port 993")}


@pytest.mark.parametrize(
    ("body", "typed"),
    [
        ("server: https://imap.trekmail.net port 993", "https://imap.trekmail.net"),
        ('server is "imap.trekmail.net " port 993', "imap.trekmail.net "),
        ("I put imaps://imap.trekmail.net:993/ as incoming server", "imaps://imap.trekmail.net"),
        ("dans le champ serveur j'ai mis imaps://imap.trekmail.net:993", "imaps://imap.trekmail.net"),
        (r"Error: getaddrinfo ENOTFOUND smtp.trekmail.net\r, port 465", r"smtp.trekmail.net\r"),
    ],
)
def test_a_field_that_holds_more_than_the_host_is_kept(body: str, typed: str) -> None:
    assert typed in {e.typed for e in endpoints(body)}


@pytest.mark.parametrize(
    ("host", "near"),
    [
        (IMAP, IMAP),
        (SMTP, SMTP),
        ("imap.trekmial.net", IMAP),
        ("smtp.trekmail.com", SMTP),
        ("mail.trekmail.net", IMAP),
        ("imap.trekmail.example", IMAP),
        ("imap.firm.example", None),
        ("imap.gmail.com", None),
        ("smtp.firm.example", None),
        ("imap.fastmail.example", None),
        ("mail.example.net", None),
        ("imap.net", None),
    ],
)
def test_slips_of_our_hosts(host: str, near: str | None) -> None:
    found = near_own_host(host, KNOWLEDGE.settings)
    assert (found is None) is (near is None), found


@pytest.mark.parametrize(
    ("host", "protocol"),
    [
        ("imap.firm.example", "imap"),
        ("imaps.x.example", "imap"),
        ("smtp2.x.example", "smtp"),
        ("pop.x.example", "pop3"),
        ("pop3.x.example", "pop3"),
        ("mail.x.example", None),
        ("popular.x.example", None),
    ],
)
def test_what_a_hosts_name_says(host: str, protocol: str | None) -> None:
    assert protocol_of_host(host) == protocol


def test_spans_point_at_the_setting() -> None:
    body = f"🙂 é {IMAP} port 993"
    found = endpoints(body)[0]
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    assert reading.text[slice(*found.span)].startswith(IMAP)


@given(st.text(alphabet="imaps.trekl net:0993587/,;\n-tSLT", max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_sound_endpoints(body: str) -> None:
    for endpoint in endpoints(body):
        assert endpoint.host or endpoint.port is not None or endpoint.tls
        assert endpoint.port is None or 0 <= endpoint.port <= 65535
        assert endpoint.tls in (None, "implicit", "starttls", "none") and endpoint.protocol in (
            None,
            "imap",
            "smtp",
            "pop3",
        )


@pytest.mark.parametrize(
    ("body", "ports"),
    [
        ("Neither 993 nor 465 answers.", {993, 465}),
        ("и на 993, и на 465 тишина", {993, 465}),
        ("受信はIMAP、993です。", {993}),
        ("993も465もだめです。", {993, 465}),
        ("это на 993.\n\nНа 587 то же самое", {993, 587}),
        (f"connect ETIMEDOUT {SMTP}:587\n\n465 the same, 25 the same.", {587, 465, 25}),
        ("Port 993 times out.\nWe sent 587 mails.", {993}),
        ("I have 587 no encryption.", {587}),
        ("We sent 587 mails.", set()),
        ("587件を送信しました。", set()),
    ],
)
def test_mail_ports_need_no_word_for_port(body: str, ports: set[int]) -> None:
    assert {e.port for e in endpoints(body)} == ports


def test_a_window_that_pops_up_is_no_pop3() -> None:
    assert {e.protocol for e in endpoints("Mail pops up: cannot verify the server mail.firm.example")} == {None}
