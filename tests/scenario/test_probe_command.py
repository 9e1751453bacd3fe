"""``triage probe`` as a command, and the worker's look by the clock from the first fault to the word that all is
well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from bot.adapters.store.desk import DeskStore
from bot.bootstrap import SystemClock
from bot.bootstrap_desk import probe_servers
from bot.chores import Chore, workers_of
from bot.cli import main
from bot.core.probe import ProbeResult
from bot.probing import ProbeWatch
from bot.settings import read_settings
from knowledge import Knowledge
from knowledge.host import Port, Settings
from tests.databases import new_database
from tests.standins.mailserver import Peer, context, running
from tests.standins.nameserver import name_server
from tests.unit.test_schemas import faults

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


def host(knowledge: Knowledge, *peers: tuple[Peer, str]) -> Settings:
    ports = tuple(
        Port(port=peer.port, protocol=protocol, tls="implicit" if peer.implicit else "starttls", supported=True)
        for peer, protocol in peers
    )
    return replace(
        knowledge.settings,
        imap_host="localhost",
        smtp_host="localhost",
        own_domains=("host.example",),
        ports=ports,
        dkim_selectors=("s1",),
    )


def command(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    knowledge: Knowledge,
    settings: Settings,
    *arguments: str,
) -> tuple[int, str, str]:
    monkeypatch.setattr("bot.commands.probe.knowledge_of", lambda _: replace(knowledge, settings=settings))
    with pytest.raises(SystemExit) as left:
        main(["probe", *arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_our_own_servers(
    knowledge: Knowledge,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    authority.cert_pem.write_to_path("ca.pem")
    tls = context(authority)
    with running(Peer(tls, True)) as imap, running(Peer(tls, False, b"220 mx ESMTP\r\n")) as submission:
        settings = host(knowledge, (imap, "imap"), (submission, "smtp"))
        status, out, err = command(capsys, monkeypatch, knowledge, settings, "--ca", "ca.pem", "--json")
        results = [json.loads(line) for line in out.splitlines()]
        assert (status, err) == (0, "") and [r["ok"] for r in results] == [True, True]
        assert [faults("probe.json", r) for r in results] == [[], []]
        assert (
            results[1]["starttls"] is True and results[1]["banner"] == "220 mx ESMTP" and results[0]["days_left"] == 59
        )
        status, out, err = command(capsys, monkeypatch, knowledge, settings, "--ca", "ca.pem")
        assert status == 0 and out.splitlines()[0].startswith(f"ok\tserver\tlocalhost:{imap.port}\t")
        status, out, err = command(capsys, monkeypatch, knowledge, settings)
        assert status == 1 and out.count("BAD") == 2 and out.count("not trusted") == 2


def test_a_customers_domain(
    knowledge: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = {
        ("firm.example", "MX"): ["10 mx.host.example."],
        ("firm.example", "TXT"): ['"v=spf1 include:host.example -all"'],
        ("s1._domainkey.firm.example", "TXT"): ['"v=DKIM1; p=MIIB"'],
    }
    settings = host(knowledge)
    with name_server(table) as port:
        status, out, err = command(
            capsys, monkeypatch, knowledge, settings, "firm.example", "--dns", f"127.0.0.1:{port}", "--json"
        )
        results = [json.loads(line) for line in out.splitlines()]
        assert (status, err) == (0, ""), out
        assert [(r["kind"], r["ok"]) for r in results] == [("mx", True), ("spf", True), ("dkim", True)] + [
            ("host", None)
        ] * 3
        assert [faults("probe.json", r) for r in results] == [[]] * 6
        status, out, _ = command(
            capsys,
            monkeypatch,
            knowledge,
            settings,
            "firm.example",
            "--dns",
            f"127.0.0.1:{port}",
            "--selector",
            "s1",
            "--selector",
            "s2",
        )
        assert status == 1 and out.splitlines()[3].startswith("BAD\tdkim\ts2._domainkey.firm.example\t")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["anna@firm.example"], "no domain"),
        (["firm.example", "--selector", "a b"], "--selector"),
        (["firm.example", "--dns", "x"], "--dns"),
        (["firm.example", "--dns", "127.0.0.1:0"], "--dns"),
        (["--selector", "s1"], "--selector"),
        (["--ca", "missing.pem"], "missing.pem"),
        (["firm.example", "--ca", "x"], "--ca"),
    ],
)
def test_bad_usage_is_one_line(
    arguments: list[str],
    word: str,
    knowledge: Knowledge,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = command(capsys, monkeypatch, knowledge, host(knowledge), *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1) and word in err


@pytest.mark.parametrize("text", ["0", "x", "-5", "2000"])
def test_minutes_that_make_no_sense(text: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="PROBE_MINUTES"):
        read_settings({"PROBE_MINUTES": text}, tmp_path / "none")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskStore]:
    store = DeskStore(new_database(f"sqlite:///{tmp_path}/desk.db"), SystemClock())
    yield store
    store.database.engine.dispose()


def told(desk: DeskStore) -> list[str]:
    out = []
    while True:
        with desk.step("test.claim") as step:
            delivery = step.queues.claim_delivery("slack", timedelta(minutes=1), timedelta(0), paused=False)
            if delivery is None:
                return out
            step.queues.sent(delivery, "1")
            out.append(str(delivery.send.payload["text"]))


def test_the_worker_tells_once_and_once_that_it_is_well(
    knowledge: Knowledge, authority: trustme.CA, desk: DeskStore, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    moment = NOW
    with running(Peer(context(authority), True)) as peer:
        settings = host(knowledge, (peer, "imap"))

        def probe() -> list[ProbeResult]:
            return probe_servers(settings, ca)

        watch = ProbeWatch(desk, probe)
        assert watch.look(moment) == []
        with desk.step("test.set") as step:
            assert json.loads(step.people.setting(f"probe:localhost:{peer.port}"))["ok"] is True
        peer.greeting = b"* BYE overloaded\r\n"
        watch.look(moment)
        assert watch.look(moment) == [], "nobody is set to be told"
        with desk.step("test.set") as step:
            step.people.set("escalate-to", "slack/C1")
        for _ in range(3):
            watch.look(moment := moment + timedelta(minutes=5))
        (text,) = told(desk)
        assert (
            f"localhost:{peer.port}" in text and "BYE overloaded" not in text and "since 2026-11-23T09:00:00Z" in text
        )
        peer.greeting = b"* OK ready\r\n"
        for _ in range(2):
            watch.look(moment := moment + timedelta(minutes=5))
        (text,) = told(desk)
        assert "well again" in text
        peer.context = context(authority, ends=timedelta(days=5, hours=1))
        for _ in range(2):
            watch.look(moment := moment + timedelta(minutes=5))
        (text,) = told(desk)
        assert "ends soon (5 days left)" in text


def test_what_is_told_twice_after_a_crash_is_one_message(desk: DeskStore) -> None:
    bad = ProbeResult("imap.example.net:993", "server", False, "its certificate has expired", 0.1, "expired")
    with desk.step("test.set") as step:
        step.people.set("escalate-to", "slack/C1")
    watch = ProbeWatch(desk, lambda: [bad])
    watch.look(NOW)
    with desk.step("test.forget") as step:
        step.people.set("probe:imap.example.net:993", "")
    watch.look(NOW)
    assert len(told(desk)) == 1
    ProbeWatch(desk, list).look(NOW)
    with desk.look() as view:
        assert view.people.setting("probe:imap.example.net:993") == "", "what is probed no more is forgotten"


def test_the_look_is_a_chore_of_the_worker(desk: DeskStore) -> None:
    looks: list[datetime] = []
    jobs = workers_of(desk, [Chore("probe", timedelta(minutes=5), looks.append)])
    with desk.step("test.claim") as step:
        job = step.queues.claim_job(timedelta(minutes=1))
    assert job is not None and job.kind == "probe"
    jobs["probe"](job)
    assert len(looks) == 1
