"""LOG_STORE_URL from the console: what each kind can do, refuses, and says when it is wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.logstore.clickhouse import ClickHouseLogStore
from bot.adapters.logstore.loki import LokiLogStore
from bot.adapters.logstore.opensearch import OpenSearchLogStore
from bot.adapters.logstore.postgres import PostgresLogStore
from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.bootstrap import log_store_of, own_log_store_of
from bot.cli import main
from bot.errors import SettingsError
from bot.settings import read_settings

READ_ONLY = (
    "loki+https://loki.example",
    "opensearch+https://search.example/mail",
    "elasticsearch+http://127.0.0.1/mail",
)


@dataclass
class Done:
    """What a run left behind."""

    returncode: int
    stdout: str
    stderr: str


Triage = Callable[..., Done]


@pytest.fixture
def triage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Triage:
    """The command inside this process, in an empty folder, with a log store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/triage.db")

    def command(*words: str, url: str) -> Done:
        monkeypatch.setenv("LOG_STORE_URL", url)
        status = 0
        try:
            main(list(words))
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        return Done(status, *capsys.readouterr())

    return command


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("sqlite:///logs.db", SqliteLogStore),
        ("postgresql://user:s3cret@db.example/logs", PostgresLogStore),
        ("clickhouse://ch.example/logs", ClickHouseLogStore),
        ("clickhouse+https://user:s3cret@ch.example/logs?days=30", ClickHouseLogStore),
        ("loki+https://loki.example", LokiLogStore),
        ("opensearch+https://search.example/mail", OpenSearchLogStore),
        ("elasticsearch+http://127.0.0.1/mail", OpenSearchLogStore),
    ],
)
def test_each_scheme_has_its_store(url: str, kind: type) -> None:
    store = log_store_of(read_settings({"LOG_STORE_URL": url}, Path("no such file")))
    assert isinstance(store, kind) and "s3cret" not in store.name


@pytest.mark.parametrize(
    "url",
    [
        "carrier-pigeon",
        "postgres://h/db",
        "mysql://h/db",
        "http://h",
        "loki://h",
        "clickhouse:h",
        "sqlite://",
        "sqlite:///",
        "clickhouse://",
        "clickhouse://h/a/b",
        "clickhouse://h/a;b",
        "clickhouse://h/a?days=0",
        "clickhouse://h/a?days=many",
        "clickhouse://h/a?ttl=3",
        "opensearch+https://h",
    ],
)
def test_what_makes_no_sense_names_the_variable(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^LOG_STORE_URL: "):
        log_store_of(read_settings({"LOG_STORE_URL": url}, Path("no such file")))


@pytest.mark.parametrize("url", READ_ONLY)
def test_a_store_that_the_host_fills_takes_nothing_in(url: str) -> None:
    with pytest.raises(SettingsError, match="only searched, its host fills it"):
        own_log_store_of(read_settings({"LOG_STORE_URL": url}, Path("no such file")))


def test_ingest_and_prune_refuse_in_one_line(triage: Triage, tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text("x\n")
    for words in (("logs", "ingest", "mail.log"), ("logs", "prune", "--days", "3")):
        done = triage(*words, url=READ_ONLY[0])
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("triage: LOG_STORE_URL: loki: is only searched")


@pytest.mark.parametrize(
    "scheme",
    [
        "postgresql://user:s3cret@{}/logs",
        "clickhouse://user:s3cret@{}/logs",
        "loki+http://user:s3cret@{}",
        "opensearch+http://user:s3cret@{}/mail",
    ],
)
def test_a_store_that_is_down_is_one_line_and_no_password(triage: Triage, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = scheme.format(f"127.0.0.1:{server.getsockname()[1]}")
    done = triage("logs", "search", "--mailbox", "anna@example.com", url=url)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be" in done.stderr and "s3cret" not in done.stderr + done.stdout
    doctor = triage("doctor", url=url)
    assert doctor.returncode == 1 and "BAD  log store: " in doctor.stdout and "s3cret" not in doctor.stdout


def test_the_doctor_tells_of_the_log_store(triage: Triage, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/logs.db"
    assert "ok   log store: " in triage("doctor", url=url).stdout
    line = "2026-11-16T12:00:00Z imap1 dovecot: imap-login: Login: user=<anna@example.com>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, mpid=7, TLS, session=<s1>"
    (tmp_path / "mail.log").write_text(line + "\n")
    assert triage("logs", "ingest", "mail.log", url=url).returncode == 0
    assert "1 hosts, the newest line of 2026-11-16T12:00:00Z" in triage("doctor", url=url).stdout
