"""Looks at servers of our own making, over real connections and real certificates."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from bot.adapters.probe.servers import Servers
from bot.core.probe import ProbeResult, Server, judge
from bot.errors import InputError
from tests.standins.mailserver import Peer, context, running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def looked(peer: Peer, protocol: str, ca: Path | None, limit: float = 5.0) -> ProbeResult:
    with running(peer):
        server = Server("localhost", peer.port, protocol, peer.implicit)
        return judge(Servers(ca, limit).look([server])[0], datetime.now(UTC))


SMTP = b"220-mail.example.net\r\n220 ESMTP\r\n"


@pytest.mark.parametrize(
    ("protocol", "implicit", "greeting", "told"),
    [
        ("imap", True, b"* OK ready\r\n", ["CAPABILITY", "LOGOUT"]),
        ("smtp", True, SMTP, ["EHLO", "QUIT"]),
        ("smtp", False, SMTP, ["EHLO", "STARTTLS", "EHLO", "QUIT"]),
        ("pop3", True, b"+OK hello\r\n", ["CAPA", "QUIT"]),
        ("pop3", False, b"+OK hello\r\n", ["CAPA", "STLS", "CAPA", "QUIT"]),
    ],
)
def test_a_server_that_is_well(
    authority: trustme.CA, ca: Path, protocol: str, implicit: bool, greeting: bytes, told: list[str]
) -> None:
    peer = Peer(context(authority), implicit, greeting)
    result = looked(peer, protocol, ca)
    assert result.ok, result
    assert (
        result.days_left == 59
        and result.tls == "TLSv1.3"
        and result.address in ("127.0.0.1", "::1")
        and 0 < result.seconds < 5
    )
    assert result.banner == greeting.decode().splitlines()[0] and result.starttls is (None if implicit else True)
    until = time.monotonic() + 2
    while len(peer.told) < len(told) and time.monotonic() < until:
        time.sleep(0.01)
    assert peer.told == told, "nothing but this is ever said"


def test_imap_with_starttls(authority: trustme.CA, ca: Path) -> None:
    peer = Peer(context(authority), False)
    peer.answers["STARTTLS"] = b"%s OK begin\r\n"
    assert looked(peer, "imap", ca).ok
    peer.answers["STARTTLS"] = b"%s NO not today\r\n"
    assert looked(peer, "imap", ca).fault == "protocol"


@pytest.mark.parametrize(
    ("name", "ends", "fault"),
    [
        ("localhost", timedelta(days=3, hours=1), "soon"),
        ("localhost", timedelta(days=-2, hours=1), "expired"),
        ("imap.example.net", timedelta(days=60), "wrong_name"),
    ],
)
def test_what_is_wrong_with_a_certificate(
    authority: trustme.CA, ca: Path, name: str, ends: timedelta, fault: str
) -> None:
    result = looked(Peer(context(authority, name, ends=ends), True), "imap", ca)
    assert (result.ok, result.fault) == (False, fault)
    assert result.days_left == {"soon": 3, "expired": -2}.get(fault)


def test_an_authority_that_nobody_trusts(authority: trustme.CA) -> None:
    assert looked(Peer(context(authority), True), "imap", None).fault == "untrusted"


@pytest.mark.parametrize(
    ("greeting", "verb", "answer", "fault"),
    [
        (b"421 too busy\r\n", "EHLO", b"", "protocol"),
        (b"SSH-2.0-x\r\n", "EHLO", b"", "protocol"),
        (SMTP, "EHLO", b"250-mail\r\n250 SIZE 1\r\n", "starttls"),
        (SMTP, "EHLO", b"503 no\r\n", "protocol"),
        (SMTP, "STARTTLS", b"454 no TLS now\r\n", "protocol"),
        (SMTP, "STARTTLS", b"220 go\r\n250 injected\r\n", "protocol"),
        (b"220-x\r\n" * 300, "EHLO", b"", "protocol"),
        (b"x" * 70_000, "EHLO", b"", "protocol"),
    ],
)
def test_what_a_server_should_not_say(
    authority: trustme.CA, ca: Path, greeting: bytes, verb: str, answer: bytes, fault: str
) -> None:
    peer = Peer(context(authority), False, greeting)
    peer.answers[verb] = answer
    result = looked(peer, "smtp", ca)
    assert (result.ok, result.fault) == (False, fault), result
    assert not {"AUTH", "LOGIN", "MAIL"} & set(peer.told)


def test_plain_text_where_tls_belongs(authority: trustme.CA, ca: Path) -> None:
    with running(Peer(context(authority), False)) as peer:
        assert Servers(ca).look([Server("localhost", peer.port, "imap", True)])[0].fault == "tls"


def test_a_server_that_says_nothing_or_drips_is_left_in_time(authority: trustme.CA, ca: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as dripping:

        def drip() -> None:
            peer, _ = dripping.accept()
            with peer:
                try:
                    for _ in range(100):
                        peer.sendall(b"2")
                        time.sleep(0.05)
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        servers = [
            Server("localhost", one.getsockname()[1], "smtp", implicit)
            for one, implicit in ((silent, True), (silent, False), (dripping, False))
        ]
        start = time.monotonic()
        found = Servers(ca, 0.4).look(servers)
    assert [(s.fault, s.stage) for s in found] == [("timeout", "TLS"), ("timeout", "greeting"), ("timeout", "greeting")]
    assert time.monotonic() - start < 1.5


def test_a_port_that_nobody_listens_on_and_a_name_that_is_none(ca: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    refused, unknown = Servers(ca).look(
        [Server("localhost", port, "imap", True), Server("imap..example", 993, "imap", True)]
    )
    assert (refused.fault, unknown.fault) == ("refused", "unresolved")


def test_a_file_that_is_no_authority(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    for path in (tmp_path / "x.pem", tmp_path / "missing.pem"):
        with pytest.raises(InputError, match=path.name):
            Servers(path)
